import { type RandomStream, randomStream } from '../../shared/evaluation/random.ts';
import type { BaselineRows, Cells, ColumnSpec } from '../../shared/monitoring/baseline.ts';
import type { Day, Flights } from '../aa-study/flights.ts';
import { probabilities } from '../aa-study/population.ts';
import { drawFlights, retrain } from '../aa-study/retrain.ts';

/** Columns of `Flights.cells`. */
const COLUMN = { hour: 0, distance: 1, origin: 2, destination: 3 } as const;

export const DAY_MS = 86_400_000;

/** What is watched of a stream of flights. */
export const FEATURES: readonly ColumnSpec[] = [
  { name: 'distance', kind: 'number', ofTime: false },
  { name: 'destination', kind: 'category', ofTime: false },
  { name: 'origin', kind: 'category', ofTime: false },
];
export const PREDICTIONS: readonly ColumnSpec[] = [{ name: 'score', kind: 'number', ofTime: false }];

/** What should not be watched so: functions of the row's time, here as if nobody knew. */
export const OF_TIME: readonly ColumnSpec[] = [
  { name: 'hour', kind: 'number', ofTime: false },
  { name: 'weekday', kind: 'number', ofTime: false },
];

/** One day's rows, column by column. */
export interface Window {
  readonly rows: number;
  readonly atMs: number;
  readonly cells: Readonly<Record<string, Cells>>;
}

/** The rows a model would be asked for, day by day: all flights, or those of one airport. */
export interface Stream {
  readonly name: string;
  readonly features: readonly ColumnSpec[];
  readonly days: readonly Day[];
}

const columnAt = ({ cells }: Flights, cell: number, column: number): number =>
  cells.values[cell * cells.columns + column] ?? Number.NaN;

/** All flights, then the airports with at least `leastRows` departures on an average day, the largest first. */
export function streamsOf(flights: Flights, leastRows: number): readonly Stream[] {
  const rowsOf = new Map<number, number[]>();
  const days = flights.days.map(({ cells }) => {
    const rows = new Map<number, number[]>();
    for (const [row, cell] of cells.entries()) {
      const origin = columnAt(flights, cell, COLUMN.origin);
      const found = rows.get(origin);
      if (found) found.push(row);
      else rows.set(origin, [row]);
    }
    for (const [origin, found] of rows) rowsOf.set(origin, [...(rowsOf.get(origin) ?? []), found.length]);
    return rows;
  });
  const departures = (rows: readonly number[]): number => rows.reduce((sum, some) => sum + some, 0);
  const airports = [...rowsOf]
    .map(([origin, rows]) => ({ origin, rows: departures(rows) }))
    .filter(({ rows }) => rows / flights.days.length >= leastRows)
    .sort((a, b) => b.rows - a.rows);
  return [
    { name: 'all flights', features: FEATURES, days: flights.days },
    ...airports.map(({ origin }) => ({
      name: `airport ${origin}`,
      features: FEATURES.filter(({ name }) => name !== 'origin'),
      days: flights.days.map(({ date, cells, labels }, day) => {
        const rows = days[day]?.get(origin) ?? [];
        return {
          date,
          cells: Uint32Array.from(rows, (row) => cells[row] ?? 0),
          labels: Float64Array.from(rows, (row) => labels[row] ?? 0),
        };
      }),
    })),
  ];
}

/** The stream as if so many requests a day were captured, drawn with replacement. */
export function sampled({ name, features, days }: Stream, rows: number, { below }: RandomStream): Stream {
  return {
    name: `${name}, ${rows} rows a day`,
    features,
    days: days.map(({ date, cells, labels }) => {
      const drawn = Uint32Array.from({ length: rows }, () => below(cells.length));
      return {
        date,
        cells: Uint32Array.from(drawn, (row) => cells[row] ?? 0),
        labels: Float64Array.from(drawn, (row) => labels[row] ?? 0),
      };
    }),
  };
}

/** The scores of each cell by a model that learned from the days. */
export function scoresAfter(flights: Flights, days: readonly Day[], seed: number): Float64Array {
  return probabilities(retrain(flights, drawFlights(flights, days, randomStream(seed))));
}

const names = (flights: Flights, column: number): readonly string[] => {
  let most = 0;
  for (let cell = 0; cell < flights.cells.rows; cell += 1) most = Math.max(most, columnAt(flights, cell, column));
  // One name more than any flight has: a category that never came.
  return Array.from({ length: most + 2 }, (_, code) => String(code));
};

/** Makes a day's rows as a window of the stream. */
export function windowsOf(flights: Flights, scores: Float64Array): (day: Day) => Window {
  const [origins, destinations] = [names(flights, COLUMN.origin), names(flights, COLUMN.destination)];
  return ({ date, cells }) => ({
    rows: cells.length,
    atMs: Date.parse(date),
    cells: {
      hour: Float64Array.from(cells, (cell) => columnAt(flights, cell, COLUMN.hour)),
      weekday: new Float64Array(cells.length).fill(new Date(date).getUTCDay()),
      distance: Float64Array.from(cells, (cell) => columnAt(flights, cell, COLUMN.distance)),
      origin: { codes: Int32Array.from(cells, (cell) => columnAt(flights, cell, COLUMN.origin)), names: origins },
      destination: {
        codes: Int32Array.from(cells, (cell) => columnAt(flights, cell, COLUMN.destination)),
        names: destinations,
      },
      score: Float64Array.from(cells, (cell) => scores[cell] ?? Number.NaN),
    },
  });
}

/** Windows as the rows of a baseline. */
export const baselineRows = (windows: readonly Window[]): readonly BaselineRows[] =>
  windows.map(({ rows, atMs, cells }) => ({ rows, times: new Float64Array(rows).fill(atMs), cells }));

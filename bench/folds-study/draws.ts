import type { RandomStream } from '../../shared/evaluation/random.ts';
import type { Matrix } from '../../shared/xgboost/predict.ts';
import type { Flights } from '../aa-study/flights.ts';

/** Flights, each of them a row of its own: where their features are, and their delays in minutes. */
export interface Rows {
  readonly cells: Uint32Array;
  readonly delays: Float64Array;
}

/** Flights drawn with replacement out of the whole half year, so that no row tells anything of another. */
export function drawRows({ days }: Flights, rows: number, { below }: RandomStream): Rows {
  const starts: number[] = [];
  let total = 0;
  for (const day of days) {
    starts.push(total);
    total += day.cells.length;
  }
  const [cells, delays] = [new Uint32Array(rows), new Float64Array(rows)];
  for (let row = 0; row < rows; row += 1) {
    const place = below(total);
    const at = starts.findLastIndex((start) => start <= place);
    const [day, start] = [days[at], starts[at]];
    if (day === undefined || start === undefined) throw new RangeError(`no day has flight ${place}`);
    cells[row] = day.cells[place - start] ?? 0;
    delays[row] = day.labels[place - start] ?? 0;
  }
  return { cells, delays };
}

/** Some of the rows. */
export const rowsAt = ({ cells, delays }: Rows, at: Uint32Array): Rows => ({
  cells: Uint32Array.from(at, (row) => cells[row] ?? 0),
  delays: Float64Array.from(at, (row) => delays[row] ?? 0),
});

/** The features of the rows. */
export function featuresOf({ columns, values }: Matrix, { cells }: Rows): Matrix {
  const features = new Float32Array(cells.length * columns);
  cells.forEach((cell, row) => {
    features.set(values.subarray(cell * columns, (cell + 1) * columns), row * columns);
  });
  return { rows: cells.length, columns, values: features };
}

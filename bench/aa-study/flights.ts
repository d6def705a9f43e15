import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

import type { Matrix } from '../../shared/xgboost/predict.ts';

/** US DOT on-time records of early 2001, as the npm package vega-datasets carries them. */
const FLIGHTS = join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '../data/flights-3m.parquet');

/** The flights of one day. */
export interface Day {
  readonly date: string;
  /** Of each flight the row of its features in `Flights.cells`. */
  readonly cells: Uint32Array;
  /** 1: more than 15 minutes late; with {@link readDelays} the delay. */
  readonly labels: Float64Array;
}

/** Three million flights: what differs between them as a model sees it, and the days in order. */
export interface Flights {
  /** Each combination of hour, distance, origin and destination once; a model scores these and has scored all flights. */
  readonly cells: Matrix;
  readonly days: readonly Day[];
}

/** The column of `Flights.cells` that tells the hour of departure. */
export const HOUR = 0;
const COLUMNS = 4;

/** Reads the flights of 1 January to 30 June 2001; six of the night after are left out, for they make no day. */
export const readFlights = (): Promise<Flights> => labelledFlights('(delay > 15)::int');

/** Reads the same flights, each labelled by its delay in minutes. */
export const readDelays = (): Promise<Flights> => labelledFlights('delay');

const labelledFlights = (label: string): Promise<Flights> =>
  flightsFrom(`
    select strftime(date, '%Y-%m-%d') as day, hour(date) as hour, distance, origin, destination, ${label} as late
    from read_parquet('${FLIGHTS.replaceAll("'", "''")}') where date < '2001-07-01'`);

/**
 * Reads flights by day.
 *
 * @param select A query of `day`, `hour`, `distance`, `origin`, `destination` and `late`.
 */
export async function flightsFrom(select: string): Promise<Flights> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    const columnsOf = async (sql: string) => (await connection.runAndReadAll(sql)).getColumnsJS();
    await connection.run(`create table flights as ${select}`);
    await connection.run(`
      create table cells as
      select *, row_number() over (order by hour, distance, origin, destination) - 1 as cell,
        dense_rank() over (order by origin) - 1 as origin_code,
        dense_rank() over (order by destination) - 1 as destination_code
      from (select distinct hour, distance, origin, destination from flights)`);
    const features = await columnsOf(
      'select hour::int, distance::int, origin_code::int, destination_code::int from cells order by cell',
    );
    const rows = features[HOUR]?.length ?? 0;
    const values = new Float32Array(rows * COLUMNS);
    features.forEach((column, at) => {
      for (let row = 0; row < rows; row += 1) values[row * COLUMNS + at] = Number(column[row]);
    });
    const [dates = [], ends = []] = await columnsOf(
      'select day, (sum(count(*)) over (order by day))::int from flights group by day order by day',
    );
    const [cells = [], labels = []] = await columnsOf(`
      select cell::int, late from flights join cells using (hour, distance, origin, destination)
      order by day, cell, late`);
    return {
      cells: { rows, columns: COLUMNS, values },
      days: dates.map((date, at) => {
        const [start, end] = [at === 0 ? 0 : Number(ends[at - 1]), Number(ends[at])];
        return {
          date: String(date),
          cells: Uint32Array.from(cells.slice(start, end), Number),
          labels: Float64Array.from(labels.slice(start, end), Number),
        };
      }),
    };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

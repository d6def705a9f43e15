/** A seeded sample of the flights as traffic: records to ask for, and what came true of them. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { DuckDBInstance } from '@duckdb/node-api';
import { FLIGHTS } from '../flights.ts';

/** One flight, as a caller knows it before it leaves, and how late it was. */
export interface Flight {
  readonly record: {
    readonly date: string;
    readonly distance: number;
    readonly origin: string;
    readonly destination: string;
  };
  readonly late: boolean;
}

const query = async <T>(sql: string, read: (rows: readonly (readonly unknown[])[]) => T): Promise<T> => {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    return read((await connection.runAndReadAll(sql)).getRows());
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
};

/** One flight in `every`, beginning at `seed`, in the order of their times. */
const sample = (from: string, to: string, every: number, seed: number): string =>
  `select * exclude (n) from (
     select *, row_number() over (order by date, origin, destination, distance, delay) as n
     from read_parquet('${FLIGHTS}') where date >= '${from}' and date < '${to}')
   where n % ${every} = ${seed % every} order by date, origin, destination, distance, delay`;

/** The sampled flights of `from` to before `to` (dates) by their day. */
export const trafficBetween = (from: string, to: string, every: number, seed: number): Promise<Map<string, Flight[]>> =>
  query(
    `select strftime(date, '%Y-%m-%dT%H:%M:%S'), distance, origin, destination, delay from (${sample(from, to, every, seed)})`,
    (rows) => {
      const days = new Map<string, Flight[]>();
      for (const [date, distance, origin, destination, delay] of rows) {
        const day = String(date).slice(0, 10);
        const flights = days.get(day) ?? [];
        if (flights.length === 0) days.set(day, flights);
        flights.push({
          record: {
            date: String(date),
            distance: Number(distance),
            origin: String(origin),
            destination: String(destination),
          },
          late: Number(delay) > 15,
        });
      }
      return days;
    },
  );

/** Writes a sample of the flights of `from` to before `to` as a CSV that lands as a dataset. @returns Its file and rows. */
export const datasetBetween = async (
  folder: string,
  {
    from,
    to,
    every,
    seed,
  }: { readonly from: string; readonly to: string; readonly every: number; readonly seed: number },
): Promise<{ readonly file: string; readonly rows: number }> => {
  await mkdir(folder, { recursive: true });
  const file = join(folder, `flights-${from}-${to}.csv`);
  const rows = await query(`copy (${sample(from, to, every, seed)}) to '${file}' (format csv, header)`, ([row]) =>
    Number(row?.[0] ?? 0),
  );
  return { file, rows };
};

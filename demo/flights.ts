import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { DuckDBInstance } from '@duckdb/node-api';

/** US DOT on-time records of early 2001, as the npm package vega-datasets carries them. */
export const FLIGHTS = join(
  dirname(createRequire(import.meta.url).resolve('vega-datasets')),
  '../data/flights-3m.parquet',
);

/** A file to upload. */
export interface Slice {
  readonly file: string;
  readonly rows: number;
}

/** Writes the flights of `from` to before `to` (dates) as CSV or Parquet, in the order of their times. */
export const flightsBetween = async (folder: string, name: string, from: string, to: string): Promise<Slice> => {
  await mkdir(folder, { recursive: true });
  const file = join(folder, name);
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    const format = name.endsWith('.parquet') ? 'format parquet' : 'format csv, header';
    const result = await connection.run(
      `copy (select * from read_parquet('${FLIGHTS}') where date >= '${from}' and date < '${to}'
             order by date, origin, destination, distance, delay) to '${file}' (${format})`,
    );
    return { file, rows: Number((await result.getRows())[0]?.[0] ?? 0) };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
};

/** A copy of a CSV with three kinds of damage, each on a line of its own. */
export const damaged = async (source: string, file: string): Promise<string> => {
  const lines = (await readFile(source, 'utf8')).split('\n').slice(0, 400);
  const replace = (line: number, change: (text: string) => string) => {
    lines[line - 1] = change(lines[line - 1] ?? '');
  };
  replace(17, (text) => `${text},one field too many`);
  replace(42, (text) => text.replace(/^[^,]*,[^,]*/, (start) => `${start.split(',')[0]},a quarter of an hour`));
  replace(108, (text) => text.replace(/^[^,]*/, 'yesterday'));
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
};

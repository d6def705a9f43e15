/**
 * The benchmark's data: the flights of `vega-datasets` twice, with derived columns, 20 of mixed types: whole and real
 * numbers, text that needs quotes, missing cells, hexadecimal keys, timestamps, dates, truth values. The same each time:
 * what looks random is made of hashes of the row's number. Six million rows are about a gigabyte of CSV.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

import { type Engine, literal } from '../shared/data/engine.ts';
import { readDefinition } from '../shared/definition/read.ts';

const FLIGHTS = join(import.meta.dirname, '../node_modules/vega-datasets/data/flights-3m.parquet');

/** The files by format. */
export const FILES = {
  csv: 'flights.csv',
  'csv.gz': 'flights.csv.gz',
  jsonl: 'flights.jsonl',
  parquet: 'flights.parquet',
} as const;

export type FileKind = keyof typeof FILES;

/** The columns and their database types. */
export const COLUMNS: Readonly<Record<string, string>> = {
  id: 'BIGINT',
  date: 'TIMESTAMP',
  delay: 'BIGINT',
  distance: 'BIGINT',
  origin: 'VARCHAR',
  destination: 'VARCHAR',
  key: 'VARCHAR',
  route: 'VARCHAR',
  note: 'VARCHAR',
  late: 'BOOLEAN',
  day: 'DATE',
  hour: 'BIGINT',
  meters: 'BIGINT',
  speed: 'DOUBLE',
  wave: 'DOUBLE',
  small: 'DOUBLE',
  share: 'DOUBLE',
  fuel: 'DOUBLE',
  gate: 'BIGINT',
  remark: 'VARCHAR',
};

const noise = (salt: string): string => `(md5_number_lower('${salt}' || id::VARCHAR) % 1000000 / 1000000.0)`;

const ROWS = `SELECT id, date::TIMESTAMP AS date, delay::BIGINT AS delay, distance::BIGINT AS distance, origin, destination,
  md5(id::VARCHAR)[:12] AS key,
  origin || ', ' || destination AS route,
  CASE WHEN delay > 60 THEN 'said "late"' WHEN delay > 15 THEN 'late' ELSE 'on time' END AS note,
  delay > 15 AS late, date::DATE AS day, hour(date)::BIGINT AS hour, distance * 1609 AS meters,
  round(distance / (1.0 + ${noise('a')}), 3) AS speed, sin(delay::DOUBLE) AS wave, 0.001 + ${noise('b')} / 100 AS small,
  CASE WHEN ${noise('c')} < 0.1 THEN NULL ELSE round(${noise('d')}, 4) END AS share,
  CASE WHEN ${noise('e')} < 0.02 THEN NULL ELSE round(distance * 3.1 + 100 * ${noise('f')}, 2) END AS fuel,
  CASE WHEN ${noise('g')} < 0.3 THEN NULL ELSE (100 * ${noise('h')})::BIGINT END AS gate,
  CASE WHEN ${noise('i')} < 0.5 THEN NULL ELSE 'gate ' || origin END AS remark`;

/** Writes so many rows in every format. */
export async function writeFiles(engine: Engine, folder: string, rows: number): Promise<void> {
  const path = (kind: FileKind): string => join(folder, FILES[kind]);
  const twice = `SELECT row_number() OVER () AS id, * FROM (SELECT * FROM read_parquet(${literal(FLIGHTS)}) UNION ALL SELECT * FROM read_parquet(${literal(FLIGHTS)}))`;
  await engine.query(
    `COPY (${ROWS} FROM (${twice}) LIMIT ${rows}) TO ${literal(path('parquet'))} (FORMAT parquet, COMPRESSION snappy)`,
  );
  const all = `SELECT * FROM read_parquet(${literal(path('parquet'))})`;
  await engine.query(`COPY (${all}) TO ${literal(path('csv'))} (FORMAT csv, HEADER)`);
  await engine.query(`COPY (${all}) TO ${literal(path('jsonl'))} (FORMAT json)`);
  await pipeline(createReadStream(path('csv')), createGzip({ level: 4 }), createWriteStream(path('csv.gz')));
}

/** The checks that everyone makes: presence, ranges, sets, lengths, a pattern, a key. The peers' script has the same. */
const RULES = `
    - { rule: completeness, column: id }
    - { rule: completeness, column: share, min: 0.8 }
    - { rule: values_between, column: distance, min: 0, max: 6000 }
    - { rule: values_between, column: hour, min: 0, max: 23 }
    - { rule: values_not_negative, column: small }
    - { rule: values_in_set, column: note, values: ['said "late"', late, 'on time'] }
    - { rule: value_length_between, column: origin, min: 3, max: 3 }
    - { rule: matches_regex, column: key, regex: '^[0-9a-f]{12}$' }
    - { rule: mean_between, column: delay, min: 0, max: 20 }
    - { rule: row_count_between, min: 1000 }`;

/** The model whose rules are checked. */
export const definition = () =>
  readDefinition(
    `problem: binary\ndata:\n  label: { name: delayed, sql: delay > 15 }\n  time: date\n  features: [distance, hour, speed, origin, destination]\n  rules:${RULES}\n`,
    'models/bench.yml',
  ).definition;

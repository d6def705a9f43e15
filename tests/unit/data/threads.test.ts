/** What is found in data is the same whatever the engine's threads: they take turns that nobody can foresee. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';

import { type Engine, openEngine } from '../../../shared/data/engine.ts';
import { datasetJudge } from '../../../shared/data/judge-dataset.ts';
import { readDataset } from '../../../shared/data/read-dataset.ts';
import { definitionWith, NOW } from './rules-world.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

const ROWS = 20_000;
/** Doubles whose sum depends on the order they are added in, texts, times, cells that are missing or break a rule. */
const SQL = `SELECT i AS id, CASE i % 3 WHEN 0 THEN 'free' WHEN 1 THEN 'pro, "yearly"' ELSE NULL END AS plan, sin(i) * 10.0 ** (i % 17) AS price, (i * 7919) % 5003 AS visits, TIMESTAMP '2001-01-01' + to_minutes(i) AS day, 'c' || (i * 31 % 12007) AS code, i % 2 AS late FROM range(${ROWS}) t(i)`;
const RULES = [
  '{ rule: values_between, column: price, max: 1000, severity: warn }',
  '{ rule: uniqueness, column: code, severity: warn }',
  '{ rule: mean_between, column: price, min: 0, severity: warn }',
  '{ rule: completeness, column: plan, severity: warn }',
];

/** Everything that is kept of a dataset, read and judged with so many threads. */
async function found(threads: number, files: Readonly<Record<string, string>>) {
  const engine: Engine = await openEngine({ memoryLimitMb: 256, tempDirectory: shop.directory(), threads });
  try {
    const judging = datasetJudge({ published: definitionWith(RULES), before: null, history: [], now: NOW });
    const read = await readDataset(
      engine,
      Object.entries(files).map(([name, path]) => ({ name, path })),
      {
        directory: shop.directory(),
        expected: judging.expected,
        visit: [judging.visit],
        blockBytes: 200_000,
        blockRows: 3000,
      },
    );
    const judged = await judging.judge(engine, read);
    const copies = read.parts.map(({ path, rows }) => ({ rows, bytes: readFileSync(path).toString('base64') }));
    return { judged, copies, profile: JSON.stringify(read.profile), working: JSON.stringify(read.working) };
  } finally {
    engine.close();
  }
}

it('profile, verdict and typed copies have the same bytes with one, two and four threads, whatever the format', async () => {
  const folder = shop.directory();
  const written = async (name: string, format: string): Promise<string> => {
    const path = join(folder, name);
    await shop.engine.query(`COPY (${SQL}) TO '${path}' (${format})`);
    return path;
  };
  const csv = await written('a.csv', 'FORMAT csv, HEADER');
  const gzip = join(folder, 'b.csv.gz');
  writeFileSync(gzip, gzipSync(readFileSync(csv)));
  const files = {
    'a.csv': csv,
    'b.csv.gz': gzip,
    'c.jsonl': await written('c.jsonl', 'FORMAT json'),
    'd.parquet': await written('d.parquet', 'FORMAT parquet'),
  };

  const [one, two, four] = [await found(1, files), await found(2, files), await found(4, files)];

  expect(one.judged).toMatchObject({ accepted: true });
  expect(one.judged.checks.filter(({ samples }) => samples.length > 0).length).toBeGreaterThan(2);
  expect(one.copies.reduce((sum, { rows }) => sum + rows, 0)).toBe(4 * ROWS);
  expect(one.copies.length).toBeGreaterThan(8);
  expect(two).toEqual(one);
  expect(four).toEqual(one);
});

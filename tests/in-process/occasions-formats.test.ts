/** Three months of flights, as three teams would deliver them: the same data, whatever it is written as. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';

import { putInForce, readPublications } from '../../cli/verbs/publish.ts';
import { openEngine } from '../../shared/data/engine.ts';
import { type DatasetProfile, datasetProfileSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { World } from '../loop/world.ts';
import { closeAfterEach, startWorld } from './passing.ts';

const MODEL = 'flight-delay';
const FLIGHTS = join(import.meta.dirname, '../../node_modules/vega-datasets/data/flights-3m.parquet');
const MONTHS = [1, 2, 3];

closeAfterEach();

/** One flight in sixty of each month, in the order they are in. */
const sample = (month: number): string =>
  `SELECT date, delay, distance, origin, destination FROM (SELECT *, row_number() OVER () AS nth FROM read_parquet('${FLIGHTS}')) WHERE month(date) = ${month} AND nth % 60 = 0`;

/** The months written by the database in one of its formats. */
async function written(format: string): Promise<Buffer[]> {
  const directory = await mkdtemp(join(tmpdir(), 'flights-'));
  const engine = await openEngine({ memoryLimitMb: 512, tempDirectory: directory });
  try {
    const files: Buffer[] = [];
    for (const month of MONTHS) {
      const path = join(directory, `month-${month}`);
      await engine.query(`COPY (${sample(month)}) TO '${path}' (${format})`);
      files.push(await readFile(path));
    }
    return files;
  } finally {
    engine.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Uploads a folder of parts and closes it; what was found in it. */
async function delivered(
  world: World,
  folder: string,
  parts: Readonly<Record<string, Uint8Array>>,
): Promise<DatasetProfile> {
  for (const [name, bytes] of Object.entries(parts)) await world.data.put(`incoming/${MODEL}/${folder}/${name}`, bytes);
  const key = `incoming/${MODEL}/${folder}/_SUCCESS`;
  const arrival = await world.arrival(MODEL, key, await world.land(key, ''));
  expect(arrival).toMatchObject({ outcome: 'accepted' });
  return world.ledger.read(datasetProfileSchema, keys.profile(MODEL, arrival?.dataset ?? ''));
}

it('finds the same profile in months of flights as a folder of Parquet parts, as gzip CSV and as JSON Lines', async () => {
  const world = await startWorld({ models: [], start: '2001-04-02T06:00:00Z' });
  const [publication] = await readPublications([`demo/models/${MODEL}.yml`]);
  if (publication === undefined) throw new Error(`no definition of ${MODEL}`);
  await putInForce(world.ledger, publication.published, world.cloud.clock.now());
  const [parquet, csv, json] = [
    await written('FORMAT parquet'),
    await written('FORMAT csv, HEADER'),
    await written('FORMAT json'),
  ];

  const ofParquet = await delivered(
    world,
    'parquet',
    Object.fromEntries(parquet.map((bytes, at) => [`2001-0${at + 1}.parquet`, bytes])),
  );
  const ofCsv = await delivered(world, 'csv', { 'all.csv.gz': gzipSync(whole(csv)) });
  const ofJson = await delivered(world, 'json', { 'all.jsonl': Buffer.concat(json) });

  expect(ofParquet.rows).toBeGreaterThan(20_000);
  expect(new Set([ofParquet.dataset, ofCsv.dataset, ofJson.dataset]).size).toBe(3);
  expect(ofCsv.columns).toEqual(ofParquet.columns);
  expect(ofJson.columns).toEqual(ofParquet.columns);
  expect([ofCsv.rows, ofJson.rows]).toEqual([ofParquet.rows, ofParquet.rows]);
  expect(world.errors()).toEqual([]);
});

/** Files of CSV as one: the header stands once. */
const whole = (files: readonly Buffer[]): Buffer =>
  Buffer.concat(files.map((file, at) => (at === 0 ? file : file.subarray(file.indexOf('\n') + 1))));

/** Whatever is uploaded: it is judged or ignored with a reason, left as it is, and the loop goes on. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { GetObjectCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { runPlanSchema, verdictSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { type DeliveredEvent, hearEvents } from './deliveries.ts';
import { PARCELS_HEADER, parcels } from './parcels.ts';
import { HOUR_MS, startWorld, type World } from './world.ts';

const MODEL = 'parcel-late';
const incoming = (name: string) => `incoming/${MODEL}/${name}`;

let world: World;
let heard: () => Promise<DeliveredEvent[]>;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'uploads-'));
  world = await startWorld([MODEL], '2001-03-20T06:00:00Z');
  heard = await hearEvents(world);
});
afterAll(async () => {
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

/** A good file whose lines a test may damage; line 1 is the header. */
const goodLines = () => parcels('2001-03-01', 1, 50).trimEnd().split('\n');

const withLine = (line: number, change: (text: string) => string): string => {
  const lines = goodLines();
  lines[line - 1] = change(lines[line - 1] ?? '');
  return `${lines.join('\n')}\n`;
};

const parquetOf = async (csv: string): Promise<Buffer> => {
  const [from, to] = [join(folder, 'rows.csv'), join(folder, 'rows.parquet')];
  await writeFile(from, csv);
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  await connection.run(`copy (select * from read_csv('${from}')) to '${to}' (format parquet)`);
  connection.closeSync();
  instance.closeSync();
  return readFile(to);
};

const half = (bytes: Uint8Array) => bytes.subarray(0, Math.floor(bytes.length / 2));

/** Bytes of every value, the same each time. */
const garbage = () => Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256);

interface Bad {
  readonly what: string;
  readonly name: string;
  readonly bytes: () => string | Uint8Array | Promise<Uint8Array>;
  readonly problem: Readonly<Record<string, unknown>>;
}

const BAD: readonly Bad[] = [
  { what: 'is empty', name: 'empty.csv', bytes: () => '', problem: { code: 'empty_file' } },
  {
    what: 'has a header and nothing below it',
    name: 'header.csv',
    bytes: () => `${PARCELS_HEADER}\n`,
    problem: { code: 'no_rows' },
  },
  {
    what: 'has a line with a field too many',
    name: 'ragged.csv',
    bytes: () => withLine(17, (text) => `${text},x`),
    problem: { code: 'ragged_row', line: 17 },
  },
  {
    what: 'has a line with a field too few',
    name: 'short.csv',
    bytes: () => withLine(23, (text) => text.slice(0, text.lastIndexOf(','))),
    problem: { code: 'ragged_row', line: 23 },
  },
  {
    what: 'is not UTF-8',
    name: 'latin.csv',
    bytes: () =>
      Buffer.from(
        withLine(9, (text) => text.replace(/ant|bee|crow|dove/, 'mésange')),
        'latin1',
      ),
    problem: { code: 'encoding', line: 9 },
  },
  {
    what: 'lacks a label',
    name: 'label.csv',
    bytes: () => withLine(3, (text) => text.slice(0, text.lastIndexOf(',') + 1)),
    problem: { code: 'label_missing', line: 3 },
  },
  {
    what: 'lacks a column the model needs',
    name: 'column.csv',
    bytes: () => withLine(1, (text) => text.replace('distance', 'miles')),
    problem: { code: 'column_missing', column: 'distance' },
  },
  {
    what: 'has a word where a number should be',
    name: 'word.csv',
    bytes: () => withLine(31, (text) => text.replace(/,\d+,(-?\d+)$/, ',far,$1')),
    problem: { code: 'cell_not_parsed', line: 31, column: 'distance' },
  },
  {
    what: 'has a word where the label comes from',
    name: 'label-word.csv',
    bytes: () => withLine(12, (text) => text.replace(/[^,]+$/, 'soon')),
    problem: { code: 'cell_not_parsed', line: 12, column: 'delay' },
  },
  {
    what: 'is called .csv and is something else',
    name: 'garbage.csv',
    bytes: garbage,
    problem: { code: expect.stringMatching(/^(binary_content|encoding)$/) },
  },
  {
    what: 'is gzip that was cut off',
    name: 'cut.csv.gz',
    bytes: () => half(gzipSync(parcels('2001-03-01', 2))),
    problem: { code: 'gzip_corrupt' },
  },
  {
    what: 'is Parquet that was cut off',
    name: 'cut.parquet',
    bytes: async () => half(await parquetOf(parcels('2001-03-01', 2))),
    problem: { code: 'parquet_corrupt' },
  },
];

describe('an upload that', () => {
  it.each(BAD)('$what is rejected with a report, and left as it is', async ({ name, bytes, problem }) => {
    const body = Buffer.from(await bytes());
    const key = incoming(name);

    const versionId = await world.land(key, body);
    const arrival = await world.arrival(MODEL, key, versionId);
    const dataset = arrival?.dataset ?? '';
    const verdict = await world.ledger.read(verdictSchema, keys.verdict(MODEL, dataset, arrival?.rulesDigest ?? ''));
    const report = Buffer.from((await world.store.get(verdict.reportKey ?? ''))?.body ?? []).toString();
    const told = (await heard()).filter((event) => event['detail-type'] === 'DatasetRejected.v1');
    const versions = await world.s3.send(new ListObjectVersionsCommand({ Bucket: world.dataBucket, Prefix: key }));
    const there = await world.s3.send(new GetObjectCommand({ Bucket: world.dataBucket, Key: key }));

    expect(arrival?.outcome).toBe('rejected');
    expect(verdict).toMatchObject({
      accepted: false,
      problems: expect.arrayContaining([expect.objectContaining(problem)]),
    });
    expect(report).toContain(verdict.problems[0]?.message.slice(0, 20) ?? 'no problem');
    if (typeof problem.line === 'number') expect(report).toContain(`<td class="number">${problem.line}</td>`);
    expect(told.map(({ detail }) => Object(detail.data).key)).toEqual([key]);
    expect(versions.Versions?.map((version) => version.VersionId)).toEqual([versionId]);
    expect(Buffer.from((await there.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true);
  });

  it.each([
    { what: 'names no published model', key: 'incoming/parcel-lost/parcels.csv', reason: /parcel-lost is published/ },
    { what: 'lies beside the models', key: 'incoming/parcels.csv', reason: /names no model|is published/ },
    { what: 'is hidden', key: incoming('.parcels.csv'), reason: /begins with \./ },
    { what: 'is a mark', key: incoming('_started'), reason: /begins with _/ },
    { what: 'lies in a hidden folder', key: incoming('day/_temporary/part-0.csv'), reason: /_temporary begins with _/ },
    { what: 'stands for a folder', key: incoming('day/'), reason: /stands for a folder/ },
  ])('$what is recorded as ignored, with the reason', async ({ key, reason }) => {
    const versionId = await world.land(key, parcels('2001-03-01', 1, 50));
    const model = key.startsWith(incoming('')) ? MODEL : '-';
    const arrival = await world.arrival(model, key, versionId);

    expect(arrival).toMatchObject({ outcome: 'ignored', reason: expect.stringMatching(reason) });
  });

  it('is outside of incoming/ wakes nothing', async () => {
    await world.land(`elsewhere/${MODEL}/parcels.csv`, parcels('2001-03-01', 1, 50));

    expect((await heard()).map((event) => event['detail-type'])).not.toContain('DatasetAccepted.v1');
  });

  it('starts no run and leaves no dead letter, whatever was wrong with it', async () => {
    expect(await world.runs(MODEL)).toEqual([]);
    expect(await world.deadLetters()).toEqual({});
  });
});

describe('after all that', () => {
  it('a folder waits for its _SUCCESS, and is then a dataset that leads to a served model', async () => {
    const first = await world.land(incoming('march/part-0.csv'), parcels('2001-03-01', 6));
    await world.land(incoming('march/part-1.csv'), parcels('2001-03-07', 6));
    const waiting = await world.runs(MODEL);
    const closed = await world.land(incoming('march/_SUCCESS'), '');
    const part = await world.arrival(MODEL, incoming('march/part-0.csv'), first);
    const arrival = await world.arrival(MODEL, incoming('march/_SUCCESS'), closed);
    const [run = ''] = await world.runs(MODEL);
    const answer = await world.predict(MODEL, {
      sent: '2001-03-20T10:00:00',
      carrier: 'crow',
      weight: 3,
      distance: 800,
    });

    expect(waiting).toEqual([]);
    expect(part).toMatchObject({ outcome: 'part', reason: expect.stringContaining('march/_SUCCESS') });
    expect(arrival?.outcome).toBe('accepted');
    expect((await world.ledger.read(runPlanSchema, keys.plan(MODEL, run))).datasets).toEqual([arrival?.dataset]);
    expect((await world.ends(MODEL)).map((end) => end?.end)).toEqual(['promoted']);
    expect(answer).toMatchObject({ status: 200, body: { run, late: true } });
  });

  it('a folder that is never closed starts nothing', async () => {
    await world.land(incoming('april/part-0.csv'), parcels('2001-03-13', 2));

    expect(await world.runs(MODEL)).toHaveLength(1);
  });

  it('the same bytes under another key are told to be a repetition', async () => {
    const body = parcels('2001-03-13', 3);
    const first = await world.land(incoming('once.csv'), body);
    const again = await world.land(incoming('again.csv'), body);
    const [one, other] = await Promise.all([
      world.arrival(MODEL, incoming('once.csv'), first),
      world.arrival(MODEL, incoming('again.csv'), again),
    ]);

    expect(one?.outcome).toBe('accepted');
    expect(other).toMatchObject({ outcome: 'repeated', dataset: one?.dataset });
  });

  it('new versions of all keys that hold a dataset take its place in the next run', async () => {
    const key = incoming('once.csv');
    // Events tell the time by the second: of two versions in one second neither would be the newer one.
    await world.cloud.clock.advance(1000, () => world.cloud.activity.idle());
    const old = (await world.s3.send(new GetObjectCommand({ Bucket: world.dataBucket, Key: key }))).VersionId ?? '';
    const body = parcels('2001-03-13', 5);
    const versionId = await world.land(key, body);
    await world.land(incoming('again.csv'), body);
    const arrival = await world.arrival(MODEL, key, versionId);
    const superseded = await world.arrival(MODEL, key, old);
    await world.cloud.clock.jump(world.cloud.clock.ms() + 2 * HOUR_MS, () => world.cloud.activity.idle());
    await world.settle();
    const runs = await world.runs(MODEL);
    const { datasets } = await world.ledger.read(runPlanSchema, keys.plan(MODEL, runs.at(-1) ?? ''));

    expect(arrival?.outcome).toBe('accepted');
    expect(runs).toHaveLength(2);
    expect(datasets).toContain(arrival?.dataset);
    expect(datasets).not.toContain(superseded?.dataset);
  });
});

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { S3Client } from '@aws-sdk/client-s3';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';

import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { preparedSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';

const figures = z.record(z.string(), z.number().nullable());
/** What `--summary` promises; nothing more and nothing less. */
const summarySchema = z.strictObject({
  runs: z.array(
    z.strictObject({
      run: z.string(),
      model: z.string(),
      decision: z.enum(['promote', 'hold', 'reject']),
      end: z.string(),
      reasons: z.array(z.object({ code: z.string(), message: z.string() })).min(1),
      metrics: figures,
      champion: z.strictObject({ run: z.string(), metrics: figures }).nullable(),
      gate_rows: z.int().min(1),
    }),
  ),
  datasets: z.array(
    z.strictObject({
      dataset: z.string(),
      model: z.string(),
      accepted: z.boolean(),
      problems: z.array(z.object({ code: z.string(), message: z.string(), line: z.int().optional() })),
    }),
  ),
  endpoint: z.strictObject({ name: z.string(), status: z.literal('InService'), config: z.string() }),
  predictions: z.int().min(1),
  seconds: z.number(),
});

let folder: string;
let story: ChildProcess;
let summary: z.infer<typeof summarySchema>;
let store: ObjectStore;
const printed: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'story-'));
  const file = join(folder, 'summary.json');
  story = spawn(process.execPath, ['demo/story.ts', '--keep', '--summary', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let url = '';
  if (!story.stdout) throw new Error('the story prints nothing');
  for await (const line of createInterface({ input: story.stdout })) {
    printed.push(line);
    url = /^export AWS_ENDPOINT_URL=(\S+)/.exec(line)?.[1] ?? url;
    if (line.startsWith('# the ledger')) break;
  }
  expect(url, printed.join('\n')).not.toBe('');
  summary = summarySchema.parse(JSON.parse(await readFile(file, 'utf8')));
  store = s3ObjectStore(
    'millrace-dev-store-000000000000-eu-west-1',
    new S3Client({
      endpoint: url,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    }),
  );
}, 180_000);

afterAll(async () => {
  if (story.exitCode === null) {
    story.kill('SIGTERM');
    await once(story, 'exit');
  }
  await rm(folder, { recursive: true, force: true });
});

const bytesOf = async (key: string): Promise<Buffer> => Buffer.from((await store.get(key))?.body ?? []);

/** The labels of a run's gate rows, and what the models said of them, in one order. */
const gateOf = async (model: string, run: string) => {
  const { splits } = await ledgerOn(store).read(preparedSchema, keys.prepared(model, run));
  const scoreKeys = async (role: 'cand' | 'champ') =>
    (await ledgerOn(store).keys(keys.scores(model, run, role))).filter((key) => key.endsWith('.out'));
  const scores = async (role: 'cand' | 'champ') => {
    const texts = await Promise.all((await scoreKeys(role)).map(async (key) => (await bytesOf(key)).toString()));
    return texts.flatMap((text) => text.trim().split('\n').map(Number));
  };
  const labels: number[] = [];
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  for (const { rowsKey } of splits.gate.parts) {
    const file = join(folder, 'rows.parquet');
    await writeFile(file, await bytesOf(rowsKey));
    const rows = await connection.runAndReadAll(`select label from read_parquet('${file}')`);
    labels.push(...rows.getRows().map(([label]) => Number(label)));
  }
  connection.closeSync();
  return { labels, candidate: await scores('cand'), champion: await scores('champ') };
};

describe('the story that npm start plays', () => {
  it('promotes a first model, rejects a damaged file, judges a challenger, and rejects what cannot be met', () => {
    const [first, challenger, sure] = summary.runs;
    expect(summary.runs).toHaveLength(3);
    expect([first?.decision, first?.end, first?.champion]).toEqual(['promote', 'promoted', null]);
    expect(challenger?.champion?.run).toBe(first?.run);
    expect(challenger?.end).toBe(
      { promote: 'promoted', hold: 'held', reject: 'rejected' }[challenger?.decision ?? 'hold'],
    );
    expect([sure?.model, sure?.decision, sure?.end]).toEqual(['flight-sure', 'reject', 'rejected']);
    const refused = summary.datasets.filter(({ accepted }) => !accepted);
    expect(refused).toHaveLength(1);
    expect(refused[0]?.problems.map(({ line }) => line).sort()).toEqual([108, 17, 42]);
  });

  it('judges the challenger on the rows of 25 to 31 January, which neither model has seen', async () => {
    const [first, challenger] = summary.runs;
    const read = (run = '') => ledgerOn(store).read(preparedSchema, keys.prepared('flight-delay', run));
    const [before, after] = [await read(first?.run), await read(challenger?.run)];
    expect(after.gateChampion?.rows).toBe(after.splits.gate.rows);
    expect(challenger?.gate_rows).toBe(after.splits.gate.rows);
    expect(Date.parse(after.trainedBefore ?? '')).toBeGreaterThan(Date.parse(before.trainedBefore ?? ''));
  });

  it('tells the figures that scikit-learn computes from the same scores', async () => {
    const challenger = summary.runs[1];
    const { labels, candidate, champion } = await gateOf('flight-delay', challenger?.run ?? '');
    expect(candidate).toHaveLength(labels.length);
    expect(champion).toHaveLength(labels.length);
    const cases = [candidate, champion].map((scores) => ({ problem: 'binary', threshold: 0.5, labels, scores }));
    const python = spawnSync('python3', ['tests/oracle/sklearn_metrics.py'], {
      input: JSON.stringify(cases),
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    if (python.error !== undefined || /No module named/.test(python.stderr)) {
      console.info('scikit-learn is not here; the figures of the story were not compared');
      return;
    }
    const told = [challenger?.metrics, challenger?.champion?.metrics];
    for (const [i, expected] of JSON.parse(python.stdout).figures.entries()) {
      for (const [name, value] of Object.entries(expected)) {
        expect(told[i]?.[name], name).toBeCloseTo(Number(value), 9);
      }
    }
  });

  it('leaves the cloud up with the lines that point the AWS CLI at it, and stops when told', async () => {
    expect(printed.some((line) => line.startsWith('export AWS_REGION='))).toBe(true);
    const ended = once(story, 'exit');
    story.kill('SIGINT');
    expect((await ended)[0]).toBe(0);
  });
});

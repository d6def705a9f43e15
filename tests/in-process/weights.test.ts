/** What rows count for: from a column of the data to the training rows, the figures and the gate. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DescribeTrainingJobCommand, ListTrainingJobsCommand } from '@aws-sdk/client-sagemaker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { literal, openEngine } from '../../shared/data/engine.ts';
import { decisionSchema } from '../../shared/evaluation/decision.ts';
import { evaluationSchema } from '../../shared/evaluation/evaluation.ts';
import { type Prepared, preparedSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { parcels, retold } from '../loop/parcels.ts';
import type { World } from '../loop/world.ts';
import { startInProcessWorld } from './world.ts';

const MODEL = 'parcel-weighted';

interface GateRow {
  readonly label: number;
  readonly weight: number;
  readonly score: number;
}

let world: World;
let run: string;
let prepared: Prepared;
let directory: string;

const linesOf = (text: Uint8Array): string[] => Buffer.from(text).toString().trimEnd().split('\n');

const bytesOf = async (key: string): Promise<Uint8Array> => {
  const object = await world.store.get(key);
  if (object === undefined) throw new Error(`there is no ${key}`);
  return object.body;
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weights-'));
  world = await startInProcessWorld({ models: [MODEL], start: '2001-03-20T06:00:00Z' });
  // One carrier's parcels, which come late by a law of their own, count for nothing, the others' for one and a half.
  const weighted = retold(parcels('2001-03-01', 12), (parcel) => ({
    ...parcel,
    load: parcel.carrier === 'crow' ? '0' : '1.5',
  }));
  await world.land(`incoming/${MODEL}/first.csv`, weighted);
  run = (await world.runs(MODEL)).at(-1) ?? '';
  prepared = await world.ledger.read(preparedSchema, keys.prepared(MODEL, run));
});
afterAll(async () => {
  await world.close();
  await rm(directory, { recursive: true, force: true });
});

/** The gate rows as they were scored, in their order. */
async function gateRows(): Promise<GateRow[]> {
  const [part] = prepared.splits.gate.parts;
  const scores: string[] = [];
  for await (const { key } of world.store.list(keys.scores(MODEL, run, 'cand'))) {
    scores.push(...linesOf(await bytesOf(key)));
  }
  const file = join(directory, 'rows.parquet');
  await writeFile(file, await bytesOf(part?.rowsKey ?? ''));
  const engine = await openEngine({ memoryLimitMb: 512, tempDirectory: directory });
  try {
    const rows: GateRow[] = [];
    for await (const { columns } of engine.columns(
      `SELECT label, weight FROM read_parquet(${literal(file)})`,
      10_000,
    )) {
      columns.label?.values.forEach((label: unknown, at: number) => {
        rows.push({
          label: Number(label),
          weight: Number(columns.weight?.values[at]),
          score: Number(scores[rows.length]),
        });
      });
    }
    return rows;
  } finally {
    engine.close();
  }
}

/** The share of pairs of a late and another parcel that the scores put in their order. */
function pairsInOrder(rows: readonly GateRow[]): number {
  const late = rows.filter(({ label }) => label === 1);
  const others = rows.filter(({ label }) => label === 0);
  let won = 0;
  for (const a of late) for (const b of others) won += a.score > b.score ? 1 : a.score === b.score ? 0.5 : 0;
  return won / late.length / others.length;
}

describe('a column of weights', () => {
  it('is beside the label of every row that is trained on, and the image is told so', async () => {
    const train = linesOf(await bytesOf(prepared.splits.train.parts[0]?.dataKey ?? ''));
    const { TrainingJobSummaries: [job] = [] } = await world.sageMaker.send(new ListTrainingJobsCommand({}));
    const { HyperParameters } = await world.sageMaker.send(
      new DescribeTrainingJobCommand({ TrainingJobName: job?.TrainingJobName }),
    );

    const weights = train.map((line) => line.split(',')[1]);
    expect(new Set(weights)).toEqual(new Set(['0', '1.5']));
    expect(weights.filter((weight) => weight === '0').length / weights.length).toBeCloseTo(0.25, 1);
    expect(HyperParameters).toMatchObject({ csv_weights: '1' });
  });

  it('weighs the figures and their intervals', async () => {
    const rows = await gateRows();
    const counting = rows.filter(({ weight }) => weight > 0);
    const { candidate, trivial } = await world.ledger.read(evaluationSchema, keys.evaluation(MODEL, run));

    if (candidate.outcome !== 'scored') throw new Error(candidate.message);
    expect(counting.length).toBeLessThan(rows.length);
    expect(candidate.figures.roc_auc).toBeCloseTo(pairsInOrder(counting), 12);
    expect(Math.abs(pairsInOrder(rows) - pairsInOrder(counting))).toBeGreaterThan(0.005);
    const late = counting.filter(({ label }) => label === 1).length / counting.length;
    expect(trivial.accuracy).toBeCloseTo(Math.max(late, 1 - late), 12);
    // As sure as the rows that count make it: the others' number tells nothing.
    const [low = 0, high = 0] = candidate.intervals.accuracy ?? [];
    const share = candidate.figures.accuracy ?? 0;
    const wald = 1.96 * Math.sqrt((share * (1 - share)) / counting.length);
    expect((high - low) / 2 / wald).toBeGreaterThan(0.9);
    expect((high - low) / 2 / wald).toBeLessThan(1.15);
  });

  it('decides at the gate: the threshold lies between what all rows say and what those say that count', async () => {
    const rows = await gateRows();
    const decision = await world.ledger.read(decisionSchema, keys.decision(MODEL, run));
    const met = decision.reasons.find(({ code }) => code === 'threshold_met');

    expect(decision.outcome, JSON.stringify(decision.reasons)).toBe('promote');
    expect(met?.value).toBeCloseTo(pairsInOrder(rows.filter(({ weight }) => weight > 0)), 12);
    expect(pairsInOrder(rows)).toBeLessThan(met?.limit ?? Number.NaN);
  });
});

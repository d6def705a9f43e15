/** Another data set, schema and problem through the same packaged loop, with only a YAML file added. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { decisionSchema } from '../../shared/evaluation/decision.ts';
import { evaluationSchema } from '../../shared/evaluation/evaluation.ts';
import { preparedSchema, runPlanSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { startWorld, type World } from './world.ts';

/** FAA wildlife strikes, as the npm package vega-datasets carries them. */
const BIRDSTRIKES = join(
  dirname(createRequire(import.meta.url).resolve('vega-datasets')),
  '../data/birdstrikes.csv',
);

const STRIKE = {
  'Flight Date': '2002-07-14',
  'Airport Name': 'LOUISIANA REGIONAL',
  'Aircraft Airline Operator': 'MILITARY',
  'Wildlife Size': 'Large',
  'Wildlife Species': 'Turkey vulture',
  'Phase of flight': 'Climb',
  'Time of day': 'Day',
  'Aircraft Make Model': 'T-38A',
  'Speed IAS in knots': 250,
};

let world: World;
let file: Buffer;

beforeAll(async () => {
  file = await readFile(BIRDSTRIKES);
  world = await startWorld(['bird-damage', 'strike-speed'], '2002-09-01T06:00:00Z');
});
afterAll(() => world.close());

const factsOf = async (model: string) => {
  const run = (await world.runs(model))[0] ?? '';
  const { ledger } = world;
  const [plan, prepared, evaluation, decision] = await Promise.all([
    ledger.read(runPlanSchema, keys.plan(model, run)),
    ledger.read(preparedSchema, keys.prepared(model, run)),
    ledger.read(evaluationSchema, keys.evaluation(model, run)),
    ledger.read(decisionSchema, keys.decision(model, run)),
  ]);
  return { run, plan, prepared, evaluation, decision };
};

describe('bird strikes', () => {
  it('teach, by their time, a model that is served and tells which strikes do damage', async () => {
    await world.land('incoming/bird-damage/birdstrikes.csv', file);
    const { run, plan, prepared, evaluation, decision } = await factsOf('bird-damage');
    const answer = await world.predict('bird-damage', STRIKE);

    expect((await world.ends('bird-damage')).map((end) => end?.end)).toEqual(['promoted']);
    expect(plan.cut).not.toBeNull();
    expect(prepared.splits.gate.rows).toBeGreaterThan(1000);
    expect(evaluation.candidate).toMatchObject({ outcome: 'scored' });
    expect(decision.outcome).toBe('promote');
    expect(answer).toMatchObject({ status: 200, body: { model: 'bird-damage', run } });
    expect(Object(answer.body).score).toBeGreaterThan(0.1);
  });

  it('teach, split by their key, a model of a number that is served', async () => {
    await world.land('incoming/strike-speed/birdstrikes.csv', file);
    const { run, plan, prepared, evaluation } = await factsOf('strike-speed');
    const answer = await world.predict('strike-speed', { records: [STRIKE, { ...STRIKE, 'Phase of flight': 'Taxi' }] });

    expect((await world.ends('strike-speed')).map((end) => end?.end)).toEqual(['promoted']);
    expect(plan.cut).toBeNull();
    expect(prepared.dropped).toEqual({ label_missing: 2836 });
    expect(evaluation.problem).toBe('regression');
    expect(answer).toMatchObject({ status: 200, body: { run } });
    const [climbing, taxiing] = Object(answer.body).predictions.map((each: { score: number }) => each.score);
    expect(climbing).toBeGreaterThan(taxiing + 50);
  });

  it('leaves no dead letter', async () => {
    expect(await world.deadLetters()).toEqual({});
  });
});

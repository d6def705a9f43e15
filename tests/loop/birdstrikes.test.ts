/** Another data set, schema and problem through the same packaged loop, with only a YAML file added. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { decisionSchema } from '../../shared/evaluation/decision.ts';
import { evaluationSchema } from '../../shared/evaluation/evaluation.ts';
import { preparedSchema, runPlanSchema, verdictSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { startWorld, type World } from './world.ts';

/** FAA wildlife strikes, as the npm package vega-datasets carries them. */
const BIRDSTRIKES = join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '../data/birdstrikes.csv');

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
    // A row without a label is not taken, and the speed is the last column.
    const noted = file
      .toString()
      .split('\r\n')
      .filter((line) => !line.endsWith(','));
    await world.land('incoming/strike-speed/noted.csv', noted.join('\r\n'));
    const { run, plan, prepared, evaluation } = await factsOf('strike-speed');
    const answer = await world.predict('strike-speed', {
      records: [STRIKE, { ...STRIKE, 'Phase of flight': 'Landing Roll' }],
    });

    expect((await world.ends('strike-speed')).map((end) => end?.end)).toEqual(['promoted']);
    expect(plan.cut).toBeNull();
    expect(prepared.trainedBefore).toBeNull();
    expect(Object.values(prepared.splits).reduce((sum, { rows }) => sum + rows, 0)).toBe(10_000 - 2836);
    expect(evaluation.problem).toBe('regression');
    expect(answer).toMatchObject({ status: 200, body: { run } });
    const [climbing, landing] = Object(answer.body).predictions.map((each: { score: number }) => each.score);
    expect(climbing).toBeGreaterThan(landing + 50);
  });

  it('are turned away where the label is missing, with the lines', async () => {
    const key = 'incoming/strike-speed/birdstrikes.csv';
    const arrival = await world.arrival('strike-speed', key, await world.land(key, file));
    const { problems } = await world.ledger.read(
      verdictSchema,
      keys.verdict('strike-speed', arrival?.dataset ?? '', arrival?.rulesDigest ?? ''),
    );

    expect(arrival?.outcome).toBe('rejected');
    expect(problems[0]).toMatchObject({ code: 'label_missing', column: 'Speed IAS in knots' });
    expect(problems.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(2836);
  });

  it('leaves no dead letter', async () => {
    expect(await world.deadLetters()).toEqual({});
  });
});

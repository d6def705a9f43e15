/** A model of few rows, judged in folds, through the queues and rules of the packaged template. */
import { ListTrainingJobsCommand } from '@aws-sdk/client-sagemaker';
import { describe, expect, it } from 'vitest';

import type { FaultRule } from '../../local/faults/settings.ts';
import { decisionSchema } from '../../shared/evaluation/decision.ts';
import { evaluationSchema } from '../../shared/evaluation/evaluation.ts';
import { preparedSchema, runEndSchema, trainedSchema } from '../../shared/ledger/facts.ts';
import { keys, scoringOf } from '../../shared/ledger/keys.ts';
import { HOUR_MS, MINUTE_MS, onSageMaker, type World } from '../loop/world.ts';
import { isKnown, knowingModel } from './knowing-model.ts';
import { closeAfterEach, pass, startWorld } from './passing.ts';
import { fixtureText, publishAs } from './publish-as.ts';

const MODEL = 'parcel-few';
const FOLDS = 5;
const CARRIERS = ['ant', 'bee', 'crow', 'dove'];

closeAfterEach();

const start = (rules: FaultRule[] = []): Promise<World> =>
  startWorld({ models: [MODEL], start: '2001-03-20T06:00:00Z', image: knowingModel, cloud: { faults: { rules } } });

/** Parcels of some senders; the farther one goes the later it comes, more or less. */
const fewParcels = (from: number, until: number, senders: number): string => {
  const lines = ['parcel,sender,carrier,distance,delay'];
  for (let parcel = from; parcel < until; parcel += 1) {
    const distance = 20 + ((parcel * 379) % 880);
    const delay = Math.round(distance / 30 - 5 + ((parcel * 7919) % 21) - 10);
    lines.push([parcel, parcel % senders, CARRIERS[(parcel * 31) % 4], distance, delay].join(','));
  }
  return `${lines.join('\n')}\n`;
};

const first = (world: World) => world.land(`incoming/${MODEL}/first.csv`, fewParcels(0, 200, 40));
/** Of the same senders and of some more. */
const second = (world: World) => world.land(`incoming/${MODEL}/second.csv`, fewParcels(200, 460, 52));

const endsOf = async (world: World) => (await world.ends(MODEL)).map((end) => end?.end);

/** More than are asked for by one step. */
const STOPS = Array.from({ length: 20 }, (_, index) => index + 1);

const dies = (when: 'before' | 'after', nth: number | number[]): FaultRule => ({
  fault: 'crash',
  function: '*-track-training',
  operation: 'StopTrainingJob',
  when,
  nth,
});

/** How the training jobs stand, by the end of their names. */
const trainingStatuses = async (world: World): Promise<Record<string, string>> => {
  const { TrainingJobSummaries = [] } = await world.sageMaker.send(new ListTrainingJobsCommand({ MaxResults: 100 }));
  return Object.fromEntries(
    TrainingJobSummaries.map(({ TrainingJobName = '', TrainingJobStatus = '' }) => [
      TrainingJobName.slice(TrainingJobName.lastIndexOf('-') + 1),
      TrainingJobStatus,
    ]),
  );
};

const latest = async (world: World): Promise<string> => (await world.runs(MODEL)).at(-1) ?? '';

/** What the models of a role said of the rows of a run. */
const scoresOf = async (world: World, run: string, scoring: Parameters<typeof keys.scores>[2]): Promise<number[]> => {
  const scores: number[] = [];
  for await (const { key } of world.store.list(keys.scores(MODEL, run, scoring))) {
    const object = await world.store.get(key);
    scores.push(
      ...Buffer.from(object?.body ?? '')
        .toString()
        .trimEnd()
        .split('\n')
        .map(Number),
    );
  }
  return scores;
};

const folds = Array.from({ length: FOLDS }, (_, index) => index + 1);

const ofFolds = async (world: World, run: string, role: 'cand' | 'champ'): Promise<number[]> =>
  (await Promise.all(folds.map((fold) => scoresOf(world, run, scoringOf(role, fold))))).flat();

describe('a model of few rows', () => {
  it('is judged by models that never saw what they judge, and served by one that saw all', async () => {
    const world = await start();

    await first(world);
    await pass(world, HOUR_MS);
    const run = await latest(world);
    const prepared = await world.ledger.read(preparedSchema, keys.prepared(MODEL, run));
    const evaluation = await world.ledger.read(evaluationSchema, keys.evaluation(MODEL, run));
    const decision = await world.ledger.read(decisionSchema, keys.decision(MODEL, run));
    const [blind, whole] = [await ofFolds(world, run, 'cand'), await scoresOf(world, run, 'cand')];

    expect(await endsOf(world), world.errors().join('\n')).toEqual(['promoted']);
    expect(prepared.splits.train.rows).toBe(200);
    expect(evaluation).toMatchObject({ rows: 200, folds: FOLDS });
    expect(blind).toHaveLength(200);
    expect(blind.filter(isKnown)).toEqual([]);
    expect(whole.filter(isKnown)).toHaveLength(200);
    expect(decision.reasons.map(({ code }) => code)).toContain('judged_by_folds');
    expect(await world.deadLetters()).toEqual({});
  });

  it('is compared with what the models of the champion say of folds that they never saw', async () => {
    const world = await start();
    await first(world);
    await pass(world, 2 * HOUR_MS);

    await second(world);
    await pass(world, 2 * HOUR_MS);
    const run = await latest(world);
    const evaluation = await world.ledger.read(evaluationSchema, keys.evaluation(MODEL, run));

    expect(await endsOf(world), world.errors().join('\n')).toEqual(['promoted', 'promoted']);
    expect(evaluation).toMatchObject({ rows: 460, folds: FOLDS, champion: { outcome: 'scored' } });
    const champion = await ofFolds(world, run, 'champ');
    expect(champion).toHaveLength(460);
    expect(champion.filter(isKnown)).toEqual([]);
    expect((await scoresOf(world, run, 'champ')).filter(isKnown)).toHaveLength(400);
  });

  it('ends where copies of rows under new names judge, unless the definition allows them, and says so then', async () => {
    const world = await start();
    const yaml = (await fixtureText(MODEL)).replace('  entity: sender\n', '');
    const [head = '', ...lines] = fewParcels(0, 200, 40).trimEnd().split('\n');
    const copies = lines.slice(0, 20).map((line) => line.replace(/^\d+/, (parcel) => String(1000 + Number(parcel))));
    const landed = (file: string, rows: readonly string[]) =>
      world.land(`incoming/${MODEL}/${file}`, `${[head, ...rows].join('\n')}\n`);
    await publishAs(world, MODEL, yaml);

    await landed('copied.csv', [...lines, ...copies]);
    await pass(world, 2 * HOUR_MS);
    const refused = await latest(world);
    await publishAs(world, MODEL, yaml.replace('folds: 5', 'folds: 5, max_shared: 0.5'));
    await landed('again.csv', [...copies, ...lines]);
    await pass(world, 2 * HOUR_MS);
    const [allowed = ''] = (await world.runs(MODEL)).filter((run) => run !== refused);
    const end = await world.ledger.read(runEndSchema, keys.end(MODEL, refused));
    const decision = await world.ledger.read(decisionSchema, keys.decision(MODEL, allowed));

    expect((await endsOf(world)).toSorted(), world.errors().join('\n')).toEqual(['failed', 'promoted']);
    expect(end.reason).toMatch(
      /of the 220 rows to judge on .* equal, in all but parcel, a row the model was trained on/,
    );
    expect(decision.reasons.map(({ code }) => code)).toContain('shared_gate_rows');
    expect(await world.deadLetters()).toEqual({});
  });

  /** One fold fails at once, and the others would go on for the better part of an hour. */
  const failing = (failed: number): FaultRule[] => [
    { fault: 'fail-training', job: `*-f${failed}try*`, failure: 'killed' },
    { fault: 'delay-training', job: '*-try1', delayMs: 50 * MINUTE_MS },
    ...folds
      .filter((fold) => fold !== failed)
      .map((fold): FaultRule => ({ fault: 'delay-training', job: `*-f${fold}try1`, delayMs: 50 * MINUTE_MS })),
  ];

  it.each<{ title: string; rules?: FaultRule[]; dead?: Readonly<Record<string, number>> }>([
    { title: 'nothing else goes wrong' },
    { title: 'the step dies before it has stopped any', rules: [dies('before', 1)] },
    { title: 'the step dies between two of them', rules: [dies('after', 1)] },
    {
      title: 'the step dies whenever it stops one, and only a look over all runs is left',
      rules: [dies('before', STOPS)],
      dead: { 'millrace-dev-execution-dlq': 1 },
    },
    { title: 'the end of each job comes twice', rules: [{ fault: 'double-event', source: 'aws.sagemaker' }] },
  ])(
    'ends when the job of one fold fails, in its own words, and stops the others: $title',
    async ({ rules = [], dead = {} }) => {
      const world = await start([...failing(FOLDS), ...rules]);

      await first(world);
      await pass(world, 20 * MINUTE_MS);
      const statuses = await trainingStatuses(world);
      const [end] = await world.ends(MODEL);
      await pass(world, 2 * HOUR_MS);

      expect(end).toMatchObject({ end: 'failed' });
      expect(end?.reason).toContain('fold 5');
      expect(statuses.f5try1).toBe('Failed');
      expect(Object.keys(statuses)).toHaveLength(FOLDS + 1);
      expect(Object.entries(statuses).filter(([role, status]) => role !== 'f5try1' && status !== 'Stopped')).toEqual(
        [],
      );
      // What comes later changes nothing.
      expect(await world.ends(MODEL)).toEqual([end]);
      expect(await trainingStatuses(world)).toEqual(statuses);
      expect(await world.deadLetters()).toEqual(dead);
    },
  );

  it('has the others stopped by whoever of them comes again, where the step that knew of the failure died', async () => {
    const world = await start([
      ...failing(3),
      { fault: 'delay-training', job: '*-f3try1', delayMs: 2 * MINUTE_MS },
      dies('before', STOPS),
      // Its message comes back after three minutes.
      { fault: 'crash', function: '*-launch-training', operation: 'CreateTrainingJob', when: 'after', nth: 5 },
    ]);

    await first(world);
    const statuses = await trainingStatuses(world);

    expect(await endsOf(world)).toEqual(['failed']);
    expect(statuses).toEqual({
      try1: 'Stopped',
      f1try1: 'Stopped',
      f2try1: 'Stopped',
      f3try1: 'Failed',
      f4try1: 'Stopped',
    });
  });

  it('tries the job of one fold again where SageMaker failed it', async () => {
    const world = await start([{ fault: 'fail-training', job: '*-f3try1', failure: 'internal' }]);

    await first(world);
    await pass(world, HOUR_MS);
    const trained = await world.ledger.read(trainedSchema, keys.trained(MODEL, await latest(world)));

    expect(await endsOf(world)).toEqual(['promoted']);
    expect(trained.folds?.map(({ jobName }) => jobName.slice(jobName.lastIndexOf('-')))).toEqual([
      '-f1try1',
      '-f2try1',
      '-f3try2',
      '-f4try1',
      '-f5try1',
    ]);
  });

  it.each<{ title: string; rules: FaultRule[] }>([
    { title: 'comes twice', rules: [{ fault: 'double-event', source: 'aws.sagemaker' }] },
    { title: 'is lost, whichever', rules: [{ fault: 'lose-event', source: 'aws.sagemaker' }] },
  ])('is promoted once where the end of each job $title', async ({ rules }) => {
    const world = await start(rules);

    await first(world);
    await pass(world, 8 * HOUR_MS);
    const { trainingJobs, models } = await onSageMaker(world.sageMaker);

    expect(await endsOf(world), world.errors().join('\n')).toEqual(['promoted']);
    expect(trainingJobs).toHaveLength(FOLDS + 1);
    expect(models).toHaveLength(FOLDS + 1);
    expect(await world.deadLetters()).toEqual({});
  });

  it('is held for a person, once, where the champion was judged without folds: it has seen what judges', async () => {
    const world = await startWorld({ models: [MODEL], start: '2001-03-20T06:00:00Z', image: knowingModel });
    const inForce = await fixtureText(MODEL);
    await publishAs(world, MODEL, inForce.replace('{ folds: 5 }', '{ gate: 0.5 }'));
    await first(world);
    await pass(world, 2 * HOUR_MS);

    await publishAs(world, MODEL, inForce);
    await second(world);
    await pass(world, 2 * HOUR_MS);
    const run = await latest(world);
    const decision = await world.ledger.read(decisionSchema, keys.decision(MODEL, run));

    expect(await endsOf(world), world.errors().join('\n')).toEqual(['promoted', 'held']);
    expect(decision.reasons[0]?.message).toContain('its rows were split by a hash of sender');
    const trained = await world.ledger.read(trainedSchema, keys.trained(MODEL, run));
    expect(trained.transforms.filter(({ role }) => role === 'champ')).toEqual([]);
  });

  it('waits for instances to score by, and is looked at again', async () => {
    const world = await start([{ fault: 'quota', service: 'sagemaker', operation: 'CreateTransformJob', nth: [2, 5] }]);

    await first(world);
    const before = await endsOf(world);
    await pass(world, 4 * HOUR_MS);

    expect(before).toEqual([undefined]);
    expect(await endsOf(world), world.errors().join('\n')).toEqual(['promoted']);
    expect(await world.deadLetters()).toEqual({});
  });

  it('waits for instances one job at a time', async () => {
    const world = await start([
      { fault: 'quota', service: 'sagemaker', operation: 'CreateTrainingJob', nth: 3 },
      { fault: 'quota', service: 'sagemaker', operation: 'CreateTrainingJob', nth: 5 },
    ]);

    await first(world);
    const before = await endsOf(world);
    await pass(world, HOUR_MS);

    expect(before).toEqual([undefined]);
    expect(await endsOf(world)).toEqual(['promoted']);
    expect((await onSageMaker(world.sageMaker)).trainingJobs).toHaveLength(FOLDS + 1);
  });
});

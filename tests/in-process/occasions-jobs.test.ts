/** The jobs of a run on SageMaker: each is paid for, so none is started twice or left running, and what they say is judged once. */

import { InvokeCommand } from '@aws-sdk/client-lambda';
import { DescribeTransformJobCommand, ListTrainingJobsCommand } from '@aws-sdk/client-sagemaker';
import { describe, expect, it } from 'vitest';

import type { ContainerImage } from '../../local/contracts.ts';
import type { FaultRule } from '../../local/faults/settings.ts';
import { attemptSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { parcels } from '../loop/parcels.ts';
import { HOUR_MS, MINUTE_MS, type World } from '../loop/world.ts';
import { fixedModel } from './fixed-model.ts';
import { closeAfterEach, pass, startWorld } from './passing.ts';
import { fixtureText, publishAs } from './publish-as.ts';

const MODEL = 'parcel-late';

closeAfterEach();

const start = (rules: FaultRule[], image: ContainerImage = fixedModel): Promise<World> =>
  startWorld({ models: [MODEL], start: '2001-03-20T06:00:00Z', image, cloud: { faults: { rules } } });

const first = (world: World) => world.land(`incoming/${MODEL}/first.csv`, parcels('2001-03-01', 12));
const second = (world: World) => world.land(`incoming/${MODEL}/second.csv`, parcels('2001-03-13', 5));

const endsOf = async (world: World) => (await world.ends(MODEL)).map((end) => end?.end);

/** What a step came to, time after time. */
const outcomesOf = ({ cloud }: World, step: string): string[] =>
  cloud.logs
    .read(`/aws/lambda/millrace-dev-${step}`)
    .filter(({ message }) => message.startsWith('{'))
    .map(({ message }) => JSON.parse(message))
    .filter(({ level }) => level === 'INFO')
    .map(({ message }) => String(message));

describe('a run for whose first instance there is no quota', () => {
  it.each<{ title: string; delayMs?: number }>([
    { title: 'at once' },
    { title: 'two minutes later, when there is some', delayMs: 2 * MINUTE_MS },
    { title: 'a day later', delayMs: 24 * HOUR_MS },
  ])('has one job, on the next instance, though it is told to be prepared again $title', async ({ delayMs }) => {
    const world = await start([
      { fault: 'quota', service: 'sagemaker', operation: 'CreateTrainingJob', nth: 1 },
      { fault: 'double-event', detailType: 'RunPrepared.v1', ...(delayMs !== undefined && { delayMs }) },
      // Still at work when the event comes again.
      { fault: 'delay-training', job: '*-try?', delayMs: 10 * MINUTE_MS },
    ]);
    const inForce = await fixtureText(MODEL);
    await publishAs(world, MODEL, inForce.replace('training:', 'training:\n  instance: [ml.m5.xlarge, ml.c5.xlarge]'));

    await first(world);
    await pass(world, (delayMs ?? 0) + HOUR_MS);
    const [run = ''] = await world.runs(MODEL);
    const { TrainingJobSummaries = [] } = await world.sageMaker.send(new ListTrainingJobsCommand({}));
    const jobs = TrainingJobSummaries.map((job) => `${job.TrainingJobName?.slice(-4)} ${job.TrainingJobStatus}`);

    // Where both are worked off in the same moment the first may be begun, and is stopped before it trains.
    expect(jobs.filter((job) => job !== 'try1 Stopped')).toEqual(['try2 Completed']);
    expect(jobs.length === 1 || delayMs === undefined).toBe(true);
    expect(await world.ledger.read(attemptSchema, keys.attempt(MODEL, run, 2))).toMatchObject({
      instance: 'ml.c5.xlarge',
    });
    expect(await endsOf(world), world.errors().join('\n')).toEqual(['promoted']);
    expect(await world.deadLetters()).toEqual({});
  });
});

/** Wakes reconcile, as its schedule does. */
const look = async (world: World): Promise<void> => {
  const event = {
    version: '0',
    id: 'look',
    source: 'aws.events',
    account: '000000000000',
    region: world.cloud.region,
    'detail-type': 'Scheduled Event',
    time: world.cloud.clock.now().toISOString(),
    resources: [],
    detail: {},
  };
  const { FunctionError } = await world.lambda.send(
    new InvokeCommand({ FunctionName: 'millrace-dev-reconcile', Payload: JSON.stringify(event) }),
  );
  expect(FunctionError).toBeUndefined();
};

/** An image whose batch transforms take until somebody stops them, once it is told to; in vain where nobody does. */
const patientModel = () => {
  const { program } = fixedModel;
  if (!program) throw new Error('the fixed model runs in this process');
  const patient: { image: ContainerImage; isDone: () => Promise<boolean> } = {
    isDone: async () => true,
    image: {
      ...fixedModel,
      program: {
        train: (run) => program.train(run),
        async serve(run) {
          const until = performance.now() + 20_000;
          const isBatch = run.environment.SAGEMAKER_BATCH === 'true';
          while (isBatch && !(await patient.isDone()) && performance.now() < until) await new Promise(setImmediate);
          return program.serve(run);
        },
      },
    },
  };
  return patient;
};

describe('a run that fails while one of its transforms is at work', () => {
  const cannotScore: FaultRule = { fault: 'fail-transform', failure: 'internal', nth: 2 };
  it.each<{ title: string; rules: FaultRule[]; role: 'cand' | 'champ'; isLooked?: boolean }>([
    { title: 'the candidate cannot be scored', rules: [cannotScore], role: 'champ' },
    {
      title: 'the candidate cannot be scored, and who was to stop it died',
      rules: [
        cannotScore,
        { fault: 'crash', function: '*-evaluate-model', operation: 'StopTransformJob', when: 'before', nth: 1 },
      ],
      role: 'champ',
      isLooked: true,
    },
    {
      title: 'SageMaker refuses the other',
      rules: [
        {
          fault: 'error',
          service: 'sagemaker',
          operation: 'CreateTransformJob',
          resource: '*-champ',
          code: 'ValidationException',
          status: 400,
        },
      ],
      role: 'cand',
    },
  ])('has it stopped, for nobody waits for it: $title', async ({ rules, role, isLooked = false }) => {
    const model = patientModel();
    const world = await start(rules, model.image);
    await first(world);
    await pass(world, 2 * HOUR_MS);
    const status = async () => {
      const [, run] = await world.runs(MODEL);
      const TransformJobName = `mr-dev-${MODEL}-${run}-${role}`;
      return (await world.sageMaker.send(new DescribeTransformJobCommand({ TransformJobName }))).TransformJobStatus;
    };
    model.isDone = async () => (await status()) !== 'InProgress';
    await world.data.put(`incoming/${MODEL}/second.csv`, parcels('2001-03-13', 5));
    // The clock stands still while the job is at work: what is tried again in a minute is not, but a look comes.
    while ((await world.ends(MODEL))[1] === undefined) await new Promise(setImmediate);
    if (isLooked) await look(world);
    await pass(world, HOUR_MS);

    expect(await status()).toBe('Stopped');
    expect(await endsOf(world)).toEqual(['promoted', 'failed']);
    expect(await world.deadLetters()).toEqual({});
  });
});

describe('the transforms of a run', () => {
  const challenged = async (rules: FaultRule[]): Promise<World> => {
    const world = await start(rules);
    await first(world);
    await pass(world, 2 * HOUR_MS);
    await second(world);
    await pass(world, 3 * HOUR_MS);
    return world;
  };

  it.each<{ title: string; rules: FaultRule[] }>([
    { title: 'nothing goes wrong', rules: [] },
    // A look over all runs in the meantime finds nothing to do.
    {
      title: 'their events come late, and together',
      rules: [
        {
          fault: 'delay-event',
          detailType: 'SageMaker Transform Job State Change',
          target: '*-evaluate-model',
          delayMs: 5 * MINUTE_MS,
        },
      ],
    },
    {
      title: 'who was to judge dies, and is tried again',
      rules: [{ fault: 'crash', function: '*-evaluate-model', operation: 'PutEvents', when: 'before', nth: 2 }],
    },
    {
      title: 'their events are lost, and a look over all runs is left',
      rules: [{ fault: 'lose-event', detailType: 'SageMaker Transform Job State Change', target: '*-evaluate-model' }],
    },
  ])('are judged once, however many end together: $title', async ({ rules }) => {
    const world = await challenged(rules);
    const outcomes = outcomesOf(world, 'evaluate-model');

    expect(await endsOf(world), world.errors().join('\n')).toEqual(['promoted', 'promoted']);
    expect(outcomes.filter((outcome) => outcome === 'evaluated').length).toBeLessThanOrEqual(2);
    expect(await world.deadLetters()).toEqual({});
  });

  it('are judged by a look over all runs where who began to judge never came to an end', async () => {
    const rules: FaultRule[] = [1, 2, 3].map((nth) => ({
      fault: 'crash',
      function: '*-evaluate-model',
      service: 's3',
      operation: 'PutObject',
      resource: '*/golden.json',
      when: 'before',
      nth,
    }));
    const world = await start(rules);

    await first(world);
    await pass(world, HOUR_MS);

    expect(await endsOf(world)).toEqual(['promoted']);
    expect(await world.deadLetters()).toEqual({ 'millrace-dev-execution-dlq': 1 });
  });
});

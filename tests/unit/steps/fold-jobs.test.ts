/** The trainings of a run in folds: how they are started, waited for, scored with, and found again when an event is lost. */
import { describe, expect, it } from 'vitest';

import { launchTraining } from '../../../functions/launch-training/launch-training.ts';
import { reconcile } from '../../../functions/reconcile/reconcile.ts';
import { trackTraining } from '../../../functions/track-training/track-training.ts';
import { CapacityError, DependencyError, InvalidEventError } from '../../../shared/errors.ts';
import { attemptSchema, runEndSchema, trainedSchema, waitingSchema } from '../../../shared/ledger/facts.ts';
import { keys, splitOfFold } from '../../../shared/ledger/keys.ts';
import { memoryObjectStore } from '../../../shared/ledger/memory-object-store.ts';
import { attemptRole, runName } from '../../../shared/sagemaker/names.ts';
import type { Description } from '../../../shared/sagemaker/resources.ts';
import { type Fuse, finishesAfterAnyCrash, fuse } from './crash.ts';
import { LIMITS } from './data-world.ts';
import { ANCHOR_RUN, CHAMPION_RUN, loopWorld, MODEL, NOW, RUN, STAGE, STORE_URI, woken } from './loop-world.ts';

const FOLDS = 2;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DEFINITION = `
problem: binary
data:
  label: { name: late, sql: delay > 5 }
  key: [id]
  features: [load]
  split: { folds: ${FOLDS} }
training: { instance: [ml.m5.xlarge, ml.c5.xlarge] }
`;

const job = (fold?: number, attempt = 1): string => runName(STAGE, MODEL, RUN, attemptRole(attempt, fold));
const named = (role: string): string => `mr-dev-${MODEL}-${RUN}-${role}`;

const completed = (seconds: number): Description => ({
  TrainingJobStatus: 'Completed',
  ModelArtifacts: { S3ModelArtifacts: `s3://store/output/${seconds}/model.tar.gz` },
  TrainingTimeInSeconds: seconds,
});
const failed = (reason: string): Description => ({ TrainingJobStatus: 'Failed', FailureReason: reason });

const settings = { stage: STAGE, region: 'eu-west-1', storeUri: STORE_URI, roleArn: 'arn:role' };

const world = async ({ champion = false, anchor = false, validationRows = 2 } = {}) => {
  const loop = loopWorld();
  const published = await loop.publish(DEFINITION);
  await loop.planned(published, champion ? await loop.champion() : null, anchor);
  await loop.prepared({ gateChampion: champion, gateAnchor: anchor, validationRows, folds: FOLDS });
  const launch = (fold?: number, attempt = 1, through?: Fuse) =>
    launchTraining({ ...loop.deps(through), ...settings, patienceMs: 24 * HOUR_MS })(
      woken({ model: MODEL, run: RUN, fold, attempt }),
    );
  const track = (name: string, through?: Fuse) =>
    trackTraining({ ...loop.deps(through), ...settings })(woken({ name }));
  const woke: unknown[] = [];
  const look = (minutes: number) =>
    reconcile({
      ...loop.deps(fuse(0, 'before')),
      data: memoryObjectStore(),
      dataBucket: 'data',
      stage: STAGE,
      pageArns: [],
      stuckMs: 6 * HOUR_MS,
      patienceMs: 24 * HOUR_MS,
      readLimits: LIMITS,
      wake: async (step, event) => {
        const { detail }: { detail?: unknown } = event;
        woke.push({ step, detail });
      },
    })({ now: new Date(NOW.getTime() + minutes * MINUTE_MS) });
  return {
    ...loop,
    launch,
    track,
    look,
    woke,
    /** All jobs started, one after the other. */
    async launched(): Promise<void> {
      await launch();
      for (let fold = 1; fold <= FOLDS; fold += 1) await launch(fold);
      loop.told.length = 0;
      loop.sageMaker.effects.length = 0;
    },
    end: () => loop.ledger.find(runEndSchema, keys.end(MODEL, RUN)),
    trained: () => loop.ledger.find(trainedSchema, keys.trained(MODEL, RUN)),
    /** Another run's models, one of which served; with folds those of its folds. */
    async madeBefore(run: string, folds: number): Promise<void> {
      const models = Array.from({ length: folds }, (_, index) => `${run}-f${index + 1}`);
      for (const ModelName of models) await loop.sageMaker.create('model', { ModelName });
      await loop.ledger.record(trainedSchema, keys.trained(MODEL, run), {
        model: MODEL,
        run,
        jobName: 'j',
        artifact: 'a',
        modelName: 'm',
        metrics: {},
        trainingSeconds: 1,
        ...(folds > 0 && { folds: models.map((modelName) => ({ jobName: 'j', artifact: 'a', modelName })) }),
        transforms: [{ role: 'cand', jobName: 'j', modelName: 'm' }],
        trainedAt: NOW.toISOString(),
      });
      loop.sageMaker.effects.length = 0;
    },
  };
};

type World = Awaited<ReturnType<typeof world>>;

const allCompleted = (run: World): void => {
  run.sageMaker.set('trainingJob', job(), completed(10));
  run.sageMaker.set('trainingJob', job(1), completed(30));
  run.sageMaker.set('trainingJob', job(2), completed(20));
};

describe('launching the trainings of folds', () => {
  it('begins with the model that serves, and asks for the next fold once a job is there', async () => {
    const run = await world();

    const outcomes = [await run.launch(), await run.launch(1), await run.launch(2)];

    expect(outcomes).toEqual([{ outcome: 'created' }, { outcome: 'created' }, { outcome: 'created' }]);
    expect(run.sageMaker.effects).toEqual([job(), job(1), job(2)].map((name) => `create trainingJob ${name}`));
    expect(run.told.map(({ type, about, data }) => [type, about, data])).toEqual([
      ['TrainingStarted.v1', `${MODEL}/${RUN}/1`, { model: MODEL, run: RUN, attempt: 1, jobName: job() }],
      ['AttemptRequested.v1', `${MODEL}/${RUN}/f1/1`, { model: MODEL, run: RUN, fold: 1, attempt: 1 }],
      ['TrainingStarted.v1', `${MODEL}/${RUN}/f1/1`, { model: MODEL, run: RUN, fold: 1, attempt: 1, jobName: job(1) }],
      ['AttemptRequested.v1', `${MODEL}/${RUN}/f2/1`, { model: MODEL, run: RUN, fold: 2, attempt: 1 }],
      ['TrainingStarted.v1', `${MODEL}/${RUN}/f2/1`, { model: MODEL, run: RUN, fold: 2, attempt: 1, jobName: job(2) }],
    ]);
  });

  it.each([
    [2, ['train-f2', 'validation-f2']],
    [0, ['train-f2']],
  ])('trains each on what was prepared without its fold, with %i validation rows', async (validationRows, splits) => {
    const run = await world({ validationRows });

    await run.launch(2);

    const uri = (split: string) => ({
      DataSource: { S3DataSource: { S3Uri: `s3://store/runs/${MODEL}/${RUN}/input/${split}/data/` } },
    });
    expect(await run.sageMaker.describe('trainingJob', job(2))).toMatchObject({ InputDataConfig: splits.map(uri) });
  });

  it('refuses a fold that was not prepared', async () => {
    const run = await world();

    await expect(run.launch(3)).rejects.toThrow(InvalidEventError);
  });

  it('comes to the same after a crash at any effect', async () => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await world();
      return { wake: (through) => run.launch(1, 1, through), state: run.state };
    });

    expect(effects).toBe(5);
  });

  it('goes on with the last attempt of a fold where it is asked for again', async () => {
    const run = await world();
    await run.launched();
    await run.launch(1, 2);

    await run.launch();

    expect(run.told.at(-1)).toMatchObject({ type: 'AttemptRequested.v1', data: { fold: 1, attempt: 2 } });
  });

  it('tries another instance for a fold, and then waits for one, with nothing behind it', async () => {
    const run = await world();
    await run.launch();
    run.told.length = 0;
    run.sageMaker.refuse('trainingJob', new CapacityError('ResourceLimitExceeded'));

    expect(await run.launch(1)).toEqual({ outcome: 'next_instance' });
    await expect(run.launch(1, 2)).rejects.toThrow(CapacityError);

    expect(run.told).toMatchObject([{ type: 'AttemptRequested.v1', data: { fold: 1, attempt: 2 } }]);
    expect(await run.ledger.find(waitingSchema, keys.waiting(MODEL, RUN, 'launch-training-f1'))).toBeDefined();
  });
});

describe('the ends of the trainings of folds', () => {
  it.each([
    ['first', [job(1), job(2), job()]],
    ['last', [job(), job(2), job(1)]],
  ])('start the scoring once the last has come, that of fold 1 %s', async (_what, names) => {
    const run = await world();
    await run.launched();
    const outcomes: unknown[] = [];

    for (const name of names) {
      run.sageMaker.set('trainingJob', name, completed(name === job(1) ? 30 : 10));
      outcomes.push(await run.track(name));
    }

    expect(outcomes).toEqual([{ outcome: 'waits_for_folds' }, { outcome: 'waits_for_folds' }, { outcome: 'trained' }]);
    expect(await run.trained()).toMatchObject({
      jobName: job(),
      artifact: 's3://store/output/10/model.tar.gz',
      modelName: named('cand'),
      trainingSeconds: 30,
      folds: [
        { jobName: job(1), artifact: 's3://store/output/30/model.tar.gz', modelName: named('f1cand') },
        { jobName: job(2), artifact: 's3://store/output/10/model.tar.gz', modelName: named('f2cand') },
      ],
    });
    expect(run.told).toMatchObject([{ type: 'ModelTrained.v1', data: { jobName: job() } }]);
  });

  it('have each fold scored by the model that never saw it, the candidate’s, the champion’s and the anchor’s', async () => {
    const run = await world({ champion: true, anchor: true });
    await run.madeBefore(CHAMPION_RUN, FOLDS);
    await run.madeBefore(ANCHOR_RUN, FOLDS);
    await run.launched();
    allCompleted(run);

    await run.track(job(2));

    const transforms = (await run.trained())?.transforms ?? [];
    expect(transforms.map(({ jobName, modelName }) => [jobName, modelName])).toEqual([
      [named('cand'), named('cand')],
      [named('f1cand'), named('f1cand')],
      [named('f2cand'), named('f2cand')],
      [named('champ'), 'champion-model'],
      [named('f1champ'), `${CHAMPION_RUN}-f1`],
      [named('f2champ'), `${CHAMPION_RUN}-f2`],
      [named('f1anch'), `${ANCHOR_RUN}-f1`],
      [named('f2anch'), `${ANCHOR_RUN}-f2`],
    ]);
    expect(await run.sageMaker.describe('transformJob', named('f2champ'))).toMatchObject({
      ModelName: `${CHAMPION_RUN}-f2`,
      TransformInput: {
        DataSource: {
          S3DataSource: { S3Uri: `${STORE_URI}/${keys.splitData(MODEL, RUN, splitOfFold('gate-champion', 2))}` },
        },
      },
      TransformOutput: { S3OutputPath: `${STORE_URI}/${keys.scores(MODEL, RUN, 'f2champ')}` },
    });
  });

  it.each([
    ['has none', 0],
    ['has others', FOLDS + 1],
  ])('leave a champion out that %s', async (_what, folds) => {
    const run = await world({ champion: true });
    await run.madeBefore(CHAMPION_RUN, folds);
    await run.launched();
    allCompleted(run);

    await run.track(job());

    expect((await run.trained())?.transforms.map(({ role }) => role)).toEqual(['cand', 'cand', 'cand']);
  });

  it('leave a champion out one of whose models is gone', async () => {
    const run = await world({ champion: true });
    await run.madeBefore(CHAMPION_RUN, FOLDS);
    await run.sageMaker.remove('model', `${CHAMPION_RUN}-f2`);
    await run.launched();
    allCompleted(run);

    await run.track(job());

    expect((await run.trained())?.transforms.map(({ role }) => role)).toEqual(['cand', 'cand', 'cand']);
  });

  it('end the run with that of one fold, in its own words', async () => {
    const run = await world();
    await run.launched();
    run.sageMaker.set('trainingJob', job(2), failed('AlgorithmError: no labels'));

    expect(await run.track(job(2))).toEqual({ outcome: 'failed' });
    run.sageMaker.set('trainingJob', job(), completed(1));

    expect(await run.end()).toMatchObject({
      end: 'failed',
      reason: 'the model without fold 2: AlgorithmError: no labels',
    });
    expect(await run.track(job())).toEqual({ outcome: 'over' });
  });

  it('that fails stops the others, and what their late events tell changes nothing', async () => {
    const run = await world();
    await run.launched();
    run.sageMaker.set('trainingJob', job(1), failed('AlgorithmError: no labels'));

    await run.track(job(1));
    const before = { ...Object(await run.state()), sageMaker: null };
    const stopped = [job(), job(2)];
    expect(run.sageMaker.effects).toEqual(stopped.map((name) => `stop trainingJob ${name}`));
    for (const name of stopped) run.sageMaker.set('trainingJob', name, { TrainingJobStatus: 'Stopped' });
    for (const name of stopped) expect(await run.track(name)).toEqual({ outcome: 'over' });

    expect({ ...Object(await run.state()), sageMaker: null }).toEqual(before);
    expect(run.sageMaker.effects).toHaveLength(stopped.length);
  });

  it('that fails stops the others after a crash at any effect', async () => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await world();
      await run.launched();
      run.sageMaker.set('trainingJob', job(1), failed('AlgorithmError: no labels'));
      return { wake: (through) => run.track(job(1), through), state: run.state };
    });

    // It is told, the end written, two jobs stopped, the slot released, and that told.
    expect(effects).toBe(6);
  });

  it('that fails stops what others still run though one of them has ended in between', async () => {
    const run = await world();
    await run.launched();
    run.sageMaker.set('trainingJob', job(1), failed('AlgorithmError: no labels'));
    const stop = run.sageMaker.stop;
    run.sageMaker.stop = async (kind, name) => {
      if (name === job()) run.sageMaker.set(kind, name, completed(1));
      await stop(kind, name);
    };

    await run.track(job(1));

    expect(run.sageMaker.effects).toEqual([`stop trainingJob ${job(2)}`]);
    expect(await run.end()).toMatchObject({ reason: 'the model without fold 1: AlgorithmError: no labels' });
  });

  it('that fails does not free the slot before the others are stopped', async () => {
    const run = await world();
    await run.launched();
    run.sageMaker.set('trainingJob', job(1), failed('AlgorithmError: no labels'));
    const stop = run.sageMaker.stop;
    run.sageMaker.stop = async () => {
      throw new DependencyError('stop trainingJob: ThrottlingException');
    };

    await expect(run.track(job(1))).rejects.toThrow(DependencyError);
    run.sageMaker.stop = stop;
    const { said } = await run.look(1);

    expect(said).toEqual([`${MODEL}: conclude`]);
    expect(run.sageMaker.effects).toEqual([job(), job(2)].map((name) => `stop trainingJob ${name}`));
  });

  it('ask for another attempt of one fold where SageMaker failed it, and wait for that', async () => {
    const run = await world();
    await run.launched();
    allCompleted(run);
    run.sageMaker.set('trainingJob', job(2), failed('InternalServerError'));

    const outcomes = [await run.track(job(2)), await run.track(job()), await run.launch(2, 2)];
    run.sageMaker.set('trainingJob', job(2, 2), completed(5));
    outcomes.push(await run.track(job(2, 2)));

    expect(outcomes).toEqual([
      { outcome: 'next_attempt' },
      { outcome: 'waits_for_folds' },
      { outcome: 'created' },
      { outcome: 'trained' },
    ]);
    expect((await run.trained())?.folds?.[1]).toMatchObject({ jobName: job(2, 2) });
  });

  it('come to the same after a crash at any effect, and when an event comes again', async () => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await world({ champion: true });
      await run.madeBefore(CHAMPION_RUN, FOLDS);
      await run.launched();
      allCompleted(run);
      const wake = async (through: Fuse) => {
        await run.track(job(1), through);
        await run.track(job(1), through);
      };
      return { wake, state: run.state };
    });

    expect(effects).toBeGreaterThan(18);
  });
});

describe('looking over a run in folds', () => {
  const said = async (run: World, minutes: number) => (await run.look(minutes)).said;

  it('waits while one of the trainings is at work', async () => {
    const run = await world();
    await run.launched();
    allCompleted(run);
    run.sageMaker.set('trainingJob', job(1), { TrainingJobStatus: 'InProgress' });

    expect(await said(run, 60)).toEqual([]);
  });

  it.each([
    ['a fold’s is not started', async (run: World) => run.launch(), 'tell_prepared'],
    [
      'a fold’s is recorded and not started',
      async (run: World) => {
        await run.launched();
        await run.ledger.record(attemptSchema, keys.attempt(MODEL, RUN, 2, 1), {
          model: MODEL,
          run: RUN,
          fold: 1,
          attempt: 2,
          jobName: job(1, 2),
          instance: 'i',
          decidedAt: NOW.toISOString(),
        });
      },
      'tell_prepared',
    ],
  ])('tells again that the run is prepared where %s, and nobody waits', async (_what, before, move) => {
    const run = await world();
    await before(run);
    run.told.length = 0;

    expect(await said(run, 20)).toEqual([`${MODEL}: ${move}`]);

    expect(run.told).toMatchObject([{ type: 'RunPrepared.v1' }]);
  });

  it('says nothing where a fold waits for an instance', async () => {
    const run = await world();
    await run.launch();
    run.sageMaker.refuse('trainingJob', new CapacityError('ResourceLimitExceeded'));
    await run.launch(1);
    await expect(run.launch(1, 2)).rejects.toThrow(CapacityError);

    expect(await said(run, 20)).toEqual([]);
    expect(await said(run, 10 * 60)).toEqual([]);
  });

  it.each([
    ['all have completed', allCompleted, job()],
    [
      'one has failed, whatever the others do',
      (run: World) => run.sageMaker.set('trainingJob', job(2), failed('ClientError')),
      job(2),
    ],
  ])('wakes track-training where %s', async (_what, end, name) => {
    const run = await world();
    await run.launched();
    end(run);

    await run.look(20);

    expect(run.woke).toMatchObject([{ step: 'track-training', detail: { TrainingJobName: name } }]);
  });
});

import { describe, expect, it } from 'vitest';

import { trackTraining } from '../../../functions/track-training/track-training.ts';
import { CapacityError, DependencyError, NotFoundError, RefusedError } from '../../../shared/errors.ts';
import { attemptSchema, runEndSchema, slotSchema, trainedSchema } from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import type { Description } from '../../../shared/sagemaker/resources.ts';
import { type Fuse, finishesAfterAnyCrash } from './crash.ts';
import { DAYS_LATER, loopWorld, MODEL, NOW, RUN, STAGE, STORE_URI, woken } from './loop-world.ts';

const job = (attempt: number) => `mr-dev-${MODEL}-${RUN}-try${attempt}`;
const CANDIDATE = `mr-dev-${MODEL}-${RUN}-cand`;
const CHAMPION = `mr-dev-${MODEL}-${RUN}-champ`;

const COMPLETED: Description = {
  TrainingJobStatus: 'Completed',
  SecondaryStatus: 'Completed',
  ModelArtifacts: { S3ModelArtifacts: 's3://store/output/model.tar.gz' },
  TrainingTimeInSeconds: 61,
  FinalMetricDataList: [{ MetricName: 'validation:auc', Value: 0.75 }],
};
const failed = (reason: string): Description => ({
  TrainingJobStatus: 'Failed',
  SecondaryStatus: 'Failed',
  FailureReason: reason,
});

const world = async ({ champion = false, anchor = false, attempts = 1, ended = COMPLETED } = {}) => {
  const loop = loopWorld();
  const published = await loop.publish();
  await loop.planned(published, champion ? await loop.champion() : null, anchor);
  await loop.prepared({ gateChampion: champion, gateAnchor: anchor });
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    await loop.ledger.record(attemptSchema, keys.attempt(MODEL, RUN, attempt), {
      model: MODEL,
      run: RUN,
      attempt,
      jobName: job(attempt),
      instance: 'ml.m5.xlarge',
      decidedAt: NOW.toISOString(),
    });
    await loop.sageMaker.create('trainingJob', { TrainingJobName: job(attempt) });
  }
  loop.sageMaker.set('trainingJob', job(attempts), ended);
  loop.sageMaker.effects.length = 0;
  const wake = (name = job(attempts), now = NOW, through?: Fuse) =>
    trackTraining({
      ...loop.deps(through),
      stage: STAGE,
      region: 'eu-west-1',
      storeUri: STORE_URI,
      roleArn: 'arn:role',
    })(woken({ name }, { now }));
  return {
    ...loop,
    wake,
    end: () => loop.ledger.find(runEndSchema, keys.end(MODEL, RUN)),
    flight: async () => (await loop.ledger.read(slotSchema, keys.slot(MODEL))).flight,
  };
};

describe('a training job that completed', () => {
  it('becomes a model whose gate rows are scored', async () => {
    const run = await world();

    const outcome = await run.wake();

    expect(outcome).toEqual({ outcome: 'trained' });
    expect(await run.ledger.read(trainedSchema, keys.trained(MODEL, RUN))).toMatchObject({
      jobName: job(1),
      artifact: 's3://store/output/model.tar.gz',
      metrics: { 'validation:auc': 0.75 },
      trainingSeconds: 61,
      transforms: [{ role: 'cand', jobName: CANDIDATE, modelName: CANDIDATE }],
    });
    expect(await run.sageMaker.describe('model', CANDIDATE)).toMatchObject({
      PrimaryContainer: { ModelDataUrl: 's3://store/output/model.tar.gz' },
    });
    expect(await run.sageMaker.describe('transformJob', CANDIDATE)).toMatchObject({
      ModelName: CANDIDATE,
      TransformInput: { DataSource: { S3DataSource: { S3Uri: `s3://store/runs/${MODEL}/${RUN}/input/gate/data/` } } },
      TransformOutput: { S3OutputPath: `s3://store/runs/${MODEL}/${RUN}/output/scores/cand/` },
    });
    expect(run.told).toEqual([
      { type: 'ModelTrained.v1', about: `${MODEL}/${RUN}`, data: { model: MODEL, run: RUN, jobName: job(1) } },
    ]);
  });

  it('is judged beside the champion, on the gate rows as the champion reads them', async () => {
    const run = await world({ champion: true });

    await run.wake();

    expect(await run.sageMaker.describe('transformJob', CHAMPION)).toMatchObject({
      ModelName: 'champion-model',
      TransformInput: {
        DataSource: { S3DataSource: { S3Uri: `s3://store/runs/${MODEL}/${RUN}/input/gate-champion/data/` } },
      },
      TransformOutput: { S3OutputPath: `s3://store/runs/${MODEL}/${RUN}/output/scores/champ/` },
    });
    expect(run.sageMaker.effects).toHaveLength(3);
  });

  it.each([
    ['without a champion', false],
    ['with a champion', true],
  ])('changes nothing when the event comes again, at once or days later: %s', async (_what, champion) => {
    const run = await world({ champion });
    await run.wake();
    const [before, effects] = [await run.state(), [...run.sageMaker.effects]];

    await run.wake();
    await run.wake(job(1), DAYS_LATER);

    expect(await run.state()).toEqual(before);
    expect(run.sageMaker.effects).toEqual(effects);
  });

  it('comes to the same after a crash at any effect', async () => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await world({ champion: true });
      return { wake: (through) => run.wake(job(1), NOW, through), state: run.state };
    });

    expect(effects).toBe(8);
  });

  it('waits where there is no capacity to score, and goes on when it is looked at again', async () => {
    const run = await world();
    run.sageMaker.refuse('transformJob', new CapacityError('ResourceLimitExceeded'));

    expect(await run.wake()).toEqual({ outcome: 'waits' });

    expect(run.told).toEqual([]);
    expect(await run.end()).toBeUndefined();
    run.sageMaker.refuse('transformJob', undefined);
    expect(await run.wake(job(1), DAYS_LATER)).toEqual({ outcome: 'trained' });
    expect(await run.sageMaker.describe('transformJob', CANDIDATE)).toBeDefined();
  });

  it.each([['model'], ['transformJob']] as const)(
    'and whose %s SageMaker refuses ends the run in SageMaker’s words, and frees the slot',
    async (kind) => {
      const run = await world({ champion: true });
      run.sageMaker.refuse(kind, new RefusedError(`create ${kind}: the role cannot be assumed`));

      const outcome = await run.wake();

      expect(outcome).toEqual({ outcome: 'refused' });
      expect(run.told).toMatchObject([
        { type: 'TrainingFailed.v1', data: { reason: `create ${kind}: the role cannot be assumed` } },
        { type: 'RunEnded.v1', data: { end: 'failed' } },
      ]);
      expect(await run.end()).toMatchObject({ end: 'failed', reason: `create ${kind}: the role cannot be assumed` });
      expect(await run.flight()).toBeNull();
    },
  );

  it('has its transforms stopped where the first of them ended the run before the last was started', async () => {
    const run = await world({ champion: true });
    const create = run.sageMaker.create;
    run.sageMaker.create = async (kind, request) => {
      if (request.TransformJobName === CHAMPION) {
        const end = { model: MODEL, run: RUN, end: 'failed' as const, reason: 'no score', endedAt: NOW.toISOString() };
        await run.ledger.record(runEndSchema, keys.end(MODEL, RUN), end);
      }
      await create(kind, request);
    };

    await run.wake();

    expect(run.sageMaker.effects.slice(-2).sort()).toEqual([
      `stop transformJob ${CANDIDATE}`,
      `stop transformJob ${CHAMPION}`,
    ]);
    expect(await run.end()).toMatchObject({ reason: 'no score' });
    expect(await run.flight()).toBeNull();
  });

  it('and is refused ends the run whole after a crash at any effect', async () => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await world();
      run.sageMaker.refuse('transformJob', new RefusedError('no such role'));
      return { wake: (through) => run.wake(job(1), NOW, through), state: run.state };
    });

    expect(effects).toBe(9);
  });

  it('is tried again where SageMaker is slow: that is no refusal', async () => {
    const run = await world();
    run.sageMaker.refuse('transformJob', new DependencyError('ThrottlingException'));

    await expect(run.wake()).rejects.toThrow(DependencyError);

    expect(await run.end()).toBeUndefined();
  });

  it('without a model artefact is an error, not a model', async () => {
    const run = await world({ ended: { ...COMPLETED, ModelArtifacts: {} } });

    await expect(run.wake()).rejects.toThrow('without a model artefact');
  });
});

describe('a training job that failed', () => {
  it('by the container ends the run in its own words, and frees the slot', async () => {
    const run = await world({ ended: failed('AlgorithmError: label must be in [0,1]') });

    const outcome = await run.wake();

    expect(outcome).toEqual({ outcome: 'failed' });
    expect(run.told).toMatchObject([
      { type: 'TrainingFailed.v1', data: { jobName: job(1), reason: 'AlgorithmError: label must be in [0,1]' } },
      { type: 'RunEnded.v1', data: { end: 'failed' } },
    ]);
    expect(await run.end()).toMatchObject({ end: 'failed', reason: 'AlgorithmError: label must be in [0,1]' });
    expect(await run.flight()).toBeNull();
  });

  it.each([
    ['InternalServerError: we had a problem', 'Failed'],
    ['CapacityError: no spot capacity', 'Failed'],
    ['out of time', 'MaxWaitTimeExceeded'],
  ])('by SageMaker asks for another attempt: %s', async (reason, secondary) => {
    const run = await world({ ended: { ...failed(reason), SecondaryStatus: secondary } });

    const outcome = await run.wake();

    expect(outcome).toEqual({ outcome: 'next_attempt' });
    expect(run.told).toEqual([
      { type: 'AttemptRequested.v1', about: `${MODEL}/${RUN}/2`, data: { model: MODEL, run: RUN, attempt: 2 } },
    ]);
    expect(await run.end()).toBeUndefined();
  });

  it('by SageMaker for the third time ends the run', async () => {
    const run = await world({ attempts: 3, ended: failed('InternalServerError: again') });

    expect(await run.wake()).toEqual({ outcome: 'failed' });

    expect(await run.end()).toMatchObject({ reason: 'InternalServerError: again' });
  });

  it('fails too when it was stopped, even with an artefact nobody asked for', async () => {
    const run = await world({
      ended: { ...COMPLETED, TrainingJobStatus: 'Stopped', SecondaryStatus: 'MaxRuntimeExceeded' },
    });

    expect(await run.wake()).toEqual({ outcome: 'failed' });

    expect(await run.end()).toMatchObject({ reason: 'MaxRuntimeExceeded' });
    expect(run.sageMaker.effects).toEqual([]);
  });

  it.each([
    ['asking for another attempt', failed('InternalServerError')],
    ['ending the run', failed('ClientError: no such file')],
  ])('changes nothing when the event comes again, at once or days later: %s', async (_what, ended) => {
    const run = await world({ ended });
    await run.wake();
    const before = await run.state();

    await run.wake();
    await run.wake(job(1), DAYS_LATER);

    expect(await run.state()).toEqual(before);
  });

  it('ends the run whole after a crash at any effect', async () => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await world({ ended: failed('ClientError: no such file') });
      return { wake: (through) => run.wake(job(1), NOW, through), state: run.state };
    });

    expect(effects).toBe(4);
  });
});

describe('an event about a training job', () => {
  it('is only a hint: while SageMaker says it runs, nothing is done', async () => {
    const run = await world({ ended: { TrainingJobStatus: 'InProgress' } });
    const before = await run.state();

    expect(await run.wake()).toEqual({ outcome: 'running' });

    expect(await run.state()).toEqual(before);
  });

  it.each([
    ['another stage', `mr-prod-${MODEL}-${RUN}-try1`],
    ['another team', 'their-job'],
    ['a role that is no attempt', CANDIDATE],
  ])('is left alone where the name is that of %s', async (_what, name) => {
    const run = await world();

    expect(await run.wake(name)).toEqual({ outcome: 'not_ours' });
  });

  it('is tried again where the attempt is not recorded yet', async () => {
    const run = await world();

    await expect(run.wake(job(2))).rejects.toThrow(NotFoundError);
  });

  it('says nothing of the run where the next attempt is recorded', async () => {
    const run = await world({ attempts: 2, ended: { TrainingJobStatus: 'InProgress' } });
    run.sageMaker.set('trainingJob', job(1), { TrainingJobStatus: 'Stopped' });
    const before = await run.state();

    expect(await run.wake(job(1))).toEqual({ outcome: 'superseded' });

    expect(await run.state()).toEqual(before);
  });

  it('of a job that is not there says so', async () => {
    const run = await world();
    await run.ledger.record(attemptSchema, keys.attempt(MODEL, RUN, 2), {
      model: MODEL,
      run: RUN,
      attempt: 2,
      jobName: job(2),
      instance: 'ml.m5.xlarge',
      decidedAt: NOW.toISOString(),
    });

    expect(await run.wake(job(2))).toEqual({ outcome: 'no_such_job' });
  });
});

describe('the anchor', () => {
  const roles = async (run: Awaited<ReturnType<typeof world>>) =>
    (await run.ledger.read(trainedSchema, keys.trained(MODEL, RUN))).transforms.map(({ role }) => role);

  it('scores the gate rows as it reads them', async () => {
    const run = await world({ champion: true, anchor: true });
    await run.sageMaker.create('model', { ModelName: 'anchor-model' });

    await run.wake();

    expect(await roles(run)).toEqual(['cand', 'champ', 'anch']);
    expect(await run.sageMaker.describe('transformJob', `mr-dev-${MODEL}-${RUN}-anch`)).toMatchObject({
      ModelName: 'anchor-model',
      TransformInput: {
        DataSource: { S3DataSource: { S3Uri: `${STORE_URI}/${keys.splitData(MODEL, RUN, 'gate-anchor')}` } },
      },
      TransformOutput: { S3OutputPath: `${STORE_URI}/${keys.scores(MODEL, RUN, 'anch')}` },
    });
  });

  it('is left out where its model is gone, and the run goes on', async () => {
    const run = await world({ champion: true, anchor: true });

    expect(await run.wake()).toEqual({ outcome: 'trained' });

    expect(await roles(run)).toEqual(['cand', 'champ']);
  });
});

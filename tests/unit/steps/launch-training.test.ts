import { describe, expect, it } from 'vitest';

import { xgboostHyperparameters } from '../../../functions/launch-training/hyperparameters.ts';
import { type LaunchRequest, launchTraining } from '../../../functions/launch-training/launch-training.ts';
import { readDefinition } from '../../../shared/definition/read.ts';
import {
  CapacityError,
  ConfigError,
  ConflictError,
  DependencyError,
  NotFoundError,
  RefusedError,
} from '../../../shared/errors.ts';
import {
  attemptSchema,
  recordedRequestSchema,
  runEndSchema,
  slotSchema,
  waitingSchema,
} from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { Crash, type Fuse, finishesAfterAnyCrash, fuse } from './crash.ts';
import {
  type About,
  DAYS_LATER,
  DEFINITION,
  loopWorld,
  MODEL,
  NOW,
  RUN,
  STAGE,
  STORE_URI,
  woken,
} from './loop-world.ts';

const HOUR_MS = 3_600_000;
const JOB = `mr-dev-${MODEL}-${RUN}-try1`;

const world = async ({ definition = DEFINITION, validationRows = 2 } = {}) => {
  const loop = loopWorld();
  await loop.planned(await loop.publish(definition));
  await loop.prepared({ validationRows });
  const wake = (some: Partial<LaunchRequest> = {}, about: About = {}, through?: Fuse) =>
    launchTraining({
      ...loop.deps(through),
      stage: STAGE,
      region: 'eu-west-1',
      storeUri: STORE_URI,
      roleArn: 'arn:role',
      patienceMs: 24 * HOUR_MS,
    })(woken({ model: MODEL, run: RUN, attempt: 1, ...some }, about));
  return {
    ...loop,
    wake,
    request: () => loop.ledger.read(recordedRequestSchema, keys.request(MODEL, RUN, JOB)),
    end: () => loop.ledger.find(runEndSchema, keys.end(MODEL, RUN)),
    waiting: () => loop.ledger.find(waitingSchema, keys.waiting(MODEL, RUN, 'launch-training')),
    flight: async () => (await loop.ledger.read(slotSchema, keys.slot(MODEL))).flight,
  };
};

describe('launching a training job', () => {
  it('starts the attempt on the parts that were prepared, and tells', async () => {
    const run = await world();

    const outcome = await run.wake();

    expect(outcome).toEqual({ outcome: 'created' });
    expect(await run.sageMaker.describe('trainingJob', JOB)).toMatchObject({
      TrainingJobName: JOB,
      RoleArn: 'arn:role',
      AlgorithmSpecification: { TrainingImage: expect.stringMatching(/sagemaker-xgboost:3\.0-5$/) },
      HyperParameters: { objective: 'binary:logistic', num_round: '100', max_depth: '6', eta: '0.1', seed: '1' },
      InputDataConfig: [
        {
          ChannelName: 'train',
          DataSource: { S3DataSource: { S3Uri: `s3://store/runs/${MODEL}/${RUN}/input/train/data/` } },
        },
        { ChannelName: 'validation' },
      ],
      OutputDataConfig: { S3OutputPath: `s3://store/runs/${MODEL}/${RUN}/output/` },
      ResourceConfig: { InstanceType: 'ml.m5.xlarge' },
      EnableManagedSpotTraining: true,
      StoppingCondition: { MaxRuntimeInSeconds: 3600, MaxWaitTimeInSeconds: 3600 },
    });
    expect(run.told).toEqual([
      {
        type: 'TrainingStarted.v1',
        about: `${MODEL}/${RUN}/1`,
        data: { model: MODEL, run: RUN, attempt: 1, jobName: JOB },
      },
    ]);
  });

  it('has no channel for validation rows where there are none', async () => {
    const run = await world({ validationRows: 0 });

    await run.wake();

    expect((await run.request()).request.InputDataConfig).toMatchObject([{ ChannelName: 'train' }]);
  });

  it('tries the next instance of the list with each attempt', async () => {
    const run = await world({ definition: `${DEFINITION}training: { instance: [ml.m5.xlarge, ml.c5.xlarge] }\n` });

    for (const attempt of [1, 2, 3]) await run.wake({ attempt });

    const attempts = await Promise.all(
      [1, 2, 3].map((attempt) => run.ledger.read(attemptSchema, keys.attempt(MODEL, RUN, attempt))),
    );
    expect(attempts.map(({ instance }) => instance)).toEqual(['ml.m5.xlarge', 'ml.c5.xlarge', 'ml.m5.xlarge']);
    expect(run.sageMaker.effects).toEqual([1, 2, 3].map((n) => `create trainingJob mr-dev-${MODEL}-${RUN}-try${n}`));
  });

  it('records the request before it is sent, and a repeat sends the recorded one', async () => {
    const run = await world();
    run.sageMaker.refuse('trainingJob', new Error('the connection broke'));
    await expect(run.wake()).rejects.toThrow('the connection broke');
    const recorded = structuredClone(await run.request());
    recorded.request.RoleArn = 'arn:as-it-was-recorded';
    await run.store.put(keys.request(MODEL, RUN, JOB), JSON.stringify(recorded));
    run.sageMaker.refuse('trainingJob', undefined);

    await run.wake({}, { now: DAYS_LATER });

    expect(await run.sageMaker.describe('trainingJob', JOB)).toMatchObject({ RoleArn: 'arn:as-it-was-recorded' });
  });

  it('changes nothing when the event comes again, at once, days later, or after the run has ended', async () => {
    const run = await world();
    await run.wake();
    const [before, effects] = [await run.state(), [...run.sageMaker.effects]];

    expect(await run.wake()).toEqual({ outcome: 'existed' });
    expect(await run.wake({}, { now: DAYS_LATER })).toEqual({ outcome: 'existed' });

    expect(await run.state()).toEqual(before);
    expect(run.sageMaker.effects).toEqual(effects);
  });

  it('starts nothing for a run that is over', async () => {
    const run = await world();
    await run.ledger.record(runEndSchema, keys.end(MODEL, RUN), {
      model: MODEL,
      run: RUN,
      end: 'rejected',
      reason: 'worse',
      endedAt: NOW.toISOString(),
    });

    expect(await run.wake()).toEqual({ outcome: 'over' });

    expect(run.sageMaker.effects).toEqual([]);
    expect(run.told).toEqual([]);
  });

  it('is tried again where the event is earlier than what was prepared', async () => {
    const loop = loopWorld();
    await loop.planned(await loop.publish());
    const launch = launchTraining({
      ...loop.deps(),
      stage: STAGE,
      region: 'eu-west-1',
      storeUri: STORE_URI,
      roleArn: 'arn:role',
      patienceMs: HOUR_MS,
    });

    await expect(launch(woken({ model: MODEL, run: RUN, attempt: 1 }))).rejects.toThrow(NotFoundError);
  });

  it('says so when the name is taken by something else', async () => {
    const run = await world();
    await run.sageMaker.create('trainingJob', { TrainingJobName: JOB, RoleArn: 'arn:another' });

    await expect(run.wake()).rejects.toThrow(ConflictError);
  });

  it('comes to the same after a crash at any effect', async () => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await world();
      return { wake: (through) => run.wake({}, {}, through), state: run.state };
    });

    expect(effects).toBe(4);
  });
});

describe('a training job that SageMaker refuses', () => {
  const refused = async () => {
    const run = await world();
    run.sageMaker.refuse('trainingJob', new RefusedError('create trainingJob: no image of this name'));
    return run;
  };

  it('ends the run in SageMaker’s words, and frees the slot', async () => {
    const run = await refused();

    const outcome = await run.wake();

    expect(outcome).toEqual({ outcome: 'refused' });
    expect(run.told).toMatchObject([
      { type: 'TrainingFailed.v1', data: { jobName: JOB, reason: 'create trainingJob: no image of this name' } },
      { type: 'RunEnded.v1', data: { end: 'failed', reason: 'create trainingJob: no image of this name' } },
    ]);
    expect(await run.end()).toMatchObject({ end: 'failed', reason: 'create trainingJob: no image of this name' });
    expect(await run.flight()).toBeNull();
  });

  it('is not asked for again when the event comes again', async () => {
    const run = await refused();
    await run.wake();
    const before = await run.state();
    run.sageMaker.refuse('trainingJob', undefined);

    expect(await run.wake({}, { now: DAYS_LATER })).toEqual({ outcome: 'over' });

    expect(await run.state()).toEqual(before);
  });

  it('ends the run whole after a crash at any effect', async () => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await refused();
      return { wake: (through) => run.wake({}, {}, through), state: run.state };
    });

    expect(effects).toBe(7);
  });

  it('for being slow is tried again: that is no refusal', async () => {
    const run = await world();
    run.sageMaker.refuse('trainingJob', new DependencyError('create trainingJob: ThrottlingException'));

    await expect(run.wake()).rejects.toThrow(DependencyError);

    expect(await run.end()).toBeUndefined();
    expect(run.told).toEqual([]);
  });
});

describe('a list of instances', () => {
  const listed = async () => {
    const run = await world({ definition: `${DEFINITION}training: { instance: [ml.m5.xlarge, ml.c5.xlarge] }\n` });
    run.sageMaker.refuse('trainingJob', new CapacityError('ResourceLimitExceeded'));
    return run;
  };

  it('is gone through in order where there is no capacity, without waiting', async () => {
    const run = await listed();

    const outcome = await run.wake();

    expect(outcome).toEqual({ outcome: 'next_instance' });
    expect(run.told).toEqual([
      { type: 'AttemptRequested.v1', about: `${MODEL}/${RUN}/2`, data: { model: MODEL, run: RUN, attempt: 2 } },
    ]);
    expect(await run.waiting()).toBeUndefined();
    run.sageMaker.refuse('trainingJob', undefined);
    expect(await run.wake({ attempt: 2 })).toEqual({ outcome: 'created' });
    expect(await run.sageMaker.describe('trainingJob', `mr-dev-${MODEL}-${RUN}-try2`)).toMatchObject({
      ResourceConfig: { InstanceType: 'ml.c5.xlarge' },
    });
  });

  it('is not gone back in: the event of an attempt that was passed over starts nothing, though there is capacity', async () => {
    const run = await listed();
    await run.wake();
    run.sageMaker.refuse('trainingJob', undefined);

    expect(await run.wake()).toEqual({ outcome: 'superseded' });
    await run.wake({ attempt: 2 });
    expect(await run.wake({}, { now: DAYS_LATER })).toEqual({ outcome: 'superseded' });

    expect(run.sageMaker.effects).toEqual([`create trainingJob mr-dev-${MODEL}-${RUN}-try2`]);
  });

  it('has one job where an attempt is started while it is passed over', async () => {
    const run = await listed();
    const create = run.sageMaker.create;
    // Of an event that came twice the one finds no capacity; the other finds some, and is the slower one to look.
    run.sageMaker.create = async (...given) => {
      run.sageMaker.create = create;
      await run.wake();
      run.sageMaker.refuse('trainingJob', undefined);
      await create(...given);
    };

    expect(await run.wake()).toEqual({ outcome: 'superseded' });
    await run.wake({ attempt: 2 });

    expect(run.sageMaker.effects).toEqual([
      `create trainingJob ${JOB}`,
      `stop trainingJob ${JOB}`,
      `create trainingJob mr-dev-${MODEL}-${RUN}-try2`,
    ]);
  });

  it('is waited for at its last', async () => {
    const run = await listed();

    await expect(run.wake({ attempt: 2 })).rejects.toThrow(CapacityError);

    expect(run.told).toEqual([]);
    expect(await run.waiting()).toMatchObject({ for: 'ResourceLimitExceeded' });
  });

  it('is gone through the same way after a crash at any effect', async () => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await listed();
      return { wake: (through) => run.wake({}, {}, through), state: run.state };
    });

    expect(effects).toBe(5);
  });
});

describe('a training job without capacity', () => {
  const full = async () => {
    const run = await world();
    run.sageMaker.refuse('trainingJob', new CapacityError('ResourceLimitExceeded: ml.m5.xlarge'));
    return run;
  };

  it('waits, and starts when there is some', async () => {
    const run = await full();
    await expect(run.wake()).rejects.toThrow(CapacityError);
    await expect(run.wake({}, { waitingSince: new Date(NOW.getTime() - 23 * HOUR_MS) })).rejects.toThrow(CapacityError);
    expect(await run.end()).toBeUndefined();
    run.sageMaker.refuse('trainingJob', undefined);

    expect(await run.wake({}, { waitingSince: NOW, now: DAYS_LATER })).toEqual({ outcome: 'created' });
  });

  it('says in the ledger that it waits, what for, and since when: the first time stands', async () => {
    const run = await full();

    await expect(run.wake()).rejects.toThrow(CapacityError);
    const waits = { waitingSince: NOW, now: new Date(NOW.getTime() + HOUR_MS) };
    await expect(run.wake({}, waits)).rejects.toThrow(CapacityError);

    expect(await run.waiting()).toEqual({
      model: MODEL,
      run: RUN,
      step: 'launch-training',
      for: 'ResourceLimitExceeded: ml.m5.xlarge',
      since: NOW.toISOString(),
    });
  });

  it('ends the run when patience is over, says why, and frees the slot', async () => {
    const run = await full();

    const outcome = await run.wake({}, { waitingSince: new Date(NOW.getTime() - 24 * HOUR_MS) });

    expect(outcome).toEqual({ outcome: 'gave_up' });
    expect(run.types()).toEqual(['TrainingFailed.v1', 'RunEnded.v1']);
    expect(await run.end()).toMatchObject({
      end: 'failed',
      reason: 'no capacity for ml.m5.xlarge in 24 hours: ResourceLimitExceeded: ml.m5.xlarge',
    });
    expect(await run.flight()).toBeNull();
  });

  it('changes nothing when the event comes again after it was given up', async () => {
    const run = await full();
    await run.wake({}, { waitingSince: new Date(NOW.getTime() - 24 * HOUR_MS) });
    const before = await run.state();
    run.sageMaker.refuse('trainingJob', undefined);

    expect(await run.wake({}, { now: DAYS_LATER })).toEqual({ outcome: 'over' });

    expect(await run.state()).toEqual(before);
  });

  it('is given up whole after a crash at any effect', async () => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await full();
      const about = { waitingSince: new Date(NOW.getTime() - 25 * HOUR_MS) };
      return { wake: (through) => run.wake({}, about, through), state: run.state };
    });

    expect(effects).toBe(7);
  });
});

describe('a run that fails while a job is being started', () => {
  const ending = async () => {
    const run = await world();
    const create = run.sageMaker.create;
    run.sageMaker.create = async (...given) => {
      run.sageMaker.create = create;
      const end = {
        model: MODEL,
        run: RUN,
        end: 'failed' as const,
        reason: 'another fold',
        endedAt: NOW.toISOString(),
      };
      await run.ledger.record(runEndSchema, keys.end(MODEL, RUN), end);
      await create(...given);
    };
    return run;
  };

  it('has that job stopped, and keeps its reason', async () => {
    const run = await ending();

    expect(await run.wake()).toEqual({ outcome: 'over' });

    expect(run.sageMaker.effects).toEqual([`create trainingJob ${JOB}`, `stop trainingJob ${JOB}`]);
    expect(run.types()).toEqual(['TrainingStarted.v1', 'RunEnded.v1']);
    expect(await run.end()).toMatchObject({ reason: 'another fold' });
    expect(await run.flight()).toBeNull();
  });

  it('has it stopped by the same event again after a crash', async () => {
    const run = await ending();
    await expect(run.wake({}, {}, fuse(4, 'before'))).rejects.toThrow(Crash);
    expect(run.sageMaker.effects).toEqual([`create trainingJob ${JOB}`]);

    await run.wake();

    expect(run.sageMaker.effects).toEqual([`create trainingJob ${JOB}`, `stop trainingJob ${JOB}`]);
  });
});

describe('what cannot be trained yet', () => {
  it('ends the run with the reason, instead of holding the slot for ever', async () => {
    const run = await world({
      definition: `${DEFINITION}training: { algorithm: { image: my/image:1 }, hyperparameters: {} }\n`,
    });

    const outcome = await run.wake();

    expect(outcome).toEqual({ outcome: 'unsupported' });
    expect(await run.end()).toMatchObject({
      end: 'failed',
      reason: 'training with an image of your own is not supported yet',
    });
    expect(await run.flight()).toBeNull();
    expect(run.sageMaker.effects).toEqual([]);
  });
});

describe('the hyperparameters', () => {
  const { definition: weighted } = readDefinition(
    `${DEFINITION}  weight: load\n`.replace('features: [load]', 'features: [line]'),
    `${MODEL}.yml`,
  );
  const { definition: classes } = readDefinition(
    `${DEFINITION.replace('problem: binary', 'problem: multiclass')}training: { hyperparameters: { num_class: 2, csv_weights: 1, objective: 'multi:softprob' } }\n`,
    `${MODEL}.yml`,
  );

  it('say how many classes there are, whatever the definition says', () => {
    expect(xgboostHyperparameters(classes, 5)).toMatchObject({
      objective: 'multi:softprob',
      eval_metric: 'merror,mlogloss',
      num_class: '5',
    });
  });

  it('say that there are weights', () => {
    expect(xgboostHyperparameters(weighted, null)).toMatchObject({ csv_weights: '1' });
  });

  it('say that rows have a weight where classes are balanced', () => {
    const { definition: balanced } = readDefinition(
      `${DEFINITION}training: { class_balance: weights }\n`,
      `models/${MODEL}.yml`,
    );

    expect(xgboostHyperparameters(balanced, null)).toMatchObject({ csv_weights: '1' });
  });

  it('say that there are weights where age is one', () => {
    const yaml = `${DEFINITION}retraining: { data: { mode: weighted, half_life: 60d } }\n`;
    const { definition } = readDefinition(yaml, `${MODEL}.yml`);

    expect(xgboostHyperparameters(definition, null)).toMatchObject({ csv_weights: '1' });
  });

  it('are none where classes and problem do not go together', () => {
    expect(() => xgboostHyperparameters(classes, null)).toThrow(ConfigError);
    expect(() => xgboostHyperparameters(weighted, 3)).toThrow(ConfigError);
  });
});

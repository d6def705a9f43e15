import { describe, expect, it } from 'vitest';
import type { EventContract } from '../../../events/define-event.ts';
import { envelopeSchema } from '../../../events/envelope.ts';
import {
  S3ObjectCreated,
  SageMakerEndpoint,
  SageMakerModelPackage,
  SageMakerTrainingJob,
  SageMakerTransformJob,
} from '../../../events/index.ts';
import { nextMove, type OpenRun } from '../../../functions/reconcile/next-move.ts';
import { reconcile } from '../../../functions/reconcile/reconcile.ts';
import {
  arrivalSchema,
  attemptSchema,
  type Champion,
  championSchema,
  deploymentEndSchema,
  deploymentSchema,
  deploymentStartedSchema,
  runEndSchema,
  slotSchema,
  trainedSchema,
} from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { memoryObjectStore } from '../../../shared/ledger/memory-object-store.ts';
import { fuse } from './crash.ts';
import { datasetId, loopWorld, MODEL, NOW, RUN } from './loop-world.ts';

const MINUTE_MS = 60_000;
const later = (minutes: number) => new Date(NOW.getTime() + minutes * MINUTE_MS);
const JOB = `mr-dev-${MODEL}-${RUN}-try1`;

const contracts: Readonly<Record<string, EventContract<unknown>>> = {
  'validate-data': S3ObjectCreated,
  'track-training': SageMakerTrainingJob,
  'evaluate-model': SageMakerTransformJob,
  'deploy-model': SageMakerModelPackage,
  'track-endpoint': SageMakerEndpoint,
};

const world = async () => {
  const loop = loopWorld();
  const published = await loop.publish();
  const data = memoryObjectStore();
  const woke: { step: string; id: string; detail: unknown }[] = [];
  const look = (now = later(20)) =>
    reconcile({
      ...loop.deps(fuse(0, 'before')),
      data,
      dataBucket: 'data',
      wake: async (step, event) => {
        // What a step is handed parses as what it is woken by.
        const envelope = envelopeSchema.parse(event);
        const contract = contracts[step];
        expect([envelope.source, envelope['detail-type']]).toEqual([contract?.source, contract?.detailType]);
        woke.push({ step, id: envelope.id, detail: contract?.detail.parse(envelope.detail) });
      },
    })({ now });
  return {
    ...loop,
    published,
    data,
    woke,
    look,
    async attempt(job?: Readonly<Record<string, unknown>>) {
      await loop.ledger.record(attemptSchema, keys.attempt(MODEL, RUN, 1), {
        model: MODEL,
        run: RUN,
        attempt: 1,
        jobName: JOB,
        instance: 'i',
        decidedAt: NOW.toISOString(),
      });
      if (!job) return;
      await loop.sageMaker.create('trainingJob', { TrainingJobName: JOB });
      loop.sageMaker.set('trainingJob', JOB, job);
    },
    async deployment(n: number, some: { started?: boolean; ended?: boolean } = {}) {
      await loop.ledger.record(deploymentSchema, keys.deployment(MODEL, n), {
        model: MODEL,
        n,
        run: RUN,
        kind: 'create',
        endpointName: 'mr-dev-late-bus-abcdef',
        endpointConfigName: 'c',
        modelName: 'm',
        modelPackageArn: 'arn:package',
        inputDigest: 'i',
        definitionDigest: 'd',
        replaces: null,
        trigger: 't',
        decidedAt: NOW.toISOString(),
      });
      if (some.started) {
        const startedAt = NOW.toISOString();
        await loop.ledger.record(deploymentStartedSchema, keys.deploymentStarted(MODEL, n), {
          model: MODEL,
          n,
          startedAt,
        });
      }
      if (some.ended) {
        await loop.ledger.record(deploymentEndSchema, keys.deploymentEnd(MODEL, n), {
          model: MODEL,
          n,
          outcome: 'deployed',
          reason: '',
          endedAt: NOW.toISOString(),
        });
      }
    },
  };
};

const open: OpenRun = {
  hasEnd: false,
  prepared: true,
  lastAttempt: 1,
  trained: true,
  evaluated: true,
  decision: 'promote',
  registered: true,
  rollout: 'none',
  trainingJob: undefined,
  transformJobs: [],
  quietMs: 60 * MINUTE_MS,
};

describe('what an open run lacks', () => {
  it.each<[string, Partial<OpenRun>, string]>([
    ['its end is written', { hasEnd: true, quietMs: 0 }, 'conclude'],
    ['it was planned', { prepared: false }, 'tell_accepted'],
    ['it is prepared', { trained: false, lastAttempt: 0 }, 'tell_prepared'],
    ['its attempt is not on SageMaker', { trained: false }, 'tell_prepared'],
    ['its training job runs', { trained: false, trainingJob: 'running' }, 'wait'],
    ['its training job completed', { trained: false, trainingJob: 'completed' }, 'wake_track_training'],
    ['its training job failed', { trained: false, trainingJob: 'failed' }, 'wake_track_training'],
    [
      'a transform is not on SageMaker',
      { evaluated: false, transformJobs: ['completed', undefined] },
      'wake_track_training',
    ],
    ['a transform runs', { evaluated: false, transformJobs: ['completed', 'running'] }, 'wait'],
    ['its transforms are over', { evaluated: false, transformJobs: ['completed', 'failed'] }, 'wake_evaluate_model'],
    ['it is evaluated', { decision: undefined }, 'tell_evaluated'],
    ['it is decided and not registered', { registered: false }, 'tell_evaluated'],
    ['it is held and has not ended', { decision: 'hold' }, 'tell_evaluated'],
    ['it is promoted and not rolled out', {}, 'wake_deploy_model'],
    ['its rollout is under way', { rollout: 'open' }, 'wait'],
  ])('when %s', (_what, facts, move) => {
    expect(nextMove({ ...open, ...facts })).toBe(move);
  });

  it.each<[string, Partial<OpenRun>]>([
    ['prepare-data', { prepared: false }],
    ['launch-training', { trained: false, lastAttempt: 0 }],
    ['track-training', { evaluated: false, transformJobs: [undefined] }],
    ['gate-model', { decision: undefined }],
    ['deploy-model', {}],
  ])('is nothing while %s may still be at work', (_step, facts) => {
    expect(nextMove({ ...open, ...facts, quietMs: 14 * MINUTE_MS })).toBe('wait');
  });
});

describe('reconciling', () => {
  it('is quiet where nothing is missing', async () => {
    const run = await world();

    expect(await run.look()).toEqual({ outcome: 'quiet', said: [] });

    expect(run.told).toEqual([]);
    expect(run.woke).toEqual([]);
  });

  it('takes in arrivals that no event told of, and no others', async () => {
    const run = await world();
    await run.data.put(`incoming/${MODEL}/missed.csv`, 'a');
    await run.data.put(`incoming/${MODEL}/known.csv`, 'ab');
    await run.data.put('incoming/unpublished/x.csv', 'abc');
    await run.ledger.record(arrivalSchema, keys.arrival(MODEL, `incoming/${MODEL}/known.csv`, 'v2'), {
      upload: { bucket: 'data', key: `incoming/${MODEL}/known.csv`, versionId: 'v2' },
      sizeBytes: 2,
      receivedAt: NOW.toISOString(),
      outcome: 'accepted',
    });

    await run.look();

    expect(run.woke).toMatchObject([
      {
        step: 'validate-data',
        detail: { bucket: 'data', key: `incoming/${MODEL}/missed.csv`, versionId: 'v1', sizeBytes: 1 },
      },
    ]);
  });

  it('lets an upload be that validate-data may have in hand', async () => {
    const run = await world();
    await run.data.put(`incoming/${MODEL}/new.csv`, 'a');

    await run.look(new Date(14 * MINUTE_MS));

    expect(run.woke).toEqual([]);
  });

  it('releases the slot of a run whose end is written', async () => {
    const run = await world();
    await run.planned(run.published);
    await run.ledger.record(runEndSchema, keys.end(MODEL, RUN), {
      model: MODEL,
      run: RUN,
      end: 'failed',
      reason: 'r',
      endedAt: NOW.toISOString(),
    });

    await run.look();

    expect(await run.ledger.read(slotSchema, keys.slot(MODEL))).toMatchObject({ flight: null });
    expect(run.types()).toEqual(['RunEnded.v1']);
  });

  it('has plan-run finish a run that was planned and not told', async () => {
    const run = await world();
    await run.dataset(1, run.published, []);
    await run.planned(run.published);

    await run.look();

    expect(run.told).toEqual([
      {
        type: 'DatasetAccepted.v1',
        about: `${MODEL}/${datasetId(1)}/${run.published.rulesDigest}`,
        data: { model: MODEL, dataset: datasetId(1), rows: 0 },
      },
    ]);
  });

  it('tells again of a prepared run that no attempt followed', async () => {
    const run = await world();
    await run.planned(run.published);
    await run.prepared();

    await run.look(later(14));
    expect(run.told).toEqual([]);
    await run.look(later(15));

    expect(run.told).toMatchObject([{ type: 'RunPrepared.v1', about: `${MODEL}/${RUN}` }]);
  });

  it('hands track-training the end of a job it was not told of', async () => {
    const run = await world();
    await run.planned(run.published);
    await run.prepared();
    await run.attempt({ TrainingJobStatus: 'Failed', FailureReason: 'ClientError' });

    await run.look(NOW);

    expect(run.woke).toMatchObject([{ step: 'track-training', detail: { name: JOB } }]);
  });

  it('hands evaluate-model the end of the transforms', async () => {
    const run = await world();
    await run.planned(run.published);
    await run.prepared();
    await run.attempt();
    const transform = `mr-dev-${MODEL}-${RUN}-cand`;
    await run.ledger.record(trainedSchema, keys.trained(MODEL, RUN), {
      model: MODEL,
      run: RUN,
      jobName: JOB,
      artifact: 'a',
      modelName: 'm',
      metrics: {},
      trainingSeconds: null,
      transforms: [{ role: 'cand', jobName: transform, modelName: 'm' }],
      trainedAt: NOW.toISOString(),
    });
    await run.sageMaker.create('transformJob', { TransformJobName: transform });
    await run.look(NOW);
    expect(run.woke).toEqual([]);
    run.sageMaker.set('transformJob', transform, { TransformJobStatus: 'Completed' });

    await run.look(NOW);

    expect(run.woke).toMatchObject([{ step: 'evaluate-model', detail: { name: transform } }]);
  });

  it('follows a rollout under way, with or without a run in flight', async () => {
    const run = await world();
    await run.deployment(1, { started: true });

    await run.look(NOW);

    expect(run.woke).toMatchObject([
      { step: 'track-endpoint', detail: { name: 'mr-dev-late-bus-abcdef', status: 'inservice' } },
    ]);
  });

  it('has deploy-model send a rollout that was decided and not sent', async () => {
    const run = await world();
    await run.deployment(1);

    await run.look(later(14));
    expect(run.woke).toEqual([]);
    await run.look(later(15));

    expect(run.woke).toMatchObject([{ step: 'deploy-model', detail: { arn: 'arn:package' } }]);
  });

  it('offers data again that waits for a free slot, and not what a run has taken', async () => {
    const run = await world();
    await run.dataset(1, run.published, []);
    await run.dataset(2, run.published, [['2001-01-01', 5]]);
    await run.dataset(3, run.published, [], { accepted: false });
    await run.store.put(keys.taken(MODEL, datasetId(1)), '{}');

    await run.look();

    expect(run.told).toMatchObject([{ type: 'DatasetAccepted.v1', data: { dataset: datasetId(2), rows: 5 } }]);
  });

  it('changes nothing when it looks twice: the same is said again, under the same ids', async () => {
    const run = await world();
    await run.dataset(1, run.published, []);
    await run.deployment(1, { started: true });
    await run.data.put(`incoming/${MODEL}/missed.csv`, 'a');
    await run.look(later(20));
    const [before, woke] = [await run.state(), run.woke.map(({ step, id }) => `${step} ${id}`)];

    await run.look(later(80));

    expect(await run.state()).toEqual(before);
    expect(run.woke.map(({ step, id }) => `${step} ${id}`)).toEqual([...woke, ...woke]);
  });

  it('looks over the other models where one makes trouble, and fails in the end', async () => {
    const run = await world();
    await run.deployment(1, { started: true });
    await run.store.put('definitions/a-first.json', '{}');
    await run.store.put('slots/a-first.json', 'not json');

    await expect(run.look(NOW)).rejects.toThrow('1 models could not be looked over');

    expect(run.woke).toMatchObject([{ step: 'track-endpoint' }]);
  });
});

describe('endpoints that another has replaced', () => {
  const HOUR_LATER = new Date(NOW.getTime() + 60 * MINUTE_MS);

  /** Champions one after another on these endpoints, each of which is there. */
  const succession = async (...endpoints: string[]) => {
    const run = await world();
    let champion: Champion | undefined;
    for (const [index, endpointName] of endpoints.entries()) {
      champion = await run.champion({ n: index + 1, run: `run-${index}`, endpointName, since: NOW.toISOString() });
    }
    for (const name of new Set(endpoints)) await run.endpoint(name, 'c');
    return { ...run, champion };
  };

  it('are deleted an hour after, however many there are', async () => {
    const run = await succession('first', 'second', 'second', 'third');

    await run.look(new Date(HOUR_LATER.getTime() - 1));
    expect(run.sageMaker.effects).toEqual([]);
    await run.look(HOUR_LATER);
    await run.look(HOUR_LATER);

    expect(run.sageMaker.effects).toEqual(['delete endpoint second', 'delete endpoint first']);
  });

  it('stay where the champion has come back to them', async () => {
    const run = await succession('first', 'second', 'first');

    await run.look(HOUR_LATER);

    expect(run.sageMaker.effects).toEqual(['delete endpoint second']);
  });

  it('stay while a rollout is open: it may be on its way back to one', async () => {
    const run = await succession('first', 'second');
    await run.deployment(1, { started: true });

    await run.look(HOUR_LATER);
    expect(run.sageMaker.effects).toEqual([]);

    await run.deployment(1, { ended: true });
    await run.look(HOUR_LATER);
    expect(run.sageMaker.effects).toEqual(['delete endpoint first']);
  });

  it('stay while they cannot be deleted', async () => {
    const run = await succession('first', 'second');
    await run.sageMaker.updateEndpoint({ EndpointName: 'first', EndpointConfigName: 'c2' });
    run.sageMaker.effects.length = 0;

    await run.look(HOUR_LATER);

    expect(run.sageMaker.effects).toEqual([]);
    expect(await run.ledger.read(championSchema, keys.champion(MODEL))).toEqual(run.champion);
  });
});

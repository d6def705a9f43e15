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
import { limitsDigest } from '../../../shared/data/read-limits.ts';
import { decisionSchema } from '../../../shared/evaluation/decision.ts';
import { evaluationSchema } from '../../../shared/evaluation/evaluation.ts';
import {
  arrivalSchema,
  attemptSchema,
  type Champion,
  championSchema,
  deploymentEndSchema,
  deploymentSchema,
  deploymentStartedSchema,
  judgingSchema,
  runEndSchema,
  slotSchema,
  trainedSchema,
  waitingSchema,
} from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { memoryObjectStore } from '../../../shared/ledger/memory-object-store.ts';
import { evaluation, policy } from '../evaluation/decision-evidence.ts';
import { fuse } from './crash.ts';
import { LIMITS } from './data-world.ts';
import { datasetId, loopWorld, MODEL, NOW, RUN, STAGE } from './loop-world.ts';

const MINUTE_MS = 60_000;
const TRANSFORM = `mr-dev-${MODEL}-${RUN}-cand`;
const HOUR_MS = 60 * MINUTE_MS;
const STUCK_MS = 6 * HOUR_MS;
const PATIENCE_MS = 24 * HOUR_MS;
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
  const woke: { step: string; id: string; detail: unknown; waitingSince: unknown }[] = [];
  const look = (now = later(20), stuckMs = STUCK_MS) =>
    reconcile({
      ...loop.deps(fuse(0, 'before')),
      data,
      dataBucket: 'data',
      stage: STAGE,
      pageArns: ['arn:notices'],
      readLimits: LIMITS,
      stuckMs,
      patienceMs: PATIENCE_MS,
      wake: async (step, event) => {
        // What a step is handed parses as what it is woken by.
        const envelope = envelopeSchema.parse(event);
        const contract = contracts[step];
        expect([envelope.source, envelope['detail-type']]).toEqual([contract?.source, contract?.detailType]);
        const { waitingSince }: { waitingSince?: unknown } = Object(event);
        woke.push({ step, id: envelope.id, detail: contract?.detail.parse(envelope.detail), waitingSince });
      },
    })({ now });
  return {
    ...loop,
    published,
    data,
    woke,
    look,
    async waiting(step: 'launch-training' | 'deploy-model', since = NOW) {
      await loop.ledger.record(waitingSchema, keys.waiting(MODEL, RUN, step), {
        model: MODEL,
        run: RUN,
        step,
        for: 'capacity',
        since: since.toISOString(),
      });
    },
    end: () => loop.ledger.find(runEndSchema, keys.end(MODEL, RUN)),
    flight: async () => (await loop.ledger.read(slotSchema, keys.slot(MODEL))).flight,
    /** A candidate whose gate rows are to be scored by one transform. */
    async trained() {
      await loop.ledger.record(trainedSchema, keys.trained(MODEL, RUN), {
        model: MODEL,
        run: RUN,
        jobName: JOB,
        artifact: 'a',
        modelName: 'm',
        metrics: {},
        trainingSeconds: null,
        transforms: [{ role: 'cand', jobName: TRANSFORM, modelName: 'm' }],
        trainedAt: NOW.toISOString(),
      });
    },
    async evaluated(at = NOW) {
      const refused = { outcome: 'refused', run: RUN, code: 'c', message: 'm' } as const;
      const found = evaluation({ model: MODEL, run: RUN, candidate: refused, evaluatedAt: at.toISOString() });
      await loop.ledger.record(evaluationSchema, keys.evaluation(MODEL, RUN), found);
    },
    /** A candidate that is to be promoted, and its version. */
    async promoted(): Promise<string> {
      await this.evaluated();
      await loop.ledger.record(decisionSchema, keys.decision(MODEL, RUN), {
        model: MODEL,
        run: RUN,
        outcome: 'promote',
        reasons: [{ code: 'better', message: 'it is' }],
        policy: policy(),
        decidedAt: NOW.toISOString(),
      });
      return loop.registered();
    },
    async attempt(job?: Readonly<Record<string, unknown>>, n = 1, at = NOW) {
      await loop.ledger.record(attemptSchema, keys.attempt(MODEL, RUN, n), {
        model: MODEL,
        run: RUN,
        attempt: n,
        jobName: JOB,
        instance: 'i',
        decidedAt: at.toISOString(),
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
  waiting: false,
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
    expect(nextMove({ ...open, ...facts }, STUCK_MS)).toBe(move);
  });

  it.each<[string, Partial<OpenRun>]>([
    ['prepare-data', { prepared: false }],
    ['launch-training', { trained: false, lastAttempt: 0 }],
    ['track-training', { evaluated: false, transformJobs: [undefined] }],
    ['evaluate-model', { evaluated: false, transformJobs: ['completed'] }],
    ['gate-model', { decision: undefined }],
    ['deploy-model', {}],
  ])('is nothing while %s may still be at work', (_step, facts) => {
    expect(nextMove({ ...open, ...facts, quietMs: 14 * MINUTE_MS }, STUCK_MS)).toBe('wait');
  });

  it.each<[string, Partial<OpenRun>]>([
    ['launch-training', { trained: false }],
    ['deploy-model', {}],
  ])('is nothing while %s waits for capacity, however long', (_step, facts) => {
    expect(nextMove({ ...open, ...facts, waiting: true, quietMs: 100 * STUCK_MS }, STUCK_MS)).toBe('wait');
  });

  const phases: [string, Partial<OpenRun>][] = [
    ['planned', { prepared: false }],
    ['prepared', { trained: false, lastAttempt: 0 }],
    ['attempted', { trained: false }],
    ['trained, the job over', { trained: false, trainingJob: 'completed' }],
    ['trained, a transform missing', { evaluated: false, transformJobs: ['completed', undefined] }],
    ['scored', { evaluated: false, transformJobs: ['completed'] }],
    ['evaluated', { decision: undefined }],
    ['decided', { registered: false }],
    ['promoted', {}],
    ['promoted, the rollout over', { rollout: 'ended' }],
  ];
  it.each(phases)('is its end when nothing has come of it for too long: %s', (_phase, facts) => {
    expect(nextMove({ ...open, ...facts, quietMs: STUCK_MS }, STUCK_MS)).toBe('give_up');
    expect(nextMove({ ...open, ...facts, quietMs: STUCK_MS - 1 }, STUCK_MS)).not.toBe('give_up');
  });

  it.each<[string, Partial<OpenRun>]>([
    ['trains', { trained: false, trainingJob: 'running' }],
    ['scores', { evaluated: false, transformJobs: ['completed', 'running'] }],
    ['scores, and one transform is missing', { evaluated: false, transformJobs: [undefined, 'running'] }],
    ['is to be told of a rollout', { rollout: 'decided' }],
    ['rolls it out', { rollout: 'open' }],
  ])('is not its end while SageMaker %s', (_what, facts) => {
    expect(nextMove({ ...open, ...facts, quietMs: 100 * STUCK_MS }, STUCK_MS)).not.toBe('give_up');
  });
});

describe('reconciling', () => {
  it('stops what is still at work of a run that failed, before its slot is free', async () => {
    const run = await world();
    await run.planned(run.published);
    await run.prepared();
    await run.attempt({ TrainingJobStatus: 'InProgress' });
    const ended = { model: MODEL, run: RUN, end: 'failed' as const, reason: 'a fold', endedAt: NOW.toISOString() };
    await run.ledger.record(runEndSchema, keys.end(MODEL, RUN), ended);

    await run.look(NOW);

    expect(run.sageMaker.effects).toEqual([`create trainingJob ${JOB}`, `stop trainingJob ${JOB}`]);
    expect(await run.flight()).toBeNull();
  });

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

  it('takes in what was put off under other limits, and leaves what was under those there are', async () => {
    const run = await world();
    const greater = { ...LIMITS, maxColumns: LIMITS.maxColumns + 1 };
    for (const [name, limits] of [
      ['now', LIMITS],
      ['then', greater],
    ] as const) {
      const key = `incoming/${MODEL}/${name}.csv`;
      await run.data.put(key, 'a');
      const versionId = name === 'now' ? 'v1' : 'v2';
      await run.ledger.record(arrivalSchema, keys.putOff(MODEL, key, versionId, limitsDigest(limits)), {
        upload: { bucket: 'data', key, versionId },
        sizeBytes: 1,
        receivedAt: NOW.toISOString(),
        outcome: 'deferred',
        reason: 'too wide',
      });
    }

    await run.look();
    await run.look();

    expect(run.woke.map(({ step, detail }) => `${step} ${Object(detail).key}`)).toEqual([
      `validate-data incoming/${MODEL}/then.csv`,
      `validate-data incoming/${MODEL}/then.csv`,
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
        data: { model: MODEL, dataset: datasetId(1), rows: 0, warnings: [] },
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
    await run.trained();
    await run.sageMaker.create('transformJob', { TransformJobName: TRANSFORM });
    await run.look(NOW);
    expect(run.woke).toEqual([]);
    run.sageMaker.set('transformJob', TRANSFORM, { TransformJobStatus: 'Completed' });

    await run.look(later(20));

    expect(run.woke).toMatchObject([{ step: 'evaluate-model', detail: { name: TRANSFORM } }]);
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

    await expect(run.look(NOW)).rejects.toThrow('1 model could not be looked over');

    expect(run.woke).toMatchObject([{ step: 'track-endpoint' }]);
  });
});

describe('a step that waits for capacity', () => {
  const launching = async () => {
    const run = await world();
    await run.planned(run.published);
    await run.prepared();
    await run.attempt();
    await run.waiting('launch-training');
    return run;
  };

  it('is not told again while its message comes back by itself', async () => {
    const run = await launching();

    await run.look(later(60));
    await run.look(new Date(NOW.getTime() + PATIENCE_MS + 29 * MINUTE_MS));

    expect(run.told).toEqual([]);
    expect(run.woke).toEqual([]);
    expect(await run.end()).toBeUndefined();
  });

  it('is told again when its message is lost: patience and half an hour are over', async () => {
    const run = await launching();

    await run.look(new Date(NOW.getTime() + PATIENCE_MS + 30 * MINUTE_MS), 10 * PATIENCE_MS);

    expect(run.told).toMatchObject([{ type: 'RunPrepared.v1' }]);
  });

  it('has its run ended when its message is lost and nothing has come of it for too long', async () => {
    const run = await launching();

    await run.look(new Date(NOW.getTime() + PATIENCE_MS + 30 * MINUTE_MS));

    expect(await run.end()).toMatchObject({ end: 'failed' });
  });

  it('waits with each attempt anew', async () => {
    const run = await launching();
    const second = new Date(NOW.getTime() + PATIENCE_MS);
    await run.attempt(undefined, 2, second);

    await run.look(new Date(second.getTime() + PATIENCE_MS + 29 * MINUTE_MS));

    expect(run.told).toEqual([]);
    expect(await run.end()).toBeUndefined();
  });

  it('has waited long ago where another message is missing now', async () => {
    const run = await launching();
    const arn = await run.promoted();

    await run.look(later(20));

    expect(run.woke).toMatchObject([{ step: 'deploy-model', detail: { arn } }]);
  });

  it('is not woken with the approval again while its message comes back by itself', async () => {
    const run = await launching();
    const arn = await run.promoted();
    await run.waiting('deploy-model');

    await run.look(new Date(NOW.getTime() + PATIENCE_MS + 29 * MINUTE_MS));
    expect(run.woke).toEqual([]);
    await run.look(new Date(NOW.getTime() + PATIENCE_MS + 30 * MINUTE_MS), 10 * PATIENCE_MS);

    expect(run.woke).toMatchObject([{ step: 'deploy-model', detail: { arn } }]);
  });

  it('is not woken with a rollout that waits, and when its message is lost goes on waiting, not anew', async () => {
    const run = await world();
    await run.deployment(1);
    await run.waiting('deploy-model');

    await run.look(new Date(NOW.getTime() + PATIENCE_MS + 29 * MINUTE_MS));
    expect(run.woke).toEqual([]);
    await run.look(new Date(NOW.getTime() + PATIENCE_MS + 30 * MINUTE_MS));

    expect(run.woke).toMatchObject([
      { step: 'deploy-model', detail: { arn: 'arn:package' }, waitingSince: NOW.toISOString() },
    ]);
  });
});

describe('a run that nothing comes of', () => {
  it('ends as failed, says for how long, and frees the slot', async () => {
    const run = await world();
    await run.planned(run.published);

    expect(await run.look(new Date(NOW.getTime() + STUCK_MS))).toMatchObject({ said: [`${MODEL}: give_up`] });

    const reason = 'nothing has come of it for 6 hours; the dead-letter queues and logs say why';
    expect(await run.end()).toMatchObject({ end: 'failed', reason });
    expect(await run.flight()).toBeNull();
    expect(run.told).toMatchObject([{ type: 'RunEnded.v1', data: { end: 'failed', reason } }]);
  });

  it('is not one whose training ran for longer than that, and whose end nobody has heard of yet', async () => {
    const run = await world();
    await run.planned(run.published);
    await run.prepared();
    const end = new Date(NOW.getTime() + 2 * STUCK_MS);
    await run.attempt({ TrainingJobStatus: 'Completed', TrainingEndTime: end.toISOString() });

    await run.look(new Date(end.getTime() + MINUTE_MS));

    expect(run.woke).toMatchObject([{ step: 'track-training', detail: { name: JOB } }]);
    expect(await run.end()).toBeUndefined();
  });

  it('is not one whose gate rows took longer than that to be scored', async () => {
    const run = await world();
    await run.planned(run.published);
    await run.prepared();
    await run.attempt();
    await run.trained();
    const end = new Date(NOW.getTime() + 2 * STUCK_MS);
    await run.sageMaker.create('transformJob', { TransformJobName: TRANSFORM });
    const completed = { TransformJobStatus: 'Completed', TransformEndTime: end.toISOString() };
    run.sageMaker.set('transformJob', TRANSFORM, completed);

    await run.look(new Date(end.getTime() + 14 * MINUTE_MS));
    expect(run.woke).toEqual([]);
    await run.look(new Date(end.getTime() + 15 * MINUTE_MS));
    expect(run.woke).toMatchObject([{ step: 'evaluate-model', detail: { name: TRANSFORM } }]);
    await run.evaluated(end);
    await run.look(new Date(end.getTime() + 16 * MINUTE_MS));

    expect(run.told).toMatchObject([{ type: 'ModelEvaluated.v1' }]);
    expect(await run.end()).toBeUndefined();
  });

  it('is not one that is being judged since a while ago', async () => {
    const run = await world();
    await run.planned(run.published);
    await run.prepared();
    await run.attempt();
    await run.trained();
    await run.sageMaker.create('transformJob', { TransformJobName: TRANSFORM });
    run.sageMaker.set('transformJob', TRANSFORM, { TransformJobStatus: 'Completed' });
    const begunAt = later(20).toISOString();
    await run.ledger.record(judgingSchema, keys.judging(MODEL, RUN), { model: MODEL, run: RUN, eventId: 'e', begunAt });

    await run.look(later(34));
    expect(run.woke).toEqual([]);
    await run.look(later(35));

    expect(run.woke).toMatchObject([{ step: 'evaluate-model', detail: { name: TRANSFORM } }]);
  });

  it('is one whose training ended long ago, and nothing followed', async () => {
    const run = await world();
    await run.planned(run.published);
    await run.prepared();
    const end = new Date(NOW.getTime() + 2 * STUCK_MS);
    await run.attempt({ TrainingJobStatus: 'Completed', TrainingEndTime: end.toISOString() });

    await run.look(new Date(end.getTime() + STUCK_MS));

    expect(await run.end()).toMatchObject({ end: 'failed' });
  });
});

describe('data that was judged under rules no longer in force', () => {
  const old = 'b'.repeat(64);

  /** An upload and the dataset it is, judged under some rules. */
  const delivered = async (run: Awaited<ReturnType<typeof world>>, n: number, rulesDigest: string) => {
    const dataset = await run.dataset(n, { ...run.published, rulesDigest }, [], { accepted: n % 2 === 0 });
    const key = `incoming/${MODEL}/${n}.csv`;
    await run.ledger.record(arrivalSchema, keys.arrival(MODEL, key, `v${n}`), {
      upload: { bucket: 'data', key, versionId: `v${n}` },
      sizeBytes: 10 + n,
      receivedAt: NOW.toISOString(),
      outcome: n % 2 === 0 ? 'accepted' : 'rejected',
      dataset,
      rulesDigest,
    });
    return dataset;
  };
  const woken = (run: Awaited<ReturnType<typeof world>>) =>
    run.woke.map(({ step, detail }) => `${step} ${Object(detail).key} ${Object(detail).versionId}`);

  it('is handed to validate-data with its upload, accepted or not, and what was judged under these rules is not', async () => {
    const run = await world();
    await delivered(run, 1, old);
    await delivered(run, 2, old);
    await delivered(run, 3, run.published.rulesDigest);
    await run.store.put(keys.folderPin(MODEL, `incoming/${MODEL}/f/_SUCCESS`, 'v9'), '{}');

    const outcome = await run.look();

    expect(woken(run).sort()).toEqual([
      `validate-data incoming/${MODEL}/1.csv v1`,
      `validate-data incoming/${MODEL}/2.csv v2`,
    ]);
    expect(run.woke.map(({ detail }) => Object(detail).sizeBytes).sort()).toEqual([11, 12]);
    expect(outcome).toMatchObject({ said: [`${MODEL}: 2 datasets judged anew`] });
  });

  it('is left alone where it is more than one function reads by now', async () => {
    const run = await world();
    await delivered(run, 1, old);
    const [key] = (await run.ledger.keys(keys.arrivals(MODEL))).filter((each) => !each.endsWith('-parts.json'));
    const { upload } = await run.ledger.read(arrivalSchema, key ?? '');
    const putOff = keys.putOff(MODEL, upload.key, upload.versionId, limitsDigest(LIMITS));
    const arrival = { upload, sizeBytes: 11, receivedAt: NOW.toISOString(), outcome: 'deferred' as const };
    await run.ledger.record(arrivalSchema, putOff, arrival);

    await run.look();

    expect(run.woke).toEqual([]);
  });

  it('is left alone once it has been judged under those in force', async () => {
    const run = await world();
    await delivered(run, 1, old);
    await run.dataset(1, run.published, [], { accepted: false });

    await run.look();

    expect(run.woke).toEqual([]);
  });

  it('is handed over once, however often the same bytes were uploaded', async () => {
    const run = await world();
    const dataset = await delivered(run, 1, old);
    await run.ledger.record(arrivalSchema, keys.arrival(MODEL, `incoming/${MODEL}/again.csv`, 'v7'), {
      upload: { bucket: 'data', key: `incoming/${MODEL}/again.csv`, versionId: 'v7' },
      sizeBytes: 11,
      receivedAt: NOW.toISOString(),
      outcome: 'repeated',
      dataset,
      rulesDigest: old,
    });

    await run.look();

    expect(run.woke).toHaveLength(1);
  });

  it('is handed over twenty at a look, the others at the next', async () => {
    const run = await world();
    const all = Array.from({ length: 23 }, (_, index) => index + 1);
    for (const n of all) await delivered(run, n, old);

    await run.look();
    const first = woken(run);
    expect(new Set(first).size).toBe(20);
    for (const n of all.filter((each) => first.some((line) => line.endsWith(` v${each}`)))) {
      await run.dataset(n, run.published, [], { accepted: false });
    }
    run.woke.length = 0;
    await run.look();

    expect(woken(run)).toHaveLength(3);
    expect(new Set([...first, ...woken(run)]).size).toBe(23);
  });
});

describe('endpoints that another has replaced', () => {
  const HOUR_LATER = new Date(NOW.getTime() + 60 * MINUTE_MS);

  /** Champions one after another on these endpoints, each of which is there. */
  const succession = async (...endpoints: string[]) => {
    const run = await world();
    let champion: Champion | undefined;
    for (const [index, endpointName] of endpoints.entries()) {
      champion = await run.champion({
        n: index + 1,
        run: `run-${index}`,
        definitionDigest: run.published.digest,
        endpointName,
        since: NOW.toISOString(),
      });
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

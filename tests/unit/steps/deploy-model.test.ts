import { describe, expect, it } from 'vitest';

import { type DeployRequest, deployModel } from '../../../functions/deploy-model/deploy-model.ts';
import { CapacityError, DependencyError, NotFoundError, RefusedError } from '../../../shared/errors.ts';
import { approvalSchema } from '../../../shared/evaluation/approval.ts';
import { decisionSchema } from '../../../shared/evaluation/decision.ts';
import {
  deploymentEndSchema,
  deploymentSchema,
  deploymentStartedSchema,
  refusalSchema,
  runEndSchema,
  slotSchema,
  waitingSchema,
} from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { ledgerOn } from '../../../shared/ledger/ledger.ts';
import { endRun } from '../../../shared/ledger/run-end.ts';
import type { SageMakerApi } from '../../../shared/sagemaker/resources.ts';
import { policy } from '../evaluation/decision-evidence.ts';
import { Crash, type Fuse, finishesAfterAnyCrash, fuse } from './crash.ts';
import {
  ALARMS,
  CHAMPION_RUN,
  CONFIG,
  DAYS_LATER,
  DEFINITION,
  ENDPOINT,
  loopWorld,
  MODEL,
  NOW,
  OLD_CONFIG,
  RUN,
  STAGE,
  STORE_URI,
  woken,
} from './loop-world.ts';

const PATIENCE_MS = 24 * 3_600_000;

const world = async ({ champion = false, status = 'Approved', definition = DEFINITION } = {}) => {
  const loop = loopWorld();
  const published = await loop.publish(definition);
  const reigning = champion ? await loop.champion({ endpointName: ENDPOINT, endpointConfigName: OLD_CONFIG }) : null;
  if (champion) await loop.endpoint(ENDPOINT, OLD_CONFIG);
  await loop.planned(published, reigning);
  await loop.prepared();
  const packageArn = await loop.registered(status);
  const wake = (data: DeployRequest = { packageArn }, now = NOW, through?: Fuse, eventId = 'event-1') =>
    deployModel({ ...loop.deps(through), stage: STAGE, storeUri: STORE_URI, patienceMs: PATIENCE_MS })(
      woken(data, { now, eventId }),
    );
  const ended = (n: number, outcome: 'deployed' | 'rolled-back') =>
    loop.ledger.record(deploymentEndSchema, keys.deploymentEnd(MODEL, n), {
      model: MODEL,
      n,
      outcome,
      reason: '',
      endedAt: NOW.toISOString(),
    });
  return {
    ...loop,
    packageArn,
    wake,
    ended,
    /** Wakes the step with a message that has waited for so long. */
    waited: (hours: number, now = NOW, through?: Fuse) =>
      deployModel({ ...loop.deps(through), stage: STAGE, storeUri: STORE_URI, patienceMs: PATIENCE_MS })(
        woken({ packageArn }, { now, waitingSince: new Date(now.getTime() - hours * 3_600_000) }),
      ),
    waiting: () => loop.ledger.find(waitingSchema, keys.waiting(MODEL, RUN, 'deploy-model')),
    runEnd: () => loop.ledger.find(runEndSchema, keys.end(MODEL, RUN)),
    flight: async () => (await loop.ledger.read(slotSchema, keys.slot(MODEL))).flight,
    end: (n = 1) => loop.ledger.find(deploymentEndSchema, keys.deploymentEnd(MODEL, n)),
    deployment: (n = 1) => loop.ledger.find(deploymentSchema, keys.deployment(MODEL, n)),
    started: (n = 1) => loop.ledger.find(deploymentStartedSchema, keys.deploymentStarted(MODEL, n)),
    deployments: () => loop.store.keys().filter((key) => key.startsWith(`deployments/${MODEL}/`)),
  };
};

describe('deploying an approved candidate', () => {
  it('creates the endpoint of its input where there is none, capture on, and tells', async () => {
    const run = await world();

    const outcome = await run.wake();

    expect(outcome).toEqual({ outcome: 'started' });
    expect(await run.sageMaker.describe('endpointConfig', CONFIG)).toMatchObject({
      ProductionVariants: [
        { ModelName: `mr-dev-${MODEL}-${RUN}-cand`, InstanceType: 'ml.m5.large', InitialInstanceCount: 2 },
      ],
      DataCaptureConfig: { EnableCapture: true, DestinationS3Uri: `s3://store/capture/${MODEL}/${RUN}` },
    });
    expect(await run.sageMaker.describe('endpoint', ENDPOINT)).toMatchObject({ EndpointConfigName: CONFIG });
    expect(await run.deployment()).toMatchObject({ kind: 'create', run: RUN, replaces: null, trigger: run.packageArn });
    expect(await run.started()).toEqual({ model: MODEL, n: 1, startedAt: NOW.toISOString() });
    expect(run.told).toEqual([
      {
        type: 'DeploymentStarted.v1',
        about: `${MODEL}/1`,
        data: { model: MODEL, run: RUN, deployment: 1, endpointName: ENDPOINT },
      },
    ]);
  });

  it('looks at the endpoint once, and goes on with what it saw', async () => {
    const run = await world({ champion: true });
    const deps = run.deps();
    const looked: string[] = [];
    const sageMaker: SageMakerApi = {
      ...deps.sageMaker,
      describe: (kind, name) => {
        looked.push(kind);
        return deps.sageMaker.describe(kind, name);
      },
    };

    await deployModel({ ...deps, sageMaker, stage: STAGE, storeUri: STORE_URI, patienceMs: PATIENCE_MS })(
      woken({ packageArn: run.packageArn }),
    );

    expect(await run.deployment()).toBeDefined();
    expect(looked).toEqual(['endpoint']);
  });

  it('updates the endpoint that serves the champion', async () => {
    const run = await world({ champion: true });

    await run.wake();

    expect(run.sageMaker.effects).toEqual([
      `create endpointConfig ${CONFIG}`,
      ...ALARMS.map((name) => `put alarm ${name}`),
      `update endpoint ${ENDPOINT} to ${CONFIG}`,
    ]);
    expect(await run.deployment()).toMatchObject({
      kind: 'update',
      replaces: { run: CHAMPION_RUN, endpointName: ENDPOINT, endpointConfigName: OLD_CONFIG },
    });
  });

  it('captures nothing where the definition asks for none', async () => {
    const run = await world({ definition: `${DEFINITION}deployment: { capture: 0, count: 1 }\n` });

    await run.wake();

    expect(await run.sageMaker.describe('endpointConfig', CONFIG)).not.toHaveProperty('DataCaptureConfig');
  });

  it('is asked for by the name of the run as well', async () => {
    const run = await world();

    expect(await run.wake({ model: MODEL, run: RUN })).toEqual({ outcome: 'started' });

    expect(await run.deployment()).toMatchObject({ trigger: 'event-1' });
  });

  it.each([
    ['creating', false],
    ['updating', true],
  ])('changes nothing when the event comes again, at once or days later: %s', async (_what, champion) => {
    const run = await world({ champion });
    await run.wake();
    const [before, effects] = [await run.state(), [...run.sageMaker.effects]];

    expect(await run.wake()).toEqual({ outcome: 'started' });
    expect(await run.wake(undefined, DAYS_LATER)).toEqual({ outcome: 'started' });

    expect(await run.state()).toEqual(before);
    expect(run.sageMaker.effects).toEqual(effects);
  });

  it('does not send the update again when the endpoint has come back on its old configuration', async () => {
    const run = await world({ champion: true });
    await run.wake();
    run.sageMaker.settle(ENDPOINT, 'rolled back');
    const effects = [...run.sageMaker.effects];

    await run.wake(undefined, DAYS_LATER);

    expect(run.sageMaker.effects).toEqual(effects);
  });

  it('changes nothing when the event comes again after the rollout has ended', async () => {
    const run = await world({ champion: true });
    await run.wake();
    run.sageMaker.settle(ENDPOINT, 'rolled back');
    await run.ended(1, 'rolled-back');
    const before = await run.state();

    expect(await run.wake(undefined, DAYS_LATER)).toEqual({ outcome: 'over' });

    expect(await run.state()).toEqual(before);
  });

  it.each([
    ['creating', false, 7],
    ['updating', true, 11],
  ])('comes to the same after a crash at any effect: %s', async (_what, champion, expected) => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await world({ champion });
      return { wake: (through) => run.wake(undefined, NOW, through), state: run.state };
    });

    expect(effects).toBe(expected);
  });
});

describe('an approval', () => {
  it('is only a hint: the registry is asked', async () => {
    const run = await world({ status: 'PendingManualApproval' });

    expect(await run.wake()).toEqual({ outcome: 'not_approved' });
    expect(await run.wake({ model: MODEL, run: RUN })).toEqual({ outcome: 'not_approved' });

    expect(run.sageMaker.effects).toEqual([]);
    expect(run.deployments()).toEqual([]);
  });

  it('of a version that somebody else registered is left alone', async () => {
    const run = await world();
    const theirs = await run.sageMaker.createPackage({
      ModelPackageDescription: 'our own',
      ModelApprovalStatus: 'Approved',
    });

    expect(await run.wake({ packageArn: theirs })).toEqual({ outcome: 'not_ours' });
    expect(await run.wake({ packageArn: 'arn:gone' })).toEqual({ outcome: 'not_ours' });
  });

  it('is tried again where it is earlier than the fact of the registration', async () => {
    const loop = loopWorld();
    const arn = await loop.sageMaker.createPackage({
      ModelPackageDescription: `Millrace run ${RUN} of ${MODEL}`,
      ModelApprovalStatus: 'Approved',
    });
    const deploy = deployModel({ ...loop.deps(), stage: STAGE, storeUri: STORE_URI, patienceMs: PATIENCE_MS });

    await expect(deploy(woken({ packageArn: arn }))).rejects.toThrow(NotFoundError);
  });

  it('of what is in service changes nothing', async () => {
    const run = await world();
    await run.champion({ run: RUN });

    expect(await run.wake()).toEqual({ outcome: 'in_service' });

    expect(run.sageMaker.effects).toEqual([]);
  });
});

describe('an approval that counts for nothing any more', () => {
  const held = async (some: { outcome?: 'hold' | 'reject' | 'promote'; expiresAt?: string | null } = {}) => {
    const run = await world();
    await run.ledger.record(decisionSchema, keys.decision(MODEL, RUN), {
      model: MODEL,
      run: RUN,
      outcome: some.outcome ?? 'hold',
      reasons: [{ code: 'approval_required', message: 'a person has to approve' }],
      policy: policy(),
      decidedAt: NOW.toISOString(),
    });
    await run.ledger.record(approvalSchema, keys.approval(MODEL, RUN), {
      model: MODEL,
      run: RUN,
      decision: 'approved',
      approver: 'ada',
      reference: null,
      expiresAt: some.expiresAt ?? null,
      givenAt: NOW.toISOString(),
    });
    return run;
  };

  it.each([
    [
      'it has expired while the rollout waited',
      { expiresAt: DAYS_LATER.toISOString() },
      DAYS_LATER,
      'approval_expired',
    ],
    ['the evidence has grown old', {}, new Date('2001-03-03T12:00:00.000Z'), 'evidence_too_old'],
    ['the gate had rejected', { outcome: 'reject' as const }, NOW, 'rejected_by_gate'],
  ])('deploys nothing where %s, and says why, and so it stays', async (_what, some, now, code) => {
    const run = await held(some);

    expect(await run.wake(undefined, now)).toEqual({ outcome: code });
    expect(await run.wake(undefined, NOW)).toEqual({ outcome: code });

    expect(run.sageMaker.effects).toEqual([]);
    expect(run.told[0]).toMatchObject({ type: 'CandidateHeld.v1', data: { reasons: [{ code }] } });
    expect(await run.ledger.read(refusalSchema, keys.refusal(MODEL, RUN))).toMatchObject({ code });
  });

  it('is deployed on in time, and what the gate promoted needs none', async () => {
    const inTime = await held({ expiresAt: DAYS_LATER.toISOString() });
    const promoted = await held({ outcome: 'promote' });

    expect(await inTime.wake()).toEqual({ outcome: 'started' });
    expect(await promoted.wake(undefined, new Date('2001-06-01T00:00:00.000Z'))).toEqual({ outcome: 'started' });
  });
});

describe('a candidate judged against another champion', () => {
  const outdated = async () => {
    const run = await world();
    await run.champion({ endpointName: ENDPOINT });
    return run;
  };

  it('is not deployed: it is held, the run ends, and the reason is told', async () => {
    const run = await outdated();

    const outcome = await run.wake();

    expect(outcome).toEqual({ outcome: 'champion_changed' });
    expect(run.sageMaker.effects).toEqual([]);
    expect(run.deployments()).toEqual([]);
    expect(run.told).toMatchObject([
      {
        type: 'CandidateHeld.v1',
        about: `${MODEL}/${RUN}/champion_changed`,
        data: {
          reasons: [
            {
              code: 'champion_changed',
              message: `judged against no champion, but ${CHAMPION_RUN} is in service now: start a new run`,
            },
          ],
        },
      },
      { type: 'RunEnded.v1', data: { end: 'held' } },
    ]);
    expect(await run.ledger.read(runEndSchema, keys.end(MODEL, RUN))).toMatchObject({ end: 'held' });
    expect(await run.ledger.read(slotSchema, keys.slot(MODEL))).toMatchObject({ flight: null });
  });

  it('stays refused, in the same words, whoever is champion when the event comes again', async () => {
    const run = await outdated();
    await run.wake();
    await run.champion({ n: 2, run: '20010131-aaaaaaaaaa' });
    const before = await run.state();

    expect(await run.wake(undefined, DAYS_LATER)).toEqual({ outcome: 'champion_changed' });

    expect(await run.state()).toEqual(before);
    expect(await run.ledger.read(refusalSchema, keys.refusal(MODEL, RUN))).toMatchObject({
      reason: expect.stringContaining(CHAMPION_RUN),
    });
  });

  it('is refused whole after a crash at any effect', async () => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await outdated();
      return { wake: (through) => run.wake(undefined, NOW, through), state: run.state };
    });

    expect(effects).toBe(5);
  });
});

describe('one rollout of a model at a time', () => {
  it('lets a second approval wait while another run is rolled out', async () => {
    const run = await world();
    await run.wake();
    const first = await run.ledger.read(deploymentSchema, keys.deployment(MODEL, 1));
    await run.store.put(
      keys.deployment(MODEL, 1),
      JSON.stringify({ ...first, run: CHAMPION_RUN, trigger: 'arn:another' }),
    );
    const before = await run.state();

    await expect(run.wake()).rejects.toThrow(CapacityError);

    expect((await run.state()).sageMaker).toEqual(before.sageMaker);
    expect(await run.deployment(2)).toBeUndefined();
    expect(await run.waiting()).toMatchObject({ for: `rollout 1 of ${MODEL} is not over`, since: NOW.toISOString() });
    await run.ended(1, 'rolled-back');
    run.sageMaker.settle(ENDPOINT, 'served');
    expect(await run.wake()).toEqual({ outcome: 'started' });
    expect(await run.deployment(2)).toMatchObject({ run: RUN, kind: 'update' });
  });

  it('takes a request for the run that is being rolled out for that rollout', async () => {
    const run = await world();
    await run.wake();
    const effects = [...run.sageMaker.effects];

    expect(await run.wake({ model: MODEL, run: RUN }, DAYS_LATER, undefined, 'a-request')).toEqual({
      outcome: 'started',
    });

    expect(run.sageMaker.effects).toEqual(effects);
    expect(await run.deployment(2)).toBeUndefined();
  });

  it('lets one of two approvals at the same moment have the number', async () => {
    const run = await world();
    const ledger = ledgerOn(run.store);
    const overtaken = deployModel({
      ...run.deps(),
      stage: STAGE,
      storeUri: STORE_URI,
      patienceMs: PATIENCE_MS,
      ledger: {
        ...ledger,
        record: async (schema, key, fact) => {
          if (key === keys.deployment(MODEL, 1)) {
            await run.store.put(
              key,
              JSON.stringify({ ...Object(fact), run: CHAMPION_RUN, trigger: 'arn:faster' }),
              'absent',
            );
          }
          return ledger.record(schema, key, fact);
        },
      },
    });

    await expect(overtaken(woken({ packageArn: run.packageArn }))).rejects.toThrow(CapacityError);

    expect(run.sageMaker.effects).toEqual([]);
  });

  it('waits while the endpoint is busy with something else', async () => {
    const run = await world({ champion: true });
    await run.sageMaker.updateEndpoint({ EndpointName: ENDPOINT, EndpointConfigName: 'by-hand' });

    await expect(run.wake()).rejects.toThrow(CapacityError);

    expect(await run.started()).toBeUndefined();
    run.sageMaker.settle(ENDPOINT, 'served');
    expect(await run.wake(undefined, DAYS_LATER)).toEqual({ outcome: 'started' });
    expect(await run.started()).toBeDefined();
  });
});

describe('an approval of a second version of the same run', () => {
  it('is not deployed: only the version of the ledger was decided on', async () => {
    const run = await world();
    const twin = await run.sageMaker.createPackage({
      ModelPackageDescription: `Millrace run ${RUN} of ${MODEL}`,
      ModelApprovalStatus: 'Approved',
    });
    const before = await run.state();

    expect(await run.wake({ packageArn: twin })).toEqual({ outcome: 'not_registered' });

    expect(await run.state()).toEqual(before);
    expect(run.sageMaker.effects).toEqual([`create package ${twin}`]);
  });
});

describe('an endpoint that is not as the rollout expects it', () => {
  it('is created where it is gone, though the champion was served on it', async () => {
    const run = await world({ champion: true });
    run.sageMaker.refuse('endpointConfig', new CapacityError('ResourceLimitExceeded'));
    await expect(run.wake()).rejects.toThrow(CapacityError);
    expect(await run.deployment()).toMatchObject({ kind: 'update' });
    await run.sageMaker.deleteEndpoint(ENDPOINT);
    run.sageMaker.refuse('endpointConfig', undefined);

    expect(await run.wake()).toEqual({ outcome: 'started' });

    expect(await run.sageMaker.describe('endpoint', ENDPOINT)).toMatchObject({
      EndpointConfigName: CONFIG,
      EndpointStatus: 'Creating',
    });
  });

  it('is created whole, tags and all, where it went while it was to be updated', async () => {
    const run = await world({ champion: true });
    const { sageMaker } = run.deps();
    const vanishing = deployModel({
      ...run.deps(),
      sageMaker: {
        ...sageMaker,
        updateEndpoint: async (request) => {
          await run.sageMaker.deleteEndpoint(ENDPOINT);
          return run.sageMaker.updateEndpoint(request);
        },
      },
      stage: STAGE,
      storeUri: STORE_URI,
      patienceMs: PATIENCE_MS,
    });
    await expect(vanishing(woken({ packageArn: run.packageArn }))).rejects.toThrow(`${ENDPOINT} is gone`);

    expect(await run.wake()).toEqual({ outcome: 'started' });

    expect(await run.sageMaker.describe('endpoint', ENDPOINT)).toMatchObject({
      EndpointConfigName: CONFIG,
      Tags: expect.arrayContaining([{ Key: 'millrace:run', Value: RUN }]),
    });
  });

  it('is deleted where an earlier rollout failed to create it, waited for, and made anew', async () => {
    const run = await world({ champion: true });
    run.sageMaker.set('endpoint', ENDPOINT, { EndpointStatus: 'Failed' });

    await expect(run.wake()).rejects.toThrow(CapacityError);

    expect(run.sageMaker.effects).toEqual([`create endpointConfig ${CONFIG}`, `delete endpoint ${ENDPOINT}`]);
    expect(await run.started()).toBeUndefined();
    expect(await run.waiting()).toMatchObject({ for: `${ENDPOINT} had failed and is being deleted` });
    expect(await run.waited(1, DAYS_LATER)).toEqual({ outcome: 'started' });
    expect(run.sageMaker.effects.at(-1)).toBe(`create endpoint ${ENDPOINT}`);
  });

  it.each([[true], [false]])('is waited for while it is being deleted: a champion on it: %s', async (champion) => {
    const run = await world({ champion });
    if (!champion) {
      run.sageMaker.refuse('endpointConfig', new CapacityError('ResourceLimitExceeded'));
      await expect(run.wake()).rejects.toThrow(CapacityError);
      run.sageMaker.refuse('endpointConfig', undefined);
      await run.endpoint(ENDPOINT, 'by-hand');
    }
    run.sageMaker.set('endpoint', ENDPOINT, { EndpointStatus: 'Deleting' });

    await expect(run.wake()).rejects.toThrow(`${ENDPOINT} is being deleted`);

    expect(await run.started()).toBeUndefined();
    run.sageMaker.gone(ENDPOINT);
    expect(await run.wake(undefined, DAYS_LATER)).toEqual({ outcome: 'started' });
    expect(await run.sageMaker.describe('endpoint', ENDPOINT)).toMatchObject({ EndpointConfigName: CONFIG });
  });

  it('is waited for where another update began in the same moment', async () => {
    const run = await world({ champion: true });
    const { sageMaker } = run.deps();
    const overtaken = deployModel({
      ...run.deps(),
      sageMaker: {
        ...sageMaker,
        updateEndpoint: async (request) => {
          await run.sageMaker.updateEndpoint({ EndpointName: ENDPOINT, EndpointConfigName: 'by-hand' });
          return run.sageMaker.updateEndpoint(request);
        },
      },
      stage: STAGE,
      storeUri: STORE_URI,
      patienceMs: PATIENCE_MS,
    });

    await expect(overtaken(woken({ packageArn: run.packageArn }))).rejects.toThrow(
      new CapacityError(`${ENDPOINT} is Updating`),
    );

    expect(await run.started()).toBeUndefined();
    expect(await run.runEnd()).toBeUndefined();
  });

  it('is on its way where the answer to the update was lost and the SDK sent it again', async () => {
    const run = await world({ champion: true });
    const { sageMaker } = run.deps();
    const repeated = deployModel({
      ...run.deps(),
      sageMaker: {
        ...sageMaker,
        updateEndpoint: async (request) => {
          await run.sageMaker.updateEndpoint(request);
          return run.sageMaker.updateEndpoint(request);
        },
      },
      stage: STAGE,
      storeUri: STORE_URI,
      patienceMs: PATIENCE_MS,
    });

    expect(await repeated(woken({ packageArn: run.packageArn }))).toEqual({ outcome: 'started' });

    expect(await run.started()).toBeDefined();
    expect(await run.waiting()).toBeUndefined();
  });
});

describe('a rollout that SageMaker refuses', () => {
  /** What was made at first is seen by everybody. */
  const SETTLED = new Date(NOW.getTime() + 15 * 60_000);

  const refused = async (what: 'updateEndpoint' | 'endpointConfig' | 'endpoint') => {
    const run = await world({ champion: what !== 'endpoint' });
    run.sageMaker.refuse(what, new RefusedError(`${what}: no such model`));
    return run;
  };

  it.each([['updateEndpoint'], ['endpointConfig'], ['endpoint']] as const)(
    'at its %s ends, and with it the run, in SageMaker’s words',
    async (what) => {
      const run = await refused(what);
      await expect(run.wake()).rejects.toThrow(CapacityError);

      const outcome = await run.wake(undefined, SETTLED);

      expect(outcome).toEqual({ outcome: 'refused' });
      expect(run.told).toMatchObject([
        {
          type: 'DeploymentRolledBack.v1',
          about: `${MODEL}/1`,
          data: { run: RUN, deployment: 1, endpointName: ENDPOINT, reason: `${what}: no such model` },
        },
        { type: 'RunEnded.v1', data: { end: 'failed', reason: `${what}: no such model` } },
      ]);
      expect(await run.end()).toMatchObject({ outcome: 'failed', reason: `${what}: no such model` });
      expect(await run.flight()).toBeNull();
      expect(await run.started()).toBeUndefined();
    },
  );

  it.each([['updateEndpoint'], ['endpointConfig'], ['endpoint']] as const)(
    'at its %s because what it needs is not seen yet is sent a quarter of an hour later',
    async (what) => {
      const run = await refused(what);
      await expect(run.wake()).rejects.toThrow(`may not be seen yet: ${what}: no such model`);
      run.sageMaker.refuse(what, undefined);

      expect(await run.wake(undefined, SETTLED)).toEqual({ outcome: 'started' });

      expect(await run.runEnd()).toBeUndefined();
      expect(await run.started()).toMatchObject({ startedAt: SETTLED.toISOString() });
    },
  );

  it('because its configuration has another model in it ends, and does not block the next', async () => {
    const run = await world();
    await run.sageMaker.create('endpointConfig', {
      EndpointConfigName: CONFIG,
      ProductionVariants: [{ ModelName: 'theirs' }],
    });

    expect(await run.wake()).toEqual({ outcome: 'refused' });

    expect(await run.end()).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('is something else') });
    expect(await run.flight()).toBeNull();
  });

  it('is not sent again when the event comes again', async () => {
    const run = await refused('updateEndpoint');
    await run.wake(undefined, NOW).catch(() => undefined);
    await run.wake(undefined, SETTLED);
    const before = await run.state();
    run.sageMaker.refuse('updateEndpoint', undefined);

    expect(await run.wake(undefined, DAYS_LATER)).toEqual({ outcome: 'over' });

    expect(await run.state()).toEqual(before);
  });

  it('by being slow is tried again: that is no refusal', async () => {
    const run = await world({ champion: true });
    run.sageMaker.refuse('updateEndpoint', new DependencyError('ThrottlingException'));

    await expect(run.wake()).rejects.toThrow(DependencyError);

    expect(await run.runEnd()).toBeUndefined();
    expect(await run.end()).toBeUndefined();
  });
});

describe('a rollout that waits', () => {
  const full = async ({ held = false } = {}) => {
    const run = await world({ champion: true });
    if (held) {
      const end = { model: MODEL, run: RUN, end: 'held' as const, reason: 'a person decides' };
      await endRun(run.ledger, { ...end, endedAt: NOW.toISOString() });
    }
    run.sageMaker.refuse('updateEndpoint', new CapacityError('ResourceLimitExceeded: ml.m5.large'));
    return run;
  };
  const reason = 'waited 24 hours: ml.m5.large is not to be had';

  it('says in the ledger that it does, what for, and since when: the first time stands', async () => {
    const run = await world();
    run.sageMaker.refuse('endpoint', new CapacityError('ResourceLimitExceeded: ml.m5.large'));

    await expect(run.wake()).rejects.toThrow(CapacityError);
    await expect(run.waited(23, DAYS_LATER)).rejects.toThrow(CapacityError);

    expect(await run.waiting()).toEqual({
      model: MODEL,
      run: RUN,
      step: 'deploy-model',
      for: 'ResourceLimitExceeded: ml.m5.large',
      since: NOW.toISOString(),
    });
    expect(await run.runEnd()).toBeUndefined();
    run.sageMaker.refuse('endpoint', undefined);
    expect(await run.waited(23, DAYS_LATER)).toEqual({ outcome: 'started' });
  });

  it('is given up when patience is over: rollout and run end, the slot is free, and it is told', async () => {
    const run = await full();
    run.sageMaker.refuse('updateEndpoint', undefined);
    run.sageMaker.refuse('endpointConfig', new CapacityError('ml.m5.large is not to be had'));

    const outcome = await run.waited(24);

    expect(outcome).toEqual({ outcome: 'gave_up' });
    expect(run.told).toMatchObject([
      { type: 'DeploymentRolledBack.v1', about: `${MODEL}/1`, data: { reason } },
      { type: 'RunEnded.v1', data: { end: 'failed', reason } },
    ]);
    expect(await run.end()).toMatchObject({ outcome: 'failed', reason });
    expect(await run.flight()).toBeNull();
  });

  it('leaves the end of a run alone that was held, and approved later', async () => {
    const run = await full({ held: true });
    run.sageMaker.refuse('endpointConfig', new CapacityError('ml.m5.large is not to be had'));

    expect(await run.waited(25)).toEqual({ outcome: 'gave_up' });

    expect(await run.runEnd()).toMatchObject({ end: 'held', reason: 'a person decides' });
    expect(await run.end()).toMatchObject({ outcome: 'failed' });
  });

  it('is given up whole after a crash at any effect', async () => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await world();
      run.sageMaker.refuse('endpoint', new CapacityError('ResourceLimitExceeded'));
      return { wake: (through) => run.waited(24, NOW, through), state: run.state };
    });

    expect(effects).toBe(11);
  });

  it('goes on giving up after a crash, in the same words, though SageMaker would take it by then', async () => {
    const run = await world();
    run.sageMaker.refuse('endpoint', new CapacityError('ml.m5.large is not to be had'));
    const crash: Fuse = fuse(7, 'after');
    await expect(run.waited(24, NOW, crash)).rejects.toThrow(Crash);
    run.sageMaker.refuse('endpoint', undefined);

    expect(await run.waited(200, DAYS_LATER)).toEqual({ outcome: 'gave_up' });

    expect(await run.sageMaker.describe('endpoint', ENDPOINT)).toBeUndefined();
    expect(await run.end()).toMatchObject({ outcome: 'failed', reason });
    expect(new Set(run.told.map((event) => JSON.stringify(event))).size).toBe(2);
  });
});

describe('an approval that waits for another rollout until patience is over', () => {
  const busy = async ({ held = false } = {}) => {
    const run = await world();
    await run.wake();
    const first = await run.ledger.read(deploymentSchema, keys.deployment(MODEL, 1));
    const another = { ...first, run: CHAMPION_RUN, trigger: 'arn:another' };
    await run.store.put(keys.deployment(MODEL, 1), JSON.stringify(another));
    run.told.length = 0;
    if (held) {
      const end = { model: MODEL, run: RUN, end: 'held' as const, reason: 'a person decides' };
      await endRun(run.ledger, { ...end, endedAt: NOW.toISOString() });
    }
    return run;
  };
  const reason = `waited 24 hours: rollout 1 of ${MODEL} is not over`;

  it('ends the run, and leaves the other rollout alone', async () => {
    const run = await busy();

    expect(await run.waited(24)).toEqual({ outcome: 'gave_up' });

    expect(run.told).toMatchObject([{ type: 'RunEnded.v1', data: { end: 'failed', reason } }]);
    expect(await run.runEnd()).toMatchObject({ end: 'failed', reason });
    expect(await run.end(1)).toBeUndefined();
  });

  it('is told of a run that was held: whoever approved it hears that nothing came of it', async () => {
    const run = await busy({ held: true });

    expect(await run.waited(24)).toEqual({ outcome: 'gave_up' });

    expect(run.told).toMatchObject([
      { type: 'RunEnded.v1', data: { end: 'held' } },
      {
        type: 'CandidateHeld.v1',
        about: `${MODEL}/${RUN}/gave_up`,
        data: { reasons: [{ code: 'gave_up', message: reason }] },
      },
    ]);
  });

  it.each([[false], [true]])('is not deployed when it comes again after the other rollout: held: %s', async (held) => {
    const run = await busy({ held });
    await run.waited(24);
    await run.ended(1, 'rolled-back');
    const before = await run.state();

    expect(await run.wake(undefined, DAYS_LATER)).toEqual({ outcome: 'gave_up' });

    expect(await run.state()).toEqual(before);
    expect(await run.deployment(2)).toBeUndefined();
  });

  it.each([[false], [true]])('is given up whole after a crash at any effect: held: %s', async (held) => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await busy({ held });
      return { wake: (through) => run.waited(24, NOW, through), state: run.state };
    });

    expect(effects).toBe(4);
  });
});

describe('an approval of a run that was given up before it came through', () => {
  it('deploys nothing, and finishes what the end of the run left undone', async () => {
    const run = await world();
    await run.ledger.record(runEndSchema, keys.end(MODEL, RUN), {
      model: MODEL,
      run: RUN,
      end: 'failed',
      reason: 'nothing has come of it for 6 hours',
      endedAt: NOW.toISOString(),
    });

    expect(await run.wake(undefined, DAYS_LATER)).toEqual({ outcome: 'over' });

    expect(run.sageMaker.effects).toEqual([]);
    expect(run.deployments()).toEqual([]);
    expect(await run.flight()).toBeNull();
    expect(run.types()).toEqual(['RunEnded.v1']);
  });
});

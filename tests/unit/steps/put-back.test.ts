import { describe, expect, it } from 'vitest';

import { putBack } from '../../../functions/deploy-model/put-back.ts';
import { retire } from '../../../functions/deploy-model/retire.ts';
import { CapacityError, RefusedError } from '../../../shared/errors.ts';
import {
  championSchema,
  deploymentEndSchema,
  deploymentSchema,
  deploymentStartedSchema,
  slotSchema,
} from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { rollbackAlarmNames, rollbackAlarms } from '../../../shared/rollout/rollback-alarms.ts';
import { type Fuse, finishesAfterAnyCrash } from './crash.ts';
import {
  CHAMPION_RUN,
  CONFIG,
  DAYS_LATER,
  ENDPOINT,
  loopWorld,
  MODEL,
  NOW,
  OLD_CONFIG,
  ROLLOUT,
  RUN,
  STAGE,
  STORE_URI,
  woken,
} from './loop-world.ts';

const REASON = 'it answers badly';

/** RUN has replaced CHAMPION_RUN on the same endpoint. */
const world = async () => {
  const loop = loopWorld();
  const { digest } = await loop.publish();
  const packages = [
    await loop.sageMaker.createPackage({ ModelPackageGroupName: 'g', ModelApprovalStatus: 'Approved' }),
    await loop.sageMaker.createPackage({ ModelPackageGroupName: 'g', ModelApprovalStatus: 'Approved' }),
  ] as const;
  const place = { endpointName: ENDPOINT, definitionDigest: digest };
  await loop.champion({ ...place, endpointConfigName: OLD_CONFIG, modelPackageArn: packages[0] });
  await loop.champion({ ...place, n: 2, run: RUN, endpointConfigName: CONFIG, modelPackageArn: packages[1] });
  await loop.endpoint(ENDPOINT, CONFIG);
  const request = { model: MODEL, run: RUN, reason: REASON };
  const deps = (through?: Fuse) => ({
    ...loop.deps(through),
    stage: STAGE,
    storeUri: STORE_URI,
    patienceMs: 86_400_000,
  });
  return {
    ...loop,
    packages,
    back: (data = request, now = NOW, through?: Fuse, eventId = 'a-request') =>
      putBack(deps(through))(woken(data, { now, eventId })),
    overdue: () => putBack(deps())(woken(request, { now: DAYS_LATER, eventId: 'a-request', waitingSince: NOW })),
    retire: (data = request, now = NOW, through?: Fuse) => retire(deps(through))(woken(data, { now })),
    champion: () => loop.ledger.read(championSchema, keys.champion(MODEL)),
    deployment: (n = 1) => loop.ledger.find(deploymentSchema, keys.deployment(MODEL, n)),
    approval: async (n: 0 | 1) => (await loop.sageMaker.describePackage(packages[n]))?.ModelApprovalStatus,
  };
};

describe('a rollback that somebody asks for', () => {
  it('rejects the version that goes first, and then sends the configuration before', async () => {
    const run = await world();

    expect(await run.back()).toEqual({ outcome: 'started' });

    expect(run.sageMaker.effects).toEqual([
      `update package ${run.packages[1]} to Rejected`,
      `create endpointConfig ${OLD_CONFIG}`,
      `update endpoint ${ENDPOINT} to ${OLD_CONFIG}`,
    ]);
    expect(await run.deployment()).toMatchObject({
      run: CHAMPION_RUN,
      replaces: { run: RUN, endpointConfigName: CONFIG },
      rollback: { reason: REASON },
      rollout: null,
    });
    expect(run.types()).toEqual(['DeploymentStarted.v1']);
  });

  it('comes to the same after a crash at any effect', async () => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await world();
      return { wake: (through) => run.back(undefined, NOW, through), state: run.state };
    });

    expect(effects).toBe(8);
  });

  it('changes nothing when it comes again, or after it is over', async () => {
    const run = await world();
    await run.back();
    const before = await run.state();

    expect(await run.back(undefined, DAYS_LATER)).toEqual({ outcome: 'started' });
    expect(await run.state()).toEqual(before);

    run.sageMaker.settle(ENDPOINT, 'rolled back');
    const end = { model: MODEL, n: 1, outcome: 'rolled-back' as const, reason: '', endedAt: NOW.toISOString() };
    await run.ledger.record(deploymentEndSchema, keys.deploymentEnd(MODEL, 1), end);
    expect(await run.back(undefined, DAYS_LATER)).toEqual({ outcome: 'over' });
  });

  it('takes out no other champion than the one it names', async () => {
    const run = await world();

    expect(await run.back({ model: MODEL, run: CHAMPION_RUN, reason: REASON })).toEqual({ outcome: 'not_in_service' });

    expect(run.sageMaker.effects).toEqual([]);
  });

  it('puts nothing back that was rejected since', async () => {
    const run = await world();
    await run.sageMaker.updatePackage({ ModelPackageArn: run.packages[0], ModelApprovalStatus: 'Rejected' });

    expect(await run.back()).toEqual({ outcome: 'nothing_to_put_back' });

    expect(await run.approval(1)).toBe('Approved');
  });

  it('puts nothing back that a rollback took out before', async () => {
    const run = await world();
    await run.back();
    const end = { model: MODEL, n: 1, outcome: 'deployed' as const, reason: '', endedAt: NOW.toISOString() };
    await run.ledger.record(deploymentEndSchema, keys.deploymentEnd(MODEL, 1), end);
    // Whatever the registry says of it since.
    await run.sageMaker.updatePackage({ ModelPackageArn: run.packages[1], ModelApprovalStatus: 'Approved' });
    const first = await run.ledger.read(championSchema, keys.championHistory(MODEL, 1));
    await run.ledger.point(championSchema, keys.champion(MODEL), () => ({ ...first, n: 3 }));

    const outcome = await run.back(
      { model: MODEL, run: CHAMPION_RUN, reason: REASON },
      DAYS_LATER,
      undefined,
      'another',
    );

    expect(outcome).toEqual({ outcome: 'nothing_to_put_back' });
  });

  it('waits for a rollout that is not over', async () => {
    const run = await world();
    await run.ledger.record(deploymentSchema, keys.deployment(MODEL, 4), { ...ROLLOUT, model: MODEL });

    await expect(run.back()).rejects.toThrow(CapacityError);

    expect(await run.approval(1)).toBe('Approved');
  });

  it('that SageMaker refuses is given up and told, and the endpoint is free for the next rollout', async () => {
    const run = await world();
    run.sageMaker.refuse('updateEndpoint', new RefusedError('no such thing'));
    // The configuration that was just made again may not be seen yet.
    await expect(run.back()).rejects.toThrow(CapacityError);

    expect(await run.back(undefined, new Date(NOW.getTime() + 15 * 60_000))).toEqual({ outcome: 'gave_up' });

    expect(await run.ledger.read(deploymentEndSchema, keys.deploymentEnd(MODEL, 1))).toMatchObject({
      outcome: 'failed',
      reason: `run ${CHAMPION_RUN} could not be put back: no such thing`,
    });
    expect(run.types()).toEqual(['DeploymentRolledBack.v1']);
  });

  it('is given up when the endpoint has been busy for longer than anybody waits', async () => {
    const run = await world();
    run.sageMaker.set('endpoint', ENDPOINT, { EndpointStatus: 'SystemUpdating' });
    await expect(run.back()).rejects.toThrow(CapacityError);

    expect(await run.overdue()).toEqual({ outcome: 'gave_up' });
  });
});

describe('a model that somebody retires', () => {
  it('is answered for no more before its endpoint and alarms go', async () => {
    const run = await world();
    const fleet = { stage: STAGE, model: MODEL, run: RUN, endpointName: ENDPOINT, endpointConfigName: CONFIG };
    for (const alarm of rollbackAlarms({ ...fleet, variant: 'main', latencyLimitMs: 1 })) {
      await run.cloudWatch.alarms.put(alarm);
    }
    await run.cloudWatch.dashboards.put(`mr-${STAGE}-${MODEL}`, '{}');
    run.sageMaker.effects.length = 0;

    expect(await run.retire()).toEqual({ outcome: 'retired' });
    expect(run.cloudWatch.shown.size).toBe(0);

    expect(run.sageMaker.effects).toEqual([
      `delete endpoint ${ENDPOINT}`,
      ...rollbackAlarmNames(STAGE, MODEL).map((name) => `delete alarm ${name}`),
    ]);
    expect(await run.champion()).toMatchObject({ run: RUN, retired: { at: NOW.toISOString(), reason: REASON } });
    expect(run.types()).toEqual(['ModelRetired.v1']);
  });

  it('is retired once, however often and after whatever crash', async () => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await world();
      return { wake: (through) => run.retire(undefined, NOW, through), state: run.state };
    });

    expect(effects).toBe(4);
  });

  it('is put back by a rollback, as it was', async () => {
    const run = await world();
    await run.retire();

    expect(await run.back()).toEqual({ outcome: 'started' });

    expect(await run.deployment()).toMatchObject({ run: RUN, kind: 'create', replaces: { run: RUN } });
    expect(await run.approval(1)).toBe('Approved');
  });

  it('waits for a run or a rollout that is not over, and for an endpoint that cannot be deleted', async () => {
    const run = await world();
    await run.ledger.record(deploymentSchema, keys.deployment(MODEL, 4), { ...ROLLOUT, model: MODEL });
    await expect(run.retire()).rejects.toThrow(CapacityError);
    const end = { model: MODEL, n: 4, outcome: 'failed' as const, reason: '', endedAt: NOW.toISOString() };
    await run.ledger.record(deploymentEndSchema, keys.deploymentEnd(MODEL, 4), end);
    expect(await run.champion()).not.toHaveProperty('retired');

    run.sageMaker.set('endpoint', ENDPOINT, { EndpointStatus: 'SystemUpdating' });
    await expect(run.retire()).rejects.toThrow(CapacityError);
    run.sageMaker.set('endpoint', ENDPOINT, { EndpointStatus: 'InService' });

    expect(await run.retire()).toEqual({ outcome: 'retired' });
  });

  it('waits for the run in flight', async () => {
    const run = await world();
    await run.planned(await run.publish(), null);

    await expect(run.retire()).rejects.toThrow(`run ${RUN} of ${MODEL} is not over`);

    expect((await run.ledger.read(slotSchema, keys.slot(MODEL))).flight?.run).toBe(RUN);
  });

  it('is no other than the one that is named', async () => {
    const run = await world();

    expect(await run.retire({ model: MODEL, run: CHAMPION_RUN, reason: REASON })).toEqual({
      outcome: 'not_in_service',
    });

    expect(await run.ledger.find(deploymentStartedSchema, keys.deploymentStarted(MODEL, 1))).toBeUndefined();
    expect(run.sageMaker.effects).toEqual([]);
  });
});

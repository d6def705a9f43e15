import { describe, expect, it } from 'vitest';

import { RollbackRequestedV1 } from '../../../events/index.ts';
import { endpoints } from '../../../functions/reconcile/endpoints.ts';
import { lostEvents } from '../../../functions/reconcile/lost-events.ts';
import {
  type Deployment,
  deploymentClearedSchema,
  deploymentEndSchema,
  deploymentSchema,
  deploymentStartedSchema,
} from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { loopWorld, MODEL, NOW, ROLLOUT, RUN } from './loop-world.ts';

const HOUR_MS = 3_600_000;
const later = (hours: number) => new Date(NOW.getTime() + hours * HOUR_MS);
const ENDPOINT = 'the-endpoint';

const world = async () => {
  const loop = loopWorld();
  await loop.publish();
  const woke: { step: string; event: unknown }[] = [];
  const lost = lostEvents(async (step, event) => void woke.push({ step, event }));
  const look = endpoints({ ...loop.deps(), lost, patienceMs: 24 * HOUR_MS });
  return {
    ...loop,
    woke,
    ...look,
    /** A rollout that is over, of a model and a configuration of its own. */
    async over(n: number, outcome: 'deployed' | 'rolled-back', some: Partial<Deployment> = {}) {
      const deployment = {
        ...ROLLOUT,
        n,
        endpointName: ENDPOINT,
        endpointConfigName: `config-${n}`,
        modelName: `model-${n}`,
        ...some,
      };
      await loop.ledger.record(deploymentSchema, keys.deployment(MODEL, n), deployment);
      await loop.ledger.record(deploymentStartedSchema, keys.deploymentStarted(MODEL, n), {
        model: MODEL,
        n,
        startedAt: NOW.toISOString(),
      });
      await loop.ledger.record(deploymentEndSchema, keys.deploymentEnd(MODEL, n), {
        model: MODEL,
        n,
        outcome,
        reason: '',
        endedAt: NOW.toISOString(),
      });
      await loop.sageMaker.create('endpointConfig', { EndpointConfigName: deployment.endpointConfigName });
      await loop.sageMaker.create('model', { ModelName: deployment.modelName });
      loop.sageMaker.effects.length = 0;
    },
    reign: (n: number, some = {}) =>
      loop.champion({
        n,
        run: `2001010${n}-0123456789`,
        endpointName: ENDPOINT,
        endpointConfigName: `config-${n}`,
        since: NOW.toISOString(),
        ...some,
      }),
  };
};

describe('a rollout that is over', () => {
  it('and was taken back is looked at again where the endpoint serves it all the same', async () => {
    const run = await world();
    await run.reign(1);
    await run.over(1, 'deployed');
    await run.over(2, 'rolled-back', { kind: 'update' });
    await run.endpoint(ENDPOINT, 'config-2');

    expect(await run.followRollout(MODEL, later(1))).toBe(true);

    expect(run.woke).toMatchObject([{ step: 'track-endpoint', event: { detail: { EndpointName: ENDPOINT } } }]);
  });

  it.each([
    ['was taken back, and is', 'rolled-back', 'config-1'],
    ['holds', 'deployed', 'config-2'],
  ] as const)('and %s is let be', async (_what, outcome, serves) => {
    const run = await world();
    await run.reign(1);
    await run.over(1, 'deployed');
    await run.over(2, outcome, { kind: 'update' });
    await run.endpoint(ENDPOINT, serves);

    expect(await run.followRollout(MODEL, later(1))).toBe(false);

    expect(run.woke).toEqual([]);
  });
});

describe('a rollback that was decided and not sent', () => {
  it('is asked for again, as the same rollback', async () => {
    const run = await world();
    const replaces = { run: '20010102-0123456789', endpointName: ENDPOINT, endpointConfigName: 'config-2' };
    await run.ledger.record(deploymentSchema, keys.deployment(MODEL, 4), {
      ...ROLLOUT,
      replaces,
      trigger: 'an-event',
      rollback: { reason: 'it answers badly' },
    });

    expect(await run.followRollout(MODEL, later(1))).toBe(true);

    const [woken] = run.woke;
    expect(woken?.step).toBe('deploy-model');
    const detail = RollbackRequestedV1.detail.parse(Object(woken?.event).detail);
    expect(detail).toMatchObject({
      metadata: { eventId: 'an-event' },
      data: { model: MODEL, run: replaces.run, reason: 'it answers badly' },
    });
  });
});

describe('what rollouts have left on SageMaker', () => {
  const history = async () => {
    const run = await world();
    for (const n of [1, 2]) {
      await run.reign(n);
      await run.over(n, 'deployed');
    }
    await run.over(3, 'rolled-back', { run: RUN });
    await run.reign(4, { n: 3, endpointConfigName: 'config-4' });
    await run.over(4, 'deployed');
    await run.endpoint(ENDPOINT, 'config-4');
    return run;
  };

  it('goes but for what serves, what a rollback would put back, and the models of champions', async () => {
    const run = await history();

    expect(await run.clearRollouts(MODEL, later(2))).toBe(2);

    expect(run.sageMaker.effects).toEqual([
      'delete endpointConfig config-1',
      'delete endpointConfig config-3',
      'delete model model-3',
    ]);
    expect(await run.ledger.read(deploymentClearedSchema, keys.deploymentCleared(MODEL, 3))).toMatchObject({
      removed: ['config-3', 'model-3'],
    });
    expect(await run.clearRollouts(MODEL, later(3))).toBe(0);
  });

  it('stays for an hour after the champion has changed, and while a rollout is open', async () => {
    const run = await history();

    expect(await run.clearRollouts(MODEL, later(0.5))).toBe(0);
    await run.ledger.record(deploymentSchema, keys.deployment(MODEL, 5), { ...ROLLOUT, n: 5 });
    expect(await run.clearRollouts(MODEL, later(2))).toBe(0);

    expect(run.sageMaker.effects).toEqual([]);
  });

  it('stays where an endpoint serves it, whoever did that', async () => {
    const run = await history();
    await run.sageMaker.deleteEndpoint(ENDPOINT);
    await run.endpoint(ENDPOINT, 'config-1');

    expect(await run.clearRollouts(MODEL, later(2))).toBe(1);

    expect(await run.sageMaker.describe('endpointConfig', 'config-1')).toBeDefined();
  });

  it('goes a few at a look', async () => {
    const run = await world();
    for (let n = 1; n <= 7; n += 1) await run.over(n, 'rolled-back', { run: RUN });
    await run.reign(1, { endpointConfigName: 'another' });

    expect(await run.clearRollouts(MODEL, later(2))).toBe(5);
    expect(await run.clearRollouts(MODEL, later(3))).toBe(2);
  });
});

describe('the endpoint of a model that was taken out of service', () => {
  it('goes, where it could not go at once', async () => {
    const run = await world();
    await run.reign(1, { retired: { at: NOW.toISOString(), reason: '' } });
    await run.endpoint(ENDPOINT, 'config-1');

    expect(await run.retireEndpoints(MODEL, later(2))).toBe(1);

    expect(run.sageMaker.effects).toEqual([`delete endpoint ${ENDPOINT}`]);
  });
});

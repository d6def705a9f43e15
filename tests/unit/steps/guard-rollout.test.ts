import { describe, expect, it } from 'vitest';

import { deployModel } from '../../../functions/deploy-model/deploy-model.ts';
import { CapacityError, DependencyError } from '../../../shared/errors.ts';
import { deploymentSchema, recordedRequestSchema } from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { endpointName } from '../../../shared/sagemaker/names.ts';
import {
  ALARMS,
  CONFIG,
  DAYS_LATER,
  DEFINITION,
  ENDPOINT,
  INPUT_DIGEST,
  loopWorld,
  MODEL,
  NOW,
  OLD_CONFIG,
  RUN,
  STAGE,
  STORE_URI,
  woken,
} from './loop-world.ts';

const LINEAR = 'deployment: { count: 4, traffic: { type: linear, size: 25, wait: 5m } }\n';

const world = async (deployment = LINEAR) => {
  const loop = loopWorld();
  const published = await loop.publish(`${DEFINITION}${deployment}`);
  const reigning = await loop.champion({ endpointName: ENDPOINT, endpointConfigName: OLD_CONFIG });
  await loop.endpoint(ENDPOINT, OLD_CONFIG);
  await loop.planned(published, reigning);
  await loop.prepared();
  const packageArn = await loop.registered();
  return {
    ...loop,
    wake: (now = NOW) =>
      deployModel({ ...loop.deps(), stage: STAGE, storeUri: STORE_URI, patienceMs: 86_400_000 })(
        woken({ packageArn }, { now }),
      ),
    rollout: async () => (await loop.ledger.read(deploymentSchema, keys.deployment(MODEL, 1))).rollout,
    request: async () =>
      (await loop.ledger.find(recordedRequestSchema, keys.request(MODEL, RUN, `${ENDPOINT}-1`)))?.request,
  };
};

describe('the update of an endpoint', () => {
  it('is sent when its alarms are there, and names them', async () => {
    const run = await world();

    await run.wake();

    expect(run.sageMaker.effects).toEqual([
      `create endpointConfig ${CONFIG}`,
      ...ALARMS.map((name) => `put alarm ${name}`),
      `update endpoint ${ENDPOINT} to ${CONFIG}`,
    ]);
    expect(await run.request()).toMatchObject({
      DeploymentConfig: {
        BlueGreenUpdatePolicy: {
          TrafficRoutingConfiguration: { Type: 'LINEAR', LinearStepSize: { Type: 'INSTANCE_COUNT', Value: 1 } },
        },
        AutoRollbackConfiguration: { Alarms: ALARMS.map((AlarmName) => ({ AlarmName })) },
      },
    });
  });

  it('goes by canary where the definition says nothing of it', async () => {
    const run = await world('');

    await run.wake();

    expect(await run.rollout()).toMatchObject({ type: 'canary', instances: 1, of: 2, waitSeconds: 600 });
  });

  it('says what it could see, by what the endpoint was asked in the last day', async () => {
    const run = await world();
    // Since the champion went into service on 15 January: a whole day of hours.
    run.cloudWatch.measured.set('Invocations', [12_000, 12_000]);
    run.cloudWatch.measured.set('ModelLatency', [9000, 200_000]);

    await run.wake();

    expect(await run.rollout()).toMatchObject({
      requestsPerHour: 1000,
      latencyLimitMs: 600,
      says: 'the first step of this rollout sees a 5% error rate with 66% probability at 1,000 requests an hour',
    });
    expect(run.told).toMatchObject([{ type: 'DeploymentStarted.v1', data: { sees: expect.stringContaining('66%') } }]);
  });

  it('takes the definition’s own limit of latency', async () => {
    const run = await world(`${LINEAR}evaluation: { limits: { latency_p95_ms: 40 } }\n`);
    run.cloudWatch.measured.set('ModelLatency', [200_000]);

    await run.wake();

    expect(await run.rollout()).toMatchObject({ latencyLimitMs: 40 });
    expect(run.cloudWatch.standing.get(`mr-dev-${MODEL}-rollout-latency`)).toMatchObject({ Threshold: 40_000 });
  });

  it('waits while one of its alarms is in ALARM for what went before, and is not lost', async () => {
    const run = await world();
    run.cloudWatch.set(`mr-dev-${MODEL}-rollout-probe`, 'ALARM');

    await expect(run.wake()).rejects.toThrow(CapacityError);
    const sent = run.sageMaker.effects.filter((effect) => effect.startsWith('update endpoint'));
    run.cloudWatch.set(`mr-dev-${MODEL}-rollout-probe`, 'OK');

    expect(sent).toEqual([]);
    expect(await run.wake(DAYS_LATER)).toEqual({ outcome: 'started' });
  });

  it('is not sent while CloudWatch does not show its alarms', async () => {
    const run = await world();
    run.cloudWatch.forget();

    await expect(run.wake()).rejects.toThrow(DependencyError);

    expect(run.sageMaker.effects).not.toContain(`update endpoint ${ENDPOINT} to ${CONFIG}`);
  });
});

describe('an endpoint without guardrails', () => {
  it('has no alarms: there is no old fleet to go back to', async () => {
    const run = await world();
    await run.sageMaker.deleteEndpoint(ENDPOINT);

    await run.wake();

    expect(run.cloudWatch.standing.size).toBe(0);
    expect(await run.rollout()).toBeNull();
  });

  it('has no alarms where it is serverless', async () => {
    const run = await world('deployment: { serverless: {} }\n');
    const serverless = endpointName(STAGE, MODEL, INPUT_DIGEST, 'serverless');
    await run.endpoint(serverless, 'an-older-one');

    await run.wake();

    expect(run.cloudWatch.standing.size).toBe(0);
    expect(await run.request()).toBeUndefined();
    expect(run.sageMaker.effects).toContain(`update endpoint ${serverless} to ${CONFIG}`);
  });
});

import { describe, expect, it } from 'vitest';
import { deploymentConfigOf, longestWaitSeconds, planTraffic, type Traffic } from '../../../shared/rollout/traffic.ts';
import fc from '../../fast-check.ts';

const CANARY: Traffic = { type: 'canary', size: 10, wait: 600_000 };
const ALARMS = ['an-alarm'];

const routing = (traffic: Traffic, count: number) =>
  deploymentConfigOf(planTraffic(traffic, count, null), ALARMS).BlueGreenUpdatePolicy;

describe('a rollout', () => {
  it('says what it could see, at the share of the traffic that whole instances give', () => {
    expect(planTraffic(CANARY, 10, 1000).says).toBe(
      'this canary sees a 5% error rate with 58% probability at 1,000 requests an hour',
    );
    // A tenth of two instances is one of them: half of the traffic.
    expect(planTraffic(CANARY, 2, 1000).says).toContain('with 99% probability');
  });

  it.each<[string, Traffic, number | null, RegExp]>([
    ['without traffic', CANARY, null, /golden rows: no request came/],
    ['without a wait', { type: 'all_at_once', wait: 0 }, 1000, /does not wait/],
    ['of hardly any traffic', CANARY, 1.5, /with 0% probability at 1\.5 requests an hour/],
    ['of all the traffic there is', { type: 'all_at_once', wait: 600_000 }, 6000, /^this rollout sees .* over 99%/],
    ['in steps', { type: 'linear', size: 25, wait: 300_000 }, 1000, /^the first step of this rollout sees/],
  ])('says so honestly %s', (_what, traffic, requestsPerHour, says) => {
    expect(planTraffic(traffic, 4, requestsPerHour).says).toMatch(says);
  });

  it('that waits by itself waits until a 5 % error rate is seen with 95 %, in whole minutes', () => {
    const plan = planTraffic({ ...CANARY, wait: 'auto' }, 10, 1000);

    // 59 requests of 100 an hour.
    expect(plan.waitSeconds).toBe(36 * 60);
    expect(plan.probability).toBeGreaterThanOrEqual(0.95);
    expect(planTraffic({ ...CANARY, wait: 35 * 60_000 }, 10, 1000).probability).toBeLessThan(0.95);
  });

  it('that waits by itself waits an hour at most, and says that it was not enough', () => {
    const plan = planTraffic({ ...CANARY, wait: 'auto' }, 10, 100);

    expect(plan.waitSeconds).toBe(3600);
    expect(plan.says).toMatch(/; it waits 60 minutes, the longest SageMaker allows here$/);
  });

  it('that waits by itself waits ten minutes where waiting longer would show nothing more', () => {
    expect(planTraffic({ ...CANARY, wait: 'auto' }, 10, null).waitSeconds).toBe(600);
  });
});

describe('a DeploymentConfig', () => {
  it.each<[string, Traffic, number, object]>([
    [
      'a canary',
      CANARY,
      10,
      { Type: 'CANARY', WaitIntervalInSeconds: 600, CanarySize: { Type: 'INSTANCE_COUNT', Value: 1 } },
    ],
    [
      'steps',
      { type: 'linear', size: 25, wait: 300_000 },
      8,
      { Type: 'LINEAR', WaitIntervalInSeconds: 300, LinearStepSize: { Type: 'INSTANCE_COUNT', Value: 2 } },
    ],
    ['all at once', { type: 'all_at_once', wait: 60_000 }, 3, { Type: 'ALL_AT_ONCE', WaitIntervalInSeconds: 0 }],
  ])('has %s in whole instances', (_what, traffic, count, expected) => {
    expect(routing(traffic, count).TrafficRoutingConfiguration).toEqual(expected);
  });

  it('keeps the old fleet for the wait of what goes all at once', () => {
    expect(routing({ type: 'all_at_once', wait: 60_000 }, 3).TerminationWaitInSeconds).toBe(60);
  });

  it('keeps within what SageMaker takes, whatever the definition may ask for', () => {
    const traffics = fc.oneof(
      fc.record({ type: fc.constant('canary' as const), size: fc.integer({ min: 1, max: 50 }) }),
      fc.record({ type: fc.constant('linear' as const), size: fc.integer({ min: 10, max: 50 }) }),
    );
    fc.assert(
      fc.property(traffics, fc.integer({ min: 2, max: 100 }), fc.nat(1e6), (given, count, requestsPerHour) => {
        const longest = longestWaitSeconds({ ...given, wait: 'auto' }, count);
        for (const wait of ['auto' as const, longest * 1000]) {
          const plan = planTraffic({ ...given, wait }, count, requestsPerHour);
          const policy = deploymentConfigOf(plan, ALARMS).BlueGreenUpdatePolicy;
          const { CanarySize, LinearStepSize, WaitIntervalInSeconds } = policy.TrafficRoutingConfiguration;
          const size = CanarySize?.Value ?? LinearStepSize?.Value ?? 0;
          const steps = given.type === 'canary' ? 1 : Math.ceil(count / size) - 1;

          expect(size).toBeGreaterThanOrEqual(given.type === 'linear' ? count / 10 : 1);
          expect(size).toBeLessThanOrEqual(count / 2);
          expect(WaitIntervalInSeconds).toBeLessThanOrEqual(3600);
          expect(policy.MaximumExecutionTimeoutInSeconds).toBeLessThanOrEqual(28_800);
          expect(policy.MaximumExecutionTimeoutInSeconds).toBeGreaterThan(
            steps * WaitIntervalInSeconds + policy.TerminationWaitInSeconds,
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  it('names the alarms that turn it back', () => {
    expect(deploymentConfigOf(planTraffic(CANARY, 2, null), ['a', 'b']).AutoRollbackConfiguration).toEqual({
      Alarms: [{ AlarmName: 'a' }, { AlarmName: 'b' }],
    });
  });
});

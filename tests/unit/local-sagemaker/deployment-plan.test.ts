import { describe, expect, it } from 'vitest';
import { checkDeployment, type DeploymentConfig } from '../../../local/services/sagemaker/deployment-config.ts';
import {
  instancesOf,
  planRollback,
  planSteps,
  totalWaitSeconds,
  type VariantCapacity,
} from '../../../local/services/sagemaker/deployment-plan.ts';
import fc from '../../fast-check.ts';

const fleet = (instanceCount: number, oldInstanceCount = instanceCount): VariantCapacity[] => [
  { name: 'AllTraffic', instanceCount, oldInstanceCount },
];
type Sized = { Type: 'INSTANCE_COUNT' | 'CAPACITY_PERCENT'; Value: number };
const blueGreen = (
  Type: 'ALL_AT_ONCE' | 'CANARY' | 'LINEAR',
  size: { CanarySize?: Sized; LinearStepSize?: Sized },
): DeploymentConfig => ({
  BlueGreenUpdatePolicy: {
    TrafficRoutingConfiguration: {
      Type,
      WaitIntervalInSeconds: 60,
      CanarySize: size.CanarySize,
      LinearStepSize: size.LinearStepSize,
    },
    TerminationWaitInSeconds: 30,
    MaximumExecutionTimeoutInSeconds: undefined,
  },
  RollingUpdatePolicy: undefined,
  AutoRollbackConfiguration: undefined,
});
const rolling = (size: Sized, back?: Sized): DeploymentConfig => ({
  BlueGreenUpdatePolicy: undefined,
  RollingUpdatePolicy: {
    MaximumBatchSize: size,
    WaitIntervalInSeconds: 60,
    MaximumExecutionTimeoutInSeconds: undefined,
    RollbackMaximumBatchSize: back,
  },
  AutoRollbackConfiguration: undefined,
});
const percent = (Value: number): Sized => ({ Type: 'CAPACITY_PERCENT', Value });
const instances = (Value: number): Sized => ({ Type: 'INSTANCE_COUNT', Value });
const shown = (deployment: DeploymentConfig | undefined, variants: VariantCapacity[]) =>
  planSteps(deployment, variants).map(({ variants: all, bakeSeconds }) => {
    const { newInstances, oldInstances, share } = all.get('AllTraffic') ?? {
      newInstances: 0,
      oldInstances: 0,
      share: 0,
    };
    return [newInstances, oldInstances, Math.round(share * 100), bakeSeconds];
  });

describe('the steps of a deployment', () => {
  it.each([
    ['nothing said', undefined, 4, [[4, 4, 100, 0]]],
    ['all at once', blueGreen('ALL_AT_ONCE', {}), 4, [[4, 4, 100, 30]]],
    [
      'a canary of 10 % of 2 instances, which is one of them',
      blueGreen('CANARY', { CanarySize: percent(10) }),
      2,
      [
        [1, 2, 50, 60],
        [2, 2, 100, 30],
      ],
    ],
    [
      'a linear step of 2 of 5 instances',
      blueGreen('LINEAR', { LinearStepSize: instances(2) }),
      5,
      [
        [2, 5, 40, 60],
        [4, 5, 80, 60],
        [5, 5, 100, 30],
      ],
    ],
    [
      'batches of 2 of 5 instances',
      rolling(instances(2)),
      5,
      [
        [2, 5, 29, 60],
        [4, 3, 57, 60],
        [5, 1, 83, 60],
      ],
    ],
  ] as [string, DeploymentConfig | undefined, number, number[][]][])('with %s', (_, deployment, count, expected) => {
    expect(shown(deployment, fleet(count))).toEqual(expected);
  });

  it('give the new fleet more traffic with every step, and all of its instances in the end', () => {
    const sizes = fc.record({
      Type: fc.constantFrom('INSTANCE_COUNT' as const, 'CAPACITY_PERCENT' as const),
      Value: fc.integer({ min: 1, max: 60 }),
    });
    const deployments = fc.oneof(
      sizes.map((size) => blueGreen('CANARY', { CanarySize: size })),
      sizes.map((size) => blueGreen('LINEAR', { LinearStepSize: size })),
      sizes.map((size) => rolling(size)),
    );
    const counts = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(deployments, counts, counts, (deployment, fresh, old) => {
        const variants = fleet(fresh, old);
        try {
          checkDeployment(deployment, variants, false);
        } catch {
          // What is refused is never planned.
          return;
        }

        const steps = planSteps(deployment, variants).map(({ variants: all }) => all.get('AllTraffic'));
        const shares = steps.map((step) => step?.share ?? Number.NaN);

        expect(steps.at(-1)?.newInstances).toBe(fresh);
        expect(shares).toEqual([...shares].sort((a, b) => a - b));
        for (const share of shares) expect(share).toBeGreaterThan(0);
        for (const share of shares) expect(share).toBeLessThanOrEqual(1);
        for (const step of steps) expect(step?.oldInstances).toBeGreaterThan(0);
        if (deployment.BlueGreenUpdatePolicy) {
          expect(shares.at(-1)).toBe(1);
          expect(shares[0]).toBeLessThanOrEqual(0.5);
        }
      }),
    );
  });

  it('wait as long as MaximumExecutionTimeoutInSeconds has to exceed', () => {
    expect(totalWaitSeconds(planSteps(blueGreen('LINEAR', { LinearStepSize: percent(25) }), fleet(4)))).toBe(
      3 * 60 + 30,
    );
  });
});

describe('the steps back', () => {
  const back = (deployment: DeploymentConfig, reached: number) =>
    planRollback(deployment, fleet(4), planSteps(deployment, fleet(4))[reached]).map(({ variants, bakeSeconds }) => [
      variants.get('AllTraffic')?.oldInstances,
      variants.get('AllTraffic')?.share,
      bakeSeconds,
    ]);

  it('are one for a blue/green deployment, whose old fleet is whole', () => {
    expect(back(blueGreen('CANARY', { CanarySize: percent(25) }), 1)).toEqual([[4, 0, 0]]);
  });

  it('are one for a rolling deployment, unless RollbackMaximumBatchSize says otherwise', () => {
    expect(back(rolling(instances(1)), 3)).toEqual([[4, 0, 0]]);
    expect(back(rolling(instances(1), instances(1)), 3)).toEqual([
      [2, 0.5, 60],
      [3, 0.25, 60],
      [4, 0, 0],
    ]);
  });
});

describe('a capacity size', () => {
  it('is at least one instance, and a percentage is rounded down', () => {
    expect([percent(10), percent(50), instances(3)].map((size) => instancesOf(size, 5))).toEqual([1, 2, 3]);
  });
});

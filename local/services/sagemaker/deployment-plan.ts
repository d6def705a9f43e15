/**
 * The steps by which traffic goes from the old fleet of an endpoint to the new one, as a pure function of the
 * DeploymentConfig and the instance counts (deployment-guardrails-blue-green.html, deployment-guardrails-rolling.html,
 * documented).
 */
import type { CapacitySize, DeploymentConfig } from './deployment-config.ts';

/** A variant's instances: of the new fleet, and of the old one where it differs. */
export interface VariantCapacity {
  readonly name: string;
  readonly instanceCount: number;
  /** Instances of the old fleet; those of the new one if it is not given. */
  readonly oldInstanceCount?: number;
}

/** How one variant stands during a step. */
export interface VariantStep {
  /** Instances of the new fleet that take traffic. */
  readonly newInstances: number;
  /** Instances of the old fleet that run. */
  readonly oldInstances: number;
  /** The new fleet's share of the variant's traffic, 0 to 1. */
  readonly share: number;
}

/** One shift of traffic, and the time it is watched. */
export interface DeploymentStep {
  readonly variants: ReadonlyMap<string, VariantStep>;
  readonly bakeSeconds: number;
  /** The member the wait comes from. */
  readonly wait: 'WaitIntervalInSeconds' | 'TerminationWaitInSeconds';
  /** What is turned on, in words of a StatusMessage, by variant. */
  readonly capacity: (variant: string) => string;
}

/**
 * How many instances a size stands for: CAPACITY_PERCENT is rounded down, to one instance at least (*assumed*: no page
 * says how AWS rounds).
 */
export const instancesOf = (size: CapacitySize, instanceCount: number): number =>
  size.Type === 'INSTANCE_COUNT' ? size.Value : Math.max(1, Math.floor((size.Value * instanceCount) / 100));

const ALL = 'all capacity';

const whole = (variants: readonly VariantCapacity[]): ReadonlyMap<string, VariantStep> =>
  new Map(
    variants.map(({ name, instanceCount, oldInstanceCount = instanceCount }) => [
      name,
      { newInstances: instanceCount, oldInstances: oldInstanceCount, share: 1 },
    ]),
  );

// A step's share of the traffic is its share of the instances (*assumed*: pages speak of a portion of the capacity and
// of the traffic as of one thing).
const part = (variants: readonly VariantCapacity[], instances: (variant: VariantCapacity) => number) =>
  new Map(
    variants.map((variant) => {
      const { name, instanceCount, oldInstanceCount = instanceCount } = variant;
      const on = Math.min(instanceCount, instances(variant));
      return [name, { newInstances: on, oldInstances: oldInstanceCount, share: on / instanceCount }];
    }),
  );

const described =
  (word: 'canary' | 'step' | 'batch', variants: ReadonlyMap<string, VariantStep>) =>
  (name: string): string =>
    `${word} capacity of ${variants.get(name)?.newInstances ?? 0} instance(s)`;

const blueGreen = (
  policy: NonNullable<DeploymentConfig['BlueGreenUpdatePolicy']>,
  variants: readonly VariantCapacity[],
): DeploymentStep[] => {
  const { Type, CanarySize, LinearStepSize, WaitIntervalInSeconds } = policy.TrafficRoutingConfiguration;
  const last: DeploymentStep = {
    variants: whole(variants),
    bakeSeconds: policy.TerminationWaitInSeconds ?? 0,
    wait: 'TerminationWaitInSeconds',
    capacity: () => ALL,
  };
  const before = (word: 'canary' | 'step', turnedOn: ReadonlyMap<string, VariantStep>): DeploymentStep => ({
    variants: turnedOn,
    bakeSeconds: WaitIntervalInSeconds,
    wait: 'WaitIntervalInSeconds',
    capacity: described(word, turnedOn),
  });
  if (Type === 'CANARY' && CanarySize) {
    return [
      before(
        'canary',
        part(variants, ({ instanceCount }) => instancesOf(CanarySize, instanceCount)),
      ),
      last,
    ];
  }
  if (Type === 'LINEAR' && LinearStepSize) {
    const count = Math.max(
      ...variants.map(({ instanceCount }) => Math.ceil(instanceCount / instancesOf(LinearStepSize, instanceCount))),
    );
    const steps = Array.from({ length: count - 1 }, (_, i) =>
      before(
        'step',
        part(variants, ({ instanceCount }) => (i + 1) * instancesOf(LinearStepSize, instanceCount)),
      ),
    );
    return [...steps, last];
  }
  // WaitIntervalInSeconds has no effect on ALL_AT_ONCE, where there are no two steps to wait between (*assumed*).
  return [last];
};

const rolling = (
  policy: NonNullable<DeploymentConfig['RollingUpdatePolicy']>,
  { name, instanceCount, oldInstanceCount = instanceCount }: VariantCapacity,
): DeploymentStep[] => {
  const batch = instancesOf(policy.MaximumBatchSize, instanceCount);
  // Each batch of a rolling deployment is turned on, baked, and only then as much of the old fleet is terminated
  // (API_RollingUpdatePolicy, documented). Meanwhile the instances of both fleets share the traffic evenly (*assumed*).
  const oldAfter = (turnedOn: number) => Math.max(0, Math.ceil(oldInstanceCount * (1 - turnedOn / instanceCount)));
  return Array.from({ length: Math.ceil(instanceCount / batch) }, (_, i) => {
    const newInstances = Math.min(instanceCount, (i + 1) * batch);
    const oldInstances = oldAfter(Math.min(instanceCount, i * batch));
    const variants = new Map([
      [name, { newInstances, oldInstances, share: newInstances / (newInstances + oldInstances) }],
    ]);
    return {
      variants,
      bakeSeconds: policy.WaitIntervalInSeconds,
      wait: 'WaitIntervalInSeconds',
      capacity: described('batch', variants),
    };
  });
};

/**
 * The steps of a deployment, in their order. Without a policy there is one, without a wait: "a blue/green deployment
 * strategy with all at once traffic shifting by default" (API_DeploymentConfig, documented).
 */
export const planSteps = (
  deployment: DeploymentConfig | undefined,
  variants: readonly VariantCapacity[],
): DeploymentStep[] => {
  const [first] = variants;
  if (deployment?.RollingUpdatePolicy && first) return rolling(deployment.RollingUpdatePolicy, first);
  if (deployment?.BlueGreenUpdatePolicy) return blueGreen(deployment.BlueGreenUpdatePolicy, variants);
  return [{ variants: whole(variants), bakeSeconds: 0, wait: 'TerminationWaitInSeconds', capacity: () => ALL }];
};

/**
 * The steps back, from one a deployment has come to. A blue/green deployment still has its whole old fleet and goes
 * back at once; a rolling one brings back what it terminated in batches of RollbackMaximumBatchSize, 100 % by default
 * (API_RollingUpdatePolicy, documented). That WaitIntervalInSeconds lies between the batches of a rollback is
 * *assumed*.
 *
 * @returns The step that ends with the old fleet as it was comes last; its new fleet takes no traffic.
 */
export const planRollback = (
  deployment: DeploymentConfig | undefined,
  variants: readonly VariantCapacity[],
  reached: DeploymentStep | undefined,
): DeploymentStep[] => {
  const policy = deployment?.RollingUpdatePolicy;
  const back = (oldInstances: (name: string, whole: number) => number, bakeSeconds: number): DeploymentStep => ({
    variants: new Map(
      variants.map(({ name, instanceCount, oldInstanceCount = instanceCount }) => {
        const old = oldInstances(name, oldInstanceCount);
        const share = 1 - old / oldInstanceCount;
        return [name, { newInstances: Math.ceil(share * instanceCount), oldInstances: old, share }];
      }),
    ),
    bakeSeconds,
    wait: 'WaitIntervalInSeconds',
    capacity: () => ALL,
  });
  const last = back((_, all) => all, 0);
  const [variant] = variants;
  if (!policy?.RollbackMaximumBatchSize || !variant || !reached) return [last];
  const all = variant.oldInstanceCount ?? variant.instanceCount;
  const batch = instancesOf(policy.RollbackMaximumBatchSize, all);
  const steps: DeploymentStep[] = [];
  for (let old = (reached.variants.get(variant.name)?.oldInstances ?? all) + batch; old < all; old += batch) {
    steps.push(back(() => old, policy.WaitIntervalInSeconds));
  }
  return [...steps, last];
};

/** What the waits of all steps come to, in seconds. */
export const totalWaitSeconds = (steps: readonly DeploymentStep[]): number =>
  steps.reduce((sum, { bakeSeconds }) => sum + bakeSeconds, 0);

/**
 * How traffic goes to a new fleet: in instances, so that SageMaker has nothing to round, with the share of the traffic
 * that follows from them.
 */
import { detectability } from './detectability.ts';

/** `deployment.traffic` of a definition. Sizes are percentages of the fleet. */
export type Traffic =
  | { readonly type: 'all_at_once'; readonly wait: number | 'auto' }
  | { readonly type: 'canary' | 'linear'; readonly size: number; readonly wait: number | 'auto' };

/** What a rollout does, and what it could see. */
export interface TrafficPlan {
  readonly type: Traffic['type'];
  /** Instances of the new fleet that take traffic in the first step, of so many. */
  readonly instances: number;
  readonly of: number;
  /** How long each step bakes. */
  readonly waitSeconds: number;
  /** Of the last day; null where no request came. */
  readonly requestsPerHour: number | null;
  /** The probability that an error rate of {@link SEEN_ERROR_RATE} is seen in the first step; null without traffic. */
  readonly probability: number | null;
  /** The same for a person. */
  readonly says: string;
}

/** The error rate by which a rollout says how well it sees. */
export const SEEN_ERROR_RATE = 0.05;

/** `wait: auto` waits until {@link SEEN_ERROR_RATE} is seen with this probability. */
export const WANTED_PROBABILITY = 0.95;

/** WaitIntervalInSeconds and TerminationWaitInSeconds, at most. Source: TrafficRoutingConfig, API reference. */
export const LONGEST_WAIT_SECONDS = 3600;

/** MaximumExecutionTimeoutInSeconds, at most. Source: BlueGreenUpdatePolicy, API reference. */
export const LONGEST_ROLLOUT_SECONDS = 28_800;

/** The least that `wait: auto` waits: an alarm of one-minute periods needs some of them. */
const SHORTEST_AUTO_SECONDS = 300;

/** What `wait: auto` waits where no request came: waiting longer would show nothing more. */
const QUIET_AUTO_SECONDS = 600;

/**
 * How long the old fleet is kept once the new one takes everything, so that what shows only then, or in the alarms' last
 * minute, goes back at once.
 */
const AFTERMATH_SECONDS = 180;

/** For starting a fleet: its images, its model, its checks. */
const START_SECONDS = 3600;

const MINUTE_SECONDS = 60;

/**
 * A percentage of a fleet in whole instances: at least one and at most half, and of a linear step at least a tenth.
 * Source: TrafficRoutingConfig, API reference.
 */
const instancesOf = (percent: number, count: number, least: number): number =>
  Math.max(1, Math.ceil(least * count), Math.min(Math.floor(count / 2), Math.round((percent * count) / 100)));

const firstStep = (traffic: Traffic, count: number): number => {
  if (traffic.type === 'all_at_once') return count;
  return instancesOf(traffic.size, count, traffic.type === 'linear' ? 0.1 : 0);
};

/** How many steps bake before everything has moved. */
const stepsBefore = ({ type, instances, of }: Pick<TrafficPlan, 'type' | 'instances' | 'of'>): number =>
  type === 'all_at_once' ? 0 : type === 'canary' ? 1 : Math.ceil(of / instances) - 1;

/** The waits of a rollout together, in seconds. */
const waitsOf = (plan: Pick<TrafficPlan, 'type' | 'instances' | 'of' | 'waitSeconds'>): number =>
  stepsBefore(plan) * plan.waitSeconds + (plan.type === 'all_at_once' ? plan.waitSeconds : AFTERMATH_SECONDS);

/** The longest wait whose steps SageMaker still lets a rollout take, in seconds. */
export const longestWaitSeconds = (traffic: Traffic, count: number): number => {
  const steps = Math.max(1, stepsBefore({ type: traffic.type, instances: firstStep(traffic, count), of: count }));
  return Math.min(
    LONGEST_WAIT_SECONDS,
    Math.floor((LONGEST_ROLLOUT_SECONDS - START_SECONDS - AFTERMATH_SECONDS) / steps),
  );
};

const probabilityOf = (requestsPerHour: number, canaryShare: number, waitSeconds: number): number =>
  detectability({ requestsPerHour, canaryShare, bakeMs: waitSeconds * 1000, errorRate: SEEN_ERROR_RATE });

/** The shortest wait in whole minutes after which the wanted probability is reached, or the longest there is. */
const autoSeconds = (requestsPerHour: number | null, share: number, longest: number): number => {
  if (requestsPerHour === null) return Math.min(QUIET_AUTO_SECONDS, longest);
  for (let seconds = SHORTEST_AUTO_SECONDS; seconds < longest; seconds += MINUTE_SECONDS) {
    if (probabilityOf(requestsPerHour, share, seconds) >= WANTED_PROBABILITY) return seconds;
  }
  return longest;
};

const percent = (share: number): string => {
  const rounded = Math.round(share * 100);
  // "With 100 % probability" would be a promise.
  return share < 1 && rounded === 100 ? 'over 99%' : share > 0 && rounded === 0 ? 'under 1%' : `${rounded}%`;
};

const STEPS = { all_at_once: 'this rollout', canary: 'this canary', linear: 'the first step of this rollout' } as const;

const sentence = (plan: Omit<TrafficPlan, 'says'>, isAuto: boolean, longest: number): string => {
  const what = STEPS[plan.type];
  if (plan.waitSeconds === 0) {
    return `${what} does not wait: an error rate is seen by nobody before every request has it`;
  }
  if (plan.requestsPerHour === null || plan.probability === null) {
    return `${what} sees nothing but the golden rows: no request came in the last day`;
  }
  const rate = plan.requestsPerHour.toLocaleString('en-US', {
    maximumFractionDigits: plan.requestsPerHour < 10 ? 1 : 0,
  });
  const sees = `${what} sees a ${percent(SEEN_ERROR_RATE)} error rate with ${percent(plan.probability)} probability at ${rate} requests an hour`;
  const isShort = isAuto && plan.waitSeconds === longest && plan.probability < WANTED_PROBABILITY;
  return isShort ? `${sees}; it waits ${longest / 60} minutes, the longest SageMaker allows here` : sees;
};

/**
 * Plans how traffic goes to a fleet of `count` instances.
 * @param requestsPerHour Of the whole endpoint, over the last day; null where none came.
 */
export const planTraffic = (traffic: Traffic, count: number, requestsPerHour: number | null): TrafficPlan => {
  const instances = firstStep(traffic, count);
  const share = instances / count;
  const longest = longestWaitSeconds(traffic, count);
  const waitSeconds =
    traffic.wait === 'auto' ? autoSeconds(requestsPerHour, share, longest) : Math.round(traffic.wait / 1000);
  const plan = {
    type: traffic.type,
    instances,
    of: count,
    waitSeconds,
    requestsPerHour,
    probability: requestsPerHour === null ? null : probabilityOf(requestsPerHour, share, waitSeconds),
  };
  return { ...plan, says: sentence(plan, traffic.wait === 'auto', longest) };
};

const ROUTING = { all_at_once: 'ALL_AT_ONCE', canary: 'CANARY', linear: 'LINEAR' } as const;

/** DeploymentConfig of UpdateEndpoint. Source: DeploymentConfig, API reference. */
export const deploymentConfigOf = (plan: TrafficPlan, alarmNames: readonly string[]) => {
  const size = { Type: 'INSTANCE_COUNT' as const, Value: plan.instances };
  const isStaged = plan.type !== 'all_at_once';
  return {
    BlueGreenUpdatePolicy: {
      TrafficRoutingConfiguration: {
        Type: ROUTING[plan.type],
        WaitIntervalInSeconds: isStaged ? plan.waitSeconds : 0,
        ...(plan.type === 'canary' && { CanarySize: size }),
        ...(plan.type === 'linear' && { LinearStepSize: size }),
      },
      TerminationWaitInSeconds: isStaged ? AFTERMATH_SECONDS : plan.waitSeconds,
      MaximumExecutionTimeoutInSeconds: Math.min(LONGEST_ROLLOUT_SECONDS, waitsOf(plan) + START_SECONDS),
    },
    AutoRollbackConfiguration: { Alarms: alarmNames.map((AlarmName) => ({ AlarmName })) },
  };
};

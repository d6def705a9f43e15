import { type Cloud, ServiceError } from '../../contracts.ts';

/** What instances are for: each purpose has a quota of its own for each instance type. */
export type Purpose = 'training job' | 'spot training job' | 'transform job' | 'endpoint';

/** What this account may use of SageMaker. */
export interface QuotaSettings {
  /**
   * Instances by the name that AWS's Service Quotas has: `{ 'ml.m5.xlarge for training job usage': 2 }`; others are
   * `spot training job usage`, `transform job usage` and `endpoint usage`.
   */
  readonly instances?: Readonly<Record<string, number>>;
  /**
   * Instances of each type and purpose that `instances` does not name. 20 by default; the quotas of a real account are
   * its own, and 0 for many types where it is new.
   */
  readonly otherInstances?: number;
  /** CreateTrainingJob requests a second. By default 1, and no limit while the clock stands. */
  readonly trainingJobsPerSecond?: number;
  /** How many of these may come at once. 5 by default. */
  readonly trainingJobsAtOnce?: number;
}

/** Instances that are in use until they are given back. */
export interface Lease {
  /** Gives them back, once. */
  release(): void;
}

/** What is in use of the account's quotas. */
export interface Quotas {
  /** @throws ServiceError `ResourceLimitExceeded` when there are not that many left. */
  take(purpose: Purpose, instanceType: string, count: number): Lease;
  /** @throws ServiceError as {@link Quotas.take}; takes nothing. */
  check(purpose: Purpose, instanceType: string, count: number): void;
  /** Calls back after instances have been given back. */
  onRelease(callback: () => void): void;
  /** Counts one CreateTrainingJob. @throws ServiceError `ThrottlingException` when they come too fast. */
  admitTrainingJob(): void;
}

// An account's quotas differ by type; 20 of each type and purpose is *assumed* as one that seldom binds.
const OTHER_INSTANCES = 20;
// CreateTrainingJob has a default rate of 1 a second (docs.aws.amazon.com/sagemaker/latest/dg/feature-store-feature-processor-quotas.html,
// documented). How many may come at once is *assumed*.
const JOBS_PER_SECOND = 1;
const JOBS_AT_ONCE = 5;

/** @throws Error for a quota that is not a whole number, or a name that no quota has. */
export const createQuotas = (cloud: Pick<Cloud, 'clock'>, settings: QuotaSettings = {}): Quotas => {
  const { clock } = cloud;
  const given = settings.instances ?? {};
  for (const [name, limit] of Object.entries(given)) {
    if (!/^ml\.\S+ for (training job|spot training job|transform job|endpoint) usage$/.test(name))
      throw new Error(`${JSON.stringify(name)} names no quota: expected 'ml.m5.xlarge for training job usage'`);
    if (!Number.isInteger(limit) || limit < 0) throw new Error(`the quota of ${name} is ${limit}, not a whole number`);
  }
  const used = new Map<string, number>();
  const callbacks: (() => void)[] = [];

  const check = (quota: string, count: number) => {
    const limit = given[quota] ?? settings.otherInstances ?? OTHER_INSTANCES;
    const current = used.get(quota) ?? 0;
    if (current + count <= limit) return;
    // The words are those of public issues (github.com/aws-samples/sagemaker-custom-project-templates/issues/51); that
    // Service Quotas is named in them is *assumed* of newer ones.
    throw new ServiceError(
      'ResourceLimitExceeded',
      `The account-level service limit '${quota}' is ${limit} Instances, with current utilization of ${current} Instances and a request delta of ${count} Instances. Please use AWS Service Quotas to request an increase for this quota. If AWS Service Quotas is not available, contact AWS support to request an increase for this quota.`,
    );
  };
  const nameOf = (purpose: Purpose, instanceType: string) => `${instanceType} for ${purpose} usage`;

  // A bucket of tokens that fills by the cloud's clock. While a clock stands no time passes between two requests that
  // lie seconds apart on AWS: unless a rate was asked for, there is none then.
  const rate = settings.trainingJobsPerSecond;
  const size = settings.trainingJobsAtOnce ?? JOBS_AT_ONCE;
  let tokens = size;
  let filledMs = clock.ms();

  return {
    take(purpose, instanceType, count) {
      const quota = nameOf(purpose, instanceType);
      check(quota, count);
      used.set(quota, (used.get(quota) ?? 0) + count);
      let held = true;
      return {
        release() {
          if (!held) return;
          held = false;
          used.set(quota, (used.get(quota) ?? 0) - count);
          for (const callback of callbacks) callback();
        },
      };
    },
    check: (purpose, instanceType, count) => check(nameOf(purpose, instanceType), count),
    onRelease: (callback) => void callbacks.push(callback),
    admitTrainingJob() {
      if (rate === undefined && !clock.flows) return;
      const passedMs = Math.max(0, clock.ms() - filledMs);
      filledMs = clock.ms();
      tokens = Math.min(size, tokens + (passedMs / 1000) * (rate ?? JOBS_PER_SECOND));
      // ThrottlingException "Rate exceeded" over HTTP 400 (repost.aws, sagemaker-python-throttlingexception, documented).
      if (tokens < 1) throw new ServiceError('ThrottlingException', 'Rate exceeded');
      tokens -= 1;
    },
  };
};

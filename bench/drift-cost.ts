/**
 * What watching a model's drift costs a month, from what was measured. List prices of us-east-1 in US dollars, without free
 * tiers; they change, so look before you rely on them: https://aws.amazon.com/lambda/pricing, /s3/pricing, /sqs/pricing,
 * /eventbridge/pricing, /cloudwatch/pricing.
 */

/** Lambda on arm64; S3 Standard. */
const PRICES = {
  gbSecond: 0.000_013_333_4,
  invocation: 0.2e-6,
  get: 0.4e-6,
  putOrList: 5e-6,
  queueRequest: 0.4e-6,
  customEvent: 1e-6,
  metric: 0.3,
  alarm: 0.1,
} as const;

/** detect-drift has 1,024 MB, and 1,769 MB are one vCPU. Source: Lambda guide, "Configure Lambda function memory". */
const MEMORY_GB = 1;
const VCPU = 1024 / 1769;
/** A cold start with its imports; the upper end of what the local runs show. */
const START_SECONDS = 1.5;

const DAYS = 30;
const LOOKS_A_DAY = 96;

/** What one window took. */
export interface WindowWork {
  readonly cpuSeconds: number;
  readonly files: number;
}

/** Dollars a month for so many windows a day, without CloudWatch. */
export function monthlyCost(windowsADay: number, { cpuSeconds, files }: WindowWork): number {
  const seconds = cpuSeconds / VCPU + START_SECONDS;
  const window =
    seconds * MEMORY_GB * PRICES.gbSecond +
    PRICES.invocation +
    // Facts it reads: definition, two champions, input, two baselines, its own fact; and the files.
    (files + 7) * PRICES.get +
    // Two listings; the profile, the fact, and the pointer of reconcile.
    5 * PRICES.putOrList +
    // Sent, received, deleted.
    3 * PRICES.queueRequest +
    2 * PRICES.customEvent;
  // Champion, definition, pointer and the fact of the window that is due.
  const looks = LOOKS_A_DAY * 4 * PRICES.get;
  return DAYS * (windowsADay * window + looks);
}

/** A queue's pollers ask whether or not anything comes: five of them, each every twenty seconds. Source: Lambda guide, SQS. */
export const pollingCost = (): number => DAYS * 86_400 * (5 / 20) * PRICES.queueRequest;

/** Dollars a month of the four metrics and seven alarms of a model. */
export const cloudWatchCost = (): number => 4 * PRICES.metric + 7 * PRICES.alarm;

/**
 * The share of a minute's requests that may fail before the rollback alarms go off. A rate and not a count, so that a
 * client's odd bad request on a busy endpoint turns nothing back; on a quiet one, below 100 requests a minute, a single
 * failed request is more than this share already.
 */
export const ERROR_LIMIT = 0.01;

/** What a new fleet gets to see before it takes everything. */
export interface Canary {
  /** Of the whole endpoint. */
  readonly requestsPerHour: number;
  /** The new fleet's share of them, 0 to 1. */
  readonly canaryShare: number;
  readonly bakeMs: number;
  /** The share of requests that the new model fails, 0 to 1. */
  readonly errorRate: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** P(X > limit) of a binomial X, by its terms in order; the terms are kept as logarithms, so that none underflows. */
const above = (limit: number, trials: number, rate: number): number => {
  if (rate >= 1) return trials > limit ? 1 : 0;
  let logTerm = trials * Math.log1p(-rate);
  let below = Math.exp(logTerm);
  for (let k = 1; k <= Math.min(limit, trials); k += 1) {
    logTerm += Math.log((trials - k + 1) / k) + Math.log(rate) - Math.log1p(-rate);
    below += Math.exp(logTerm);
  }
  return Math.min(1, Math.max(0, 1 - below));
};

/**
 * The probability that a rollback alarm goes off while a new fleet bakes that fails a share of its requests: that at least
 * one minute has more than {@link ERROR_LIMIT} of failed requests, requests being independent and evenly spread. Below 100
 * requests a minute that is the probability of at least one failed request, 1 - (1 - errorRate)^n.
 *
 * @throws RangeError for shares outside 0 to 1 and negative times or requests.
 */
export const detectability = ({ requestsPerHour, canaryShare, bakeMs, errorRate }: Canary): number => {
  const isShare = (value: number) => value >= 0 && value <= 1;
  if (!isShare(canaryShare) || !isShare(errorRate) || !(requestsPerHour >= 0) || !(bakeMs >= 0)) {
    throw new RangeError('shares lie between 0 and 1, requests and times are not negative');
  }
  const requests = Math.round((requestsPerHour * canaryShare * bakeMs) / HOUR_MS);
  if (requests === 0 || errorRate === 0) return 0;
  const minutes = Math.max(1, Math.floor(bakeMs / MINUTE_MS));
  const perMinute = requests / minutes;
  if (perMinute * ERROR_LIMIT < 1) return -Math.expm1(requests * Math.log1p(-errorRate));
  const inOne = above(Math.floor(ERROR_LIMIT * perMinute), Math.round(perMinute), errorRate);
  return 1 - (1 - inOne) ** minutes;
};

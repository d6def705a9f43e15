/**
 * What an hour of an instance costs, in US dollars: the list prices of us-east-1, training, hosting, processing and
 * transform alike. Other regions and contracts differ; these are for estimates that keep spending within bounds, not for
 * bills. Source: Amazon SageMaker AI pricing, as public price tables agree on it, November 2026.
 */
const DOLLARS_PER_HOUR: ReadonlyMap<string, number> = new Map([
  ['ml.m5.large', 0.115],
  ['ml.m5.xlarge', 0.23],
  ['ml.m5.2xlarge', 0.461],
  ['ml.m5.4xlarge', 0.922],
  ['ml.c5.xlarge', 0.204],
]);

/** Undefined where no price is known: nothing is guessed. */
export const dollarsPerHour = (instance: string): number | undefined => DOLLARS_PER_HOUR.get(instance);

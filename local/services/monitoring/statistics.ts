/**
 * What a statistic makes of the values of one period. Source:
 * docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html (documented).
 */

/** What is known of the values that fall into one period. */
export interface Samples {
  readonly sampleCount: number;
  readonly sum: number;
  readonly minimum: number;
  readonly maximum: number;
  /** How often each value came; undefined when only a summary was published. */
  readonly values: ReadonlyMap<number, number> | undefined;
}

export const STATISTICS = ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum'] as const;
export type Statistic = (typeof STATISTICS)[number];

export const isStatistic = (name: string): name is Statistic => STATISTICS.some((each) => each === name);

/** Gives a statistic's value; undefined where the data does not allow it. */
export type StatisticOf = (samples: Samples) => number | undefined;

const PLAIN: Readonly<Record<Statistic, StatisticOf>> = {
  SampleCount: ({ sampleCount }) => sampleCount,
  Average: ({ sum, sampleCount }) => sum / sampleCount,
  Sum: ({ sum }) => sum,
  Minimum: ({ minimum }) => minimum,
  Maximum: ({ maximum }) => maximum,
};

/** Values in rising order with the number of samples up to and including each. */
interface Ranked {
  readonly value: number;
  readonly count: number;
  readonly upTo: number;
}

const ranked = ({ values, sampleCount, sum, minimum, maximum }: Samples): readonly Ranked[] | undefined => {
  let known = values;
  // Percentiles of a published summary are there only if it was of one value, or of equal ones
  // (docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html, documented).
  if (!known && minimum === maximum && Math.abs(sum - minimum * sampleCount) < 1e-9 * Math.max(1, Math.abs(sum)))
    known = new Map([[minimum, sampleCount]]);
  if (!known) return undefined;
  let upTo = 0;
  return [...known]
    .sort(([a], [b]) => a - b)
    .map(([value, count]) => {
      upTo += count;
      return { value, count, upTo };
    });
};

/**
 * The value below which a share of the samples lies: the first whose rank reaches it. That CloudWatch, which keeps
 * approximations of distributions, gives the nearest rank is *assumed*.
 */
const percentile = (ranks: readonly Ranked[], percent: number): number | undefined => {
  const total = ranks.at(-1)?.upTo ?? 0;
  return ranks.find(({ upTo }) => upTo >= (percent / 100) * total)?.value ?? ranks.at(-1)?.value;
};

/** A band of values, or of percentiles. */
interface Band {
  readonly kind: 'value' | 'percent';
  readonly low: number | undefined;
  readonly high: number | undefined;
}

/** The samples of a band: lower bound left out, upper bound included, as for `TM(80:90)` (documented). */
const within = (ranks: readonly Ranked[], { kind, low, high }: Band): readonly Ranked[] => {
  const total = ranks.at(-1)?.upTo ?? 0;
  if (kind === 'value')
    return ranks.filter(({ value }) => (low === undefined || value > low) && (high === undefined || value <= high));
  const from = ((low ?? 0) / 100) * total;
  const to = ((high ?? 100) / 100) * total;
  return ranks.flatMap(({ value, count, upTo }) => {
    const held = Math.min(upTo, to) - Math.max(upTo - count, from);
    return held > 0 ? [{ value, count: held, upTo }] : [];
  });
};

const countOf = (ranks: readonly Ranked[]) => ranks.reduce((total, { count }) => total + count, 0);
const sumOf = (ranks: readonly Ranked[]) => ranks.reduce((total, { value, count }) => total + value * count, 0);

/** Values outside the band count as the band's edge. */
const winsorized = (ranks: readonly Ranked[], band: Band): number | undefined => {
  const edge = (bound: number | undefined) =>
    bound === undefined ? undefined : band.kind === 'value' ? bound : percentile(ranks, bound);
  const low = edge(band.low) ?? Number.NEGATIVE_INFINITY;
  const high = edge(band.high) ?? Number.POSITIVE_INFINITY;
  const total = countOf(ranks);
  return total === 0
    ? undefined
    : ranks.reduce((sum, { value, count }) => sum + Math.min(high, Math.max(low, value)) * count, 0) / total;
};

const BANDED: Readonly<Record<string, (ranks: readonly Ranked[], band: Band) => number | undefined>> = {
  tm: (ranks, band) => {
    const held = within(ranks, band);
    const count = countOf(held);
    return count === 0 ? undefined : sumOf(held) / count;
  },
  tc: (ranks, band) => countOf(within(ranks, band)),
  ts: (ranks, band) => sumOf(within(ranks, band)),
  wm: winsorized,
  pr: (ranks, band) => {
    const total = countOf(ranks);
    return total === 0 ? undefined : (100 * countOf(within(ranks, band))) / total;
  },
};

const NUMBER = String.raw`-?\d+(?:\.\d{1,10})?`;
const SIMPLE = /^(p|tm|tc|ts|wm)(\d{1,2}(?:\.\d{1,10})?|100)$/;
const BAND = new RegExp(`^(tm|tc|ts|wm|pr)\\((${NUMBER}%?)?:(${NUMBER}%?)?\\)$`);

const readBand = (low: string | undefined, high: string | undefined): Band | undefined => {
  const given = [low, high].filter((bound) => bound !== undefined);
  const percents = given.filter((bound) => bound.endsWith('%')).length;
  if (given.length === 0 || (percents > 0 && percents < given.length)) return undefined;
  const bound = (text: string | undefined) => (text === undefined ? undefined : Number(text.replace('%', '')));
  return { kind: percents > 0 ? 'percent' : 'value', low: bound(low), high: bound(high) };
};

/**
 * Finds a statistic by its name: one of the plain five, a percentile (`p99.9`), `IQM`, or trimmed mean, count and sum,
 * winsorized mean and percentile rank (`tm90`, `TM(10%:90%)`, `PR(:300)`).
 * @returns undefined when there is no such statistic.
 */
export const findStatistic = (name: string): StatisticOf | undefined => {
  if (isStatistic(name)) return PLAIN[name];
  const lower = name.toLowerCase();
  const onRanks =
    (of: (ranks: readonly Ranked[]) => number | undefined): StatisticOf =>
    (samples) => {
      const ranks = ranked(samples);
      return ranks && of(ranks);
    };
  // The interquartile mean is the trimmed mean of the middle half (documented).
  if (lower === 'iqm') return onRanks((ranks) => BANDED.tm?.(ranks, { kind: 'percent', low: 25, high: 75 }));
  const [, simple, percent] = SIMPLE.exec(lower) ?? [];
  if (simple === 'p') return onRanks((ranks) => percentile(ranks, Number(percent)));
  if (simple !== undefined) {
    const banded = BANDED[simple];
    return banded && onRanks((ranks) => banded(ranks, { kind: 'percent', low: undefined, high: Number(percent) }));
  }
  const [, operation = '', low, high] = BAND.exec(lower) ?? [];
  const banded = BANDED[operation];
  const band = readBand(low, high);
  if (!banded || !band || (operation === 'pr' && band.kind === 'percent')) return undefined;
  return onRanks((ranks) => banded(ranks, band));
};

/**
 * How many samples a percentile needs to mean something: 10/(1-p) from the median up, 10/p below
 * (docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html, documented).
 * @returns undefined for a statistic that is no percentile.
 */
export const samplesNeeded = (name: string): number | undefined => {
  const share = /^p(\d[\d.]*)$/.exec(name.toLowerCase())?.[1];
  if (share === undefined) return undefined;
  const percent = Number(share);
  return percent >= 50 ? 1000 / (100 - percent) : 1000 / percent;
};

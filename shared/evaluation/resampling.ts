import { sampler } from './bootstrap.ts';
import type { Clusters } from './clusters.ts';
import { type Estimate, LEAST_CLUSTERS, type NoEstimate, tooFewClusters } from './estimate.ts';
import type { Interval } from './intervals.ts';
import { quantileOfSorted } from './quantile.ts';
import { sortAscending } from './radix-sort.ts';
import { type RandomStream, randomStream } from './random.ts';
import { type Totals, totalsOf } from './resampled-figures.ts';
import type { Answers, Sample } from './sample.ts';

/** Up to so many rows (exclusive) rows are drawn one by one. */
export const ROW_LEVEL_BELOW = 100_000;

/** Above, rows are thrown together at random into so many pools, or clusters where there are more of them. */
const POOLS = 1_000;

/**
 * Scores are taken in about so many groups of equal mass, below and above: the figure itself is exact, only its spread
 * is that of groups.
 */
const BINS = { rows: 1_024, pools: 128 } as const;

const DRAWS = 2_000;

/** Figures of several models on the same draws. */
export interface Draws {
  /** Of one model (by its place) one figure, draw by draw; NaN where undefined. Undefined: no figure of that name. */
  readonly of: (model: number, figure: string) => { readonly draws: Float64Array; readonly centre: number } | undefined;
  /** Clusters drawn whole; null where rows were drawn. */
  readonly clusters: number | null;
}

/** How rows are drawn. */
export interface ResamplingSettings {
  readonly seed: number;
  readonly draws?: number | undefined;
  /** Tests show that both ways agree; unless told otherwise the number of rows decides. */
  readonly binned?: boolean | undefined;
}

/** Poisson with mean 1, by inversion. */
function poisson({ uniform }: RandomStream): number {
  const u = uniform();
  let [k, term] = [0, Math.exp(-1)];
  let below = term;
  while (u >= below && k < 40) {
    k += 1;
    term /= k;
    below += term;
  }
  return k;
}

/** Which pool each row is in: by its cluster where there are clusters, so that none is torn apart. */
function pooled(rows: number, clusters: Clusters | null, random: RandomStream): Clusters {
  if (clusters === null) {
    const ids = new Uint32Array(rows);
    for (let row = 0; row < rows; row += 1) ids[row] = random.below(POOLS);
    return { ids, count: POOLS };
  }
  if (clusters.count <= POOLS) return clusters;
  const pools = Uint32Array.from({ length: clusters.count }, () => random.below(POOLS));
  return { ids: clusters.ids.map((id) => pools[id] ?? 0), count: POOLS };
}

/** Adds up the sums of each unit, one after the other: `size` numbers each. */
function unitSums(totals: Totals, { ids, count }: Clusters): Float64Array {
  const sums = new Float64Array(count * totals.size);
  for (let row = 0; row < ids.length; row += 1) {
    totals.add(sums, row, (ids[row] ?? 0) * totals.size);
  }
  return sums;
}

type Draw = (into: readonly Float64Array[]) => void;

/** Rows, or whole clusters of rows, drawn with replacement, as many as there are. */
function rowDraws(models: readonly Totals[], rows: number, clusters: Clusters | null, random: RandomStream): Draw {
  const draw = sampler({ rows, seed: 0, clusters: clusters ?? undefined }, random);
  return (into) => {
    const drawn = draw();
    for (const [model, { addAll }] of models.entries()) addAll(into[model] ?? new Float64Array(0), drawn);
  };
}

/**
 * Units drawn by how often each occurs: pools of rows as a Poisson variable (the limit of drawing with replacement,
 * Hanley and MacGibbon 2006), clusters, of which there may be few, with replacement.
 */
function unitDraws(models: readonly Totals[], units: Clusters, poissonTimes: boolean, random: RandomStream): Draw {
  const sums = models.map((totals) => unitSums(totals, units));
  const times = new Uint32Array(units.count);
  return (into) => {
    if (poissonTimes) for (let unit = 0; unit < times.length; unit += 1) times[unit] = poisson(random);
    else {
      times.fill(0);
      for (let at = 0; at < times.length; at += 1) {
        const unit = random.below(times.length);
        times[unit] = (times[unit] ?? 0) + 1;
      }
    }
    models.forEach(({ size }, model) => {
      const target = into[model] ?? new Float64Array(0);
      const source = sums[model] ?? new Float64Array(0);
      for (let unit = 0; unit < times.length; unit += 1) {
        const many = times[unit] ?? 0;
        if (many === 0) continue;
        const start = unit * size;
        for (let at = 0; at < size; at += 1) target[at] = (target[at] ?? 0) + many * (source[start + at] ?? 0);
      }
    });
  };
}

/**
 * Draws rows (clusters) again and again and works out every figure of every model on each draw, the models always on
 * the same rows. Below 100,000 rows row by row; above, pools of rows by a Poisson count over groups of scores. The same
 * seed gives the same draws.
 */
export function drawFigures(sample: Sample, models: readonly Answers[], settings: ResamplingSettings): Draws {
  const rows = sample.labels.length;
  const { seed, draws = DRAWS, binned = rows >= ROW_LEVEL_BELOW } = settings;
  const random = randomStream(seed);
  const totals = models.map((answers) => totalsOf(sample, answers, binned ? BINS.pools : BINS.rows));
  const few = sample.clusters !== null && sample.clusters.count <= POOLS;
  const draw = binned
    ? unitDraws(totals, pooled(rows, sample.clusters, random), !few, random)
    : rowDraws(totals, rows, sample.clusters, random);
  const sums = totals.map(({ size }) => new Float64Array(size));
  const figures = totals.map(({ names }) => new Float64Array(names.length));
  const found = totals.map(({ names }) => names.map(() => new Float64Array(draws)));
  const workOut = (store: (model: number, at: number, value: number) => void): void => {
    totals.forEach((of, model) => {
      const into = figures[model] ?? new Float64Array(0);
      of.figures(sums[model] ?? new Float64Array(0), into);
      for (const [at, value] of into.entries()) store(model, at, value);
    });
  };
  for (const [model, { add }] of totals.entries()) {
    const into = sums[model] ?? new Float64Array(0);
    for (let row = 0; row < rows; row += 1) add(into, row, 0);
  }
  const centres = totals.map(({ names }) => new Float64Array(names.length));
  workOut((model, at, value) => centres[model]?.fill(value, at, at + 1));
  for (let number = 0; number < draws; number += 1) {
    for (const into of sums) into.fill(0);
    draw(sums);
    workOut((model, at, value) => found[model]?.[at]?.fill(value, number, number + 1));
  }
  return {
    clusters: sample.clusters === null ? null : Math.min(sample.clusters.count, binned ? POOLS : sample.clusters.count),
    of: (model, figure) => {
      const at = totals[model]?.names.indexOf(figure) ?? -1;
      const drawn = found[model]?.[at];
      return drawn === undefined ? undefined : { draws: drawn, centre: centres[model]?.[at] ?? Number.NaN };
    },
  };
}

/** A figure's spread over draws. */
export interface Resampled {
  readonly estimate: Estimate;
  /** Draws in ascending order, moved to the exact figure; null where clusters were drawn. */
  readonly sorted: Float64Array | null;
}

/**
 * The spread of a figure whose exact value is known. Of rows the draws themselves; of clusters only their standard
 * deviation, with Student's t of clusters - 1 degrees of freedom and the factor G/(G-1), for the quantiles of a few
 * clusters drawn again are too close together.
 */
export function spreadOf(
  exact: number,
  centre: number,
  draws: Float64Array,
  clusters: number | null,
): Resampled | NoEstimate {
  const missing = draws.reduce((sum, value) => sum + (Number.isFinite(value) ? 0 : 1), 0);
  if (missing > 0)
    return { undefinedBecause: `the figure is undefined in ${missing} of ${draws.length} draws of the rows` };
  if (clusters !== null && clusters < LEAST_CLUSTERS) return { undefinedBecause: tooFewClusters(clusters) };
  const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
  const variance = draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (draws.length - 1);
  const factor = clusters === null ? 1 : clusters / (clusters - 1);
  const standardError = Math.sqrt(variance * factor);
  return {
    estimate: {
      value: exact,
      standardError,
      independentError: clusters === null ? standardError : null,
      degreesOfFreedom: clusters === null ? null : clusters - 1,
    },
    sorted: clusters === null ? sortAscending(draws.map((value) => value + (exact - centre))) : null,
  };
}

/** The quantiles that hold the figure two-sided with the confidence. */
export const percentileInterval = (sorted: Float64Array, confidence: number): Interval => [
  quantileOfSorted(sorted, (1 - confidence) / 2),
  quantileOfSorted(sorted, (1 + confidence) / 2),
];

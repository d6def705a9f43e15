import { sampler } from './bootstrap.ts';
import { type Clusters, rowsByCluster } from './clusters.ts';
import { type Estimate, type NoEstimate, tooFewClusters } from './estimate.ts';
import type { Interval } from './intervals.ts';
import { type ClusteredError, errorOfParts, widestError } from './neighbours.ts';
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

/** One figure of one model, drawn again and again. */
export interface Drawn {
  /** Draw by draw; NaN where undefined. */
  readonly draws: Float64Array;
  /** The figure of all rows. */
  readonly centre: number;
  /** Blocks of time: the figure without each of them, NaN where it is undefined; else null. */
  readonly without: Float64Array | null;
}

/** Figures of several models on the same draws. */
export interface Draws {
  /** Of one model (by its place) one figure. Undefined: no figure of that name. */
  readonly of: (model: number, figure: string) => Drawn | undefined;
  /** Clusters drawn whole; null where rows were drawn. */
  readonly clusters: Pick<Clusters, 'count' | 'inTime'> | null;
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
  const { count, ids, inTime } = clusters;
  if (count <= POOLS) return clusters;
  const pools = new Uint32Array(count);
  if (inTime === undefined) for (let cluster = 0; cluster < count; cluster += 1) pools[cluster] = random.below(POOLS);
  // Neighbours in time stay together.
  else for (let at = 0; at < count; at += 1) pools[inTime[at] ?? 0] = Math.floor((at * POOLS) / count);
  return {
    ids: ids.map((id) => pools[id] ?? 0),
    count: POOLS,
    ...(inTime !== undefined && { inTime: Uint32Array.from({ length: POOLS }, (_, pool) => pool) }),
  };
}

/** Adds up the sums of each unit, one after the other: `size` numbers each. */
function unitSums(totals: Totals, { ids, count }: Clusters): Float64Array {
  const sums = new Float64Array(count * totals.size);
  for (let row = 0; row < ids.length; row += 1) {
    totals.add(sums, row, (ids[row] ?? 0) * totals.size);
  }
  return sums;
}

/** What is drawn whole: puts the sums of one of them where there were zeros. */
type UnitSums = (model: number, unit: number, into: Float64Array) => void;

/** A way of drawing: adds up one draw for every model. */
interface Drawing {
  readonly draw: (into: readonly Float64Array[]) => void;
  /** Null: single rows are drawn. */
  readonly units: (Pick<Clusters, 'count' | 'inTime'> & { readonly sums: UnitSums }) | null;
}

const NOTHING = new Float64Array(0);

/** Rows, or whole clusters of rows, drawn with replacement, as many as there are. */
function rowDraws(models: readonly Totals[], rows: number, clusters: Clusters | null, random: RandomStream): Drawing {
  const draw = sampler({ rows, clusters: clusters ?? undefined }, random);
  const grouped = clusters?.inTime === undefined ? undefined : rowsByCluster(clusters);
  return {
    draw: (into) => {
      const drawn = draw();
      models.forEach(({ addAll }, model) => {
        addAll(into[model] ?? NOTHING, drawn);
      });
    },
    units: clusters && {
      count: clusters.count,
      inTime: clusters.inTime,
      sums: (model, unit, into) => {
        models[model]?.addAll(into, grouped?.rows.subarray(grouped.starts[unit], grouped.starts[unit + 1]) ?? NO_ROWS);
      },
    },
  };
}

const NO_ROWS = new Uint32Array(0);

/**
 * Units drawn by how often each occurs: pools of rows as a Poisson variable (the limit of drawing with replacement,
 * Hanley and MacGibbon 2006), clusters, of which there may be few, with replacement.
 */
function unitDraws(
  models: readonly Totals[],
  units: Clusters,
  { poissonTimes, clustered }: { readonly poissonTimes: boolean; readonly clustered: boolean },
  random: RandomStream,
): Drawing {
  const sums = models.map((totals) => unitSums(totals, units));
  const [times, picked] = [new Uint32Array(units.count), new Uint32Array(units.count)];
  const draw: Drawing['draw'] = (into) => {
    if (poissonTimes) for (let unit = 0; unit < times.length; unit += 1) times[unit] = poisson(random);
    else {
      times.fill(0);
      random.fillBelow(picked, times.length);
      for (const unit of picked) times[unit] = (times[unit] ?? 0) + 1;
    }
    models.forEach(({ size }, model) => {
      const [target, source] = [into[model] ?? NOTHING, sums[model] ?? NOTHING];
      for (let unit = 0; unit < times.length; unit += 1) {
        const many = times[unit] ?? 0;
        if (many === 0) continue;
        const start = unit * size;
        for (let at = 0; at < size; at += 1) target[at] = (target[at] ?? 0) + many * (source[start + at] ?? 0);
      }
    });
  };
  return {
    draw,
    units: clustered
      ? {
          count: units.count,
          inTime: units.inTime,
          sums: (model, unit, into) => {
            into.set((sums[model] ?? NOTHING).subarray(unit * into.length, (unit + 1) * into.length));
          },
        }
      : null,
  };
}

function drawingOf(sample: Sample, models: readonly Totals[], binned: boolean, random: RandomStream): Drawing {
  const { labels, clusters } = sample;
  const rows = labels.length;
  if (binned) {
    const poissonTimes = clusters === null || clusters.count > POOLS;
    return unitDraws(models, pooled(rows, clusters, random), { poissonTimes, clustered: clusters !== null }, random);
  }
  // A few large clusters are added up once; many small ones have more sums than rows.
  const size = Math.max(...models.map((totals) => totals.size));
  return clusters !== null && clusters.count * size <= rows
    ? unitDraws(models, clusters, { poissonTimes: false, clustered: true }, random)
    : rowDraws(models, rows, clusters, random);
}

/**
 * Draws rows (clusters) again and again and works out every figure of every model on each draw, the models always on
 * the same rows. Below 100,000 rows row by row; above, pools of rows by a Poisson count over groups of scores. The same
 * seed gives the same draws.
 */
export function drawFigures(sample: Sample, models: readonly Answers[], settings: ResamplingSettings): Draws {
  const rows = sample.labels.length;
  const { seed, draws = DRAWS, binned = rows >= ROW_LEVEL_BELOW } = settings;
  const totals = models.map((answers) => totalsOf(sample, answers, binned ? BINS.pools : BINS.rows));
  const { draw, units } = drawingOf(sample, totals, binned, randomStream(seed));
  const sums = totals.map(({ size }) => new Float64Array(size));
  const figures = totals.map(({ names }) => new Float64Array(names.length));
  const columns = (length: number) => totals.map(({ names }) => names.map(() => new Float64Array(length)));
  const workOut = (into: readonly (readonly Float64Array[])[], number: number): void => {
    for (let model = 0; model < totals.length; model += 1) {
      const values = figures[model] ?? NOTHING;
      totals[model]?.figures(sums[model] ?? NOTHING, values);
      for (let at = 0; at < values.length; at += 1) {
        const column = into[model]?.[at];
        if (column !== undefined) column[number] = values[at] ?? Number.NaN;
      }
    }
  };
  totals.forEach(({ add }, model) => {
    const into = sums[model] ?? NOTHING;
    for (let row = 0; row < rows; row += 1) add(into, row, 0);
  });
  const centres = columns(1);
  workOut(centres, 0);

  const without = units?.inTime === undefined ? undefined : columns(units.count);
  if (units !== null && without !== undefined) {
    const all = sums.map((of) => of.slice());
    for (let unit = 0; unit < units.count; unit += 1) {
      sums.forEach((rest, model) => {
        rest.fill(0);
        units.sums(model, unit, rest);
        const whole = all[model] ?? NOTHING;
        for (let at = 0; at < rest.length; at += 1) rest[at] = (whole[at] ?? 0) - (rest[at] ?? 0);
      });
      workOut(without, unit);
    }
  }

  const found = columns(draws);
  for (let number = 0; number < draws; number += 1) {
    for (const into of sums) into.fill(0);
    draw(sums);
    workOut(found, number);
  }
  return {
    clusters: units && { count: units.count, inTime: units.inTime },
    of: (model, figure) => {
      const at = totals[model]?.names.indexOf(figure) ?? -1;
      const drawn = found[model]?.[at];
      if (drawn === undefined) return undefined;
      return { draws: drawn, centre: centres[model]?.[at]?.[0] ?? Number.NaN, without: without?.[model]?.[at] ?? null };
    },
  };
}

/** A figure's spread over draws. */
export interface Resampled {
  readonly estimate: Estimate;
  /** Draws in ascending order, moved to the exact figure; null where clusters were drawn. */
  readonly sorted: Float64Array | null;
}

const undefinedIn = (values: Float64Array): number =>
  values.reduce((sum, value) => sum + (Number.isFinite(value) ? 0 : 1), 0);

const meanOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * By how much blocks of neighbours are wider than clusters alone: the error of both by the jackknife, that is from the
 * figure without each cluster. The draws, which take clusters one by one, are widened by as much.
 */
function widened(alone: number, without: Float64Array, clusters: Pick<Clusters, 'count' | 'inTime'>): ClusteredError {
  const mean = meanOf(without);
  const errorOf = errorOfParts(without.map((value) => value - mean));
  const found = widestError(clusters, errorOf);
  const byCluster = errorOf((sums) => sums, clusters.count);
  if (found === null || byCluster === 0) {
    return { standardError: alone, degreesOfFreedom: clusters.count - 1, neighbours: 1, byCluster: alone };
  }
  return { ...found, standardError: alone * (found.standardError / byCluster), byCluster: alone };
}

/**
 * The spread of a figure whose exact value is known. Of rows the draws themselves; of clusters only their standard
 * deviation, with Student's t of clusters - 1 degrees of freedom and the factor G/(G-1), for the quantiles of a few
 * clusters drawn again are too close together. Blocks of time are taken together with their neighbours where that is
 * the wider ({@link widestError}).
 *
 * @throws RangeError where blocks of time come without the figure without each
 */
export function spreadOf(
  exact: number,
  { draws, centre, without }: Drawn,
  clusters: Pick<Clusters, 'count' | 'inTime'> | null,
): Resampled | NoEstimate {
  const missing = undefinedIn(draws);
  if (missing > 0)
    return { undefinedBecause: `the figure is undefined in ${missing} of ${draws.length} draws of the rows` };
  const mean = meanOf(draws);
  const variance = draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (draws.length - 1);
  if (clusters === null) {
    const standardError = Math.sqrt(variance);
    return {
      estimate: {
        value: exact,
        standardError,
        independentError: standardError,
        degreesOfFreedom: null,
        neighbours: null,
      },
      sorted: sortAscending(draws.map((value) => value + (exact - centre))),
    };
  }
  const tooFew = tooFewClusters(clusters);
  if (tooFew !== undefined) return tooFew;
  const { count, inTime } = clusters;
  const alone = Math.sqrt((variance * count) / (count - 1));
  const about = { value: exact, independentError: null };
  if (inTime === undefined) {
    return {
      estimate: { ...about, standardError: alone, degreesOfFreedom: count - 1, neighbours: null },
      sorted: null,
    };
  }
  if (without === null) throw new RangeError('blocks of time come with the figure without each of them');
  if (undefinedIn(without) > 0) return { undefinedBecause: 'the figure hangs on the rows of a single cluster' };
  return { estimate: { ...about, ...widened(alone, without, clusters) }, sorted: null };
}

/** The quantiles that hold the figure two-sided with the confidence. */
export const percentileInterval = (sorted: Float64Array, confidence: number): Interval => [
  quantileOfSorted(sorted, (1 - confidence) / 2),
  quantileOfSorted(sorted, (1 + confidence) / 2),
];

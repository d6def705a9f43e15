import { assertClusters, type Clusters, rowsByCluster } from './clusters.ts';
import type { Interval } from './intervals.ts';
import { quantileOfSorted } from './quantile.ts';
import { sortAscending } from './radix-sort.ts';
import { type RandomStream, randomStream } from './random.ts';

/** How rows are drawn again. */
export interface Resampling {
  readonly rows: number;
  readonly seed: number;
  /** 2,000 unless told otherwise. */
  readonly draws?: number;
  /**
   * Rows drawn apart, each group in its own number: the two classes, so that no draw lacks one. Not together with
   * clusters.
   */
  readonly strata?: Clusters | undefined;
  /** Drawn whole, as many as there are: an entity's rows, or a block of time's (Carlstein 1986). */
  readonly clusters?: Clusters | undefined;
}

/** The spread of a figure over the draws. */
export interface Bootstrap {
  readonly standardError: number | null;
  /** The 2.5 and 97.5 % quantiles of the draws. */
  readonly interval95: Interval | null;
  /** The 5 % quantile: the figure lies above it with 95 % confidence. */
  readonly lower95OneSided: number | null;
  readonly upper95OneSided: number | null;
  /** Draws in which the figure was undefined; one is enough to leave all bounds null. */
  readonly undefinedDraws: number;
}

/** A function that draws the rows of one bootstrap sample; the array is used again by the next draw. */
export function sampler(
  { rows, strata, clusters }: Omit<Resampling, 'seed'>,
  { below, fillBelow }: RandomStream,
): () => Uint32Array {
  const sample = new Uint32Array(rows);
  if (clusters !== undefined) {
    const { rows: grouped, starts } = rowsByCluster(clusters);
    const picked = new Uint32Array(clusters.count);
    let drawn = sample;
    return () => {
      fillBelow(picked, clusters.count);
      let size = 0;
      for (const group of picked) size += (starts[group + 1] ?? 0) - (starts[group] ?? 0);
      // Large clusters may come often: as many rows as that takes, and some more for the next draw.
      if (size > drawn.length) drawn = new Uint32Array(size + rows);
      let at = 0;
      for (const group of picked) {
        const end = starts[group + 1] ?? 0;
        for (let from = starts[group] ?? 0; from < end; from += 1) {
          drawn[at] = grouped[from] ?? 0;
          at += 1;
        }
      }
      return drawn.subarray(0, size);
    };
  }
  if (strata !== undefined) {
    const groups = rowsByCluster(strata);
    return () => {
      for (let group = 0; group < strata.count; group += 1) {
        const [start, end] = [groups.starts[group] ?? 0, groups.starts[group + 1] ?? 0];
        for (let at = start; at < end; at += 1) sample[at] = groups.rows[start + below(end - start)] ?? 0;
      }
      return sample;
    };
  }
  return () => {
    fillBelow(sample, rows);
    return sample;
  };
}

/**
 * The nonparametric bootstrap (Efron 1979) of any figure of rows, percentile intervals: of a difference between two
 * models when `figure` computes both on the same drawn rows. The same seed gives the same answer.
 * @throws RangeError where strata or clusters are not of these rows, or both are given, or there are fewer than two draws
 */
export function bootstrap(resampling: Resampling, figure: (rows: Uint32Array) => number | null): Bootstrap {
  const { rows, seed, draws = 2_000, strata, clusters } = resampling;
  if (strata !== undefined && clusters !== undefined) throw new RangeError('draw by strata or by clusters, not both');
  if (draws < 2) throw new RangeError(`${draws} draws have no spread`);
  for (const groups of [strata, clusters]) if (groups !== undefined) assertClusters(groups, rows);
  const draw = sampler(resampling, randomStream(seed));
  const figures = new Float64Array(draws);
  let undefinedDraws = rows === 0 ? draws : 0;
  for (let at = 0; at < draws && rows > 0; at += 1) {
    const value = figure(draw());
    if (value === null) undefinedDraws += 1;
    else figures[at] = value;
  }
  if (undefinedDraws > 0) {
    return { standardError: null, interval95: null, lower95OneSided: null, upper95OneSided: null, undefinedDraws };
  }
  const mean = figures.reduce((sum, value) => sum + value, 0) / draws;
  const variance = figures.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (draws - 1);
  const sorted = sortAscending(figures);
  return {
    standardError: Math.sqrt(variance),
    interval95: [quantileOfSorted(sorted, 0.025), quantileOfSorted(sorted, 0.975)],
    lower95OneSided: quantileOfSorted(sorted, 0.05),
    upper95OneSided: quantileOfSorted(sorted, 0.95),
    undefinedDraws,
  };
}

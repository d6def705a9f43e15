import { clusterSums } from './clusters.ts';
import { type RankContributions, rankVariance } from './delong.ts';
import { normalCritical, studentCritical } from './distributions.ts';
import { boundsOf, type Estimate, LEAST_CLUSTERS, meanEstimate, type NoEstimate, tooFewClusters } from './estimate.ts';
import { type Interval, wilson } from './intervals.ts';
import type { Figures } from './metrics.ts';
import { rankingFigure } from './rank-figures.ts';
import { RESAMPLED } from './resampled-figures.ts';
import { type Draws, percentileInterval, spreadOf } from './resampling.ts';
import { isShare, rowTerms, type TermColumns } from './row-terms.ts';
import { type Answers, type Sample, weightIn } from './sample.ts';
import { sumOf } from './sums.ts';

/** One model's answers for the rows of a sample, and what it did on them. */
export interface MeasuredModel {
  readonly answers: Answers;
  readonly figures: Figures;
}

/** Figures whose interval is another's, seen through a function that rises. */
const SEEN_THROUGH: Readonly<Record<string, readonly [of: string, through: (value: number) => number]>> = {
  rmse: ['mse', Math.sqrt],
};

/**
 * Wilson's interval of a share of rows that may move together or weigh differently: the rows are taken as so many as
 * would, independent, have the linearised variance (Korn and Graubard 1998, with Wilson's interval in the place of
 * Clopper and Pearson's), and as so many fewer as Student's t is wider than the normal. Never as more than there are.
 */
function shareInterval(
  estimate: Estimate | NoEstimate,
  rows: number,
  plain: boolean,
  clusters: number | null,
  confidence: number,
) {
  if ('undefinedBecause' in estimate) return null;
  const { value, standardError, degreesOfFreedom } = estimate;
  if (plain || degreesOfFreedom === null) return wilson({ hits: value * rows, rows }, confidence);
  const tail = (1 - confidence) / 2;
  // Where every row says the same nothing tells how rows hang together: each cluster counts as one row.
  const alike = clusters === null ? rows : degreesOfFreedom + 1;
  const effective = standardError === 0 ? alike : Math.min((value * (1 - value)) / standardError ** 2, rows);
  const seen = effective * (normalCritical(tail) / studentCritical(tail, degreesOfFreedom)) ** 2;
  return wilson({ hits: Math.min(value, 1) * seen, rows: seen }, confidence);
}

/** The estimate of an area under a ROC curve, or why there is none. */
export function rankEstimate(sample: Sample, ranking: RankContributions | null): Estimate | NoEstimate {
  if (ranking === null) return { undefinedBecause: 'a class has no row' };
  const { labels, clusters, problem } = sample;
  if (clusters !== null && clusters.count < LEAST_CLUSTERS) return { undefinedBecause: tooFewClusters(clusters.count) };
  const degreesOfFreedom = clusters === null ? null : clusters.count - 1;
  if (problem === 'binary') {
    const found = rankVariance(labels, ranking, clusters ?? undefined);
    if (found === null) return { undefinedBecause: 'a class has fewer than two rows (clusters)' };
    return {
      value: ranking.auc,
      standardError: Math.sqrt(found.variance),
      independentError: Math.sqrt(found.independent),
      degreesOfFreedom,
    };
  }
  return { value: ranking.auc, ...contributionErrors(sample, ranking.values), degreesOfFreedom };
}

/** The standard error of a sum of contributions whose sum is zero, with and without clusters. */
export function contributionErrors({ clusters }: Sample, values: Float64Array) {
  const rows = values.length;
  const independent = Math.sqrt((sumOf(rows, (row) => (values[row] ?? 0) ** 2) * rows) / (rows - 1));
  if (clusters === null) return { standardError: independent, independentError: independent };
  const sums = clusterSums(clusters, (row) => values[row] ?? 0);
  const variance = (sumOf(sums.length, (at) => (sums[at] ?? 0) ** 2) * clusters.count) / (clusters.count - 1);
  return { standardError: Math.sqrt(variance), independentError: independent };
}

const within = (interval: Interval, low: number, high: number): Interval => [
  Math.min(Math.max(interval[0], low), high),
  Math.min(Math.max(interval[1], low), high),
];

/** Where a figure cannot lie outside of 0 and something; the rest have no bounds. */
function possible(figure: string, interval: Interval): Interval {
  if (figure.startsWith('roc_auc')) return within(interval, 0, 1);
  const unbounded = ['bias', 'brier_skill_score', 'r2', 'explained_variance', 'mcc', 'cohen_kappa'].includes(figure);
  return unbounded ? interval : within(interval, 0, Number.POSITIVE_INFINITY);
}

/** What the intervals of one model are worked out from. */
export interface IntervalInput {
  readonly sample: Sample;
  readonly model: MeasuredModel;
  /** Figures of rows drawn again, and the model's place among them; asked for only when they are needed. */
  readonly draws: () => { readonly from: Draws; readonly model: number };
  /** A ranking worked out already. */
  readonly ranking?: RankContributions | null | undefined;
  readonly confidence: number;
  /** To work in, figure after figure. */
  readonly columns?: TermColumns | undefined;
}

/**
 * The interval that holds a figure at the confidence, by the form the figure has: Wilson's for shares, DeLong's
 * (Obuchowski's) for areas, Student's t for means, drawn rows for the rest. Null where it cannot be told.
 */
export function intervalOf(figure: string, input: IntervalInput): Interval | null {
  const { sample, model, draws, confidence } = input;
  const value = model.figures[figure] ?? null;
  if (value === null || sample.labels.length < 2) return null;
  const [of, through] = SEEN_THROUGH[figure] ?? [figure, undefined];
  if (through !== undefined) {
    const seen = intervalOf(of, input);
    return seen === null ? null : [through(Math.max(seen[0], 0)), through(Math.max(seen[1], 0))];
  }
  const ranking =
    input.ranking !== undefined && figure === 'roc_auc' ? input.ranking : rankingFigure(figure, sample, model.answers);
  if (ranking !== undefined) {
    const estimate = rankEstimate(sample, ranking);
    return 'undefinedBecause' in estimate ? null : possible(figure, boundsOf(estimate, confidence).interval);
  }
  const terms = rowTerms(figure, sample, model.answers, input.columns);
  if (terms !== undefined) {
    const estimate = meanEstimate(terms, sample.clusters);
    if (isShare(figure)) {
      const { weights } = terms;
      const rows = sumOf(sample.labels.length, (row) => (weightIn(weights, row) > 0 ? 1 : 0));
      const plain = sample.clusters === null && sample.weights === null;
      return shareInterval(estimate, rows, plain, sample.clusters?.count ?? null, confidence);
    }
    return 'undefinedBecause' in estimate ? null : possible(figure, boundsOf(estimate, confidence).interval);
  }
  // Maxima and errors of calibration: no draw of the rows tells how far they vary (they would only grow).
  if (!RESAMPLED.has(figure)) return null;
  const { from, model: place } = draws();
  const drawn = from.of(place, figure);
  if (drawn === undefined) return null;
  const spread = spreadOf(value, drawn.centre, drawn.draws, from.clusters);
  if ('undefinedBecause' in spread) return null;
  return spread.sorted === null
    ? possible(figure, boundsOf(spread.estimate, confidence).interval)
    : possible(figure, percentileInterval(spread.sorted, confidence));
}

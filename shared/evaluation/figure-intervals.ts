import { clusterSums } from './clusters.ts';
import { type RankContributions, type RankError, rankError } from './delong.ts';
import { normalCritical, studentCritical } from './distributions.ts';
import { boundsOf, type Estimate, meanEstimate, type NoEstimate, tooFewClusters } from './estimate.ts';
import { type Interval, wilson } from './intervals.ts';
import type { Figures } from './metrics.ts';
import { errorOfParts, widestError } from './neighbours.ts';
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

/**
 * The estimate of an area under a ROC curve, or with `other` of how much larger it is on the same rows; or why there is
 * none.
 */
export function rankEstimate(
  sample: Sample,
  ranking: RankContributions | null,
  other?: RankContributions | null,
): Estimate | NoEstimate {
  if (ranking === null || other === null) return { undefinedBecause: 'a class has no row' };
  const { labels, clusters, problem } = sample;
  const tooFew = clusters === null ? undefined : tooFewClusters(clusters);
  if (tooFew !== undefined) return tooFew;
  const value = ranking.auc - (other?.auc ?? 0);
  const found =
    problem === 'binary' ? rankError(labels, ranking, clusters, other) : contributionError(sample, ranking, other);
  return found === null ? { undefinedBecause: 'a class has fewer than two rows (clusters)' } : { value, ...found };
}

/** The error of a sum of contributions whose sum is zero, with and without clusters. */
function contributionError(
  { clusters }: Sample,
  { values }: RankContributions,
  other?: RankContributions,
): RankError | null {
  const rows = values.length;
  const them = other?.values;
  const value = (row: number): number => (values[row] ?? 0) - (them?.[row] ?? 0);
  const independentError = Math.sqrt((sumOf(rows, (row) => value(row) ** 2) * rows) / (rows - 1));
  if (clusters === null) {
    return { standardError: independentError, independentError, degreesOfFreedom: null, neighbours: null };
  }
  const found = widestError(clusters, errorOfParts(clusterSums(clusters, value)));
  return found === null ? null : { independentError, ...found };
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
  const spread = spreadOf(value, drawn, from.clusters);
  if ('undefinedBecause' in spread) return null;
  return spread.sorted === null
    ? possible(figure, boundsOf(spread.estimate, confidence).interval)
    : possible(figure, percentileInterval(spread.sorted, confidence));
}

/** How far a figure varies, as a live window's is held against it. */
export interface FigureSpread {
  readonly standardError: number;
  /** Of Student's t; null: normal. */
  readonly degreesOfFreedom: number | null;
  /** The error with each cluster for itself: what a cluster's own figure varies by; null without clusters. */
  readonly byCluster: number | null;
}

/** The errors behind {@link intervalOf}: whoever needs an error takes it from here, and not back out of an interval. */
export function figureSpread(
  figure: string,
  input: Omit<IntervalInput, 'confidence' | 'columns'>,
): FigureSpread | null {
  const { sample, model, draws } = input;
  const value = model.figures[figure] ?? null;
  if (value === null || sample.labels.length < 2) return null;
  const [of, through] = SEEN_THROUGH[figure] ?? [figure, undefined];
  if (through !== undefined) {
    const seen = figureSpread(of, input);
    // The delta method for a square root.
    const slope = value > 0 ? 1 / (2 * value) : Number.NaN;
    return seen === null || Number.isNaN(slope)
      ? null
      : {
          ...seen,
          standardError: seen.standardError * slope,
          byCluster: seen.byCluster === null ? null : seen.byCluster * slope,
        };
  }
  const estimate = estimateOf(figure, sample, model, input.ranking, draws);
  if (estimate === null || 'undefinedBecause' in estimate) return null;
  const { standardError, degreesOfFreedom, byCluster = standardError } = estimate;
  return { standardError, degreesOfFreedom, byCluster: sample.clusters === null ? null : byCluster };
}

function estimateOf(
  figure: string,
  sample: Sample,
  model: MeasuredModel,
  known: IntervalInput['ranking'],
  draws: IntervalInput['draws'],
): Estimate | NoEstimate | null {
  const ranking = known !== undefined && figure === 'roc_auc' ? known : rankingFigure(figure, sample, model.answers);
  if (ranking !== undefined) return rankEstimate(sample, ranking);
  const terms = rowTerms(figure, sample, model.answers);
  if (terms !== undefined) return meanEstimate(terms, sample.clusters);
  if (!RESAMPLED.has(figure)) return null;
  const { from, model: place } = draws();
  const drawn = from.of(place, figure);
  if (drawn === undefined) return null;
  const spread = spreadOf(model.figures[figure] ?? Number.NaN, drawn, from.clusters);
  return 'undefinedBecause' in spread ? spread : spread.estimate;
}

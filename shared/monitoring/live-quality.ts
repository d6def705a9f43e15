/** How good a model is on predictions whose labels have come, and whether that is worse than when it was promoted. */
import { timeBlocks } from '../evaluation/clusters.ts';
import { calibrationBins } from '../evaluation/curves.ts';
import { normalCritical, studentCritical } from '../evaluation/distributions.ts';
import { LEAST_CLUSTERS } from '../evaluation/estimate.ts';
import type { Evaluation } from '../evaluation/evaluation.ts';
import { intervalOf } from '../evaluation/figure-intervals.ts';
import { type Figures, measure, metricNamed, onlyColumn, type Problem } from '../evaluation/metrics.ts';
import { marginAgainst, type Policy } from '../evaluation/policy.ts';
import { quantileOfSorted } from '../evaluation/quantile.ts';
import { sortAscending } from '../evaluation/radix-sort.ts';
import { drawFigures } from '../evaluation/resampling.ts';
import { type Answers, answersAt, type Sample } from '../evaluation/sample.ts';
import { estimatePerformance } from './cbpe.ts';
import type { JoinedWindow } from './label-join.ts';
import type { QualityEstimate, QualityFact } from './quality-fact.ts';
import { kolmogorovSmirnov } from './two-samples.ts';
import type { Window } from './windows.ts';

/** A window is mature when so many of its predictions have a label, or when its labels have had their time. */
export const MATURE_COVERAGE = 0.8;

/** Blocks of time a window is cut into, so that rows of one block may move together. */
const BLOCKS = 24;

/** Probabilities further off than this cannot be estimated from. */
const CALIBRATED_ECE = 0.05;

/** Labels are selective where scores with and without one differ so much, and not by chance. */
const SELECTIVE = { gap: 0.1, pValue: 0.01, rows: 100 } as const;

/** A standard error, and the degrees of freedom of its Student's t; infinite: normal. */
type Spread = readonly [error: number, degrees: number];

/** What the metric was when the model was promoted, and how far that may be off. */
interface Promoted {
  readonly figures: Figures;
  readonly value: number | null;
  /** Null where none was told. */
  readonly spread: Spread | null;
  /** How far the same figure varies over one window of so many rows. */
  readonly windowSpread: ((rows: number) => Spread) | null;
}

export interface LiveQualityInput {
  readonly problem: Problem;
  readonly policy: Pick<Policy, 'metric' | 'confidence' | 'champion' | 'operatingPoint' | 'relativeMargins'>;
  /** Whether the definition takes rows for independent. */
  readonly isIndependent: boolean;
  readonly window: Window;
  readonly joined: JoinedWindow;
  /** The evaluation by which the model was promoted, or what its metric is said to have been; null: nobody says. */
  readonly evaluation: Evaluation | number | null;
  readonly now: Date;
  readonly labelDelayMs: number;
}

/** What follows from the rows alone; the caller adds where they came from. */
export type LiveQuality = Omit<
  QualityFact,
  'model' | 'run' | 'window' | 'asOf' | 'estimate' | 'counts' | 'problems' | 'otherRuns' | 'inputs'
> & { readonly estimate: Omit<QualityEstimate, 'shown' | 'history'> | null };

const critical = (tail: number, degreesOfFreedom: number): number =>
  degreesOfFreedom > 1e6 ? normalCritical(tail) : studentCritical(tail, Math.max(degreesOfFreedom, 1));

const HOUR_MS = 3_600_000;
const BLOCK_MS: Readonly<Record<string, number>> = {
  hour: HOUR_MS,
  day: 24 * HOUR_MS,
  week: 7 * 24 * HOUR_MS,
  month: 30 * 24 * HOUR_MS,
};

/** How far the figure varies as the gate saw it: all its rows together, and with each cluster for itself. */
interface GateSpread {
  readonly together: Spread;
  readonly byCluster: Spread;
}

/**
 * The gate's own word where it left one. Evaluations from before it did have an interval alone, whose error is taken for
 * both.
 */
function gateSpread(
  { candidateSpread, cluster, confidence }: Evaluation,
  metric: string,
  interval: readonly [number, number] | null,
): GateSpread | null {
  const degrees = cluster === null ? Number.POSITIVE_INFINITY : cluster.clusters - 1;
  if (candidateSpread?.metric === metric) {
    const { standardError, degreesOfFreedom, byCluster } = candidateSpread;
    return {
      together: [standardError, degreesOfFreedom ?? Number.POSITIVE_INFINITY],
      byCluster: [byCluster ?? standardError, degrees],
    };
  }
  if (interval === null) return null;
  const told = [(interval[1] - interval[0]) / 2 / critical((1 - confidence) / 2, degrees), degrees] as const;
  return { together: told, byCluster: told };
}

const scaled = ([error, degrees]: Spread, factor: number): Spread => [error * factor, degrees];

function promotedOf(evaluation: LiveQualityInput['evaluation'], metric: string, windowMs: number): Promoted {
  if (evaluation === null) return { figures: {}, value: null, spread: null, windowSpread: null };
  // A figure that is said is taken for exact: how sure it is, nobody says.
  if (typeof evaluation === 'number') {
    const exactly: Spread = [0, Number.POSITIVE_INFINITY];
    return { figures: {}, value: evaluation, spread: exactly, windowSpread: null };
  }
  const { candidate, cluster, rows } = evaluation;
  if (candidate.outcome !== 'scored') return { figures: {}, value: null, spread: null, windowSpread: null };
  const { figures, intervals } = candidate;
  const value = figures[metric] ?? null;
  const gate = gateSpread(evaluation, metric, intervals[metric] ?? null);
  if (gate === null) return { figures, value, spread: null, windowSpread: null };
  const { together, byCluster } = gate;
  const blockMs = cluster === null ? undefined : BLOCK_MS[cluster.by];
  if (cluster === null || blockMs === undefined) {
    const ofRows = (live: number): Spread => scaled(together, Math.sqrt(rows / Math.max(live, 1)));
    return { figures, value, spread: together, windowSpread: ofRows };
  }
  // The gate's blocks say how much the figure moves from block to block. Blocks within the window cannot tell: a bad day is
  // bad all day.
  const ofBlock = scaled(byCluster, Math.sqrt(cluster.clusters));
  const blocks = windowMs / blockMs;
  const apart = scaled(ofBlock, 1 / Math.sqrt(blocks));
  const joined = scaled(together, Math.sqrt(cluster.clusters / blocks));
  // Several blocks may go as one another, which the error of all rows together knows; but they vary no more than one alone.
  const ofWindow = blocks <= 1 || joined[0] <= apart[0] ? apart : joined[0] < ofBlock[0] ? joined : ofBlock;
  return { figures, value, spread: together, windowSpread: () => ofWindow };
}

/** Welch and Satterthwaite's degrees of freedom of a difference. */
function jointDegrees(a: Spread, b: Spread): number {
  const total = (a[0] ** 2 + b[0] ** 2) ** 2;
  const spread = [a, b].reduce((sum, [error, degrees]) => sum + error ** 4 / degrees, 0);
  return spread === 0 ? Number.POSITIVE_INFINITY : total / spread;
}

/** What scores are compared by where there are several a row: the likeliest class's. */
function shownScores(scores: Answers): Float64Array {
  const [first = new Float64Array(0), ...others] = scores;
  if (others.length === 0) return first;
  return first.map((value, row) => others.reduce((best, column) => Math.max(best, column[row] ?? 0), value));
}

const meanOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function selectionOf(scores: Answers, known: Uint32Array, unknown: Uint32Array): LiveQuality['selection'] {
  if (known.length < SELECTIVE.rows || unknown.length < SELECTIVE.rows) return null;
  const shown = [shownScores(scores)];
  const [labelled = new Float64Array(0)] = answersAt(shown, known);
  const [unlabelled = new Float64Array(0)] = answersAt(shown, unknown);
  const found = kolmogorovSmirnov(sortAscending(labelled), sortAscending(unlabelled));
  if (found === null) return null;
  const { statistic, pStephens } = found;
  return {
    labelledMean: meanOf(labelled),
    unlabelledMean: meanOf(unlabelled),
    gap: Math.min(Math.max(statistic, 0), 1),
    pValue: pStephens,
    selective: statistic >= SELECTIVE.gap && pStephens < SELECTIVE.pValue,
  };
}

/**
 * The metric as the model's own probabilities would have it, for binary models that were calibrated when they were
 * promoted; null for any other, and where no interval can be told.
 */
function estimateOf(
  { problem, policy, joined }: LiveQualityInput,
  promoted: Promoted,
): Omit<QualityEstimate, 'shown' | 'history' | 'covered'> | null {
  const { metric, confidence, operatingPoint } = policy;
  if (problem !== 'binary' || promoted.windowSpread === null) return null;
  const ece = promoted.figures.ece ?? null;
  if (ece === null || ece > CALIBRATED_ECE) return null;
  const scores = onlyColumn(joined.scores);
  if (scores.length === 0 || scores.some((score) => !(score >= 0 && score <= 1))) return null;
  const figures: Readonly<Record<string, number | null>> = { ...estimatePerformance(scores, operatingPoint) };
  const value = ESTIMATED.has(metric) ? (figures[metric] ?? null) : null;
  if (value === null) return null;
  const [error, degrees] = promoted.windowSpread(scores.length);
  const half = critical((1 - confidence) / 2, degrees) * error;
  return {
    estimated: true,
    method: 'cbpe',
    metric,
    value,
    interval: [Math.max(value - half, 0), Math.min(value + half, 1)],
  };
}

/** Metrics that probabilities alone can estimate. */
const ESTIMATED: ReadonlySet<string> = new Set(['accuracy', 'precision', 'recall', 'f1', 'specificity', 'roc_auc']);

/** The same window always draws alike. */
const seedOf = ({ startMs }: Window): number => Math.floor(startMs / 1000) >>> 0;

/**
 * Judges a window: the definition's metric on the rows with a label, with the interval that holds it, calibration, and
 * the drop since promotion. A window that is not mature is not judged: early labels are not like late ones. The drop's
 * lower bound takes both sides' errors, and of the window at least what the gate's own blocks of time say a window
 * varies by; rows of one block of time may move together.
 */
export function liveQuality(input: LiveQualityInput): LiveQuality {
  const { problem, policy, window, joined, evaluation, now, labelDelayMs } = input;
  const { metric, confidence } = policy;
  const windowMs = window.endMs - window.startMs;
  const promoted = promotedOf(evaluation, metric, windowMs);
  const { labels, scores } = joined;
  const rows = Uint32Array.from(labels.keys());
  const known = rows.filter((row) => !Number.isNaN(labels[row] ?? Number.NaN));
  const unknown = rows.filter((row) => Number.isNaN(labels[row] ?? Number.NaN));
  const coverage = labels.length === 0 ? null : known.length / labels.length;
  const isDue = now.getTime() >= window.endMs + labelDelayMs;
  const mature: LiveQuality['mature'] =
    coverage !== null && coverage >= MATURE_COVERAGE ? 'labels' : isDue && known.length > 0 ? 'age' : null;
  const lags = sortAscending(joined.lagMs.slice());
  const margin = marginAgainst(policy.champion.margin, promoted.value, policy) ?? policy.champion.margin;
  const reasons: LiveQuality['reasons'] = [];
  const say = (code: string, message: string, more: Omit<(typeof reasons)[number], 'code' | 'message'> = {}): void => {
    reasons.push({ code, message, ...more });
  };
  const estimate = estimateOf(input, promoted);
  const base = {
    metric,
    confidence,
    baseline: promoted.value,
    margin,
    predictions: labels.length,
    labelled: known.length,
    labelCoverage: coverage,
    mature,
    labelLag: lags.length === 0 ? null : { p50Ms: quantileOfSorted(lags, 0.5), p95Ms: quantileOfSorted(lags, 0.95) },
    selection: selectionOf(scores, known, unknown),
  };
  if (base.selection?.selective === true) {
    say(
      'selective_labels',
      'rows with a label are scored otherwise than rows without: what is measured is the quality on those that get one',
      { value: base.selection.gap, limit: SELECTIVE.gap },
    );
  }
  const withoutFigures = {
    ...base,
    reasons,
    value: null,
    interval: null,
    drop: null,
    score: null,
    degraded: false,
    clusters: null,
    figures: {},
    calibration: null,
  };
  if (problem === 'binary' && !isProbability(scores)) {
    say('not_a_probability', 'the model answered with numbers that are no probabilities');
    return { ...withoutFigures, outcome: 'error', estimate: null };
  }
  if (mature === null) {
    if (coverage === null) say('no_predictions', 'nothing was captured of this window');
    else if (known.length === 0) say('no_labels', `not one of ${labels.length} predictions has a label`);
    else {
      say('too_few_labels', `${known.length} of ${labels.length} predictions have a label, and more may come`, {
        value: coverage,
        limit: MATURE_COVERAGE,
      });
    }
    return { ...withoutFigures, outcome: 'immature', estimate: estimate && { ...estimate, covered: null } };
  }

  const [ofKnown = new Float64Array(0)] = answersAt([labels], known);
  const [times = new Float64Array(0)] = answersAt([joined.atMs], known);
  const clusters = input.isIndependent ? null : timeBlocks(times, Math.max(windowMs / BLOCKS, 1));
  const classes = joined.classes?.length ?? 0;
  // A class the model was never taught is one it gives no chance.
  const answers = [
    ...answersAt(scores, known),
    ...Array.from({ length: Math.max(classes - scores.length, 0) }, () => new Float64Array(known.length)),
  ];
  const { operatingPoint } = policy;
  const sample: Sample = { problem, labels: ofKnown, classes, weights: null, clusters, operatingPoint };
  const { figures } = measure({ problem, labels: ofKnown, answers, operatingPoint });
  const value = figures[metric] ?? null;
  const interval = intervalOf(metric, {
    sample,
    model: { answers, figures },
    draws: () => ({ from: drawFigures(sample, [answers], { seed: seedOf(window) }), model: 0 }),
    confidence,
  });
  if (value === null)
    say('metric_undefined', `${metric} is undefined on these rows: perhaps all labels are alike`, { metric });
  else if (interval === null) {
    say(
      'interval_undefined',
      `the labels lie in too few blocks of time (${LEAST_CLUSTERS} are needed) to tell how far ${metric} varies`,
      { metric },
    );
  }

  const dropped = dropOf({ input, promoted, value, interval, clusters: clusters?.count ?? null, rows: known.length });
  const score = dropped === null ? null : margin > 0 ? dropped.low / margin : dropped.low > 0 ? 2 : 0;
  const degraded = dropped !== null && dropped.low > margin;
  if (promoted.value === null) {
    const missing =
      evaluation === null
        ? `nobody has said what ${metric} was when the endpoint was put in service (monitoring.quality.baseline)`
        : `the gate has no ${metric} of this model to compare with`;
    say('no_baseline', missing, { metric });
  }
  if (degraded && dropped !== null) {
    say(
      'degraded',
      `${metric} is worse than at promotion by ${dropped.value.toPrecision(3)}, and by more than the margin`,
      {
        metric,
        value: dropped.low,
        limit: margin,
      },
    );
  }
  return {
    ...base,
    outcome: 'measured',
    reasons,
    value,
    interval: interval === null ? null : [interval[0], interval[1]],
    drop: dropped,
    score,
    degraded,
    clusters: clusters?.count ?? null,
    figures: { ...figures },
    calibration: problem === 'binary' ? [...calibrationBins(ofKnown, onlyColumn(answers))] : null,
    estimate:
      estimate === null
        ? null
        : {
            ...estimate,
            covered: value === null ? null : value >= estimate.interval[0] && value <= estimate.interval[1],
          },
  };
}

const isProbability = (answers: Answers): boolean => onlyColumn(answers).every((score) => score >= 0 && score <= 1);

/** By how much the metric is worse than at promotion, and the one-sided lower bound of that; null where it cannot be told. */
function dropOf(given: {
  readonly input: LiveQualityInput;
  readonly promoted: Promoted;
  readonly value: number | null;
  readonly interval: readonly [number, number] | null;
  readonly clusters: number | null;
  readonly rows: number;
}): { value: number; low: number } | null {
  const { input, promoted, value, interval, clusters, rows } = given;
  const { problem, policy } = input;
  const { spread: then, windowSpread } = promoted;
  if (value === null || promoted.value === null || then === null) return null;
  // Without a gate the window's own rows alone say how far the figure varies.
  if (windowSpread === null && interval === null) return null;
  const { confidence, metric } = policy;
  const degrees = clusters === null ? Number.POSITIVE_INFINITY : clusters - 1;
  const within = interval === null ? 0 : (interval[1] - interval[0]) / 2 / critical((1 - confidence) / 2, degrees);
  const [between, betweenDegrees] = windowSpread?.(rows) ?? [0, degrees];
  const live: Spread = within > between ? [within, degrees] : [between, betweenDegrees];
  const error = Math.hypot(live[0], then[0]);
  const isHigher = metricNamed(problem, metric)?.direction !== 'lower';
  const drop = isHigher ? promoted.value - value : value - promoted.value;
  return { value: drop, low: drop - critical(1 - confidence, jointDegrees(live, then)) * error };
}

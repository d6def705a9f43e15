import type { RankContributions } from './delong.ts';
import { normalCritical } from './distributions.ts';
import { boundsOf, type Estimate, meanEstimate, type NoEstimate, tailBelow } from './estimate.ts';
import type { Comparison } from './evaluation.ts';
import { type MeasuredModel, rankEstimate } from './figure-intervals.ts';
import { widenedByFolds } from './folds.ts';
import { mcNemar } from './mcnemar.ts';
import { type Metric, metricNamed } from './metrics.ts';
import { rankingFigure } from './rank-figures.ts';
import { type Draws, percentileInterval, spreadOf } from './resampling.ts';
import { rowTerms } from './row-terms.ts';
import type { Sample } from './sample.ts';

/** Two models on the same rows, and how they are compared. */
export interface ComparisonInput {
  readonly sample: Sample;
  readonly metric: string;
  readonly ours: MeasuredModel;
  readonly theirs: MeasuredModel;
  /** Rankings worked out already. */
  readonly rankings?: readonly [ours: RankContributions | null, theirs: RankContributions | null] | undefined;
  /** Draws of both, for metrics compared by them; told how only when they are needed. */
  readonly draws: () => { readonly from: Draws; readonly ours: number; readonly theirs: number };
  /** The same draws, were every row independent; undefined: the effective number of rows is not asked for. */
  readonly independentDraws?:
    | (() => { readonly from: Draws; readonly ours: number; readonly theirs: number })
    | undefined;
}

/** By how much ours is better, in units of the metric, and how sure that is. */
export interface Gain {
  readonly test: Comparison['test'];
  readonly gain: number | null;
  readonly estimate: Estimate | NoEstimate;
  /** Of drawn rows, ascending; null where bounds follow from the standard error. */
  readonly sorted: Float64Array | null;
}

const TESTS = {
  ranking: ['delong', 'clustered_delong'],
  mean: ['paired_difference', 'clustered_paired_difference'],
  bootstrap: ['paired_bootstrap', 'cluster_bootstrap'],
} as const;

/** The test of a metric on independent or clustered rows; a metric without one is named by the paired difference it lacks. */
const testOf = (metric: Metric, clustered: boolean): Comparison['test'] =>
  TESTS[metric.test ?? 'mean'][clustered ? 1 : 0];

const less = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, at) => value - (b[at] ?? Number.NaN));

const turned = (estimate: Estimate, sign: number): Estimate => ({ ...estimate, value: sign * estimate.value });

function rankingGain({ sample, metric, ours, theirs, rankings }: ComparisonInput): Estimate | NoEstimate {
  const of = ({ answers }: MeasuredModel): RankContributions | null => rankingFigure(metric, sample, answers) ?? null;
  const [a, b] = rankings ?? [of(ours), of(theirs)];
  return rankEstimate(sample, a, b);
}

function meanGain({ sample, metric, ours, theirs }: ComparisonInput): Estimate | NoEstimate {
  const [a, b] = [rowTerms(metric, sample, ours.answers), rowTerms(metric, sample, theirs.answers)];
  if (a === undefined || b === undefined) return { undefinedBecause: `${metric} is no mean over rows` };
  const { terms, weights } = a;
  for (let row = 0; row < terms.length; row += 1) terms[row] = (terms[row] ?? 0) - (b.terms[row] ?? 0);
  return meanEstimate({ terms, weights }, sample.clusters);
}

/**
 * By how much ours is better on the same rows, by the test the metric asks for: DeLong's for areas, the paired
 * difference for means over rows, the paired bootstrap for the rest; each in its clustered form where rows move
 * together, and as much wider as folds make it ({@link widenedByFolds}).
 */
export function gainOf(input: ComparisonInput): Gain {
  const found = gainOnRows(input);
  const { folds } = input.sample;
  return folds === undefined ? found : widenedByFolds(found, folds);
}

/** The gain as sure as the rows make it, were the models that judge those that serve. */
function gainOnRows(input: ComparisonInput): Gain {
  const { sample, metric: name, ours, theirs } = input;
  const metric = metricNamed(sample.problem, name);
  if (metric === undefined) throw new RangeError(`${name} is no metric of a ${sample.problem} model`);
  const test = testOf(metric, sample.clusters !== null);
  const sign = metric.direction === 'higher' ? 1 : -1;
  const [value, other] = [ours.figures[name] ?? null, theirs.figures[name] ?? null];
  if (value === null || other === null) {
    return { test, gain: null, estimate: { undefinedBecause: `${metric.title} is undefined` }, sorted: null };
  }
  const gain = sign * (value - other);
  const told = (estimate: Estimate | NoEstimate): Gain => ({
    test,
    gain,
    // The figures' own difference, so that evidence adds up to the last digit.
    estimate: 'undefinedBecause' in estimate ? estimate : { ...turned(estimate, sign), value: gain },
    sorted: null,
  });
  switch (metric.test) {
    case null:
      return told({ undefinedBecause: `no test knows how far ${metric.title} varies` });
    case 'ranking':
      return told(rankingGain(input));
    case 'mean':
      return told(meanGain(input));
    case 'bootstrap': {
      const spread = (drawn: ReturnType<ComparisonInput['draws']>) => {
        const [a, b] = [drawn.from.of(drawn.ours, name), drawn.from.of(drawn.theirs, name)];
        if (a === undefined || b === undefined) return { undefinedBecause: `${metric.title} cannot be drawn again` };
        const draws = less(a.draws, b.draws).map((figure) => sign * figure);
        const without = a.without === null || b.without === null ? null : less(a.without, b.without);
        return spreadOf(gain, { draws, centre: sign * (a.centre - b.centre), without }, drawn.from.clusters);
      };
      const found = spread(input.draws());
      if ('undefinedBecause' in found) return { test, gain, estimate: found, sorted: null };
      const { estimate, sorted } = found;
      if (estimate.independentError !== null || input.independentDraws === undefined)
        return { test, gain, estimate, sorted };
      const independent = spread(input.independentDraws());
      const independentError = 'undefinedBecause' in independent ? null : independent.estimate.standardError;
      return { test, gain, estimate: { ...estimate, independentError }, sorted };
    }
  }
}

/** The chance of telling a true difference, in {@link Comparison.needed}. */
const POWER = 0.8;

/**
 * How many rows (clusters) would tell a difference from its limit: the measured standard error shrinks with their
 * square root. `distance` is how far the truth is taken to lie from the limit.
 */
function neededFor({ standardError }: Estimate, units: number, distance: number, confidence: number): number | null {
  if (!(distance > 0)) return null;
  const factor = normalCritical(1 - confidence) + normalCritical(1 - POWER);
  const count = Math.ceil(units * ((factor * standardError) / distance) ** 2);
  return Number.isSafeInteger(count) ? Math.max(count, 1) : null;
}

/** How much worse is still as good, at what confidence. */
export interface ComparisonTerms {
  /** In units of the metric; null where it cannot be told. */
  readonly margin: number | null;
  readonly mode: 'non_inferior' | 'superior' | 'threshold';
  readonly confidence: number;
}

function mcNemarOf({ sample, metric, ours, theirs }: ComparisonInput): number | null {
  const { labels, weights, clusters, problem } = sample;
  if (metric !== 'accuracy' || clusters !== null || weights !== null || problem === 'regression') return null;
  const [a, b] = [rowTerms(metric, sample, ours.answers), rowTerms(metric, sample, theirs.answers)];
  if (a === undefined || b === undefined) return null;
  let [onlyChallengerRight, onlyChampionRight] = [0, 0];
  for (let row = 0; row < labels.length; row += 1) {
    const more = (a.terms[row] ?? 0) - (b.terms[row] ?? 0);
    if (more > 0) onlyChallengerRight += 1;
    if (more < 0) onlyChampionRight += 1;
  }
  return mcNemar({ onlyChallengerRight, onlyChampionRight }).p;
}

/** The whole evidence of one comparison. */
export function comparisonOf(input: ComparisonInput, { margin, mode, confidence }: ComparisonTerms): Comparison {
  const { sample, metric } = input;
  const rows = sample.labels.length;
  const clusters = sample.clusters?.count ?? null;
  const { test, gain, estimate, sorted } = gainOf(input);
  const about = { metric, test, gain, rows, clusters, mcNemar: mcNemarOf(input) };
  if ('undefinedBecause' in estimate) {
    return {
      ...about,
      standardError: null,
      interval: null,
      lower: null,
      upper: null,
      pValue: null,
      degreesOfFreedom: null,
      neighbours: null,
      effectiveRows: null,
      needed: null,
      undefinedBecause: estimate.undefinedBecause,
    };
  }
  const { standardError, independentError, degreesOfFreedom, neighbours } = estimate;
  const bounds = boundsOf(estimate, confidence);
  const drawn =
    sorted === null
      ? bounds
      : {
          ...bounds,
          interval: percentileInterval(sorted, confidence),
          lower: percentileInterval(sorted, 2 * confidence - 1)[0],
          upper: percentileInterval(sorted, 2 * confidence - 1)[1],
        };
  // For a margin the truth is taken to be no difference at all; to be better at all, what was measured.
  const distance = mode === 'non_inferior' && (margin ?? 0) > 0 ? (margin ?? 0) : (gain ?? 0);
  const count = neededFor(estimate, clusters ?? rows, distance, confidence);
  return {
    ...about,
    standardError,
    interval: [drawn.interval[0], drawn.interval[1]],
    lower: drawn.lower,
    upper: drawn.upper,
    pValue: bounds.pValue,
    degreesOfFreedom,
    neighbours,
    // Clusters that vary less than chance would have them tell no more than their rows.
    effectiveRows:
      independentError === null || standardError === 0
        ? null
        : rows * Math.min((independentError / standardError) ** 2, 1),
    needed: count === null ? null : { unit: clusters === null ? 'rows' : 'clusters', count },
    undefinedBecause: null,
  };
}

/** How likely a gain as low as found is where the truth is a loss of exactly the margin; null where it cannot be told. */
export function worseByMoreThan({ estimate }: Gain, margin: number): number | null {
  return 'undefinedBecause' in estimate ? null : tailBelow(estimate, -margin);
}

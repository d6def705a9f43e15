import { randomStream } from '../../shared/evaluation/random.ts';
import type { Flights } from '../aa-study/flights.ts';
import { drawRows } from './draws.ts';
import { type Judged, judge } from './judging.ts';
import {
  blindMargins,
  type FoldedRows,
  labelsOf,
  marginsOf,
  type Problem,
  rowsBetween,
  type Trained,
  train,
} from './training.ts';
import { blurred, blurTo, goodness, type MetricName, noiseOf, type Reference } from './truth.ts';

/** How a candidate's training differs from its champion's. */
export type Design = (typeof DESIGNS)[number];

/**
 * `grown`: the champion knows four fifths of the candidate's rows. `replaced`: half of them, and as many that are gone.
 * `luck`: all of them, and drew others of them for its trees.
 */
export const DESIGNS = ['grown', 'replaced', 'luck'] as const;

/** How many rows are at hand, and in how many folds they are judged. */
export interface Setting {
  readonly problem: Problem;
  readonly rows: number;
  readonly folds: readonly number[];
}

export const SETTINGS: readonly Setting[] = [
  { problem: 'binary', rows: 200, folds: [5] },
  { problem: 'binary', rows: 500, folds: [5, 10] },
  { problem: 'binary', rows: 1_000, folds: [5] },
  { problem: 'binary', rows: 2_000, folds: [5] },
  { problem: 'regression', rows: 500, folds: [5] },
];

const METRICS: Readonly<Record<Problem, readonly MetricName[]>> = {
  binary: ['roc_auc', 'log_loss'],
  regression: ['mse'],
};

/** By about how much a handicapped candidate is worse in truth; the limit lies where it is exactly. */
export const MARGINS = { roc_auc: 0.02, log_loss: 0.01 } as const;

/** One comparison in folds, and what is true of the two models that would serve. */
export interface Judgement extends Judged, Pick<Setting, 'problem' | 'rows'> {
  readonly pair: number;
  readonly folds: number;
  readonly design: Design;
  readonly metric: MetricName;
  /** The candidate was made worse than the champion by the margin. */
  readonly isHandicapped: boolean;
  /** The gain of the models of all rows on all flights. */
  readonly truth: number;
}

/** Of the candidate's rows the first are the champion's, too, where data has grown. */
const GROWN_FROM = 0.8;

/** Trains the models of a pair with so many rows and judges them. The same number gives the same judgements. */
export function replicate(
  flights: Flights,
  reference: Reference,
  pair: number,
  { problem, rows, folds }: Setting,
): Judgement[] {
  const { cells } = flights;
  const stream = randomStream(pair * 10_000 + rows);
  const all = rows + rows / 2;
  const drawn: FoldedRows = {
    rows: drawRows(flights, all, stream),
    folds: new Map(folds.map((of) => [of, Uint32Array.from({ length: all }, () => stream.below(of))])),
  };
  // What the candidate learns from is at hand, and judges; half a sample of older rows is gone.
  const atHand = rowsBetween(drawn, rows / 2, all);
  const candidate = train(cells, atHand, problem, 0);
  const champions: Readonly<Record<Design, Trained>> = {
    grown: train(cells, rowsBetween(drawn, rows / 2, rows / 2 + rows * GROWN_FROM), problem, 0),
    replaced: train(cells, rowsBetween(drawn, 0, rows), problem, 0),
    luck: train(cells, atHand, problem, 1),
  };
  const labels = labelsOf(atHand.rows, problem);
  const served = marginsOf(candidate.served, cells);
  const noise = noiseOf(cells.rows, pair);
  const noiseAtHand = Float64Array.from(atHand.rows.cells, (cell) => noise[cell] ?? 0);
  const metrics = METRICS[problem];
  const goodnessOf = (margins: Float64Array): number[] => metrics.map((metric) => goodness(metric, margins, reference));
  const candidates = goodnessOf(served);

  const judgements: Judgement[] = [];
  for (const design of DESIGNS) {
    const champion = champions[design];
    const other = marginsOf(champion.served, cells);
    const theirs = goodnessOf(other);
    for (const [at, metric] of metrics.entries()) {
      const [our, their] = [candidates[at] ?? Number.NaN, theirs[at] ?? Number.NaN];
      const truth = our - their;
      // The better of the two is made the worse one.
      const [better, worse] = truth >= 0 ? [served, their] : [other, our];
      const handicap = design === 'grown' ? blurOf(metric, better, worse) : null;
      for (const of of folds) {
        const blind = (models: Trained): Float64Array => blindMargins(models, atHand, of, cells);
        const scores = { candidate: blind(candidate), champion: blind(champion) };
        const add = (found: Pick<Judgement, 'isHandicapped' | 'truth'>, of: typeof scores, ids: Uint32Array): void => {
          const judged = judge(metric, { problem, labels, folds: ids, ...of });
          judgements.push({ ...about, ...found, ...judged });
        };
        const about = { pair, problem, rows, folds: of, design, metric };
        const ids = atHand.folds.get(of) ?? new Uint32Array();
        add({ isHandicapped: false, truth }, scores, ids);
        if (handicap === null) continue;
        const [first, second] = truth >= 0 ? [scores.candidate, scores.champion] : [scores.champion, scores.candidate];
        const blurredFirst = blurred(first, noiseAtHand, handicap.blur);
        add({ isHandicapped: true, truth: handicap.truth }, { candidate: blurredFirst, champion: second }, ids);
      }
    }
  }
  return judgements;

  function blurOf(metric: MetricName, better: Float64Array, worse: number) {
    if (metric === 'mse') return null;
    const blur = blurTo(worse - MARGINS[metric], metric, better, noise, reference);
    if (blur === null) return null;
    return { blur, truth: goodness(metric, blurred(better, noise, blur), reference) - worse };
  }
}

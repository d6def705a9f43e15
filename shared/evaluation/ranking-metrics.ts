import { ratio, sumOf } from './sums.ts';

/** What a query's items are worth, and how the model scored them. */
export interface RankedQuery {
  /** 0: not relevant; above: how relevant. */
  readonly relevance: Float64Array;
  readonly scores: Float64Array;
}

/** `linear`: the relevance itself; `exponential`: 2^relevance - 1. */
export type Gain = 'linear' | 'exponential';

/** The figures of one query at a cut-off `k`; null where it has no relevant item. */
export interface CutOffMetrics {
  readonly ndcg: number | null;
  readonly ndcgExponential: number | null;
  /** Tied items share the mean gain of their places (McSherry and Najork 2008), as scikit-learn's `ndcg_score` does. */
  readonly ndcgTieAveraged: number | null;
  /** Relevant items among the first k, of k. */
  readonly precision: number;
  readonly recall: number | null;
  /** 1 where a relevant item is among the first k. */
  readonly hit: number;
}

/** The figures of one query; relevant is what has a relevance above 0. */
export interface QueryMetrics {
  readonly at: ReadonlyMap<number, CutOffMetrics>;
  /** One by the place of the first relevant item; 0 where there is none. */
  readonly reciprocalRank: number;
  /** Over the whole list; null where there is no relevant item. */
  readonly averagePrecision: number | null;
}

const GAINS: Readonly<Record<Gain, (relevance: number) => number>> = {
  linear: (relevance) => relevance,
  exponential: (relevance) => 2 ** relevance - 1,
};
const discount = (place: number): number => 1 / Math.log2(place + 2);

/** The items from the highest score down; tied ones keep the order they came in. */
function ranked(scores: Float64Array): readonly number[] {
  return Array.from(scores, (_, item) => item).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
}

function cumulativeGain(gains: readonly number[], k: number): number {
  return sumOf(Math.min(k, gains.length), (place) => (gains[place] ?? 0) * discount(place));
}

/** Each place's gain replaced by the mean gain of the items tied for it. */
function tieAveraged(gains: readonly number[], scores: readonly number[]): readonly number[] {
  const averaged: number[] = [];
  for (let start = 0; start < gains.length; ) {
    let end = start;
    while (end < gains.length && scores[end] === scores[start]) end += 1;
    const mean = gains.slice(start, end).reduce((sum, gain) => sum + gain, 0) / (end - start);
    while (averaged.length < end) averaged.push(mean);
    start = end;
  }
  return averaged;
}

function normalized(gains: readonly number[], k: number, ideal: readonly number[]): number | null {
  return ratio(cumulativeGain(gains, k), cumulativeGain(ideal, k));
}

/**
 * The figures of one query at each cut-off.
 * @throws RangeError where relevances and scores differ in number, or are negative or not finite, or k is not whole
 */
export function queryMetrics({ relevance, scores }: RankedQuery, cutOffs: readonly number[]): QueryMetrics {
  if (relevance.length !== scores.length) throw new RangeError(`${relevance.length} items, ${scores.length} scores`);
  if (relevance.some((worth) => !(worth >= 0 && worth < Number.POSITIVE_INFINITY)) || scores.some(Number.isNaN)) {
    throw new RangeError('a relevance is below zero or no number, or a score is no number');
  }
  const wrong = cutOffs.find((k) => !Number.isSafeInteger(k) || k < 1);
  if (wrong !== undefined) throw new RangeError(`the first ${wrong} items are no list`);
  const order = ranked(scores);
  const worths = order.map((item) => relevance[item] ?? 0);
  const ideal = [...relevance].sort((a, b) => b - a);
  const relevantAmong = (k: number): number => worths.slice(0, k).filter((worth) => worth > 0).length;
  const relevant = relevantAmong(worths.length);
  const exponential = GAINS.exponential;
  const tied = tieAveraged(
    worths,
    order.map((item) => scores[item] ?? 0),
  );
  const at = cutOffs.map((k): readonly [number, CutOffMetrics] => [
    k,
    {
      ndcg: normalized(worths, k, ideal),
      ndcgExponential: normalized(worths.map(exponential), k, ideal.map(exponential)),
      ndcgTieAveraged: normalized(tied, k, ideal),
      precision: relevantAmong(k) / k,
      recall: ratio(relevantAmong(k), relevant),
      hit: relevantAmong(k) > 0 ? 1 : 0,
    },
  ]);
  const first = worths.findIndex((worth) => worth > 0);
  let found = 0;
  const precisions = worths.map((worth, place) => {
    if (worth <= 0) return 0;
    found += 1;
    return found / (place + 1);
  });
  return {
    at: new Map(at),
    reciprocalRank: first < 0 ? 0 : 1 / (first + 1),
    averagePrecision: ratio(
      precisions.reduce((sum, precision) => sum + precision, 0),
      relevant,
    ),
  };
}

/** The mean over the queries for which a figure is defined; null where it is for none. */
export function meanOverQueries(figures: readonly (number | null)[]): number | null {
  const defined = figures.filter((figure) => figure !== null);
  return ratio(
    defined.reduce((sum, figure) => sum + figure, 0),
    defined.length,
  );
}

import { normalTail } from './distributions.ts';
import { orderAscending } from './radix-sort.ts';

/** Up to this many differences without ties or zeros the distribution is counted out. */
const EXACT_ROWS = 50;

interface Ranked {
  readonly rankSumAbove: number;
  readonly ties: boolean;
  /** Sum of t^3 - t over the groups of t equal magnitudes. */
  readonly tieTerm: number;
}

function rank(differences: Float64Array): Ranked {
  const magnitudes = differences.map(Math.abs);
  const order = orderAscending(magnitudes);
  let [rankSumAbove, tieTerm] = [0, 0];
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && magnitudes[order[end] ?? 0] === magnitudes[order[start] ?? 0]) end += 1;
    const midrank = (start + 1 + end) / 2;
    for (let at = start; at < end; at += 1) {
      if ((differences[order[at] ?? 0] ?? 0) > 0) rankSumAbove += midrank;
    }
    tieTerm += (end - start) ** 3 - (end - start);
    start = end;
  }
  return { rankSumAbove, ties: tieTerm > 0, tieTerm };
}

/** P(W <= w) where each rank 1 … n is above zero by the throw of a coin. */
function exactCdf(w: number, rows: number): number {
  const ways = new Float64Array((rows * (rows + 1)) / 2 + 1);
  ways[0] = 1;
  for (let added = 1; added <= rows; added += 1) {
    for (let sum = ways.length - 1; sum >= added; sum -= 1) ways[sum] = (ways[sum] ?? 0) + (ways[sum - added] ?? 0);
  }
  return ways.subarray(0, Math.floor(w) + 1).reduce((sum, count) => sum + count, 0) / 2 ** rows;
}

/**
 * Wilcoxon's signed-rank test of paired differences (1945), two-sided: pairs without a difference are dropped; exact up
 * to 50 pairs without ties or dropped ones, else normal with the correction for ties and none for continuity. Null
 * where no pair differs.
 */
export function signedRankP(differences: Float64Array): number | null {
  const moved = differences.filter((difference) => difference !== 0);
  const rows = moved.length;
  if (rows === 0) return null;
  const { rankSumAbove, ties, tieTerm } = rank(moved);
  const all = (rows * (rows + 1)) / 2;
  const smaller = Math.min(rankSumAbove, all - rankSumAbove);
  if (rows <= EXACT_ROWS && rows === differences.length && !ties) return Math.min(2 * exactCdf(smaller, rows), 1);
  const variance = (rows * (rows + 1) * (2 * rows + 1)) / 24 - tieTerm / 48;
  return 2 * normalTail(Math.abs(smaller - all / 2) / Math.sqrt(variance));
}

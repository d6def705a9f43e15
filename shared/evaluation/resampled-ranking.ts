import type { Ranking } from './binary-metrics.ts';
import { orderAscending } from './radix-sort.ts';

/**
 * Rankings of rows drawn again and again: the scores are sorted once, and each draw only counts the classes at every
 * distinct score. A ranking holds until the next one is asked for.
 */
export function resampledRanking(labels: Float64Array, scores: Float64Array): (rows: Uint32Array) => Ranking {
  const place = new Uint32Array(scores.length);
  const distinct: number[] = [];
  for (const row of orderAscending(scores)) {
    const score = scores[row] ?? 0;
    if (distinct.length === 0 || distinct.at(-1) !== score) distinct.push(score);
    place[row] = distinct.length - 1;
  }
  const positives = new Uint32Array(distinct.length);
  const negatives = new Uint32Array(distinct.length);
  return (rows) => {
    positives.fill(0);
    negatives.fill(0);
    for (const row of rows) {
      const counts = labels[row] === 1 ? positives : negatives;
      const at = place[row] ?? 0;
      counts[at] = (counts[at] ?? 0) + 1;
    }
    return (visit) => {
      for (let at = distinct.length - 1; at >= 0; at -= 1) {
        const [p, n] = [positives[at] ?? 0, negatives[at] ?? 0];
        if (p + n > 0) visit(distinct[at] ?? 0, p, n);
      }
    };
  };
}

import type { Ranking } from './binary-metrics.ts';
import type { Scored } from './evaluation.ts';
import { ratio } from './sums.ts';

type OperatingPoint = NonNullable<Scored['operatingPoints']>[number];

/**
 * What other operating points would give and cost: about `points` of them, evenly over the share of rows answered 1,
 * each at a score that occurs, from the lowest up. Null without rows.
 */
export function operatingPoints(ranking: Ranking, points = 50): OperatingPoint[] | null {
  let positives = 0;
  let negatives = 0;
  ranking((_score, p, n) => {
    positives += p;
    negatives += n;
  });
  const all = positives + negatives;
  if (!(all > 0)) return null;
  const found: OperatingPoint[] = [];
  let [tp, fp, next] = [0, 0, 1 / points];
  ranking((score, p, n) => {
    tp += p;
    fp += n;
    const flagged = Math.min((tp + fp) / all, 1);
    // Rounding of weights must not lose the last point, where every row is answered 1.
    if (flagged < next - 1e-12) return;
    next = Math.floor(flagged * points + 1e-9) / points + 1 / points;
    found.push({
      threshold: score,
      flagged,
      precision: ratio(tp, tp + fp),
      recall: ratio(tp, positives),
      specificity: ratio(Math.max(negatives - fp, 0), negatives),
      f1: ratio(2 * tp, tp + fp + positives),
    });
  });
  return found.reverse();
}

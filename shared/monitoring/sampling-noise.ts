import { chiSquareCritical } from '../evaluation/distributions.ts';
import { sumOf } from '../evaluation/sums.ts';

/** From so many expected rows on, a bin adds what chi-square says: one degree of freedom. */
const MANY = 50;

interface Moments {
  readonly mean: number;
  readonly variance: number;
}

/** What a bin that expects so many rows, Poisson, adds to 8 ln 2 m JSD. */
function ofBin(expected: number): Moments {
  if (expected >= MANY) return { mean: 1, variance: 2 };
  if (expected === 0) return { mean: 0, variance: 0 };
  const last = Math.ceil(expected + 12 * Math.sqrt(expected) + 12);
  let [chance, mean, square] = [Math.exp(-expected), 0, 0];
  for (let found = 0; found <= last; found += 1) {
    const middle = (expected + found) / 2;
    const added = 4 * (expected * Math.log(expected / middle) + (found === 0 ? 0 : found * Math.log(found / middle)));
    mean += chance * added;
    square += chance * added * added;
    chance *= expected / (found + 1);
  }
  return { mean, variance: square - mean * mean };
}

/**
 * The Jensen-Shannon distance (base 2) that a sample of `rows` exceeds with probability `alpha` where it comes from the
 * counted distribution. Where bins expect few rows chi-square with a degree less than bins is too calm (of fifty
 * categories in 250 rows one window in twenty lies beyond its 0.2 % limit), so the limit is that of the scaled chi-square
 * with the mean and variance of what the bins add up to (Satterthwaite). Null without rows on either side.
 */
export function jensenShannonLimit(counts: ArrayLike<number>, rows: number, alpha: number): number | null {
  const total = sumOf(counts.length, (bin) => counts[bin] ?? 0);
  if (total === 0 || rows <= 0) return null;
  let [mean, variance] = [0, 0];
  for (let bin = 0; bin < counts.length; bin += 1) {
    const added = ofBin(((counts[bin] ?? 0) / total) * rows);
    mean += added.mean;
    variance += added.variance;
  }
  // That the bins add up to the rows takes a degree of freedom away; one bin alone always agrees.
  [mean, variance] = [Math.max(mean - 1, 0), Math.max(variance - 2, 0)];
  if (mean === 0 || variance === 0) return 0;
  const scale = variance / (2 * mean);
  const critical = scale * chiSquareCritical(alpha, mean / scale);
  return Math.sqrt((critical * (1 / total + 1 / rows)) / (8 * Math.LN2));
}

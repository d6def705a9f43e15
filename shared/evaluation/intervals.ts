import { betaQuantile, normalCritical } from './distributions.ts';

/** The bounds of a confidence interval, the lower first. */
export type Interval = readonly [lower: number, upper: number];

/** How many of how many: `hits` of `rows`. */
export interface Count {
  readonly hits: number;
  readonly rows: number;
}

const clipped = (share: number): number => Math.min(Math.max(share, 0), 1);

/** The two-sided normal critical value: 1.96 for 0.95. */
function criticalOf(confidence: number): number {
  if (!(confidence > 0 && confidence < 1)) throw new RangeError(`${confidence} is not a confidence between 0 and 1`);
  return normalCritical((1 - confidence) / 2);
}

function assertCount({ hits, rows }: Count): void {
  if (!(hits >= 0 && hits <= rows)) throw new RangeError(`${hits} of ${rows} is not a share`);
}

/**
 * Wilson's score interval of a share (Wilson 1927): keeps its level for few rows and for shares near 0 and 1. Null
 * without rows.
 */
export function wilson(count: Count, confidence = 0.95): Interval | null {
  assertCount(count);
  const { hits, rows } = count;
  if (rows === 0) return null;
  const z = criticalOf(confidence);
  const share = hits / rows;
  const scale = 1 + (z * z) / rows;
  const centre = (share + (z * z) / (2 * rows)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / rows + (z * z) / (4 * rows * rows));
  // Exactly 0 and 1 where the formula is so but for rounding.
  return [hits === 0 ? 0 : clipped(centre - half), hits === rows ? 1 : clipped(centre + half)];
}

/** Clopper and Pearson's exact interval of a share (1934): never below its level, wider than it need be. */
export function clopperPearson(count: Count, confidence = 0.95): Interval | null {
  assertCount(count);
  const { hits, rows } = count;
  if (rows === 0) return null;
  const tail = (1 - confidence) / 2;
  return [
    hits === 0 ? 0 : betaQuantile(tail, hits, rows - hits + 1),
    hits === rows ? 1 : betaQuantile(1 - tail, hits + 1, rows - hits),
  ];
}

/** The textbook interval `p ± z sqrt(p(1-p)/n)`, clipped to 0 and 1; of no width where p is 0 or 1. */
export function wald(count: Count, confidence = 0.95): Interval | null {
  assertCount(count);
  const { hits, rows } = count;
  if (rows === 0) return null;
  const share = hits / rows;
  const half = criticalOf(confidence) * Math.sqrt((share * (1 - share)) / rows);
  return [clipped(share - half), clipped(share + half)];
}

/**
 * Newcombe's interval of the difference of two independent shares, `first - second`, from their Wilson intervals
 * (Newcombe 1998, method 10). Null where either side has no rows.
 */
export function newcombe(first: Count, second: Count, confidence = 0.95): Interval | null {
  const [a, b] = [wilson(first, confidence), wilson(second, confidence)];
  if (a === null || b === null) return null;
  const [p, q] = [first.hits / first.rows, second.hits / second.rows];
  const difference = p - q;
  return [
    difference - Math.sqrt((p - a[0]) ** 2 + (b[1] - q) ** 2),
    difference + Math.sqrt((a[1] - p) ** 2 + (q - b[0]) ** 2),
  ];
}

/**
 * Katz' interval of the ratio of two independent shares, `first / second`, normal on the logarithm (Katz et al. 1978).
 * Null where either count is zero: there the logarithm has no variance.
 */
export function ratioInterval(first: Count, second: Count, confidence = 0.95): Interval | null {
  assertCount(first);
  assertCount(second);
  if (first.hits === 0 || second.hits === 0) return null;
  const ratio = first.hits / first.rows / (second.hits / second.rows);
  const error = Math.sqrt(1 / first.hits - 1 / first.rows + 1 / second.hits - 1 / second.rows);
  const factor = Math.exp(criticalOf(confidence) * error);
  return [ratio / factor, ratio * factor];
}

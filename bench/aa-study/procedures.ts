import { normalCritical, studentCritical } from '../../shared/evaluation/distributions.ts';
import { errorOf } from './judging.ts';
import type { Judgement } from './replication.ts';

/** The chance of a false promotion that every procedure states. */
export const LEVEL = 0.05;

/** A way to a lower bound of the gain that is to lie above the truth in 5 % of gates at most. */
export interface Procedure {
  readonly name: string;
  /** The lower bound; null where this procedure has none for such a gate. With `mirrored`, of the champion's gain. */
  readonly lower: (judgement: Judgement, mirrored?: boolean) => number | null;
}

const criticals = new Map<number, number>();

/** Student's one-sided critical value, worked out once. */
export function criticalT(degreesOfFreedom: number): number {
  const found = criticals.get(degreesOfFreedom) ?? studentCritical(LEVEL, degreesOfFreedom);
  criticals.set(degreesOfFreedom, found);
  return found;
}

const Z = normalCritical(LEVEL);

const bound = (name: string, half: (judgement: Judgement) => number | null): Procedure => ({
  name,
  lower: (judgement, mirrored = false) => {
    const below = half(judgement);
    return below === null ? null : (mirrored ? -judgement.gain : judgement.gain) - below;
  },
});

/** Every row for itself: DeLong's test, the paired difference. */
export const BY_ROW = bound('rows', ({ rowError }) => (rowError === null ? null : Z * rowError));

/** By day, as if there were many. */
export const BY_DAY_NORMAL = bound('days, normal', ({ dayError }) => Z * dayError);

/** By day, Student's t with days - 1 degrees of freedom. */
export const BY_DAY = bound('days, t', ({ dayError, days }) => criticalT(days - 1) * dayError);

/** The error by blocks of about so many consecutive days, and how many blocks there are. */
function blockError(parts: readonly number[], length: number): { readonly error: number; readonly blocks: number } {
  const blocks = Math.floor(parts.length / length);
  const sums = new Float64Array(blocks);
  parts.forEach((part, day) => {
    const block = Math.floor((day * blocks) / parts.length);
    sums[block] = (sums[block] ?? 0) + part;
  });
  return { error: blocks < 2 ? Number.NaN : errorOf(sums), blocks };
}

/** By blocks of three days, at least two of them; t with blocks - 1 degrees of freedom. */
export const BY_BLOCK = bound('blocks of 3 days, t', ({ parts }) => {
  const { error, blocks } = blockError(parts, 3);
  return blocks < 2 ? null : criticalT(blocks - 1) * error;
});

/**
 * The widest of the errors by blocks of one, two and three days, with t of days - 1 degrees of freedom: where a day
 * tells nothing of the next the three agree but for chance, where weather lasts the longer blocks are the wider.
 */
export const WIDEST = bound('widest of 1 to 3 days, t', ({ parts, dayError, days }) => {
  const errors = [2, 3].map((length) => blockError(parts, length).error).filter((error) => !Number.isNaN(error));
  return criticalT(days - 1) * Math.max(dayError, ...errors);
});

/** F1: the 5 % quantile of the gain over days drawn again. */
export const PERCENTILE: Procedure = {
  name: 'days drawn again, percentile',
  lower: ({ percentileLower }, mirrored = false) => (mirrored ? null : percentileLower),
};

/** F1: the bootstrap's error, widened for few days, with Student's t. */
export const BOOTSTRAP_T = bound('days drawn again, t', ({ dayError, days, percentileLower }) =>
  percentileLower === null ? null : criticalT(days - 1) * dayError * Math.sqrt(days / (days - 1)),
);

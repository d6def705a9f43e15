import { normalCritical, studentCritical } from '../../shared/evaluation/distributions.ts';
import { type ClusteredError, LEAST_TIME_BLOCKS } from '../../shared/evaluation/neighbours.ts';
import { errorOf, widestOf } from './judging.ts';
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

const boundOf = ({ standardError, degreesOfFreedom }: ClusteredError): number =>
  criticalT(degreesOfFreedom) * standardError;

/** The gate's own: the widest of the bounds by blocks of 1, 2, 3, … days, as long as three blocks are left. */
export const WIDEST = bound('the gate', ({ parts, days }) =>
  days < LEAST_TIME_BLOCKS ? null : boundOf(widestOf(parts)),
);

/** The same with as few as two blocks: what it takes at the limit, and what it costs. */
export const TWO_BLOCKS = bound('down to two blocks', ({ parts, days }) => {
  if (days < LEAST_TIME_BLOCKS) return null;
  const halves = new Float64Array(2);
  parts.forEach((part, day) => {
    const half = Math.floor((2 * day) / days);
    halves[half] = (halves[half] ?? 0) + part;
  });
  return Math.max(boundOf(widestOf(parts)), criticalT(1) * errorOf(halves));
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

/** F1, as the gate has it: the same, as much wider as blocks of neighbours are by the days' parts. */
export const BOOTSTRAP_WIDEST = bound('the gate', ({ parts, dayError, days, percentileLower }) =>
  percentileLower === null || days < LEAST_TIME_BLOCKS
    ? null
    : (boundOf(widestOf(parts)) / errorOf(parts)) * dayError * Math.sqrt(days / (days - 1)),
);

import type { Clusters } from './clusters.ts';
import { studentCritical } from './distributions.ts';

/**
 * Blocks of time that are fewer than this say nothing: six leave three blocks of two neighbours, the least with which
 * it shows whether a day goes as the day before.
 */
export const LEAST_TIME_BLOCKS = 6;

/** As few blocks of neighbours as still have a spread: a t of two degrees of freedom. */
const LEAST_JOINED = 3;

/** The tail at which bounds are told wider or narrower: of the one side that a gate looks at. */
const TAIL = 0.05;

const criticals = new Map<number, number>();

/** Student's t of the tail at which the gate looks. */
export function criticalT(degreesOfFreedom: number): number {
  const found = criticals.get(degreesOfFreedom) ?? studentCritical(TAIL, degreesOfFreedom);
  criticals.set(degreesOfFreedom, found);
  return found;
}

/** How many neighbours are joined: 1, 2, 3 and so on, from 16 in steps of an eighth, as long as three blocks are left. */
function* lengthsOf(count: number): Generator<number> {
  yield 1;
  for (let length = 2; LEAST_JOINED * length <= count; length += Math.max(1, Math.floor(length / 8))) yield length;
}

/** Adds up the sums of neighbours. */
export type Join = (sums: Float64Array) => Float64Array;

function joinOf(order: Uint32Array, blocks: number): Join {
  return (sums) => {
    const joined = new Float64Array(blocks);
    for (let at = 0; at < order.length; at += 1) {
      const block = Math.floor((at * blocks) / order.length);
      joined[block] = (joined[block] ?? 0) + (sums[order[at] ?? 0] ?? 0);
    }
    return joined;
  };
}

/** A standard error from sums by cluster, and its degrees of freedom. */
export interface ClusteredError {
  readonly standardError: number;
  /** Of Student's t: blocks - 1. */
  readonly degreesOfFreedom: number;
  /** How many neighbours in time a block holds; null where clusters have no order in time. */
  readonly neighbours: number | null;
  /** The standard error with each cluster for itself. */
  readonly byCluster: number;
}

/**
 * The error of what is a sum over clusters. Blocks of time are not independent of their neighbours (weather lasts), and
 * how far that reaches nobody knows beforehand: so neighbours are joined to blocks of 1, 2, 3, … as long as three
 * blocks are left, and that error is taken which with its own Student's t gives the widest bound. Where a day
 * tells nothing of the next they differ by chance alone, and by what fewer blocks cost. `docs/false-promotions.md`
 * measures it. Clusters without an order in time stand for themselves.
 *
 * @param errorOf the error by so many blocks, whose sums `join` makes out of those by cluster; null where there is none
 * @returns null where one of them has none
 */
export function widestError(
  { count, inTime }: Pick<Clusters, 'count' | 'inTime'>,
  errorOf: (join: Join, blocks: number) => number | null,
): ClusteredError | null {
  let widest: ClusteredError | null = null;
  let [bound, byCluster] = [-1, 0];
  for (const neighbours of inTime === undefined ? [1] : lengthsOf(count)) {
    const blocks = Math.floor(count / neighbours);
    const standardError = errorOf(
      inTime === undefined || neighbours === 1 ? (sums) => sums : joinOf(inTime, blocks),
      blocks,
    );
    if (standardError === null) return null;
    if (neighbours === 1) byCluster = standardError;
    const wide = criticalT(blocks - 1) * standardError;
    if (wide <= bound) continue;
    bound = wide;
    widest = {
      standardError,
      degreesOfFreedom: blocks - 1,
      neighbours: inTime === undefined ? null : neighbours,
      byCluster,
    };
  }
  return widest;
}

/** The error of a figure whose deviation is the sum of its clusters' parts (Liang and Zeger 1986, factor G/(G-1)). */
export const errorOfParts =
  (parts: Float64Array) =>
  (join: Join, blocks: number): number => {
    let squares = 0;
    for (const part of join(parts)) squares += part * part;
    return Math.sqrt((squares * blocks) / (blocks - 1));
  };

import { studentCritical } from '../evaluation/distributions.ts';

/** With fewer chunks nobody knows how windows differ by themselves. */
export const LEAST_CHUNKS = 7;

/** A further chunk may lie this far beyond the largest seen: distances have long tails (docs/drift.md). */
const BEYOND_LARGEST = 1.25;
/** The chance, for each way to drift, that a further chunk of the baseline's kind lies above the limit. */
const TAIL = 0.001;

/**
 * What distances of a baseline's own chunks seldom exceed: the upper bound for one chunk more, were they normal, and
 * never less than a quarter beyond the largest that was seen. Null with fewer than {@link LEAST_CHUNKS}.
 */
export function chunkLimit(distances: readonly number[]): number | null {
  const chunks = distances.length;
  if (chunks < LEAST_CHUNKS) return null;
  const mean = distances.reduce((sum, distance) => sum + distance, 0) / chunks;
  const variance = distances.reduce((sum, distance) => sum + (distance - mean) ** 2, 0) / (chunks - 1);
  const bound = mean + studentCritical(TAIL, chunks - 1) * Math.sqrt(variance * (1 + 1 / chunks));
  return distances.reduce((limit, distance) => Math.max(limit, BEYOND_LARGEST * distance), bound);
}

import * as z from 'zod';

import { normalCritical } from '../evaluation/distributions.ts';
import type { BaselineColumn, ColumnProfile } from './baseline.ts';
import { chunkLimit } from './chunk-limit.ts';
import {
  type ChunkDistances,
  type Counts,
  countsOf,
  DRIFT_KEYS,
  type DriftKeyName,
  measureOf,
} from './column-distances.ts';
import { jensenShannonLimit } from './sampling-noise.ts';

/** A distance and the limit it is held against. */
export const driftKeySchema = z.strictObject({
  value: z.number(),
  /** The largest of the three below. */
  limit: z.number(),
  /** The effect that matters, however many rows show it. */
  effect: z.number(),
  /** What so many rows of an unchanged column seldom exceed. */
  noise: z.number(),
  /** What the baseline's own chunks seldom exceed; null with too few of them. */
  chunks: z.number().nullable(),
  drifted: z.boolean(),
});
export type DriftKey = z.infer<typeof driftKeySchema>;

/** What can be said of one column in one window. */
export interface ColumnFinding {
  /** `insufficient_data` is never "no drift". */
  readonly outcome: 'drift' | 'no_drift' | 'insufficient_data';
  readonly keys: Readonly<Partial<Record<DriftKeyName, DriftKey>>>;
  /** The largest of value by limit over the keys: 1 and more is drift. Null where nothing could be measured. */
  readonly severity: number | null;
}

/** How the detector weighs. */
export interface Detection {
  /** How many columns are tested together: the level is shared out among them (Bonferroni). */
  readonly columns: number;
  /** The chance of any false alarm over all columns in a window of independent rows; 0.01 unless told otherwise. */
  readonly alpha?: number;
  /** The least Jensen-Shannon distance (base 2), and normed Wasserstein distance, that counts; 0.1 unless told otherwise. */
  readonly threshold?: number;
  /** Fewer rows say nothing; 100 unless told otherwise. */
  readonly minRows?: number;
}

/** What the detector takes where nothing is said. */
export const DETECTION = { alpha: 0.01, threshold: 0.1, minRows: 100 } as const;

/** Shares that matter, however many rows show them. */
const LEAST = { nulls: 0.02, outside: 0.01 } as const;
/** More noise than this in a Jensen-Shannon distance shows nothing. */
const MOST_NOISE = 0.5;

interface Sides {
  readonly reference: Counts;
  readonly current: Counts;
  /** Rows of the current side and those with a value, which need not be its own: chunks are smaller or larger. */
  readonly rows: number;
  readonly present: number;
}

/** The value of each key that rows of an unchanged column exceed with a chance of `level`; null where none is known. */
function noiseOf(
  key: DriftKeyName,
  { data, noise }: BaselineColumn,
  { reference, current, rows, present }: Sides,
  level: number,
): number | null {
  const n = reference.rows - reference.nulls;
  switch (key) {
    case 'jensen_shannon':
      // Categories have a bin more, for all others.
      return jensenShannonLimit(
        data?.kind === 'category' ? [...Array.from(reference.counts), reference.outside] : reference.counts,
        present,
        level,
      );
    case 'wasserstein':
      return noise === null ? null : noise * Math.sqrt(1 / n + 1 / present);
    case 'nulls': {
      const both = (reference.nulls + current.nulls) / (reference.rows + current.rows);
      return normalCritical(level / 2) * Math.sqrt(both * (1 - both) * (1 / reference.rows + 1 / rows));
    }
    case 'out_of_range':
    case 'unseen': {
      // The share whose Wilson lower bound is the effect (Wilson's interval turns this test round), and how many
      // values the baseline does not name differs between samples of it too.
      const unnamed = key === 'unseen' ? Math.max(reference.outside, 0) / n : 0;
      const varianceOf = (share: number): number => share * (1 - share);
      const variance = varianceOf(Math.min(unnamed + LEAST.outside, 0.5)) / present + varianceOf(unnamed) / n;
      return LEAST.outside + normalCritical(level) * Math.sqrt(variance);
    }
  }
}

/** What a baseline's chunks say of one key: the limit for windows with as many rows as they have. */
interface ChunkLimit {
  readonly limit: number;
  /** Of the chunks, on average: rows, and those with a value. */
  readonly rows: number;
  readonly present: number;
}
export type ChunkLimits = Readonly<Partial<Record<DriftKeyName, ChunkLimit>>>;

/** The limits by a baseline's own chunks; none for keys with too few of them. */
export function chunkLimits(chunks: readonly ChunkDistances[]): ChunkLimits {
  const mean = (of: (chunk: ChunkDistances) => number): number =>
    chunks.reduce((sum, chunk) => sum + of(chunk), 0) / chunks.length;
  const [rows, present] = [mean((chunk) => chunk.rows), mean((chunk) => chunk.present)];
  const limits: Partial<Record<DriftKeyName, ChunkLimit>> = {};
  for (const key of DRIFT_KEYS) {
    const limit = chunkLimit(chunks.flatMap(({ distances }) => distances[key] ?? []));
    if (limit !== null) limits[key] = { limit, rows, present };
  }
  return limits;
}

/**
 * A limit by chunks for a window of other size: one with fewer rows is noisier by the difference of the squared noise,
 * for independent deviations add up in squares.
 */
function resized(chunks: ChunkLimit | undefined, noiseOfChunks: number | null, noise: number): number | null {
  if (chunks === undefined) return null;
  return Math.sqrt(chunks.limit ** 2 + Math.max(noise ** 2 - (noiseOfChunks ?? noise) ** 2, 0));
}

/**
 * Whether a column has drifted, from profiles alone. A key turns only where the effect matters, is no noise of so many
 * rows, and is beyond what the baseline's own consecutive chunks show: real windows are no random samples. For numbers
 * the Jensen-Shannon distance sees a moved middle and the clamped Wasserstein distance a rare tail; for both the share
 * of missing values, and of values the baseline does not know.
 * @throws RangeError where the window was not taken against this baseline
 */
export function detectColumnDrift(
  column: BaselineColumn,
  window: ColumnProfile,
  byChunks: ChunkLimits,
  detection: Detection,
): ColumnFinding {
  const { alpha, threshold, minRows } = { ...DETECTION, ...detection };
  const { data } = column;
  const [reference, current] = [data && countsOf(data), countsOf(window)];
  if (data?.kind !== window.kind || reference?.counts.length !== current.counts.length) {
    throw new RangeError(`column ${column.name} was profiled over another baseline`);
  }
  if (current.rows < minRows || reference.rows === 0) return { outcome: 'insufficient_data', keys: {}, severity: null };
  const present = current.rows - current.nulls;
  const level = alpha / detection.columns;
  const noiseAt =
    (key: DriftKeyName) =>
    (rows: number, some: number): number | null =>
      noiseOf(key, column, { reference, current, rows, present: some }, level);
  const distance = noiseAt('jensen_shannon')(current.rows, present);
  const tellsValues = present >= minRows && distance !== null && distance <= MOST_NOISE;
  const measured = measureOf(data)(reference, current);
  const effects: Record<DriftKeyName, number> = {
    jensen_shannon: threshold,
    wasserstein: threshold,
    nulls: LEAST.nulls,
    out_of_range: LEAST.outside,
    unseen: LEAST.outside,
  };
  const keys: Partial<Record<DriftKeyName, DriftKey>> = {};
  for (const key of DRIFT_KEYS) {
    const value = measured[key];
    if (value === undefined || (key !== 'nulls' && !tellsValues)) continue;
    const noise = noiseAt(key)(current.rows, present);
    if (noise === null) continue;
    const [effect, usual] = [effects[key], byChunks[key]];
    const chunks = resized(usual, usual ? noiseAt(key)(usual.rows, usual.present) : null, noise);
    const limit = Math.max(effect, noise, chunks ?? 0);
    keys[key] = { value, limit, effect, noise, chunks, drifted: value >= limit };
  }
  const severity = Object.values(keys).reduce((most, { value, limit }) => Math.max(most, value / limit), 0);
  if (severity >= 1) return { outcome: 'drift', keys, severity };
  // Missing values alone do not say that the others are as they were.
  return tellsValues ? { outcome: 'no_drift', keys, severity } : { outcome: 'insufficient_data', keys, severity: null };
}

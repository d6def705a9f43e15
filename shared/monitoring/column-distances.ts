import { type BaselineColumn, type ColumnProfile, LEADING, NULLS, OUTSIDE, ROWS } from './baseline.ts';
import { jensenShannonDistance } from './distances.ts';
import { binnedWasserstein, LEAST_DEVIATION, momentsOf } from './profile.ts';

/** The ways a column can drift. */
export const DRIFT_KEYS = ['jensen_shannon', 'wasserstein', 'nulls', 'out_of_range', 'unseen'] as const;
export type DriftKeyName = (typeof DRIFT_KEYS)[number];

/** A value for each way that can be measured. */
export type Distances = Readonly<Partial<Record<DriftKeyName, number>>>;

/** Rows of one column as counts. */
export interface Counts {
  readonly rows: number;
  readonly nulls: number;
  /** Values outside the baseline's range, or of none of its categories. */
  readonly outside: number;
  /** Per bin or category. */
  readonly counts: ArrayLike<number>;
}

/** The counts of a profile. */
export function countsOf({ kind, profile }: ColumnProfile): Counts {
  const { rows, nulls, counts } = profile;
  return kind === 'number'
    ? { rows, nulls, outside: profile.below + profile.above, counts }
    : { rows, nulls, outside: profile.other, counts };
}

/** The counts of consecutive chunks together. */
function together(chunks: readonly (readonly number[])[]): Counts {
  const sum = new Float64Array(chunks[0]?.length ?? LEADING);
  for (const chunk of chunks) for (let at = 0; at < sum.length; at += 1) sum[at] = (sum[at] ?? 0) + (chunk[at] ?? 0);
  return { rows: sum[ROWS] ?? 0, nulls: sum[NULLS] ?? 0, outside: sum[OUTSIDE] ?? 0, counts: sum.subarray(LEADING) };
}

/** The rows of a baseline that are not in a part of it. No measure reads what of the rest lies outside a range. */
function without(all: Counts, part: Counts): Counts {
  return {
    rows: all.rows - part.rows,
    nulls: all.nulls - part.nulls,
    outside: Math.max(all.outside - part.outside, 0),
    counts: Float64Array.from(all.counts, (count, at) => count - (part.counts[at] ?? 0)),
  };
}

const withOther = ({ counts, outside }: Counts): Float64Array => Float64Array.of(...Array.from(counts), outside);

/** Measures how far rows of one column are from others. */
export type Measure = (reference: Counts, current: Counts) => Distances;

function shareGap(reference: Counts, current: Counts): number {
  return Math.abs(current.nulls / current.rows - reference.nulls / reference.rows);
}

/** The share of values of categories that never came in the reference, and of growth of those it does not name. */
function unseenShare(reference: Counts, current: Counts): number {
  const [n, m] = [reference.rows - reference.nulls, current.rows - current.nulls];
  let unseen = Math.max(current.outside - (reference.outside * m) / n, 0);
  for (let at = 0; at < current.counts.length; at += 1) {
    if (reference.counts[at] === 0) unseen += current.counts[at] ?? 0;
  }
  return unseen / m;
}

/** What measures a column; the values' distances are left out where a side holds none. */
export function measureOf({ kind, profile }: ColumnProfile): Measure {
  const present = (a: Counts, b: Counts): boolean => a.rows > a.nulls && b.rows > b.nulls;
  if (kind === 'category') {
    return (reference, current) => {
      const nulls = shareGap(reference, current);
      const distance = jensenShannonDistance(withOther(reference), withOther(current));
      if (distance === null || !present(reference, current)) return { nulls };
      return { jensen_shannon: distance, unseen: unseenShare(reference, current), nulls };
    };
  }
  const moments = momentsOf(profile);
  const knots = [profile.min ?? 0, ...profile.edges, profile.max ?? 0];
  const divisor = moments === null ? 1 : Math.max(Math.sqrt(moments.m2 / moments.n), LEAST_DEVIATION);
  return (reference, current) => {
    const nulls = shareGap(reference, current);
    const distance = jensenShannonDistance(reference.counts, current.counts);
    if (distance === null || !present(reference, current)) return { nulls };
    return {
      jensen_shannon: distance,
      wasserstein: binnedWasserstein(knots, reference.counts, current.counts) / divisor,
      out_of_range: current.outside / (current.rows - current.nulls),
      nulls,
    };
  };
}

/** A stretch of a baseline as long as a window, held against all the rest of it. */
export interface ChunkDistances {
  readonly rows: number;
  readonly present: number;
  readonly distances: Distances;
}

/** Runs of `length` consecutive chunks, none in two runs. */
function runsOf(starts: readonly number[], windowMs: number, length: number): readonly (readonly number[])[] {
  const runs: number[][] = [];
  let open: number[] = [];
  for (const [at, start] of starts.entries()) {
    const last = open.at(-1);
    if (last !== undefined && start - (starts[last] ?? 0) !== windowMs) open = [];
    open.push(at);
    if (open.length === length) {
      runs.push(open);
      open = [];
    }
  }
  return runs;
}

/** A baseline's chunks, those of a window's length and those as long as several windows. */
export interface Chunks {
  readonly starts: readonly number[];
  readonly windowMs: number;
  /** Chunks with fewer rows say nothing. */
  readonly leastRows: number;
}

/** Every stretch of `windows` window lengths of a baseline against all the rest of it. */
export function chunkDistances(
  { data, chunks }: BaselineColumn,
  { starts, windowMs, leastRows }: Chunks,
  windows: number,
): readonly ChunkDistances[] {
  if (data === null) return [];
  const all = countsOf(data);
  const measure = measureOf(data);
  return runsOf(starts, windowMs, windows).flatMap((run) => {
    const part = together(run.flatMap((at) => chunks.slice(at, at + 1)));
    const rest = without(all, part);
    if (part.rows < leastRows || rest.rows < leastRows) return [];
    return [{ rows: part.rows, present: part.rows - part.nulls, distances: measure(rest, part) }];
  });
}

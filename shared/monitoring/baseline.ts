import * as z from 'zod';

import { sortAscending } from '../evaluation/radix-sort.ts';
import { binOf, padded, quantileEdges, TAILED_DECILES } from './bins.ts';
import { type CategoryCells, categoryTally, isCoded, mostFrequent } from './category-profile.ts';
import { DISCRETE_VALUES } from './numeric-drift.ts';
import { numericTally } from './profile.ts';
import { wassersteinNoise } from './wasserstein-noise.ts';

const count = z.int().min(0);
const counts = z.array(count).readonly();
const exactSumSchema = z.array(z.number()).readonly();

/** {@link NumericProfile} as JSON. */
const numericProfileSchema = z.strictObject({
  rows: count,
  nulls: count,
  unmeasured: count,
  min: z.number().nullable(),
  max: z.number().nullable(),
  sum: exactSumSchema,
  sumOfSquares: exactSumSchema,
  edges: z.array(z.number()).readonly(),
  counts,
  below: count,
  above: count,
});

/** {@link CategoryProfile} as JSON. */
const categoryProfileSchema = z.strictObject({
  rows: count,
  nulls: count,
  categories: z.array(z.string()).readonly(),
  counts,
  other: count,
});

/** What the rows of a window, or of a baseline, held in one column. */
export const columnProfileSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('number'), profile: numericProfileSchema }),
  z.strictObject({ kind: z.literal('category'), profile: categoryProfileSchema }),
]);
export type ColumnProfile = z.infer<typeof columnProfileSchema>;

/** A column that is watched. */
export const columnSpecSchema = z.strictObject({
  name: z.string().min(1),
  kind: z.enum(['number', 'category']),
  /** A function of the row's time alone: it differs between windows by its nature, and is left out. */
  ofTime: z.boolean(),
  /** Its share of what the model makes of all columns, 0 to 1; absent where nobody knows. */
  importance: z.number().min(0).max(1).optional(),
});
export type ColumnSpec = z.infer<typeof columnSpecSchema>;

/**
 * A column of a baseline. Numbers with few distinct values are profiled as categories: bins cannot see below a constant.
 */
export const baselineColumnSchema = columnSpecSchema.extend({
  /** Null for a function of time. */
  data: columnProfileSchema.nullable(),
  /** Of the clamped Wasserstein distance, times the root of the rows; null for categories. */
  noise: z.number().nullable(),
  /**
   * A list per chunk: rows, missing values, values outside the range of all other chunks (categories: other values),
   * then a count per bin or category.
   */
  chunks: z.array(counts).readonly(),
});
export type BaselineColumn = z.infer<typeof baselineColumnSchema>;

/** What a window is held against: profiles of the rows a model learned from, and of their consecutive chunks. */
export const baselineSchema = z.strictObject({
  schemaVersion: z.literal(1),
  rows: count,
  /** How long a chunk, and a window, is. */
  windowMs: z.int().min(1),
  /** When each kept chunk begins (milliseconds since 1970), ascending; empty without times. */
  chunkStarts: z.array(z.int()).readonly(),
  columns: z.array(baselineColumnSchema).readonly(),
});
export type Baseline = z.infer<typeof baselineSchema>;

/** The cells of one column: numbers with NaN for a missing value, or categories. */
export type Cells = Float64Array | CategoryCells;

/** Rows of a baseline, column by column. */
export interface BaselineRows {
  readonly rows: number;
  /** Milliseconds since 1970, in any order; null where rows have no time. */
  readonly times: Float64Array | null;
  /** By column name; functions of time need none. */
  readonly cells: Readonly<Record<string, Cells>>;
}

/** Edges are quantiles of at most so many values, evenly picked. */
const MOST_SORTED = 200_000;
/** More chunks are thinned to runs of consecutive ones, spread evenly: they bound the bytes of a baseline. */
const MOST_CHUNKS = 200;
const RUN_OF_CHUNKS = 8;

/** A column's cells in a batch. @throws RangeError where they are missing, or not as many as the rows */
export function cellsOf(cells: Readonly<Record<string, Cells>>, name: string, rows: number): Cells {
  const found = cells[name];
  if (found === undefined) throw new RangeError(`no cells of column ${name}`);
  const length = !(found instanceof Float64Array) && isCoded(found) ? found.codes.length : found.length;
  if (length !== rows) throw new RangeError(`${length} cells of column ${name} in ${rows} rows`);
  return found;
}

/** A column's cells as numbers. @throws RangeError where they are categories */
export function numbersOf(cells: Cells, name: string): Float64Array {
  if (!(cells instanceof Float64Array)) throw new RangeError(`column ${name} is of numbers, its cells are categories`);
  return cells;
}

/** Numbers with few values, or categories, as categories: a number is named by its shortest text. */
export function categoriesOf(cells: Cells): CategoryCells {
  if (!(cells instanceof Float64Array)) return cells;
  const codeOf = new Map<number, number>();
  // A code for each distinct number: repeated values are the rule here.
  const codes = new Int32Array(cells.length).fill(-1);
  for (let row = 0; row < cells.length; row += 1) {
    const value = cells[row] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    const code = codeOf.get(value) ?? codeOf.size;
    codeOf.set(value, code);
    codes[row] = code;
  }
  return { codes, names: [...codeOf.keys()].map(String) };
}

/** Which chunk each row is in: by its time, counted from 1970 as windows are. */
interface Chunking {
  readonly starts: readonly number[];
  /** Per batch, per row; -1 outside any. */
  readonly ofBatch: readonly Int32Array[];
}

function chunked(batches: readonly BaselineRows[], windowMs: number): Chunking {
  const numbers = batches.map(({ times }) => (times ?? new Float64Array(0)).map((time) => Math.floor(time / windowMs)));
  const all = new Set<number>();
  for (const batch of numbers) for (const number of batch) if (Number.isFinite(number)) all.add(number);
  const ascending = [...all].sort((a, b) => a - b);
  const place = new Map(ascending.map((number, at) => [number, at]));
  return {
    starts: ascending.map((number) => number * windowMs),
    ofBatch: batches.map(({ rows }, at) => {
      const chunks = new Int32Array(rows).fill(-1);
      const found = numbers[at] ?? new Float64Array(0);
      for (let row = 0; row < found.length; row += 1) chunks[row] = place.get(found[row] ?? Number.NaN) ?? -1;
      return chunks;
    }),
  };
}

/** The chunks that are kept. */
function keptChunks(chunks: number): readonly number[] {
  const all = Array.from({ length: chunks }, (_, at) => at);
  if (chunks <= MOST_CHUNKS) return all;
  const runs = Math.floor(chunks / RUN_OF_CHUNKS);
  const wanted = MOST_CHUNKS / RUN_OF_CHUNKS;
  const chosen = new Set(Array.from({ length: wanted }, (_, at) => Math.floor((at * runs) / wanted)));
  return all.filter((at) => chosen.has(Math.floor(at / RUN_OF_CHUNKS)));
}

type Profiled = Pick<BaselineColumn, 'data' | 'noise' | 'chunks'>;

/** Values of all batches, evenly picked, in ascending order. */
function pickedSorted(batches: readonly Float64Array[], present: number): Float64Array {
  const stride = Math.max(Math.ceil(present / MOST_SORTED), 1);
  const picked = new Float64Array(Math.ceil(present / stride));
  let seen = 0;
  for (const values of batches) {
    for (let row = 0; row < values.length; row += 1) {
      const value = values[row] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      if (seen % stride === 0) picked[seen / stride] = value;
      seen += 1;
    }
  }
  return sortAscending(picked);
}

/** The least and the most of each chunk. */
interface Ranges {
  readonly least: Float64Array;
  readonly most: Float64Array;
}

function rangesOf(batches: readonly Float64Array[], { starts, ofBatch }: Chunking): Ranges {
  const least = new Float64Array(starts.length).fill(Number.POSITIVE_INFINITY);
  const most = new Float64Array(starts.length).fill(Number.NEGATIVE_INFINITY);
  for (const [at, values] of batches.entries()) {
    const chunks = ofBatch[at] ?? new Int32Array(0);
    for (let row = 0; row < values.length; row += 1) {
      const [chunk, value] = [chunks[row] ?? -1, values[row] ?? Number.NaN];
      if (chunk < 0 || Number.isNaN(value)) continue;
      if (value < (least[chunk] ?? 0)) least[chunk] = value;
      if (value > (most[chunk] ?? 0)) most[chunk] = value;
    }
  }
  return { least, most };
}

/** For each chunk the least of all others. */
function leastOfOthers(least: Float64Array): Float64Array {
  const [first = 0, second = first] = sortAscending(least);
  return least.map((own) => (own === first ? second : first));
}

function profiledNumbers(batches: readonly Float64Array[], chunking: Chunking): Profiled {
  let [present, min, max] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const distinct = new Set<number>();
  for (const values of batches) {
    for (const value of values) {
      if (Number.isNaN(value)) continue;
      present += 1;
      if (distinct.size <= DISCRETE_VALUES) distinct.add(value);
      if (!Number.isFinite(value)) continue;
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  if (distinct.size <= DISCRETE_VALUES) return profiledCategories(batches.map(categoriesOf), chunking);
  const edges = quantileEdges(pickedSorted(batches, present), TAILED_DECILES).filter(
    (edge) => edge > min && edge < max,
  );
  const tally = numericTally({ edges, min, max });
  for (const values of batches) tally.add(values);
  const profile = tally.profile();
  const { least, most } = rangesOf(batches, chunking);
  const low = leastOfOthers(least);
  const high = leastOfOthers(most.map((value) => -value)).map((value) => -value);
  const bins = padded(edges);
  const chunks = chunking.starts.map(() => new Array<number>(edges.length + 1 + LEADING).fill(0));
  for (const [at, values] of batches.entries()) {
    const ofRow = chunking.ofBatch[at] ?? new Int32Array(0);
    for (let row = 0; row < values.length; row += 1) {
      const [chunk, value] = [ofRow[row] ?? -1, values[row] ?? Number.NaN];
      const counts = chunks[chunk];
      if (counts === undefined) continue;
      counts[ROWS] = (counts[ROWS] ?? 0) + 1;
      if (Number.isNaN(value)) {
        counts[NULLS] = (counts[NULLS] ?? 0) + 1;
        continue;
      }
      if (value < (low[chunk] ?? 0) || value > (high[chunk] ?? 0)) counts[OUTSIDE] = (counts[OUTSIDE] ?? 0) + 1;
      const bin = LEADING + binOf(bins, value);
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
  }
  return { data: { kind: 'number', profile }, noise: wassersteinNoise(profile), chunks };
}

/** Where a chunk's counts lie. */
export const ROWS = 0;
export const NULLS = 1;
export const OUTSIDE = 2;
export const LEADING = 3;

function profiledCategories(batches: readonly CategoryCells[], chunking: Chunking): Profiled {
  const frequency = new Map<string, number>();
  const counted = (name: string, times: number): void => {
    if (times > 0) frequency.set(name, (frequency.get(name) ?? 0) + times);
  };
  for (const cells of batches) {
    if (isCoded(cells)) {
      const found = new Float64Array(cells.names.length);
      for (let row = 0; row < cells.codes.length; row += 1) {
        const code = cells.codes[row] ?? -1;
        if (code >= 0 && code < found.length) found[code] = (found[code] ?? 0) + 1;
      }
      for (const [code, name] of cells.names.entries()) counted(name, found[code] ?? 0);
    } else for (const value of cells) if (value !== null) counted(value, 1);
  }
  const categories = mostFrequent(frequency);
  const tally = categoryTally(categories);
  for (const cells of batches) tally.add(cells);
  const place = new Map(categories.map((category, at) => [category, LEADING + at]));
  const chunks = chunking.starts.map(() => new Array<number>(categories.length + LEADING).fill(0));
  for (const [at, cells] of batches.entries()) {
    const ofRow = chunking.ofBatch[at] ?? new Int32Array(0);
    const slots = isCoded(cells) ? cells.names.map((name) => place.get(name) ?? OUTSIDE) : [];
    for (let row = 0; row < ofRow.length; row += 1) {
      const counts = chunks[ofRow[row] ?? -1];
      if (counts === undefined) continue;
      counts[ROWS] = (counts[ROWS] ?? 0) + 1;
      const slot = isCoded(cells) ? (slots[cells.codes[row] ?? -1] ?? NULLS) : slotOf(cells[row], place);
      counts[slot] = (counts[slot] ?? 0) + 1;
    }
  }
  return { data: { kind: 'category', profile: tally.profile() }, noise: null, chunks };
}

const slotOf = (value: string | null | undefined, place: ReadonlyMap<string, number>): number =>
  value === null || value === undefined ? NULLS : (place.get(value) ?? OUTSIDE);

/**
 * Profiles the rows a model learned from, and their consecutive chunks as long as a window. The rows may come in any
 * order and in any batches; chunks are counted from 1970, as windows are.
 * @throws RangeError where a column's cells are missing or of another kind
 */
export function buildBaseline(
  specs: readonly ColumnSpec[],
  batches: readonly BaselineRows[],
  windowMs: number,
): Baseline {
  const chunking = chunked(batches, windowMs);
  const kept = keptChunks(chunking.starts.length);
  const only = <T>(all: readonly T[]): T[] => kept.flatMap((at) => all.slice(at, at + 1));
  const columns = specs.map((spec): BaselineColumn => {
    if (spec.ofTime) return { ...spec, data: null, noise: null, chunks: [] };
    const cells = batches.map((batch) => cellsOf(batch.cells, spec.name, batch.rows));
    const profiled =
      spec.kind === 'number'
        ? profiledNumbers(
            cells.map((some) => numbersOf(some, spec.name)),
            chunking,
          )
        : profiledCategories(cells.map(categoriesOf), chunking);
    return { ...spec, ...profiled, chunks: only(profiled.chunks) };
  });
  return {
    schemaVersion: 1,
    rows: batches.reduce((sum, { rows }) => sum + rows, 0),
    windowMs,
    chunkStarts: only(chunking.starts),
    columns,
  };
}

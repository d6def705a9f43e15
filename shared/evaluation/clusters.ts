/**
 * Which rows move together: the number of its cluster for each row, from 0 to `count - 1`. Rows of one entity, or of
 * one day, are not independent, and a test that takes them so is too sure of itself.
 */
export interface Clusters {
  readonly ids: Uint32Array;
  readonly count: number;
  /**
   * Blocks of time: the clusters from the earliest to the latest, for a day may go as the day before. Undefined: they
   * have no order.
   */
  readonly inTime?: Uint32Array | undefined;
}

/** Numbers the keys in the order they first come; rows with equal keys are one cluster. */
export function clustersOf(keys: ArrayLike<string | number>): Clusters {
  const numbers = new Map<string | number, number>();
  const ids = new Uint32Array(keys.length);
  for (let row = 0; row < keys.length; row += 1) {
    const key = keys[row];
    // NaN equals NaN as a key of a Map: rows without an entity would all be one.
    if (key === undefined || Number.isNaN(key)) throw new RangeError(`row ${row} has no cluster`);
    let id = numbers.get(key);
    if (id === undefined) {
      id = numbers.size;
      numbers.set(key, id);
    }
    ids[row] = id;
  }
  return { ids, count: numbers.size };
}

const DAY_MS = 86_400_000;

/** The places of the values from the smallest to the largest; equal ones stay in their order. */
export const placesInOrder = (values: ArrayLike<number>): Uint32Array =>
  Uint32Array.from({ length: values.length }, (_, at) => at).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));

/** Blocks of time of one length, UTC days unless told otherwise, each for itself; blocks without rows are none. */
export function timeBlocks(timesMs: ArrayLike<number>, blockMs = DAY_MS): Clusters {
  if (!(blockMs > 0)) throw new RangeError(`a block of ${blockMs} ms holds nothing`);
  return clustersOf(Float64Array.from(timesMs, (time) => Math.floor(time / blockMs)));
}

/** The sum of `value` over the rows of each cluster. */
export function clusterSums({ ids, count }: Clusters, value: (row: number) => number): Float64Array {
  const sums = new Float64Array(count);
  for (let row = 0; row < ids.length; row += 1) {
    const id = ids[row] ?? 0;
    sums[id] = (sums[id] ?? 0) + value(row);
  }
  return sums;
}

/** The rows of each group, group after group, and where each begins. */
export function rowsByCluster({ ids, count }: Clusters): { readonly rows: Uint32Array; readonly starts: Uint32Array } {
  const starts = new Uint32Array(count + 1);
  for (const id of ids) starts[id + 1] = (starts[id + 1] ?? 0) + 1;
  for (let group = 0; group < count; group += 1) starts[group + 1] = (starts[group + 1] ?? 0) + (starts[group] ?? 0);
  const next = starts.slice();
  const rows = new Uint32Array(ids.length);
  for (let row = 0; row < ids.length; row += 1) {
    const id = ids[row] ?? 0;
    rows[next[id] ?? 0] = row;
    next[id] = (next[id] ?? 0) + 1;
  }
  return { rows, starts };
}

/** The clusters of some of the rows, numbered anew; clusters without a row among them are none. */
export function clustersAt({ ids, count, inTime }: Clusters, rows: Uint32Array): Clusters {
  const numbers = new Map<number, number>();
  const renumbered = new Uint32Array(rows.length);
  // A table of all clusters for a handful of rows would be cleared for nothing, slice after slice.
  const table = rows.length < count / 8 ? undefined : new Int32Array(count).fill(-1);
  let found = 0;
  for (let at = 0; at < rows.length; at += 1) {
    const id = ids[rows[at] ?? 0] ?? 0;
    let number = table === undefined ? (numbers.get(id) ?? -1) : (table[id] ?? -1);
    if (number === -1) {
      number = found;
      found += 1;
      if (table === undefined) numbers.set(id, number);
      else table[id] = number;
    }
    renumbered[at] = number;
  }
  const numberOf = (id: number): number => (table === undefined ? numbers.get(id) : table[id]) ?? -1;
  const kept = inTime?.filter((id) => numberOf(id) !== -1).map(numberOf);
  return { ids: renumbered, count: found, ...(kept !== undefined && { inTime: kept }) };
}

/** @throws RangeError where the clusters are not of these rows */
export function assertClusters(clusters: Clusters, rows: number): void {
  if (clusters.ids.length !== rows) throw new RangeError(`${clusters.ids.length} clustered rows of ${rows}`);
}

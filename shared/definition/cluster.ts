/** What `evaluation.cluster` says of rows that move together. */

/** Blocks of time that it takes besides a column's name. */
const TIME_BLOCKS = ['hour', 'day', 'week', 'month'] as const;

/** What it says where every row stands for itself. */
export const INDEPENDENT = 'none';

/** A block of time, `none` or a column; `{ column }` says that it is a column, whatever it is called. */
export type Cluster = string | { readonly column: string };

/** A column, said so that nothing else can be meant. */
export const columnCluster = (column: string): Cluster =>
  column === INDEPENDENT || timeBlock(column) !== undefined ? { column } : column;

/** The block of time that a cluster names; undefined if it names a column. */
export const timeBlock = (cluster: Cluster): (typeof TIME_BLOCKS)[number] | undefined =>
  TIME_BLOCKS.find((block) => block === cluster);

/** The column whose rows move together; undefined where a block of time, or nothing, says it. */
export function clusterColumn(cluster: Cluster): string | undefined {
  if (typeof cluster !== 'string') return cluster.column;
  return cluster === INDEPENDENT || timeBlock(cluster) !== undefined ? undefined : cluster;
}

/** What rows move together by, as evidence and reports call it; null where they do not. */
export function clusterName(cluster: Cluster): string | null {
  if (typeof cluster !== 'string') return `the column ${cluster.column}`;
  return cluster === INDEPENDENT ? null : cluster;
}

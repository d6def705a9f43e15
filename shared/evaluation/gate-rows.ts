import type { Clusters } from './clusters.ts';

/** Rows grouped by what one column says of them. */
export interface Grouping {
  readonly column: string;
  /** The values that occur, as text, in the order of their code units. */
  readonly values: readonly string[];
  /** For each row its place in `values`; -1 where the row has none. */
  readonly codes: Int32Array;
}

/** What judging needs of the gate rows, in the order of `rows/`. */
export interface GateRows {
  /** How many rows each part has, in order. */
  readonly parts: readonly number[];
  /** Binary: 0 or 1. Multiclass: the place in `classes`. Regression: the number itself. NaN: the row has no label. */
  readonly labels: Float64Array;
  /** Multiclass only: what the classes are called, in the order of the scores' columns. */
  readonly classes: readonly string[] | null;
  readonly weights: Float64Array | null;
  /** Rows that move together, and by what; null takes every row for itself. */
  readonly cluster: { readonly by: string; readonly clusters: Clusters } | null;
  readonly slices: readonly Grouping[];
  readonly protected: readonly Grouping[];
}

/** How many rows there are. */
export const rowCount = ({ parts }: Pick<GateRows, 'parts'>): number => parts.reduce((sum, part) => sum + part, 0);

/** Groups rows by texts; null where a row has none. */
export function groupingOf(column: string, texts: ArrayLike<string | null>): Grouping {
  const found = new Set<string>();
  for (let row = 0; row < texts.length; row += 1) {
    const text = texts[row];
    if (typeof text === 'string') found.add(text);
  }
  const values = [...found].sort((a, b) => (a < b ? -1 : 1));
  const places = new Map(values.map((value, place) => [value, place]));
  return { column, values, codes: Int32Array.from(texts, (text) => (text === null ? -1 : (places.get(text) ?? -1))) };
}

import { rowsByCluster } from './clusters.ts';
import type { Grouping } from './gate-rows.ts';

/** What rows without a value of the column are called: they are a group too, and never left out in silence. */
export const NO_VALUE = '(none)';

/** The rows of each value of a column, in the order of the values; rows without one come last. Empty groups are none. */
export function* rowsOfEach({ values, codes }: Grouping): Generator<{ value: string; rows: Uint32Array }> {
  // Rows without a value have the code -1; as the highest code they come last.
  const ids = new Uint32Array(codes.length);
  for (let row = 0; row < codes.length; row += 1) {
    const code = codes[row] ?? -1;
    ids[row] = code < 0 ? values.length : code;
  }
  const { rows, starts } = rowsByCluster({ ids, count: values.length + 1 });
  for (let at = 0; at <= values.length; at += 1) {
    const found = rows.subarray(starts[at], starts[at + 1]);
    if (found.length > 0) yield { value: values[at] ?? NO_VALUE, rows: found };
  }
}

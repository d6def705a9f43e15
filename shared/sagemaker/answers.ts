/**
 * The predictions in an endpoint's answer, row after row: one a line, or all on one line; of several classes a list for
 * each row, in brackets or without. What is no number is NaN, an empty answer included, for `Number('')` is 0. Source: the
 * image's serve.py and its multi-model handler.
 */
export const predictionsIn = (answer: string): number[] =>
  answer
    .trim()
    .split(/[,\n]/)
    .map((value) => value.replace(/^[\s[]+|[\s\]]+$/g, ''))
    .map((value) => (value === '' ? Number.NaN : Number(value)));

/**
 * The predictions of each row, `perRow` numbers each; null where the answer does not have that many rows or something in
 * it is no number.
 */
export function predictedRows(answer: string, rows: number, perRow: number): number[][] | null {
  const values = predictionsIn(answer);
  if (values.length !== rows * perRow || !values.every((value) => Number.isFinite(value))) return null;
  return Array.from({ length: rows }, (_, row) => values.slice(row * perRow, (row + 1) * perRow));
}

/**
 * Rows added up by themselves before they join the total: keeps the rounding error of ten million terms near that of
 * thousands.
 */
const BLOCK = 1024;

/** The sum of `term(0) … term(rows - 1)`, block by block; the same rows give the same sum, to the bit. */
export function sumOf(rows: number, term: (row: number) => number): number {
  let total = 0;
  let correction = 0;
  for (let start = 0; start < rows; start += BLOCK) {
    const end = Math.min(start + BLOCK, rows);
    let block = 0;
    for (let row = start; row < end; row += 1) block += term(row);
    // Kahan's compensation across the blocks (https://en.wikipedia.org/wiki/Kahan_summation_algorithm).
    const added = block - correction;
    const next = total + added;
    correction = next - total - added;
    total = next;
  }
  return total;
}

/** `numerator / denominator`, or null (undefined) where the denominator is zero. */
export function ratio(numerator: number, denominator: number): number | null {
  return denominator === 0 ? null : numerator / denominator;
}

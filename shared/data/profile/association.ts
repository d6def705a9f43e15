/** Measures of how two columns move together, each over the rows that have both. */
import { orderAscending } from '../../evaluation/radix-sort.ts';

/** A column made ready: the codes of a category, or the ranks of numbers; NaN where nothing is. */
export interface Ranked {
  readonly isCategory: boolean;
  readonly values: Float64Array;
}

/** Fewer rows tell nothing. */
const LEAST_ROWS = 30;

/** Ranks numbers, equal ones by the mean of their ranks; leaves categories' codes as they are. */
export function ranked(cells: readonly number[], isCategory: boolean): Ranked {
  const values = Float64Array.from(cells);
  if (isCategory) return { isCategory, values };
  const present = Uint32Array.from(cells.keys()).filter((row) => !Number.isNaN(values[row]));
  const own = Float64Array.from(present, (row) => values[row] ?? 0);
  const order = orderAscending(own);
  const ranks = new Float64Array(values.length).fill(Number.NaN);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && own[order[to + 1] ?? 0] === own[order[from] ?? 0]) to += 1;
    for (let at = from; at <= to; at += 1) ranks[present[order[at] ?? 0] ?? 0] = (from + to) / 2;
    from = to + 1;
  }
  return { isCategory, values: ranks };
}

const isMissing = (a: number | undefined, b: number | undefined): boolean =>
  a === undefined || b === undefined || Number.isNaN(a) || Number.isNaN(b);

/** Spearman's rank correlation, of ranks among all values of each, from -1 to 1; null below 30 rows, and where one of them does not vary. */
export function spearman({ values: a }: Ranked, { values: b }: Ranked): number | null {
  let [rows, sumA, sumB, squaresA, squaresB, products] = [0, 0, 0, 0, 0, 0];
  for (let row = 0; row < a.length; row += 1) {
    const [x = Number.NaN, y = Number.NaN] = [a[row], b[row]];
    if (isMissing(x, y)) continue;
    rows += 1;
    sumA += x;
    sumB += y;
    squaresA += x * x;
    squaresB += y * y;
    products += x * y;
  }
  const [spreadA, spreadB] = [rows * squaresA - sumA * sumA, rows * squaresB - sumB * sumB];
  if (rows < LEAST_ROWS || spreadA <= 0 || spreadB <= 0) return null;
  return (rows * products - sumA * sumB) / Math.sqrt(spreadA) / Math.sqrt(spreadB);
}

/** The correlation ratio: the root of the share of a rank's variance that lies between categories, from 0 to 1. */
export function correlationRatio({ values: category }: Ranked, { values: rank }: Ranked): number | null {
  const sums = new Map<number, { rows: number; sum: number }>();
  let [rows, sum, squares] = [0, 0, 0];
  for (let row = 0; row < rank.length; row += 1) {
    const [code = Number.NaN, value = Number.NaN] = [category[row], rank[row]];
    if (isMissing(code, value)) continue;
    const found = sums.get(code) ?? { rows: 0, sum: 0 };
    sums.set(code, found);
    found.rows += 1;
    found.sum += value;
    rows += 1;
    sum += value;
    squares += value * value;
  }
  const spread = squares - (sum * sum) / rows;
  if (rows < LEAST_ROWS || sums.size < 2 || spread <= 0) return null;
  let between = -(sum * sum) / rows;
  for (const found of sums.values()) between += (found.sum * found.sum) / found.rows;
  return Math.sqrt(Math.min(Math.max(between / spread, 0), 1));
}

/** Cramér's V with Bergsma's correction (2013), from 0 to 1: without it many categories in few rows seem to tell much. */
export function cramersV({ values: a }: Ranked, { values: b }: Ranked): number | null {
  const [ofA, ofB, ofBoth] = [new Map<number, number>(), new Map<number, number>(), new Map<string, number>()];
  const pairs: [number, number, string][] = [];
  let rows = 0;
  for (let row = 0; row < a.length; row += 1) {
    const [x = Number.NaN, y = Number.NaN] = [a[row], b[row]];
    if (isMissing(x, y)) continue;
    rows += 1;
    ofA.set(x, (ofA.get(x) ?? 0) + 1);
    ofB.set(y, (ofB.get(y) ?? 0) + 1);
    const pair = `${x} ${y}`;
    const seen = ofBoth.get(pair);
    if (seen === undefined) pairs.push([x, y, pair]);
    ofBoth.set(pair, (seen ?? 0) + 1);
  }
  const [k, r] = [ofA.size, ofB.size];
  if (rows < LEAST_ROWS || k < 2 || r < 2) return null;
  let square = -1;
  for (const [x, y, pair] of pairs) square += (ofBoth.get(pair) ?? 0) ** 2 / ((ofA.get(x) ?? 1) * (ofB.get(y) ?? 1));
  const corrected = Math.max(0, square - ((k - 1) * (r - 1)) / (rows - 1));
  const [freeA, freeB] = [k - (k - 1) ** 2 / (rows - 1), r - (r - 1) ** 2 / (rows - 1)];
  return Math.sqrt(Math.min(corrected / Math.min(freeA - 1, freeB - 1), 1));
}

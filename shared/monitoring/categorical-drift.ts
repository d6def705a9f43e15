import { chiSquareTail, logGamma } from '../evaluation/distributions.ts';
import { ratio, sumOf } from '../evaluation/sums.ts';
import { type Distances, histogramDistances } from './distances.ts';

/** A chi-square statistic and the chance of a larger one. */
export interface ChiSquareTest {
  readonly statistic: number;
  readonly p: number;
}

/** Tests of a table of two rows (reference, current) and a column per category. */
export interface TableTests {
  /** Pearson's, without continuity correction. */
  readonly chiSquare: ChiSquareTest;
  readonly degrees: number;
  /** Chi-square is unreliable below 1, or where more than a fifth of the cells expect fewer than 5. */
  readonly leastExpected: number;
  readonly shareExpectedBelow5: number;
  readonly cramersV: number;
  /** The likelihood-ratio statistic. */
  readonly gTest: ChiSquareTest;
  /** Tables of two categories only. */
  readonly yates: ChiSquareTest | null;
  /** Fisher's exact p, two-sided; tables of two categories only. */
  readonly fisherP: number | null;
}

/** How a column of categories moved. */
export interface CategoricalDrift {
  readonly referenceNulls: number;
  readonly currentNulls: number;
  /** All that came on either side, in order. */
  readonly categories: readonly string[];
  readonly referenceCounts: Float64Array;
  readonly currentCounts: Float64Array;
  /** Null: insufficient data, never "no drift". */
  readonly measured: {
    readonly distances: Distances;
    readonly newCategories: readonly string[];
    readonly newCategoryShare: number;
    readonly missingCategories: readonly string[];
    /** Null with one category. */
    readonly tests: TableTests | null;
  } | null;
}

type Table = readonly [reference: ArrayLike<number>, current: ArrayLike<number>];

/** Probabilities of tables within this of the one found count as equal, as R's and SciPy's do. */
const FISHER_SLACK = 1 + 1e-7;

/** The sum of the chances of all tables with these margins that are no likelier than the one found. */
function fisher(a: number, b: number, c: number, d: number): number {
  const [first, second, left] = [a + b, c + d, a + c];
  const logChoose = (n: number, k: number): number => logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
  const chance = (x: number): number =>
    Math.exp(logChoose(first, x) + logChoose(second, left - x) - logChoose(first + second, left));
  const found = chance(a) * FISHER_SLACK;
  const least = Math.max(0, left - second);
  const p = sumOf(Math.min(first, left) - least + 1, (step) => {
    const of = chance(least + step);
    return of <= found ? of : 0;
  });
  return Math.min(p, 1);
}

/** Tests of homogeneity of two histograms; null with fewer than two categories or an empty side. */
export function tableTests([reference, current]: Table): TableTests | null {
  const categories = reference.length;
  if (current.length !== categories) throw new RangeError(`${categories} categories against ${current.length}`);
  const total = (counts: ArrayLike<number>): number => sumOf(categories, (at) => counts[at] ?? 0);
  const [n, m] = [total(reference), total(current)];
  if (categories < 2 || n === 0 || m === 0) return null;
  const all = n + m;
  const cells: { readonly found: number; readonly expected: number }[] = [];
  for (let at = 0; at < categories; at += 1) {
    const both = (reference[at] ?? 0) + (current[at] ?? 0);
    if (both === 0) throw new RangeError(`category ${at} never came`);
    cells.push({ found: reference[at] ?? 0, expected: (both * n) / all });
    cells.push({ found: current[at] ?? 0, expected: (both * m) / all });
  }
  const degrees = categories - 1;
  const tested = (statistic: number): ChiSquareTest => ({ statistic, p: chiSquareTail(statistic, degrees) });
  const over = (term: (found: number, expected: number) => number): number =>
    sumOf(cells.length, (at) => term(cells[at]?.found ?? 0, cells[at]?.expected ?? 1));
  const statistic = over((found, expected) => (found - expected) ** 2 / expected);
  const twoByTwo = categories === 2;
  return {
    chiSquare: tested(statistic),
    degrees,
    leastExpected: cells.reduce((least, { expected }) => Math.min(least, expected), Number.POSITIVE_INFINITY),
    shareExpectedBelow5: cells.filter(({ expected }) => expected < 5).length / cells.length,
    // One less than the smaller of rows and columns is one: the table has two rows.
    cramersV: Math.sqrt(statistic / all),
    gTest: tested(Math.max(2 * over((found, expected) => (found === 0 ? 0 : found * Math.log(found / expected))), 0)),
    yates: twoByTwo
      ? // The correction brings a cell to its expectation, never past it.
        tested(over((found, expected) => Math.max(Math.abs(found - expected) - 0.5, 0) ** 2 / expected))
      : null,
    fisherP: twoByTwo ? fisher(reference[0] ?? 0, reference[1] ?? 0, current[0] ?? 0, current[1] ?? 0) : null,
  };
}

function counted(values: readonly (string | null)[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** How a column of categories moved from the reference to the current window; null stands for a missing value. */
export function categoricalDrift(
  reference: readonly (string | null)[],
  current: readonly (string | null)[],
): CategoricalDrift {
  const [before, now] = [counted(reference), counted(current)];
  const categories = [...new Set([...before.keys(), ...now.keys()])].sort();
  const countsOf = (counts: ReadonlyMap<string, number>): Float64Array =>
    Float64Array.from(categories, (category) => counts.get(category) ?? 0);
  const [referenceCounts, currentCounts] = [countsOf(before), countsOf(now)];
  const nulls = (values: readonly (string | null)[]): number => values.filter((value) => value === null).length;
  const sides = {
    referenceNulls: nulls(reference),
    currentNulls: nulls(current),
    categories,
    referenceCounts,
    currentCounts,
  };
  const distances = histogramDistances(referenceCounts, currentCounts);
  if (distances === null) return { ...sides, measured: null };
  const newCategories = categories.filter((category) => !before.has(category));
  const isNew = newCategories.reduce((sum, category) => sum + (now.get(category) ?? 0), 0);
  return {
    ...sides,
    measured: {
      distances,
      newCategories,
      newCategoryShare: ratio(isNew, current.length - sides.currentNulls) ?? 0,
      missingCategories: categories.filter((category) => !now.has(category)),
      tests: tableTests([referenceCounts, currentCounts]),
    },
  };
}

/**
 * What a window of a column of categories held: a count for each of the baseline's most frequent values, and one for all
 * others. Profiles over the same categories add up, in any order.
 */
export interface CategoryProfile {
  readonly rows: number;
  readonly nulls: number;
  /** Fixed with the baseline, for ever, in order. */
  readonly categories: readonly string[];
  readonly counts: readonly number[];
  /** Values that are none of the categories. */
  readonly other: number;
}

/** The baseline keeps this many of its most frequent values. */
const MOST_FREQUENT = 50;

/** Categories as numbers: `names[code]`; a code without a name is a missing value. */
export interface CodedCategories {
  readonly codes: ArrayLike<number>;
  readonly names: readonly string[];
}

/** A column of categories: names with null for a missing value, or codes. */
export type CategoryCells = readonly (string | null)[] | CodedCategories;

/** Whether a column holds codes. */
export const isCoded = (cells: CategoryCells): cells is CodedCategories => 'codes' in cells;

/** Counts a window of a column of categories, batch by batch. */
export interface CategoryTally {
  readonly add: (cells: CategoryCells) => void;
  readonly profile: () => CategoryProfile;
}

/** Begins to count a window over a baseline's categories. */
export function categoryTally(categories: readonly string[]): CategoryTally {
  const place = new Map(categories.map((category, at) => [category, at]));
  const counts = new Array<number>(categories.length).fill(0);
  let [rows, nulls, other] = [0, 0, 0];
  const count = (name: string, times: number): void => {
    const at = place.get(name);
    if (at === undefined) other += times;
    else counts[at] = (counts[at] ?? 0) + times;
  };
  return {
    add: (cells) => {
      if (!isCoded(cells)) {
        rows += cells.length;
        for (const value of cells) {
          if (value === null) nulls += 1;
          else count(value, 1);
        }
        return;
      }
      const { codes, names } = cells;
      rows += codes.length;
      const found = new Float64Array(names.length);
      for (let row = 0; row < codes.length; row += 1) {
        const code = codes[row] ?? -1;
        if (code >= 0 && code < names.length) found[code] = (found[code] ?? 0) + 1;
        else nulls += 1;
      }
      for (const [code, name] of names.entries()) count(name, found[code] ?? 0);
    },
    profile: () => ({ rows, nulls, categories, counts: [...counts], other }),
  };
}

/** Profiles a window over a baseline's categories; null stands for a missing value. */
export function profileCategories(cells: CategoryCells, categories: readonly string[]): CategoryProfile {
  const tally = categoryTally(categories);
  tally.add(cells);
  return tally.profile();
}

/** The most frequent of the values, equally frequent ones by name, in order: what a baseline counts by itself. */
export function mostFrequent(frequency: ReadonlyMap<string, number>): readonly string[] {
  return [...frequency]
    .sort(([a, countOfA], [b, countOfB]) => countOfB - countOfA || (a < b ? -1 : 1))
    .slice(0, MOST_FREQUENT)
    .map(([category]) => category)
    .sort();
}

/** Profiles the baseline itself: its most frequent values, equally frequent ones by name, and all others together. */
export function profileCategoryBaseline(values: readonly (string | null)[]): CategoryProfile {
  const frequency = new Map<string, number>();
  for (const value of values) if (value !== null) frequency.set(value, (frequency.get(value) ?? 0) + 1);
  return profileCategories(values, mostFrequent(frequency));
}

const sameCategories = (a: CategoryProfile, b: CategoryProfile): boolean =>
  a.categories.length === b.categories.length && a.categories.every((category, at) => category === b.categories[at]);

/** @throws RangeError where the profiles are over different categories */
export function assertSameCategories(a: CategoryProfile, b: CategoryProfile): void {
  if (!sameCategories(a, b)) throw new RangeError('profiles over different categories have nothing in common');
}

/**
 * The profile of two windows' rows together.
 * @throws RangeError where their categories differ
 */
export function mergeCategoryProfiles(a: CategoryProfile, b: CategoryProfile): CategoryProfile {
  assertSameCategories(a, b);
  return {
    rows: a.rows + b.rows,
    nulls: a.nulls + b.nulls,
    categories: a.categories,
    counts: a.counts.map((count, at) => count + (b.counts[at] ?? 0)),
    other: a.other + b.other,
  };
}

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

/** Profiles a window over a baseline's categories; null stands for a missing value. */
export function profileCategories(values: readonly (string | null)[], categories: readonly string[]): CategoryProfile {
  const place = new Map(categories.map((category, at) => [category, at]));
  const counts = new Array<number>(categories.length).fill(0);
  let [nulls, other] = [0, 0];
  for (const value of values) {
    const at = value === null ? undefined : place.get(value);
    if (value === null) nulls += 1;
    else if (at === undefined) other += 1;
    else counts[at] = (counts[at] ?? 0) + 1;
  }
  return { rows: values.length, nulls, categories, counts, other };
}

/** Profiles the baseline itself: its most frequent values, equally frequent ones by name, and all others together. */
export function profileCategoryBaseline(values: readonly (string | null)[]): CategoryProfile {
  const frequency = new Map<string, number>();
  for (const value of values) if (value !== null) frequency.set(value, (frequency.get(value) ?? 0) + 1);
  const kept = [...frequency]
    .sort(([a, countOfA], [b, countOfB]) => countOfB - countOfA || (a < b ? -1 : 1))
    .slice(0, MOST_FREQUENT)
    .map(([category]) => category)
    .sort();
  return profileCategories(values, kept);
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

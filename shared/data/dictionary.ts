/**
 * The codes of categories. A category's code is for ever; a category is admitted when the data shows it often enough.
 * A run freezes the dictionary it used: what was admitted later is not in it.
 */
import * as z from 'zod';
import type { Coded, Column } from '../features/columns.ts';

/** The code of every category that is not admitted. */
export const OTHER = 0;

/** Per feature, its categories: the category at index i has code i + 1. Appended to, never reordered. */
export const dictionarySchema = z.strictObject({
  features: z.record(z.string(), z.array(z.string())),
  /**
   * The classes of labels, by the digest of what the label means: the class at index i is i to the model. Appended to,
   * never reordered; a label of another meaning begins anew.
   */
  labels: z.record(z.string(), z.array(z.string())).optional(),
});

/** The codes of categories, by feature. */
export type Dictionary = z.infer<typeof dictionarySchema>;

/** A dictionary that knows nothing. */
export const EMPTY_DICTIONARY: Dictionary = { features: {} };

/** When a category is admitted. */
export interface Admission {
  /** How many rows must show it. */
  readonly minimumCount: number;
  /** How many categories a feature may have in all. */
  readonly cap: number;
}

/** Ten rows and a thousand categories: below, a category's rows say little; above, codes stop meaning anything to a tree. */
export const DEFAULT_ADMISSION: Admission = { minimumCount: 10, cap: 1000 };

/** Counts of categories, by feature. */
export type CategoryCounts = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** Counts the categories of a feature's values into `counts`, optionally only where `mask` is `wanted`. */
export function countCategories(
  counts: Map<string, number>,
  values: Column,
  rows: number,
  mask?: Uint8Array,
  wanted?: number,
): void {
  const coded = values.type === 'string' ? values.coded : undefined;
  if (coded !== undefined) {
    countCoded(counts, coded, mask, wanted);
    return;
  }
  // One look-up a row, and two for each category of a batch.
  const found = new Map<string, { count: number }>();
  for (let row = 0; row < rows; row += 1) {
    if (mask !== undefined && mask[row] !== wanted) continue;
    if (values.nulls?.[row] === 1) continue;
    const category = categoryText(values, row);
    const known = found.get(category);
    if (known === undefined) found.set(category, { count: 1 });
    else known.count += 1;
  }
  for (const [category, { count }] of found) counts.set(category, (counts.get(category) ?? 0) + count);
}

function countCoded(
  counts: Map<string, number>,
  { codes, column }: Coded,
  mask: Uint8Array | undefined,
  wanted: number | undefined,
): void {
  const found = new Uint32Array(column.values.length);
  for (let row = 0; row < codes.length; row += 1) {
    if (mask !== undefined && mask[row] !== wanted) continue;
    const code = codes[row] ?? 0;
    found[code] = (found[code] ?? 0) + 1;
  }
  for (const [code, count] of found.entries()) {
    if (count === 0 || column.nulls?.[code] === 1) continue;
    const category = categoryText(column, code);
    counts.set(category, (counts.get(category) ?? 0) + count);
  }
}

/**
 * The dictionary with the categories admitted that are shown often enough: the most frequent first, ties by text, up to
 * the cap. The same dictionary and counts give the same result; nothing in it ever moves.
 */
export function admit(
  dictionary: Dictionary,
  counts: CategoryCounts,
  admission: Admission = DEFAULT_ADMISSION,
): Dictionary {
  const features: Record<string, string[]> = { ...dictionary.features };
  for (const [feature, seen] of counts) {
    const known = dictionary.features[feature] ?? [];
    const admitted = new Set(known);
    const fresh = [...seen]
      .filter(([category, count]) => count >= admission.minimumCount && !admitted.has(category))
      .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
      .slice(0, Math.max(0, admission.cap - known.length))
      .map(([category]) => category);
    features[feature] = [...known, ...fresh];
  }
  return { ...dictionary, features };
}

/**
 * The dictionary with the classes of a label added: those that are new in the order of their texts, after all that were
 * there. However rare, for a row that is trained on needs its class.
 */
export function admitClasses(dictionary: Dictionary, meaning: string, seen: Iterable<string>): Dictionary {
  const known = dictionary.labels?.[meaning] ?? [];
  const there = new Set(known);
  const fresh = [...new Set(seen)].filter((text) => !there.has(text)).sort((a, b) => (a < b ? -1 : 1));
  return { ...dictionary, labels: { ...dictionary.labels, [meaning]: [...known, ...fresh] } };
}

/** Turns the values of one feature into codes: `NaN` where the value is missing. */
export type CategoryEncoder = (values: Column, rows: number) => Float64Array;

/**
 * An encoder of one feature under a frozen dictionary. A category that is not in it is {@link OTHER}, whether it was too
 * rare or came later: whoever encodes for this model, now or later, gets the same codes.
 *
 * @throws RangeError when the dictionary does not know the feature.
 */
export function categoryEncoder(frozen: Dictionary, feature: string): CategoryEncoder {
  const categories = frozen.features[feature];
  if (categories === undefined) throw new RangeError(`the dictionary has no feature ${feature}`);
  const codes = new Map(categories.map((category, index) => [category, index + 1]));
  return (values, rows) => {
    const encoded = new Float64Array(rows);
    const coded = values.type === 'string' ? values.coded : undefined;
    if (coded !== undefined) {
      const { column } = coded;
      const byCode = Float64Array.from({ length: column.values.length }, (_, code) =>
        column.nulls?.[code] === 1 ? Number.NaN : (codes.get(categoryText(column, code)) ?? OTHER),
      );
      for (let row = 0; row < rows; row += 1) encoded[row] = byCode[coded.codes[row] ?? 0] ?? OTHER;
      return encoded;
    }
    for (let row = 0; row < rows; row += 1) {
      if (values.nulls?.[row] === 1) encoded[row] = Number.NaN;
      else if (values.type === 'string') encoded[row] = codes.get(values.values[row] as string) ?? OTHER;
      else encoded[row] = codes.get(categoryText(values, row)) ?? OTHER;
    }
    return encoded;
  };
}

/** The text by which a value is a category or a class. */
export function categoryText(values: Column, row: number): string {
  const value = values.values[row];
  if (value === undefined) throw new RangeError(`no row ${row} in a column of ${values.values.length}`);
  if (values.type === 'boolean') return value === 0 ? 'false' : 'true';
  return typeof value === 'string' ? value : String(value === 0 ? 0 : value);
}

/** The encoded form of a value that is a number already: `NaN` where it is missing. */
export function encodeNumber(values: Column, rows: number): Float64Array {
  if (values.type === 'string') throw new RangeError('text is not a number: declare the feature a category');
  const encoded = new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) {
    encoded[row] = values.nulls?.[row] === 1 ? Number.NaN : (values.values[row] as number);
  }
  return encoded;
}

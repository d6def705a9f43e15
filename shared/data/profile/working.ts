/**
 * The working form of a profile: what was counted of some rows, as JSON. Forms of parts of the rows merge to that of all
 * rows, in any order and however they are cut, to the same bytes.
 *
 * It holds values, of columns that have few: treat it as the rows themselves. What is published of it, and leaves out
 * what could name a person, is made by `publishedProfile`.
 */
import * as z from 'zod';
import { COLUMN_TYPES } from '../../features/columns.ts';

const count = z.int().min(0);

/** The values of a column, each with how often it came: in order, as long as there are few. */
const countedSchema = z.strictObject({
  counts: z.array(z.tuple([z.union([z.string(), z.number()]), count]).readonly()).readonly(),
});
/** Of more values only registers to estimate their number from, as base64. */
const manySchema = z.strictObject({ registers: z.string() });
const distinctSchema = z.union([countedSchema, manySchema]);
export type Distinct = z.infer<typeof distinctSchema>;

const exactSumSchema = z.array(z.number()).readonly();

const numbersSchema = z.strictObject({
  /** Infinite values, and those beyond 1e150, whose squares have no double: in no sum and no bucket. */
  unmeasured: count,
  min: z.number().nullable(),
  max: z.number().nullable(),
  sum: exactSumSchema,
  sumOfSquares: exactSumSchema,
  buckets: z.array(z.tuple([z.int(), count]).readonly()).readonly(),
});
export type NumberCounts = z.infer<typeof numbersSchema>;

const timesSchema = z.strictObject({
  /** Microseconds since 1970; of dates their midnight. */
  min: z.number().nullable(),
  max: z.number().nullable(),
  /** Rows per UTC day since 1970, in order; null where there are more days than {@link MOST_DAYS}. */
  days: z
    .array(z.tuple([z.int(), count]).readonly())
    .readonly()
    .nullable(),
});
export type TimeCounts = z.infer<typeof timesSchema>;

const textsSchema = z.strictObject({
  /** Code points. */
  shortest: count.nullable(),
  longest: count.nullable(),
  total: count,
});
export type TextCounts = z.infer<typeof textsSchema>;

const workingColumnSchema = z.strictObject({
  name: z.string(),
  type: z.enum(COLUMN_TYPES),
  nulls: count,
  distinct: distinctSchema,
  numbers: numbersSchema.optional(),
  times: timesSchema.optional(),
  texts: textsSchema.optional(),
});
export type WorkingColumn = z.infer<typeof workingColumnSchema>;

/** What a reader of another function's working form checks it by. */
export const workingProfileSchema = z.strictObject({
  rows: count,
  /** Up to how many distinct values of a column are counted: parts of a dataset share it. */
  valuesCap: count,
  columns: z.array(workingColumnSchema).readonly(),
});
export type WorkingProfile = z.infer<typeof workingProfileSchema>;

/** So many days, 274 years of them, are counted one by one. */
export const MOST_DAYS = 100_000;

const MOST_VALUES = 10_000;
const LEAST_VALUES = 100;
const VALUES_IN_ALL = 1_000_000;
/** A column that holds a longer text (in code points) is not counted value by value. */
export const LONGEST_COUNTED = 256;

/**
 * Up to how many distinct values a column's are counted: 10,000, less in data of more than a hundred columns, so that a
 * profile's memory is bounded.
 */
export const valuesCap = (columns: number): number =>
  Math.max(LEAST_VALUES, Math.min(MOST_VALUES, Math.floor(VALUES_IN_ALL / columns)));

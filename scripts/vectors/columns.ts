import * as z from 'zod';

const cells = z.array(z.number().nullable());

/** A column of numbers; null, a missing value, becomes NaN. */
export const column = cells.transform((values) => Float64Array.from(values, (cell) => cell ?? Number.NaN));

/** A histogram or another list of figures as JSON has it. */
export const listed = (values: ArrayLike<number>): number[] => Array.from(values);

/**
 * What a run's model takes as input, `runs/<model>/<run>/input.json`: its features as trees, the types of the columns
 * they read, and the dictionary frozen with it. Whoever encodes rows for this model, in preparing or in serving, reads
 * this and nothing else.
 */
import * as z from 'zod';
import { COLUMN_TYPES, type ColumnBatch } from '../features/columns.ts';
import { compile } from '../features/compile.ts';
import { expressionSchema } from '../features/expression.ts';
import { type CategoryEncoder, categoryEncoder, dictionarySchema, encodeNumber } from './dictionary.ts';

const columnType = z.enum(COLUMN_TYPES);

/** The input of a run's model. */
export const runInputSchema = z.strictObject({
  model: z.string(),
  run: z.string(),
  definitionDigest: z.string(),
  /** sha256 of what the input means: label, features, kinds, encoding. */
  inputDigest: z.string(),
  problem: z.enum(['binary', 'multiclass', 'regression']),
  label: z.strictObject({ name: z.string(), type: columnType, expression: expressionSchema }),
  /** Multiclass: the classes in the order of the model's answer, which is the order of their first training. */
  classes: z.array(z.string()).min(2).optional(),
  /** Binary: a score at or above it is answered true; 0.5 where it is not said. */
  operatingPoint: z.number().min(0).max(1).optional(),
  /** In the order of the model's inputs. */
  features: z.array(
    z.strictObject({
      name: z.string(),
      kind: z.enum(['number', 'category']),
      type: columnType,
      expression: expressionSchema,
    }),
  ),
  /** The columns the features read: what a record to predict must bring. */
  inputColumns: z.array(z.string()),
  /** The columns of the key that labels are joined by, in its order; not there where they are joined by inference id. */
  joinKey: z.array(z.string()).min(1).optional(),
  /** The types of all columns of the data the model was trained on. */
  columnTypes: z.record(z.string(), columnType),
  dictionary: dictionarySchema,
});

/** The input of a run's model; see {@link runInputSchema}. */
export type RunInput = z.infer<typeof runInputSchema>;

/** Encodes rows for a model: one column of numbers per feature, in the model's order, NaN where a value is missing. */
export type InputEncoder = (batch: ColumnBatch) => Float64Array[];

/**
 * The encoder of a model's input. Preparing calls it on thousands of rows, serving on one.
 *
 * @param columnTypes the types of the batch's columns; by default those the model was trained with.
 * @throws ExpressionError when a feature does not fit the types.
 */
export function inputEncoder(
  input: Pick<RunInput, 'features' | 'dictionary' | 'columnTypes'>,
  columnTypes: RunInput['columnTypes'] = input.columnTypes,
): InputEncoder {
  const evaluate = compile(
    input.features.map(({ expression }) => expression),
    columnTypes,
  );
  const encoders = input.features.map(
    ({ name, kind }): CategoryEncoder => (kind === 'category' ? categoryEncoder(input.dictionary, name) : encodeNumber),
  );
  return (batch) => {
    const vectors = evaluate(batch);
    return encoders.map((encode, index) => {
      const values = vectors[index];
      if (values === undefined) throw new RangeError(`feature ${index} was not computed`);
      return encode(values, batch.rows);
    });
  };
}

/**
 * What a run's model takes as input, `runs/<model>/<run>/input.json`: its features as trees, the types of the columns
 * they read, and the dictionary frozen with it. Whoever encodes rows for this model, in preparing or in serving, reads
 * this and nothing else.
 */
import * as z from 'zod';
import { COLUMN_TYPES, type ColumnBatch } from '../features/columns.ts';
import { compile } from '../features/compile.ts';
import { expressionSchema } from '../features/expression.ts';
import {
  type CodeNumbers,
  codeNumbers,
  LEARNED_ENCODINGS,
  learnedEncodingSchema,
  numbersOfCodes,
  numbersOfFolds,
} from './category-encoding.ts';
import { type CategoryEncoder, categoryEncoder, dictionarySchema, encodeNumber } from './dictionary.ts';
import { missingValuesSchema } from './missing-values.ts';

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
      /** Of a category that reaches the model as another number than its code. */
      encoding: z.enum(LEARNED_ENCODINGS).optional(),
    }),
  ),
  /** The columns the features read: what a record to predict must bring. */
  inputColumns: z.array(z.string()),
  /** The columns of the key that labels are joined by, in its order; not there where they are joined by inference id. */
  joinKey: z.array(z.string()).min(1).optional(),
  /** The types of all columns of the data the model was trained on. */
  columnTypes: z.record(z.string(), columnType),
  /** What of the columns' values stood for none in the data; not there where nothing did, or where nobody kept it. */
  missing: missingValuesSchema.optional(),
  dictionary: dictionarySchema,
  /** The numbers of features that have an `encoding`, by feature. */
  encodings: z.record(z.string(), learnedEncodingSchema).optional(),
  /** What a row to train on counts for by its class, in the classes' order; binary: false, true. */
  classWeights: z.array(z.number().positive()).optional(),
});

/** The input of a run's model; see {@link runInputSchema}. */
export type RunInput = z.infer<typeof runInputSchema>;

/** Encodes rows for a model: one column of numbers per feature, in the model's order, NaN where a value is missing. */
export type InputEncoder = (batch: ColumnBatch) => Float64Array[];

/** What of a run's input says how rows are encoded. */
export type EncodedInput = Pick<RunInput, 'features' | 'dictionary' | 'columnTypes' | 'encodings'>;

/** How a feature reaches the model: as a code of its dictionary, or as a number that means something. */
export const reachesAs = ({ kind, encoding }: RunInput['features'][number]): 'number' | 'category' =>
  encoding === undefined ? kind : 'number';

/**
 * The encoder of a model's input. Preparing calls it on thousands of rows, serving on one.
 *
 * @param columnTypes the types of the batch's columns; by default those the model was trained with.
 * @throws ExpressionError when a feature does not fit the types.
 * @throws RangeError when a feature's categories or numbers are not in the input.
 */
export function inputEncoder(
  input: EncodedInput,
  columnTypes: RunInput['columnTypes'] = input.columnTypes,
): InputEncoder {
  const codes = codesEncoder(input, columnTypes);
  const numbers = learnedNumbers(input);
  return (batch) => codes(batch).map((column, index) => served(column, numbers[index]));
}

/** Rows for a model, and as it is trained on them: what was learned from a row's own label must not tell it. */
interface TrainingInput {
  readonly features: Float64Array[];
  /** The same columns where nothing was learned from labels. */
  readonly training: Float64Array[];
}

/**
 * The encoder of the rows a model is made with.
 *
 * @param input the input of the run that is prepared, as {@link inputEncoder} takes it.
 * @returns a function of a batch and its rows' folds; null where no feature needs them.
 * @throws as {@link inputEncoder}; RangeError without folds where a feature needs them.
 */
export function trainingEncoder(input: EncodedInput): (batch: ColumnBatch, folds: Uint8Array | null) => TrainingInput {
  const codes = codesEncoder(input, input.columnTypes);
  const numbers = learnedNumbers(input);
  return (batch, folds) => {
    const coded = codes(batch);
    const features = coded.map((column, index) => served(column, numbers[index]));
    const training = coded.map((column, index) => {
      const byFold = numbers[index]?.training ?? null;
      if (byFold === null) return features[index] ?? column;
      if (folds === null) throw new RangeError('rows to train on need a fold');
      return numbersOfFolds(column, byFold, folds);
    });
    return { features, training };
  };
}

/** Whether rows to train on need a fold. */
export const needsFolds = (features: readonly { readonly encoding?: string | undefined }[]): boolean =>
  features.some(({ encoding }) => encoding === 'target');

const served = (codes: Float64Array, numbers: CodeNumbers | null | undefined): Float64Array =>
  numbers ? numbersOfCodes(codes, numbers.serving) : codes;

function learnedNumbers({ features, encodings = {} }: EncodedInput): (CodeNumbers | null)[] {
  return features.map(({ name, encoding }) => {
    if (encoding === undefined) return null;
    const learned = Object.hasOwn(encodings, name) ? encodings[name] : undefined;
    if (learned?.encoding !== encoding) throw new RangeError(`the input has no ${encoding} numbers of ${name}`);
    return codeNumbers(learned);
  });
}

/** Numbers as they are, categories as their codes. */
export function codesEncoder(
  input: Pick<RunInput, 'features' | 'dictionary'>,
  columnTypes: RunInput['columnTypes'],
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

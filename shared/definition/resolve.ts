/** What a definition means for data with these columns: decided once, when a dataset's columns are known. */
import { MillraceError } from '../errors.ts';
import { type ColumnTypes, checkExpression, columnsResolved, resolveColumn } from '../features/check.ts';
import type { ColumnType } from '../features/columns.ts';
import { type Expression, ExpressionError } from '../features/expression.ts';
import { digestOf } from './canonical-json.ts';
import { type Cluster, clusterColumn, timeBlock } from './cluster.ts';
import type { PublishedDefinition } from './published.ts';

/** How a feature reaches the model: as the number it is, or as a category's code. */
type FeatureKind = 'number' | 'category';

/** How a category becomes a number that is learned from the rows to train on. */
type LearnedEncoding = 'frequency' | 'target';

/** One input of the model. */
interface ResolvedFeature {
  readonly name: string;
  readonly kind: FeatureKind;
  /** The type of the expression's values. A boolean of kind `number` is 0 or 1. */
  readonly type: ColumnType;
  readonly expression: Expression;
  /** Of a category that reaches the model as another number than its code. */
  readonly encoding?: LearnedEncoding;
}

/** Everything a definition leaves to the data, decided. Column names are as the data has them. */
export interface ResolvedInput {
  readonly label: { readonly name: string; readonly type: ColumnType; readonly expression: Expression };
  /** The columns the label is made of; never features, unless named. */
  readonly labelColumns: readonly string[];
  readonly features: readonly ResolvedFeature[];
  /** The columns the features are made of: what a record to predict must bring. Sorted. */
  readonly inputColumns: readonly string[];
  /** The types of all columns of the dataset. */
  readonly columnTypes: ColumnTypes;
  readonly time: string | null;
  readonly key: readonly string[];
  readonly entity: string | null;
  readonly weight: string | null;
  readonly protected: readonly string[];
  readonly slices: readonly string[];
  readonly cluster: { readonly column: string } | { readonly block: 'hour' | 'day' | 'week' | 'month' } | null;
  /** sha256 of what the model's input means: label, features, kinds, encoding. */
  readonly inputDigest: string;
}

/** One way in which data does not fit a definition. */
export interface InputProblem {
  /** In the definition, such as `data.features[2]`. */
  readonly path: string;
  readonly message: string;
}

/** The columns are not those the definition speaks of. Trying again cannot help; the data or the definition must change. */
export class InputMismatchError extends MillraceError {
  override readonly name = 'InputMismatchError';
  readonly retryable = false;
  readonly problems: readonly InputProblem[];

  constructor(problems: readonly InputProblem[]) {
    super(problems.map(({ path, message }) => `${path}: ${message}`).join('\n'));
    this.problems = problems;
  }
}

/** How categories become numbers; part of what an input means. */
const ENCODING = 'ordinal';

/** Decides what a definition means for data with these columns. @throws InputMismatchError with every misfit. */
export function resolveInput(
  published: Pick<PublishedDefinition, 'definition' | 'expressions'>,
  columns: readonly { readonly name: string; readonly type: ColumnType }[],
): ResolvedInput {
  const { definition, expressions } = published;
  const { data, evaluation, problem, training } = definition;
  const types: ColumnTypes = Object.fromEntries(columns.map(({ name, type }) => [name, type]));
  const problems: InputProblem[] = [];
  const column = (path: string, name: string): string =>
    attempt(problems, path, () => resolveColumn(name, types)) ?? name;
  const optional = (path: string, name: string | null): string | null => (name === null ? null : column(path, name));
  const several = (path: string, names: readonly string[]): string[] =>
    names.map((name, i) => column(`${path}[${i}]`, name));

  const label = attempt(problems, 'data.label', () => labelOf(problem, data.label.name, expressions.label, types));
  const labelColumns = attempt(problems, 'data.label', () => columnsResolved(expressions.label, types)) ?? [];
  const time = optional('data.time', data.time);
  const entity = optional('data.entity', data.entity);
  const weight = optional('data.weight', data.weight);
  const guarded = several('data.protected', data.protected);
  const postEvent = several('data.post_event', data.post_event);
  const keyGiven = data.key === null ? null : several('data.key', data.key);
  const slices = evaluation.slices.map(({ column: name }, i) => column(`evaluation.slices[${i}]`, name));
  const cluster = clusterOf(evaluation.cluster, (name) => column('evaluation.cluster', name));
  problems.push(...typeProblems(types, { time, weight }));

  const named = expressions.features;
  const taken = new Set([
    ...labelColumns,
    ...guarded,
    ...postEvent,
    ...(keyGiven ?? []),
    ...[time, entity, weight].filter((name) => name !== null),
  ]);
  // By name, so that the order of a delivery's columns means nothing.
  const free = columns
    .map(({ name }) => name)
    .filter((name) => !taken.has(name) && name !== data.label.name)
    .sort();
  const wanted = named ?? free.map((name) => ({ name, kind: null, expression: { op: 'column', name } as const }));
  const features = wanted.flatMap((feature, i) => {
    const path = named === null ? `data.features (by default, the column ${feature.name})` : `data.features[${i}]`;
    const encoding = data.features?.[i]?.encoding ?? 'ordinal';
    return (
      attempt(problems, path, () => featureOf(feature, encoding, types, { guarded, postEvent }, labelColumns)) ?? []
    );
  });
  if (wanted.length === 0) problems.push({ path: 'data.features', message: 'no column is left to be a feature' });

  const unique = [...new Set(problems.map((each) => JSON.stringify(each)))].map(
    (text): InputProblem => JSON.parse(text),
  );
  if (label === undefined || unique.length > 0) throw new InputMismatchError(unique);
  return {
    label,
    labelColumns,
    features,
    inputColumns: [...new Set(features.flatMap(({ expression }) => columnsResolved(expression, types)))].sort(),
    columnTypes: types,
    time,
    key:
      keyGiven ??
      columns
        .map(({ name }) => name)
        .filter((name) => !labelColumns.includes(name) && !postEvent.includes(name))
        .sort(),
    entity,
    weight,
    protected: guarded,
    slices,
    cluster,
    inputDigest: digestOf({
      problem,
      label: expressions.label,
      features: features.map(({ name, kind, type, expression, encoding }) => ({
        name,
        kind,
        values: valuesOf(kind, type),
        expression,
        ...(encoding !== undefined && { encoding }),
      })),
      encoding: ENCODING,
      input: training.input,
    }),
  };
}

/** Runs a check; what does not fit becomes a problem at the path. */
function attempt<T>(problems: InputProblem[], path: string, check: () => T): T | undefined {
  try {
    return check();
  } catch (cause) {
    if (!(cause instanceof ExpressionError)) throw cause;
    problems.push({ path, message: cause.message });
    return undefined;
  }
}

function labelOf(
  problem: 'binary' | 'multiclass' | 'regression',
  name: string,
  expression: Expression,
  types: ColumnTypes,
): ResolvedInput['label'] {
  const { type } = checkExpression(expression, types);
  const fits = LABEL_TYPES[problem];
  if (!fits.types.includes(type)) {
    throw new ExpressionError(`the label of a ${problem} model is ${fits.words}, and ${name} is a ${type}${fits.hint}`);
  }
  return { name, type, expression };
}

const LABEL_TYPES: Readonly<
  Record<'binary' | 'multiclass' | 'regression', { types: readonly ColumnType[]; words: string; hint: string }>
> = {
  binary: {
    types: ['boolean', 'integer', 'number'],
    words: 'boolean, or 0 and 1',
    hint: "; say when it is true, as in sql: outcome = 'late'",
  },
  multiclass: {
    types: ['string', 'integer', 'boolean'],
    words: 'a category: text, whole numbers or boolean',
    hint: '',
  },
  regression: { types: ['integer', 'number'], words: 'a number', hint: '; make it one, as in sql: price::double' },
};

function featureOf(
  {
    name,
    kind,
    expression,
  }: { readonly name: string; readonly kind: FeatureKind | null; readonly expression: Expression },
  encoding: 'ordinal' | LearnedEncoding,
  types: ColumnTypes,
  { guarded, postEvent }: { readonly guarded: readonly string[]; readonly postEvent: readonly string[] },
  label: readonly string[],
): ResolvedFeature {
  const { type } = checkExpression(expression, types);
  const columns = columnsResolved(expression, types);
  const [answer] = label;
  // With several columns in the label, one of them may be honest input; the only one is the answer itself.
  if (answer !== undefined && label.length === 1 && columns.includes(answer)) {
    throw new ExpressionError(
      `${name} reads ${answer}, which the label is made of: the model would be given the answer`,
    );
  }
  const read = columns.filter((column) => guarded.includes(column));
  if (read.length > 0) throw new ExpressionError(`${name} reads ${read.join(', ')}: data.protected are never features`);
  const later = columns.filter((column) => postEvent.includes(column));
  if (later.length > 0)
    throw new ExpressionError(
      `${name} reads ${later.join(', ')}: data.post_event are known only after the event, and never features`,
    );
  if (type === 'timestamp' || type === 'date') {
    throw new ExpressionError(
      `${name} is a ${type}, which a model cannot take as it is; name the features, and say what of the time counts, as in { name: hour, sql: hour(${name}) } or epoch(${name})`,
    );
  }
  if (kind === 'number' && type === 'string')
    throw new ExpressionError(
      `${name} is text and cannot be of kind number; make it one with ::double, or leave kind out`,
    );
  if (kind === 'category' && type === 'number')
    throw new ExpressionError(
      `${name} is a number with fractions and cannot be of kind category; round it with ::int, or leave kind out`,
    );
  if (encoding === 'ordinal')
    return { name, kind: kind ?? (type === 'string' ? 'category' : 'number'), type, expression };
  if (type === 'number')
    throw new ExpressionError(
      `${name} is a number with fractions and has no ${encoding} encoding; leave it out, or make it a category with width_bucket or ::int`,
    );
  return { name, kind: 'category', type, expression, encoding };
}

/** What distinguishes values for a model: whole numbers and others are the same to it, texts and numbers as categories are not. */
const valuesOf = (kind: FeatureKind, type: ColumnType): string => (kind === 'number' ? 'number' : type);

function clusterOf(cluster: Cluster, column: (name: string) => string): ResolvedInput['cluster'] {
  const block = timeBlock(cluster);
  if (block !== undefined) return { block };
  const named = clusterColumn(cluster);
  return named === undefined ? null : { column: column(named) };
}

function typeProblems(
  types: ColumnTypes,
  { time, weight }: { time: string | null; weight: string | null },
): InputProblem[] {
  const found: InputProblem[] = [];
  const timeType = time === null ? undefined : types[time];
  const weightType = weight === null ? undefined : types[weight];
  if (timeType !== undefined && timeType !== 'timestamp' && timeType !== 'date') {
    found.push({
      path: 'data.time',
      message: `${time} is ${timeType === 'integer' ? 'an' : 'a'} ${timeType}, expected a timestamp or date`,
    });
  }
  if (weightType !== undefined && weightType !== 'number' && weightType !== 'integer') {
    found.push({ path: 'data.weight', message: `${weight} is a ${weightType}, expected a number` });
  }
  return found;
}

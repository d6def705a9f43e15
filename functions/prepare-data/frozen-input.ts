/** What a run's model takes as input, learned from the rows to train on and recorded once. */

import { encodingLearner, type LearnedEncoding } from '../../shared/data/category-encoding.ts';
import { missingValues } from '../../shared/data/declared-missing.ts';
import {
  admit,
  admitClasses,
  categoryText,
  countCategories,
  DEFAULT_ADMISSION,
  type Dictionary,
  dictionarySchema,
  EMPTY_DICTIONARY,
} from '../../shared/data/dictionary.ts';
import { codesEncoder, type RunInput, runInputSchema } from '../../shared/data/run-input.ts';
import { SIDES } from '../../shared/data/split.ts';
import { digestOf } from '../../shared/definition/canonical-json.ts';
import { policyOf } from '../../shared/definition/policy.ts';
import type { PublishedDefinition } from '../../shared/definition/published.ts';
import { compile } from '../../shared/features/compile.ts';
import type { RunPlan } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { AssignRows } from './assign-rows.ts';
import type { FoldRows } from './fold-rows.ts';
import { batches, chosen, type RunRows } from './run-rows.ts';
import { UnpreparableError } from './unpreparable.ts';

/** More classes than this are no classes: the label is a number, a name or a key. */
const MAX_CLASSES = 200;

/** A run's rows and where they go while its classes are still to be learned. */
export interface Learning {
  readonly rows: RunRows;
  readonly assign: AssignRows;
  readonly foldsOf: FoldRows;
  /** The columns that assigning and folding read. */
  readonly readBy: readonly string[];
}

/**
 * The run's input with its dictionary, learned numbers and weights of classes. Recorded once: whoever prepares the run
 * again encodes the same, whatever the model's dictionary has learned since.
 */
export async function frozenInput(
  ledger: Ledger,
  { model, run, definitionDigest }: RunPlan,
  { definition }: PublishedDefinition,
  learning: Learning,
): Promise<RunInput> {
  const key = keys.runInput(model, run);
  const stands = await ledger.find(runInputSchema, key);
  if (stands !== undefined) return stands;
  const { input } = learning.rows;
  const { problem, training } = definition;
  const isBalanced = training.class_balance === 'weights' && problem !== 'regression';
  const { categories, classes } = await namesToLearn(learning, problem === 'multiclass' || isBalanced);
  if (problem === 'multiclass') refuseClasses(classes, input.label.name);
  const meaning = digestOf({ problem, expression: input.label.expression });
  const grown = await ledger.point(dictionarySchema, keys.dictionary(model), (current) => {
    const admitted = admit(current ?? EMPTY_DICTIONARY, categories);
    const next = problem === 'multiclass' ? admitClasses(admitted, meaning, classes.keys()) : admitted;
    return current !== undefined && digestOf(current) === digestOf(next) ? undefined : next;
  });
  const dictionary = onlyOf(grown ?? EMPTY_DICTIONARY, categories.keys());
  const names = problem === 'multiclass' ? (grown?.labels?.[meaning] ?? []) : ['0', '1'];
  const encodings = await encodingsToLearn(learning, dictionary);
  const missing = await missingValues(learning.rows.engine, definition.data.source.columns, input.columnTypes);
  return ledger.record(runInputSchema, key, {
    model,
    run,
    definitionDigest,
    inputDigest: input.inputDigest,
    problem,
    label: input.label,
    ...(problem === 'binary' && { operatingPoint: policyOf(definition).operatingPoint }),
    ...(problem === 'multiclass' && { classes: names }),
    features: [...input.features],
    inputColumns: [...input.inputColumns],
    ...(definition.monitoring.quality?.join === 'key' && { joinKey: [...input.key] }),
    columnTypes: { ...input.columnTypes },
    ...(missing !== undefined && { missing }),
    dictionary,
    ...(encodings.size > 0 && { encodings: Object.fromEntries(encodings) }),
    ...(isBalanced && { classWeights: balancedWeights(names, classes) }),
  });
}

/**
 * The input of a model that never saw a fold: everything of it that is learned comes from the other rows. A category is
 * admitted as in the run's dictionary, by as many rows as the other folds' share of them. Recorded once, as the run's.
 *
 * @param whole the run's own input, of all rows.
 * @param learning `assign` has the rows of the fold judge.
 */
export async function foldInput(
  ledger: Ledger,
  { definition }: PublishedDefinition,
  whole: RunInput,
  learning: Learning,
  fold: { readonly of: number; readonly judges: number },
): Promise<RunInput> {
  const key = keys.foldInput(whole.model, whole.run, fold.judges);
  const stands = await ledger.find(runInputSchema, key);
  if (stands !== undefined) return stands;
  const isBalanced = whole.classWeights !== undefined;
  const { categories, classes } = await namesToLearn(learning, isBalanced);
  const minimumCount = Math.ceil((DEFAULT_ADMISSION.minimumCount * (fold.of - 1)) / fold.of);
  const dictionary = admit(EMPTY_DICTIONARY, categories, { ...DEFAULT_ADMISSION, minimumCount });
  const encodings = await encodingsToLearn(learning, dictionary);
  const names = definition.problem === 'multiclass' ? (whole.classes ?? []) : ['0', '1'];
  const { encodings: _all, classWeights: _balanced, ...rest } = whole;
  return ledger.record(runInputSchema, key, {
    ...rest,
    dictionary,
    ...(encodings.size > 0 && { encodings: Object.fromEntries(encodings) }),
    ...(isBalanced && { classWeights: balancedWeights(names, classes) }),
  });
}

/** What the rows to train on show of categories and classes. */
interface ToLearn {
  /** Each feature of categories has an entry. */
  readonly categories: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** How many rows each class has; a truth value is `0` or `1`. */
  readonly classes: ReadonlyMap<string, number>;
}

/** Looks for the categories and classes of the rows to train on. */
async function namesToLearn({ rows, assign, readBy }: Learning, countsClasses: boolean): Promise<ToLearn> {
  const features = rows.input.features.filter(({ kind }) => kind === 'category');
  const counts = new Map(features.map(({ name }) => [name, new Map<string, number>()]));
  const classes = new Map<string, number>();
  const found = { categories: counts, classes };
  if (features.length === 0 && !countsClasses) return found;
  const evaluate = compile(
    features.map(({ expression }) => expression),
    rows.input.columnTypes,
  );
  for await (const batch of batches(rows, [...readBy, ...rows.input.inputColumns])) {
    const { sides, shown } = assign(batch);
    for (const row of countsClasses ? chosen(sides, SIDES.train) : []) {
      const name = categoryText(shown, row);
      // One more than there may be is enough to know.
      if (classes.has(name) || classes.size <= MAX_CLASSES) classes.set(name, (classes.get(name) ?? 0) + 1);
    }
    const vectors = evaluate(batch);
    features.forEach(({ name }, index) => {
      const values = vectors[index];
      const into = counts.get(name);
      if (values === undefined || into === undefined) throw new RangeError(`feature ${name} was not computed`);
      countCategories(into, values, batch.rows, sides, SIDES.train);
    });
  }
  return found;
}

/** Learns the numbers of features that have an encoding, from the rows to train on and nothing else. */
async function encodingsToLearn(
  { rows, assign, foldsOf, readBy }: Learning,
  dictionary: Dictionary,
): Promise<Map<string, LearnedEncoding>> {
  const { input } = rows;
  const features = input.features.filter(({ encoding }) => encoding !== undefined);
  const learners = features.flatMap(({ name, encoding }) =>
    encoding === undefined ? [] : [encodingLearner(encoding, dictionary.features[name]?.length ?? 0)],
  );
  if (learners.length === 0) return new Map();
  const encode = codesEncoder({ features, dictionary }, { ...input.columnTypes });
  for await (const batch of batches(rows, [...readBy, ...input.inputColumns])) {
    const { sides, label } = assign(batch);
    const train = chosen(sides, SIDES.train);
    const folds = foldsOf(batch);
    const codes = encode(batch);
    learners.forEach((learner, index) => {
      const column = codes[index];
      if (column === undefined) throw new RangeError(`feature ${index} was not encoded`);
      learner.add(column, label, folds, train);
    });
  }
  return new Map(learners.map((learner, index) => [features[index]?.name ?? '', learner.learned()]));
}

/**
 * Weights by which all classes together count for the same, and a row for one on average: n / (classes × n of the class),
 * as scikit-learn's `balanced`. A class that no row has weighs one.
 */
function balancedWeights(names: readonly string[], rows: ReadonlyMap<string, number>): number[] {
  const all = [...rows.values()].reduce((sum, count) => sum + count, 0);
  return names.map((name) => {
    const count = rows.get(name) ?? 0;
    return count === 0 ? 1 : all / (rows.size * count);
  });
}

/** The categories of these features alone: what the model's other definitions have learned is not this run's. */
const onlyOf = ({ features }: Dictionary, names: Iterable<string>): Dictionary => ({
  features: Object.fromEntries([...names].map((name) => [name, features[name] ?? []])),
});

function refuseClasses(classes: ReadonlyMap<string, number>, label: string): void {
  if (classes.size > MAX_CLASSES) {
    throw new UnpreparableError(
      `the label ${label} has more than ${MAX_CLASSES} classes in the rows to train on: is it a class at all?`,
    );
  }
  if (classes.size < 2) {
    const [only = 'none'] = classes.keys();
    throw new UnpreparableError(
      classes.size === 0
        ? 'no row is left to train on'
        : `all rows to train on have the label ${only}: there is nothing to tell apart`,
    );
  }
}

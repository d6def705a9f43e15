/** Decides, row by row, whether and where a row goes: its label, its side of the split, or why it is left out. */
import { categoryText } from '../../shared/data/dictionary.ts';
import { hashSplit, judgingFolds, SIDES, type SplitShares, timeSplit } from '../../shared/data/split.ts';
import type { PublishedDefinition } from '../../shared/definition/published.ts';
import type { ResolvedInput } from '../../shared/definition/resolve.ts';
import type { Column, ColumnBatch } from '../../shared/features/columns.ts';
import { compile } from '../../shared/features/compile.ts';
import type { RunPlan, SplitMethod } from '../../shared/ledger/facts.ts';
import { columnOf } from './run-rows.ts';

/** Where a batch's rows go. */
interface Assigned {
  /** By `SIDES`; none where the row is left out. */
  readonly sides: Uint8Array;
  /** As the model learns it: a class is its place among the classes. NaN where there is none. */
  readonly label: Float64Array;
  /** As the rows file keeps it: a class is its name. */
  readonly shown: Column;
  /** What each row counts for in training; null where all count alike. */
  readonly weight: Float64Array | null;
  /** Why rows are left out, and how many. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** Assigns a batch's rows. */
export type AssignRows = (batch: ColumnBatch) => Assigned;

const MICROSECONDS = 1000;

/** The columns that {@link assignRows} reads. */
export function assignedBy(input: ResolvedInput, cut: RunPlan['cut']): string[] {
  const weight = input.weight === null ? [] : [input.weight];
  return [
    ...input.labelColumns,
    ...weight,
    ...(cut === null ? splitKey(input) : input.time === null ? [] : [input.time]),
  ];
}

type AskedSplit = PublishedDefinition['definition']['data']['split'];

/** How rows are split, by the run's cut if they have a time; else by a hash of the entity or the key. */
export function splitMethod(input: ResolvedInput, cut: RunPlan['cut'], asked: AskedSplit): SplitMethod {
  if (cut !== null && input.time !== null) return { by: 'time', column: input.time };
  const key = [...splitKey(input)];
  return asked.folds === null ? { by: 'hash', key, gate: asked.gate } : { by: 'folds', key, folds: asked.folds };
}

/** What of a definition's split says how rows without a time are shared out: with folds none of them judges for good. */
export const sharesOf = ({ validation, gate }: AskedSplit): SplitShares => ({
  validation: validation ?? 0,
  gate: gate ?? 0,
});

const splitKey = ({ entity, key }: ResolvedInput): readonly string[] => (entity === null ? key : [entity]);

/** What of a run's settings decides where its rows go. */
export interface AssignSettings {
  readonly problem: 'binary' | 'multiclass' | 'regression';
  readonly cut: RunPlan['cut'];
  readonly shares: SplitShares;
  /** Which of so many folds judges, the first is 1: its rows train nothing. Null where there are none, or all rows train. */
  readonly fold: { readonly of: number; readonly judges: number } | null;
  /** After so long a row to train on counts half; null where age does not matter. Goes by the cut. */
  readonly halfLifeMs: number | null;
  /** Multiclass: the classes in the model's order; null while they are still to be learned. */
  readonly classes: readonly string[] | null;
  /** What a row to train on counts for by its class; null where all classes count alike. */
  readonly classWeights: readonly number[] | null;
}

/**
 * Assigns rows as {@link splitMethod} says. A row whose class the model is not taught cannot stop its training; the gate
 * keeps it, for the model will get it wrong.
 */
export function assignRows(
  input: ResolvedInput,
  { problem, cut, shares, fold, halfLifeMs, classes, classWeights }: AssignSettings,
): AssignRows {
  const labels = compile([input.label.expression], input.columnTypes);
  const places = classes === null ? null : new Map(classes.map((name, place) => [name, place]));
  const cuts = cut && {
    from: cut.from === null ? undefined : Date.parse(cut.from) * MICROSECONDS,
    validation: Date.parse(cut.validation) * MICROSECONDS,
    gate: Date.parse(cut.gate) * MICROSECONDS,
    embargo: cut.embargoMs * MICROSECONDS,
  };
  return (batch) => {
    const [values] = labels(batch);
    const { label, shown } =
      problem === 'multiclass' ? classesOf(values, batch.rows, places) : measured(values, batch.rows);
    const weight = input.weight === null ? null : numbersOf(columnOf(batch, input.weight), batch.rows);
    const dropped: Record<string, number> = {};
    const drop = (row: number, reason: string): void => {
      sides[row] = SIDES.none;
      dropped[reason] = (dropped[reason] ?? 0) + 1;
    };
    const time = cuts && input.time !== null ? columnOf(batch, input.time) : undefined;
    const sides =
      cuts && time !== undefined
        ? timeSplit(time, cuts)
        : hashSplit(
            splitKey(input).map((name) => columnOf(batch, name)),
            batch.rows,
            shares,
          );
    if (fold !== null) judgeFold(sides);
    for (let row = 0; row < batch.rows; row += 1) {
      const value = label[row] ?? Number.NaN;
      const counts = weight?.[row] ?? 1;
      if (shown.nulls?.[row] === 1) drop(row, 'label_missing');
      else if (problem === 'binary' && value !== 0 && value !== 1) drop(row, 'label_invalid');
      // XGBoost takes no negative weight. https://xgboost.readthedocs.io/en/stable/tutorials/input_format.html
      else if (!(counts >= 0)) drop(row, 'weight_invalid');
      else if (sides[row] === SIDES.none) drop(row, leftOut(time, row, cuts ? cuts.gate - cuts.embargo : 0));
      else if (Number.isNaN(value) && sides[row] !== SIDES.gate) drop(row, 'class_not_taught');
    }
    const aged =
      halfLifeMs === null
        ? weight
        : agedWeights(weight, time, batch.rows, cuts?.validation ?? 0, halfLifeMs * MICROSECONDS);
    const balanced =
      classWeights === null ? aged : label.map((value, row) => (aged?.[row] ?? 1) * (classWeights[value] ?? 1));
    return { sides, label, shown, weight: balanced, dropped };

    function judgeFold(assigned: Uint8Array): void {
      const key = splitKey(input).map((name) => columnOf(batch, name));
      judgingFolds(key, batch.rows, fold?.of ?? 1).forEach((each, row) => {
        if (each + 1 === fold?.judges) assigned[row] = SIDES.gate;
      });
    }
  };
}

/** When a row was, in microseconds. */
const timeOf = (time: Column, row: number): number =>
  Number(time.values[row]) * (time.type === 'date' ? 86_400_000_000 : 1);

/**
 * Weights that halve with each half-life before the newest row to train on, which the cut names: what a row counts for by
 * itself is multiplied, and one without a time counts as it is. They depend on the plan alone, so that preparing again writes the same.
 */
function agedWeights(
  weight: Float64Array | null,
  time: Column | undefined,
  rows: number,
  newest: number,
  halfLife: number,
): Float64Array {
  const aged = new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) {
    const age = time === undefined || time.nulls?.[row] === 1 ? 0 : Math.max(0, newest - timeOf(time, row));
    aged[row] = (weight?.[row] ?? 1) * 2 ** (-age / halfLife);
  }
  return aged;
}

/** Why the time split left a row out: it comes before the window, or within the embargo. */
function leftOut(time: Column | undefined, row: number, embargoed: number): string {
  if (time === undefined || time.nulls?.[row] === 1) return 'time_missing';
  return timeOf(time, row) < embargoed ? 'before_window' : 'embargo';
}

/** Labels that are numbers. */
function measured(values: Column | undefined, rows: number): Pick<Assigned, 'label' | 'shown'> {
  const label = numbersOf(values, rows);
  return {
    label,
    shown: { type: 'number', values: label, nulls: Uint8Array.from(label, (each) => (Number.isNaN(each) ? 1 : 0)) },
  };
}

/** Labels that are classes; 0 for each while the classes are still to be learned. */
function classesOf(
  values: Column | undefined,
  rows: number,
  places: ReadonlyMap<string, number> | null,
): Pick<Assigned, 'label' | 'shown'> {
  if (values === undefined) throw new RangeError('the label was not computed');
  const label = new Float64Array(rows);
  const names: string[] = [];
  for (let row = 0; row < rows; row += 1) {
    const name = values.nulls?.[row] === 1 ? '' : categoryText(values, row);
    names.push(name);
    if (places !== null) label[row] = places.get(name) ?? Number.NaN;
  }
  return { label, shown: { type: 'string', values: names, nulls: values.nulls } };
}

function numbersOf(values: Column | undefined, rows: number): Float64Array {
  if (values === undefined || values.type === 'string') throw new RangeError('the label is not a number');
  const numbers = new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) {
    numbers[row] = values.nulls?.[row] === 1 ? Number.NaN : (values.values[row] ?? Number.NaN);
  }
  return numbers;
}

/** Decides, row by row, whether and where a row goes: its label, its side of the split, or why it is left out. */
import { hashSplit, SIDES, type SplitShares, timeSplit } from '../../shared/data/split.ts';
import type { ResolvedInput } from '../../shared/definition/resolve.ts';
import type { Column, ColumnBatch } from '../../shared/features/columns.ts';
import { compile } from '../../shared/features/compile.ts';
import type { RunPlan, SplitMethod } from '../../shared/ledger/facts.ts';

/** Where a batch's rows go. */
interface Assigned {
  /** By `SIDES`; none where the row is left out. */
  readonly sides: Uint8Array;
  /** NaN where there is none. */
  readonly label: Float64Array;
  /** Why rows are left out, and how many. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** Assigns a batch's rows. */
export type AssignRows = (batch: ColumnBatch) => Assigned;

const MICROSECONDS = 1000;

/** The columns that {@link assignRows} reads. */
export function assignedBy(input: ResolvedInput, cut: RunPlan['cut']): string[] {
  return [...input.labelColumns, ...(cut === null ? splitKey(input) : input.time === null ? [] : [input.time])];
}

/** How rows are split, by the run's cut if they have a time; else by a hash of the entity or the key. */
export function splitMethod(input: ResolvedInput, cut: RunPlan['cut'], { gate }: SplitShares): SplitMethod {
  return cut !== null && input.time !== null
    ? { by: 'time', column: input.time }
    : { by: 'hash', key: [...splitKey(input)], gate };
}

const splitKey = ({ entity, key }: ResolvedInput): readonly string[] => (entity === null ? key : [entity]);

/** Assigns rows as {@link splitMethod} says. */
export function assignRows(
  input: ResolvedInput,
  problem: 'binary' | 'regression',
  cut: RunPlan['cut'],
  shares: SplitShares,
): AssignRows {
  const labels = compile([input.label.expression], input.columnTypes);
  const cuts = cut && {
    from: cut.from === null ? undefined : Date.parse(cut.from) * MICROSECONDS,
    validation: Date.parse(cut.validation) * MICROSECONDS,
    gate: Date.parse(cut.gate) * MICROSECONDS,
    embargo: cut.embargoMs * MICROSECONDS,
  };
  return (batch) => {
    const [values] = labels(batch);
    const label = numbersOf(values, batch.rows);
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
    for (let row = 0; row < batch.rows; row += 1) {
      const value = label[row] ?? Number.NaN;
      if (Number.isNaN(value)) drop(row, 'label_missing');
      else if (problem === 'binary' && value !== 0 && value !== 1) drop(row, 'label_invalid');
      else if (sides[row] === SIDES.none) drop(row, leftOut(time, row, cuts ? cuts.gate - cuts.embargo : 0));
    }
    return { sides, label, dropped };
  };
}

/** Why the time split left a row out: it comes before the window, or within the embargo. */
function leftOut(time: Column | undefined, row: number, embargoed: number): string {
  if (time === undefined || time.nulls?.[row] === 1) return 'time_missing';
  const at = Number(time.values[row]) * (time.type === 'date' ? 86_400_000_000 : 1);
  return at < embargoed ? 'before_window' : 'embargo';
}

function numbersOf(values: Column | undefined, rows: number): Float64Array {
  if (values === undefined || values.type === 'string') throw new RangeError('the label is not a number');
  const numbers = new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) {
    numbers[row] = values.nulls?.[row] === 1 ? Number.NaN : (values.values[row] ?? Number.NaN);
  }
  return numbers;
}

function columnOf(batch: ColumnBatch, name: string): Column {
  const found = Object.hasOwn(batch.columns, name) ? batch.columns[name] : undefined;
  if (found === undefined) throw new RangeError(`the batch has no column ${name}`);
  return found;
}

/**
 * How a dataset's columns may differ from those of the dataset accepted last. Columns are the same where their names are;
 * where they stand means nothing. What the model or one of its rules reads must not go or change its sort; a column more
 * is told and changes nothing until all data of a run has it.
 */
import type { ColumnType } from '../../features/columns.ts';
import { shortenedText } from '../profile/compact.ts';
import { figure } from './check.ts';
import type { RuleResult } from './result.ts';

/** What evolution compares of a column's profile. */
export interface EvolvingColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly nulls: number;
  readonly distinct: number | null;
  readonly top: readonly (readonly [string, number])[];
  /** Longer texts of `top` are shortened: {@link shortenedText}. */
  readonly topCut?: number;
  /** Of numbers, thousandths of the rows and the value with so many at or below it. */
  readonly quantiles?: readonly (readonly [number, number])[] | undefined;
}

/** Columns of a dataset. */
export interface EvolvingDataset {
  readonly rows: number;
  readonly columns: readonly EvolvingColumn[];
}

/** A column whose categories were all known takes so great a share of new ones without a word. */
const MAX_UNSEEN_SHARE = 0.01;

const NUMERIC: ReadonlySet<ColumnType> = new Set(['integer', 'number']);
const TIMES: ReadonlySet<ColumnType> = new Set(['date', 'timestamp']);

/** Whether values of one type can stand where values of the other stood. Numbers and dates are found anew each time. */
const isCompatible = (before: ColumnType, now: ColumnType): boolean =>
  before === now || (NUMERIC.has(before) && NUMERIC.has(now)) || (TIMES.has(before) && TIMES.has(now));

/**
 * Compares a dataset with the one accepted last.
 *
 * @param isUsed whether the model or one of its rules reads a column: then a breaking change fails, otherwise it warns
 */
export function evolutionOf(
  before: EvolvingDataset,
  now: EvolvingDataset,
  isUsed: (column: string) => boolean,
): RuleResult[] {
  const past = new Map(before.columns.map((column) => [column.name, column]));
  const present = new Map(now.columns.map((column) => [column.name, column]));
  const added = now.columns.filter(({ name }) => !past.has(name));
  const tell = (
    rule: string,
    column: string,
    severity: 'warn' | 'fail',
    message: string,
    value: number | null = null,
  ) => ({
    rule,
    index: null,
    column,
    severity,
    result: severity,
    value,
    threshold: value === null ? null : `<= ${MAX_UNSEEN_SHARE}`,
    evaluated: now.rows,
    samples: [],
    message,
  });
  const removed = before.columns.flatMap((column) => {
    if (present.has(column.name)) return [];
    const renamed = added.filter(({ type }) => isCompatible(column.type, type)).map(({ name }) => name);
    const hint = renamed.length === 0 ? '' : `; perhaps it is now named ${renamed.slice(0, 3).join(' or ')}`;
    const severity = isUsed(column.name) ? 'fail' : 'warn';
    return [
      tell('column_removed', column.name, severity, `the data accepted before had a column ${column.name}${hint}`),
    ];
  });
  const changed = now.columns.flatMap((column) => {
    const was = past.get(column.name);
    // A column that held nothing had no type.
    if (was === undefined || was.nulls === before.rows || column.nulls === now.rows) return [];
    if (!isCompatible(was.type, column.type)) {
      const severity = isUsed(column.name) ? 'fail' : 'warn';
      return [
        tell(
          'column_type_changed',
          column.name,
          severity,
          `${column.name} is ${column.type}, and was ${was.type} in the data accepted before`,
        ),
      ];
    }
    const unseen = unseenShare(was, column, now.rows - column.nulls);
    if (unseen === null || unseen <= MAX_UNSEEN_SHARE) return [];
    const message = `a share of ${figure(unseen)} of ${column.name} are values that the data accepted before did not have`;
    return [tell('new_categories', column.name, 'warn', message, unseen)];
  });
  return [
    ...added.map(({ name }) => tell('column_added', name, 'warn', `the data accepted before had no column ${name}`)),
    ...removed,
    ...changed,
  ];
}

/** The share of a text column's values that were not there before; null where not all values then are known. */
function unseenShare(was: EvolvingColumn, column: EvolvingColumn, present: number): number | null {
  if (column.type !== 'string' || was.distinct === null || was.distinct !== was.top.length || present === 0)
    return null;
  const known = new Set(was.top.map(([value]) => value));
  const unseen = column.top
    .filter(([value]) => !known.has(shortenedText(value, was.topCut)))
    .reduce((sum, [, rows]) => sum + rows, 0);
  return unseen / present;
}

/** Makes the rules of a definition, and the checks that every dataset undergoes, ready for data with certain columns. */
import { type ColumnTypes, resolveColumn } from '../../features/check.ts';
import type { ColumnType } from '../../features/columns.ts';
import { ExpressionError } from '../../features/expression.ts';
import type { Block } from '../block.ts';
import type { ColumnSpec } from '../sql.ts';
import {
  type Check,
  type Evidence,
  type Judgement,
  judged,
  type KeyColumns,
  keyName,
  type Rule,
  type RuleOf,
} from './check.ts';
import type { Measure, Measured } from './counts.ts';
import { judgeDistinct, judgeMoment, judgeQuantile, judgeUniqueness, quantileMeasure } from './figure-checks.ts';
import { judgeBalance, judgeLeakage, MAX_AUC } from './label-checks.ts';
import { judgePii, piiMeasure } from './pii.ts';
import type { RuleResult } from './result.ts';
import {
  freshnessMeasure,
  isTime,
  judgeColumns,
  judgeDuplicates,
  judgeFreshness,
  judgeHistory,
  judgeKey,
  judgeRowCount,
} from './table-checks.ts';
import { isValueRule, judgeValues, misfit, valueMeasure } from './value-checks.ts';

/** What checks are made for. */
export interface PlanInput {
  readonly problem: 'binary' | 'multiclass' | 'regression';
  readonly rules: readonly Rule[];
  readonly columns: readonly ColumnSpec[];
  /** Columns that only say which row it is, see `id-columns.ts`. */
  readonly ids: readonly string[];
  /** The waking envelope's time. */
  readonly now: Date;
}

/** What a rule comes to on certain columns: how it is counted and judged. */
type Ready = Pick<Check, 'measure' | 'key' | 'upToRows' | 'judge'>;

/** The rules that need their columns read as text, whatever their cells look like. */
export const columnsReadAsText = (rules: readonly Rule[]): string[] => [
  ...new Set(
    rules.flatMap((rule) =>
      (rule.rule === 'column_type' && rule.type === 'string') ||
      rule.rule === 'matches_regex' ||
      rule.rule === 'value_length_between'
        ? [rule.column]
        : [],
    ),
  ),
];

/** Makes the checks ready, those of the definition first. */
export function planChecks({ problem, rules, columns, ids, now }: PlanInput): Check[] {
  const types: ColumnTypes = Object.fromEntries(columns.map(({ name, type }) => [name, type]));
  const ruled = rules.map(
    (rule, index): Check => ({
      id: String(index),
      rule: rule.rule,
      index,
      ...('column' in rule ? { column: rule.column } : {}),
      severity: rule.severity,
      ...readyOrWrong(rule, types, { columns, ids, now }),
    }),
  );
  return [...ruled, ...standing({ problem, rules, columns, ids })];
}

/** What the checks count in a block. */
export function measuresOf(checks: readonly Check[], block: Block): Map<string, Measure> {
  const cells = new Map(block.columns.map((column) => [column.name, column]));
  return new Map(
    checks.flatMap(({ id, measure }): [string, Measure][] => {
      if (measure === undefined) return [];
      const made = measure((name) => {
        const column = cells.get(name);
        if (column === undefined) throw new RangeError(`a block has no column ${name}`);
        return column;
      });
      return [[id, made]];
    }),
  );
}

/** The combined values that have to be counted, each once. */
export const keysOf = (checks: readonly Check[], rows: number): ReadonlyMap<string, KeyColumns> =>
  new Map(
    checks.flatMap(({ key, upToRows = Number.POSITIVE_INFINITY }): [string, KeyColumns][] =>
      key === undefined || rows > upToRows ? [] : [[keyName(key), key]],
    ),
  );

/** Judges every check; what a standing one found nothing with about a single column is not told. */
export const judgeChecks = (checks: readonly Check[], evidence: Evidence): RuleResult[] =>
  checks
    .map((check) => judged(check, evidence))
    .filter(({ index, column, result }) => index !== null || column === undefined || result !== 'pass');

const wrong = (message: string): Ready => ({ judge: () => ({ result: 'error', message }) });

function readyOrWrong(rule: Rule, types: ColumnTypes, given: Given): Ready {
  try {
    return ready(rule, types, given);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return wrong(error.message);
  }
}

type Given = Pick<PlanInput, 'columns' | 'ids' | 'now'>;

/** @throws ExpressionError where a column is missing */
function ready(rule: Rule, types: ColumnTypes, { columns, ids, now }: Given): Ready {
  if (isValueRule(rule)) {
    const [name, type] = column(rule.column, types);
    const why = misfit(rule, type);
    if (why !== undefined) return wrong(why);
    return {
      measure: (columnOf) => valueMeasure(rule, columnOf(name)),
      judge: (_, measured) => judgeValues(rule, measured),
    };
  }
  switch (rule.rule) {
    case 'column_exists':
      return { judge: () => exists(rule.column, types) };
    case 'uniqueness':
      return counted([column(rule.column, types)[0]], 'left_out', (key, evidence) =>
        judgeUniqueness(rule, key, evidence),
      );
    case 'distinct_count_between':
      return counted([column(rule.column, types)[0]], 'left_out', (key, evidence) =>
        judgeDistinct(rule, key, evidence),
      );
    case 'primary_key':
      return counted(
        rule.columns.map((name) => column(name, types)[0]),
        'fault',
        judgeKey,
      );
    case 'duplicate_rows_max':
      return duplicates(rule, columns, ids);
    case 'mean_between':
    case 'stdev_between':
    case 'quantile_between': {
      const [name, type] = column(rule.column, types);
      if (type !== 'integer' && type !== 'number')
        return wrong(`${rule.column} is ${type} here, and the rule is about numbers`);
      if (rule.rule !== 'quantile_between') return { judge: (evidence) => judgeMoment(rule, name, evidence) };
      return {
        measure: (columnOf) => quantileMeasure(rule, columnOf(name)),
        judge: (evidence, measured) => judgeQuantile(rule, name, evidence, measured),
      };
    }
    case 'no_pii':
      return pii(...column(rule.column, types));
    case 'freshness': {
      const [name, type] = column(rule.column, types);
      if (!isTime(type)) return wrong(`${rule.column} is ${type} here, and freshness is about times`);
      return {
        measure: (columnOf) => freshnessMeasure(columnOf(name), now),
        judge: (evidence, measured) => judgeFreshness(rule, evidence, measured),
      };
    }
    case 'row_count_between':
      return { judge: (evidence) => judgeRowCount(rule, evidence) };
    case 'row_count_vs_history':
      return { judge: (evidence) => judgeHistory(rule, evidence) };
    case 'columns_match_set': {
      const present = new Set(Object.keys(types));
      return { judge: () => judgeColumns(rule, present, (name) => found(name, types)) };
    }
    case 'label_balance':
      return { judge: (evidence) => judgeBalance(rule, evidence) };
    case 'no_leakage':
      return { judge: (evidence) => judgeLeakage(rule, evidence) };
  }
}

function column(name: string, types: ColumnTypes): [name: string, type: ColumnType] {
  const resolved = resolveColumn(name, types);
  const type = types[resolved];
  if (type === undefined) throw new ExpressionError(`there is no column ${name}`);
  return [resolved, type];
}

/** The column a name means; undefined where there is none. */
function found(name: string, types: ColumnTypes): string | undefined {
  try {
    return resolveColumn(name, types);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return undefined;
  }
}

function exists(name: string, types: ColumnTypes): Judgement {
  try {
    resolveColumn(name, types);
    return { result: 'pass', message: `there is a column ${name}` };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return { result: 'broken', message: error.message };
  }
}

function counted(
  columns: readonly string[],
  nulls: KeyColumns['nulls'],
  judge: (key: KeyColumns, evidence: Evidence) => Judgement,
): Ready {
  const key: KeyColumns = { columns, nulls };
  return { key, judge: (evidence) => judge(key, evidence) };
}

/** Rows are held against each other by all they hold but what only numbers them. */
function duplicates(
  limits: Pick<RuleOf<'duplicate_rows_max'>, 'max' | 'warn'>,
  columns: readonly ColumnSpec[],
  ids: readonly string[],
): Ready {
  const numbers = new Set(ids.map((name) => name.toLowerCase()));
  const [but, content] = [true, false].map((isId) =>
    columns.flatMap(({ name }) => (numbers.has(name.toLowerCase()) === isId ? name : [])),
  );
  return counted(content ?? [], 'value', (key, evidence) => judgeDuplicates(limits, key, evidence, but ?? []));
}

function pii(name: string, type: ColumnType, untilLine?: number): Ready {
  if (type !== 'string' && type !== 'integer')
    return { judge: () => ({ result: 'pass', message: `a column of type ${type} holds none of what is looked for` }) };
  return {
    measure: (columnOf) => piiMeasure(columnOf(name), untilLine),
    judge: (_: Evidence, measured: Measured) => judgePii(measured),
  };
}

/** Standing checks look for personal data in so many lines of each part; a `no_pii` rule looks in all. */
const STANDING_PII_LINES = 20_000;
/** And in so many columns, the first: a table of thousands is to take no longer than another. */
const STANDING_PII_COLUMNS = 200;
/** Rows are held against each other, without a rule that asks for it, up to so many. */
const STANDING_DUPLICATE_ROWS = 1_000_000;

/** What every dataset is checked for, as a warning; a rule of the same name takes its place. */
function standing({ problem, rules, columns, ids }: Omit<PlanInput, 'now'>): Check[] {
  const asked = (name: Rule['rule'], of?: string): boolean =>
    rules.some((rule) => rule.rule === name && (of === undefined || ('column' in rule && rule.column === of)));
  const check = (rule: Rule['rule'], made: Ready, name?: string): Check => ({
    id: `standing ${rule} ${name ?? ''}`,
    rule,
    index: null,
    ...(name === undefined ? {} : { column: name }),
    severity: 'warn',
    ...made,
  });
  const texts = columns
    .filter(({ name, type }) => type === 'string' && !asked('no_pii', name))
    .slice(0, STANDING_PII_COLUMNS);
  const rows = duplicates({ warn: 0.01, max: 0.05 }, columns, ids);
  return [
    ...(asked('row_count_vs_history')
      ? []
      : [
          check('row_count_vs_history', {
            judge: (evidence) => judgeHistory({ window: 8, max_z: 4, min_history: 4 }, evidence),
          }),
        ]),
    ...(asked('duplicate_rows_max')
      ? []
      : [check('duplicate_rows_max', { ...rows, upToRows: STANDING_DUPLICATE_ROWS })]),
    ...(asked('label_balance') || problem === 'regression'
      ? []
      : [check('label_balance', { judge: (evidence) => judgeBalance({}, evidence) })]),
    ...(asked('no_leakage')
      ? []
      : [check('no_leakage', { judge: (evidence) => judgeLeakage({ max_auc: MAX_AUC }, evidence) })]),
    ...texts.map(({ name, type }) => check('no_pii', pii(name, type, STANDING_PII_LINES), name)),
  ];
}

/** Which kind of problem a column poses as a label, found from its values. */

import { literal } from '../../shared/data/engine.ts';
import { howMany } from '../../shared/report/how-many.ts';
import { columnSql, isSayable } from './column-sql.ts';
import type { SeenColumn, ValueCount } from './seen.ts';

export const PROBLEM_TYPES = ['binary', 'multiclass', 'regression'] as const;
export type ProblemType = (typeof PROBLEM_TYPES)[number];

/** The label as the definition says it, and why. */
export interface DraftLabel {
  readonly problem: ProblemType;
  readonly name: string;
  /** Where the label is not the column as it is. */
  readonly sql: string | null;
  readonly why: string;
  /** Rows without an answer: they can be neither learned from nor judged on. */
  readonly missing: number;
  /** Share of the rarest class; null of numbers. */
  readonly rarest: number | null;
  /** Classes; null of numbers. */
  readonly classes: number | null;
}

/** No model can be made of the column: why, and what to do. */
export class DraftError extends Error {
  override readonly name = 'DraftError';
  readonly code: string;
  readonly toDo: string;

  constructor(code: string, message: string, toDo: string) {
    super(message);
    this.code = code;
    this.toDo = toDo;
  }
}

/** As many classes as a run takes. */
const MAX_CLASSES = 200;
/** More different whole numbers than this are an amount. */
const MAX_NUMBERED_CLASSES = 10;
/** A class that has fewer rows on average is a name. */
const LEAST_ROWS_OF_A_CLASS = 4;

/** Values that say that something is so. */
const YES =
  /^(y|yes|ja|oui|s[ií]|true|t|1|positive|pos|present|bad|fail|failed|failure|churn|churned|malignant|late|fraud|default|defaulted|won|win|died|left|spam)$/i;
/** Values that say that it is not. */
const NO =
  /^(n|no|not|nein|non|false|f|0|-1|negative|neg|none|absent|good|ok|pass|passed|benign|on ?time|paid|lost|survived|stayed|ham)$/i;

const counted = (n: number): string => n.toLocaleString('en-US');
const percent = (share: number): string => `${Number((100 * share).toPrecision(3))}%`;

/** Which of two values is the yes: the one that says so, else the one that is not the no, else the rarer. */
function yesOf(counts: readonly ValueCount[]): ValueCount {
  const [common, rare] = counts;
  if (common === undefined || rare === undefined) throw new RangeError('two values are asked for');
  const yes = counts.filter(([value]) => YES.test(value));
  const others = counts.filter(([value]) => !NO.test(value));
  if (yes.length === 1 && yes[0] !== undefined) return yes[0];
  return others.length === 1 && others[0] !== undefined ? others[0] : rare;
}

/** The name of an answer that was made from a value. */
const answerName = (column: string, value: string): string =>
  (/^[A-Za-z0-9_]+$/.test(column)
    ? `${column}_is_${value.replaceAll(/[^A-Za-z0-9]+/g, '_').replaceAll(/^_+|_+$/g, '') || 'yes'}`
    : `${column} is ${value}`
  ).slice(0, 255);

type Found = Omit<DraftLabel, 'missing'>;

function binary({ name, type }: SeenColumn, counts: readonly ValueCount[], rows: number): Found {
  if (counts.length !== 2)
    throw new DraftError(
      'label_not_binary',
      `${name} has ${counted(counts.length)} different values; a yes or no has two`,
      'leave --problem out, or name a column with two values',
    );
  const rarest = Math.min(...counts.map(([, n]) => n)) / rows;
  const isPlain =
    type === 'boolean' || (type !== 'string' && counts.every(([v]) => Number(v) === 0 || Number(v) === 1));
  const [value, n] = isPlain ? (counts.find(([v]) => v === 'true' || Number(v) === 1) ?? ['1', 0]) : yesOf(counts);
  const share = percent(n / rows);
  if (isPlain) return { problem: 'binary', name, sql: null, why: `two values; ${share} are yes`, rarest, classes: 2 };
  const sql = `${columnSql(name)} = ${type === 'string' ? literal(value) : value}`;
  if (!isSayable(sql))
    throw new DraftError('label_unsayable', `an expression cannot name ${name} or its value`, 'rename the column');
  return {
    problem: 'binary',
    name: answerName(name, value),
    sql,
    why: `two values; ${share} are ${value}`,
    rarest,
    classes: 2,
  };
}

/** Words that mean nothing but yes, or no. */
const PLAIN_YES = /^(y|yes|ja|j|oui|s[ií]|true|t|1)$/;
const PLAIN_NO = /^(n|no|nein|non|false|f|0)$/;

/** A value without what people do not mean: capitals, and spaces around it. */
const folded = (value: string): string => value.replaceAll(/^\p{Zs}+|\p{Zs}+$/gu, '').toLowerCase();

/**
 * A label whose values are spelled in more than one way: `yes`, `Yes ` and `Y` are one answer. Undefined where each value
 * has one spelling.
 */
function spelled(column: SeenColumn, counts: readonly ValueCount[], asked: ProblemType | undefined): Found | undefined {
  if (column.type !== 'string' || asked === 'regression') return undefined;
  const rows = new Map<string, number>();
  for (const [value, n] of counts) rows.set(folded(value), (rows.get(folded(value)) ?? 0) + n);
  const values = [...rows.keys()];
  const yes = values.filter((value) => PLAIN_YES.test(value)).sort();
  const isYesOrNo =
    yes.length > 0 && yes.length < values.length && values.every((v) => yes.includes(v) || PLAIN_NO.test(v));
  const answers = isYesOrNo ? 2 : values.length;
  if (answers === counts.length || answers < 2) return undefined;
  const spelling = `lower(trim(${columnSql(column.name)}))`;
  const why = `${counted(counts.length)} spellings of ${howMany(answers, 'value')}`;
  const total = [...rows.values()].reduce((sum, n) => sum + n, 0);
  const share = (of: readonly string[]): number => of.reduce((sum, value) => sum + (rows.get(value) ?? 0), 0) / total;
  if (answers === 2 && asked !== 'multiclass') {
    const [one] = isYesOrNo ? yes : yesOf([...rows].toSorted(([, a], [, b]) => b - a));
    const meant = isYesOrNo ? yes : [String(one)];
    const test = meant.length === 1 ? `= ${literal(meant[0] ?? '')}` : `IN (${meant.map(literal).join(', ')})`;
    const found: Found = {
      problem: 'binary',
      name: answerName(column.name, isYesOrNo ? 'yes' : String(one)),
      sql: `${spelling} ${test}`,
      why: `${why}; ${percent(share(meant))} are ${meant.join(', ')}`,
      rarest: Math.min(share(meant), 1 - share(meant)),
      classes: 2,
    };
    return isSayable(found.sql ?? '') ? found : undefined;
  }
  if (asked === 'binary') return undefined;
  const made = multiclass(column, [...rows], total);
  return { ...made, name: `${column.name} folded`, sql: spelling, why };
}

function multiclass({ name, type }: SeenColumn, counts: readonly ValueCount[], rows: number): Found {
  const classes = counts.length;
  if (type === 'number' || type === 'date' || type === 'timestamp')
    throw new DraftError('label_not_a_class', `${name} holds ${type}s, not classes`, 'name another column');
  if (classes > MAX_CLASSES || rows / classes < LEAST_ROWS_OF_A_CLASS)
    throw new DraftError(
      'label_not_a_class',
      `${name} has ${classes > MAX_CLASSES ? `more than ${MAX_CLASSES}` : counted(classes)} different values in ${howMany(rows, 'row')}: that is a name or a text, not a class that could be learned`,
      'name a column with fewer values, or a number',
    );
  const rarest = Math.min(...counts.map(([, n]) => n)) / rows;
  return { problem: 'multiclass', name, sql: null, why: `${counted(classes)} classes`, rarest, classes };
}

function regression({ name, type }: SeenColumn): Found {
  if (type !== 'integer' && type !== 'number')
    throw new DraftError('label_not_a_number', `${name} is a ${type}, not a number`, 'name a column of numbers');
  return { problem: 'regression', name, sql: null, why: 'an amount', rarest: null, classes: null };
}

/** Classes are texts, truth values, and few whole numbers that many rows share. */
function problemOf({ name, type, distinct }: SeenColumn, counts: readonly ValueCount[], rows: number): ProblemType {
  if (type === 'date' || type === 'timestamp')
    throw new DraftError(
      'label_is_a_time',
      `${name} is a time, and a model answers with a class or a number`,
      'name another column',
    );
  if (counts.length === 2) return 'binary';
  if (type === 'string' || type === 'boolean') return 'multiclass';
  const few = distinct !== null && distinct <= MAX_NUMBERED_CLASSES && rows / distinct >= 5 * LEAST_ROWS_OF_A_CLASS;
  return type === 'integer' && few ? 'multiclass' : 'regression';
}

/**
 * Finds what a column asks for as a label.
 *
 * @param counts rows by value, the most frequent first; of very many values only the first
 * @throws DraftError where it asks for nothing that can be learned
 */
export function labelOf(column: SeenColumn, counts: readonly ValueCount[], asked: ProblemType | undefined): DraftLabel {
  const rows =
    counts.length === 0
      ? 0
      : Math.max(
          1,
          counts.reduce((sum, [, n]) => sum + n, 0),
        );
  if (counts.length < 2) {
    const only = counts.length === 0 ? 'is empty' : 'has one value in every row';
    throw new DraftError(
      'nothing_to_learn',
      `${column.name} ${only}: there is nothing to tell apart`,
      'name another column',
    );
  }
  if (column.unread !== null)
    throw new DraftError('label_unread', `${column.name}: ${column.unread}`, 'mend the cells');
  const found = spelled(column, counts, asked);
  if (found !== undefined) return { ...found, missing: column.nulls };
  const make = { binary, multiclass, regression }[asked ?? problemOf(column, counts, rows)];
  return { ...make(column, counts, rows), missing: column.nulls };
}

/** Rules about the single values of a column: each becomes two conditions, of the rows evaluated and of those that fail. */
import type { ColumnType } from '../../features/columns.ts';
import type { BlockColumn } from '../block.ts';
import { unparsed, value } from '../cell-types.ts';
import { DATABASE_TYPES, literal } from '../sql.ts';
import { type Judgement, judgeShare, type Rule, type RuleOf } from './check.ts';
import type { Measure, Measured } from './counts.ts';

/** The rules that are judged by a share of values. */
export type ValueRule = RuleOf<
  | 'column_type'
  | 'completeness'
  | 'values_in_set'
  | 'values_between'
  | 'values_not_negative'
  | 'value_length_between'
  | 'matches_regex'
  | 'timestamp_parseable'
>;

const VALUE_RULES: ReadonlySet<string> = new Set<ValueRule['rule']>([
  'column_type',
  'completeness',
  'values_in_set',
  'values_between',
  'values_not_negative',
  'value_length_between',
  'matches_regex',
  'timestamp_parseable',
]);

export const isValueRule = (rule: Rule): rule is ValueRule => VALUE_RULES.has(rule.rule);

/** A longer value never matches a pattern: what a pattern costs is bounded. Characters. */
export const MAX_MATCHED_LENGTH = 4096;

/** Conditions in SQL. */
interface Conditions {
  readonly evaluated: string;
  readonly failed: string;
}

const NUMERIC: ReadonlySet<ColumnType> = new Set(['integer', 'number']);
const TIMES: ReadonlySet<ColumnType> = new Set(['date', 'timestamp']);

/** Why a rule cannot be evaluated on a column of this type; undefined where it can. */
export function misfit(rule: ValueRule, type: ColumnType): string | undefined {
  const told = `${rule.column} is ${type === 'integer' ? 'an' : 'a'} ${type} here`;
  switch (rule.rule) {
    case 'values_not_negative':
      return NUMERIC.has(type) ? undefined : `${told}, and only numbers can be negative`;
    case 'value_length_between':
    case 'matches_regex':
      return type === 'string'
        ? undefined
        : `${told}, and ${rule.rule} is about text; say { rule: column_type, column: ${rule.column}, type: string } to have it read as text`;
    case 'timestamp_parseable':
      return TIMES.has(type) || type === 'string' ? undefined : `${told}, not a time`;
    case 'values_between':
      return [rule.min, rule.max].every((limit) => limit === undefined || limitSql(limit, type) !== undefined)
        ? undefined
        : `${told}, and ${[rule.min, rule.max].filter((limit) => limit !== undefined).join(' and ')} cannot be compared with it`;
    case 'values_in_set':
      return rule.values.some((each) => memberSql(each, type) !== undefined)
        ? undefined
        : `${told}, and none of the values is`;
    default:
      return undefined;
  }
}

/** What a value rule counts. */
export function valueMeasure(rule: ValueRule, column: BlockColumn): Measure {
  const { evaluated, failed } = conditions(rule, column);
  return { counts: { evaluated, failed }, sampled: 'failed' };
}

/** Judges a value rule by what was counted. */
export function judgeValues(rule: ValueRule, { counts, samples }: Measured): Judgement {
  const evaluated = counts.evaluated ?? 0;
  const failed = counts.failed ?? 0;
  const least =
    rule.rule === 'completeness' ? rule.min : rule.rule === 'values_in_set' ? 1 - rule.max_unseen_share : rule.mostly;
  const judgement = judgeShare(evaluated, failed, least, FAULTS[rule.rule], samples);
  if (rule.rule !== 'values_in_set' || evaluated === 0) return judgement;
  // Of unseen values the share itself is limited: 1 - 0.01 is not what was written.
  const unseen = failed / evaluated;
  const isFew = unseen <= rule.max_unseen_share;
  const message = `${judgement.message.split(';')[0]}${isFew ? '' : `; at most ${rule.max_unseen_share} of them may`}`;
  return {
    ...judgement,
    result: isFew ? 'pass' : 'broken',
    value: unseen,
    threshold: `<= ${rule.max_unseen_share}`,
    message,
  };
}

const FAULTS: Record<ValueRule['rule'], string> = {
  column_type: 'are not of the type',
  completeness: 'are missing',
  values_in_set: 'are not in the set',
  values_between: 'lie outside the limits',
  values_not_negative: 'are negative',
  value_length_between: 'are too short or too long',
  matches_regex: 'do not match',
  timestamp_parseable: 'are not a timestamp',
};

function conditions(rule: ValueRule, column: BlockColumn): Conditions {
  const { cell, type } = column;
  const present = `${cell} IS NOT NULL`;
  // A condition on a missing value is neither true nor false, and is not counted.
  const among = (failed: string): Conditions => ({ evaluated: present, failed });
  switch (rule.rule) {
    case 'completeness':
      return {
        evaluated: 'true',
        failed: `${cell} IS NULL${column.unparsed === null ? '' : ` AND NOT ${column.unparsed}`}`,
      };
    case 'column_type':
      return typed(column, rule.type);
    case 'timestamp_parseable':
      return typed(column, type === 'date' ? 'date' : 'timestamp');
    case 'values_in_set':
      return among(
        `${cell} NOT IN (${[...new Set(rule.values.flatMap((each) => memberSql(each, type) ?? []))].join(', ')})`,
      );
    case 'values_between': {
      const low = rule.min === undefined ? [] : [`${cell} ${rule.strict_min ? '<=' : '<'} ${limitSql(rule.min, type)}`];
      const high =
        rule.max === undefined ? [] : [`${cell} ${rule.strict_max ? '>=' : '>'} ${limitSql(rule.max, type)}`];
      return among(`(${[...low, ...high].join(' OR ')})`);
    }
    case 'values_not_negative':
      return among(`${cell} < 0`);
    case 'value_length_between': {
      const low = rule.min === undefined ? [] : [`length(${cell}) < ${rule.min}`];
      const high = rule.max === undefined ? [] : [`length(${cell}) > ${rule.max}`];
      return among(`(${[...low, ...high].join(' OR ')})`);
    }
    case 'matches_regex':
      return among(
        `NOT (length(${cell}) <= ${MAX_MATCHED_LENGTH} AND regexp_full_match(${cell}, ${literal(rule.regex)}))`,
      );
  }
}

/** Which values are of a type, given the type the column was read with. */
function typed({ cell, type, unparsed: marked }: BlockColumn, wanted: ColumnType): Conditions {
  const present = `${cell} IS NOT NULL`;
  const evaluated = marked === null ? present : `(${present} OR ${marked})`;
  if (type === 'string' && wanted !== 'string') {
    // A word for "missing" in a column that is not text is no value of it.
    const bad = unparsed(cell, wanted, false);
    return { evaluated: `(${value(cell, wanted, false)} IS NOT NULL OR ${bad})`, failed: `(${bad})` };
  }
  const failed = narrower(cell, type, wanted);
  return {
    evaluated,
    failed: [`${present} AND ${failed}`, ...(marked === null ? [] : [marked])].map((each) => `(${each})`).join(' OR '),
  };
}

/** The condition under which a value that was read as `type` is no `wanted`. */
function narrower(cell: string, type: ColumnType, wanted: ColumnType): string {
  if (type === wanted || (type === 'integer' && wanted === 'number') || (type === 'date' && wanted === 'timestamp'))
    return 'false';
  if (type === 'number' && wanted === 'integer') return `trunc(${cell}) <> ${cell}`;
  if (type === 'timestamp' && wanted === 'date') return `${cell} <> date_trunc('day', ${cell})`;
  if (NUMERIC.has(type) && wanted === 'boolean') return `${cell} NOT IN (0, 1)`;
  return 'true';
}

const ISO_TIME = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?Z?)?$/;

/** A time of a definition as SQL; undefined where the text is none. UTC. */
function timeSql(text: string): string | undefined {
  if (!ISO_TIME.test(text)) return undefined;
  const instant = new Date(text.length === 10 ? `${text}T00:00:00Z` : `${text.replace(' ', 'T').replace(/Z$/, '')}Z`);
  // 2001-02-30 would silently be the 2nd of March.
  if (Number.isNaN(instant.getTime()) || !instant.toISOString().startsWith(text.slice(0, 10))) return undefined;
  return `TIMESTAMP ${literal(text.replace('T', ' ').replace(/Z$/, ''))}`;
}

/** Whole numbers are compared as such, which takes a quarter of the time. */
const numberSql = (number: number, type: ColumnType): string =>
  type === 'integer' && Number.isSafeInteger(number) ? String(number) : `${number}::DOUBLE`;

/** A limit as SQL that can be compared with a column of this type; undefined where it cannot. */
function limitSql(limit: number | string, type: ColumnType): string | undefined {
  if (NUMERIC.has(type)) return typeof limit === 'number' ? numberSql(limit, type) : undefined;
  if (TIMES.has(type)) return typeof limit === 'string' ? timeSql(limit) : undefined;
  return type === 'string' && typeof limit === 'string' ? literal(limit) : undefined;
}

/** A member of a set as SQL of the column's type; undefined where no value of that type is meant. */
function memberSql(member: string | number | boolean, type: ColumnType): string | undefined {
  if (type === 'string') return literal(String(member));
  if (NUMERIC.has(type)) {
    const number = typeof member === 'string' && member.trim() !== '' ? Number(member) : member;
    return typeof number === 'number' && Number.isFinite(number) ? numberSql(number, type) : undefined;
  }
  if (type === 'boolean') {
    if (typeof member === 'boolean') return String(member);
    return { true: 'true', false: 'false', 1: 'true', 0: 'false' }[String(member).toLowerCase()];
  }
  const time = typeof member === 'string' ? timeSql(member) : undefined;
  return time === undefined ? undefined : `${time}::${DATABASE_TYPES[type]}`;
}

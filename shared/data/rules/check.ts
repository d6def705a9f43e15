/** A rule made ready for data with certain columns: what it counts, and how it is judged once all is counted. */

import type { PublishedDefinition } from '../../definition/published.ts';
import { howMany } from '../../report/how-many.ts';
import type { BlockColumn } from '../block.ts';
import type { Measure, Measured, RuleCounts } from './counts.ts';
import type { KeyCounts } from './key-counts.ts';
import type { LabelEvidence } from './label-checks.ts';
import { MAX_SAMPLES, type RulePlace, type RuleResult } from './result.ts';

/** One rule of a published definition. */
export type Rule = PublishedDefinition['definition']['data']['rules'][number];

/** A rule of this name. */
export type RuleOf<Name extends Rule['rule']> = Extract<Rule, { readonly rule: Name }>;

/** How many rows an accepted dataset had, and when it was judged. */
export interface PastRows {
  readonly dataset?: string;
  readonly rows: number;
  readonly judgedAt: string;
}

/** Counted keys, with the first rows that break them where they stand in what was delivered. */
export type LocatedKeys = Omit<KeyCounts, 'samples'> & { readonly samples: readonly RulePlace[] };

/** What a profile says of a column of numbers. */
export interface ColumnFigures {
  readonly mean: number | null;
  readonly stdev: number | null;
  /** Thousandths of the rows, and the value with so many at or below it, within 1/512 of itself. */
  readonly quantiles?: readonly (readonly [number, number])[];
}

/** What is known once the data has been read. */
export interface Evidence {
  readonly counts: RuleCounts;
  /** How often combined values occur, by {@link keyName}. */
  readonly keys: ReadonlyMap<string, LocatedKeys>;
  readonly figures: ReadonlyMap<string, ColumnFigures>;
  /** The accepted datasets, oldest first. */
  readonly history: readonly PastRows[];
  /** Null where the label could not be read. */
  readonly label: LabelEvidence | null;
  /** The waking envelope's time. */
  readonly now: Date;
}

/** What judging came to. `broken` becomes the rule's severity. */
export interface Judgement {
  readonly result: 'pass' | 'warn' | 'broken' | 'error';
  readonly message: string;
  readonly value?: number | null;
  readonly threshold?: string | null;
  readonly evaluated?: number;
  readonly failed?: number;
  readonly samples?: readonly RulePlace[];
}

/** One rule, ready. */
export interface Check {
  /** Of its counts; the same rule at the same place has the same. */
  readonly id: string;
  readonly rule: string;
  readonly index: number | null;
  readonly column?: string | undefined;
  readonly severity: 'warn' | 'fail';
  /** What it counts in a block, given where SQL finds a column. */
  readonly measure?: ((columnOf: (name: string) => BlockColumn) => Measure) | undefined;
  /** Columns whose combined values are counted over the whole dataset. */
  readonly key?: KeyColumns | undefined;
  /** It is not made of more rows than these. */
  readonly upToRows?: number | undefined;
  readonly judge: (evidence: Evidence, measured: Measured) => Judgement;
}

/** Columns whose combined values are counted, and what a row is that lacks one of them: a value, left out, or a fault. */
export interface KeyColumns {
  readonly columns: readonly string[];
  readonly nulls: 'value' | 'left_out' | 'fault';
}

/** The name of combined values in {@link Evidence.keys}. */
export const keyName = ({ columns, nulls }: KeyColumns): string => JSON.stringify([nulls, ...columns]);

const NOTHING: Measured = { counts: {}, samples: [], greatest: null };

/** Judges one rule. Without a row no rule can be evaluated: a share of nothing is neither 0 nor 1. */
export function judged(check: Check, evidence: Evidence): RuleResult {
  const judgement: Judgement =
    evidence.counts.rows === 0 && check.rule !== 'column_exists'
      ? { result: 'error', message: 'there is no row to evaluate it on' }
      : evidence.counts.rows > (check.upToRows ?? Number.POSITIVE_INFINITY)
        ? {
            result: 'pass',
            message: `not looked for in more than ${thousands(check.upToRows ?? 0)} rows without a rule that asks for it`,
          }
        : check.judge(evidence, evidence.counts.measured[check.id] ?? NOTHING);
  return {
    rule: check.rule,
    index: check.index,
    ...(check.column === undefined ? {} : { column: check.column }),
    severity: check.severity,
    result: judgement.result === 'broken' ? check.severity : judgement.result,
    value: judgement.value ?? null,
    threshold: judgement.threshold ?? null,
    evaluated: judgement.evaluated ?? 0,
    ...(judgement.failed === undefined ? {} : { failed: judgement.failed }),
    samples: [...(judgement.samples ?? [])].slice(0, MAX_SAMPLES),
    message: judgement.message,
  };
}

const thousands = (count: number): string => count.toLocaleString('en-US');
/** A figure as messages show it. */
export const figure = (value: number): string =>
  Number.isInteger(value) ? thousands(value) : String(Number(value.toPrecision(6)));

/** What is asked of a metric: `>= 0.99`, `<= 5`, `1 .. 3`; null where nothing is. */
export function span(min: number | string | undefined, max: number | string | undefined): string | null {
  if (min !== undefined && max !== undefined) return `${min} .. ${max}`;
  if (min !== undefined) return `>= ${min}`;
  return max === undefined ? null : `<= ${max}`;
}

/** Judges a number against limits that are included. */
export function judgeSpan(
  what: string,
  value: number,
  { min, max }: { readonly min?: number | undefined; readonly max?: number | undefined },
  rest: Omit<Judgement, 'result' | 'message' | 'value' | 'threshold'> = {},
): Judgement {
  const threshold = span(min, max);
  const isWithin = (min === undefined || value >= min) && (max === undefined || value <= max);
  const message = `${what} is ${figure(value)}${isWithin ? '' : `, and should be ${threshold}`}`;
  return { ...rest, result: isWithin ? 'pass' : 'broken', value, threshold, message };
}

/**
 * Judges the share of values that pass. Values that are missing are not evaluated (completeness is a rule of its own), so
 * a column without values passes. Shares are compared as the quotients of counts: 7 of 100 is the 0.07 of a definition.
 */
export function judgeShare(
  evaluated: number,
  failed: number,
  mostly: number,
  fault: string,
  samples: readonly RulePlace[],
): Judgement {
  const threshold = `>= ${mostly}`;
  if (evaluated === 0)
    return { result: 'pass', threshold, evaluated, failed, samples: [], message: 'there is no value to check' };
  const share = (evaluated - failed) / evaluated;
  const isEnough = share >= mostly;
  const found =
    failed === 0
      ? `${evaluated === 1 ? 'the 1 value passes' : `all ${thousands(evaluated)} values pass`}`
      : `${thousands(failed)} of ${howMany(evaluated, 'value')} ${fault}`;
  return {
    result: isEnough ? 'pass' : 'broken',
    value: share,
    threshold,
    evaluated,
    failed,
    samples: failed === 0 ? [] : samples,
    message: isEnough ? found : `${found}; ${mostly === 1 ? 'all' : `at least ${mostly} of them`} must pass`,
  };
}

/**
 * Suggests rules from the profile of one good dataset. A suggestion is a proposal: each has its evidence, and none is in
 * force until somebody writes it into the definition.
 */
import type { ColumnProfile, Profile } from '../profile/published.ts';
import type { Rule } from './check.ts';
import { figure } from './check.ts';

/** A rule, as it would stand in `data.rules`, and what in the data speaks for it. */
export interface SuggestedRule {
  readonly rule: SuggestedTerms;
  readonly evidence: string;
}

/** The settings of a suggested rule; what is left out has its default. */
export type SuggestedTerms = { readonly rule: Rule['rule']; readonly severity?: 'warn' } & Readonly<
  Record<string, string | number | boolean | readonly string[]>
>;

/** What the profile does not say. */
export interface SuggestOptions {
  /** Columns that identify a row: of these alone uniqueness is suggested. */
  readonly key?: readonly string[];
  /** Columns whose values stand nowhere, so that no set of them is suggested. */
  readonly protected?: readonly string[];
}

/** 95 %, two-sided. */
const Z = 1.959964;
const MAX_SET = 50;
const MAX_SET_SHARE = 0.05;
const MIN_UNSEEN_SHARE = 0.01;
const MIN_KEY_ROWS = 100;
/** So many rows without a missing value speak for there being none; below it, the rule of three bounds their share. */
const SURE_ROWS = 1000;

/** The limits of Wilson's interval of a share, 95 % (Wilson 1927). */
function wilson(successes: number, n: number): { low: number; high: number } {
  const p = successes / n;
  const middle = p + (Z * Z) / (2 * n);
  const reach = Z * Math.sqrt((p * (1 - p)) / n + (Z * Z) / (4 * n * n));
  const scale = 1 + (Z * Z) / n;
  return { low: (middle - reach) / scale, high: (middle + reach) / scale };
}

/** So many digits are enough of a limit; rounded to the lenient side. */
const DIGITS = 1000;
const down = (share: number): number => Math.max(0, Math.floor(share * DIGITS) / DIGITS);
const up = (share: number): number => Math.min(1, Math.ceil(share * DIGITS) / DIGITS);

/** Suggests rules, column by column. Rules on numbers of rows are not: they need a history. */
export function suggestRules(profile: Profile, options: SuggestOptions = {}): SuggestedRule[] {
  if (profile.rows === 0) return [];
  return profile.columns.flatMap((column) => [
    ...completeness(profile.rows, column),
    ...types(profile.rows, column),
    ...numbers(column),
    ...set(profile.rows, column, options.protected ?? []),
    ...unique(profile.rows, column, options.key ?? []),
  ]);
}

function completeness(rows: number, { name, nulls }: ColumnProfile): SuggestedRule[] {
  const present = rows - nulls;
  if (present === 0) return [];
  if (nulls === 0) {
    const min = rows >= SURE_ROWS ? 1 : down(1 - 3 / rows);
    if (min <= 0) return [];
    return [
      {
        rule: { rule: 'completeness', column: name, ...(min === 1 ? {} : { min }) },
        evidence: `none of ${figure(rows)} rows lacks it${min === 1 ? '' : ', and in as few, up to 3 might by chance'}`,
      },
    ];
  }
  const min = down(wilson(present, rows).low);
  if (min <= 0) return [];
  return [
    {
      rule: { rule: 'completeness', column: name, min },
      evidence: `${figure(present)} of ${figure(rows)} rows have it; the limit is the lower end of its 95 % interval`,
    },
  ];
}

function types(rows: number, { name, type, nulls }: ColumnProfile): SuggestedRule[] {
  // Text holds anything.
  if (type === 'string' || nulls === rows) return [];
  return [
    {
      rule: { rule: 'column_type', column: name, type },
      evidence: `all ${figure(rows - nulls)} values are of the type`,
    },
  ];
}

function numbers({ name, type, min, max, quantiles }: ColumnProfile): SuggestedRule[] {
  if ((type !== 'integer' && type !== 'number') || typeof min !== 'number' || typeof max !== 'number') return [];
  const at = (thousandth: number): number | undefined => quantiles?.find(([each]) => each === thousandth)?.[1];
  const [low, high] = [at(250), at(750)];
  const spread = Math.max(low === undefined || high === undefined ? 0 : high - low, 0.1 * (max - min));
  const suggestions: SuggestedRule[] = [];
  if (min >= 0)
    suggestions.push({
      rule: { rule: 'values_not_negative', column: name },
      evidence: `the least value is ${figure(min)}`,
    });
  if (spread > 0) {
    const limits = [min - 0.5 * spread, max + 0.5 * spread];
    const [from = min, to = max] =
      type === 'integer'
        ? [Math.floor(limits[0] ?? min), Math.ceil(limits[1] ?? max)]
        : limits.map((limit) => Number(limit.toPrecision(6)));
    suggestions.push({
      rule: {
        rule: 'values_between',
        column: name,
        min: Math.min(from, min),
        max: Math.max(to, max),
        severity: 'warn',
      },
      evidence: `values lie from ${figure(min)} to ${figure(max)}; half the spread of the middle half is left on either side`,
    });
  }
  return suggestions;
}

function set(
  rows: number,
  { name, type, nulls, distinct, top }: ColumnProfile,
  guarded: readonly string[],
): SuggestedRule[] {
  const present = rows - nulls;
  // Values that few rows show are not in a profile, so that such a set would not be whole.
  if (type !== 'string' || guarded.includes(name) || distinct === null || distinct === 0 || distinct !== top.length)
    return [];
  if (distinct > MAX_SET || distinct / present > MAX_SET_SHARE) return [];
  // Good and Turing: the share of values never seen is about that of the values seen once, and here none is.
  const unseen = Math.max(MIN_UNSEEN_SHARE, up(wilson(0, present).high));
  return [
    {
      rule: {
        rule: 'values_in_set',
        column: name,
        values: top.map(([value]) => value).sort(),
        max_unseen_share: unseen,
      },
      evidence: `${figure(present)} rows have ${distinct} different values, none of them once`,
    },
  ];
}

function unique(
  rows: number,
  { name, nulls, distinct, distinctEstimate }: ColumnProfile,
  key: readonly string[],
): SuggestedRule[] {
  if (nulls > 0 || rows < MIN_KEY_ROWS || !key.includes(name) || key.length !== 1) return [];
  // Above the cap only an estimate is known; a key that the user names is worth holding to.
  const isUnique = distinct === null ? (distinctEstimate ?? 0) >= 0.9 * rows : distinct === rows;
  if (!isUnique) return [];
  return [
    {
      rule: { rule: 'uniqueness', column: name },
      evidence: `${distinct === null ? 'about ' : ''}${figure(distinct ?? rows)} different values in ${figure(rows)} rows, and it is the key`,
    },
  ];
}

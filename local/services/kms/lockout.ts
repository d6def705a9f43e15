/**
 * Whether who makes a key could change its policy later: one that nobody can change is refused.
 * https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html, CreateKey (documented)
 */
import type { Json, JsonObject } from '../../contracts.ts';

const CHANGE = 'kms:PutKeyPolicy';

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const listOf = (value: Json | undefined): readonly string[] =>
  value === undefined ? [] : (Array.isArray(value) ? value : [value]).map(String);

/** `*` and `?` in an action; capitals do not count. */
const matches = (pattern: string, action: string): boolean =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    'i',
  ).test(action);

const lets = (statement: Json, account: string): boolean => {
  if (!isObject(statement) || statement.Effect !== 'Allow') return false;
  const { Principal: principal, Action: action, NotAction: except } = statement;
  const who = isObject(principal) ? listOf(principal.AWS) : listOf(principal);
  // *Assumed*: what a condition asks for does not hold when the key is made.
  if (statement.Condition !== undefined) return false;
  if (!who.some((name) => name === '*' || name === account || name === `arn:aws:iam::${account}:root`)) return false;
  if (except !== undefined) return !listOf(except).some((pattern) => matches(pattern, CHANGE));
  return listOf(action).some((pattern) => matches(pattern, CHANGE));
};

/** @returns Whether a key's policy lets the account, which makes it here, change it. */
export const canBeChanged = (policy: JsonObject, account: string): boolean => {
  const { Statement: statements } = policy;
  return (Array.isArray(statements) ? statements : [statements ?? null]).some((statement) => lets(statement, account));
};

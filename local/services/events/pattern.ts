import type { Json, JsonObject } from '../../contracts.ts';
import { type EventField, fieldsOf, NO_MEMBERSHIP, together } from './event-fields.ts';
import { compileMatch, invalidPattern, isMatchType, type Match } from './match-types.ts';

/** What a path must satisfy: one of these. */
interface Condition {
  readonly path: string;
  readonly matches: readonly Match[];
}

/** Conditions that must hold together. */
type Conjunction = readonly Condition[];

/**
 * A rule has at most 1,000 combinations of `$or` branches: EventBridge user guide, eb-create-pattern-operators
 * (documented).
 */
const MOST_COMBINATIONS = 1000;

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * `$or` is the operator if it is a list of two or more objects whose members are fields; else it is a field like any
 * other (as in aws/event-ruler).
 */
const branchesOf = (value: Json): JsonObject[] | undefined => {
  if (!Array.isArray(value) || value.length < 2) return undefined;
  const objects = value.filter(isObject);
  if (objects.length !== value.length) return undefined;
  return objects.some((branch) => Object.keys(branch).some(isMatchType)) ? undefined : objects;
};

/** Each way of `one` with each way of `other`. */
const product = (one: readonly Conjunction[], other: readonly Conjunction[]): Conjunction[] => {
  if (one.length * other.length > MOST_COMBINATIONS)
    throw invalidPattern(`Rule contains more than ${MOST_COMBINATIONS} combinations of $or`);
  return one.flatMap((left) => other.map((right) => [...left, ...right]));
};

const alternativesOf = (pattern: JsonObject, path: string): readonly Conjunction[] => {
  if (Object.keys(pattern).length === 0) throw invalidPattern('Empty objects are not allowed');
  let alternatives: readonly Conjunction[] = [[]];
  for (const [name, value] of Object.entries(pattern)) {
    const branches = name === '$or' ? branchesOf(value) : undefined;
    alternatives = product(
      alternatives,
      branches
        ? branches.flatMap((branch) => alternativesOf(branch, path))
        : fieldAlternatives(value, path === '' ? name : `${path}.${name}`),
    );
  }
  return alternatives;
};

const fieldAlternatives = (value: Json, path: string): readonly Conjunction[] => {
  if (isObject(value)) return alternativesOf(value, path);
  if (!Array.isArray(value)) throw invalidPattern(`"${path}" must be an object or an array`);
  if (value.length === 0) throw invalidPattern('Empty arrays are not allowed');
  return [[{ path, matches: value.map(compileMatch) }]];
};

/**
 * Whether every condition finds a leaf, all of them in the same elements of the arrays they share. `anything-but`
 * needs a leaf like any other match, and one element outside the excluded ones is enough.
 */
const holds = (
  conditions: Conjunction,
  fields: ReadonlyMap<string, readonly EventField[]>,
  membership: ReadonlyMap<number, number>,
  from = 0,
): boolean => {
  const condition = conditions[from];
  if (!condition) return true;
  const leaves = fields.get(condition.path);
  if (!leaves) return condition.matches.includes('absent') && holds(conditions, fields, membership, from + 1);
  return leaves.some((field) => {
    if (!condition.matches.some((match) => match !== 'absent' && match(field.value))) return false;
    const joined = together(membership, field.membership);
    return joined !== undefined && holds(conditions, fields, joined, from + 1);
  });
};

/** Conditions on the event's own members: their paths have one part. */
const ownOf = (conditions: Conjunction): Conjunction => conditions.filter(({ path }) => !path.includes('.'));

/**
 * Whether the event's own members rule a condition out before its leaves are collected: a member's text is the one leaf
 * at its path, unless an empty name makes another path read alike.
 */
const rulesOut = (own: Conjunction, event: JsonObject): boolean =>
  !Object.hasOwn(event, '') &&
  own.some(({ path, matches }) => {
    const value = Object.hasOwn(event, path) ? event[path] : undefined;
    if (typeof value !== 'string') return false;
    // Most rules of a bus are ruled out by the one word they ask for: a closure for each would cost more than the asking.
    for (const match of matches) if (match !== 'absent' && match(value)) return false;
    return true;
  });

const parse = (text: string): Json => {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw invalidPattern(cause instanceof Error ? cause.message : 'not JSON');
  }
};

/**
 * Compiles an event pattern. Pure: the result depends on nothing but its arguments.
 *
 * Sources: EventBridge user guide (eb-event-patterns, eb-create-pattern-operators, documented); the finer
 * points are aws/event-ruler's, whose answers to 228 cases the tests hold. Numbers compare as IEEE doubles, so integers above
 * 2^53 that differ by less than a double can tell count as equal (event-ruler compares decimals).
 *
 * @param pattern The pattern, as JSON text or as the object it means.
 * @returns Whether an event matches.
 * @throws ServiceError InvalidEventPatternException, naming what is wrong; nothing unknown is let through.
 */
export const compilePattern = (pattern: string | JsonObject): ((event: Json) => boolean) => {
  const parsed = typeof pattern === 'string' ? parse(pattern) : pattern;
  if (!isObject(parsed)) throw invalidPattern('Filter is not an object');
  const alternatives = alternativesOf(parsed, '').map((conditions) => ({ conditions, own: ownOf(conditions) }));
  return (event) => {
    const asked = isObject(event) ? event : undefined;
    for (const { conditions, own } of alternatives) {
      if (asked && rulesOut(own, asked)) continue;
      if (holds(conditions, fieldsOf(event), NO_MEMBERSHIP)) return true;
    }
    return false;
  };
};

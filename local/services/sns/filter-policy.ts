/**
 * Filter policies of subscriptions. The language is that of event patterns, with fewer operators; sources: SNS developer
 * guide, sns-subscription-filter-policies, subscription-filter-policy-constraints, string-value-matching,
 * numeric-value-matching, attribute-key-matching (documented).
 */
import { type Json, type JsonObject, ServiceError } from '../../contracts.ts';
import { compilePattern } from '../events/pattern.ts';
import type { Message } from './message.ts';

/** What a filter policy looks at. */
export type FilterPolicyScope = 'MessageAttributes' | 'MessageBody';

/** Whether a subscriber gets a message. */
export type MessageFilter = (message: Pick<Message, 'message' | 'attributes'>) => boolean;

/** A filter policy has at most five keys, of nested ones the outermost count: subscription-filter-policy-constraints (documented). */
const MOST_KEYS = 5;
/** A filter policy has at most 150 combinations of values: subscription-filter-policy-constraints (documented). */
const MOST_COMBINATIONS = 150;
/** A filter policy has at most 256 KB: subscription-filter-policy-constraints (documented). */
const MOST_BYTES = 262_144;
/** Numbers of a filter policy are between minus and plus one billion: subscription-filter-policy-constraints (documented). */
const LARGEST_NUMBER = 1e9;

const TEXT_OPERATORS = ['prefix', 'suffix', 'equals-ignore-case', 'cidr'];

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Why a policy is refused, before SNS's own words are put before it. */
class Refusal extends Error {
  override readonly name = 'Refusal';
}

const checkNumber = (value: Json) => {
  // *Assumed*: a number out of range is refused like other mistakes in a filter policy.
  if (typeof value === 'number' && Math.abs(value) > LARGEST_NUMBER)
    throw new Refusal(`The value ${value} is not between -${LARGEST_NUMBER} and ${LARGEST_NUMBER}`);
};

/** Refuses what event patterns have and filter policies have not. */
const checkMatch = (match: Json) => {
  checkNumber(match);
  if (!isObject(match)) return;
  const [operator = '', more] = Object.keys(match);
  const value = match[operator] ?? null;
  if (more !== undefined) throw new Refusal('Only one key allowed in match expression');
  // A filter policy has no wildcard operator: the list of sns-subscription-filter-policies (documented); the words for any
  // unknown operator (recorded).
  if (operator === 'wildcard') throw new Refusal(`Unrecognized match type ${operator}`);
  // The operand of prefix and suffix in a filter policy is text and nothing else (recorded).
  if (TEXT_OPERATORS.includes(operator) && typeof value !== 'string')
    throw new Refusal(`${operator} match pattern must be a string`);
  if (operator === 'numeric' && Array.isArray(value)) for (const bound of value) checkNumber(bound);
  if (operator === 'anything-but') {
    for (const each of Array.isArray(value) ? value : [value]) checkNumber(each);
    // Of the operators only prefix stands in anything-but, with one string: string-value-matching (documented).
    const unknown = isObject(value) ? Object.keys(value).find((name) => name !== 'prefix') : undefined;
    if (unknown !== undefined) throw new Refusal(`Unsupported anything-but pattern: ${unknown}`);
    if (isObject(value) && typeof value.prefix !== 'string') throw new Refusal('prefix match pattern must be a string');
  }
};

/**
 * The combinations of a policy: for each key the number of its values times its depth, multiplied; of `$or` the branches are
 * added. subscription-filter-policy-constraints (documented); the sum under `$or` agrees with policies that were refused
 * (recorded).
 */
const combinations = (policy: JsonObject, depth: number): number =>
  Object.entries(policy).reduce((product, [name, value]) => {
    if (isObject(value)) return product * combinations(value, depth + 1);
    if (!Array.isArray(value)) throw new Refusal(`"${name}" must be an object or an array`);
    if (value.length === 0) throw new Refusal('Empty arrays are not allowed');
    const branches = value.filter(isObject);
    if (name === '$or' && value.length > 1 && branches.length === value.length)
      return product * branches.reduce((sum, branch) => sum + combinations(branch, depth), 0);
    for (const match of value) checkMatch(match);
    return product * value.length * depth;
  }, 1);

const isNested = (policy: JsonObject): boolean =>
  Object.entries(policy).some(
    ([name, value]) =>
      isObject(value) ||
      (name === '$or' && Array.isArray(value) && value.length > 1 && value.filter(isObject).some(isNested)),
  );

const parse = (text: string): Json | undefined => {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
};

/**
 * The attributes a policy is compared with: String and Number by their values, String.Array by each of its elements, any
 * other type not at all: subscription-filter-policy-constraints (documented).
 */
const attributesAsEvent = (attributes: Message['attributes']): JsonObject => {
  const event: JsonObject = {};
  for (const [name, { Type, Value }] of Object.entries(attributes)) {
    if (Type === 'String') event[name] = Value;
    else if (Type === 'Number' && Number.isFinite(Number(Value))) event[name] = Number(Value);
    else if (Type === 'String.Array') {
      const elements = parse(Value);
      // *Assumed*: an array that is none matches no filter policy.
      if (Array.isArray(elements)) event[name] = elements;
    }
  }
  return event;
};

/**
 * Compiles a filter policy.
 * @param text The policy as JSON.
 * @param reason What SNS puts before its reasons: `Attributes Reason: ` in Subscribe, nothing in SetSubscriptionAttributes
 *   (recorded).
 * @throws ServiceError InvalidParameter, with what is wrong.
 */
export const compileFilterPolicy = (text: string, scope: FilterPolicyScope, reason: string): MessageFilter => {
  const refused = (why: string) =>
    new ServiceError('InvalidParameter', `Invalid parameter: ${reason}FilterPolicy: ${why}`);
  const policy = parse(text);
  // *Assumed*: these words, for what is no JSON object.
  if (!isObject(policy)) throw refused('failed to parse JSON.');
  if (Buffer.byteLength(text) > MOST_BYTES) throw refused(`Filter policy is larger than ${MOST_BYTES} bytes`);
  // A policy on attributes that is nested is refused in these words, whichever operation it came with (recorded).
  if (scope === 'MessageAttributes' && isNested(policy))
    throw new ServiceError(
      'InvalidParameter',
      'Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy',
    );
  if (Object.keys(policy).length > MOST_KEYS) throw refused(`Filter policy can not have more than ${MOST_KEYS} keys`);
  let matches: (event: Json) => boolean;
  try {
    if (combinations(policy, 1) > MOST_COMBINATIONS) throw new Refusal('Filter policy is too complex');
    matches = compilePattern(policy);
  } catch (error) {
    if (error instanceof Refusal) throw refused(error.message);
    if (error instanceof ServiceError) throw refused(error.message.replace(/^.*?Reason: /s, ''));
    throw error;
  }
  if (scope === 'MessageBody')
    // A policy on the body takes a body that is a JSON object, and no other: sns-message-filtering (documented).
    return ({ message }) => {
      const body = parse(message);
      return isObject(body) && matches(body);
    };
  return ({ attributes }) => {
    const event = attributesAsEvent(attributes);
    // A message without any attribute matches no policy, `exists: false` included: attribute-key-matching (documented).
    return Object.keys(event).length > 0 && matches(event);
  };
};

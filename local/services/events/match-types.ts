/**
 * The match types of event patterns. Sources: EventBridge user guide, "Comparison operators for use in event
 * patterns" (eb-create-pattern-operators, documented); where it is silent, aws/event-ruler, whose answers are in
 * tests/fixtures/pattern-cases.json.
 */
import { BlockList, isIP, isIPv6 } from 'node:net';

import { type Json, type JsonObject, ServiceError } from '../../contracts.ts';
import type { Leaf } from './event-fields.ts';

/** Tells whether a leaf matches. `'absent'` matches a path without any leaf. */
export type Match = ((leaf: Leaf) => boolean) | 'absent';

/** The refusal of a pattern. */
export const invalidPattern = (reason: string) =>
  new ServiceError('InvalidEventPatternException', `Event pattern is not valid. Reason: ${reason}`);

type OnText = (text: string) => boolean;

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const fold = (text: string) => text.toLowerCase();

const onText =
  (test: OnText): Match =>
  (leaf) =>
    typeof leaf === 'string' && test(leaf);

const textOf = (type: string, value: Json): string => {
  if (typeof value === 'string') return value;
  throw invalidPattern(`${type} match pattern must be a string`);
};

/** `{"equals-ignore-case": "x"}` inside prefix and suffix. */
const caseFree = (type: string, value: JsonObject): string => {
  const names = Object.keys(value);
  const [name] = names;
  if (names.length !== 1 || name !== 'equals-ignore-case')
    throw invalidPattern(`Unsupported ${type} pattern: ${names.join(', ')}`);
  return textOf(`equals-ignore-case in ${type}`, value[name] ?? null);
};

const prefixTest = (value: Json): OnText => {
  if (isObject(value)) {
    const wanted = fold(caseFree('prefix', value));
    return (text) => fold(text).startsWith(wanted);
  }
  const wanted = textOf('prefix', value);
  return (text) => text.startsWith(wanted);
};

const suffixTest = (value: Json): OnText => {
  if (isObject(value)) {
    const wanted = fold(caseFree('suffix', value));
    return (text) => fold(text).endsWith(wanted);
  }
  const wanted = textOf('suffix', value);
  return (text) => text.endsWith(wanted);
};

const equalsIgnoreCaseTest = (value: Json): OnText => {
  const wanted = fold(textOf('equals-ignore-case', value));
  return (text) => fold(text) === wanted;
};

/** The parts between the stars of a wildcard; a backslash escapes a star or a backslash and nothing else. */
const wildcardParts = (pattern: string): string[] => {
  const parts = [''];
  let last = '';
  for (let index = 0; index < pattern.length; index++) {
    let character = pattern.charAt(index);
    if (character === '*') {
      if (last === '*') throw invalidPattern(`Consecutive wildcard characters at pos ${index - 1}`);
      parts.push('');
      last = '*';
      continue;
    }
    if (character === '\\') {
      character = pattern.charAt(++index);
      if (character !== '*' && character !== '\\') throw invalidPattern(`Invalid escape character at pos ${index}`);
    }
    parts[parts.length - 1] += character;
    last = 'text';
  }
  return parts;
};

const wildcardTest = (value: Json): OnText => {
  const parts = wildcardParts(textOf('wildcard', value));
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (parts.length === 1) return (text) => text === first;
  const middle = parts.slice(1, -1);
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    const end = text.length - last.length;
    let from = first.length;
    for (const part of middle) {
      const at = text.indexOf(part, from);
      if (at < 0 || at + part.length > end) return false;
      from = at + part.length;
    }
    return true;
  };
};

const LOWER = ['>', '>='];
const UPPER = ['<', '<='];
const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '=': (a, b) => a === b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
};

const numeric = (value: Json): Match => {
  if (!Array.isArray(value)) throw invalidPattern('Value of numeric must be an array.');
  if (value.length !== 2 && value.length !== 4)
    throw invalidPattern('Too few or too many elements in numeric expression');
  const bounds: { operator: string; compare: (a: number, b: number) => boolean; bound: number }[] = [];
  for (let index = 0; index < value.length; index += 2) {
    const operator = value[index];
    const bound = value[index + 1];
    const compare = typeof operator === 'string' && Object.hasOwn(COMPARE, operator) ? COMPARE[operator] : undefined;
    if (typeof operator !== 'string' || !compare)
      throw invalidPattern(`Unrecognized numeric range operator: ${JSON.stringify(operator)}`);
    if (typeof bound !== 'number') throw invalidPattern('Bad numeric range: a bound must be a number');
    bounds.push({ operator, compare, bound });
  }
  const [lower, upper] = bounds;
  if (lower && upper) {
    if (!LOWER.includes(lower.operator) || !UPPER.includes(upper.operator))
      throw invalidPattern('Bad numeric range: a range is a lower bound, then an upper bound');
    if (lower.bound >= upper.bound) throw invalidPattern('Bottom must be less than top');
  }
  return (leaf) => typeof leaf === 'number' && bounds.every(({ compare, bound }) => compare(leaf, bound));
};

const cidr = (value: Json): Match => {
  const [address = '', bits = '', ...rest] = textOf('cidr', value).split('/');
  const width = isIP(address) === 4 ? 32 : 128;
  if (rest.length > 0 || bits === '') throw invalidPattern("Malformed CIDR, one '/' required");
  if (isIP(address) === 0) throw invalidPattern(`Malformed CIDR, not an IP address: ${address}`);
  // *Assumed*: like event-ruler the service refuses a mask as long as the address.
  if (!/^\d{1,3}$/.test(bits) || Number(bits) >= width)
    throw invalidPattern(`Malformed CIDR, mask bits must be < ${width}`);
  const family = width === 32 ? 'ipv4' : 'ipv6';
  const block = new BlockList();
  block.addSubnet(address, Number(bits), family);
  // An address of the other family is outside. (event-ruler lets 0.0.0.0/0 match ::1, by how it compares digits.)
  return onText((text) => isIP(text) !== 0 && isIPv6(text) === (family === 'ipv6') && block.check(text, family));
};

const exists = (value: Json): Match => {
  if (typeof value !== 'boolean') throw invalidPattern('exists match pattern must be either true or false.');
  return value ? () => true : 'absent';
};

const exactly =
  (value: Leaf): Match =>
  (leaf) =>
    leaf === value;

/** One string or a list of strings. */
const texts = (type: string, value: Json): string[] => {
  const all = Array.isArray(value) ? value : [value];
  if (all.length === 0) throw invalidPattern(`Empty list in anything-but ${type}`);
  return all.map((each) => textOf(`anything-but ${type}`, each));
};

const notEmpty = (type: string, all: string[]): string[] => {
  if (all.includes('')) throw invalidPattern(`Null ${type} not allowed`);
  return all;
};

const EXCLUSIONS: Readonly<Record<string, (value: Json) => OnText[]>> = {
  prefix: (value) => notEmpty('prefix', texts('prefix', value)).map(prefixTest),
  suffix: (value) => notEmpty('suffix', texts('suffix', value)).map(suffixTest),
  'equals-ignore-case': (value) => texts('equals-ignore-case', value).map(equalsIgnoreCaseTest),
  wildcard: (value) => texts('wildcard', value).map(wildcardTest),
};

const anythingBut = (value: Json): Match => {
  if (isObject(value)) {
    const names = Object.keys(value);
    const [type = ''] = names;
    const exclusions = Object.hasOwn(EXCLUSIONS, type) ? EXCLUSIONS[type] : undefined;
    if (names.length !== 1 || !exclusions)
      throw invalidPattern(`Unsupported anything-but pattern: ${names.join(', ')}`);
    const excluded = exclusions(value[type] ?? null);
    // A leaf that is no string is not excluded: `5` is anything but "us-…".
    return (leaf) => typeof leaf !== 'string' || !excluded.some((test) => test(leaf));
  }
  const excluded = Array.isArray(value) ? value : [value];
  if (excluded.length === 0) throw invalidPattern('Empty arrays are not allowed in anything-but');
  const strings = excluded.filter((each) => typeof each === 'string');
  const numbers = excluded.filter((each) => typeof each === 'number');
  if (strings.length !== excluded.length && numbers.length !== excluded.length)
    throw invalidPattern(
      'Inside anything-but list, either all values are number or string, mixed type is not supported',
    );
  const refused = new Set<Leaf>([...strings, ...numbers]);
  return (leaf) => !refused.has(leaf);
};

const MATCH_TYPES: Readonly<Record<string, (value: Json) => Match>> = {
  prefix: (value) => onText(prefixTest(value)),
  suffix: (value) => onText(suffixTest(value)),
  'equals-ignore-case': (value) => onText(equalsIgnoreCaseTest(value)),
  wildcard: (value) => onText(wildcardTest(value)),
  numeric,
  cidr,
  exists,
  'anything-but': anythingBut,
};

/** True for the name of a match type, which no field under `$or` may have. */
export const isMatchType = (name: string): boolean => Object.hasOwn(MATCH_TYPES, name);

/**
 * One element of a pattern's array.
 * @throws ServiceError InvalidEventPatternException.
 */
export const compileMatch = (element: Json): Match => {
  if (Array.isArray(element)) throw invalidPattern('Match value must be String, number, true, false, or null');
  if (!isObject(element)) return exactly(element);
  const names = Object.keys(element);
  const [name = ''] = names;
  if (names.length !== 1) throw invalidPattern('Only one key allowed in match expression');
  const compile = isMatchType(name) ? MATCH_TYPES[name] : undefined;
  if (!compile) throw invalidPattern(`Unrecognized match type ${name}`);
  return compile(element[name] ?? null);
};

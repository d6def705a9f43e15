/**
 * The Condition element of a policy.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html (documented)
 */
import { BlockList, isIP } from 'node:net';

import { type Json, ServiceError } from '../../contracts.ts';
import { conditionKey } from './condition-keys.ts';
import { arnPattern, type KeyValues, textPattern, variablesOf } from './wildcard.ts';

/** Does a request meet a condition? */
export type Condition = (valuesOf: KeyValues) => boolean;

type Comparison = (value: string, valuesOf: KeyValues) => boolean;

interface Operator {
  /** Compiles one of the policy's values. @throws RangeError with a reason for a value it cannot compare with. */
  readonly compile: (wanted: string) => Comparison;
  /** True for the operators that hold when nothing matches: they hold for a missing key, too. */
  readonly negated: boolean;
}

const numberOf = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) throw new RangeError(`${text} is no number`);
  return value;
};

/** ISO 8601 or epoch seconds, as both are allowed. */
const timeOf = (text: string): number => {
  const time = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  if (Number.isNaN(time)) throw new RangeError(`${text} is no date`);
  return time;
};

const truthOf = (text: string): string => {
  const lower = text.toLowerCase();
  if (lower !== 'true' && lower !== 'false') throw new RangeError(`${text} is neither true nor false`);
  return lower;
};

const networkOf = (text: string): BlockList => {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  const length = bits === undefined ? (version === 6 ? 128 : 32) : Number(bits);
  if (version === 0 || rest.length > 0 || !Number.isInteger(length)) throw new RangeError(`${text} is no CIDR block`);
  const list = new BlockList();
  list.addSubnet(address, length, version === 6 ? 'ipv6' : 'ipv4');
  return list;
};

const ordered =
  (read: (text: string) => number, holds: (value: number, wanted: number) => boolean) =>
  (wanted: string): Comparison => {
    const limit = read(wanted);
    return (value) => {
      try {
        return holds(read(value), limit);
      } catch (error) {
        // A value that is none of its kind compares with nothing.
        if (error instanceof RangeError) return false;
        throw error;
      }
    };
  };

const ip = (wanted: string): Comparison => {
  const network = networkOf(wanted);
  return (value) => {
    const version = isIP(value);
    return version !== 0 && network.check(value, version === 6 ? 'ipv6' : 'ipv4');
  };
};

const bool = (wanted: string): Comparison => {
  const truth = truthOf(wanted);
  return (value) => value.toLowerCase() === truth;
};

const equals = (a: number, b: number) => a === b;
const positive = (compile: Operator['compile']): Operator => ({ compile, negated: false });
const negative = (compile: Operator['compile']): Operator => ({ compile, negated: true });

const whole = (wanted: string) => textPattern(wanted, { wildcards: false });
const wholeIgnoringCase = (wanted: string) => textPattern(wanted, { wildcards: false, ignoreCase: true });
const like = (wanted: string) => textPattern(wanted);

const OPERATORS: Readonly<Record<string, Operator>> = {
  StringEquals: positive(whole),
  StringNotEquals: negative(whole),
  StringEqualsIgnoreCase: positive(wholeIgnoringCase),
  StringNotEqualsIgnoreCase: negative(wholeIgnoringCase),
  StringLike: positive(like),
  StringNotLike: negative(like),
  NumericEquals: positive(ordered(numberOf, equals)),
  NumericNotEquals: negative(ordered(numberOf, equals)),
  NumericLessThan: positive(ordered(numberOf, (a, b) => a < b)),
  NumericLessThanEquals: positive(ordered(numberOf, (a, b) => a <= b)),
  NumericGreaterThan: positive(ordered(numberOf, (a, b) => a > b)),
  NumericGreaterThanEquals: positive(ordered(numberOf, (a, b) => a >= b)),
  DateEquals: positive(ordered(timeOf, equals)),
  DateNotEquals: negative(ordered(timeOf, equals)),
  DateLessThan: positive(ordered(timeOf, (a, b) => a < b)),
  DateLessThanEquals: positive(ordered(timeOf, (a, b) => a <= b)),
  DateGreaterThan: positive(ordered(timeOf, (a, b) => a > b)),
  DateGreaterThanEquals: positive(ordered(timeOf, (a, b) => a >= b)),
  Bool: positive(bool),
  IpAddress: positive(ip),
  NotIpAddress: negative(ip),
  // Documented: ArnEquals and ArnLike behave alike.
  ArnEquals: positive(arnPattern),
  ArnLike: positive(arnPattern),
  ArnNotEquals: negative(arnPattern),
  ArnNotLike: negative(arnPattern),
};

const SET = /^(ForAllValues|ForAnyValue):/;
const IF_EXISTS = /IfExists$/;

const malformed = (message: string) => new ServiceError('MalformedPolicyDocument', message);

const textsOf = (value: Json, where: string): string[] => {
  const values = Array.isArray(value) ? value : [value];
  return values.map((one) => {
    if (typeof one === 'string') return one;
    // JSON's own numbers and booleans are taken for their text.
    if (typeof one === 'number' || typeof one === 'boolean') return String(one);
    throw malformed(`${where}: a condition compares with texts`);
  });
};

const nullCondition = (key: string, wanted: readonly string[], where: string): Condition => {
  const [only, ...more] = wanted;
  if (only === undefined || more.length > 0 || (only !== 'true' && only !== 'false'))
    throw malformed(`${where}: Null takes true or false`);
  return (valuesOf) => (valuesOf(key) === undefined) === (only === 'true');
};

const compileOne = (operatorName: string, keyName: string, value: Json, where: string): Condition => {
  const set = SET.exec(operatorName)?.[1];
  const bare = operatorName.replace(SET, '');
  const ifExists = IF_EXISTS.test(bare);
  const name = bare.replace(IF_EXISTS, '');
  const key = conditionKey(keyName, where);
  const wanted = textsOf(value, where);
  if (name === 'Null' && !ifExists && set === undefined) return nullCondition(key, wanted, where);
  const operator = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined;
  if (!operator) throw malformed(`${where}: the condition operator ${operatorName} is not implemented in this cloud`);
  for (const text of wanted) for (const variable of variablesOf(text)) conditionKey(variable, where);
  let comparisons: Comparison[];
  try {
    comparisons = wanted.map(operator.compile);
  } catch (error) {
    if (error instanceof RangeError) throw malformed(`${where}: ${operatorName} of ${keyName}: ${error.message}`);
    throw error;
  }
  const holdsFor = (one: string, valuesOf: KeyValues) =>
    comparisons.some((matches) => matches(one, valuesOf)) !== operator.negated;
  return (valuesOf) => {
    const values = valuesOf(key);
    // Documented (reference_policies_condition-single-vs-multi-valued-context-keys.html): without values ForAnyValue does not
    // hold, ForAllValues does.
    if ((values === undefined || values.length === 0) && set === 'ForAnyValue') return ifExists;
    if (values === undefined || values.length === 0) return ifExists || operator.negated || set === 'ForAllValues';
    if (set === 'ForAnyValue') return values.some((one) => holdsFor(one, valuesOf));
    // Without a set operator a key with several values must hold for each: the strict reading (assumed).
    return values.every((one) => holdsFor(one, valuesOf));
  };
};

/**
 * Compiles a Condition element: all operators and all keys must hold, any value of a key may.
 * @throws ServiceError MalformedPolicyDocument naming an operator or key that is not implemented.
 */
export const compileConditions = (element: Json | undefined, where: string): readonly Condition[] => {
  if (element === undefined) return [];
  if (typeof element !== 'object' || element === null || Array.isArray(element))
    throw malformed(`${where}: Condition is an object`);
  return Object.entries(element).flatMap(([operator, keys]) => {
    if (typeof keys !== 'object' || keys === null || Array.isArray(keys))
      throw malformed(`${where}: ${operator} is an object of condition keys`);
    return Object.entries(keys).map(([key, value]) => compileOne(operator, key, value, where));
  });
};

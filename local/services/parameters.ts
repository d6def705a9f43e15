/**
 * Reads an operation's input against a declaration of what the operation honours, and answers as AWS's front line
 * does: a value that breaks a constraint is a ValidationException that names it, a value of the wrong type a
 * SerializationException, and a parameter that is not declared is refused by name.
 */
import { type Json, type JsonObject, ServiceError } from '../contracts.ts';

/** Where a reader puts what it finds wrong. */
export interface Findings {
  /** Broken constraints: `Value 'x' at 'name' failed to satisfy constraint: …`. */
  readonly violations: string[];
  /** Parameters that no one here honours, by path. */
  readonly unknown: string[];
}

/** Reads one value at a path. */
export type Reader<T> = (value: Json | undefined, path: string, findings: Findings) => T;

/** What a reader gives. */
export type Read<R> = R extends Reader<infer T> ? T : never;

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const wrongType = (value: Json | undefined, path: string, expected: string) =>
  new ServiceError(
    'SerializationException',
    `${Array.isArray(value) ? 'Start of list' : isObject(value) ? 'Start of structure' : JSON.stringify(value)} found where ${expected} was expected at '${path}'.`,
  );

/** True when a parameter counts as not given: AWS's JSON protocols take null for absent. */
const absent = (value: Json | undefined): value is null | undefined => value === undefined || value === null;

const violation = (findings: Findings, value: Json, path: string, constraint: string) =>
  findings.violations.push(
    `Value '${typeof value === 'string' ? value : JSON.stringify(value)}' at '${path}' failed to satisfy constraint: Member must ${constraint}`,
  );

const lengthIn = (
  findings: Findings,
  value: Json,
  length: number,
  path: string,
  { min, max }: { min?: number; max?: number },
) => {
  if (min !== undefined && length < min)
    violation(findings, value, path, `have length greater than or equal to ${min}`);
  if (max !== undefined && length > max) violation(findings, value, path, `have length less than or equal to ${max}`);
};

/** A string. `pattern` is AWS's own text of the regular expression, matched against the whole value. */
export const text = (limits: { min?: number; max?: number; pattern?: string } = {}): Reader<string> => {
  const whole = limits.pattern === undefined ? undefined : new RegExp(`^(?:${limits.pattern})$`, 'su');
  return (value, path, findings) => {
    if (typeof value !== 'string') throw wrongType(value, path, 'a string');
    if (whole && !whole.test(value))
      violation(findings, value, path, `satisfy regular expression pattern: ${limits.pattern}`);
    lengthIn(findings, value, value.length, path, limits);
    return value;
  };
};

/** One of a few strings. */
export const oneOf =
  <const T extends string>(...values: readonly T[]): Reader<T> =>
  (value, path, findings) => {
    if (typeof value !== 'string') throw wrongType(value, path, 'a string');
    const found = values.find((candidate) => candidate === value);
    if (found !== undefined) return found;
    violation(findings, value, path, `satisfy enum value set: [${values.join(', ')}]`);
    return values[0] as T;
  };

/** A number. */
export const number =
  (limits: { min?: number; max?: number } = {}): Reader<number> =>
  (value, path, findings) => {
    if (typeof value !== 'number') throw wrongType(value, path, 'a number');
    if (limits.min !== undefined && value < limits.min)
      violation(findings, value, path, `have value greater than or equal to ${limits.min}`);
    if (limits.max !== undefined && value > limits.max)
      violation(findings, value, path, `have value less than or equal to ${limits.max}`);
    return value;
  };

/** A whole number; a CloudFormation template may write it as a string. */
export const integer = (limits: { min?: number; max?: number } = {}): Reader<number> => {
  const asNumber = number(limits);
  return (value, path, findings) => {
    const given = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
    if (!Number.isInteger(given)) throw wrongType(value, path, 'an integer');
    return asNumber(given, path, findings);
  };
};

/** A truth value; a CloudFormation template may write it as a string. */
export const flag =
  (): Reader<boolean> =>
  (value, path): boolean => {
    if (value === true || value === 'true') return true;
    if (value === false || value === 'false') return false;
    throw wrongType(value, path, 'a boolean');
  };

/** A time as the JSON protocols carry it, seconds since 1970, or ISO 8601. Gives epoch milliseconds. */
export const timestamp =
  (): Reader<number> =>
  (value, path): number => {
    const ms = typeof value === 'number' ? value * 1000 : typeof value === 'string' ? Date.parse(value) : Number.NaN;
    if (Number.isNaN(ms)) throw wrongType(value, path, 'a timestamp');
    return Math.round(ms);
  };

/** A list. Members are named `list.1.member` in messages, as AWS does. */
export const list =
  <T>(member: Reader<T>, limits: { min?: number; max?: number } = {}): Reader<T[]> =>
  (value, path, findings) => {
    if (!Array.isArray(value)) throw wrongType(value, path, 'a list');
    lengthIn(findings, value, value.length, path, limits);
    return value.map((item, index) => member(item, `${path}.${index + 1}.member`, findings));
  };

/** Names to values. */
export const map =
  <T>(member: Reader<T>, limits: { min?: number; max?: number } = {}): Reader<Record<string, T>> =>
  (value, path, findings) => {
    if (!isObject(value)) throw wrongType(value, path, 'a map');
    lengthIn(findings, value, Object.keys(value).length, path, limits);
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, member(item, `${path}.${name}.member`, findings)]),
    );
  };

/** Any JSON, taken as it is. */
export const anything = (): Reader<Json> => (value) => value ?? null;

/** Any JSON object, taken as it is. */
export const object = (): Reader<JsonObject> => (value, path) => {
  if (!isObject(value)) throw wrongType(value, path, 'a structure');
  return value;
};

/** May be left out. */
export const optional =
  <T>(reader: Reader<T>): Reader<T | undefined> =>
  (value, path, findings) =>
    absent(value) ? undefined : reader(value, path, findings);

type Structure<S extends Record<string, Reader<unknown>>> = { [K in keyof S]: Read<S[K]> };

const lowerFirst = (name: string) => name.charAt(0).toLowerCase() + name.slice(1);

/** An object with these members and no others. */
export const structure = <S extends Record<string, Reader<unknown>>>(members: S): Reader<Structure<S>> => {
  const read = Object.entries(members).map(([name, reader]) => ({
    name,
    lower: lowerFirst(name),
    reader,
    isOptional: false,
  }));
  return (value, path, findings) => {
    if (!isObject(value)) throw wrongType(value, path, 'a structure');
    const at = (lower: string) => (path === '' ? lower : `${path}.${lower}`);
    for (const name in value) {
      if (!Object.hasOwn(members, name) && !absent(value[name]))
        findings.unknown.push(path === '' ? name : `${path}.${name}`);
    }
    const result: Record<string, unknown> = {};
    for (const member of read) {
      const { name, lower, reader } = member;
      const given = value[name];
      if (!absent(given)) result[name] = reader(given, at(lower), findings);
      else if (member.isOptional) result[name] = undefined;
      else {
        // An optional member reads as undefined; any other reader would call the type wrong, AWS says it is missing.
        const probe: Findings = { violations: [], unknown: [] };
        try {
          result[name] = reader(undefined, at(lower), probe);
          // A reader goes by nothing but its value: of most members most requests say nothing.
          member.isOptional = result[name] === undefined;
        } catch {
          findings.violations.push(
            `Value null at '${at(lower)}' failed to satisfy constraint: Member must not be null`,
          );
        }
      }
    }
    return result as Structure<S>;
  };
};

/**
 * Reads an operation's input.
 * @param operation Named in refusals.
 * @param path Where the input stands, if it is a part of something.
 * @throws ServiceError SerializationException, ValidationException (every broken constraint at once), or
 *   NotImplemented, which names the parameters that this cloud does not honour.
 */
export const readInput = <T>(operation: string, reader: Reader<T>, input: Json, path = ''): T => {
  const findings: Findings = { violations: [], unknown: [] };
  const result = reader(input, path, findings);
  const { violations, unknown } = findings;
  if (unknown.length > 0)
    throw new ServiceError(
      'NotImplemented',
      `${operation}: the local cloud does not implement ${unknown.join(', ')}`,
      501,
    );
  if (violations.length > 0)
    throw new ServiceError(
      'ValidationException',
      `${violations.length} validation error${violations.length > 1 ? 's' : ''} detected: ${violations.join('; ')}`,
    );
  return result;
};

/** Drops members that are undefined, for answers and copies of requests. */
export const present = (members: { readonly [name: string]: Json | undefined }): JsonObject => {
  const result: JsonObject = {};
  for (const [name, value] of Object.entries(members)) if (value !== undefined) result[name] = value;
  return result;
};

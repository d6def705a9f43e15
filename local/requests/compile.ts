/** Checks of requests, compiled from a service's constraints: one function per shape, made when first needed. */
import type { Json, JsonObject } from '../contracts.ts';
import type { ListLine, MapLine, ScalarLine, ScalarType, ServiceConstraints, StructureLine } from './constraints.ts';
import type { Findings, TypeMismatch, Violation } from './findings.ts';
import { javaPattern } from './java-pattern.ts';
import { javaText, lowerFirst } from './java-text.ts';

/** How the values of a request came: typed, as JSON has them, or as text (forms, headers, queries). */
export type Carrier = 'typed' | 'text';

interface Walk {
  readonly carrier: Carrier;
  /** Where the walk is: member names of the model, and `1.member` for items. Held only in words when something is found. */
  readonly at: string[];
  readonly unknown: string[];
  readonly violations: Violation[];
}

type Check = (value: Json, walk: Walk) => void;

class Mismatch extends Error {
  readonly found: TypeMismatch;
  constructor(walk: Walk, message: string) {
    super(message);
    this.found = { modelPath: modelPath(walk.at), message };
  }
}

const modelPath = (at: readonly string[]) => at.map((step) => step.replace(/\.member$/, '')).join('.');
const messagePath = (at: readonly string[]) => at.map(lowerFirst).join('.');

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** AWS's JSON protocols take null for a member that was not given. */
const isAbsent = (value: Json | undefined): value is null | undefined => value === undefined || value === null;

const STRUCTURE_FOUND = 'Start of structure or map found where not expected.';
const LIST_FOUND = 'Start of list found where not expected';
// The words for a value of the wrong type are those public issues quote of several JSON services (Athena, SES); that all use
// the same is *assumed*.
const SCALARS: Readonly<Record<Exclude<ScalarType, 'document'>, string>> = {
  string: 'a String',
  integer: 'an Integer',
  long: 'a Long',
  float: 'a Float',
  double: 'a Double',
  boolean: 'a Boolean',
  timestamp: 'a Timestamp',
  blob: 'a Blob',
};

const tokenOf = (value: boolean | number | string) =>
  typeof value === 'boolean' ? (value ? 'TRUE_VALUE' : 'FALSE_VALUE') : `${typeof value}_VALUE`.toUpperCase();

const unexpected = (value: Json, walk: Walk, type: keyof typeof SCALARS): Mismatch => {
  if (Array.isArray(value)) return new Mismatch(walk, LIST_FOUND);
  if (typeof value === 'object') return new Mismatch(walk, STRUCTURE_FOUND);
  return new Mismatch(walk, `${tokenOf(value)} can not be converted to ${SCALARS[type]}`);
};

const NOT_NUMBERS = new Set(['NaN', 'Infinity', '-Infinity']);
const INTEGER_TEXT = /^-?\d{1,19}$/;
const NUMBER_TEXT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const BASE64 = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/;
const INTEGER_BITS = 2 ** 31;

/** Gives the number, or undefined for what is none. */
const numberIn = (value: Json, type: ScalarType, carrier: Carrier): number | undefined => {
  const whole = type === 'integer' || type === 'long';
  if (typeof value === 'number') {
    // A fraction where a whole number belongs is refused: AWS cuts it off, and what is asked for would not be what is done.
    if (whole && (!Number.isInteger(value) || (type === 'integer' && Math.abs(value) > INTEGER_BITS))) return undefined;
    return value;
  }
  if (typeof value !== 'string') return undefined;
  if (!whole && NOT_NUMBERS.has(value)) return Number(value);
  if (carrier === 'text' && (whole ? INTEGER_TEXT : NUMBER_TEXT).test(value)) return Number(value);
  return undefined;
};

const isTimestamp = (value: Json, carrier: Carrier) =>
  typeof value === 'number'
    ? Number.isFinite(value)
    : typeof value === 'string' &&
      (!Number.isNaN(Date.parse(value)) || (carrier === 'text' && NUMBER_TEXT.test(value)));

/** Bytes of a blob: base64, or `{ bytes }` of a payload that is not read yet; undefined for what is none. */
const blobLength = (value: Json): number | undefined => {
  if (isObject(value))
    return typeof value.bytes === 'number' && Object.keys(value).length === 1 ? value.bytes : undefined;
  if (typeof value !== 'string' || !BASE64.test(value)) return undefined;
  return (value.length / 4) * 3 - (value.endsWith('==') ? 2 : value.endsWith('=') ? 1 : 0);
};

/** Unicode scalar values, as https://smithy.io/2.0/spec/constraint-traits.html counts a string's length (documented). */
const characters = (text: string): number => {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
};

const MUST = {
  pattern: (pattern: string) => `Member must satisfy regular expression pattern: ${pattern}`,
  shorter: (max: number) => `Member must have length less than or equal to ${max}`,
  longer: (min: number) => `Member must have length greater than or equal to ${min}`,
  lower: (max: number) => `Member must have value less than or equal to ${max}`,
  higher: (min: number) => `Member must have value greater than or equal to ${min}`,
  oneOf: (values: readonly string[]) => `Member must satisfy enum value set: [${values.join(', ')}]`,
  given: 'Member must not be null',
} as const;

// SetAlarmState lists the states in this order, CreateConnection its types in the model's (recorded); elsewhere the model's
// order is *assumed*.
const ENUM_ORDER: Readonly<Record<string, readonly string[]>> = {
  'cloudwatch.StateValue': ['INSUFFICIENT_DATA', 'ALARM', 'OK'],
};

type Broken = Pick<Violation, 'kind' | 'constraint' | 'collection'>;

/** A scalar's check in two parts: what it breaks, and every constraint it has, as lists and maps of it are told. */
interface ScalarCheck {
  /** @throws Mismatch */
  broken(value: Json, walk: Walk): readonly Broken[];
  readonly constraints: readonly string[];
  readonly sensitive: boolean;
}

const NONE: readonly Broken[] = [];

const compileScalar = (service: string, line: ScalarLine): ScalarCheck => {
  const { type, min, max } = line;
  const isNumber = type === 'integer' || type === 'long' || type === 'float' || type === 'double';
  const [atMost, atLeast] = isNumber ? [MUST.lower, MUST.higher] : [MUST.shorter, MUST.longer];
  let regExp: RegExp | undefined;
  const values = line.enum && new Set(line.enum);
  const inOrder = ENUM_ORDER[`${service}.${line.shape}`] ?? line.enum;
  const pattern = line.pattern;
  const outside = (size: number, broken: Broken[]) => {
    if (max !== undefined && size > max) broken.push({ kind: 'max', constraint: atMost(max) });
    if (min !== undefined && size < min) broken.push({ kind: 'min', constraint: atLeast(min) });
  };
  const isLimited = min !== undefined || max !== undefined;

  const broken = (value: Json, walk: Walk): readonly Broken[] => {
    if (type === 'document') return NONE;
    if (type === 'string') {
      if (typeof value !== 'string') throw unexpected(value, walk, type);
      if (pattern === undefined && values === undefined && !isLimited) return NONE;
      const found: Broken[] = [];
      if (pattern !== undefined) {
        regExp ??= javaPattern(pattern);
        if (!regExp.test(value)) found.push({ kind: 'pattern', constraint: MUST.pattern(pattern) });
      }
      // A text has at most as many characters as code units, and at least half as many: few have to be counted.
      const isWithin = value.length <= (max ?? value.length) && value.length >= 2 * (min ?? 0);
      if (isLimited && !isWithin) outside(characters(value), found);
      if (values !== undefined && !values.has(value))
        found.push({ kind: 'enum', constraint: MUST.oneOf(inOrder ?? []) });
      return found;
    }
    if (type === 'boolean') {
      const isText = walk.carrier === 'text' && (value === 'true' || value === 'false');
      if (typeof value !== 'boolean' && !isText) throw unexpected(value, walk, type);
      return NONE;
    }
    if (type === 'timestamp') {
      if (!isTimestamp(value, walk.carrier)) throw unexpected(value, walk, type);
      return NONE;
    }
    const size = type === 'blob' ? blobLength(value) : numberIn(value, type, walk.carrier);
    if (size === undefined) throw unexpected(value, walk, type);
    if (!isLimited) return NONE;
    const found: Broken[] = [];
    outside(size, found);
    return found;
  };

  return {
    broken,
    // In the order of those public issues: at most, at least, pattern.
    constraints: [
      ...(max === undefined ? [] : [atMost(max)]),
      ...(min === undefined ? [] : [atLeast(min)]),
      ...(pattern === undefined ? [] : [MUST.pattern(pattern)]),
      ...(inOrder === undefined ? [] : [MUST.oneOf(inOrder)]),
    ],
    sensitive: line.sensitive === true,
  };
};

/** The compiled checks of one service. */
export interface CompiledService {
  /** @returns undefined when the data has no such operation. */
  check(operation: string, params: JsonObject, options: CheckOptions): Findings | undefined;
}

export interface CheckOptions {
  readonly carrier: Carrier;
  /** Whether every member is there that will be: not, when a body has still to be read. */
  readonly whole: boolean;
}

export const compileService = (constraints: ServiceConstraints): CompiledService => {
  const { service, shapes } = constraints;
  const scalars = new Map<string, ScalarCheck>();
  const checks = new Map<string, Check>();

  const scalarOf = (name: string): ScalarCheck | undefined => {
    const known = scalars.get(name);
    if (known) return known;
    const line = shapes.get(name);
    if (line && (line.type === 'structure' || line.type === 'list' || line.type === 'map')) return undefined;
    // Scalars without constraints go by their type.
    const scalar = compileScalar(service, line ?? { shape: name, type: name as ScalarType });
    scalars.set(name, scalar);
    return scalar;
  };

  const found = (walk: Walk, shape: string, value: Json | undefined, sensitive: boolean, broken: Broken) => {
    walk.violations.push({
      path: messagePath(walk.at),
      modelPath: modelPath(walk.at),
      value: isAbsent(value) ? undefined : javaText(constraints, shape, value),
      sensitive,
      ...broken,
    });
  };

  const structure = (line: StructureLine): Check => {
    const required = new Set(line.required);
    // A shape may hold itself: what checks a member is looked up when a request first has it.
    const members = Object.entries(line.members).map(([name, target], place) => {
      const checks: { of?: Check } = {};
      return { name, target, place, checks };
    });
    // Of the forty members of some requests two or three are given: only those, and the required ones, are looked at.
    const byName = new Map(members.map((member) => [member.name, member]));
    const needed = members.filter(({ name }) => required.has(name));
    return (value, walk) => {
      if (!isObject(value)) {
        if (Array.isArray(value)) throw new Mismatch(walk, LIST_FOUND);
        if (walk.carrier === 'text' && value === '') value = {};
        else throw new Mismatch(walk, 'Expected null');
      }
      const looked: (typeof members)[number][] = [];
      for (const name in value) {
        if (isAbsent(value[name])) continue;
        const member = byName.get(name);
        if (member) looked.push(member);
        else walk.unknown.push(modelPath([...walk.at, name]));
      }
      const given = looked.length;
      for (const member of needed) if (isAbsent(value[member.name])) looked.push(member);
      // What is wrong is told in the model's order.
      if (looked.length > 1) looked.sort((a, b) => a.place - b.place);
      for (const { name, target, checks: own } of looked) {
        const member = value[name];
        if (isAbsent(member)) {
          walk.at.push(name);
          found(walk, target, undefined, false, { kind: 'required', constraint: MUST.given });
          walk.at.pop();
          continue;
        }
        own.of ??= check(target);
        walk.at.push(name);
        own.of(member, walk);
        walk.at.pop();
      }
      // *Assumed*: no answer of AWS to this is known; the words are those for other constraints.
      if (line.union && given !== 1) {
        found(walk, line.shape, value, false, { kind: 'union', constraint: 'Member must have exactly one member set' });
      }
    };
  };

  const lengthOf = (walk: Walk, line: ListLine | MapLine, value: Json, length: number) => {
    const { max, min } = line;
    const sensitive = line.sensitive === true;
    if (max !== undefined && length > max)
      found(walk, line.shape, value, sensitive, { kind: 'max', constraint: MUST.shorter(max), collection: {} });
    if (min !== undefined && length < min)
      found(walk, line.shape, value, sensitive, { kind: 'min', constraint: MUST.longer(min), collection: {} });
  };

  const list = (line: ListLine): Check => {
    const scalar = scalarOf(line.member);
    return (value, walk) => {
      if (!Array.isArray(value)) {
        if (isObject(value)) throw new Mismatch(walk, STRUCTURE_FOUND);
        if (walk.carrier === 'text' && value === '') value = [];
        else throw new Mismatch(walk, 'Expected list or null');
      }
      lengthOf(walk, line, value, value.length);
      let broken: readonly Broken[] = NONE;
      let culprit: Json = null;
      for (let index = 0; index < value.length; index += 1) {
        const item = value[index] ?? null;
        walk.at.push(`${index + 1}.member`);
        // Some services of AWS drop null items, EventBridge fails over them (public issues); that they are refused is *assumed*.
        if (item === null) found(walk, line.member, undefined, false, { kind: 'required', constraint: MUST.given });
        else if (scalar) {
          const own = scalar.broken(item, walk);
          if (broken.length === 0 && own.length > 0) {
            broken = own;
            culprit = item;
          }
        } else check(line.member)(item, walk);
        walk.at.pop();
      }
      const [first] = broken;
      if (scalar && first) {
        // AWS names the list, and every constraint of its items: public issues show it of several services; *assumed* of all.
        const constraint = `Member must satisfy constraint: [${scalar.constraints.join(', ')}]`;
        found(walk, line.shape, value, scalar.sensitive || line.sensitive === true, {
          kind: first.kind,
          constraint,
          collection: { item: javaText(constraints, line.member, culprit) },
        });
      }
    };
  };

  const map = (line: MapLine): Check => {
    const key = scalarOf(line.key);
    const scalar = scalarOf(line.value);
    if (!key) throw new Error(`the keys of ${service}'s map ${line.shape} are no text`);
    return (value, walk) => {
      if (!isObject(value)) {
        if (Array.isArray(value)) throw new Mismatch(walk, LIST_FOUND);
        if (walk.carrier === 'text' && value === '') value = {};
        else throw new Mismatch(walk, 'Expected map or null');
      }
      let size = 0;
      let brokenKey: readonly Broken[] = NONE;
      let brokenValue: readonly Broken[] = NONE;
      let keyCulprit = '';
      let valueCulprit = '';
      for (const name in value) {
        const item = value[name] ?? null;
        size += 1;
        walk.at.push(`${name}.member`);
        if (brokenKey.length === 0) {
          brokenKey = key.broken(name, walk);
          keyCulprit = name;
        }
        if (item === null) found(walk, line.value, undefined, false, { kind: 'required', constraint: MUST.given });
        else if (scalar) {
          const own = scalar.broken(item, walk);
          if (brokenValue.length === 0 && own.length > 0) {
            brokenValue = own;
            valueCulprit = name;
          }
        } else check(line.value)(item, walk);
        walk.at.pop();
      }
      lengthOf(walk, line, value, size);
      const tell = (
        part: 'keys' | 'value',
        { constraints: all, sensitive }: ScalarCheck,
        [first]: readonly Broken[],
        item: string,
      ) => {
        if (!first) return;
        // The words for values stand in public issues about CreateTrainingJob's hyperparameters; those for keys are *assumed*.
        const constraint = `Map ${part} must satisfy constraint: [${all.join(', ')}]`;
        found(walk, line.shape, value, sensitive || line.sensitive === true, {
          kind: first.kind,
          constraint,
          collection: { item },
        });
      };
      tell('keys', key, brokenKey, keyCulprit);
      if (scalar) tell('value', scalar, brokenValue, valueCulprit);
    };
  };

  const compile = (name: string): Check => {
    const line = shapes.get(name);
    if (line?.type === 'structure') return structure(line);
    if (line?.type === 'list') return list(line);
    if (line?.type === 'map') return map(line);
    const scalar = scalarOf(name);
    if (!scalar) throw new Error(`${service} has no shape ${name}`);
    return (value, walk) => {
      for (const broken of scalar.broken(value, walk)) found(walk, name, value, scalar.sensitive, broken);
    };
  };
  const check = (name: string): Check => {
    const known = checks.get(name);
    if (known) return known;
    const compiled = compile(name);
    checks.set(name, compiled);
    return compiled;
  };

  return {
    check(operation, params, { carrier, whole }) {
      if (!constraints.operations.has(operation)) return undefined;
      const input = constraints.operations.get(operation);
      if (input === undefined) return { unknown: Object.keys(params), violations: [] };
      const walk: Walk = { carrier, at: [], unknown: [], violations: [] };
      try {
        check(input)(params, walk);
      } catch (error) {
        if (!(error instanceof Mismatch)) throw error;
        return { mismatch: error.found, unknown: walk.unknown, violations: [] };
      }
      const { unknown, violations } = walk;
      if (whole) return { unknown, violations };
      // A member of the input itself may be in the body, which is not read yet.
      return { unknown, violations: violations.filter(({ kind, path }) => kind !== 'required' || path.includes('.')) };
    },
  };
};

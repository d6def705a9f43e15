/** What zod found wrong, in words: what was expected at which path. */
import * as z from 'zod';
import { suggestion } from '../features/names.ts';
import { definitionJsonSchema } from './json-schema.ts';
import type { Path } from './locate.ts';

/** Something that is not as expected. */
export interface Finding {
  readonly path: Path;
  readonly expected: string;
  /** The value is a key that should not be there, rather than a wrong value. */
  readonly isKey: boolean;
  /** What to do about it, where that does not follow from the rest. */
  readonly fix?: string;
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of settings',
  record: 'a mapping',
  null: 'null',
};

const listed = (values: readonly unknown[]): string =>
  values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(', ');

/** The findings of an issue; one for each unknown key. `value` is the whole that was checked. */
export function findingsOf(issue: z.core.$ZodIssue, value: unknown, under: Path = []): Finding[] {
  const path = [...under, ...issue.path];
  const finding = (expected: string): Finding[] => [{ path, expected, isKey: false }];
  switch (issue.code) {
    case 'invalid_type':
      return finding(given(issue.message) ?? TYPE_WORDS[issue.expected] ?? issue.expected);
    case 'invalid_value':
      return finding(
        issue.values.length === 1
          ? listed(issue.values)
          : `one of ${listed(issue.values)}${nearValue(valueAt(value, path), issue.values)}`,
      );
    case 'too_small':
      return finding(
        given(issue.message) ??
          bound(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum),
      );
    case 'too_big':
      return finding(
        given(issue.message) ?? bound(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum),
      );
    case 'not_multiple_of':
      return finding(`a multiple of ${issue.divisor}`);
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], expected: unknownKey(key, path), isKey: true }));
    case 'invalid_union':
      return unionFindings(issue, value, path);
    default:
      return finding(issue.message);
  }
}

/** A message of our own; zod's begin with these words. */
const given = (message: string): string | undefined =>
  /^(?:Invalid|Too|Unrecognized)/.test(message) ? undefined : message;

function bound(origin: string, relation: string, limit: number | bigint): string {
  if (origin === 'string') return `text of ${relation} ${limit} character${limit === 1 ? '' : 's'}`;
  if (origin === 'array') return `a list of ${relation} ${limit}`;
  return `${origin === 'int' ? 'a whole number' : 'a number'} of ${relation} ${limit}`;
}

function nearValue(found: unknown, values: readonly unknown[]): string {
  return typeof found === 'string'
    ? suggestion(
        found,
        values.filter((value) => typeof value === 'string'),
      )
    : '';
}

/** What stands at a path of a value; undefined if nothing does. */
export function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = Reflect.get(at, step);
  }
  return at;
}

/** The branch of a union that was meant: the one of the value's own type, else all of them in a few words. */
function unionFindings(
  issue: Extract<z.core.$ZodIssue, { code: 'invalid_union' }>,
  value: unknown,
  path: Path,
): Finding[] {
  const { discriminator, options } = { discriminator: undefined, options: undefined, ...issue };
  if (discriminator !== undefined && Array.isArray(options)) {
    return [{ path, expected: `one of ${listed(options)}${nearValue(valueAt(value, path), options)}`, isKey: false }];
  }
  const isWrongKind = (branch: readonly z.core.$ZodIssue[]): boolean =>
    branch.some(({ code, path: at }) => at.length === 0 && (code === 'invalid_type' || code === 'invalid_value'));
  const meant = issue.errors.filter((branch) => !isWrongKind(branch));
  const [branch] = meant;
  if (branch !== undefined) return branch.flatMap((inner) => findingsOf(inner, value, path));
  const expected = new Set(
    issue.errors.flatMap((inner) =>
      inner.flatMap((each) => findingsOf(each, value, path).map((found) => found.expected)),
    ),
  );
  return [{ path, expected: [...expected].join(', or '), isKey: false }];
}

/** Settings people look for under another name or in another place. */
const MISPLACED: Readonly<Record<string, string>> = {
  target: 'data.label',
  label: 'data.label',
  features: 'data.features',
  metric: 'evaluation.metric',
  thresholds: 'evaluation.thresholds',
  image: 'training.algorithm: { image, command }',
  command: 'training.algorithm: { image, command }',
  schedule: 'retraining.max_age',
  endpoint: 'deployment',
  model: "the file's name, models/<model>.yml",
  name: "the file's name, models/<model>.yml",
};

function unknownKey(key: string, path: Path): string {
  const known = keysAt(path);
  const near = suggestion(key, known);
  const elsewhere =
    near === '' && Object.hasOwn(MISPLACED, key) && !path.includes(key) ? `; this is said by ${MISPLACED[key]}` : '';
  return `one of ${known.join(', ')}${near}${elsewhere}`;
}

interface JsonSchema {
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>> | undefined;
  /** Of a mapping whose keys are names: what stands under each. */
  readonly additionalProperties?: JsonSchema | boolean | undefined;
  readonly items?: JsonSchema | undefined;
  readonly anyOf?: readonly JsonSchema[] | undefined;
  readonly oneOf?: readonly JsonSchema[] | undefined;
}

const nodeSchema: z.ZodType<JsonSchema> = z.lazy(() =>
  z.object({
    default: z.unknown().optional(),
    properties: z.record(z.string(), nodeSchema).optional(),
    additionalProperties: z.union([z.boolean(), nodeSchema]).optional(),
    items: nodeSchema.optional(),
    anyOf: z.array(nodeSchema).optional(),
    oneOf: z.array(nodeSchema).optional(),
  }),
);

/** What the schema says may stand at a path. */
function schemasAt(path: Path): JsonSchema[] {
  let level = [nodeSchema.parse(definitionJsonSchema())];
  for (const step of path) {
    level = level.flatMap(alternatives).flatMap((schema) => {
      const { properties, additionalProperties: named } = schema;
      const next =
        typeof step === 'number'
          ? schema.items
          : (properties?.[String(step)] ?? (typeof named === 'object' ? named : undefined));
      return next === undefined ? [] : [next];
    });
  }
  return level;
}

/** The settings that may stand under a path. */
export const keysAt = (path: Path): string[] => [
  ...new Set(
    schemasAt(path)
      .flatMap(alternatives)
      .flatMap(({ properties = {} }) => Object.keys(properties)),
  ),
];

/** What stands for a setting that is left out; undefined where it must be there. */
export const defaultAt = (path: Path): unknown =>
  schemasAt(path).find((schema) => schema.default !== undefined)?.default;

/** Where a setting of a name belongs; lists are passed over. */
export function placesOf(name: string): Path[] {
  const found = new Map<string, Path>();
  const visit = (schema: JsonSchema, path: readonly string[]): void => {
    for (const each of alternatives(schema)) {
      for (const [key, inner] of Object.entries(each.properties ?? {})) {
        const at = [...path, key];
        if (key === name) found.set(at.join('.'), at);
        visit(inner, at);
      }
    }
  };
  visit(nodeSchema.parse(definitionJsonSchema()), []);
  return [...found.values()].sort((a, b) => a.length - b.length);
}

const alternatives = (schema: JsonSchema): JsonSchema[] => [
  schema,
  ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap(alternatives),
];

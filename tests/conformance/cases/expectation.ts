import type { Json, JsonObject } from '../../../local/contracts.ts';

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const show = (value: Json | undefined): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
};

const parsed = (text: string): Json | undefined => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

type Judge = (operand: Json, actual: Json | undefined, path: string) => string[];

const verdict = (holds: boolean, path: string, wanted: string, actual: Json | undefined): string[] =>
  holds ? [] : [`${path}: expected ${wanted}, not ${show(actual)}`];

const JUDGES: Readonly<Record<string, Judge>> = {
  // A string that matches a regular expression.
  $matches: (operand, actual, path) =>
    verdict(
      typeof actual === 'string' && new RegExp(String(operand)).test(actual),
      path,
      `text like ${String(operand)}`,
      actual,
    ),
  // Anything of a type of JSON.
  $is: (operand, actual, path) => {
    const type = Array.isArray(actual) ? 'list' : actual === null ? 'null' : typeof actual;
    return verdict(type === operand, path, `a ${String(operand)}`, actual);
  },
  // Neither there nor null.
  $absent: (_, actual, path) => verdict(actual === undefined || actual === null, path, 'nothing', actual),
  // JSON text of what it holds.
  $json: (operand, actual, path) =>
    typeof actual === 'string'
      ? differences(operand, parsed(actual), path)
      : verdict(false, path, 'text of JSON', actual),
  // A list with, among others, an element for each of these.
  $contains: (operand, actual, path) => {
    if (!Array.isArray(operand)) throw new Error(`${path}: $contains wants a list`);
    if (!Array.isArray(actual)) return verdict(false, path, 'a list', actual);
    return operand.flatMap((wanted) =>
      actual.some((each) => differences(wanted, each, path).length === 0)
        ? []
        : [`${path}: nothing like ${show(wanted)} in ${show(actual)}`],
    );
  },
};

/**
 * What keeps an answer from being as expected; nothing when it is. An object holds the members named, and perhaps more; a
 * list holds as many elements, in their order; `{ $matches | $is | $absent | $json | $contains: … }` ask for less.
 * @throws Error for an operator that is not known.
 */
export const differences = (expected: Json, actual: Json | undefined, path = 'answer'): string[] => {
  if (isObject(expected)) {
    const [operator, ...others] = Object.keys(expected);
    if (operator?.startsWith('$')) {
      const judge = JUDGES[operator];
      if (!judge || others.length > 0)
        throw new Error(`${path}: no such operator: ${Object.keys(expected).join(', ')}`);
      return judge(expected[operator] ?? null, actual, path);
    }
    if (!isObject(actual)) return verdict(false, path, 'an object', actual);
    return Object.entries(expected).flatMap(([name, value]) => differences(value, actual[name], `${path}.${name}`));
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length)
      return verdict(false, path, `${expected.length} elements`, actual);
    return expected.flatMap((value, at) => differences(value, actual[at], `${path}.${at}`));
  }
  return verdict(expected === actual, path, show(expected), actual);
};

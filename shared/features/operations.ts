/**
 * What an expression may do: the allow-list. `OPERATORS` have their own rules of type (see `check.ts`); `FUNCTIONS`
 * are described here by their overloads. Every name stands in docs/expressions.md with its edge cases.
 */
import type { ColumnType } from './columns.ts';

/** Operators and forms with rules of their own. `case` takes pairs of condition and value, then the value of ELSE. */
const OPERATORS = [
  '+',
  '-',
  '*',
  '/',
  '//',
  '%',
  'negate',
  '||',
  'concat',
  'concat_ws',
  '=',
  '<>',
  '<',
  '<=',
  '>',
  '>=',
  'between',
  'in',
  'like',
  'ilike',
  'and',
  'or',
  'not',
  'is_null',
  'is_true',
  'is_false',
  'is_distinct',
  'case',
  'coalesce',
  'nullif',
  'greatest',
  'least',
] as const;

/** What a parameter takes: a type, or one of the named parts of a date, written out. */
export type ParameterType = ColumnType | 'part';

/** One way to call a function. */
export interface Overload {
  readonly parameters: readonly ParameterType[];
  readonly result: ColumnType;
}

const to = (result: ColumnType, ...parameters: ParameterType[]): Overload => ({ parameters, result });
const realToReal = [to('number', 'number')];
const sameNumber = [to('integer', 'integer'), to('number', 'number')];
const textToText = [to('string', 'string')];
const textTest = [to('boolean', 'string', 'string')];
const timePart = [to('integer', 'timestamp')];

const NUMBER_FUNCTIONS = {
  abs: sameNumber,
  ceil: sameNumber,
  floor: sameNumber,
  trunc: [...sameNumber, to('integer', 'integer', 'integer'), to('number', 'number', 'integer')],
  round: [...sameNumber, to('integer', 'integer', 'integer'), to('number', 'number', 'integer')],
  sign: [to('integer', 'number')],
  sqrt: realToReal,
  cbrt: realToReal,
  exp: realToReal,
  ln: realToReal,
  log2: realToReal,
  log10: realToReal,
  log: [to('number', 'number', 'number')],
  pow: [to('number', 'number', 'number')],
  sin: realToReal,
  cos: realToReal,
  tan: realToReal,
  asin: realToReal,
  acos: realToReal,
  atan: realToReal,
  atan2: [to('number', 'number', 'number')],
  sinh: realToReal,
  cosh: realToReal,
  tanh: realToReal,
  asinh: realToReal,
  acosh: realToReal,
  atanh: realToReal,
  radians: realToReal,
  degrees: realToReal,
  pi: [to('number')],
  width_bucket: [to('integer', 'number', 'number', 'number', 'integer')],
} as const satisfies Record<string, readonly Overload[]>;

const TEXT_FUNCTIONS = {
  lower: textToText,
  upper: textToText,
  trim: [...textToText, to('string', 'string', 'string')],
  ltrim: [...textToText, to('string', 'string', 'string')],
  rtrim: [...textToText, to('string', 'string', 'string')],
  length: [to('integer', 'string')],
  substr: [to('string', 'string', 'integer'), to('string', 'string', 'integer', 'integer')],
  left: [to('string', 'string', 'integer')],
  right: [to('string', 'string', 'integer')],
  replace: [to('string', 'string', 'string', 'string')],
  split_part: [to('string', 'string', 'string', 'integer')],
  strpos: [to('integer', 'string', 'string')],
  contains: textTest,
  starts_with: textTest,
  ends_with: textTest,
  lpad: [to('string', 'string', 'integer', 'string')],
  rpad: [to('string', 'string', 'integer', 'string')],
  translate: [to('string', 'string', 'string', 'string')],
  ascii: [to('integer', 'string')],
  chr: [to('string', 'integer')],
  nfc_normalize: textToText,
  strip_accents: textToText,
} as const satisfies Record<string, readonly Overload[]>;

const TIME_FUNCTIONS = {
  year: timePart,
  isoyear: timePart,
  quarter: timePart,
  month: timePart,
  week: timePart,
  day: timePart,
  dayofweek: timePart,
  isodow: timePart,
  dayofyear: timePart,
  hour: timePart,
  minute: timePart,
  second: timePart,
  epoch: [to('number', 'timestamp')],
  date_trunc: [to('timestamp', 'part', 'timestamp')],
  date_diff: [to('integer', 'part', 'timestamp', 'timestamp')],
  date_sub: [to('integer', 'part', 'timestamp', 'timestamp')],
  last_day: [to('date', 'timestamp')],
  make_date: [to('date', 'integer', 'integer', 'integer')],
  make_timestamp: [to('timestamp', 'integer', 'integer', 'integer', 'integer', 'integer', 'number')],
} as const satisfies Record<string, readonly Overload[]>;

/** Functions of fixed parameters. An integer is taken where a number is wanted, a date where a timestamp is. */
export const FUNCTIONS = { ...NUMBER_FUNCTIONS, ...TEXT_FUNCTIONS, ...TIME_FUNCTIONS };

/** The name of a function of numbers. */
export type NumberFunction = keyof typeof NUMBER_FUNCTIONS;
/** The name of a function of texts. */
export type TextFunction = keyof typeof TEXT_FUNCTIONS;
/** The name of a function of dates and times. */
export type TimeFunction = keyof typeof TIME_FUNCTIONS;

/** The name of a function of fixed parameters. */
export type FunctionName = keyof typeof FUNCTIONS;

/** The name of an operator or form. */
export type OperatorName = (typeof OPERATORS)[number];

/** Whatever may stand in a tree's `op` besides `column`, `literal` and `cast`. */
export type Operation = OperatorName | FunctionName;

export const isFunctionName = (name: string): name is FunctionName => Object.hasOwn(FUNCTIONS, name);

/** All operations, for reading trees back. */
export const OPERATIONS: readonly Operation[] = [...OPERATORS, ...Object.keys(FUNCTIONS).filter(isFunctionName)];

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

/** Functions of fixed parameters. An integer is taken where a number is wanted, a date where a timestamp is. */
export const FUNCTIONS = {
  abs: sameNumber,
  ceil: sameNumber,
  floor: sameNumber,
  trunc: sameNumber,
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
  radians: realToReal,
  degrees: realToReal,
  pi: [to('number')],
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
  year: timePart,
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
  last_day: [to('date', 'timestamp')],
  make_date: [to('date', 'integer', 'integer', 'integer')],
} as const satisfies Record<string, readonly Overload[]>;

/** The name of a function of fixed parameters. */
export type FunctionName = keyof typeof FUNCTIONS;

/** The name of an operator or form. */
export type OperatorName = (typeof OPERATORS)[number];

/** Whatever may stand in a tree's `op` besides `column`, `literal` and `cast`. */
export type Operation = OperatorName | FunctionName;

export const isFunctionName = (name: string): name is FunctionName => Object.hasOwn(FUNCTIONS, name);

/** All operations, for reading trees back. */
export const OPERATIONS: readonly Operation[] = [...OPERATORS, ...Object.keys(FUNCTIONS).filter(isFunctionName)];

import { DATE_PARTS, parseDate, parseTimestamp } from './calendar.ts';
import { convertText } from './casts.ts';
import type { CellValue, ColumnType } from './columns.ts';
import { type Cast, columnsRead, type Expression, ExpressionError, toSql } from './expression.ts';
import { suggestion } from './names.ts';
import { FUNCTIONS, isFunctionName, type Operation, type Overload, type ParameterType } from './operations.ts';

/** The type of an expression's value; see {@link ColumnType}. */
export type ValueType = ColumnType;

/** A tree whose every node knows its type, with names resolved and implicit conversions written out. */
export type Typed =
  | { readonly op: 'column'; readonly type: ColumnType; readonly name: string }
  | { readonly op: 'literal'; readonly type: ColumnType; readonly value: CellValue }
  | { readonly op: 'cast' | Operation; readonly type: ColumnType; readonly args: readonly Typed[] };

/** While checking, a NULL may have no type yet. */
type Open = Typed | { readonly op: 'null'; readonly type: 'null' };

/** The types of the columns an expression may read, by name. */
export type ColumnTypes = Readonly<Record<string, ColumnType>>;

/**
 * The type of an expression over these columns.
 *
 * @throws ExpressionError naming the part of the expression, what was found and what is wanted; for an unknown column,
 * the columns with a similar name.
 */
export function typeOf(tree: Expression, columns: ColumnTypes): ValueType {
  return checkExpression(tree, columns).type;
}

/** The names, as the data has them, of the columns an expression reads. @throws ExpressionError as {@link typeOf}. */
export function columnsResolved(tree: Expression, columns: ColumnTypes): string[] {
  return [...new Set(columnsRead(tree).map((name) => resolveColumn(name, columns)))];
}

/**
 * The column a name means: the one of exactly that name, else the only one that differs in case alone.
 *
 * @throws ExpressionError when there is none, or more than one.
 */
export function resolveColumn(name: string, columns: ColumnTypes): string {
  if (Object.hasOwn(columns, name)) return name;
  const names = Object.keys(columns);
  const sameButCase = names.filter((other) => other.toLowerCase() === name.toLowerCase());
  const [only] = sameButCase;
  if (only !== undefined && sameButCase.length === 1) return only;
  if (only !== undefined)
    throw new ExpressionError(`the column ${name} could be ${sameButCase.join(' or ')}: write it as the data has it`);
  const shown = names.length <= 12 ? `; the columns are ${names.join(', ')}` : '';
  throw new ExpressionError(`there is no column ${name}${suggestion(name, names) || shown}`);
}

/** Checks a tree against the types of its columns. @throws ExpressionError as {@link typeOf}. */
export function checkExpression(tree: Expression, columns: ColumnTypes): Typed {
  const root = check(tree, columns);
  if (root.op === 'null') throw new ExpressionError('the expression is always NULL');
  return root;
}

function check(tree: Expression, columns: ColumnTypes): Open {
  if (tree.op === 'column') {
    const name = resolveColumn(tree.name, columns);
    const type = columns[name];
    if (type === undefined) throw new ExpressionError(`there is no column ${name}`);
    return { op: 'column', type, name };
  }
  if (tree.op === 'literal') {
    return tree.type === 'null' ? { op: 'null', type: 'null' } : { op: 'literal', type: tree.type, value: tree.value };
  }
  if (tree.op === 'cast') return checkCast(tree, columns);
  const args = tree.args.map((argument) => check(argument, columns));
  const site: Site = { tree, source: tree.args, args };
  return isFunctionName(tree.op) ? checkFunction(site, tree.op, FUNCTIONS[tree.op]) : checkOperator(site, tree.op);
}

interface Site {
  readonly tree: Expression;
  readonly source: readonly Expression[];
  readonly args: readonly Open[];
}

function fail({ tree }: Site, message: string): never {
  const text = toSql(tree);
  throw new ExpressionError(`${text.length > 120 ? `${text.slice(0, 117)}...` : text}: ${message}`);
}

const CASTS: Readonly<Record<ColumnType, readonly ColumnType[]>> = {
  integer: ['integer', 'number', 'string', 'boolean'],
  number: ['integer', 'number', 'string', 'boolean'],
  string: ['integer', 'number', 'string', 'boolean', 'timestamp', 'date'],
  boolean: ['integer', 'number', 'string', 'boolean'],
  timestamp: ['timestamp', 'date', 'string'],
  date: ['timestamp', 'date', 'string'],
};

function checkCast(tree: Cast, columns: ColumnTypes): Typed {
  const operand = check(tree.args[0], columns);
  const site: Site = { tree, source: tree.args, args: [operand] };
  if (operand.op === 'null') return { op: 'literal', type: tree.to, value: null };
  if (!CASTS[operand.type].includes(tree.to)) {
    fail(
      site,
      `${withArticle(operand.type)} cannot become ${withArticle(tree.to)}; it can become ${CASTS[operand.type].join(', ')}`,
    );
  }
  if (operand.op === 'literal' && operand.type === 'string' && typeof operand.value === 'string') {
    const value = convertText(operand.value, tree.to);
    if (value === null) fail(site, `the text is not ${withArticle(tree.to)}`);
    return { op: 'literal', type: tree.to, value };
  }
  return operand.type === tree.to ? operand : { op: 'cast', type: tree.to, args: [operand] };
}

const withArticle = (type: string): string => (type === 'integer' ? `an ${type}` : `a ${type}`);

/** The argument as a value of the type, if that loses nothing; undefined if not. */
function coerced(arg: Open, type: ColumnType): Typed | undefined {
  if (arg.op === 'null') return { op: 'literal', type, value: null };
  if (arg.type === type) return arg;
  // An integer is held as the number it is, so there is nothing to convert.
  if (arg.type === 'integer' && type === 'number') return arg;
  if (arg.type === 'date' && type === 'timestamp') return { op: 'cast', type, args: [arg] };
  const isText = arg.op === 'literal' && arg.type === 'string' && typeof arg.value === 'string';
  if (!isText || (type !== 'timestamp' && type !== 'date')) return undefined;
  // A date takes a day and nothing more; a text with a time of day makes its neighbours timestamps.
  const value = type === 'date' ? parseDate(String(arg.value)) : parseTimestamp(String(arg.value));
  return Number.isNaN(value) ? undefined : { op: 'literal', type, value };
}

/** The one type that all arguments have, or can be converted to without loss; undefined when all are NULL. */
function commonType(site: Site, args: readonly Open[]): ColumnType | undefined {
  const isOpenText = (arg: Open): boolean => arg.op === 'literal' && arg.type === 'string';
  const firm = args.filter((arg) => arg.op !== 'null' && !isOpenText(arg));
  const types = new Set<ColumnType>();
  for (const arg of firm.length > 0 ? firm : args) if (arg.op !== 'null') types.add(arg.type);
  let common: ColumnType | undefined;
  for (const type of types) {
    if (common === undefined || common === type) common = type;
    else if (isPair(common, type, 'integer', 'number')) common = 'number';
    else if (isPair(common, type, 'date', 'timestamp')) common = 'timestamp';
    else fail(site, `${common} and ${type} do not go together; add a cast`);
  }
  // A text constant beside dates may hold a time of day.
  if (common === 'date' && args.some((arg) => isOpenText(arg) && coerced(arg, 'date') === undefined))
    return 'timestamp';
  return common;
}

const isPair = (a: string, b: string, one: string, other: string): boolean =>
  (a === one && b === other) || (a === other && b === one);

function all(site: Site, args: readonly Open[], type: ColumnType): Typed[] {
  return args.map((arg) => {
    const value = coerced(arg, type);
    if (value !== undefined) return value;
    const shown = arg.op === 'literal' ? JSON.stringify(arg.value) : arg.type;
    return fail(site, `${shown} is not ${withArticle(type)}; add a cast`);
  });
}

function checkFunction(site: Site, op: Operation, overloads: readonly Overload[]): Typed {
  for (const { parameters, result } of overloads) {
    if (parameters.length !== site.args.length) continue;
    const args = parameters.map((parameter, i) => argumentFor(site.args[i], parameter));
    if (args.every((arg) => arg !== undefined)) return { op, type: result, args };
  }
  const takes = overloads.map(({ parameters }) => `(${parameters.map(parameterText).join(', ')})`).join(' or ');
  return fail(site, `${op} takes ${takes}, found (${site.args.map(({ type }) => type).join(', ')})`);
}

const parameterText = (parameter: ParameterType): string =>
  parameter === 'part' ? `one of ${DATE_PARTS.map((part) => `'${part}'`).join(' ')}` : parameter;

function argumentFor(arg: Open | undefined, parameter: ParameterType): Typed | undefined {
  if (arg === undefined) return undefined;
  if (parameter !== 'part') return coerced(arg, parameter);
  if (arg.op !== 'literal' || typeof arg.value !== 'string') return undefined;
  const lower = arg.value.toLowerCase();
  const part = DATE_PARTS.find((known) => known === lower || `${known}s` === lower);
  return part === undefined ? undefined : { op: 'literal', type: 'string', value: part };
}

const ARITY: Readonly<Record<string, readonly [number, number]>> = {
  negate: [1, 1],
  not: [1, 1],
  is_null: [1, 1],
  is_true: [1, 1],
  is_false: [1, 1],
  is_distinct: [2, 2],
  between: [3, 3],
  in: [2, Number.POSITIVE_INFINITY],
  case: [3, Number.POSITIVE_INFINITY],
  coalesce: [1, Number.POSITIVE_INFINITY],
  greatest: [1, Number.POSITIVE_INFINITY],
  least: [1, Number.POSITIVE_INFINITY],
  concat: [1, Number.POSITIVE_INFINITY],
  concat_ws: [2, Number.POSITIVE_INFINITY],
};

function checkOperator(site: Site, op: Operation): Open {
  const { args } = site;
  const [least, most] = ARITY[op] ?? [2, 2];
  if (args.length < least || args.length > most) {
    fail(site, `${op} takes ${least === most ? least : `at least ${least}`} arguments, found ${args.length}`);
  }
  switch (op) {
    case '+':
    case '-':
      return checkSum(site, op);
    case '*':
    case '%':
      return checkArithmetic(site, op);
    case '/':
      return { op, type: 'number', args: numeric(site) };
    case '//':
      return checkIntegerDivision(site);
    case 'negate': {
      const [operand] = numeric(site);
      return {
        op,
        type: operand?.type === 'integer' ? 'integer' : 'number',
        args: operand === undefined ? [] : [operand],
      };
    }
    case '||':
    case 'concat':
    case 'concat_ws':
      return { op, type: 'string', args: all(site, args, 'string') };
    case 'like':
    case 'ilike':
      return { op, type: 'boolean', args: all(site, args, 'string') };
    case 'and':
    case 'or':
    case 'not':
    case 'is_true':
    case 'is_false':
      return { op, type: 'boolean', args: all(site, args, 'boolean') };
    case 'is_null':
      return {
        op,
        type: 'boolean',
        args: args.map((arg) => (arg.op === 'null' ? { op: 'literal', type: 'boolean', value: null } : arg)),
      };
    case 'is_distinct': {
      const type = commonType(site, args);
      if (type === undefined) return { op: 'literal', type: 'boolean', value: false };
      return { op, type: 'boolean', args: all(site, args, type) };
    }
    case 'case':
      return checkCase(site);
    case 'coalesce':
    case 'greatest':
    case 'least':
    case 'nullif': {
      const type = commonType(site, args);
      return type === undefined ? { op: 'null', type: 'null' } : { op, type, args: all(site, args, type) };
    }
    default:
      return checkComparison(site, op);
  }
}

function numeric(site: Site): Typed[] {
  return site.args.map((arg) => {
    const value = coerced(arg, 'number');
    if (value !== undefined) return value;
    const hint =
      arg.type === 'boolean'
        ? 'cast it with ::int'
        : "use date_diff('day', from, to) or epoch(time) for times, and a cast for text";
    return fail(site, `this takes numbers, found ${withArticle(arg.type)}; ${hint}`);
  });
}

const isInteger = (args: readonly Typed[]): boolean => args.every((arg) => arg.type === 'integer');

function checkArithmetic(site: Site, op: Operation): Typed {
  const args = numeric(site);
  return { op, type: isInteger(args) ? 'integer' : 'number', args };
}

function checkIntegerDivision(site: Site): Typed {
  numeric(site);
  if (!site.args.every(({ type }) => type === 'integer' || type === 'null')) {
    // DuckDB 1.5 answers 3.75 to 7.5 // 2, PostgreSQL has no such operator: there is nothing to agree with.
    fail(site, '// divides integers; for numbers write floor(a / b)');
  }
  return { op: '//', type: 'integer', args: all(site, site.args, 'integer') };
}

/** Besides numbers: a date moved by days, and the days between two dates. */
function checkSum(site: Site, op: '+' | '-'): Typed {
  const [left, right] = site.args;
  if (left?.type === 'date' && right?.type === 'integer') return { op, type: 'date', args: [left, right] };
  if (op === '+' && left?.type === 'integer' && right?.type === 'date')
    return { op, type: 'date', args: [left, right] };
  if (op === '-' && left?.type === 'date' && right?.type === 'date')
    return { op, type: 'integer', args: [left, right] };
  return checkArithmetic(site, op);
}

function checkCase(site: Site): Open {
  const { args } = site;
  if (args.length % 2 === 0) fail(site, 'case takes pairs of condition and value, then the value of ELSE');
  const isCondition = (i: number): boolean => i % 2 === 0 && i < args.length - 1;
  const values = args.filter((_, i) => !isCondition(i));
  const type = commonType(site, values);
  if (type === undefined) return { op: 'null', type: 'null' };
  const typed = args.flatMap((arg, i) => all(site, [arg], isCondition(i) ? 'boolean' : type));
  return { op: 'case', type, args: typed };
}

function checkComparison(site: Site, op: Operation): Typed {
  const type = commonType(site, site.args);
  if (type === undefined) return { op: 'literal', type: 'boolean', value: null };
  return { op, type: 'boolean', args: all(site, site.args, type) };
}

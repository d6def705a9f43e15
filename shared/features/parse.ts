import { type DataTypeDef, type Expr, type ExprBinary, type ExprCall, type ExprCase, parse } from 'pgsql-ast-parser';
import { DATE_PARTS } from './calendar.ts';
import type { ColumnType } from './columns.ts';
import { isParenthesised, OWN_SCHEMA, type Rewritten, rewrite, spanOf } from './dialect.ts';
import { type Expression, ExpressionError, type Literal, MAX_DEPTH, MAX_TEXT } from './expression.ts';
import { suggestion } from './names.ts';
import { FUNCTIONS, isFunctionName, type Operation } from './operations.ts';

/** Other names of functions, as DuckDB and PostgreSQL have them. */
export const ALIASES: Readonly<Record<string, Operation>> = {
  ceiling: 'ceil',
  power: 'pow',
  substring: 'substr',
  len: 'length',
  char_length: 'length',
  character_length: 'length',
  lcase: 'lower',
  ucase: 'upper',
  prefix: 'starts_with',
  suffix: 'ends_with',
  instr: 'strpos',
  dayofmonth: 'day',
  weekday: 'dayofweek',
  weekofyear: 'week',
  datetrunc: 'date_trunc',
  datediff: 'date_diff',
  datesub: 'date_sub',
  ifnull: 'coalesce',
  mod: '%',
  divide: '//',
};

/** Functions that are operations of their own, or rewritten: see {@link callOf}. */
export const FORMS = [
  'coalesce',
  'nullif',
  'greatest',
  'least',
  'concat',
  'concat_ws',
  'if',
  'date_part',
  'position',
] as const;

/** What EXTRACT and date_part call the parts of a date. */
const PART_FUNCTIONS: Readonly<Record<string, Operation>> = {
  year: 'year',
  quarter: 'quarter',
  month: 'month',
  week: 'week',
  day: 'day',
  isoyear: 'isoyear',
  dow: 'dayofweek',
  dayofweek: 'dayofweek',
  weekday: 'dayofweek',
  isodow: 'isodow',
  doy: 'dayofyear',
  dayofyear: 'dayofyear',
  hour: 'hour',
  minute: 'minute',
  second: 'second',
  epoch: 'epoch',
};

const TYPES: Readonly<Record<string, ColumnType>> = {
  integer: 'integer',
  int: 'integer',
  int4: 'integer',
  int8: 'integer',
  bigint: 'integer',
  double: 'number',
  'double precision': 'number',
  float8: 'number',
  varchar: 'string',
  text: 'string',
  string: 'string',
  boolean: 'boolean',
  bool: 'boolean',
  timestamp: 'timestamp',
  'timestamp without time zone': 'timestamp',
  datetime: 'timestamp',
  date: 'date',
};

const AGGREGATES: ReadonlySet<string> = new Set(
  'sum avg mean count min max median mode stddev stddev_samp stddev_pop variance var_samp var_pop quantile quantile_cont approx_quantile first last any_value arg_min arg_max string_agg listagg array_agg list bool_and bool_or corr covar_pop covar_samp entropy kurtosis skewness histogram approx_count_distinct product'.split(
    ' ',
  ),
);
const WINDOWS: ReadonlySet<string> = new Set(
  'row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value'.split(' '),
);
const VOLATILE: ReadonlySet<string> = new Set(
  'now random uuid gen_random_uuid current_date current_time current_timestamp localtime localtimestamp today get_current_time transaction_timestamp setseed nextval currval txid_current getenv current_setting'.split(
    ' ',
  ),
);
const FILE_FUNCTIONS: ReadonlySet<string> = new Set(
  'read_csv read_csv_auto read_parquet parquet_scan read_json read_json_auto read_text read_blob glob sniff_csv generate_series range unnest query query_table duckdb_settings'.split(
    ' ',
  ),
);
const NOT_NEEDED: Readonly<Record<string, string>> = {
  isnan: 'a number here is finite or NULL, so use IS NULL',
  isinf: 'a number here is finite or NULL, so use IS NULL',
  isfinite: 'a number here is finite or NULL, so use IS NOT NULL',
  regexp_matches: 'regular expressions differ between engines, so use LIKE, contains, starts_with or ends_with',
  regexp_extract: 'regular expressions differ between engines, so use split_part or substr',
  strftime: 'use year, month, dayofweek and their like',
  to_timestamp: 'cast text with ::timestamp',
  age: "use date_sub('year', from, to)",
  timezone: 'times are UTC; deliver the local time as a column of its own',
};

const BINARY: Readonly<Record<string, Operation>> = {
  '+': '+',
  '-': '-',
  '*': '*',
  '/': '/',
  '%': '%',
  '^': 'pow',
  '||': '||',
  '=': '=',
  '!=': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
  AND: 'and',
  OR: 'or',
  LIKE: 'like',
  ILIKE: 'ilike',
};

interface Context {
  readonly sql: string;
  readonly rewritten: Rewritten;
}

type Place = { readonly _location?: { readonly start: number; readonly end: number } | undefined };

/**
 * Parses one scalar SQL expression of a row against the allow-list.
 *
 * @throws ExpressionError naming the expression, the position, what is not allowed and what is.
 */
export function parseExpression(sql: string): Expression {
  try {
    if (sql.trim() === '') throw new ExpressionError('the expression is empty', 1);
    if (sql.length > MAX_TEXT)
      throw new ExpressionError(`the expression is longer than ${MAX_TEXT} characters`, MAX_TEXT);
    const rewritten = rewrite(sql);
    return convert({ sql, rewritten }, parsed(rewritten), 0);
  } catch (cause) {
    if (!(cause instanceof ExpressionError)) throw cause;
    const shown = sql.length > 120 ? `${sql.slice(0, 117)}...` : sql;
    const place = cause.column === undefined ? '' : `, position ${cause.column}`;
    throw new ExpressionError(`in the expression ${JSON.stringify(shown)}${place}: ${cause.message}`, cause.column, {
      cause,
    });
  }
}

const isNode = (value: unknown): value is Expr => typeof value === 'object' && value !== null && 'type' in value;

function parsed(rewritten: Rewritten): Expr {
  let trees: unknown;
  try {
    trees = parse(rewritten.text, { entry: 'expr', locationTracking: true });
  } catch (cause) {
    throw syntaxError(rewritten, cause);
  }
  const root: unknown = Array.isArray(trees) ? trees[0] : trees;
  if (!isNode(root)) throw new ExpressionError('this is not an expression', 1);
  return root;
}

function syntaxError({ text, words }: Rewritten, cause: unknown): ExpressionError {
  const token = typeof cause === 'object' && cause !== null && 'token' in cause ? cause.token : undefined;
  const offset =
    typeof token === 'object' && token !== null && 'offset' in token && typeof token.offset === 'number'
      ? token.offset
      : text.length;
  const word = words.find(({ outEnd }) => outEnd > offset);
  if (word === undefined) {
    const end = words.at(-1)?.end ?? 0;
    return new ExpressionError(
      'the expression ends here, and is not complete or has two values side by side',
      end + 1,
      { cause },
    );
  }
  const hint =
    word.kind === 'name'
      ? '; a column whose name is a word of SQL goes in double quotes, and names with spaces too'
      : '';
  return new ExpressionError(`${JSON.stringify(word.text)} cannot stand here${hint}`, word.start + 1, { cause });
}

function place({ rewritten }: Context, node: Place): number | undefined {
  if (node._location === undefined) return undefined;
  const start = rewritten.words[spanOf(rewritten, node._location).first]?.start;
  return start === undefined ? undefined : start + 1;
}

function refuse(context: Context, node: Place, message: string): never {
  throw new ExpressionError(message, place(context, node));
}

/** The original text of a node. */
function sourceOf(context: Context, node: Place): string {
  if (node._location === undefined) return '';
  const { first, last } = spanOf(context.rewritten, node._location);
  const { words } = context.rewritten;
  return context.sql.slice(words[first]?.start, words[last]?.end);
}

function convert(context: Context, node: Expr, depth: number): Expression {
  if (depth > MAX_DEPTH) refuse(context, node, `the expression is nested more than ${MAX_DEPTH} deep`);
  const inner = (child: Expr): Expression => convert(context, child, depth + 1);
  switch (node.type) {
    case 'ref':
      if (node.table !== undefined)
        refuse(context, node, 'there are no tables: name the column alone, in double quotes if it has a dot');
      if (node.name === '*') refuse(context, node, '* is not allowed: name the columns');
      return { op: 'column', name: columnName(sourceOf(context, node)) };
    case 'integer':
    case 'numeric':
    case 'parameter':
      return numberLiteral(context, node);
    case 'string':
      return { op: 'literal', type: 'string', value: sourceOf(context, node).slice(1, -1).replaceAll("''", "'") };
    case 'boolean':
      return { op: 'literal', type: 'boolean', value: node.value };
    case 'null':
      return { op: 'literal', type: 'null', value: null };
    case 'unary':
      return unary(context, node, node.op, inner(node.operand));
    case 'binary':
      return binary(context, node, inner);
    case 'ternary': {
      for (const child of [node.value, node.lo, node.hi]) requireParentheses(context, child);
      const between: Expression = { op: 'between', args: [inner(node.value), inner(node.lo), inner(node.hi)] };
      return node.op === 'BETWEEN' ? between : negated(between);
    }
    case 'cast':
      return { op: 'cast', to: castType(context, node, node.to), args: [inner(node.operand)] };
    case 'case':
      return caseOf(node, inner);
    case 'call':
      return call(context, node, inner);
    case 'extract':
      return { op: partFunction(context, node, node.field.name), args: [inner(node.from)] };
    case 'substring': {
      const from: Expression = node.from ? inner(node.from) : { op: 'literal', type: 'integer', value: 1 };
      return { op: 'substr', args: [inner(node.value), from, ...(node.for ? [inner(node.for)] : [])] };
    }
    case 'keyword':
      return refuse(context, node, refusedName(node.keyword));
    case 'select':
    case 'with':
    case 'with recursive':
    case 'union':
    case 'union all':
    case 'values':
    case 'array select':
      return refuse(context, node, 'subqueries are not allowed: an expression sees one row');
    case 'list':
    case 'array':
    case 'arrayIndex':
      return refuse(context, node, 'lists are not allowed, except after IN');
    default:
      return refuse(context, node, `${node.type} is not allowed; see docs/expressions.md for what is`);
  }
}

const negated = (tree: Expression): Expression => ({ op: 'not', args: [tree] });

const columnName = (source: string): string =>
  source.startsWith('"') ? source.slice(1, -1).replaceAll('""', '"') : source;

function numberLiteral(context: Context, node: Expr): Literal {
  const text = sourceOf(context, node);
  const value = Number(text);
  if (/^\d+$/.test(text)) {
    if (Number.isSafeInteger(value)) return { op: 'literal', type: 'integer', value };
    return refuse(
      context,
      node,
      `${text} is too large for an integer, at most 9007199254740991; write ${text}.0 for a number`,
    );
  }
  if (!Number.isFinite(value)) return refuse(context, node, `${text} is too large for a number`);
  return { op: 'literal', type: 'number', value };
}

function unary(context: Context, node: Expr & { type: 'unary' }, op: string, operand: Expression): Expression {
  if (op.startsWith('IS')) requireParentheses(context, node.operand);
  switch (op) {
    case '+':
      return operand;
    case '-':
      return operand.op === 'literal' && typeof operand.value === 'number' && !isNegative(operand.value)
        ? { op: 'literal', type: operand.type, value: operand.value === 0 ? 0 : -operand.value }
        : { op: 'negate', args: [operand] };
    case 'NOT':
      return negated(operand);
    case 'IS NULL':
      return { op: 'is_null', args: [operand] };
    case 'IS NOT NULL':
      return negated({ op: 'is_null', args: [operand] });
    case 'IS TRUE':
      return { op: 'is_true', args: [operand] };
    case 'IS NOT TRUE':
      return negated({ op: 'is_true', args: [operand] });
    case 'IS FALSE':
      return { op: 'is_false', args: [operand] };
    case 'IS NOT FALSE':
      return negated({ op: 'is_false', args: [operand] });
    default:
      return refuse(context, node, `the operator ${op} is not allowed`);
  }
}

const isNegative = (value: number): boolean => value < 0 || Object.is(value, -0);

const TESTS: ReadonlySet<string> = new Set([
  '=',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  'IN',
  'NOT IN',
  'LIKE',
  'NOT LIKE',
  'ILIKE',
  'NOT ILIKE',
]);

/**
 * Engines disagree about `a = b IS NULL` and `a < b = c` (PostgreSQL, DuckDB and this parser read them in three
 * ways), so a test inside a test must say what it means.
 */
function requireParentheses(context: Context, child: Expr): void {
  const isTest =
    child.type === 'ternary' ||
    (child.type === 'binary' && TESTS.has(child.op)) ||
    (child.type === 'unary' && child.op.startsWith('IS'));
  if (!isTest || child._location === undefined) return;
  if (isParenthesised(context.rewritten, spanOf(context.rewritten, child._location))) return;
  refuse(context, child, 'a comparison within a comparison needs parentheses, to say which goes first');
}

function binary(context: Context, node: ExprBinary, inner: (child: Expr) => Expression): Expression {
  if (TESTS.has(node.op)) {
    requireParentheses(context, node.left);
    requireParentheses(context, node.right);
  }
  if (node.op === 'IN' || node.op === 'NOT IN') {
    const listed = node.right.type === 'list' ? node.right.expressions : [node.right];
    const isIn: Expression = { op: 'in', args: [inner(node.left), ...listed.map(inner)] };
    return node.op === 'IN' ? isIn : negated(isIn);
  }
  const args = [inner(node.left), inner(node.right)];
  if (node.opSchema === OWN_SCHEMA) {
    if (node.op === '/') return { op: '//', args };
    const distinct: Expression = { op: 'is_distinct', args };
    return node.op === '=' ? negated(distinct) : distinct;
  }
  if (node.op === 'NOT LIKE') return negated({ op: 'like', args });
  if (node.op === 'NOT ILIKE') return negated({ op: 'ilike', args });
  const op = BINARY[node.op];
  if (op === undefined || node.opSchema !== undefined) {
    return refuse(
      context,
      node,
      `the operator ${node.op} is not allowed; allowed are + - * / // % ^ || = <> < <= > >= AND OR NOT IN BETWEEN LIKE ILIKE IS`,
    );
  }
  return { op, args };
}

function castType(context: Context, node: Place, to: DataTypeDef): ColumnType {
  const allowed = 'integer, bigint, double, varchar, boolean, timestamp, date';
  if (!('name' in to)) return refuse(context, node, `arrays are not allowed; a cast goes to ${allowed}`);
  const type = Object.hasOwn(TYPES, to.name) ? TYPES[to.name] : undefined;
  if (type === undefined) return refuse(context, node, `the type ${to.name} is not allowed; a cast goes to ${allowed}`);
  if (to.config !== undefined && to.config.length > 0) return refuse(context, node, `${to.name} takes no length here`);
  return type;
}

function caseOf(node: ExprCase, inner: (child: Expr) => Expression): Expression {
  const subject = node.value ? inner(node.value) : undefined;
  const args = node.whens.flatMap(({ when, value }): Expression[] => {
    const condition = inner(when);
    return [subject === undefined ? condition : { op: '=', args: [subject, condition] }, inner(value)];
  });
  return { op: 'case', args: [...args, node.else ? inner(node.else) : { op: 'literal', type: 'null', value: null }] };
}

function call(context: Context, node: ExprCall, inner: (child: Expr) => Expression): Expression {
  const name = node.function.name.toLowerCase();
  if (node.function.schema !== undefined)
    refuse(context, node, `${node.function.schema}.${name} is not allowed: functions have no schema`);
  if (node.over) refuse(context, node, 'windows (OVER) are not allowed: an expression sees one row');
  if (node.distinct || node.orderBy || node.filter || node.withinGroup) {
    refuse(context, node, 'DISTINCT, ORDER BY, FILTER and WITHIN GROUP belong to aggregates, which are not allowed');
  }
  if (!isKnownFunction(name)) refuse(context, node, refusedName(name));
  if (name === 'position') return position(context, node, inner);
  return callOf(context, node, name, node.args.map(inner));
}

const isKnownFunction = (name: string): boolean =>
  isFunctionName(name) || Object.hasOwn(ALIASES, name) || FORMS.some((form) => form === name);

/** `position('b' in text)`, which the parser reads as a call with a test in it. */
function position(context: Context, node: ExprCall, inner: (child: Expr) => Expression): Expression {
  const [test] = node.args;
  if (node.args.length !== 1 || test?.type !== 'binary' || test.op !== 'IN') {
    return refuse(context, node, 'position is written position(part IN text)');
  }
  return { op: 'strpos', args: [inner(test.right), inner(test.left)] };
}

function callOf(context: Context, node: ExprCall, name: string, args: Expression[]): Expression {
  if (name === 'if') {
    if (args.length !== 3) refuse(context, node, `if takes a condition and two values, found ${args.length} arguments`);
    return { op: 'case', args };
  }
  if (name === 'date_part') {
    const [part, value] = args;
    if (args.length !== 2 || part?.op !== 'literal' || typeof part.value !== 'string' || value === undefined) {
      return refuse(context, node, "date_part takes the part as text and a date: date_part('hour', time)");
    }
    return { op: partFunction(context, node, part.value), args: [value] };
  }
  // log of one argument is the common logarithm in PostgreSQL and DuckDB alike.
  if (name === 'log' && args.length === 1) return { op: 'log10', args };
  const op = ALIASES[name] ?? (isFunctionName(name) ? name : FORMS_AS_OPERATIONS.find((form) => form === name));
  if (op === undefined) return refuse(context, node, refusedName(name));
  if ((op === '%' || op === '//') && args.length !== 2)
    refuse(context, node, `${name} takes 2 arguments, found ${args.length}`);
  return { op, args };
}

const FORMS_AS_OPERATIONS = ['coalesce', 'nullif', 'greatest', 'least', 'concat', 'concat_ws'] as const;

function partFunction(context: Context, node: Place, part: string): Operation {
  const lower = part.toLowerCase();
  const op = Object.hasOwn(PART_FUNCTIONS, lower) ? PART_FUNCTIONS[lower] : undefined;
  if (op === undefined) {
    return refuse(
      context,
      node,
      `${part} is not a part of a date; the parts are ${Object.keys(PART_FUNCTIONS).join(', ')} (date_trunc and date_diff: ${DATE_PARTS.join(', ')})`,
    );
  }
  return op;
}

function refusedName(name: string): string {
  if (AGGREGATES.has(name)) {
    const hint = name === 'min' || name === 'max' ? `; use ${name === 'min' ? 'least' : 'greatest'} over columns` : '';
    return `${name} is an aggregate, and an expression sees one row${hint}`;
  }
  if (WINDOWS.has(name)) return `${name} is a window function, and an expression sees one row`;
  if (VOLATILE.has(name))
    return `${name} changes from call to call, and an expression must give the same value for the same row`;
  if (FILE_FUNCTIONS.has(name)) return `${name} reads files, tables or settings, and an expression sees one row`;
  const known = [...Object.keys(FUNCTIONS), ...Object.keys(ALIASES), ...FORMS];
  const why = NOT_NEEDED[name];
  if (why !== undefined) return `the function ${name} is not allowed: ${why}`;
  return `the function ${name} is not allowed${suggestion(name, known)} (allowed: ${Object.keys(FUNCTIONS).join(', ')}, ${FORMS.join(', ')})`;
}

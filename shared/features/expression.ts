import * as z from 'zod';
import { MillraceError } from '../errors.ts';
import { COLUMN_TYPES, type ColumnType } from './columns.ts';
import { OPERATIONS, type Operation } from './operations.ts';

/** A column of the row, by its name in the data. An exact match wins over one that differs only in case. */
interface ColumnReference {
  readonly op: 'column';
  readonly name: string;
}

/** A constant; `null` is SQL's NULL. `integer` and `number` differ as `2` and `2.0` do. */
export interface Literal {
  readonly op: 'literal';
  readonly type: 'integer' | 'number' | 'string' | 'boolean' | 'null';
  readonly value: number | string | boolean | null;
}

/** A conversion; what cannot be converted becomes NULL. */
export interface Cast {
  readonly op: 'cast';
  readonly to: ColumnType;
  readonly args: readonly [Expression];
}

/** An operator or function over its arguments, see `OPERATIONS`. */
interface Application {
  readonly op: Operation;
  readonly args: readonly Expression[];
}

/** One scalar expression over the columns of a row, as plain data: what a published definition carries. */
export type Expression = ColumnReference | Literal | Cast | Application;

/** The longest text of one expression, in characters. */
export const MAX_TEXT = 10_000;
/** The deepest nesting of one expression. */
export const MAX_DEPTH = 100;

/** The expression is not one we take: not SQL, not allowed, or not of the right types. Trying again cannot help. */
export class ExpressionError extends MillraceError {
  override readonly name = 'ExpressionError';
  readonly retryable = false;
  /** Where in the text the trouble is, counted from 1; undefined when the text is not at hand. */
  readonly column: number | undefined;

  constructor(message: string, column?: number, options?: ErrorOptions) {
    super(message, options);
    this.column = column;
  }
}

const literalSchema = z.union([
  z.strictObject({ op: z.literal('literal'), type: z.literal('integer'), value: z.int() }),
  z.strictObject({ op: z.literal('literal'), type: z.literal('number'), value: z.number() }),
  z.strictObject({ op: z.literal('literal'), type: z.literal('string'), value: z.string() }),
  z.strictObject({ op: z.literal('literal'), type: z.literal('boolean'), value: z.boolean() }),
  z.strictObject({ op: z.literal('literal'), type: z.literal('null'), value: z.null() }),
]);

/** Reads back a tree written as JSON. Arity and types are checked where the columns are known, by `typeOf`. */
export const expressionSchema: z.ZodType<Expression> = z.lazy(() =>
  z.union([
    z.strictObject({ op: z.literal('column'), name: z.string().min(1) }),
    literalSchema,
    z.strictObject({ op: z.literal('cast'), to: z.enum(COLUMN_TYPES), args: z.tuple([expressionSchema]) }),
    z.strictObject({ op: z.enum(OPERATIONS), args: z.array(expressionSchema) }),
  ]),
);

/** The names of the columns an expression reads, as written, each once, in order of appearance. */
export function columnsRead(tree: Expression): string[] {
  const names = new Set<string>();
  const visit = (node: Expression): void => {
    if (node.op === 'column') names.add(node.name);
    else if (node.op !== 'literal') for (const argument of node.args) visit(argument);
  };
  visit(tree);
  return [...names];
}

const PLAIN_NAME = /^[a-z_][a-z0-9_]*$/;
const INFIX: ReadonlySet<string> = new Set([
  '+',
  '-',
  '*',
  '/',
  '//',
  '%',
  '||',
  '=',
  '<>',
  '<',
  '<=',
  '>',
  '>=',
  'and',
  'or',
  'like',
  'ilike',
]);
const POSTFIX: Readonly<Record<string, string>> = {
  is_null: 'IS NULL',
  is_true: 'IS TRUE',
  is_false: 'IS FALSE',
};

/** The expression as SQL, for messages and reports; every operation in parentheses. */
export function toSql(tree: Expression): string {
  if (tree.op === 'column') return PLAIN_NAME.test(tree.name) ? tree.name : `"${tree.name.replaceAll('"', '""')}"`;
  if (tree.op === 'literal') return literalText(tree);
  const args = tree.args.map(toSql);
  const [first = '', ...rest] = args;
  if (tree.op === 'cast')
    return `CAST(${first} AS ${tree.to === 'number' ? 'double' : tree.to === 'integer' ? 'bigint' : tree.to === 'string' ? 'varchar' : tree.to})`;
  if (INFIX.has(tree.op)) return `(${args.join(` ${tree.op.toUpperCase()} `)})`;
  if (tree.op === 'is_distinct') return `(${first} IS DISTINCT FROM ${rest.join()})`;
  const postfix = POSTFIX[tree.op];
  if (postfix !== undefined) return `(${first} ${postfix})`;
  if (tree.op === 'not') return `(NOT ${first})`;
  if (tree.op === 'negate') return `(- ${first})`;
  if (tree.op === 'in') return `(${first} IN (${rest.join(', ')}))`;
  if (tree.op === 'between') return `(${first} BETWEEN ${rest.join(' AND ')})`;
  if (tree.op === 'case') return caseText(args);
  return `${tree.op}(${args.join(', ')})`;
}

function literalText({ type, value }: Literal): string {
  if (type === 'string') return `'${String(value).replaceAll("'", "''")}'`;
  if (type === 'number') return /[.e]/.test(String(value)) ? String(value) : `${value}.0`;
  return type === 'null' ? 'NULL' : String(value);
}

/** `args` are pairs of condition and value, then the value of ELSE. */
function caseText(args: readonly string[]): string {
  const pairs = [];
  for (let i = 0; i + 1 < args.length; i += 2) pairs.push(`WHEN ${args[i]} THEN ${args[i + 1]}`);
  return `CASE ${pairs.join(' ')} ELSE ${args.at(-1)} END`;
}

import { type ColumnTypes, checkExpression, type Typed } from './check.ts';
import type { Column, ColumnBatch, Vector } from './columns.ts';
import { type Expression, ExpressionError } from './expression.ts';
import { kernelOf } from './kernels.ts';
import { applied, type Made, madeConstant, madeRows } from './made-columns.ts';
import { constant, withoutImpossible } from './vectors.ts';

/** Expressions as one function over columns: one value per row for each expression, in the order they were given. */
export type Compiled = (batch: ColumnBatch) => Vector[];

/** One step of the program: makes a column of the columns made before it. */
type Step = (made: readonly Made[], batch: ColumnBatch) => Made;

/**
 * Compiles expressions over columns of these types into **one** function, which preparation calls on thousands of rows
 * and serving on one. A part that occurs in several expressions is computed once, and what is made of few texts once for
 * each of them.
 *
 * No value throws: what has no value (division by zero, the logarithm of zero, an integer beyond 2^53, a cast that
 * fails) is null. The vectors returned may be columns of the batch itself, so treat both as read-only.
 *
 * @throws ExpressionError when a tree does not fit the types; the function throws it when a batch lacks a column or has
 * it in another type.
 */
export function compile(trees: readonly Expression[], columnTypes: ColumnTypes): Compiled {
  const steps: Step[] = [];
  const known = new Map<string, number>();
  const add = (node: Typed): number => {
    const args = 'args' in node ? node.args.map(add) : [];
    const key = JSON.stringify('args' in node ? [node.op, node.type, args] : node);
    const existing = known.get(key);
    if (existing !== undefined) return existing;
    steps.push(stepOf(node, args));
    known.set(key, steps.length - 1);
    return steps.length - 1;
  };
  const outputs = trees.map((tree) => add(checkExpression(tree, columnTypes)));
  return (batch) => {
    const made: Made[] = [];
    for (const step of steps) made.push(step(made, batch));
    return outputs.map((index) => at(made, index).rows());
  };
}

function at(made: readonly Made[], index: number): Made {
  const column = made[index];
  if (column === undefined) throw new RangeError(`step ${index} has not run`);
  return column;
}

function stepOf(node: Typed, args: readonly number[]): Step {
  if (node.op === 'column') return columnStep(node.name, node.type);
  if (node.op === 'literal') {
    let last: Column | undefined;
    const make = (rows: number): Column => {
      if (last === undefined || last.values.length !== rows) last = constant(node.type, node.value, rows);
      return last;
    };
    return (_, { rows }) => madeConstant(make, rows);
  }
  const kernel = kernelOf(node);
  return (made, { rows }) =>
    applied(
      kernel,
      args.map((index) => at(made, index)),
      rows,
    );
}

function columnStep(name: string, type: Column['type']): Step {
  return (_, { columns, rows }) => {
    const column = Object.hasOwn(columns, name) ? columns[name] : undefined;
    if (column === undefined) throw new ExpressionError(`the rows have no column ${name}`);
    if (column.type !== type)
      throw new ExpressionError(
        `the column ${name} is ${column.type}, and was ${type} when the expression was compiled`,
      );
    if (column.values.length !== rows)
      throw new ExpressionError(`the column ${name} has ${column.values.length} values for ${rows} rows`);
    return madeRows(withoutImpossible(column), rows);
  };
}

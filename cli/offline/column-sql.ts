/** Columns as expressions of a definition name them. */
import { identifier } from '../../shared/data/engine.ts';
import { type Expression, ExpressionError } from '../../shared/features/expression.ts';
import { parseExpression } from '../../shared/features/parse.ts';

/** An expression as it is read; undefined where it cannot be. */
function parsed(sql: string): Expression | undefined {
  try {
    return parseExpression(sql);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return undefined;
  }
}

/** Whether an expression can be read: a column's name may hold what SQL cannot say. */
export const isSayable = (sql: string): boolean => parsed(sql) !== undefined;

/** A column's name in an expression: in quotes only where it would be read as something else without. */
export function columnSql(name: string): string {
  const plain = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? parsed(name) : undefined;
  return plain?.op === 'column' && plain.name === name ? name : identifier(name);
}

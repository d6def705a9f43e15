/** What a record to predict may hold. */
import { type ColumnTypes, columnsResolved } from '../features/check.ts';
import type { RunInput } from './run-input.ts';

/**
 * The types of a record's fields: those of the data the model was trained on. A column that happened to hold whole numbers
 * alone takes others too, where it is nothing but a number to the model: 9.5 is to a tree what it is, and the next
 * dataset may have it as well. It stays whole where a feature computes with it, makes it a category, or a key names rows by it.
 */
export function recordTypes({
  features,
  columnTypes,
  joinKey = [],
}: Pick<RunInput, 'features' | 'columnTypes' | 'joinKey'>): ColumnTypes {
  const plain = new Set<string>();
  const whole = new Set(joinKey);
  for (const { kind, encoding, expression } of features) {
    const isPlain = expression.op === 'column' && kind === 'number' && encoding === undefined;
    for (const name of columnsResolved(expression, columnTypes)) (isPlain ? plain : whole).add(name);
  }
  return Object.fromEntries(
    Object.entries(columnTypes).map(([name, type]) => [
      name,
      type === 'integer' && plain.has(name) && !whole.has(name) ? 'number' : type,
    ]),
  );
}

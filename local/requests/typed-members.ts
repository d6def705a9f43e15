/** Members that came as text, in forms, queries and headers, as the types that AWS's service models give them. */
import type { Json, JsonObject } from '../contracts.ts';
import { constraintsOf, type ServiceConstraints } from './constraints.ts';

const NUMBERS: ReadonlySet<string> = new Set(['integer', 'long', 'float', 'double']);

const typed = (constraints: ServiceConstraints, shapeName: string | undefined, value: Json): Json => {
  if (shapeName === undefined) return value;
  const shape = constraints.shapes.get(shapeName);
  if (typeof value === 'string') {
    // A scalar without constraints has no line of its own, but the name of its type.
    const type = shape?.type ?? shapeName;
    if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
    if (NUMBERS.has(type) && value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
    return value;
  }
  if (!shape) return value;
  if (Array.isArray(value))
    return shape.type === 'list' ? value.map((item) => typed(constraints, shape.member, item)) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (shape.type !== 'structure' && shape.type !== 'map') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      typed(constraints, shape.type === 'map' ? shape.value : shape.members[name], member),
    ]),
  );
};

/**
 * @param service botocore's name of the model.
 * @returns The members with every text that stands for a number or a truth value turned into one. What does not, and what
 *   no model knows, stays as it came.
 */
export const typedMembers = (service: string, operation: string, params: JsonObject): JsonObject => {
  const constraints = constraintsOf(service);
  const input = constraints.shapes.get(constraints.operations.get(operation) ?? '');
  // JSON has types of its own: a text in it is a text.
  if (constraints.protocol === 'json' || input?.type !== 'structure') return params;
  return Object.fromEntries(
    Object.entries(params).map(([name, member]) => [name, typed(constraints, input.members[name], member)]),
  );
};

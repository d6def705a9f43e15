/** Values as AWS's messages show them: as Java's `toString` writes them. */
import type { Json } from '../contracts.ts';
import type { ServiceConstraints, ShapeLine } from './constraints.ts';

/** `TrainingJobName` → `trainingJobName`, as members are called in messages. */
export const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

// PutEvents shows two members that no public model has, null in every request (recorded).
const INTERNAL_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  PutEventsRequestEntry: ['kmsKeyIdentifier', 'internalMetadata'],
};

const shapeNamed = (constraints: ServiceConstraints, name: string): ShapeLine | undefined =>
  constraints.shapes.get(name);

/** @param shapeName What the value is; a type's name where it has no shape of its own. */
export const javaText = (constraints: ServiceConstraints, shapeName: string, value: Json | undefined): string => {
  if (value === undefined || value === null) return 'null';
  const shape = shapeNamed(constraints, shapeName);
  if (Array.isArray(value)) {
    const member = shape?.type === 'list' ? shape.member : 'document';
    return `[${value.map((item) => javaText(constraints, member, item)).join(', ')}]`;
  }
  if (typeof value !== 'object') {
    const isFloating = shape?.type === 'double' || shape?.type === 'float';
    return typeof value === 'number' && isFloating && Number.isInteger(value) ? `${value}.0` : String(value);
  }
  if (shape?.type === 'structure') {
    const members = Object.entries(shape.members).map(
      ([name, target]) => `${lowerFirst(name)}=${javaText(constraints, target, value[name])}`,
    );
    const own = (INTERNAL_MEMBERS[shapeName] ?? []).map((name) => `${name}=null`);
    return `${shapeName}(${[...members, ...own].join(', ')})`;
  }
  const target = shape?.type === 'map' ? shape.value : 'document';
  return `{${Object.entries(value)
    .map(([name, item]) => `${name}=${javaText(constraints, target, item)}`)
    .join(', ')}}`;
};

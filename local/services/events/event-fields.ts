import type { Json } from '../../contracts.ts';

/** A value at the end of a path: patterns are about these alone. */
export type Leaf = string | number | boolean | null;

/** One leaf of an event. */
export interface EventField {
  readonly value: Leaf;
  /** Which element of which array of objects the leaf lies in: array number to index. */
  readonly membership: ReadonlyMap<number, number>;
}

const NOWHERE: ReadonlyMap<number, number> = new Map();

/**
 * An event as its leaves, by dotted path. Empty arrays and objects have no leaf, so they count as absent, and arrays
 * of arrays read as one array: both as in aws/event-ruler, which matches for EventBridge.
 */
export const fieldsOf = (event: Json): ReadonlyMap<string, readonly EventField[]> => {
  if (typeof event !== 'object' || event === null) return leavesOf(event);
  let fields = known.get(event);
  if (!fields) {
    fields = leavesOf(event);
    known.set(event, fields);
  }
  return fields;
};

/** Every rule of a bus asks about the same event, which does not change once it is published. */
const known = new WeakMap<object, ReadonlyMap<string, readonly EventField[]>>();

const leavesOf = (event: Json): ReadonlyMap<string, readonly EventField[]> => {
  const fields = new Map<string, EventField[]>();
  let arrays = 0;

  const walk = (value: Json, path: string, membership: ReadonlyMap<number, number>): void => {
    if (Array.isArray(value)) {
      const array = arrays++;
      for (const [index, element] of value.entries()) {
        const inside = typeof element === 'object' && element !== null && !Array.isArray(element);
        walk(element, path, inside ? new Map([...membership, [array, index]]) : membership);
      }
    } else if (typeof value === 'object' && value !== null) {
      for (const name in value) walk(value[name] ?? null, path === '' ? name : `${path}.${name}`, membership);
    } else {
      const found = fields.get(path);
      if (found) found.push({ value, membership });
      else fields.set(path, [{ value, membership }]);
    }
  };
  walk(event, '', NOWHERE);
  return fields;
};

/** Both memberships together; undefined if they name different elements of one array. */
export const together = (
  one: ReadonlyMap<number, number>,
  other: ReadonlyMap<number, number>,
): ReadonlyMap<number, number> | undefined => {
  if (other.size === 0) return one;
  for (const [array, index] of other) {
    const known = one.get(array);
    if (known !== undefined && known !== index) return undefined;
  }
  return new Map([...one, ...other]);
};

export const NO_MEMBERSHIP = NOWHERE;

/** Copies of JSON: what crosses between services belongs to nobody else. */
import type { Json, JsonObject } from './contracts.ts';

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && !('toJSON' in value);
};

/** What JSON would say of a member; undefined where it would say nothing. */
const copied = (value: unknown): Json | undefined => {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  // JSON knows no number but the finite ones, and one zero.
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : null;
  if (Array.isArray(value)) return value.map((item: unknown) => copied(item) ?? null);
  if (typeof value === 'object' && isPlain(value)) return copyOfMembers(value);
  const text: string | undefined = JSON.stringify(value);
  return text === undefined ? undefined : JSON.parse(text);
};

const copyOfMembers = (members: object): JsonObject => {
  const copy: JsonObject = {};
  for (const [name, member] of Object.entries(members)) {
    const value = copied(member);
    if (value === undefined) continue;
    // To assign it would set the copy's prototype.
    if (name === '__proto__')
      Object.defineProperty(copy, name, { value, enumerable: true, writable: true, configurable: true });
    else copy[name] = value;
  }
  return copy;
};

/**
 * The object that `JSON.parse(JSON.stringify(value))` gives, made without the text in between.
 * @throws TypeError for what is no object as JSON, or cannot be JSON.
 */
export const jsonCopy = (value: object): JsonObject => {
  const copy = copied(value);
  if (typeof copy === 'object' && copy !== null && !Array.isArray(copy)) return copy;
  throw new TypeError('not a JSON object');
};

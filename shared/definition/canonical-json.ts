import { createHash } from 'node:crypto';

/**
 * JSON with one spelling: keys sorted by code unit, no spaces, numbers in their shortest form. What digests are taken of.
 *
 * @throws TypeError for what JSON has no one spelling for: undefined, NaN, infinities, functions, dates, …
 */
export function canonicalJson(value: unknown): string {
  return write(value, '$');
}

function write(value: unknown, path: string): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${path} is ${value}, which JSON cannot say`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${Array.from(value, (item, i) => write(item, `${path}[${i}]`)).join(',')}]`;
  if (typeof value === 'object' && isPlain(value)) {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${write(member, `${path}.${name}`)}`).join(',')}}`;
  }
  throw new TypeError(
    `${path} is ${typeof value === 'object' ? 'not a plain object' : typeof value}, which JSON cannot say`,
  );
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The sha256, in hex, of a value's canonical JSON. @throws TypeError as {@link canonicalJson}. */
export const digestOf = (value: unknown): string => createHash('sha256').update(canonicalJson(value)).digest('hex');

import type { Json, JsonObject } from '../../../local/contracts.ts';
import { isObject } from './expectation.ts';

/** Something a placeholder stands for is not known. */
export class UnknownPlaceholder extends Error {
  override readonly name = 'UnknownPlaceholder';
}

const PLACEHOLDER = /\$\{(\w+)\}/g;

/** Puts values where `${name}` stands, in texts at any depth. @throws UnknownPlaceholder */
export const filled = <Value extends Json>(value: Value, values: ReadonlyMap<string, string>): Value => {
  const fill = (part: Json): Json => {
    if (typeof part === 'string')
      return part.replaceAll(PLACEHOLDER, (_, name: string) => {
        const known = values.get(name);
        if (known === undefined) throw new UnknownPlaceholder(name);
        return known;
      });
    if (Array.isArray(part)) return part.map(fill);
    if (!isObject(part)) return part;
    return Object.fromEntries(Object.entries(part).map(([name, inner]) => [String(fill(name)), fill(inner)] as const));
  };
  return fill(value) as Value;
};

/** Names of the placeholders in a value. */
export const placeholdersIn = (value: unknown): ReadonlySet<string> =>
  new Set([...JSON.stringify(value).matchAll(PLACEHOLDER)].map(([, name = '']) => name));

/** What parameters say in data that JSON cannot: bytes, JSON as text, times by seconds from now. */
export interface Forms<Value> {
  bytes(text: string): Value;
  time(iso: string): Value;
}

/** Parameters as a client wants them: `{ $bytes }`, `{ $json }`, `{ $repeat: [text, times] }` and `{ $now: seconds }` made real. */
export const realised = <Value>(
  params: JsonObject,
  now: Date,
  forms: Forms<Value>,
): { [name: string]: Json | Value | (Json | Value)[] } => {
  const make = (part: Json): Json | Value => {
    if (Array.isArray(part)) return part.map((each) => make(each) as Json);
    if (!isObject(part)) return part;
    const [name = ''] = Object.keys(part);
    const operand = part[name] ?? null;
    switch (name) {
      case '$bytes': {
        const inner = isObject(operand) ? make(operand) : operand;
        return forms.bytes(String(inner));
      }
      case '$json':
        return JSON.stringify(operand);
      case '$repeat': {
        const [text, times] = Array.isArray(operand) ? operand : [];
        return String(text).repeat(Number(times));
      }
      case '$now':
        return forms.time(new Date(now.getTime() + Number(operand) * 1000).toISOString());
      case '$nowMs':
        return now.getTime() + Number(operand) * 1000;
      default:
        return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, make(inner) as Json] as const));
    }
  };
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, make(value)] as const));
};

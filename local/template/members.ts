import type { Json, JsonObject } from '../contracts.ts';

/** Makes the error a reader throws; so one reader serves templates (400 at deployment) and requests alike. */
export type Fail = (message: string) => Error;

/** Reads the members of a JSON object by name and type. Every failure names the member. */
export interface Members {
  has(name: string): boolean;
  json(name: string): Json | undefined;
  text(name: string): string;
  optionalText(name: string): string | undefined;
  /** Whole numbers within bounds; a string of digits is one, as CloudFormation allows. */
  integer(name: string, bounds: { min: number; max: number }): number | undefined;
  /** `true`, `false` and their strings, as CloudFormation allows. */
  flag(name: string): boolean | undefined;
  texts(name: string): string[] | undefined;
  /** A nested object whose members are known, too. */
  object(name: string, known: readonly string[]): Members | undefined;
  objects(name: string, known: readonly string[]): Members[] | undefined;
  /** An object of strings under names of the writer's choice (environment variables, tags). Numbers and booleans become text. */
  map(name: string): Record<string, string> | undefined;
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A scalar as CloudFormation turns it into text; undefined for what is none. */
export const scalarText = (value: Json | undefined): string | undefined => {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
};

/**
 * @param where What the object is, for messages: `AWS::Lambda::Function Gate`.
 * @param known Every member there may be.
 * @throws what `fail` makes, when there is a member that is not known: what is not honoured is refused by name.
 */
export const membersOf = (object: JsonObject, where: string, known: readonly string[], fail: Fail): Members => {
  for (const name of Object.keys(object)) {
    if (!known.includes(name)) throw fail(`${where}: ${name} is not supported; supported: ${known.join(', ')}`);
  }
  const given = (name: string) => (object[name] === null ? undefined : object[name]);
  const wrong = (name: string, expected: string) =>
    fail(`${where}: ${name} must be ${expected}, found ${JSON.stringify(given(name)) ?? 'nothing'}`);
  const child = (name: string, value: Json, inner: readonly string[]) => {
    if (!isObject(value)) throw wrong(name, 'an object');
    return membersOf(value, `${where}.${name}`, inner, fail);
  };

  const optionalText = (name: string) => {
    const value = given(name);
    if (value === undefined) return undefined;
    const text = scalarText(value);
    if (text === undefined) throw wrong(name, 'a string');
    return text;
  };

  return {
    has: (name) => given(name) !== undefined,
    json: given,
    optionalText,
    text(name) {
      const text = optionalText(name);
      if (text === undefined || text === '') throw wrong(name, 'a string');
      return text;
    },
    integer(name, { min, max }) {
      const value = given(name);
      if (value === undefined) return undefined;
      const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
      if (typeof number !== 'number' || !Number.isInteger(number) || number < min || number > max) {
        throw wrong(name, `a whole number from ${min} to ${max}`);
      }
      return number;
    },
    flag(name) {
      const value = given(name);
      if (value === undefined || typeof value === 'boolean') return value;
      if (value === 'true' || value === 'false') return value === 'true';
      throw wrong(name, 'true or false');
    },
    texts(name) {
      const value = given(name);
      if (value === undefined) return undefined;
      if (!Array.isArray(value)) throw wrong(name, 'a list of strings');
      return value.map((item) => {
        if (typeof item !== 'string') throw wrong(name, 'a list of strings');
        return item;
      });
    },
    object(name, inner) {
      const value = given(name);
      return value === undefined ? undefined : child(name, value, inner);
    },
    objects(name, inner) {
      const value = given(name);
      if (value === undefined) return undefined;
      if (!Array.isArray(value)) throw wrong(name, 'a list of objects');
      return value.map((item, index) => child(`${name}[${index}]`, item, inner));
    },
    map(name) {
      const value = given(name);
      if (value === undefined) return undefined;
      if (!isObject(value)) throw wrong(name, 'an object of strings');
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => {
          const text = scalarText(item);
          if (text === undefined) throw fail(`${where}: ${name}.${key} must be a string`);
          return [key, text];
        }),
      );
    },
  };
};

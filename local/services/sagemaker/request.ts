import type { Json, JsonObject } from '../../contracts.ts';
import { jsonCopy } from '../../json-copy.ts';
import { type Reader, readInput } from '../parameters.ts';

/** A request that has been read, and a copy of what was sent, for the answers that give it back. */
export interface Request<T> {
  readonly value: T;
  readonly given: JsonObject;
}

const withoutNulls = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([name, member]) => [name, withoutNulls(member)]),
  );
};

/** @throws ServiceError as {@link readInput} does. */
export const parse = <T>(operation: string, reader: Reader<T>, input: JsonObject): Request<T> => ({
  value: readInput(operation, reader, input),
  given: withoutNulls(input) as JsonObject,
});

/** A copy as JSON: members that are undefined are left out. */
export const toJson = (value: object): JsonObject => jsonCopy(value);

/** A time on the wire of this protocol: epoch seconds. */
export const toSeconds = (ms: number): number => ms / 1000;

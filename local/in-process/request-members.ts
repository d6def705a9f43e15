/** Reading the members of a request that becomes HTTP. */
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';

import { ServiceError } from '../contracts.ts';
import type { Members } from './client.ts';

/** @throws ServiceError for a member that is neither text, number nor boolean. */
export const optionalText = (input: Members, name: string): string | undefined => {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new ServiceError('ValidationException', `${name} is no text, number or boolean`);
};

/** @throws ServiceError when the member is missing. */
export const text = (input: Members, name: string): string => {
  const value = optionalText(input, name);
  if (value === undefined || value === '') throw new ServiceError('ValidationException', `${name} is missing`);
  return value;
};

/** The bytes of a member that may be text, bytes or a stream. @throws ServiceError for anything else. */
export const bytes = (input: Members, name: string): Uint8Array | Promise<Uint8Array> => {
  const value = input[name];
  if (value === undefined) return new Uint8Array(0);
  if (typeof value === 'string') return Buffer.from(value);
  if (value instanceof Uint8Array) return value;
  if (value instanceof Readable) return buffer(value);
  throw new ServiceError('ValidationException', `${name} is no text, bytes or stream`);
};

/** Members that travel in headers or in the query, by the name each has there. */
export const carried = (input: Members, names: Readonly<Record<string, string>>): Record<string, string> => {
  const found: Record<string, string> = {};
  for (const member in names) {
    const name = names[member];
    const value = name === undefined ? undefined : optionalText(input, member);
    if (name !== undefined && value !== undefined) found[name] = value;
  }
  return found;
};

/** @throws ServiceError that names the member which has no place in the request. */
export const refuseOthers = (operation: string, input: Members, known: readonly string[]): void => {
  for (const name in input) {
    if (input[name] === undefined || known.includes(name)) continue;
    throw new ServiceError(
      'NotImplemented',
      `The member ${name} of ${operation} is not implemented for code in the cloud's process`,
      501,
    );
  }
};

/** A query with its question mark; '' for none. */
export const queryText = (parameters: Readonly<Record<string, string>>): string => {
  let isEmpty = true;
  for (const _ in parameters) isEmpty = false;
  return isEmpty ? '' : `?${new URLSearchParams(parameters)}`;
};

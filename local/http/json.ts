/** JSON bodies of requests. */
import { isUtf8 } from 'node:buffer';

import { type Json, type JsonObject, ServiceError } from '../contracts.ts';

/**
 * Deeper JSON is refused before anything walks it: a walk that recurses would run out of stack. No request of AWS comes
 * near; that its own limit lies lower is *assumed*.
 */
const MAX_DEPTH = 256;

/** Whether a text has more opening brackets than so many, whatever they belong to: to look for them is quick. */
const opensMoreThan = (text: string, most: number): boolean => {
  let found = 0;
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) if (++found > most) return true;
  }
  return false;
};

/** Is JSON text nested deeper than is taken? Of text that is no JSON the answer means nothing. */
export const isNestedTooDeep = (text: string): boolean => {
  if (text.length <= MAX_DEPTH || !opensMoreThan(text, MAX_DEPTH)) return false;
  let depth = 0;
  let isInText = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isInText) {
      if (character === '\\') at++;
      else if (character === '"') isInText = false;
    } else if (character === '"') isInText = true;
    else if (character === '[' || character === '{') {
      if (++depth > MAX_DEPTH) return true;
    } else if (character === ']' || character === '}') depth--;
  }
  return false;
};

const serialization = (message: string) => new ServiceError('SerializationException', message);

/**
 * @returns The object a body is; an empty one of an empty body.
 * @throws ServiceError SerializationException for what is not UTF-8, no JSON, no object, or nested too deep.
 */
export const parseJsonBody = (body: Buffer): JsonObject => {
  if (body.length === 0) return {};
  if (!isUtf8(body)) throw serialization('The body is not UTF-8');
  const text = body.toString();
  if (isNestedTooDeep(text)) throw serialization(`The body is nested deeper than ${MAX_DEPTH} levels`);
  let parsed: Json;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw serialization('The body is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw serialization('The body is not a JSON object');
  return parsed;
};

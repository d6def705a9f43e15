/** Writing and reading the little XML that AWS's query and S3 protocols need. */
import { XMLParser, XMLValidator } from 'fast-xml-parser';

import type { Json, JsonObject } from '../contracts.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};

/** Text as XML content; a carriage return must be escaped, or a parser would make a line feed of it. */
export const escapeXml = (text: string): string =>
  text.replace(/[&<>"\r]/g, (character) => ENTITIES[character] ?? character);

/** A value as the content of an element: null and undefined members are left out, lists repeat their element. */
export type XmlValue =
  | undefined
  | null
  | boolean
  | number
  | string
  | readonly XmlValue[]
  | { readonly [name: string]: XmlValue };

const isList = (value: XmlValue): value is readonly XmlValue[] => Array.isArray(value);

/** `<name>…</name>`, once per item of a list. */
export const element = (name: string, value: XmlValue, attributes = ''): string => {
  if (value === undefined || value === null) return '';
  if (isList(value)) return value.map((item) => element(name, item, attributes)).join('');
  return `<${name}${attributes}>${content(value)}</${name}>`;
};

const content = (value: Exclude<XmlValue, undefined | null | readonly XmlValue[]>): string =>
  typeof value === 'object'
    ? Object.entries(value)
        .map(([name, member]) => element(name, member))
        .join('')
    : escapeXml(String(value));

/** A whole document. */
export const xmlDocument = (root: string, value: XmlValue, namespace?: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, value, namespace === undefined ? '' : ` xmlns="${namespace}"`)}`;

/** A value as {@link parseXml} would find it in its document: everything is text, and what is empty is not there. */
export const plainDocument = (value: XmlValue): JsonObject => {
  const plain = plainValue(value);
  return typeof plain === 'object' && plain !== null && !Array.isArray(plain) ? plain : {};
};

const plainValue = (value: XmlValue): Json => {
  if (value === undefined || value === null) return null;
  if (isList(value)) return value.map(plainValue);
  if (typeof value !== 'object') return String(value);
  const members: JsonObject = {};
  for (const [name, member] of Object.entries(value)) {
    const isAbsent = member === undefined || member === null || (isList(member) && member.length === 0);
    if (!isAbsent) members[name] = plainValue(member);
  }
  return members;
};

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  parseTagValue: false,
  trimValues: false,
  removeNSPrefix: true,
  processEntities: true,
  htmlEntities: true,
});

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const toJson = (value: unknown): Json => {
  if (Array.isArray(value)) return value.map(toJson);
  if (isObject(value)) {
    const members: JsonObject = {};
    // Whitespace between elements is no member.
    for (const [name, member] of Object.entries(value)) if (name !== '#text') members[name] = toJson(member);
    return members;
  }
  return typeof value === 'string' ? value : String(value);
};

const parsedDocument = (text: string): unknown => {
  // Entities of a document's own could make much of little; that AWS takes none is *assumed*.
  if (/<!DOCTYPE/i.test(text)) return undefined;
  try {
    return XMLValidator.validate(text) === true ? parser.parse(text) : undefined;
  } catch {
    // The parser gives up on what is nested too deep.
    return undefined;
  }
};

/**
 * Parses a request body. Text stays text; a repeated element becomes a list, a single one does not (see {@link listOf}).
 * @returns The content of the root element; undefined when it is not XML or its root has another name.
 */
export const parseXml = (text: string, root: string): JsonObject | undefined => {
  const parsed = parsedDocument(text);
  if (!isObject(parsed) || !(root in parsed)) return undefined;
  const value = toJson(parsed[root]);
  if (typeof value === 'string') return value.trim() === '' ? {} : undefined;
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : undefined;
};

/** A member that may be absent, single or repeated, as a list. */
export const listOf = (value: Json | undefined): Json[] => {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
};

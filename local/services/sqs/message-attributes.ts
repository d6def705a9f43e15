import { createHash } from 'node:crypto';

import { type Json, ServiceError } from '../../contracts.ts';
import { map, optional, type Read, structure, text } from '../parameters.ts';
import { invalidParameter, notImplemented } from './errors.ts';

/** Message attributes as a request carries them. */
export const messageAttributes = map(
  structure({
    DataType: optional(text()),
    StringValue: optional(text()),
    BinaryValue: optional(text()),
  }),
);

// A message has up to ten attributes: Amazon SQS Developer Guide, sqs-message-metadata (documented).
const MOST_ATTRIBUTES = 10;

export type GivenAttributes = Read<typeof messageAttributes>;

interface MessageAttribute {
  readonly dataType: string;
  readonly stringValue: string;
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/** An attribute's name has letters, digits, `_`, `-` and `.`, up to 256, and does not begin with AWS. or Amazon.: SendMessage (documented). */
const NAME = /^(?!(?:aws|amazon)\.)[A-Za-z0-9_-][A-Za-z0-9_.-]{0,255}$/i;
const DATA_TYPE = /^(?:String|Number)(?:\.[\w.-]+)?$/;

/**
 * Checks the attributes of a message; types String and Number, custom labels included.
 * @throws ServiceError InvalidParameterValue; NotImplemented for binary values.
 */
export const checkAttributes = (given: GivenAttributes = {}): MessageAttributes => {
  const count = Object.keys(given).length;
  // The words are those of github.com/aws/aws-sdk-js/issues/2876.
  if (count > MOST_ATTRIBUTES)
    throw invalidParameter(`Number of message attributes [${count}] exceeds the allowed maximum [${MOST_ATTRIBUTES}].`);
  const checked: Record<string, MessageAttribute> = {};
  for (const [name, { DataType, StringValue, BinaryValue }] of Object.entries(given)) {
    if (!NAME.test(name) || name.includes('..') || name.endsWith('.'))
      throw invalidParameter(`The message attribute name '${name}' is invalid.`);
    if (DataType === undefined)
      throw invalidParameter(`The message attribute '${name}' must contain a non-empty message attribute type.`);
    if (DataType.startsWith('Binary') || BinaryValue !== undefined)
      throw notImplemented(`binary message attributes (${name})`);
    if (!DATA_TYPE.test(DataType))
      throw invalidParameter(
        `The type of message (user) attribute '${name}' is invalid. You must use only the following supported type prefixes: Binary, Number, String.`,
      );
    if (!StringValue)
      throw invalidParameter(
        `The message attribute '${name}' must contain a non-empty message attribute value for message attribute type '${DataType}'.`,
      );
    if (DataType.startsWith('Number') && !Number.isFinite(Number(StringValue)))
      throw invalidParameter(`Can't cast the value of message (user) attribute '${name}' to a number.`);
    checked[name] = { dataType: DataType, stringValue: StringValue };
  }
  return checked;
};

/** Bytes the attributes add to a message's size: name, type and value: message quotas (documented). */
export const attributeBytes = (attributes: MessageAttributes): number =>
  Object.entries(attributes).reduce(
    (total, [name, { dataType, stringValue }]) =>
      total + Buffer.byteLength(name) + Buffer.byteLength(dataType) + Buffer.byteLength(stringValue),
    0,
  );

const withLength = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

export const md5 = (value: string | Uint8Array): string => createHash('md5').update(value).digest('hex');

/**
 * MD5 of attributes, which clients compare: by name; length and bytes of name, type and value, with 1 before a string
 * value: Amazon SQS Developer Guide, sqs-message-metadata (documented).
 */
export const md5OfAttributes = (attributes: MessageAttributes): string | undefined => {
  const names = Object.keys(attributes).sort();
  if (names.length === 0) return undefined;
  const parts = names.flatMap((name) => {
    const { dataType, stringValue } = attributes[name] as MessageAttribute;
    return [withLength(name), withLength(dataType), Buffer.from([1]), withLength(stringValue)];
  });
  return md5(Buffer.concat(parts));
};

/** The attributes as ReceiveMessage gives them. */
export const attributesAnswer = (attributes: MessageAttributes): Json =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, { dataType, stringValue }]) => [
      name,
      { DataType: dataType, StringValue: stringValue },
    ]),
  );

/** The Unicode characters a message may have: SendMessage (documented). */
const ALLOWED = /^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u;

/** @throws ServiceError InvalidMessageContents. */
export const checkBody = (body: string): void => {
  if (!ALLOWED.test(body))
    throw new ServiceError('InvalidMessageContents', 'Invalid characters were found in the message body.');
};

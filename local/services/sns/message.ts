import type { JsonObject } from '../../contracts.ts';
import { map, optional, type Read, structure, text } from '../parameters.ts';
import { invalid, notImplemented } from './errors.ts';

/** Message attributes as Publish takes them. */
export const messageAttributes = map(
  structure({ DataType: text(), StringValue: optional(text()), BinaryValue: optional(text()) }),
);

/** A message on a topic. */
export interface Message {
  readonly id: string;
  readonly topicArn: string;
  readonly message: string;
  readonly subject?: string | undefined;
  /** ISO, milliseconds. */
  readonly at: string;
  readonly attributes: Readonly<Record<string, { readonly Type: string; readonly Value: string }>>;
}

/** A message and its attributes have at most 256 KB: Publish (documented). */
const MOST_BYTES = 262_144;

/**
 * Checks what Publish is given.
 * @throws ServiceError InvalidParameter, NotImplemented.
 */
export const checkMessage = (
  message: string,
  subject: string | undefined,
  given: Read<typeof messageAttributes> = {},
): Pick<Message, 'message' | 'subject' | 'attributes'> => {
  if (message === '') throw invalid('Empty message');
  // A subject is ASCII, begins with a letter, number or punctuation mark, and has no line break or control character:
  // Publish (documented). *Assumed*: it may have 100 characters, where the page says less than 100.
  if (subject !== undefined && !/^[\x21-\x7e][\x20-\x7e]{0,99}$/.test(subject)) throw invalid('Subject');
  const attributes: Record<string, { Type: string; Value: string }> = {};
  let bytes = Buffer.byteLength(message);
  for (const [name, { DataType, StringValue, BinaryValue }] of Object.entries(given)) {
    if (BinaryValue !== undefined || DataType.startsWith('Binary'))
      throw notImplemented(`binary message attributes (${name})`);
    if (!/^(?:String(?:\.Array)?|Number)$/.test(DataType) || !StringValue) throw invalid(`Message attribute ${name}`);
    attributes[name] = { Type: DataType, Value: StringValue };
    bytes += Buffer.byteLength(name) + Buffer.byteLength(DataType) + Buffer.byteLength(StringValue);
  }
  if (bytes > MOST_BYTES) throw invalid('Message too long');
  return { message, subject, attributes };
};

/** What stands where AWS puts a signature: nobody can check one here. */
const UNSIGNED = Buffer.from('not signed').toString('base64');

/**
 * The envelope a queue gets without raw delivery, its members and their order (recorded).
 * @param endpoint `http://127.0.0.1:PORT`.
 */
export const envelope = (message: Message, subscriptionArn: string, endpoint: string): JsonObject => ({
  Type: 'Notification',
  MessageId: message.id,
  TopicArn: message.topicArn,
  ...(message.subject === undefined ? {} : { Subject: message.subject }),
  Message: message.message,
  Timestamp: message.at,
  SignatureVersion: '1',
  Signature: UNSIGNED,
  SigningCertURL: `${endpoint}/SimpleNotificationService.pem`,
  UnsubscribeURL: `${endpoint}/?Action=Unsubscribe&SubscriptionArn=${subscriptionArn}`,
  ...(Object.keys(message.attributes).length > 0 ? { MessageAttributes: structuredClone(message.attributes) } : {}),
});

/** What a function gets; its Url members are spelled otherwise than a queue's: Lambda developer guide, with-sns (documented). */
export const lambdaEvent = (message: Message, subscriptionArn: string, endpoint: string): JsonObject => ({
  Records: [
    {
      EventSource: 'aws:sns',
      EventVersion: '1.0',
      EventSubscriptionArn: subscriptionArn,
      Sns: {
        Type: 'Notification',
        MessageId: message.id,
        TopicArn: message.topicArn,
        Subject: message.subject ?? null,
        Message: message.message,
        Timestamp: message.at,
        SignatureVersion: '1',
        Signature: UNSIGNED,
        SigningCertUrl: `${endpoint}/SimpleNotificationService.pem`,
        UnsubscribeUrl: `${endpoint}/?Action=Unsubscribe&SubscriptionArn=${subscriptionArn}`,
        MessageAttributes: structuredClone(message.attributes),
      },
    },
  ],
});

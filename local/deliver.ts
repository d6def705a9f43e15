import { type Cloud, type Deliver, type Json, type JsonObject, ServiceError } from './contracts.ts';

/** What an ARN can be that something is sent to. */
export type DestinationKind = 'queue' | 'function' | 'topic' | 'bus';

const FORMS: readonly { readonly kind: DestinationKind; readonly form: RegExp }[] = [
  { kind: 'queue', form: /^arn:aws:sqs:[^:]+:\d{12}:[^:/]+$/ },
  { kind: 'function', form: /^arn:aws:lambda:[^:]+:\d{12}:function:[^:]+(:[^:]+)?$/ },
  { kind: 'topic', form: /^arn:aws:sns:[^:]+:\d{12}:[^:/]+$/ },
  { kind: 'bus', form: /^arn:aws:events:[^:]+:\d{12}:event-bus\/.+$/ },
];

const MOST_KINDS = 1_000;
/** By ARN: each event and each message asks for the same few. */
const kinds = new Map<string, DestinationKind>();

/**
 * What kind of resource this ARN names.
 * @throws ServiceError NotImplemented, naming the ARN, for any other target type.
 */
export const destinationKind = (arn: string): DestinationKind => {
  const known = kinds.get(arn);
  if (known) return known;
  const found = FORMS.find(({ form }) => form.test(arn));
  if (found) {
    if (kinds.size >= MOST_KINDS) kinds.clear();
    kinds.set(arn, found.kind);
    return found.kind;
  }
  throw new ServiceError(
    'NotImplemented',
    `The local cloud does not deliver to ${arn}: only to queues, functions, topics and event buses`,
    501,
  );
};

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A payload for a bus is an entry: `source`, `detail-type`, `detail` and, if there are any, `resources`. */
const entryOf = (arn: string, payload: Json) => {
  const { source, detail, resources = [], 'detail-type': detailType } = isObject(payload) ? payload : {};
  if (typeof source !== 'string' || typeof detailType !== 'string' || !isObject(detail) || !Array.isArray(resources))
    throw new ServiceError('ValidationException', `What goes to ${arn} must have source, detail-type and detail.`);
  return { source, detailType, detail, resources: resources.map(String) };
};

/**
 * Puts a value where an ARN says: a queue and a topic get it as JSON text, a function as its payload (asynchronously),
 * a bus as an event made of its `source`, `detail-type`, `detail` and `resources`.
 * The function it returns throws ServiceError when there is no such destination, or no such kind of destination.
 */
export const createDeliver =
  (cloud: Cloud): Deliver =>
  (arn, payload, by) => {
    const kind = destinationKind(arn);
    if (kind === 'queue') cloud.sqs.send(arn, JSON.stringify(payload), by ? { by } : {});
    else if (kind === 'topic') cloud.sns.publish(arn, JSON.stringify(payload), by ? { by } : {});
    else if (kind === 'function') cloud.lambda.invokeAsync(arn, structuredClone(payload));
    else cloud.events.put(arn, entryOf(arn, payload));
  };

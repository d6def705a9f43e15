/** PutEvents: what it refuses whole, and what it refuses entry by entry with HTTP 200. */
import { type Json, type JsonObject, ServiceError } from '../../contracts.ts';
import { isNestedTooDeep } from '../../http/json.ts';
import { anything, list, optional, type Read, readInput, structure, text, timestamp } from '../parameters.ts';

const entryShape = structure({
  Source: optional(text()),
  DetailType: optional(text()),
  Detail: optional(text()),
  EventBusName: optional(text({ max: 1600 })),
  Resources: optional(list(text({ max: 2048 }))),
  Time: optional(timestamp()),
});

export type Entry = Read<typeof entryShape>;

const LONGEST_DETAIL_TYPE = 128;
// The entries of a request may have 1 MB together, since January 2026: EventBridge user guide, eb-putevents (documented);
// that the refusal is still that of 256 KB (recorded in 2025) is *assumed*.
const MOST_BYTES = 1_048_576;

/** An entry's size is 14 bytes for a time and the UTF-8 bytes of the other members: eb-putevents (documented). */
const sizeOf = ({ Time, Source = '', DetailType = '', Detail = '', Resources = [] }: Entry): number =>
  (Time === undefined ? 0 : 14) +
  [Source, DetailType, Detail, ...Resources].reduce((total, each) => total + Buffer.byteLength(each), 0);

/**
 * Reads the entries of a PutEvents request.
 * @throws ServiceError ValidationException for what the request as a whole does wrong.
 */
export const readEntries = (input: JsonObject): Entry[] => {
  // A request of more than ten entries does not come here: what is generated from AWS's model refuses it, in the words
  // that AWS has for it: PutEvents (recorded).
  const { Entries } = readInput('PutEvents', structure({ Entries: list(anything(), { min: 1 }) }), input);
  const entries = readInput('PutEvents', structure({ Entries: list(entryShape) }), { Entries }).Entries;
  // A request that is too large is refused whole: PutEvents (recorded).
  if (entries.reduce((total, entry) => total + sizeOf(entry), 0) > MOST_BYTES)
    throw new ServiceError('ValidationException', 'Total size of the entries in the request is over the limit.');
  return entries;
};

/** An entry that can become an event, or what is wrong with it. */
export type Judged =
  | { readonly source: string; readonly detailType: string; readonly detail: JsonObject }
  | { readonly code: string; readonly message: string };

const missing = (name: string): Judged => ({
  code: 'InvalidArgument',
  message: `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
});

/**
 * Judges one entry. A missing Source, DetailType or Detail, and a Detail that is no JSON object, fail the entry and not
 * the request: PutEvents (recorded). A source that begins with `aws.` is AWS's own: PutEvents (documented); the error's
 * message is *assumed*.
 */
export const judge = ({ Source, DetailType, Detail }: Entry): Judged => {
  if (!Source) return missing('Source');
  if (!DetailType) return missing('DetailType');
  if (!Detail) return missing('Detail');
  // A DetailType has at most 128 characters: PutEventsRequestEntry (documented); how a longer one fails is *assumed*.
  if (DetailType.length > LONGEST_DETAIL_TYPE)
    return {
      code: 'InvalidArgument',
      message: `Parameter DetailType is not valid. Reason: DetailType is longer than ${LONGEST_DETAIL_TYPE} characters.`,
    };
  if (Source.startsWith('aws.'))
    return { code: 'NotAuthorizedForSourceException', message: 'Not authorized for the source.' };
  // *Assumed*: JSON beyond any depth in use is malformed; matching it would run out of stack.
  if (isNestedTooDeep(Detail)) return { code: 'MalformedDetail', message: 'Detail is malformed.' };
  try {
    const detail = JSON.parse(Detail) as Json;
    if (typeof detail === 'object' && detail !== null && !Array.isArray(detail))
      return { source: Source, detailType: DetailType, detail };
  } catch {
    // Not JSON at all: as malformed as JSON that is no object.
  }
  return { code: 'MalformedDetail', message: 'Detail is malformed.' };
};

/**
 * Conditional requests: reads, copies and writes.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html (documented); the errors of copies are
 * recorded.
 */
import { noSuchKey, notImplemented, preconditionFailed } from './errors.ts';

/** Conditions of a write, as their headers give them. */
export interface WriteConditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

/** Conditions of a read or of a copy's source. Times are epoch milliseconds. */
export interface ReadConditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifModifiedSince?: number | undefined;
  readonly ifUnmodifiedSince?: number | undefined;
}

// Recorded: an ETag matches with or without its quotes.
const bare = (etag: string) => etag.trim().replace(/^W\//, '').replace(/^"|"$/g, '');

const names = (header: string, etag: string): boolean =>
  header.split(',').some((one) => bare(one) === '*' || bare(one) === etag);

/**
 * @param etag Of the current object, without quotes; undefined when there is none.
 * @throws ServiceError PreconditionFailed; NoSuchKey for If-Match where nothing is.
 */
export const checkWrite = (etag: string | undefined, key: string, { ifMatch, ifNoneMatch }: WriteConditions): void => {
  if (ifMatch !== undefined && ifNoneMatch !== undefined) throw notImplemented('If-Match together with If-None-Match');
  if (ifNoneMatch !== undefined) {
    // S3 takes nothing but a star here (documented).
    if (ifNoneMatch !== '*' && bare(ifNoneMatch) !== '*') throw notImplemented(`If-None-Match: ${ifNoneMatch}`);
    if (etag !== undefined) throw preconditionFailed('If-None-Match');
  }
  if (ifMatch !== undefined) {
    if (etag === undefined) throw noSuchKey(key);
    if (!names(ifMatch, etag)) throw preconditionFailed('If-Match');
  }
};

/** Which condition of a read does not hold: of those that fail a request, of those that say "not modified". */
export type FailedCondition = 'If-Match' | 'If-Unmodified-Since' | 'If-None-Match' | 'If-Modified-Since';

/**
 * If-Match that holds outweighs If-Unmodified-Since, and If-None-Match outweighs If-Modified-Since (documented; RFC 9110
 * 13.2.2). A time that lies ahead is ignored (recorded for copies).
 * @param now Epoch milliseconds.
 */
export const failedCondition = (
  object: { readonly etag: string; readonly lastModified: number },
  conditions: ReadConditions,
  now: number,
): FailedCondition | undefined => {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  if (ifMatch !== undefined) {
    if (!names(ifMatch, object.etag)) return 'If-Match';
  } else if (ifUnmodifiedSince !== undefined && object.lastModified > ifUnmodifiedSince) return 'If-Unmodified-Since';
  if (ifNoneMatch !== undefined) {
    if (names(ifNoneMatch, object.etag)) return 'If-None-Match';
  } else if (ifModifiedSince !== undefined && ifModifiedSince <= now && object.lastModified <= ifModifiedSince)
    return 'If-Modified-Since';
  return undefined;
};

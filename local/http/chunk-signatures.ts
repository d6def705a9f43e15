/**
 * Signatures inside a body that comes in signed chunks: each is of the one before it and of its chunk, the first of the
 * request's own; a trailer's is of the last chunk's and of the trailing headers.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and …/sigv4-streaming-trailers.html (documented)
 */
import { createHash, createHmac, hash as hashOf, type KeyObject } from 'node:crypto';

import type { ChunkSignatures } from '../contracts.ts';

/** What a body in chunks that are signed says of itself in `x-amz-content-sha256`. */
export const SIGNED_CHUNKS = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
/** The same with trailing headers, which are signed, too. */
export const SIGNED_CHUNKS_AND_TRAILERS = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER';

const EMPTY_HASH = hashOf('sha256', '');

/**
 * @param seed The signature of the request's headers.
 * @param key The signing key of the request.
 * @param mismatch Makes the error for a signature that is missing or wrong.
 */
export const chunkSignatures = (
  {
    seed,
    key,
    date,
    scope,
    signsTrailers,
  }: {
    readonly seed: string;
    readonly key: KeyObject;
    /** `20010125T101500Z` */
    readonly date: string;
    /** `20010125/eu-west-1/s3/aws4_request` */
    readonly scope: string;
    readonly signsTrailers: boolean;
  },
  mismatch: (given: string | undefined, stringToSign: string) => Error,
): ChunkSignatures => {
  let previous = seed;
  let hash = createHash('sha256');
  const check = (given: string | undefined, algorithm: string, ...hashes: readonly string[]) => {
    const stringToSign = [algorithm, date, scope, previous, ...hashes].join('\n');
    const expected = createHmac('sha256', key).update(stringToSign).digest('hex');
    if (given !== expected) throw mismatch(given, stringToSign);
    previous = expected;
  };
  return {
    signsTrailers,
    update(bytes) {
      hash.update(bytes);
    },
    endChunk(signature) {
      check(signature, 'AWS4-HMAC-SHA256-PAYLOAD', EMPTY_HASH, hash.digest('hex'));
      hash = createHash('sha256');
    },
    endTrailers(signature, trailers) {
      check(signature, 'AWS4-HMAC-SHA256-TRAILER', hashOf('sha256', trailers));
    },
  };
};

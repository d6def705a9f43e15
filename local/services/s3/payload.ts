/** Bodies of requests: unframed, measured and checked against what their headers and trailers say, as they stream. */
import { createHash } from 'node:crypto';

import { type Call, type RestRequest, ServiceError } from '../../contracts.ts';
import { decodeAwsChunked, type Trailers } from '../../http/aws-chunked.ts';
import {
  algorithmNamed,
  CHECKSUM_ALGORITHMS,
  type ChecksumAlgorithm,
  checksumHeader,
  type RunningChecksum,
  runningChecksum,
} from './checksums.ts';
import { invalidRequest, notImplemented } from './errors.ts';

/** The largest single upload (documented). */
const MAX_UPLOAD_BYTES = 5 * 1024 ** 3;

/** A body on its way in. */
export interface Payload {
  /** The object's bytes; ends with an error when they are not what was announced. */
  bytes(): AsyncIterable<Uint8Array>;
  /** The same at once, where they lie in memory; undefined where they have to be read. @throws like {@link bytes} */
  whole(): Uint8Array | undefined;
  /** The algorithm the client sent a checksum of, undefined if it sent none. */
  readonly declared: ChecksumAlgorithm | undefined;
  /** Digests of what has come so far: `MD5` in hex, checksums in base64. */
  md5(): string;
  checksum(algorithm: ChecksumAlgorithm): string;
}

const badDigest = (message: string) => new ServiceError('BadDigest', message);

const headerOf = (request: RestRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
};

const memberOf = (algorithm: ChecksumAlgorithm) => `Checksum${algorithm}`;

/** What {@link announced} finds where nothing is announced. */
const NOTHING_ANNOUNCED = { algorithm: undefined, value: undefined, trailer: undefined };

const expectedMd5 = (given: string | undefined): string | undefined => {
  if (given === undefined) return undefined;
  const bytes = Buffer.from(given, 'base64');
  if (bytes.length !== 16) throw new ServiceError('InvalidDigest', 'The Content-MD5 you specified was invalid.');
  return bytes.toString('hex');
};

const DIGEST_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
};

const lengthOf = (request: RestRequest, isFramed: boolean): number => {
  const text = headerOf(request, isFramed ? 'x-amz-decoded-content-length' : 'content-length');
  // A bodiless PUT of zero bytes may come without a length when its method says nothing follows.
  if (text === undefined && !isFramed && request.headers['transfer-encoding'] === undefined) return 0;
  if (text === undefined || !/^\d+$/.test(text)) {
    throw new ServiceError('MissingContentLength', 'You must provide the Content-Length HTTP header.', 411);
  }
  const length = Number(text);
  if (length > MAX_UPLOAD_BYTES) {
    throw new ServiceError('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', 400, {
      ProposedSize: length,
      MaxSizeAllowed: MAX_UPLOAD_BYTES,
    });
  }
  return length;
};

/** Checksum a header announces now, or a trailer will. */
const announced = (request: RestRequest, integrity: Readonly<Record<string, string>>) => {
  if (Object.keys(integrity).length === 0 && request.headers['x-amz-trailer'] === undefined) return NOTHING_ANNOUNCED;
  const inHeaders = CHECKSUM_ALGORITHMS.filter((algorithm) => integrity[memberOf(algorithm)] !== undefined);
  const trailer = headerOf(request, 'x-amz-trailer')?.trim().toLowerCase();
  const inTrailer =
    trailer === undefined ? undefined : CHECKSUM_ALGORITHMS.find((algorithm) => checksumHeader(algorithm) === trailer);
  if (trailer !== undefined && !inTrailer) throw notImplemented(`the trailer ${trailer}`);
  if (inHeaders.length + (inTrailer ? 1 : 0) > 1) {
    throw invalidRequest('Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.');
  }
  const [inHeader] = inHeaders;
  const algorithm = inHeader ?? inTrailer;
  const named = integrity.ChecksumAlgorithm;
  if (named !== undefined) {
    if (!algorithmNamed(named)) throw notImplemented(`the checksum algorithm ${named}`);
    if (!algorithm && integrity.ContentMD5 === undefined) {
      throw invalidRequest(
        'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
      );
    }
  }
  const value = inHeader && integrity[memberOf(inHeader)];
  if (inHeader && value !== undefined && Buffer.from(value, 'base64').length !== DIGEST_BYTES[inHeader]) {
    throw invalidRequest(`Value for ${checksumHeader(inHeader)} header is invalid.`);
  }
  return { algorithm, value, trailer: inTrailer && checksumHeader(inTrailer) };
};

/**
 * @param call What the signatures of chunks are checked with.
 * @param integrity What the headers say of the body, by member.
 * @param wanted Checksums to compute: one besides the client's own, one when the client has none.
 * @throws ServiceError for what the headers alone show to be wrong; what the bytes show, {@link Payload.bytes} throws:
 *   BadDigest, XAmzContentSHA256Mismatch, IncompleteBody, MalformedTrailerError, SignatureDoesNotMatch.
 */
export const openPayload = (
  request: RestRequest,
  call: Pick<Call, 'chunkSignatures'>,
  integrity: Readonly<Record<string, string>>,
  wanted: { readonly always?: ChecksumAlgorithm; readonly otherwise?: ChecksumAlgorithm },
): Payload => {
  const payloadHash = headerOf(request, 'x-amz-content-sha256');
  const isFramed =
    payloadHash?.startsWith('STREAMING-') === true ||
    headerOf(request, 'content-encoding')?.includes('aws-chunked') === true;
  const length = lengthOf(request, isFramed);
  const { algorithm: declared, value: expected, trailer } = announced(request, integrity);
  if (trailer !== undefined && !isFramed) throw invalidRequest('x-amz-trailer needs an aws-chunked body');
  const md5Expected = expectedMd5(integrity.ContentMD5);

  const md5 = runningChecksum('MD5');
  const running = new Map<ChecksumAlgorithm, RunningChecksum>();
  for (const algorithm of [wanted.always, declared ?? wanted.otherwise]) {
    if (algorithm) running.set(algorithm, runningChecksum(algorithm));
  }
  const hashExpected = payloadHash !== undefined && /^[0-9a-f]{64}$/.test(payloadHash) ? payloadHash : undefined;
  const hash = hashExpected === undefined ? undefined : createHash('sha256');
  const checksum = (algorithm: ChecksumAlgorithm) => {
    const found = running.get(algorithm);
    if (!found) throw new RangeError(`no ${algorithm} of this body was asked for`);
    return found.digest().toString('base64');
  };

  const see = (chunk: Uint8Array): void => {
    hash?.update(chunk);
    if (chunk.length === length) {
      md5.whole(chunk);
      for (const one of running.values()) one.whole(chunk);
    } else {
      md5.update(chunk);
      for (const one of running.values()) one.update(chunk);
    }
  };

  /** @throws ServiceError when what came is not what was announced. */
  const finish = (size: number, trailers: Trailers): void => {
    if (size !== length) {
      throw new ServiceError(
        'IncompleteBody',
        'You did not provide the number of bytes specified by the Content-Length HTTP header',
      );
    }
    if (md5Expected !== undefined && md5.digest().toString('hex') !== md5Expected) {
      throw badDigest('The Content-MD5 you specified did not match what we received.');
    }
    if (hash && hash.digest('hex') !== hashExpected) {
      throw new ServiceError(
        'XAmzContentSHA256Mismatch',
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
      );
    }
    const value = trailer === undefined ? expected : trailers.get(trailer);
    if (trailer !== undefined && value === undefined) {
      throw new ServiceError(
        'MalformedTrailerError',
        `The request contained trailing data that was not well-formed: ${trailer} is missing`,
      );
    }
    if (declared && value !== checksum(declared))
      throw badDigest(`The ${declared} you specified did not match the calculated checksum.`);
  };

  async function* read(): AsyncGenerator<Uint8Array, void, undefined> {
    let trailers: Trailers = new Map();
    const raw = request.iterator({ destroyOnReturn: false });
    const source = isFramed
      ? decodeAwsChunked(
          raw,
          (found) => {
            trailers = found;
          },
          call.chunkSignatures,
        )
      : raw;
    let size = 0;
    for await (const chunk of source) {
      size += chunk.length;
      if (size > length) throw new ServiceError('IncompleteBody', 'The request body is longer than it says');
      see(chunk);
      yield chunk;
    }
    finish(size, trailers);
  }

  const whole = (): Uint8Array | undefined => {
    const body = isFramed ? undefined : request.takeBody?.();
    if (body === undefined) return undefined;
    if (body.length > 0) see(body);
    finish(body.length, new Map());
    return body;
  };

  return {
    bytes: read,
    whole,
    declared,
    md5: () => md5.digest().toString('hex'),
    checksum,
  };
};

/** Reads a small body whole, checked like any other. @throws ServiceError MaxMessageLengthExceeded */
export const readText = async (
  request: RestRequest,
  call: Pick<Call, 'chunkSignatures'>,
  integrity: Readonly<Record<string, string>>,
  limitBytes: number,
): Promise<string> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of openPayload(request, call, integrity, {}).bytes()) {
    size += chunk.length;
    if (size > limitBytes) throw new ServiceError('MaxMessageLengthExceeded', 'Your request was too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
};

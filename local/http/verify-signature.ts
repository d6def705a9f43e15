/**
 * Does a signature fit the request that carries it? Signature Version 4 computed again with the secret of its access key.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html (documented)
 */
import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

import { type ChunkSignatures, ServiceError } from '../contracts.ts';
import { chunkSignatures, SIGNED_CHUNKS, SIGNED_CHUNKS_AND_TRAILERS } from './chunk-signatures.ts';
import { type Signature, signatureTime } from './sigv4.ts';

/** A request as it came. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as received. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** Whom a signature is checked against. */
export interface Credentials {
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

/** Checks one request's signature: what its headers say at once, its body when it is there. */
export interface Verification {
  /** True until a body that the signature covers has been seen. */
  readonly pending: () => boolean;
  /** @throws ServiceError InvalidSignatureException */
  verifyBody(body: Uint8Array): void;
  /** Of a body that comes in signed chunks, which its service reads as they come. */
  readonly chunks?: ChunkSignatures;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const UNSIGNED = 'UNSIGNED-PAYLOAD';
/**
 * What S3 takes for a payload's hash besides a hash; the ECDSA forms are of SigV4A, which this cloud does not speak
 * (API sigv4-auth-using-authorization-header, documented).
 */
const PAYLOAD_FORMS: readonly string[] = [
  UNSIGNED,
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  SIGNED_CHUNKS,
  SIGNED_CHUNKS_AND_TRAILERS,
];
const HASH = /^[0-9a-f]{64}$/;
const EMPTY_HASH = hash('sha256', '');
/**
 * How far a client's clock may be off: S3 allows 15 minutes (API ErrorResponses, RequestTimeTooSkewed), other services
 * say 5 "in most cases" (reference_sigv.html, documented); here all allow what S3 does.
 */
const MAX_SKEW_MS = 15 * 60_000;

const sha256 = (data: string | Uint8Array, encoding: 'utf8' | 'latin1' = 'utf8'): string =>
  hash('sha256', typeof data === 'string' && encoding === 'latin1' ? Buffer.from(data, 'latin1') : data);

const percentEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

const percentDecode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const KEYS_KEPT = 256;
const signingKeys = new Map<string, KeyObject>();

/** A signing key is good for a day, a region and a service; deriving it is most of the work. */
const signingKey = (secret: string, { day, region, service }: Signature): KeyObject => {
  const id = `${secret}/${day}/${region}/${service}`;
  let key = signingKeys.get(id);
  if (!key) {
    const bytes = [day, region, service, 'aws4_request'].reduce<Buffer>(
      (previous, part) => createHmac('sha256', previous).update(part).digest(),
      Buffer.from(`AWS4${secret}`),
    );
    // Made once: to make one of bytes takes longer than to sign with it.
    key = createSecretKey(bytes);
    if (signingKeys.size >= KEYS_KEPT) signingKeys.clear();
    signingKeys.set(id, key);
  }
  return key;
};

/** `.` and `..` taken out, slashes made one: all services but S3 sign the path like that, encoded once more. */
const normalized = (path: string): string => {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return `/${segments.join('/')}${segments.length > 0 && path.endsWith('/') ? '/' : ''}`;
};

const canonicalPaths = (path: string, service: string): readonly string[] => {
  if (service !== 's3') return [percentEncode(normalized(path)).replaceAll('%2F', '/')];
  // S3 signs the key encoded once. Some clients leave characters as they are that others encode; AWS takes both.
  const encoded = path.split('/').map(percentDecode).map(percentEncode).join('/');
  return encoded === path ? [path] : [path, encoded];
};

const canonicalQuery = (query: string, signature: Signature): string =>
  query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      const [name, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
      return [percentEncode(percentDecode(name)), percentEncode(percentDecode(value))] as const;
    })
    .filter(([name]) => signature.form === 'header' || name !== 'X-Amz-Signature')
    .sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : Number(x > y)) : a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');

const canonicalHeaders = ({ headers }: SignedRequest, { signedHeaders }: Signature): string =>
  signedHeaders
    .map((name) => {
      const value = headers[name];
      const text = Array.isArray(value) ? value.join(',') : (value ?? '');
      return `${name}:${text.trim().replace(/ {2,}/g, ' ')}\n`;
    })
    .join('');

const scopeOf = ({ day, region, service }: Signature): string => `${day}/${region}/${service}/aws4_request`;

/** Which signature would have been right, and what it is of. */
interface Expected {
  readonly signature: string;
  readonly stringToSign: string;
  /** Undefined of a chunk, which is no request. */
  readonly canonicalRequest?: string;
}

const expectations = (
  request: SignedRequest,
  signature: Signature,
  secret: string,
  payloadHash: string,
): readonly Expected[] => {
  const at = request.url.indexOf('?');
  const path = at < 0 ? request.url : request.url.slice(0, at);
  const query = canonicalQuery(at < 0 ? '' : request.url.slice(at + 1), signature);
  const headers = canonicalHeaders(request, signature);
  const key = signingKey(secret, signature);
  const scope = scopeOf(signature);
  return canonicalPaths(path, signature.service).flatMap((canonicalPath) => {
    const canonicalRequest = [
      request.method,
      canonicalPath,
      query,
      headers,
      signature.signedHeaders.join(';'),
      payloadHash,
    ].join('\n');
    // Node reads headers as Latin-1: of a client that sends UTF-8 the bytes are still the same.
    const encodings = /[^\0-\x7f]/.test(headers) ? (['utf8', 'latin1'] as const) : (['utf8'] as const);
    return encodings.map((encoding): Expected => {
      const stringToSign = [ALGORITHM, signature.date, scope, sha256(canonicalRequest, encoding)].join('\n');
      return {
        signature: createHmac('sha256', key).update(stringToSign).digest('hex'),
        stringToSign,
        canonicalRequest,
      };
    });
  });
};

/** The words are those of the services' common errors; the status of JSON services is *assumed*. */
const mismatch = (
  signature: Signature,
  [expected]: readonly Pick<Expected, 'stringToSign' | 'canonicalRequest'>[],
): ServiceError =>
  signature.service === 's3'
    ? new ServiceError(
        'SignatureDoesNotMatch',
        'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
        403,
        {
          AWSAccessKeyId: signature.accessKeyId,
          SignatureProvided: signature.signature,
          ...(expected && { StringToSign: expected.stringToSign }),
          ...(expected?.canonicalRequest !== undefined && { CanonicalRequest: expected.canonicalRequest }),
        },
      )
    : invalid(
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
      );

const invalid = (message: string) => new ServiceError('InvalidSignatureException', message, 403);

const checkTime = (signature: Signature, clocks: readonly number[]): void => {
  const signed = signatureTime(signature.date);
  if (Number.isNaN(signed)) throw invalid(`Date must be in ISO-8601 'basic format'. Got '${signature.date}'.`);
  if (!signature.date.startsWith(signature.day)) {
    throw invalid(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${signature.day}' != '${signature.date.slice(0, 8)}', from '${signature.date}'.`,
    );
  }
  // Presigned URLs say themselves how long they are good.
  if (signature.form === 'presigned') return;
  if (clocks.some((now) => Math.abs(now - signed) <= MAX_SKEW_MS)) return;
  const [now = 0] = clocks;
  if (signature.service === 's3') {
    throw new ServiceError(
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
      403,
      { RequestTime: signature.date, ServerTime: new Date(now).toISOString(), MaxAllowedSkewMilliseconds: MAX_SKEW_MS },
    );
  }
  throw invalid(`Signature not current: ${signature.date} is not near ${new Date(now).toISOString()}`);
};

const checkToken = (signature: Signature, { sessionToken }: Credentials): void => {
  if (signature.sessionToken === sessionToken) return;
  if (signature.service === 's3') {
    // A temporary key without its token is no key S3 knows; a wrong token is a bad one (ErrorResponses, documented).
    throw signature.sessionToken === undefined
      ? new ServiceError(
          'InvalidAccessKeyId',
          'The AWS Access Key Id you provided does not exist in our records.',
          403,
          { AWSAccessKeyId: signature.accessKeyId },
        )
      : new ServiceError('InvalidToken', 'The provided token is malformed or otherwise invalid.');
  }
  throw new ServiceError('UnrecognizedClientException', 'The security token included in the request is invalid.', 403);
};

const checkSignedHeaders = ({ headers }: SignedRequest, signature: Signature): void => {
  const signed = new Set(signature.signedHeaders);
  // Documented (reference_sigv-create-signed-request.html): the host and every x-amz-* header must be signed.
  const unsigned = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))].filter(
    (name) => !signed.has(name),
  );
  if (unsigned.length === 0) return;
  if (signature.service === 's3') {
    throw new ServiceError('AccessDenied', 'There were headers present in the request which were not signed', 403, {
      HeadersNotSigned: unsigned.join(', '),
    });
  }
  throw invalid(`'${unsigned[0]}' must be a 'SignedHeader' in the AWS Authorization.`);
};

const headerOf = ({ headers }: SignedRequest, name: string): string | undefined => {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
};

/** What a request says of its body: its hash or what stands for it; undefined when it says nothing. */
const declaredHash = (request: SignedRequest, signature: Signature): string | undefined => {
  const declared = headerOf(request, 'x-amz-content-sha256');
  if (
    declared !== undefined &&
    signature.service === 's3' &&
    !HASH.test(declared) &&
    !PAYLOAD_FORMS.includes(declared)
  ) {
    // The code is documented (ErrorResponses), the words are *assumed*.
    throw new ServiceError(
      'InvalidArgument',
      `x-amz-content-sha256 must be ${PAYLOAD_FORMS.join(', ')} or a valid sha256 value.`,
      400,
      { ArgumentName: 'x-amz-content-sha256', ArgumentValue: declared },
    );
  }
  if (declared !== undefined) return declared;
  if (signature.service === 's3') {
    // Documented (sigv4-query-string-auth.html): a presigned URL does not know what will be sent.
    if (signature.form === 'presigned') return UNSIGNED;
    throw new ServiceError('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  }
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(headerOf(request, 'content-length') ?? 0) > 0;
  return hasBody ? undefined : EMPTY_HASH;
};

/**
 * Begins to check a signature. The region in its scope is not checked: this cloud is whatever region a client names.
 * @param clocks The times, epoch milliseconds, by which a client may have signed.
 * @throws ServiceError InvalidSignatureException (to S3's clients SignatureDoesNotMatch, RequestTimeTooSkewed,
 *   InvalidToken, AccessDenied), UnrecognizedClientException
 */
export const beginVerification = (
  request: SignedRequest,
  signature: Signature,
  credentials: Credentials,
  clocks: readonly number[],
): Verification => {
  checkToken(signature, credentials);
  checkTime(signature, clocks);
  checkSignedHeaders(request, signature);
  const verify = (payloadHash: string) => {
    const expected = expectations(request, signature, credentials.secretAccessKey, payloadHash);
    if (!expected.some((one) => one.signature === signature.signature)) throw mismatch(signature, expected);
  };
  const declared = declaredHash(request, signature);
  let pending = declared === undefined;
  if (declared !== undefined) verify(declared);
  const signsTrailers = declared === SIGNED_CHUNKS_AND_TRAILERS;
  return {
    ...((signsTrailers || declared === SIGNED_CHUNKS) && {
      chunks: chunkSignatures(
        {
          seed: signature.signature,
          key: signingKey(credentials.secretAccessKey, signature),
          date: signature.date,
          scope: scopeOf(signature),
          signsTrailers,
        },
        (given = '', stringToSign) => mismatch({ ...signature, signature: given }, [{ stringToSign }]),
      ),
    }),
    pending: () => pending,
    verifyBody(body) {
      if (declared === undefined) {
        verify(sha256(body));
        pending = false;
      } else if (HASH.test(declared) && sha256(body) !== declared) {
        throw invalid("The provided 'x-amz-content-sha256' header does not match what was computed.");
      }
    },
  };
};

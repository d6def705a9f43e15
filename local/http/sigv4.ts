/**
 * What a request says about its signature, in the Authorization header or in the query of a presigned URL.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html (documented)
 */
import type { IncomingHttpHeaders } from 'node:http';

import { ServiceError } from '../contracts.ts';

/** The parts of a Signature Version 4. */
export interface Signature {
  readonly form: 'header' | 'presigned';
  readonly accessKeyId: string;
  /** The day of the credential scope: `20010125`. */
  readonly day: string;
  /** `20010125T101500Z` */
  readonly date: string;
  readonly region: string;
  /** The service of the credential scope. */
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly sessionToken?: string;
  /** Presigned only: validity from `date`, in seconds. */
  readonly expiresSeconds?: number;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const MAX_EXPIRES_SECONDS = 7 * 24 * 3600;

const incomplete = (what: string) => new ServiceError('IncompleteSignatureException', what, 403);

const scopeOf = (credential: string) => {
  // An access key id has no slash; nothing else of the scope has one either.
  const [accessKeyId, day, region, service, terminator, ...rest] = credential.split('/');
  if (!accessKeyId || !day || !region || !service || terminator !== 'aws4_request' || rest.length > 0) {
    throw incomplete(`Credential must be <access key>/<date>/<region>/<service>/aws4_request, not ${credential}`);
  }
  return { accessKeyId, day, region, service };
};

/** A `Date` header in the form SigV4 signs; anything else as it came. */
const fromHttpDate = (date: string | undefined): string | undefined => {
  const time = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(time) ? date : new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '');
};

const fromHeader = (authorization: string, headers: IncomingHttpHeaders): Signature => {
  const [algorithm = '', ...rest] = authorization.split(' ');
  if (algorithm !== ALGORITHM) throw incomplete(`Unsupported Authorization algorithm ${algorithm}`);
  const parts = new Map<string, string>();
  for (const part of rest.join(' ').split(',')) {
    const at = part.indexOf('=');
    if (at > 0) parts.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
  }
  const part = (name: string) => {
    const value = parts.get(name);
    if (!value) throw incomplete(`Authorization header requires '${name}' parameter.`);
    return value;
  };
  const date = typeof headers['x-amz-date'] === 'string' ? headers['x-amz-date'] : fromHttpDate(headers.date);
  if (date === undefined) throw incomplete("Authorization header requires existence of an 'X-Amz-Date' header.");
  const token = headers['x-amz-security-token'];
  return {
    form: 'header',
    ...scopeOf(part('Credential')),
    date,
    signedHeaders: part('SignedHeaders').split(';'),
    signature: part('Signature'),
    ...(typeof token === 'string' && { sessionToken: token }),
  };
};

const fromQuery = (query: URLSearchParams): Signature => {
  const algorithm = query.get('X-Amz-Algorithm');
  if (algorithm !== ALGORITHM) throw incomplete(`Unsupported X-Amz-Algorithm ${algorithm}`);
  const part = (name: string) => {
    const value = query.get(name);
    if (!value) throw incomplete(`Query-string authentication requires the ${name} parameter.`);
    return value;
  };
  const expires = Number(part('X-Amz-Expires'));
  if (!Number.isInteger(expires) || expires < 1 || expires > MAX_EXPIRES_SECONDS) {
    throw new ServiceError('AuthorizationQueryParametersError', 'X-Amz-Expires must be between 1 and 604800 seconds');
  }
  const token = query.get('X-Amz-Security-Token');
  return {
    form: 'presigned',
    ...scopeOf(part('X-Amz-Credential')),
    date: part('X-Amz-Date'),
    signedHeaders: part('X-Amz-SignedHeaders').split(';'),
    signature: part('X-Amz-Signature'),
    expiresSeconds: expires,
    ...(token !== null && { sessionToken: token }),
  };
};

/**
 * @returns The request's signature; undefined when it carries none.
 * @throws ServiceError (IncompleteSignatureException, AuthorizationQueryParametersError) for a signature with parts missing.
 */
export const readSignature = (headers: IncomingHttpHeaders, query: URLSearchParams): Signature | undefined => {
  if (headers.authorization !== undefined) return fromHeader(headers.authorization, headers);
  if (query.has('X-Amz-Algorithm') || query.has('X-Amz-Signature')) return fromQuery(query);
  return undefined;
};

/** @returns Epoch milliseconds of a SigV4 date (`20010125T101500Z`); NaN for anything else. */
export const signatureTime = (date: string): number => {
  const match = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(date);
  return match ? Date.parse(`${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}Z`) : Number.NaN;
};

/**
 * Refuses a presigned URL that has expired by every one of these clocks: the cloud's and the machine's may be decades
 * apart, and a URL may have been signed by either.
 */
export const checkExpiry = (signature: Signature, clocks: readonly number[]): void => {
  if (signature.expiresSeconds === undefined) return;
  const signed = signatureTime(signature.date);
  if (Number.isNaN(signed))
    throw new ServiceError('AuthorizationQueryParametersError', 'X-Amz-Date must be in the ISO8601 Long Format');
  const end = signed + signature.expiresSeconds * 1000;
  if (clocks.every((now) => now > end || now < signed - 15 * 60_000)) {
    throw new ServiceError('AccessDenied', 'Request has expired', 403, { Expires: new Date(end).toISOString() });
  }
};

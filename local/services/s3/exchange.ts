/** One request to S3 and its answer, and what the operations share. */

import {
  type Call,
  type Cloud,
  type JsonObject,
  type RestRequest,
  type RestResponse,
  ServiceError,
} from '../../contracts.ts';
import { answer } from '../../http/errors.ts';
import { plainDocument, type XmlValue, xmlDocument } from '../../http/xml.ts';
import { checkRequest } from '../../requests/check.ts';
import type { Blobs } from './blobs.ts';
import { checksumHeader } from './checksums.ts';
import { invalidArgument, malformedXml } from './errors.ts';
import type { Notifications } from './notifications.ts';
import type { S3Request } from './operations.ts';
import type { Bucket, Store, StoredObject } from './store.ts';

export interface Exchange extends S3Request {
  readonly request: RestRequest;
  readonly response: RestResponse;
  readonly call: Call;
}

/** What an operation works on. */
export interface Context {
  readonly cloud: Cloud;
  readonly store: Store;
  readonly blobs: Blobs;
  readonly notifications: Notifications;
}

/** Throws ServiceError; the front writes it. */
export type S3Operation = (context: Context, exchange: Exchange) => Promise<void> | void;

export const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** S3 keeps times in whole seconds. */
export const wholeSeconds = (epochMs: number): number => Math.floor(epochMs / 1000) * 1000;

export const isoTime = (epochMs: number): string => new Date(epochMs).toISOString();

let lastTime = Number.NaN;
let lastText = '';

/** A time as HTTP has it. Many objects are of one second: the last text is kept. */
export const httpTime = (epochMs: number): string => {
  if (epochMs !== lastTime) {
    lastText = new Date(epochMs).toUTCString();
    lastTime = epochMs;
  }
  return lastText;
};

export const quoted = (etag: string): string => `"${etag}"`;

/** An XML answer. */
export const answerXml = ({ response, call }: Exchange, root: string, value: XmlValue): void => {
  call.takeDocument?.(root, plainDocument(value));
  const text = call.takeDocument ? '' : xmlDocument(root, value, NAMESPACE);
  answer(response, 200, { 'content-type': 'application/xml' }, text);
};

/** An answer of headers only. */
export const answerEmpty = (
  { response }: Exchange,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): void => {
  // A 204 has no content and says no length.
  response.writeHead(status, status === 204 ? headers : { ...headers, 'content-length': '0' });
  response.end();
};

/** Adds what the body said to what the record tells of the request. */
export const note = ({ call, operation, params }: Exchange, more: JsonObject): void =>
  call.note(operation, { ...params, ...more });

/**
 * Adds what a document in the body said, and checks the request as a whole.
 * @throws ServiceError MalformedXML: S3 says so of a document that does not validate against its schema
 *   (docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, documented); NotImplemented for what no model has.
 */
export const noteDocument = (exchange: Exchange, more: JsonObject): void => {
  const { operation, params } = exchange;
  note(exchange, more);
  try {
    checkRequest('s3', operation, { ...params, ...more }, { whole: true });
  } catch (error) {
    if (!(error instanceof ServiceError) || error.status >= 500) throw error;
    throw malformedXml(error.message);
  }
};

/** @returns A whole number within bounds, `otherwise` when it is not given. @throws ServiceError InvalidArgument */
export const wholeNumber = (
  input: Readonly<Record<string, string>>,
  member: string,
  argument: string,
  bounds: { readonly least: number; readonly most: number },
  otherwise: number,
): number => {
  const text = input[member];
  if (text === undefined || text === '') return otherwise;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < bounds.least || value > bounds.most) {
    throw invalidArgument(
      argument,
      text,
      `Argument ${argument} must be an integer between ${bounds.least} and ${bounds.most}`,
    );
  }
  return value;
};

/** `x-amz-version-id` of a bucket that has versions. */
export const versionHeader = (bucket: Bucket, versionId: string): Record<string, string> =>
  bucket.versioning === 'Disabled' ? {} : { 'x-amz-version-id': versionId };

/** A new object's own version id; one that replaced the null version is not told (recorded). */
export const newVersionHeader = (versionId: string): Record<string, string> =>
  versionId === 'null' ? {} : { 'x-amz-version-id': versionId };

export const encryptionHeaders = ({
  algorithm,
  keyId,
}: StoredObject['traits']['encryption']): Record<string, string> => ({
  'x-amz-server-side-encryption': algorithm,
  ...(keyId !== undefined && { 'x-amz-server-side-encryption-aws-kms-key-id': keyId }),
});

export const checksumHeaders = ({ algorithm, value, type }: StoredObject['checksum']): Record<string, string> => ({
  [checksumHeader(algorithm)]: value,
  'x-amz-checksum-type': type,
});

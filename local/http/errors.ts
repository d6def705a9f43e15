/** Errors in the form each protocol's clients read. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { type JsonObject, type OperationService, type RestResponse, ServiceError } from '../contracts.ts';
import { queryError } from './query.ts';
import { xmlDocument } from './xml.ts';

/** How a client reads errors. */
export type ErrorForm =
  | { readonly kind: 'json'; readonly service?: OperationService; readonly contentType: string }
  | { readonly kind: 'query'; readonly namespace?: string }
  | { readonly kind: 'rest-json' }
  | { readonly kind: 'rest-xml' };

// Errors of the front carry the name JSON services use; the other protocols know some of them by another.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and each service's CommonErrors (documented)
const NAMES: Readonly<
  Record<string, { readonly query?: string; readonly s3?: { readonly code: string; readonly status: number } }>
> = {
  UnrecognizedClientException: { query: 'InvalidClientTokenId', s3: { code: 'InvalidAccessKeyId', status: 403 } },
  MissingAuthenticationTokenException: {
    query: 'MissingAuthenticationToken',
    s3: { code: 'AccessDenied', status: 403 },
  },
  IncompleteSignatureException: {
    query: 'IncompleteSignature',
    s3: { code: 'AuthorizationHeaderMalformed', status: 400 },
  },
  AccessDeniedException: { query: 'AccessDenied', s3: { code: 'AccessDenied', status: 403 } },
  InvalidSignatureException: { query: 'SignatureDoesNotMatch', s3: { code: 'SignatureDoesNotMatch', status: 403 } },
  UnknownOperationException: { query: 'InvalidAction', s3: { code: 'NotImplemented', status: 501 } },
  RequestEntityTooLargeException: { s3: { code: 'EntityTooLarge', status: 400 } },
  InternalFailure: { s3: { code: 'InternalError', status: 500 } },
};

/** The same error under the name and status a protocol gives it. */
export const translated = (error: ServiceError, kind: ErrorForm['kind']): ServiceError => {
  const names = NAMES[error.code];
  if (kind === 'query' && names?.query) {
    // InvalidAction is a 400 where UnknownOperationException is a 404.
    const status = names.query === 'InvalidAction' ? 400 : error.status;
    return new ServiceError(names.query, error.message, status, error.members);
  }
  if (kind === 'rest-xml' && names?.s3)
    return new ServiceError(names.s3.code, error.message, names.s3.status, error.members);
  return error;
};

/** Anything thrown as a ServiceError; what is none is a fault of the cloud, told as InternalFailure. */
export const asServiceError = (error: unknown): ServiceError => {
  if (error instanceof ServiceError) return error;
  return new ServiceError('InternalFailure', error instanceof Error ? error.message : String(error), 500);
};

/** Writes an answer whole. */
export const answer = (
  response: RestResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array,
): void => {
  response.writeHead(status, { ...headers, 'content-length': String(Buffer.byteLength(body)) });
  // Text goes out in one piece with the headers.
  response.end(body);
};

const jsonBody = (error: ServiceError): JsonObject => ({
  ...error.members,
  __type: error.code,
  message: error.message,
});

/** So much of a refused body is read on; whoever sends more is hung up on. */
const DISCARDED_BYTES = 256 * 1024 * 1024;

const discardRest = (request: IncomingMessage): void => {
  let left = DISCARDED_BYTES;
  request.on('data', (chunk: Uint8Array) => {
    left -= chunk.length;
    if (left < 0) request.destroy();
  });
  request.resume();
};

/**
 * Writes an error; reads on through what is left of the request's body, so that a client still sending reads the answer
 * instead of a broken connection.
 */
export const answerError = (
  request: IncomingMessage,
  response: ServerResponse,
  raised: ServiceError,
  form: ErrorForm,
  requestId: string,
): void => {
  discardRest(request);
  if (response.headersSent) {
    // Half an answer is out; a broken connection is the only way left to say that it is not whole.
    response.destroy();
    return;
  }
  const error = translated(raised, form.kind);
  if (form.kind === 'query') {
    answer(response, error.status, { 'content-type': 'text/xml' }, queryError(error, form.namespace, requestId));
    return;
  }
  if (form.kind === 'rest-xml') {
    const body = xmlDocument('Error', {
      Code: error.code,
      Message: error.message,
      ...error.members,
      RequestId: requestId,
      HostId: requestId,
    });
    answer(response, error.status, { 'content-type': 'application/xml' }, request.method === 'HEAD' ? '' : body);
    return;
  }
  const headers: Record<string, string> = {
    'content-type': form.kind === 'json' ? form.contentType : 'application/json',
    'x-amzn-errortype': error.code,
  };
  if (form.kind === 'json' && request.headers['x-amzn-query-mode'] === 'true') {
    const code = form.service?.queryCodes?.[error.code] ?? error.code;
    headers['x-amzn-query-error'] = `${code};${error.status < 500 ? 'Sender' : 'Receiver'}`;
  }
  answer(response, error.status, headers, JSON.stringify(jsonBody(error)));
};

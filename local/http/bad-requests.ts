/**
 * Requests that never become any, or never end: what cannot be parsed, headers without end, bodies that stop. Whoever
 * sends them is told so and hung up on; everybody else is served on.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

import { ServiceError } from '../contracts.ts';
import { answerError, type ErrorForm } from './errors.ts';
import { xmlDocument } from './xml.ts';

/** How much of a request, and how long for one, is waited for. */
export interface ConnectionLimits {
  /** Request line and headers. */
  readonly headerBytes: number;
  /** From the first byte of a request to the last of its headers. */
  readonly headersMs: number;
  /** With nothing of a body coming. */
  readonly idleBodyMs: number;
}

/**
 * S3 takes 8 KB of headers (API RESTObjectPUT, documented); here there is room for the credentials of other services, too.
 * How long AWS waits it does not say; a minute is *assumed*.
 */
export const LIMITS: ConnectionLimits = { headerBytes: 16 * 1024, headersMs: 60_000, idleBodyMs: 60_000 };

/** How often Node looks for headers that take too long; shorter limits are looked after as often as they need. */
const CHECK_EVERY_MS = 10_000;

/** A client that still sends reads the answer only while its bytes are taken in: so long after the answer. */
const LINGER_MS = 1_000;

/** What a server is made with, so that it keeps to the limits. */
export const limitOptions = ({ headerBytes, headersMs }: ConnectionLimits) => ({
  maxHeaderSize: headerBytes,
  headersTimeout: headersMs,
  connectionsCheckingInterval: Math.min(CHECK_EVERY_MS, headersMs),
  // Uploads may take their time, as long as something comes.
  requestTimeout: 0,
});

/** Node's own codes (node:http, `clientError`). */
const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : '');

/** S3's words for a connection on which nothing comes (API ErrorResponses, documented). */
const timedOut = () =>
  new ServiceError(
    'RequestTimeout',
    'Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.',
  );

/**
 * What is wrong with what came. Before the headers are read nobody knows which service was meant, so that the answer is
 * worded as S3 words it; the status of too large headers is HTTP's own (RFC 6585), where S3 has 400 (ErrorResponses,
 * documented).
 */
const errorFor = (error: Error): ServiceError => {
  switch (codeOf(error)) {
    case 'HPE_HEADER_OVERFLOW':
      return new ServiceError(
        'RequestHeaderSectionTooLarge',
        'Your request header section exceeds the maximum allowed size.',
        431,
      );
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new ServiceError('EntityTooLarge', 'The chunk extensions of the body are too large.', 413);
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return timedOut();
    case 'HPE_INVALID_EOF_STATE':
      return new ServiceError('IncompleteBody', 'The request body terminated unexpectedly');
    default:
      return new ServiceError('BadRequest', 'An error occurred when parsing the HTTP request.');
  }
};

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  413: 'Content Too Large',
  431: 'Request Header Fields Too Large',
};

/** An answer for which there is no request. */
const rawAnswer = ({ code, message, status }: ServiceError, requestId: string): string => {
  const body = xmlDocument('Error', { Code: code, Message: message, RequestId: requestId, HostId: requestId });
  return [
    `HTTP/1.1 ${status} ${REASONS[status] ?? 'Error'}`,
    'connection: close',
    'content-type: application/xml',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-amzn-requestid: ${requestId}`,
    '',
    body,
  ].join('\r\n');
};

/** By its headers alone: its service may never have been looked for. */
const formOf = ({ headers }: IncomingMessage): ErrorForm => {
  const contentType = headers['content-type'] ?? 'application/x-amz-json-1.1';
  if (headers['x-amz-target'] !== undefined) return { kind: 'json', contentType };
  if (contentType.startsWith('application/x-www-form-urlencoded')) return { kind: 'query' };
  const { authorization } = headers;
  return { kind: authorization === undefined || authorization.includes('/s3/') ? 'rest-xml' : 'rest-json' };
};

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

const hangUp = (socket: Duplex, lastWords?: string) => {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
  socket.end(lastWords);
};

/** Of an HTTP server, what is listened to. */
interface RequestSource {
  on(event: 'request', listener: (request: IncomingMessage, response: ServerResponse) => void): unknown;
  on(event: 'clientError', listener: (error: Error, socket: Duplex) => void): unknown;
}

/**
 * Answers what is no request, and requests that do not go on, and closes their connections.
 * @param newId Makes the ids of answers.
 */
export const answerBadRequests = (server: RequestSource, limits: ConnectionLimits, newId: () => string): void => {
  const exchanges = new WeakMap<Duplex, Set<Exchange>>();
  const refused = new WeakSet<Duplex>();

  /** Ends a request whose body is broken or does not come. */
  const refuse = ({ request, response }: Exchange, error: ServiceError) => {
    const { socket } = request;
    if (refused.has(socket)) return;
    refused.add(socket);
    if (response.headersSent) {
      socket.destroy();
      return;
    }
    response.setHeader('connection', 'close');
    response.once('finish', () => hangUp(socket));
    answerError(request, response, error, formOf(request), newId());
  };

  server.on('request', (request, response) => {
    const { socket } = request;
    const exchange = { request, response };
    const open = exchanges.get(socket) ?? new Set();
    exchanges.set(socket, open.add(exchange));
    response.once('close', () => open.delete(exchange));
    if (request.complete) return;
    request.setTimeout(limits.idleBodyMs, () => {
      if (request.complete) return;
      // Bytes have come that the service has not taken yet: it is not the client who is slow.
      if (request.readableLength > 0) request.setTimeout(limits.idleBodyMs);
      else refuse(exchange, timedOut());
    });
    request.once('end', () => request.setTimeout(0));
  });

  server.on('clientError', (error, socket) => {
    // What else comes on a connection that is being closed has been answered.
    if (refused.has(socket)) return;
    if (!socket.writable || codeOf(error) === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const open = [...(exchanges.get(socket) ?? [])];
    const broken = open.find(({ request }) => !request.complete);
    if (broken) {
      refuse(broken, errorFor(error));
      return;
    }
    refused.add(socket);
    const words = rawAnswer(errorFor(error), newId());
    const last = open.at(-1);
    // Answers go out in the order of their requests.
    if (last) last.response.once('close', () => hangUp(socket, words));
    else hangUp(socket, words);
  });
};

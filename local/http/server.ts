/** The front door: one HTTP server on loopback; finds the service, checks who signed, speaks the protocol, records. */
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  type Server,
  ServerResponse,
} from 'node:http';

import {
  ANONYMOUS,
  type Call,
  type Faults,
  type IamApi,
  type JsonObject,
  type OperationService,
  type Principal,
  type Service,
  ServiceError,
  Unanswered,
} from '../contracts.ts';
import { type Recorder, recordedServiceName } from '../record.ts';
import { type AnswerGate, admit, createAnswerGate } from './admission.ts';
import { answerBadRequests, type ConnectionLimits, LIMITS, limitOptions } from './bad-requests.ts';
import { readBody } from './body.ts';
import { type Controls, control } from './control.ts';
import { answer, answerError, asServiceError, type ErrorForm, translated } from './errors.ts';
import { parseJsonBody } from './json.ts';
import { parseQuery, queryAnswer } from './query.ts';
import { type Address, findRoute, type Route, splitUrl } from './route.ts';
import { checkExpiry, readSignature, type Signature, signatureTime } from './sigv4.ts';
import { beginVerification, type Verification } from './verify-signature.ts';

/** Nothing is signed, so nothing is checked. */
const UNSIGNED: Verification = { pending: () => false, verifyBody: () => undefined };

/** What the door needs of the cloud behind it. Read at each request, because a reset changes the services. */
export interface House {
  readonly services: () => readonly Service[];
  readonly iam: () => Pick<IamApi, 'principalOf' | 'secretOf' | 'tokenOf' | 'authorizeRequest'>;
  readonly faults: () => Pick<Faults, 'admitted'>;
  /** The cloud's time, epoch milliseconds. */
  readonly ms: () => number;
  readonly id: (kind: 'uuid' | number) => string;
  readonly log: (line: string, facts?: JsonObject) => void;
  readonly recorder: Recorder;
  readonly controls: Controls;
}

// Larger than any request AWS takes in these protocols (SQS, EventBridge and CloudWatch: 1 MiB; SageMaker: a few hundred KB).
const BODY_LIMIT_BYTES = 8 * 1024 * 1024;

/** Services that write answers themselves begin by the head: it is where the answer passes. */
class FrontResponse extends ServerResponse {
  gate: AnswerGate | undefined;

  override writeHead(status: number, message?: string, headers?: OutgoingHttpHeaders | OutgoingHttpHeader[]): this;
  override writeHead(status: number, headers?: OutgoingHttpHeaders | OutgoingHttpHeader[]): this;
  override writeHead(
    status: number,
    second?: string | OutgoingHttpHeaders | OutgoingHttpHeader[],
    third?: OutgoingHttpHeaders | OutgoingHttpHeader[],
  ): this {
    this.gate?.pass(status < 400 ? 'done' : 'refused');
    return typeof second === 'string' ? super.writeHead(status, second, third) : super.writeHead(status, second);
  }
}

/** Headers that an answer has whatever becomes of it. */
const OF_EVERY_ANSWER: ReadonlySet<string> = new Set(['date', 'x-amzn-requestid', 'x-amz-request-id', 'x-amz-id-2']);

/** Takes back what a service has said of an answer that does not go out. */
const forgetHeaders = (response: ServerResponse): void => {
  if (response.headersSent) return;
  for (const name of response.getHeaderNames()) if (!OF_EVERY_ANSWER.has(name)) response.removeHeader(name);
};

/** What a failure becomes on its way out. */
const refusedAt = (gate: AnswerGate, failure: unknown): unknown => {
  try {
    gate.pass('refused');
    return failure;
  } catch (fault) {
    return fault;
  }
};

/** In the record, of a request that nobody answered. */
const NO_STATUS = 0;

interface Note {
  operation: string;
  params: JsonObject;
}

const headerOf = (request: IncomingMessage, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
};

const operationOf = (service: Service, api: OperationService, name: string) => {
  const operation = Object.hasOwn(api.operations, name) ? api.operations[name] : undefined;
  if (!operation) {
    throw new ServiceError(
      'UnknownOperationException',
      `The operation ${name} of ${service.scope} is not implemented in this cloud`,
      404,
    );
  }
  return operation;
};

const errorFormOf = (
  route: Route | undefined,
  request: IncomingMessage,
  signature: Signature | undefined,
): ErrorForm => {
  const contentType = headerOf(request, 'content-type');
  if (route?.kind === 'json')
    return { kind: 'json', service: route.api, contentType: contentType ?? `application/x-amz-${route.api.protocol}` };
  if (route?.kind === 'query') return { kind: 'query', namespace: route.api.target };
  if (route?.kind === 'rest') {
    const { api } = route.service;
    return { kind: api.protocol === 'rest' && api.errors === 'xml' ? 'rest-xml' : 'rest-json' };
  }
  if (route) return { kind: 'rest-json' };
  // No service was found: answer in the form the client must be able to read.
  if (headerOf(request, 'x-amz-target') !== undefined)
    return { kind: 'json', contentType: contentType ?? 'application/x-amz-json-1.1' };
  if (contentType?.startsWith('application/x-www-form-urlencoded')) return { kind: 'query' };
  return { kind: signature === undefined || signature.service === 's3' ? 'rest-xml' : 'rest-json' };
};

/** Who signed, once the signature has been checked as far as it can be without the body. */
const identify = (
  house: House,
  route: Route & { service: Service },
  request: IncomingMessage,
  signature: Signature | undefined,
): { principal: Principal; verification: Verification } => {
  if (!signature) {
    // A function URL may be open to all; its service decides. S3 words its own refusal.
    if (route.kind === 'function-url') return { principal: ANONYMOUS, verification: UNSIGNED };
    throw new ServiceError(
      'MissingAuthenticationTokenException',
      route.kind === 'rest' ? 'Access Denied' : 'Missing Authentication Token',
      403,
    );
  }
  const iam = house.iam();
  const principal = iam.principalOf(signature.accessKeyId);
  const secretAccessKey = iam.secretOf(signature.accessKeyId);
  if (!principal || secretAccessKey === undefined) {
    throw new ServiceError(
      'UnrecognizedClientException',
      `The access key ${signature.accessKeyId} does not exist in this cloud; its administrator's key is test, with secret test`,
      403,
    );
  }
  if (signature.service !== route.service.scope) {
    throw new ServiceError(
      'InvalidSignatureException',
      `Credential should be scoped to correct service: '${route.service.scope}'.`,
      403,
    );
  }
  const clocks = [house.ms(), Date.now()];
  checkExpiry(signature, clocks);
  const verification = beginVerification(
    { method: request.method ?? 'GET', url: request.url ?? '/', headers: request.headers },
    signature,
    { secretAccessKey, sessionToken: iam.tokenOf(signature.accessKeyId) },
    clocks,
  );
  return { principal, verification };
};

const answerOperation = async (
  route: Route & { kind: 'json' | 'query' },
  request: IncomingMessage,
  response: ServerResponse,
  call: Call,
) => {
  const body = await readBody(request, BODY_LIMIT_BYTES, call.verifyBody);
  if (route.kind === 'json') {
    const input = parseJsonBody(body);
    call.note(route.operation, input);
    const operation = operationOf(route.service, route.api, route.operation);
    await call.admit(route.operation, input);
    const output = await operation(structuredClone(input), call);
    answer(response, 200, { 'content-type': `application/x-amz-${route.api.protocol}` }, JSON.stringify(output ?? {}));
    return;
  }
  const form = new URLSearchParams(splitUrl(request.url ?? '/').query);
  for (const [name, value] of new URLSearchParams(body.toString())) form.append(name, value);
  const { operation, input } = parseQuery(form);
  call.note(operation, input);
  const run = operationOf(route.service, route.api, operation);
  await call.admit(operation, input);
  const output = await run(structuredClone(input), call);
  answer(
    response,
    200,
    { 'content-type': 'text/xml' },
    queryAnswer(operation, route.api.target, output, call.requestId, route.api.maps ?? []),
  );
};

/**
 * The cloud's clock or the machine's, whichever the client signed by: both are right here, and the SDKs take an answer
 * from another time for a clock to correct, and send a refused request again for it.
 */
const clockFor = (house: House, request: IncomingMessage, query: URLSearchParams): number => {
  const signed = signatureTime(headerOf(request, 'x-amz-date') ?? query.get('X-Amz-Date') ?? '');
  const cloudTime = house.ms();
  const machineTime = Date.now();
  return Math.abs(machineTime - signed) < Math.abs(cloudTime - signed) ? machineTime : cloudTime;
};

const answerRequest = async (house: House, request: IncomingMessage, response: FrontResponse): Promise<void> => {
  const requestId = house.id('uuid');
  const { path, query } = splitUrl(request.url ?? '/');
  response.sendDate = false;
  response.setHeader('date', new Date(clockFor(house, request, query)).toUTCString());
  response.setHeader('x-amzn-requestid', requestId);

  let signature: Signature | undefined;
  let route: Route | undefined;
  let principal: Principal = ANONYMOUS;
  let note: Note | undefined;
  let failure: ServiceError | undefined;
  let unanswered: Unanswered | undefined;
  const gate = createAnswerGate();
  response.gate = gate;
  try {
    signature = readSignature(request.headers, query);
    const address: Address = {
      method: request.method ?? 'GET',
      path,
      query,
      target: headerOf(request, 'x-amz-target'),
      contentType: headerOf(request, 'content-type'),
      signature,
    };
    route = findRoute(house.services(), address);
    if (route.kind === 'control') {
      await control(house.controls, request, response, path);
      return;
    }
    const identity = identify(house, route, request, signature);
    principal = identity.principal;
    const { verification } = identity;
    const { scope } = route.service;
    const call: Call = {
      principal,
      requestId,
      sourceIp: (request.socket.remoteAddress ?? '127.0.0.1').replace(/^::ffff:/, ''),
      verifyBody: (body) => verification.verifyBody(body),
      ...(verification.chunks && { chunkSignatures: verification.chunks }),
      note: (operation, params) => {
        note = { operation, params };
      },
      admit: (operation, params) =>
        admit({ iam: house.iam(), faults: house.faults() }, scope, operation, params, call, gate),
    };
    if (route.kind === 'json' || route.kind === 'query') await answerOperation(route, request, response, call);
    else if (route.service.api.protocol === 'rest') {
      await route.service.api.handle(request, response, call);
      // A service that reads bodies by itself has to show them; one that forgot must not go unnoticed.
      if (verification.pending() && response.statusCode < 400)
        house.log(`internal failure: the signature of ${request.method} ${path} was not checked`);
    }
  } catch (thrown) {
    const error = refusedAt(gate, thrown);
    if (gate.struck()) forgetHeaders(response);
    failure = asServiceError(error);
    if (error instanceof Unanswered) {
      unanswered = error;
      response.destroy();
    } else {
      if (!(error instanceof ServiceError) && !request.destroyed) {
        house.log(`internal failure: ${request.method} ${path}`, {
          error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        });
      }
      const form = errorFormOf(route, request, signature);
      answerError(request, response, failure, form, requestId);
      failure = translated(failure, form.kind);
    }
  }
  // A function URL is no AWS API; its callers are not recorded unless its service says what they did.
  if (!route || route.kind === 'control' || !note) return;
  house.recorder.write({
    service: recordedServiceName(route.service.scope, route.service.api.protocol),
    operation: note.operation,
    params: note.params,
    principal: principal.arn,
    status: unanswered ? NO_STATUS : response.statusCode,
    error:
      unanswered?.name ??
      failure?.code ??
      (response.statusCode >= 400 ? String(response.getHeader('x-amzn-errortype') ?? response.statusCode) : null),
  });
};

/** A door that listens. */
export interface Door {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Listens on 127.0.0.1, never on another address.
 * @param port 0 takes any free one.
 * @param limits How much of a request, and how long for one, is waited for.
 * @throws what `listen` throws (EADDRINUSE).
 */
export const openDoor = async (house: House, port: number, limits: ConnectionLimits = LIMITS): Promise<Door> => {
  const server: Server<typeof IncomingMessage, typeof FrontResponse> = createServer(
    { ServerResponse: FrontResponse, ...limitOptions(limits) },
    (request, response) => {
      request.on('error', () => undefined);
      response.on('error', () => undefined);
      answerRequest(house, request, response).catch((error: unknown) => {
        house.log('the front door failed', {
          error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        });
        response.destroy();
      });
    },
  );
  answerBadRequests(server, limits, () => house.id('uuid'));
  // An idle connection that closes under a client's next request is a spurious reset.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          // Its socket outlives it until memory is tidied thoroughly, and would keep the whole cloud alive through these.
          server.removeAllListeners();
          resolve();
        });
        server.closeAllConnections();
      }),
  };
};

/** An AWS client for code that runs in the cloud's process: operations by name, in the words of the SDKs. */
import { Readable } from 'node:stream';

import { goOn } from '../at-once.ts';
import { type Json, type JsonObject, type Principal, ServiceError, Unanswered } from '../contracts.ts';
import { jsonCopy } from '../json-copy.ts';
import type { InnerDoor } from './door.ts';
import * as lambda from './lambda-requests.ts';
import * as s3 from './s3-requests.ts';
import * as runtime from './sagemaker-runtime-requests.ts';

/** Members of a request or of an answer, as the SDKs name them. */
export type Members = Readonly<Record<string, unknown>>;

/** One operation of a service that reads requests itself. @throws ServiceError */
export type RestOperation = (input: Members, send: Send) => Members | Promise<Members>;

/** Has a request answered. @throws ServiceError */
export type Send = (request: Parameters<InnerDoor['exchange']>[2]) => ReturnType<InnerDoor['exchange']>;

export interface InProcessClient {
  /**
   * Sends a request, up to three times when its failure is one that may pass and its body is no stream.
   * @param service The service's SDK client package without its prefix: `s3`, `sqs`, `eventbridge`, `sagemaker-runtime`.
   * @throws ServiceError as the service answered, by the name a client sees; ConnectionBrokenError when it did not.
   */
  send(service: string, operation: string, input: Members): Promise<Members>;
}

/** Services that are spoken to in JSON or as a query, by the name of their SDK client package, with their scope. */
const SCOPES: Readonly<Record<string, string>> = {
  cloudwatch: 'monitoring',
  'cloudwatch-logs': 'logs',
  eventbridge: 'events',
  sagemaker: 'sagemaker',
  sns: 'sns',
  sqs: 'sqs',
  sts: 'sts',
};

const REST: Readonly<Record<string, { scope: string; operations: Readonly<Record<string, RestOperation>> }>> = {
  s3: { scope: 's3', operations: s3.OPERATIONS },
  lambda: { scope: 'lambda', operations: lambda.OPERATIONS },
  'sagemaker-runtime': { scope: 'sagemaker', operations: runtime.OPERATIONS },
};

/**
 * The SDKs try a request three times in their standard mode:
 * docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html (documented).
 */
const MAX_ATTEMPTS = 3;

/**
 * The SDKs try again what was throttled and what failed for a moment:
 * docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html (documented).
 */
const PASSING_CODES: ReadonlySet<string> = new Set([
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'LimitExceededException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'RequestTimeout',
  'RequestTimeoutException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'TransactionInProgressException',
]);
const PASSING_STATUSES: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

/** A connection that broke before an answer came. */
export class ConnectionBrokenError extends Error {
  override readonly name = 'ConnectionBrokenError';
  readonly code = 'ECONNRESET';
}

const mayPass = (error: unknown): boolean =>
  error instanceof ConnectionBrokenError ||
  (error instanceof ServiceError && (PASSING_CODES.has(error.code) || PASSING_STATUSES.has(error.status)));

/**
 * The SDK for JavaScript does not try again what has a stream for a body, because it has been read:
 * github.com/smithy-lang/smithy-typescript, middleware-retry, isStreamingPayload (documented).
 */
const isRepeatable = (input: Members): boolean => !Object.values(input).some((value) => value instanceof Readable);

/** A time crosses in JSON as epoch seconds, and clients make a Date of it; in these services its member is called so. */
const TIME = /(?:Time|Timestamp)$/;

const withDates = (value: Json, name = ''): unknown => {
  if (typeof value === 'number') return TIME.test(name) ? new Date(value * 1000) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => withDates(item));
  return membersOf(value);
};

const membersOf = (value: JsonObject): Members =>
  Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withDates(member, name)]));

const never = () => new Promise<never>(() => undefined);

/**
 * @param principal Who asks.
 * @param goesOn False once who asks has been killed: then no answer comes any more, and nothing further has an effect.
 */
export const createInProcessClient = (
  door: InnerDoor,
  principal: Principal,
  goesOn: () => boolean = () => true,
): InProcessClient => {
  const once = (service: string, operation: string, input: Members): Members | Promise<Members> => {
    const scope = SCOPES[service];
    if (scope !== undefined) return goOn(door.run(principal, scope, operation, jsonCopy(input)), membersOf);
    const rest = REST[service];
    const run = rest && Object.hasOwn(rest.operations, operation) ? rest.operations[operation] : undefined;
    if (!rest || !run) {
      throw new ServiceError(
        'UnknownOperationException',
        `The operation ${operation} of ${service} is not implemented for code in the cloud's process`,
        404,
      );
    }
    return run(input, (request) => door.exchange(principal, rest.scope, request));
  };
  return {
    async send(service, operation, input) {
      if (!goesOn()) return never();
      for (let attempt = 1; ; attempt++) {
        try {
          const answering = once(service, operation, input);
          const answer = answering instanceof Promise ? await answering : answering;
          return goesOn() ? answer : never();
        } catch (thrown) {
          if (!goesOn()) return never();
          const error =
            thrown instanceof Unanswered
              ? new ConnectionBrokenError(`no answer to ${operation} came`, { cause: thrown })
              : thrown;
          // The pause between attempts is left out: no clock of this cloud runs meanwhile.
          if (attempt >= MAX_ATTEMPTS || !mayPass(error) || !isRepeatable(input)) throw error;
        }
      }
    },
  };
};

import { CapacityError, DependencyError } from '../errors.ts';

/** Names under which AWS services say "slower" or "not now". Source: common errors of each service's API reference. */
const THROTTLED = new Set([
  'ThrottlingException',
  'Throttling',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'SlowDown',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'InternalFailure',
  'InternalError',
  'InternalException',
  'InternalServerException',
  'RequestTimeout',
  'TimeoutError',
]);

/**
 * An error of an SDK client in our terms: a quota becomes CapacityError, throttling, 5xx and network trouble become
 * DependencyError with the cause kept; any other comes back as it is, to be told apart by its name or to fail loudly.
 */
export const translated = (cause: unknown, what: string): unknown => {
  if (!(cause instanceof Error)) return cause;
  // A quota is reached: "ResourceLimitExceeded", HTTP 400. Source: SageMaker, common errors.
  if (cause.name === 'ResourceLimitExceeded') return new CapacityError(`${what}: ${cause.message}`, { cause });
  const metadata: unknown = Object(cause).$metadata;
  const status: unknown = Object(metadata).httpStatusCode;
  const network = typeof Object(cause).code === 'string' && status === undefined;
  if (THROTTLED.has(cause.name) || (typeof status === 'number' && status >= 500) || network) {
    return new DependencyError(`${what}: ${cause.name} ${cause.message}`, { cause });
  }
  return cause;
};

import { CapacityError, DependencyError, RefusedError } from '../errors.ts';

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
 * Names under which a service says that the request itself is wrong. SageMaker's unmodelled errors arrive as
 * ValidationException; a model's container that answers 4xx or 5xx as ModelError. Source: SageMaker, InvokeEndpoint and
 * common errors.
 */
const REFUSED = new Set(['ValidationException', 'ValidationError', 'ModelError']);

/**
 * An error of an SDK client in our terms: a quota becomes CapacityError; throttling, 5xx and network trouble become
 * DependencyError; a wrong request becomes RefusedError, each with the cause kept. Any other comes back as it is, to be
 * told apart by its name or to fail loudly: a missing permission is mended outside, and then the same call succeeds.
 */
export const translated = (cause: unknown, what: string): unknown => {
  if (!(cause instanceof Error)) return cause;
  // A quota is reached: "ResourceLimitExceeded", HTTP 400. Source: SageMaker, common errors.
  if (cause.name === 'ResourceLimitExceeded') return new CapacityError(`${what}: ${cause.message}`, { cause });
  if (REFUSED.has(cause.name)) return new RefusedError(`${what}: ${cause.message}`, { cause });
  const metadata: unknown = Object(cause).$metadata;
  const status: unknown = Object(metadata).httpStatusCode;
  const network = typeof Object(cause).code === 'string' && status === undefined;
  if (THROTTLED.has(cause.name) || (typeof status === 'number' && status >= 500) || network) {
    return new DependencyError(`${what}: ${cause.name} ${cause.message}`, { cause });
  }
  return cause;
};

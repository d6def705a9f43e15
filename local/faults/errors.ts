/** How each service says that it is asked too often, or that it failed itself. */
import { ServiceError } from '../contracts.ts';

interface Words {
  readonly code: string;
  readonly status: number;
  readonly message: string;
  readonly members?: Readonly<Record<string, string>>;
}

/**
 * Codes and statuses are those of each service's model and page of common errors, S3's those of ErrorResponses.html
 * (documented). The messages, and code and status where a model has no such error, are *assumed*.
 */
const WORDS: Readonly<Record<string, { readonly throttled: Words; readonly failed: Words }>> = {
  s3: {
    throttled: { code: 'SlowDown', status: 503, message: 'Please reduce your request rate.' },
    failed: { code: 'InternalError', status: 500, message: 'We encountered an internal error. Please try again.' },
  },
  sqs: {
    throttled: { code: 'RequestThrottled', status: 403, message: 'The request was denied due to request throttling.' },
    failed: { code: 'InternalFailure', status: 500, message: 'The request processing has failed.' },
  },
  sns: {
    throttled: { code: 'Throttled', status: 429, message: 'Rate exceeded' },
    failed: { code: 'InternalError', status: 500, message: 'Internal service error' },
  },
  events: {
    throttled: { code: 'ThrottlingException', status: 400, message: 'Rate exceeded' },
    failed: { code: 'InternalException', status: 500, message: 'This exception occurs due to unexpected causes.' },
  },
  logs: {
    throttled: { code: 'ThrottlingException', status: 400, message: 'Rate exceeded' },
    failed: { code: 'ServiceUnavailableException', status: 500, message: 'The service cannot complete the request.' },
  },
  monitoring: {
    throttled: { code: 'Throttling', status: 400, message: 'Rate exceeded' },
    failed: { code: 'InternalServiceError', status: 500, message: 'Request processing has failed.' },
  },
  lambda: {
    throttled: {
      code: 'TooManyRequestsException',
      status: 429,
      message: 'Rate exceeded',
      members: { Reason: 'CallerRateLimitExceeded', Type: 'User' },
    },
    failed: {
      code: 'ServiceException',
      status: 500,
      message: 'The Lambda service encountered an internal error.',
      members: { Type: 'Service' },
    },
  },
  iam: {
    throttled: { code: 'Throttling', status: 400, message: 'Rate exceeded' },
    failed: { code: 'ServiceFailure', status: 500, message: 'The request processing has failed.' },
  },
  sts: {
    throttled: { code: 'Throttling', status: 400, message: 'Rate exceeded' },
    failed: { code: 'InternalFailure', status: 500, message: 'The request processing has failed.' },
  },
};

/** Common to services with JSON protocols: each API reference's "Common Errors" (documented). */
const COMMON = {
  throttled: { code: 'ThrottlingException', status: 400, message: 'Rate exceeded' },
  failed: {
    code: 'InternalFailure',
    status: 500,
    message: 'The request processing has failed because of an unknown error, exception or failure.',
  },
};

const errorOf = ({ code, status, message, members }: Words): ServiceError =>
  new ServiceError(code, message, status, { ...members });

/** @param scope The service's name in a signature's scope. */
export const throttled = (scope: string): ServiceError => errorOf((WORDS[scope] ?? COMMON).throttled);

/** Statuses of codes that are not 500: each API reference's "Common Errors" and S3's ErrorResponses.html (documented). */
const STATUSES: Readonly<Record<string, number>> = {
  RequestLimitExceeded: 503,
  ServiceUnavailable: 503,
  SlowDown: 503,
  Throttling: 400,
  ThrottlingException: 400,
  TooManyRequestsException: 429,
};

/** An error of the service itself, in its own words or in the ones given. */
export const failed = (
  scope: string,
  given: {
    readonly code?: string | undefined;
    readonly status?: number | undefined;
    readonly message?: string | undefined;
  },
): ServiceError => {
  const own = (WORDS[scope] ?? COMMON).failed;
  if (given.code === undefined || given.code === own.code) {
    return errorOf({ ...own, status: given.status ?? own.status, message: given.message ?? own.message });
  }
  return new ServiceError(given.code, given.message ?? own.message, given.status ?? STATUSES[given.code] ?? 500);
};

/** A quota of the account is used up: words of public issues, of which *assumed* that they are the same for all. */
export const quotaExceeded = (operation: string): ServiceError =>
  new ServiceError(
    'ResourceLimitExceeded',
    `The account-level service limit of ${operation} is 0 Instances, with current utilization of 0 Instances and a request delta of 1 Instances. Please use AWS Service Quotas to request an increase for this quota. If AWS Service Quotas is not available, contact AWS support to request an increase for this quota.`,
  );

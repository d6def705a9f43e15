/**
 * Every kind of failure, and whether trying again can help. "Already done" and bad data are outcomes, not errors.
 * Names are literal: a minified class has another one.
 */

/** The root of Millrace's own errors. */
export abstract class MillraceError extends Error {
  /** True: the same call may succeed later, so Lambda or the queue should try again. */
  abstract readonly retryable: boolean;
}

/** The event or message is not what its contract says. Trying again cannot help. */
export class InvalidEventError extends MillraceError {
  override readonly name = 'InvalidEventError';
  readonly retryable = false;
}

/** Something is not there yet: events overtake each other. */
export class NotFoundError extends MillraceError {
  override readonly name = 'NotFoundError';
  readonly retryable = true;
}

/** The name or key is taken by something else. A person has to look. */
export class ConflictError extends MillraceError {
  override readonly name = 'ConflictError';
  readonly retryable = false;
}

/** A service we depend on throttled, failed or did not answer in time. */
export class DependencyError extends MillraceError {
  override readonly name = 'DependencyError';
  readonly retryable = true;
}

/** There is no capacity or quota now, or what is needed is busy; waiting helps, and nothing is broken. */
export class CapacityError extends MillraceError {
  override readonly name = 'CapacityError';
  readonly retryable = true;
}

/** A service we depend on will not do what was asked, and will not do it the next time: the request is wrong. */
export class RefusedError extends MillraceError {
  override readonly name = 'RefusedError';
  readonly retryable = false;
}

/** A setting is missing or wrong; thrown at start, so that a deployment fails loudly. */
export class ConfigError extends MillraceError {
  override readonly name = 'ConfigError';
  readonly retryable = false;
}

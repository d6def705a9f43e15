import { ServiceError } from '../../contracts.ts';

/**
 * A request the service turns down. Most of SageMaker's operations model no error for it: it comes as
 * `ValidationException` over HTTP 400.
 */
export const invalid = (message: string): ServiceError => new ServiceError('ValidationException', message);

/** A member, value or operation that AWS has and the local cloud does not. The code is the local cloud's own. */
export const notImplemented = (what: string): ServiceError =>
  new ServiceError('NotImplemented', `${what} is not implemented by the local cloud`, 501);

/** The name of a job is taken: an error of CreateTrainingJob and CreateTransformJob (documented). */
export const resourceInUse = (message: string): ServiceError => new ServiceError('ResourceInUse', message);

/** A job that does not exist: an error of DescribeTrainingJob, DescribeTransformJob and the Stop operations (documented). */
export const resourceNotFound = (message: string): ServiceError => new ServiceError('ResourceNotFound', message);

/** An error of the registry's operations (documented). */
export const conflict = (message: string): ServiceError => new ServiceError('ConflictException', message);

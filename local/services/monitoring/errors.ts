import { ServiceError } from '../../contracts.ts';

/**
 * CloudWatch's errors as its JSON protocol names them; `queryCodes` are the codes its query protocol had, which clients
 * still see (recorded).
 */
export const queryCodes: Readonly<Record<string, string>> = {
  AccessDeniedException: 'AccessDenied',
  InvalidParameterCombinationException: 'InvalidParameterCombination',
  InvalidParameterValueException: 'InvalidParameterValue',
  MissingRequiredParameterException: 'MissingParameter',
  ValidationException: 'ValidationError',
  DashboardInvalidInputError: 'InvalidParameterInput',
  DashboardNotFoundError: 'ResourceNotFound',
  LimitExceededFault: 'LimitExceeded',
};

export const invalidCombination = (message: string) =>
  new ServiceError('InvalidParameterCombinationException', message);

export const invalidValue = (message: string) => new ServiceError('InvalidParameterValueException', message);

export const missing = (message: string) => new ServiceError('MissingRequiredParameterException', message);

/** An alarm that does not exist is ResourceNotFound, with status 404 and an empty message (recorded). */
export const notFound = () => new ServiceError('ResourceNotFound', '', 404);

/** A parameter the local cloud does not honour. */
export const notImplemented = (what: string) =>
  new ServiceError('NotImplemented', `The local cloud does not implement ${what}`, 501);

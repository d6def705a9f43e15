import { ServiceError } from '../../contracts.ts';

/**
 * SQS's errors, named as its JSON protocol names them; `queryCodes` are the codes the query protocol had, which clients
 * still see. Source: the service's API reference (common and per-operation errors) and the SDKs' service model (documented).
 */
export const queryCodes: Readonly<Record<string, string>> = {
  AccessDeniedException: 'AccessDenied',
  QueueDoesNotExist: 'AWS.SimpleQueueService.NonExistentQueue',
  QueueNameExists: 'QueueAlreadyExists',
  MessageNotInflight: 'AWS.SimpleQueueService.MessageNotInflight',
  EmptyBatchRequest: 'AWS.SimpleQueueService.EmptyBatchRequest',
  TooManyEntriesInBatchRequest: 'AWS.SimpleQueueService.TooManyEntriesInBatchRequest',
  BatchEntryIdsNotDistinct: 'AWS.SimpleQueueService.BatchEntryIdsNotDistinct',
  BatchRequestTooLong: 'AWS.SimpleQueueService.BatchRequestTooLong',
  InvalidBatchEntryId: 'AWS.SimpleQueueService.InvalidBatchEntryId',
  QueueDeletedRecently: 'AWS.SimpleQueueService.QueueDeletedRecently',
  PurgeQueueInProgress: 'AWS.SimpleQueueService.PurgeQueueInProgress',
  UnsupportedOperation: 'AWS.SimpleQueueService.UnsupportedOperation',
  // Seen in the delivery logs of SNS (github.com/aws/aws-cdk/issues/19796); the others by their likeness.
  KmsAccessDenied: 'KMS.AccessDeniedException',
  KmsDisabled: 'KMS.DisabledException',
  KmsNotFound: 'KMS.NotFoundException',
};

/** SQS's own codes for those of KMS: SendMessage, ReceiveMessage (documented). */
export const KMS_CODES: Readonly<Record<string, string>> = {
  AccessDenied: 'KmsAccessDenied',
  'KMS.DisabledException': 'KmsDisabled',
  'KMS.NotFoundException': 'KmsNotFound',
};

export const noSuchQueue = () => new ServiceError('QueueDoesNotExist', 'The specified queue does not exist.');

export const invalidParameter = (message: string) => new ServiceError('InvalidParameterValue', message);

export const missingParameter = (name: string) =>
  new ServiceError('MissingParameter', `The request must contain the parameter ${name}.`);

export const invalidAttribute = (name: string) =>
  new ServiceError('InvalidAttributeValue', `Invalid value for the parameter ${name}.`);

/** A parameter or an attribute the local cloud does not honour. */
export const notImplemented = (what: string) =>
  new ServiceError('NotImplemented', `The local cloud does not implement ${what}`, 501);

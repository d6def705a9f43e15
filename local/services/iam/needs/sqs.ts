/**
 * What SQS's operations need. Actions and resources: the Service Authorization Reference, "Actions, resources, and
 * condition keys for Amazon SQS"; batches need the action without Batch: docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
 * (documented).
 */
import { anywhere, type Needs, type NeedsTable, type Place, textOf } from './need.ts';

const arn = ({ account, region }: Place, name: string) => `arn:aws:sqs:${region}:${account}:${name}`;

const onQueue =
  (action: string, member: 'QueueUrl' | 'QueueName' = 'QueueUrl'): Needs =>
  (input, place) => [{ action: `sqs:${action}`, resource: arn(place, textOf(input[member]).split('/').at(-1) ?? '') }];

export const SQS_NEEDS: NeedsTable = {
  CreateQueue: onQueue('CreateQueue', 'QueueName'),
  GetQueueUrl: onQueue('GetQueueUrl', 'QueueName'),
  ListQueues: anywhere('sqs:ListQueues'),
  ListDeadLetterSourceQueues: onQueue('ListDeadLetterSourceQueues'),
  GetQueueAttributes: onQueue('GetQueueAttributes'),
  SetQueueAttributes: onQueue('SetQueueAttributes'),
  DeleteQueue: onQueue('DeleteQueue'),
  PurgeQueue: onQueue('PurgeQueue'),
  SendMessage: onQueue('SendMessage'),
  SendMessageBatch: onQueue('SendMessage'),
  ReceiveMessage: onQueue('ReceiveMessage'),
  DeleteMessage: onQueue('DeleteMessage'),
  DeleteMessageBatch: onQueue('DeleteMessage'),
  ChangeMessageVisibility: onQueue('ChangeMessageVisibility'),
  ChangeMessageVisibilityBatch: onQueue('ChangeMessageVisibility'),
  TagQueue: onQueue('TagQueue'),
  UntagQueue: onQueue('UntagQueue'),
  ListQueueTags: onQueue('ListQueueTags'),
};

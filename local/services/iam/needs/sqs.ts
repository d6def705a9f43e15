/**
 * What SQS's operations need. Actions and resources: the Service Authorization Reference, "Actions, resources, and
 * condition keys for Amazon SQS"; batches need the action without Batch: docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
 * (documented).
 */
import type { Json, JsonObject } from '../../../contracts.ts';
import {
  anywhere,
  makingWith,
  type Need,
  type Needs,
  type NeedsTable,
  objectOf,
  type Place,
  tagContext,
  tagList,
  textOf,
  untagContext,
} from './need.ts';

const arn = ({ account, region }: Place, name: string) => `arn:aws:sqs:${region}:${account}:${name}`;

const onQueue =
  (
    action: string,
    member: 'QueueUrl' | 'QueueName' = 'QueueUrl',
    context: (input: JsonObject) => NonNullable<Need['context']> = () => ({}),
  ): Needs =>
  (input, place) => [
    {
      action: `sqs:${action}`,
      resource: arn(place, textOf(input[member]).split('/').at(-1) ?? ''),
      context: context(input),
    },
  ];

/** A task's handle is base64 of JSON that names its source (*assumed* from handles that were seen). */
const taskSource = (handle: string): string => {
  try {
    const task: Json = JSON.parse(Buffer.from(handle, 'base64').toString());
    return textOf(objectOf(task).sourceArn) || '*';
  } catch {
    return '*';
  }
};

const onArn =
  (...actions: readonly string[]) =>
  (queueArn: string) =>
    actions.map((action) => ({ action: `sqs:${action}`, resource: queueArn }));

export const SQS_NEEDS: NeedsTable = {
  // "You must have the sqs:CreateQueue and sqs:TagQueue permissions" to tag on creation: API_CreateQueue (documented).
  CreateQueue: (input, place) =>
    makingWith(tagList(input.tags), 'sqs:TagQueue', {
      action: 'sqs:CreateQueue',
      resource: arn(place, textOf(input.QueueName)),
    }),
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
  TagQueue: onQueue('TagQueue', 'QueueUrl', ({ Tags }) => tagContext(tagList(Tags))),
  UntagQueue: onQueue('UntagQueue', 'QueueUrl', ({ TagKeys }) => untagContext(TagKeys)),
  ListQueueTags: onQueue('ListQueueTags'),
  // A task reads the dead-letter queue and writes the destination in the name of who starts it:
  // docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html (documented).
  StartMessageMoveTask: ({ SourceArn, DestinationArn }) => [
    ...onArn('StartMessageMoveTask', 'ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes')(textOf(SourceArn)),
    ...(DestinationArn === undefined ? [] : onArn('SendMessage')(textOf(DestinationArn))),
  ],
  ListMessageMoveTasks: ({ SourceArn }) =>
    onArn('ListMessageMoveTasks', 'ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes')(textOf(SourceArn)),
  CancelMessageMoveTask: ({ TaskHandle }) =>
    onArn(
      'CancelMessageMoveTask',
      'ReceiveMessage',
      'DeleteMessage',
      'GetQueueAttributes',
    )(taskSource(textOf(TaskHandle))),
};

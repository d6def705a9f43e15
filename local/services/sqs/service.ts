import {
  type Actor,
  type Call,
  type Cloud,
  type JsonObject,
  type Operation,
  type Provisioner,
  type Service,
  ServiceError,
  type SqsApi,
  type SqsMessage,
} from '../../contracts.ts';
import { createMessageKeys, type MessageKey } from '../../message-keys.ts';
import {
  anything,
  integer,
  list,
  map,
  object,
  optional,
  present,
  type Read,
  type Reader,
  readInput,
  structure,
  text,
} from '../parameters.ts';
import { runBatch } from './batch.ts';
import { invalidParameter, KMS_CODES, missingParameter, notImplemented, queryCodes } from './errors.ts';
import {
  attributeBytes,
  attributesAnswer,
  checkAttributes,
  checkBody,
  md5,
  md5OfAttributes,
  messageAttributes,
} from './message-attributes.ts';
import { createMoveTasks, type MoveTask } from './move-tasks.ts';
import type { Queue } from './queue.ts';
import { DEFAULTS, settingsAnswer, withAttributes } from './queue-attributes.ts';
import { createQueues } from './queues.ts';

const anyText = optional(text());
const seconds = optional(integer());

const outgoing = {
  MessageBody: anyText,
  DelaySeconds: seconds,
  MessageAttributes: optional(messageAttributes),
  MessageGroupId: anyText,
  MessageDeduplicationId: anyText,
};
const outgoingShape = structure(outgoing);

const INPUTS = {
  create: structure({ QueueName: anyText, Attributes: optional(object()), tags: optional(map(text())) }),
  queue: structure({ QueueUrl: anyText }),
  url: structure({ QueueName: anyText, QueueOwnerAWSAccountId: anyText }),
  list: structure({
    QueueNamePrefix: anyText,
    MaxResults: optional(integer({ min: 1, max: 1000 })),
    NextToken: anyText,
  }),
  getAttributes: structure({ QueueUrl: anyText, AttributeNames: optional(list(text())) }),
  setAttributes: structure({ QueueUrl: anyText, Attributes: object() }),
  send: structure({ QueueUrl: anyText, ...outgoing }),
  sendBatch: structure({ QueueUrl: anyText, Entries: list(structure({ Id: text(), ...outgoing })) }),
  receive: structure({
    QueueUrl: anyText,
    MaxNumberOfMessages: seconds,
    VisibilityTimeout: seconds,
    WaitTimeSeconds: seconds,
    AttributeNames: optional(list(text())),
    MessageSystemAttributeNames: optional(list(text())),
    MessageAttributeNames: optional(list(text())),
  }),
  delete: structure({ QueueUrl: anyText, ReceiptHandle: anyText }),
  deleteBatch: structure({ QueueUrl: anyText, Entries: list(structure({ Id: text(), ReceiptHandle: text() })) }),
  visibility: structure({ QueueUrl: anyText, ReceiptHandle: anyText, VisibilityTimeout: seconds }),
  visibilityBatch: structure({
    QueueUrl: anyText,
    Entries: list(structure({ Id: text(), ReceiptHandle: text(), VisibilityTimeout: seconds })),
  }),
  tag: structure({ QueueUrl: anyText, Tags: map(text()) }),
  untag: structure({ QueueUrl: anyText, TagKeys: list(text()) }),
  startMove: structure({ SourceArn: anyText, DestinationArn: anyText, MaxNumberOfMessagesPerSecond: seconds }),
  listMoves: structure({ SourceArn: anyText, MaxResults: seconds }),
  cancelMove: structure({ TaskHandle: anyText }),
};

const required = <T>(value: T | undefined, name: string): T => {
  if (value === undefined) throw missingParameter(name);
  return value;
};

const within = (value: number | undefined, name: string, low: number, high: number): number | undefined => {
  if (value !== undefined && (value < low || value > high))
    throw invalidParameter(
      `Value ${value} for parameter ${name} is invalid. Reason: Must be between ${low} and ${high}, if provided.`,
    );
  return value;
};

const MOST_VISIBILITY_SECONDS = 43_200;
const PURGE_INTERVAL_MS = 60_000;

/** Names AWS lets a request ask for, among a message's system attributes. */
const SYSTEM_ATTRIBUTES = [
  'All',
  'SenderId',
  'SentTimestamp',
  'ApproximateReceiveCount',
  'ApproximateFirstReceiveTimestamp',
  'SequenceNumber',
  'MessageDeduplicationId',
  'MessageGroupId',
  'AWSTraceHeader',
  'DeadLetterQueueSourceArn',
];

const chosen = <T>(values: Readonly<Record<string, T>>, wanted: (name: string) => boolean): Record<string, T> =>
  Object.fromEntries(Object.entries(values).filter(([name]) => wanted(name)));

const wantedAttribute = (names: readonly string[]) => (name: string) =>
  names.some((wanted) => {
    if (wanted === 'All' || wanted === '.*' || wanted === name) return true;
    return wanted.endsWith('.*') && name.startsWith(wanted.slice(0, -1));
  });

const messageAnswer = (message: SqsMessage, system: readonly string[], names: readonly string[]): JsonObject => {
  const attributes = chosen(message.messageAttributes, wantedAttribute(names));
  const systemAttributes = chosen(message.attributes, (name) => system.includes('All') || system.includes(name));
  return present({
    MessageId: message.messageId,
    ReceiptHandle: message.receiptHandle,
    MD5OfBody: md5(message.body),
    Body: message.body,
    Attributes: Object.keys(systemAttributes).length > 0 ? systemAttributes : undefined,
    MD5OfMessageAttributes: md5OfAttributes(attributes),
    MessageAttributes: Object.keys(attributes).length > 0 ? attributesAnswer(attributes) : undefined,
  });
};

/** The handle is shown of a task that can be cancelled: ListMessageMoveTasks (documented). */
const moveAnswer = (task: MoveTask): JsonObject =>
  present({
    TaskHandle: task.status === 'RUNNING' ? task.handle : undefined,
    Status: task.status,
    SourceArn: task.sourceArn,
    DestinationArn: task.destinationArn,
    MaxNumberOfMessagesPerSecond: task.perSecond,
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    FailureReason: task.failure,
    StartedTimestamp: task.startedAt,
  });

const QUEUE_PROPERTIES = [
  'DelaySeconds',
  'MaximumMessageSize',
  'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds',
  'VisibilityTimeout',
  'FifoQueue',
  'ContentBasedDeduplication',
  'RedrivePolicy',
  'RedriveAllowPolicy',
  'SqsManagedSseEnabled',
  'KmsMasterKeyId',
  'KmsDataKeyReusePeriodSeconds',
];

/** SQS: standard and FIFO queues. */
export const createSqs = (cloud: Cloud): { service: Service; api: SqsApi } => {
  const queues = createQueues(cloud);
  const keys = createMessageKeys(cloud, { via: 'sqs', context: 'aws:sqs:arn', codes: KMS_CODES });
  const moves = createMoveTasks(cloud, queues, keys);
  const tags = new Map<string, Record<string, string>>();
  const purgedAt = new Map<string, number>();

  const queueOf = ({ QueueUrl }: { readonly QueueUrl: string | undefined }) =>
    queues.byUrl(required(QueueUrl, 'QueueUrl'));

  /** What a message of this sender is encrypted with; without a sender nobody's right is asked. */
  const encryption = (queue: Queue, by: Actor | undefined): MessageKey | undefined => {
    const { KmsMasterKeyId: key, KmsDataKeyReusePeriodSeconds: reuse } = queue.settings();
    if (key === undefined) return undefined;
    const used = { key, place: queue.arn };
    if (by) keys.encrypt(by, used, reuse);
    return used;
  };
  /** A policy is checked when it is set (*assumed*: for all that IAM would refuse in it). @throws ServiceError InvalidAttributeValue */
  const checkPolicy = (queueName: string, policy: string | undefined) => {
    if (policy === undefined) return;
    try {
      cloud.iam.checkPolicy(JSON.parse(policy), 'resource', `the policy of ${queueName}`);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      throw new ServiceError(
        'InvalidAttributeValue',
        `Invalid value for the parameter Policy. Reason: ${error.message}`,
      );
    }
  };
  const receiveFrom = (queue: Queue, by: Actor | undefined, max: number, visibilitySeconds?: number) => {
    // A consumer needs every key that messages of the queue are encrypted with: sqs-key-management (documented).
    if (by) for (const key of queue.keysInSight()) keys.decrypt(by, key, queue.settings().KmsDataKeyReusePeriodSeconds);
    return queue.receive(max, visibilitySeconds);
  };

  const send = (
    queue: Queue,
    given: Read<typeof outgoingShape>,
    senderId: string,
    encryptedWith: () => MessageKey | undefined,
  ): JsonObject => {
    const body = given.MessageBody;
    if (body === undefined || body === '') throw missingParameter('MessageBody');
    checkBody(body);
    const attributes = checkAttributes(given.MessageAttributes);
    const { MaximumMessageSize } = queue.settings();
    if (Buffer.byteLength(body) + attributeBytes(attributes) > MaximumMessageSize)
      throw invalidParameter(
        `One or more parameters are invalid. Reason: Message must be shorter than ${MaximumMessageSize} bytes.`,
      );
    const { messageId, sequenceNumber } = queue.send({
      body,
      attributes,
      senderId,
      delaySeconds: within(given.DelaySeconds, 'DelaySeconds', 0, 900),
      lateMs: cloud.faults.messageDelayMs?.(queue.arn),
      groupId: given.MessageGroupId,
      deduplicationId: given.MessageDeduplicationId,
      encryptedWith: encryptedWith(),
    });
    return present({
      MessageId: messageId,
      MD5OfMessageBody: md5(body),
      MD5OfMessageAttributes: md5OfAttributes(attributes),
      SequenceNumber: sequenceNumber,
    });
  };

  /** Waits for a message, as long as the clock runs by itself: one that stands still would never end the wait. */
  const untilAvailable = (queue: Queue, waitSeconds: number): Promise<void> =>
    new Promise((resolve) => {
      const end = () => {
        timer.cancel();
        stop();
        resolve();
      };
      const timer = cloud.clock.after(waitSeconds * 1000, end, `sqs: ${queue.name} is polled`);
      const stop = queues.listen(queue.arn, end);
    });

  const receive: Operation = async (input, { principal }) => {
    const given = readInput('ReceiveMessage', INPUTS.receive, input);
    const queue = queueOf(given);
    const system = [...(given.AttributeNames ?? []), ...(given.MessageSystemAttributeNames ?? [])];
    const unknown = system.find((name) => !SYSTEM_ATTRIBUTES.includes(name));
    if (unknown !== undefined) throw new ServiceError('InvalidAttributeName', `Unknown Attribute ${unknown}.`);
    const max = within(given.MaxNumberOfMessages, 'MaxNumberOfMessages', 1, 10) ?? 1;
    const visibility = within(given.VisibilityTimeout, 'VisibilityTimeout', 0, MOST_VISIBILITY_SECONDS);
    const wait =
      within(given.WaitTimeSeconds, 'WaitTimeSeconds', 0, 20) ?? queue.settings().ReceiveMessageWaitTimeSeconds;
    let messages = receiveFrom(queue, { principal }, max, visibility);
    const deadline = cloud.clock.ms() + wait * 1000;
    while (messages.length === 0 && cloud.clock.flows && cloud.clock.ms() < deadline) {
      await untilAvailable(queue, (deadline - cloud.clock.ms()) / 1000);
      messages = receiveFrom(queue, { principal }, max, visibility);
    }
    if (messages.length === 0) return {};
    return { Messages: messages.map((message) => messageAnswer(message, system, given.MessageAttributeNames ?? [])) };
  };

  const changeVisibility = (queue: Queue, handle: string, timeout: number | undefined): undefined => {
    const checked = within(required(timeout, 'VisibilityTimeout'), 'VisibilityTimeout', 0, MOST_VISIBILITY_SECONDS);
    queue.changeVisibility(handle, checked ?? 0);
    return undefined;
  };

  const reading =
    <T>(name: string, shape: Reader<T>, run: (given: T, call: Call) => JsonObject | undefined): Operation =>
    (input, call) =>
      run(readInput(name, shape, input), call);

  const operations: Readonly<Record<string, Operation>> = {
    CreateQueue: reading('CreateQueue', INPUTS.create, ({ QueueName, Attributes = {}, tags: given }) => {
      const name = required(QueueName, 'QueueName');
      const settings = withAttributes(DEFAULTS, Attributes);
      checkPolicy(name, settings.Policy);
      const known = queues.find(name);
      if (known) {
        // The same name and attributes give the queue there is: CreateQueue (documented).
        const standing = settingsAnswer(known.settings());
        const wanted = settingsAnswer(settings);
        const different = Object.keys(Attributes).find((each) => standing[each] !== wanted[each]);
        if (different !== undefined)
          throw new ServiceError(
            'QueueNameExists',
            `A queue already exists with the same name and a different value for attribute ${different}`,
          );
      } else queues.create(name, settings);
      if (given) tags.set(name, { ...tags.get(name), ...given });
      return { QueueUrl: queues.urlOf(name) };
    }),
    GetQueueUrl: reading('GetQueueUrl', INPUTS.url, ({ QueueName, QueueOwnerAWSAccountId }) => {
      if (QueueOwnerAWSAccountId !== undefined && QueueOwnerAWSAccountId !== cloud.account)
        throw notImplemented(`queues of another account (${QueueOwnerAWSAccountId})`);
      return { QueueUrl: queues.urlOf(queues.byName(required(QueueName, 'QueueName')).name) };
    }),
    ListQueues: reading('ListQueues', INPUTS.list, ({ QueueNamePrefix = '', MaxResults = 1000, NextToken }) => {
      const names = queues
        .all()
        .map(({ name }) => name)
        .filter((name) => name.startsWith(QueueNamePrefix))
        .sort();
      const start = NextToken === undefined ? 0 : names.findIndex((name) => name > NextToken);
      const page = start < 0 ? [] : names.slice(start, start + MaxResults);
      const last = page.at(-1);
      return present({
        QueueUrls: page.map(queues.urlOf),
        NextToken: last !== undefined && last !== names.at(-1) ? last : undefined,
      });
    }),
    ListDeadLetterSourceQueues: reading('ListDeadLetterSourceQueues', INPUTS.queue, (given) => {
      const { arn } = queueOf(given);
      const sources = queues.all().filter((each) => each.settings().RedrivePolicy?.deadLetterTargetArn === arn);
      return { queueUrls: sources.map(({ name }) => queues.urlOf(name)) };
    }),
    GetQueueAttributes: reading('GetQueueAttributes', INPUTS.getAttributes, (given) => {
      const queue = queueOf(given);
      const { visible, held, delayed } = queue.count();
      const all: Record<string, string> = {
        ...settingsAnswer(queue.settings()),
        QueueArn: queue.arn,
        ApproximateNumberOfMessages: String(visible),
        ApproximateNumberOfMessagesNotVisible: String(held),
        ApproximateNumberOfMessagesDelayed: String(delayed),
        CreatedTimestamp: String(Math.floor(queue.createdAt / 1000)),
        LastModifiedTimestamp: String(Math.floor(queue.createdAt / 1000)),
      };
      const names = given.AttributeNames ?? [];
      const known = [
        ...Object.keys(all),
        'All',
        'FifoQueue',
        'ContentBasedDeduplication',
        'RedrivePolicy',
        'RedriveAllowPolicy',
        'Policy',
        'KmsMasterKeyId',
        'KmsDataKeyReusePeriodSeconds',
      ];
      const unknown = names.find((name) => !known.includes(name));
      if (unknown !== undefined) throw new ServiceError('InvalidAttributeName', `Unknown Attribute ${unknown}.`);
      const wanted = chosen(all, (name) => names.includes('All') || names.includes(name));
      return Object.keys(wanted).length > 0 ? { Attributes: wanted } : {};
    }),
    SetQueueAttributes: reading('SetQueueAttributes', INPUTS.setAttributes, (given) => {
      const queue = queueOf(given);
      const settings = withAttributes(queue.settings(), given.Attributes);
      if (settings.FifoQueue !== queue.settings().FifoQueue)
        throw new ServiceError('InvalidAttributeName', 'Unknown Attribute FifoQueue.');
      checkPolicy(queue.name, settings.Policy);
      queues.change(queue, settings);
      return undefined;
    }),
    DeleteQueue: reading('DeleteQueue', INPUTS.queue, (given) => {
      const queue = queueOf(given);
      queues.remove(queue);
      tags.delete(queue.name);
      purgedAt.delete(queue.name);
      return undefined;
    }),
    PurgeQueue: reading('PurgeQueue', INPUTS.queue, (given) => {
      const queue = queueOf(given);
      const last = purgedAt.get(queue.name);
      // A queue is purged at most once in 60 seconds: PurgeQueue (documented).
      if (last !== undefined && cloud.clock.ms() - last < PURGE_INTERVAL_MS)
        throw new ServiceError(
          'PurgeQueueInProgress',
          `Only one PurgeQueue operation on ${queue.name} is allowed every 60 seconds.`,
        );
      purgedAt.set(queue.name, cloud.clock.ms());
      queue.purge();
      return undefined;
    }),
    SendMessage: reading('SendMessage', INPUTS.send, (given, { principal }) => {
      const queue = queueOf(given);
      return send(queue, given, principal.accessKeyId, () => encryption(queue, { principal }));
    }),
    SendMessageBatch: reading('SendMessageBatch', INPUTS.sendBatch, (given, { principal }) => {
      const queue = queueOf(given);
      const total = given.Entries.reduce((sum, { MessageBody = '' }) => sum + Buffer.byteLength(MessageBody), 0);
      // A batch is as large as a single message may be: message quotas (documented).
      if (total > DEFAULTS.MaximumMessageSize)
        throw new ServiceError(
          'BatchRequestTooLong',
          `Batch requests cannot be longer than ${DEFAULTS.MaximumMessageSize} bytes. You have sent ${total} bytes.`,
        );
      // Without the key the batch as a whole is refused: SendMessageBatch (documented).
      const encryptedWith = encryption(queue, { principal });
      return runBatch(given.Entries, (entry) => send(queue, entry, principal.accessKeyId, () => encryptedWith));
    }),
    ReceiveMessage: receive,
    DeleteMessage: reading('DeleteMessage', INPUTS.delete, (given) => {
      queueOf(given).delete(required(given.ReceiptHandle, 'ReceiptHandle'));
      return undefined;
    }),
    DeleteMessageBatch: reading('DeleteMessageBatch', INPUTS.deleteBatch, (given) => {
      const queue = queueOf(given);
      return runBatch(given.Entries, ({ ReceiptHandle }) => {
        queue.delete(ReceiptHandle);
        return undefined;
      });
    }),
    ChangeMessageVisibility: reading('ChangeMessageVisibility', INPUTS.visibility, (given) =>
      changeVisibility(queueOf(given), required(given.ReceiptHandle, 'ReceiptHandle'), given.VisibilityTimeout),
    ),
    ChangeMessageVisibilityBatch: reading('ChangeMessageVisibilityBatch', INPUTS.visibilityBatch, (given) => {
      const queue = queueOf(given);
      return runBatch(given.Entries, ({ ReceiptHandle, VisibilityTimeout }) =>
        changeVisibility(queue, ReceiptHandle, VisibilityTimeout),
      );
    }),
    TagQueue: reading('TagQueue', INPUTS.tag, (given) => {
      const { name } = queueOf(given);
      tags.set(name, { ...tags.get(name), ...given.Tags });
      return undefined;
    }),
    UntagQueue: reading('UntagQueue', INPUTS.untag, (given) => {
      const { name } = queueOf(given);
      tags.set(
        name,
        chosen(tags.get(name) ?? {}, (key) => !given.TagKeys.includes(key)),
      );
      return undefined;
    }),
    StartMessageMoveTask: reading('StartMessageMoveTask', INPUTS.startMove, (given, { principal }) => {
      // Up to 500 messages per second can be asked for: StartMessageMoveTask (documented).
      const perSecond = within(given.MaxNumberOfMessagesPerSecond, 'MaxNumberOfMessagesPerSecond', 1, 500);
      const { handle } = moves.start(
        { principal },
        required(given.SourceArn, 'SourceArn'),
        given.DestinationArn,
        perSecond,
      );
      return { TaskHandle: handle };
    }),
    ListMessageMoveTasks: reading('ListMessageMoveTasks', INPUTS.listMoves, (given) => {
      // One task is listed unless more are asked for, ten at most: ListMessageMoveTasks (documented).
      const most = within(given.MaxResults, 'MaxResults', 1, 10) ?? 1;
      return { Results: moves.list(required(given.SourceArn, 'SourceArn'), most).map(moveAnswer) };
    }),
    CancelMessageMoveTask: reading('CancelMessageMoveTask', INPUTS.cancelMove, (given) => ({
      ApproximateNumberOfMessagesMoved: moves.cancel(required(given.TaskHandle, 'TaskHandle')).moved,
    })),
    ListQueueTags: reading('ListQueueTags', INPUTS.queue, (given) => ({ Tags: tags.get(queueOf(given).name) ?? {} })),
  };

  const queueTags = structure({ Tags: optional(list(structure({ Key: text(), Value: text() }))) });

  const resources: Readonly<Record<string, Provisioner>> = {
    'AWS::SQS::Queue': {
      properties: ['QueueName', 'Tags', ...QUEUE_PROPERTIES],
      create({ logicalId, properties }) {
        const given = readInput(`AWS::SQS::Queue ${logicalId}`, queueTags, { Tags: properties.Tags ?? null });
        const fifo = properties.FifoQueue === true || properties.FifoQueue === 'true';
        const name =
          typeof properties.QueueName === 'string'
            ? properties.QueueName
            : `${logicalId.slice(0, 60)}-${cloud.id(12)}${fifo ? '.fifo' : ''}`;
        const attributes = chosen(properties, (property) => QUEUE_PROPERTIES.includes(property));
        const queue = queues.create(name, withAttributes(DEFAULTS, attributes));
        if (given.Tags) tags.set(name, Object.fromEntries(given.Tags.map(({ Key, Value }) => [Key, Value])));
        const url = queues.urlOf(name);
        return { ref: url, attributes: { Arn: queue.arn, QueueName: name, QueueUrl: url } };
      },
    },
    'AWS::SQS::QueuePolicy': {
      properties: ['Queues', 'PolicyDocument'],
      create({ logicalId, properties }) {
        const { Queues, PolicyDocument } = readInput(
          `AWS::SQS::QueuePolicy ${logicalId}`,
          structure({ Queues: list(text(), { min: 1 }), PolicyDocument: anything() }),
          properties,
        );
        cloud.iam.checkPolicy(PolicyDocument, 'resource', logicalId);
        for (const url of Queues) {
          const queue = queues.byUrl(url);
          queues.change(queue, withAttributes(queue.settings(), { Policy: JSON.stringify(PolicyDocument) }));
        }
        return { ref: `${logicalId}-${cloud.id(12)}`, attributes: {} };
      },
    },
  };

  return {
    service: {
      scope: 'sqs',
      api: { protocol: 'json-1.0', target: 'AmazonSQS', operations, queryCodes },
      resources,
      policies: {
        has: (arn) => queues.find(arn.split(':').at(-1) ?? '') !== undefined,
        of: (arn) => queues.find(arn.split(':').at(-1) ?? '')?.settings().Policy,
        all: () => queues.all().flatMap((queue) => (queue.settings().Policy === undefined ? [] : [queue.arn])),
      },
      async close() {
        moves.close();
        queues.close();
        tags.clear();
        purgedAt.clear();
      },
    },
    api: {
      send(queueArn, body, options = {}) {
        const attributes = Object.entries(options.attributes ?? {}).map(([name, value]) => [
          name,
          typeof value === 'string'
            ? { DataType: 'String', StringValue: value, BinaryValue: undefined }
            : { DataType: 'Number', StringValue: String(value), BinaryValue: undefined },
        ]);
        const queue = queues.byArn(queueArn);
        send(
          queue,
          {
            MessageBody: body,
            MessageAttributes: Object.fromEntries(attributes),
            DelaySeconds: options.delaySeconds,
            MessageGroupId: options.groupId,
            MessageDeduplicationId: options.deduplicationId,
          },
          cloud.account,
          () => encryption(queue, options.by),
        );
      },
      receive: (queueArn, max, by) => receiveFrom(queues.byArn(queueArn), by, max),
      delete: (queueArn, receiptHandle) => queues.byArn(queueArn).delete(receiptHandle),
      visibilityTimeoutSeconds: (queueArn) => queues.byArn(queueArn).settings().VisibilityTimeout,
      onAvailable: queues.listen,
      peek: (queueArn) => queues.byArn(queueArn).peek(),
    },
  };
};

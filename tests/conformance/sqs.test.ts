import {
  CancelMessageMoveTaskCommand,
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  type Message,
  PurgeQueueCommand,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  type ReceiveMessageRequest,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SendMessageRequest,
  SetQueueAttributesCommand,
  StartMessageMoveTaskCommand,
  TagQueueCommand,
  UntagQueueCommand,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { JsonObject } from '../../local/contracts.ts';
import { ACCOUNT, type MessagingCloud, queueArn, refusal, START, startMessagingCloud } from './messaging-cloud.ts';

let world: MessagingCloud;
beforeEach(async () => {
  world = await startMessagingCloud();
});
afterEach(() => world.close());

const SECOND = 1_000;

const create = async (QueueName: string, Attributes: Record<string, string> = {}): Promise<string> => {
  const { QueueUrl = '' } = await world.sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  return QueueUrl;
};
const send = (QueueUrl: string, MessageBody: string, more: Partial<SendMessageRequest> = {}) =>
  world.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more }));
const receive = async (QueueUrl: string, more: Partial<ReceiveMessageRequest> = {}): Promise<Message[]> => {
  const { Messages = [] } = await world.sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ['All'], ...more }),
  );
  return Messages;
};
const bodies = (messages: Message[]) => messages.map(({ Body }) => Body);
const pass = (seconds: number) => world.cloud.clock.advance(seconds * SECOND);

describe('a queue', () => {
  it('is created, found, listed, described, changed and deleted', async () => {
    const url = await create('parcels', { VisibilityTimeout: '45' });
    const found = await world.sqs.send(new GetQueueUrlCommand({ QueueName: 'parcels' }));
    const listed = await world.sqs.send(new ListQueuesCommand({ QueueNamePrefix: 'par' }));
    await world.sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { DelaySeconds: '5' } }));
    const { Attributes } = await world.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
    );
    await world.sqs.send(new DeleteQueueCommand({ QueueUrl: url }));
    const gone = await refusal(world.sqs.send(new GetQueueUrlCommand({ QueueName: 'parcels' })));

    expect(url).toBe(`${world.cloud.url}/${ACCOUNT}/parcels`);
    expect(found.QueueUrl).toBe(url);
    expect(listed.QueueUrls).toEqual([url]);
    expect(Attributes).toEqual({
      QueueArn: queueArn('parcels'),
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
      ApproximateNumberOfMessagesDelayed: '0',
      CreatedTimestamp: String(Date.parse(START) / 1000),
      LastModifiedTimestamp: String(Date.parse(START) / 1000),
      VisibilityTimeout: '45',
      MaximumMessageSize: '1048576',
      MessageRetentionPeriod: '345600',
      DelaySeconds: '5',
      ReceiveMessageWaitTimeSeconds: '0',
      SqsManagedSseEnabled: 'true',
    });
    expect(gone).toMatchObject({ status: 400, message: 'The specified queue does not exist.' });
  });

  it('that is missing is an error the SDK knows', async () => {
    const sent = world.sqs.send(
      new SendMessageCommand({ QueueUrl: `${world.cloud.url}/${ACCOUNT}/none`, MessageBody: 'x' }),
    );

    await expect(sent).rejects.toBeInstanceOf(QueueDoesNotExist);
  });

  it('is given again for the same attributes, and refused for others', async () => {
    const url = await create('parcels', { VisibilityTimeout: '45' });

    expect(await create('parcels', { VisibilityTimeout: '45' })).toBe(url);
    expect((await refusal(create('parcels', { VisibilityTimeout: '46' }))).message).toBe(
      'A queue already exists with the same name and a different value for attribute VisibilityTimeout',
    );
  });

  it.each([
    [{ VisibilityTimeout: '43201' }, 'InvalidAttributeValue'],
    [{ DelaySeconds: '-1' }, 'InvalidAttributeValue'],
    [{ Colour: 'red' }, 'InvalidAttributeName'],
    [{ RedrivePolicy: '{"deadLetterTargetArn": "x", "maxReceiveCount": 1}' }, 'InvalidParameterValue'],
    [{ FifoThroughputLimit: 'perQueue' }, 'NotImplemented'],
  ])('is refused with %j', async (attributes, name) => {
    expect((await refusal(create('parcels', attributes))).name).toBe(name);
  });

  it('leaves its name taken for a minute when it is deleted', async () => {
    const url = await create('parcels');
    await world.sqs.send(new DeleteQueueCommand({ QueueUrl: url }));

    await pass(59);
    const early = await refusal(create('parcels'));
    await pass(1);

    expect(early.name).toBe('QueueDeletedRecently');
    expect(await create('parcels')).toBe(url);
  });

  it('keeps tags', async () => {
    const QueueUrl = await create('parcels');
    await world.sqs.send(new TagQueueCommand({ QueueUrl, Tags: { a: '1', b: '2' } }));
    await world.sqs.send(new UntagQueueCommand({ QueueUrl, TagKeys: ['a'] }));

    expect((await world.sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags).toEqual({ b: '2' });
  });

  it('is emptied by a purge, once a minute', async () => {
    const QueueUrl = await create('parcels');
    await send(QueueUrl, 'one');

    await world.sqs.send(new PurgeQueueCommand({ QueueUrl }));
    const again = await refusal(world.sqs.send(new PurgeQueueCommand({ QueueUrl })));
    await pass(60);
    await world.sqs.send(new PurgeQueueCommand({ QueueUrl }));

    expect(await receive(QueueUrl)).toEqual([]);
    expect(again.name).toBe('PurgeQueueInProgress');
  });
});

describe('a message', () => {
  it('arrives with its attributes and checksums, which the SDK verifies', async () => {
    const url = await create('parcels');
    const MessageAttributes = {
      kind: { DataType: 'String', StringValue: 'heavy' },
      'weight.kg': { DataType: 'Number', StringValue: '2.5' },
    };

    const sent = await send(url, 'grüße 📦', { MessageAttributes });
    const [message] = await receive(url, { MessageAttributeNames: ['All'] });
    const [some] = await receive(url, { MessageAttributeNames: ['weight.*'] });

    expect(message).toMatchObject({ MessageId: sent.MessageId, Body: 'grüße 📦', MessageAttributes });
    expect(message?.MD5OfMessageAttributes).toBe(sent.MD5OfMessageAttributes);
    expect(message?.Attributes).toEqual({
      SenderId: 'test',
      SentTimestamp: String(Date.parse(START)),
      ApproximateReceiveCount: '1',
      ApproximateFirstReceiveTimestamp: String(Date.parse(START)),
    });
    expect(some).toBeUndefined();
  });

  it('has the MD5 of its attributes that AWS computes', async () => {
    // Amazon SQS Developer Guide's algorithm, worked out by hand for one attribute: each part after its length.
    const url = await create('parcels');

    const sent = await send(url, 'x', { MessageAttributes: { a: { DataType: 'String', StringValue: 'b' } } });

    const { createHash } = await import('node:crypto');
    const bytes = Buffer.from('0000000161' + '00000006537472696e67' + '01' + '0000000162', 'hex');
    expect(sent.MD5OfMessageAttributes).toBe(createHash('md5').update(bytes).digest('hex'));
  });

  it('comes back after its visibility timeout, and counts its receives', async () => {
    const url = await create('parcels', { VisibilityTimeout: '30' });
    await send(url, 'one');

    const [first] = await receive(url);
    await pass(29);
    const hidden = await receive(url);
    await pass(1);
    const [second] = await receive(url);

    expect(first?.Body).toBe('one');
    expect(hidden).toEqual([]);
    expect(second?.Attributes?.ApproximateReceiveCount).toBe('2');
    expect(second?.ReceiptHandle).not.toBe(first?.ReceiptHandle);
  });

  it('can be hidden longer, or shown at once', async () => {
    const QueueUrl = await create('parcels');
    await send(QueueUrl, 'one');

    const [first] = await receive(QueueUrl);
    await world.sqs.send(
      new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: first?.ReceiptHandle, VisibilityTimeout: 100 }),
    );
    await pass(99);
    const hidden = await receive(QueueUrl);
    await world.sqs.send(
      new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: first?.ReceiptHandle, VisibilityTimeout: 0 }),
    );
    const shown = await receive(QueueUrl);

    expect(hidden).toEqual([]);
    expect(bodies(shown)).toEqual(['one']);
  });

  it('is deleted with its latest receipt handle only', async () => {
    const QueueUrl = await create('parcels');
    await send(QueueUrl, 'one');
    const [first] = await receive(QueueUrl);
    await pass(30);
    const [second] = await receive(QueueUrl);

    await world.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: first?.ReceiptHandle }));
    const kept = world.messages('parcels').length;
    await world.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: second?.ReceiptHandle }));
    await world.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: second?.ReceiptHandle }));

    expect(kept).toBe(1);
    expect(world.messages('parcels')).toEqual([]);
    expect((await refusal(world.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: 'x' })))).name).toBe(
      'ReceiptHandleIsInvalid',
    );
  });

  it("waits for its delay, or the queue's", async () => {
    const url = await create('parcels', { DelaySeconds: '60' });
    await send(url, 'queue');
    await send(url, 'own', { DelaySeconds: 10 });

    await pass(10);
    const early = await receive(url);
    await pass(50);
    const late = await receive(url, { VisibilityTimeout: 0 });

    expect(bodies(early)).toEqual(['own']);
    expect(bodies(late)).toContain('queue');
  });

  it('is forgotten after the retention period', async () => {
    const url = await create('parcels', { MessageRetentionPeriod: '60' });
    await send(url, 'one');

    await pass(60);

    expect(await receive(url)).toEqual([]);
  });

  it('is moved to the dead-letter queue when it was received too often, and keeps its id and age', async () => {
    const dead = await create('dead');
    const url = await create('parcels', {
      VisibilityTimeout: '10',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn('dead'), maxReceiveCount: 2 }),
    });
    const sent = await send(url, 'one');
    for (let attempt = 0; attempt < 2; attempt++) {
      await receive(url);
      await pass(10);
    }

    const third = await receive(url);
    const [letter] = await receive(dead);
    const sources = await world.sqs.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead }));

    expect(third).toEqual([]);
    expect(letter).toMatchObject({ MessageId: sent.MessageId, Body: 'one' });
    expect(letter?.Attributes).toMatchObject({
      SentTimestamp: String(Date.parse(START)),
      DeadLetterQueueSourceArn: queueArn('parcels'),
    });
    expect(sources.queueUrls).toEqual([url]);
  });

  it('stays hidden for twelve hours at most', async () => {
    const url = await create('parcels');
    await send(url, 'one');
    const [message] = await receive(url);
    const hide = (VisibilityTimeout: number) =>
      world.sqs.send(
        new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout }),
      );

    await pass(20);
    const error = await refusal(hide(43_200));
    await hide(43_180);

    expect(error.name).toBe('InvalidParameterValue');
    expect(error.message).toContain('Total VisibilityTimeout for the message is beyond the limit [43200 seconds]');
    expect(await receive(url)).toEqual([]);
  });

  it.each([
    ['too large', { MessageBody: 'x'.repeat(1025) }, 'InvalidParameterValue', 'shorter than 1024 bytes'],
    ['empty', { MessageBody: '' }, 'MissingParameter', 'MessageBody'],
    ['with characters XML has not', { MessageBody: 'a\u0000b' }, 'InvalidMessageContents', 'Invalid characters'],
    ['delayed too long', { DelaySeconds: 901 }, 'InvalidParameterValue', 'DelaySeconds'],
    [
      'with an empty attribute',
      { MessageAttributes: { a: { DataType: 'String', StringValue: '' } } },
      'InvalidParameterValue',
      "'a'",
    ],
    [
      'with a number that is none',
      { MessageAttributes: { a: { DataType: 'Number', StringValue: 'x' } } },
      'InvalidParameterValue',
      'number',
    ],
    [
      'with a binary attribute',
      { MessageAttributes: { a: { DataType: 'Binary', BinaryValue: new Uint8Array([1]) } } },
      'NotImplemented',
      'binary',
    ],
  ])('is refused when it is %s', async (_, more, name, message) => {
    const url = await create('parcels', { MaximumMessageSize: '1024' });

    const error = await refusal(send(url, 'x', more));

    expect(error.name).toBe(name);
    expect(error.message).toContain(message);
  });
});

describe('a batch', () => {
  it('sends, hides and deletes, and fails entry by entry', async () => {
    const QueueUrl = await create('parcels');

    const sent = await world.sqs.send(
      new SendMessageBatchCommand({
        QueueUrl,
        Entries: [
          { Id: 'a', MessageBody: 'one' },
          { Id: 'b', MessageBody: '' },
          { Id: 'c', MessageBody: 'two' },
        ],
      }),
    );
    const received = await receive(QueueUrl);
    const handles = received.map(({ ReceiptHandle = '' }, index) => ({ Id: `m${index}`, ReceiptHandle }));
    const hidden = await world.sqs.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl,
        Entries: handles.map((entry) => ({ ...entry, VisibilityTimeout: 5 })),
      }),
    );
    const deleted = await world.sqs.send(
      new DeleteMessageBatchCommand({ QueueUrl, Entries: [...handles, { Id: 'bad', ReceiptHandle: 'x' }] }),
    );

    expect(sent.Successful?.map(({ Id }) => Id)).toEqual(['a', 'c']);
    expect(sent.Failed).toMatchObject([{ Id: 'b', SenderFault: true, Code: 'MissingParameter' }]);
    expect(bodies(received)).toEqual(['one', 'two']);
    expect(hidden.Successful).toHaveLength(2);
    expect(deleted.Successful).toHaveLength(2);
    expect(deleted.Failed).toMatchObject([{ Id: 'bad', Code: 'ReceiptHandleIsInvalid' }]);
    expect(world.messages('parcels')).toEqual([]);
  });

  it.each([
    ['nothing', [], 'EmptyBatchRequest'],
    [
      'eleven entries',
      Array.from({ length: 11 }, (_, index) => ({ Id: `m${index}`, MessageBody: 'x' })),
      'TooManyEntriesInBatchRequest',
    ],
    [
      'an id twice',
      [
        { Id: 'a', MessageBody: 'x' },
        { Id: 'a', MessageBody: 'y' },
      ],
      'BatchEntryIdsNotDistinct',
    ],
    ['a bad id', [{ Id: 'a b', MessageBody: 'x' }], 'InvalidBatchEntryId'],
  ])('of %s is refused', async (_, Entries, name) => {
    const QueueUrl = await create('parcels');

    expect((await refusal(world.sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries })))).name).toBe(name);
  });
});

describe('a FIFO queue', () => {
  const attributes = { FifoQueue: 'true', ContentBasedDeduplication: 'true' };

  it('keeps each group in order, and holds a group back while one of it is in flight', async () => {
    const QueueUrl = await create('parcels.fifo', attributes);
    await send(QueueUrl, 'a1', { MessageGroupId: 'a' });
    await send(QueueUrl, 'a2', { MessageGroupId: 'a' });
    await send(QueueUrl, 'b1', { MessageGroupId: 'b' });

    const first = await receive(QueueUrl, { MaxNumberOfMessages: 1 });
    const second = await receive(QueueUrl);
    await world.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: first[0]?.ReceiptHandle }));
    const third = await receive(QueueUrl);

    expect(bodies(first)).toEqual(['a1']);
    expect(bodies(second)).toEqual(['b1']);
    expect(bodies(third)).toEqual(['a2']);
  });

  it('takes a message once within five minutes', async () => {
    const url = await create('parcels.fifo', attributes);

    const first = await send(url, 'same', { MessageGroupId: 'a' });
    const second = await send(url, 'same', { MessageGroupId: 'a' });
    await pass(300);
    const third = await send(url, 'same', { MessageGroupId: 'a' });

    expect(second.MessageId).toBe(first.MessageId);
    expect(third.MessageId).not.toBe(first.MessageId);
    expect(world.messages('parcels.fifo')).toHaveLength(2);
  });

  it('needs a group, and its name the suffix', async () => {
    const url = await create('parcels.fifo', attributes);

    expect((await refusal(send(url, 'x'))).message).toBe('The request must contain the parameter MessageGroupId.');
    expect((await refusal(create('parcels', { FifoQueue: 'true' }))).name).toBe('InvalidParameterValue');
    expect((await refusal(create('plain.fifo'))).name).toBe('InvalidParameterValue');
  });
});

/** Until the request that polls has arrived and waits on the clock. */
const untilPolled = async () => {
  while (world.cloud.clock.nextTimer() === undefined) await new Promise((resolve) => setImmediate(resolve));
};

describe('a long poll', () => {
  it('answers at once when the clock stands still', async () => {
    const url = await create('parcels');

    expect(await receive(url, { WaitTimeSeconds: 20 })).toEqual([]);
  });

  it('waits for a message on a clock that flows', async () => {
    await world.close();
    world = await startMessagingCloud({ flow: true });
    const url = await create('parcels');

    const waiting = receive(url, { WaitTimeSeconds: 20 });
    await untilPolled();
    await send(url, 'late');

    expect(bodies(await waiting)).toEqual(['late']);
  });

  it('ends empty when its time is up', async () => {
    await world.close();
    world = await startMessagingCloud({ flow: true });
    const url = await create('parcels');

    const waiting = receive(url, { WaitTimeSeconds: 20 });
    await untilPolled();
    await pass(21);

    expect(await waiting).toEqual([]);
  });
});

describe('a listener', () => {
  it('is called when a message comes, comes back, and when it was there before', async () => {
    const url = await create('parcels');
    const calls: number[] = [];
    await send(url, 'early');

    const stop = world.cloud.sqs.onAvailable(queueArn('parcels'), () => calls.push(world.cloud.clock.ms()));
    await world.cloud.settle();
    world.cloud.sqs.receive(queueArn('parcels'), 10);
    await send(url, 'later', { DelaySeconds: 5 });
    await world.cloud.settle({ advanceMs: 40 * SECOND });
    stop();
    await send(url, 'unheard');
    await world.cloud.settle();

    expect(calls.map((at) => (at - Date.parse(START)) / SECOND)).toEqual([0, 5, 30]);
  });
});

describe('a template', () => {
  it('makes queues and policies', async () => {
    const stack = await world.deploy({
      Dead: { Type: 'AWS::SQS::Queue', Properties: { MessageRetentionPeriod: 1209600 } },
      Parcels: {
        Type: 'AWS::SQS::Queue',
        Properties: {
          QueueName: 'parcels',
          VisibilityTimeout: 90,
          RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] }, maxReceiveCount: 3 },
        },
      },
      Open: {
        Type: 'AWS::SQS::QueuePolicy',
        Properties: { Queues: [{ Ref: 'Parcels' }], PolicyDocument: { Version: '2012-10-17', Statement: [] } },
      },
    });

    const { Attributes } = await world.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: stack.resources.Parcels?.ref, AttributeNames: ['All'] }),
    );

    expect(stack.resources.Parcels).toMatchObject({
      ref: `${world.cloud.url}/${ACCOUNT}/parcels`,
      attributes: { Arn: queueArn('parcels'), QueueName: 'parcels' },
    });
    expect(Attributes).toMatchObject({
      VisibilityTimeout: '90',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: stack.resources.Dead?.attributes.Arn, maxReceiveCount: 3 }),
      Policy: '{"Version":"2012-10-17","Statement":[]}',
    });
  });
});

describe('the tags of a template', () => {
  const tagged = (Tags: JsonObject[] | JsonObject) =>
    world.deploy({ Parcels: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'parcels', Tags } } });

  it('are the queue’s', async () => {
    const stack = await tagged([{ Key: 'team', Value: 'post' }]);
    const { Tags } = await world.sqs.send(new ListQueueTagsCommand({ QueueUrl: stack.resources.Parcels?.ref }));

    expect(Tags).toEqual({ team: 'post' });
  });

  it('are a list of keys and values', async () => {
    await expect(tagged({ team: 'post' })).rejects.toThrow(/Tags/i);
  });
});

describe('a redrive policy', () => {
  const policy = (target: string) => ({
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn(target), maxReceiveCount: 2 }),
  });

  it('is refused with a dead-letter queue that does not exist', async () => {
    const error = await refusal(create('parcels', policy('nowhere')));

    expect(error.name).toBe('InvalidParameterValue');
    expect(error.message).toContain('Dead letter target does not exist.');
  });

  it('is refused between a standard and a FIFO queue', async () => {
    await create('dead.fifo', { FifoQueue: 'true' });

    const error = await refusal(create('parcels', policy('dead.fifo')));

    expect(error.message).toContain('must be same type of queue');
  });

  it.each([
    ['denyAll', { redrivePermission: 'denyAll' }, false],
    ['byQueue, another', { redrivePermission: 'byQueue', sourceQueueArns: [queueArn('other')] }, false],
    ['byQueue, this one', { redrivePermission: 'byQueue', sourceQueueArns: [queueArn('parcels')] }, true],
    ['allowAll', { redrivePermission: 'allowAll' }, true],
  ])('is held to the redrive allow policy %s', async (_, allow, allowed) => {
    await create('dead', { RedriveAllowPolicy: JSON.stringify(allow) });

    const created = create('parcels', policy('dead'));

    if (allowed) expect(await created).toContain('parcels');
    else expect(await refusal(created)).toMatchObject({ name: 'InvalidParameterValue' });
  });

  it.each([
    ['another permission', { redrivePermission: 'some' }],
    ['queues without byQueue', { redrivePermission: 'denyAll', sourceQueueArns: [queueArn('a')] }],
    ['byQueue without queues', { redrivePermission: 'byQueue' }],
    [
      'eleven queues',
      { redrivePermission: 'byQueue', sourceQueueArns: Array.from({ length: 11 }, () => queueArn('a')) },
    ],
  ])('has no allow policy with %s', async (_, allow) => {
    const error = await refusal(create('dead', { RedriveAllowPolicy: JSON.stringify(allow) }));

    expect(error).toMatchObject({ name: 'InvalidParameterValue', status: 400 });
  });
});

describe('a message move task', () => {
  /** Two queues with one dead-letter queue, and a dead letter of each. */
  const deadLetters = async () => {
    const dead = await create('dead');
    for (const name of ['parcels', 'letters']) {
      const url = await create(name, {
        VisibilityTimeout: '0',
        RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn('dead'), maxReceiveCount: 1 }),
      });
      await send(url, name);
      await receive(url);
      await receive(url);
    }
    return dead;
  };
  const start = (more: { DestinationArn?: string; MaxNumberOfMessagesPerSecond?: number } = {}) =>
    world.sqs.send(new StartMessageMoveTaskCommand({ SourceArn: queueArn('dead'), ...more }));
  const list = async (MaxResults?: number) => {
    const answer = await world.sqs.send(new ListMessageMoveTasksCommand({ SourceArn: queueArn('dead'), MaxResults }));
    return answer.Results ?? [];
  };

  it('takes dead letters back to the queues they came from, as new messages', async () => {
    await deadLetters();
    const before = world.messages('dead').map(({ messageId }) => messageId);
    await pass(60);

    await start();
    await world.cloud.settle();

    const [parcel] = world.messages('parcels');
    expect(parcel?.body).toBe('parcels');
    expect(before).not.toContain(parcel?.messageId);
    expect(parcel?.attributes).toMatchObject({
      SentTimestamp: String(Date.parse(START) + 60_000),
      ApproximateReceiveCount: '0',
    });
    expect(world.messages('letters').map(({ body }) => body)).toEqual(['letters']);
    expect(world.messages('dead')).toEqual([]);
    expect(await list()).toEqual([
      {
        Status: 'COMPLETED',
        SourceArn: queueArn('dead'),
        ApproximateNumberOfMessagesMoved: 2,
        ApproximateNumberOfMessagesToMove: 2,
        StartedTimestamp: Date.parse(START) + 60_000,
      },
    ]);
  });

  it('takes them to another queue, no faster than it may, until it is cancelled', async () => {
    await deadLetters();
    await create('hospital');

    const { TaskHandle } = await start({ DestinationArn: queueArn('hospital'), MaxNumberOfMessagesPerSecond: 1 });
    await world.cloud.settle();
    const [running] = await list();
    const second = await refusal(start());
    const cancelled = await world.sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
    await world.cloud.settle({ advanceMs: 10_000 });
    const again = await refusal(world.sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle })));

    expect(running).toMatchObject({ TaskHandle, Status: 'RUNNING', ApproximateNumberOfMessagesMoved: 1 });
    expect(second.name).toBe('UnsupportedOperation');
    expect(cancelled.ApproximateNumberOfMessagesMoved).toBe(1);
    expect(again.name).toBe('UnsupportedOperation');
    expect(world.messages('hospital').map(({ body }) => body)).toEqual(['parcels']);
    expect(world.messages('dead').map(({ body }) => body)).toEqual(['letters']);
    expect(await list(10)).toMatchObject([{ Status: 'CANCELLED' }]);
  });

  it('fails where nothing says where a message came from, and leaves it there', async () => {
    const dead = await deadLetters();
    await send(dead, 'by hand');

    await start();
    await world.cloud.settle();

    expect(await list()).toMatchObject([{ Status: 'FAILED', FailureReason: 'CouldNotDetermineMessageSource' }]);
    expect(world.messages('dead').map(({ body }) => body)).toEqual(['by hand']);
  });

  it('is refused for a queue that is no dead-letter queue, or is not there', async () => {
    await create('parcels');

    const none = await refusal(world.sqs.send(new StartMessageMoveTaskCommand({ SourceArn: queueArn('parcels') })));
    const missing = await refusal(start());

    expect(none).toMatchObject({ name: 'InvalidParameterValue', status: 400 });
    expect(none.message).toBe('Source queue must be configured as a Dead Letter Queue.');
    expect(missing.name).toBe('ResourceNotFoundException');
  });
});

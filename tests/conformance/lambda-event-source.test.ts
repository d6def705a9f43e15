import {
  GetEventSourceMappingCommand,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, it } from 'vitest';

import type { JsonObject } from '../../local/contracts.ts';
import { failedItems } from '../../local/services/lambda/event-source-mapping.ts';
import { ADMINISTRATOR, deployStack, functionResource, type TestStack } from './lambda-stack.ts';

const SECOND = 1_000;
/** Logs what it gets, fails the messages whose body begins with `bad`, and the whole batch at `throw`. */
const WORKER = `
exports.handler = async (event) => {
  process.stdout.write('batch ' + JSON.stringify(event.Records) + '\\n');
  const bodies = event.Records.map((record) => record.body);
  if (bodies.includes('throw')) throw new Error('whole batch');
  if (bodies.includes('odd')) return { batchItemFailures: [{ itemIdentifier: '' }] };
  return { batchItemFailures: event.Records.filter((record) => record.body.startsWith('bad')).map((record) => ({ itemIdentifier: record.messageId })) };
};`;

const WORK_ARN = 'arn:aws:sqs:eu-west-1:000000000000:work';
const DEAD_ARN = 'arn:aws:sqs:eu-west-1:000000000000:dead';

let stack: TestStack;
let sqs: SQSClient;
afterEach(async () => {
  sqs.destroy();
  await stack.close();
});

const deploy = async (mapping: JsonObject = {}, properties: JsonObject = {}) => {
  stack = await deployStack(
    { worker: { 'index.js': WORKER } },
    {
      Dead: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'dead' } },
      Work: {
        Type: 'AWS::SQS::Queue',
        Properties: {
          QueueName: 'work',
          VisibilityTimeout: 30,
          RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] }, maxReceiveCount: 2 },
        },
      },
      Worker: functionResource('worker', properties),
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: {
          EventSourceArn: { 'Fn::GetAtt': ['Work', 'Arn'] },
          FunctionName: { Ref: 'Worker' },
          FunctionResponseTypes: ['ReportBatchItemFailures'],
          ...mapping,
        },
      },
    },
    { outputs: { Work: { Value: { Ref: 'Work' } }, Mapping: { Value: { Ref: 'Mapping' } } } },
  );
  sqs = new SQSClient({ endpoint: stack.cloud.url, region: 'eu-west-1', credentials: ADMINISTRATOR, maxAttempts: 1 });
};
const url = () => stack.outputs.Work ?? '';
const send = (...bodies: string[]) =>
  sqs.send(
    new SendMessageBatchCommand({
      QueueUrl: url(),
      Entries: bodies.map((body, index) => ({ Id: `m${index}`, MessageBody: body })),
    }),
  );
interface SeenRecord {
  body: string;
  attributes: Record<string, string>;
}
const batches = (): SeenRecord[][] =>
  stack.cloud.logs
    .read('/aws/lambda/worker')
    .filter((event) => event.message.startsWith('batch '))
    .map((event) => JSON.parse(event.message.slice(6)));
const bodies = () => batches().map((batch) => batch.map((record) => record.body));
const left = (arn: string) => stack.cloud.sqs.peek(arn).map((message) => message.body);

describe('a queue that wakes a function', () => {
  it('hands over records as SQS events have them, and deletes what was dealt with', async () => {
    await deploy();

    await sqs.send(
      new SendMessageCommand({
        QueueUrl: url(),
        MessageBody: 'good',
        MessageAttributes: { Author: { DataType: 'String', StringValue: 'Ada' } },
      }),
    );
    await stack.cloud.settle();

    expect(batches()).toEqual([
      [
        {
          messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
          receiptHandle: expect.any(String),
          body: 'good',
          attributes: {
            ApproximateReceiveCount: '1',
            SentTimestamp: String(Date.parse('2031-05-06T07:08:09Z')),
            SenderId: expect.any(String),
            ApproximateFirstReceiveTimestamp: String(Date.parse('2031-05-06T07:08:09Z')),
          },
          messageAttributes: {
            Author: { stringValue: 'Ada', stringListValues: [], binaryListValues: [], dataType: 'String' },
          },
          md5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
          md5OfBody: '755f85c2723bb39381c7379a604160d8',
          eventSource: 'aws:sqs',
          eventSourceARN: WORK_ARN,
          awsRegion: 'eu-west-1',
        },
      ],
    ]);
    expect(left(WORK_ARN)).toEqual([]);
  });

  it('computes the MD5 of attributes as SQS does', async () => {
    await deploy();

    const sent = await sqs.send(
      new SendMessageCommand({
        QueueUrl: url(),
        MessageBody: 'good',
        MessageAttributes: {
          Weeks: { DataType: 'Number', StringValue: '6' },
          Author: { DataType: 'String', StringValue: 'Ada' },
        },
      }),
    );
    await stack.cloud.settle();

    expect(batches()[0]?.[0]).toMatchObject({ md5OfMessageAttributes: sent.MD5OfMessageAttributes });
  });

  it('keeps the failed items of a batch, which come again after the visibility timeout and then die', async () => {
    await deploy();

    await send('good', 'bad 1', 'fine', 'bad 2');
    await stack.cloud.settle();
    const first = bodies();
    const kept = left(WORK_ARN);
    await stack.cloud.settle({ advanceMs: 31 * SECOND });
    const second = bodies();
    await stack.cloud.settle({ advanceMs: 61 * SECOND });

    expect(first).toEqual([['good', 'bad 1', 'fine', 'bad 2']]);
    expect(kept).toEqual(['bad 1', 'bad 2']);
    expect(second.slice(1).flat().sort()).toEqual(['bad 1', 'bad 2']);
    expect(
      batches()
        .slice(1)
        .flat()
        .map((record) => record.attributes.ApproximateReceiveCount),
    ).toEqual(['2', '2']);
    expect(left(DEAD_ARN).sort()).toEqual(['bad 1', 'bad 2']);
  });

  it('loses failed items when it does not declare that it reports them', async () => {
    await deploy({ FunctionResponseTypes: [] });

    await send('good', 'bad');
    await stack.cloud.settle({ advanceMs: 100 * SECOND });

    expect(bodies()).toEqual([['good', 'bad']]);
    expect(left(WORK_ARN)).toEqual([]);
    expect(left(DEAD_ARN)).toEqual([]);
  });

  it.each(['throw', 'odd'])('keeps the whole batch when the function answers with %s', async (body) => {
    await deploy();

    await send('good', body);
    await stack.cloud.settle();

    expect(bodies()).toEqual([['good', body]]);
    expect(left(WORK_ARN)).toEqual(['good', body]);
  });

  it('makes batches no larger than asked for', async () => {
    await deploy({ BatchSize: 2 });

    await send('a', 'b', 'c', 'd', 'e');
    await stack.cloud.settle();

    expect(
      bodies()
        .map((batch) => batch.length)
        .sort(),
    ).toEqual([1, 2, 2]);
    expect(bodies().flat().sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('gathers a batch for as long as its window is open', async () => {
    await deploy({ BatchSize: 20, MaximumBatchingWindowInSeconds: 5 });

    await send('a', 'b');
    await stack.cloud.settle();
    await stack.cloud.clock.advance(2 * SECOND);
    await send('c');
    await stack.cloud.settle();
    const before = bodies();
    await stack.cloud.settle({ advanceMs: 3 * SECOND });

    expect(before).toEqual([]);
    expect(bodies()).toEqual([['a', 'b', 'c']]);
  });

  it('receives nothing that a function of concurrency 1 has no room for', async () => {
    await deploy({ BatchSize: 1 }, { ReservedConcurrentExecutions: 1 });

    await send('a', 'b', 'c', 'd');
    await stack.cloud.settle();

    expect(bodies().flat().sort()).toEqual(['a', 'b', 'c', 'd']);
    expect(
      batches()
        .flat()
        .map((record) => record.attributes.ApproximateReceiveCount),
    ).toEqual(['1', '1', '1', '1']);
  });

  it('can be disabled and enabled', async () => {
    await deploy({ Enabled: false });
    const uuid = stack.outputs.Mapping;

    await send('a');
    await stack.cloud.settle();
    const disabled = bodies();
    const updated = await stack.lambda.send(new UpdateEventSourceMappingCommand({ UUID: uuid, Enabled: true }));
    await stack.cloud.settle();
    const listed = await stack.lambda.send(new ListEventSourceMappingsCommand({ FunctionName: 'worker' }));
    const found = await stack.lambda.send(new GetEventSourceMappingCommand({ UUID: uuid }));

    expect(disabled).toEqual([]);
    expect(updated.State).toBe('Enabled');
    expect(bodies()).toEqual([['a']]);
    expect(listed.EventSourceMappings).toHaveLength(1);
    expect(found).toMatchObject({
      BatchSize: 10,
      MaximumBatchingWindowInSeconds: 0,
      EventSourceArn: WORK_ARN,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
  });
});

describe('a partial batch response', () => {
  const batch = new Set(['a', 'b']);

  it.each<[string, Parameters<typeof failedItems>[0], string[] | undefined]>([
    ['null', null, []],
    ['an empty object', {}, []],
    ['an empty list', { batchItemFailures: [] }, []],
    ['a null list', { batchItemFailures: null }, []],
    ['one item', { batchItemFailures: [{ itemIdentifier: 'b' }] }, ['b']],
    ['a string', 'fine', undefined],
    ['an empty identifier', { batchItemFailures: [{ itemIdentifier: '' }] }, undefined],
    ['a null identifier', { batchItemFailures: [{ itemIdentifier: null }] }, undefined],
    ['a wrong member', { batchItemFailures: [{ id: 'a' }] }, undefined],
    ['an identifier of no message', { batchItemFailures: [{ itemIdentifier: 'c' }] }, undefined],
  ])('that is %s is understood', (_, response, expected) => {
    const failed = failedItems(response, batch);

    expect(failed && [...failed]).toEqual(expected);
  });
});

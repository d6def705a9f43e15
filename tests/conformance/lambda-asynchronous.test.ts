import { GetFunctionEventInvokeConfigCommand, InvokeCommand } from '@aws-sdk/client-lambda';
import { afterEach, describe, expect, it } from 'vitest';

import type { JsonObject } from '../../local/contracts.ts';
import { deployStack, functionResource, type TestStack } from './lambda-stack.ts';
import { openedQueue } from './messaging-cloud.ts';

const MINUTE = 60_000;
/** Fails as long as it is told to, and logs each try with the cloud's time. */
const FLAKY = `
let tries = 0;
exports.handler = async (event, context) => {
  tries++;
  process.stdout.write('try ' + tries + ' at ' + new Date().toISOString().slice(11, 16) + ' ' + context.awsRequestId + '\\n');
  if (tries <= event.failures) throw new Error('not yet ' + tries);
  return { tries };
};`;

/** Takes its time, so that a second event finds it busy. */
const BUSY = `
exports.handler = (event) => new Promise((resolve) => setTimeout(() => resolve(event), 400));`;
const HEIR = `
exports.handler = async ({ requestContext, responsePayload }) => {
  process.stdout.write('heir ' + requestContext.condition + ' ' + responsePayload.errorMessage + '\\n');
};`;

const QUEUE: JsonObject = { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'ends' } };
const QUEUE_ARN = 'arn:aws:sqs:eu-west-1:000000000000:ends';
const TO_QUEUE = { Destination: { 'Fn::GetAtt': ['Ends', 'Arn'] } };

const invokeConfig = (properties: JsonObject): JsonObject => ({
  Type: 'AWS::Lambda::EventInvokeConfig',
  Properties: { FunctionName: { Ref: 'Flaky' }, Qualifier: '$LATEST', ...properties },
});

let stack: TestStack;
afterEach(() => stack.close());

const deploy = async (config: JsonObject, properties: JsonObject = {}) => {
  stack = await deployStack(
    { flaky: { 'index.js': FLAKY } },
    {
      Ends: QUEUE,
      EndsPolicy: openedQueue('Ends'),
      Flaky: functionResource('flaky', properties),
      Config: invokeConfig(config),
    },
  );
};
const sendEvent = async (event: JsonObject) => {
  const command = new InvokeCommand({
    FunctionName: 'flaky',
    InvocationType: 'Event',
    Payload: Buffer.from(JSON.stringify(event)),
  });
  return (await stack.lambda.send(command)).StatusCode;
};
const tries = () =>
  stack.cloud.logs
    .read('/aws/lambda/flaky')
    .map((event) => event.message)
    .filter((message) => message.startsWith('try'));
const ends = () => stack.cloud.sqs.peek(QUEUE_ARN).map((message) => JSON.parse(message.body));

describe('an asynchronous invocation', () => {
  it('is accepted at once and told to the destination when it has succeeded', async () => {
    await deploy({ DestinationConfig: { OnSuccess: TO_QUEUE } });

    const status = await sendEvent({ failures: 0 });
    await stack.cloud.settle();

    expect(status).toBe(202);
    expect(ends()).toEqual([
      {
        version: '1.0',
        timestamp: expect.stringMatching(/^2031-05-06T07:08:/),
        requestContext: {
          requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
          functionArn: 'arn:aws:lambda:eu-west-1:000000000000:function:flaky:$LATEST',
          condition: 'Success',
          approximateInvokeCount: 1,
        },
        requestPayload: { failures: 0 },
        responseContext: { statusCode: 200, executedVersion: '$LATEST' },
        responsePayload: { tries: 1 },
      },
    ]);
  });

  it('is tried again after one and after two more minutes of the cloud’s time, under the same id', async () => {
    await deploy({ DestinationConfig: { OnSuccess: TO_QUEUE, OnFailure: TO_QUEUE } });

    await sendEvent({ failures: 2 });
    await stack.cloud.settle();
    const atOnce = tries().length;
    await stack.cloud.clock.advance(59_000);
    await stack.cloud.settle();
    const beforeAMinute = tries().length;
    await stack.cloud.settle({ advanceMs: 10 * MINUTE });

    expect([atOnce, beforeAMinute]).toEqual([1, 1]);
    expect(tries().map((line) => line.slice(0, 14))).toEqual(['try 1 at 07:08', 'try 2 at 07:09', 'try 3 at 07:11']);
    expect(new Set(tries().map((line) => line.slice(15))).size).toBe(1);
    expect(ends()).toMatchObject([{ requestContext: { condition: 'Success', approximateInvokeCount: 3 } }]);
  });

  it('goes to the on-failure destination when its retries are used up', async () => {
    await deploy({ DestinationConfig: { OnFailure: TO_QUEUE } });

    await sendEvent({ failures: 9 });
    await stack.cloud.settle({ advanceMs: 10 * MINUTE });

    expect(tries()).toHaveLength(3);
    expect(ends()).toMatchObject([
      {
        requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
        requestPayload: { failures: 9 },
        responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
        responsePayload: { errorType: 'Error', errorMessage: 'not yet 3' },
      },
    ]);
  });

  it('is not tried again when it would be too old', async () => {
    await deploy({ MaximumEventAgeInSeconds: 100, DestinationConfig: { OnFailure: TO_QUEUE } });

    await sendEvent({ failures: 9 });
    await stack.cloud.settle({ advanceMs: 10 * MINUTE });

    expect(tries()).toHaveLength(2);
    expect(ends()).toMatchObject([{ requestContext: { condition: 'EventAgeExceeded', approximateInvokeCount: 2 } }]);
  });

  it('goes to the dead-letter queue as it came', async () => {
    await deploy({ MaximumRetryAttempts: 0 }, { DeadLetterConfig: { TargetArn: { 'Fn::GetAtt': ['Ends', 'Arn'] } } });

    await sendEvent({ failures: 9 });
    await stack.cloud.settle();

    const [letter] = stack.cloud.sqs.peek(QUEUE_ARN);
    expect(JSON.parse(letter?.body ?? '')).toEqual({ failures: 9 });
    expect(letter?.messageAttributes).toMatchObject({
      RequestID: { stringValue: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      ErrorCode: { dataType: 'Number', stringValue: '200' },
      ErrorMessage: { dataType: 'String', stringValue: 'not yet 1' },
    });
  });

  it('waits while the function is throttled, and counts no try for it', async () => {
    stack = await deployStack(
      { flaky: { 'index.js': BUSY } },
      {
        Ends: QUEUE,
        Flaky: functionResource('flaky', { ReservedConcurrentExecutions: 1 }),
        Config: invokeConfig({ DestinationConfig: { OnSuccess: TO_QUEUE } }),
      },
    );

    await sendEvent({ parcel: 1 });
    await sendEvent({ parcel: 2 });
    await stack.cloud.settle();
    const atOnce = ends();
    await stack.cloud.settle({ advanceMs: 1_000 });

    expect(atOnce).toMatchObject([{ requestPayload: { parcel: 1 } }]);
    expect(ends()).toMatchObject([
      { requestPayload: { parcel: 1 } },
      { requestPayload: { parcel: 2 }, requestContext: { condition: 'Success', approximateInvokeCount: 1 } },
    ]);
  });

  it('goes to its destination at once when the function may not run at all', async () => {
    await deploy({ DestinationConfig: { OnFailure: TO_QUEUE } }, { ReservedConcurrentExecutions: 0 });

    await sendEvent({ failures: 0 });
    await stack.cloud.settle();

    expect(tries()).toEqual([]);
    expect(ends()).toMatchObject([
      { requestContext: { condition: 'ZeroReservedConcurrency', approximateInvokeCount: 0 } },
    ]);
    expect(ends()[0]).not.toHaveProperty('responsePayload');
  });

  it('is handed to a function and to a topic as its record', async () => {
    stack = await deployStack(
      { flaky: { 'index.js': FLAKY }, heir: { 'index.js': HEIR } },
      {
        Topic: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'told' } },
        Heir: functionResource('heir'),
        Flaky: functionResource('flaky'),
        Config: invokeConfig({
          MaximumRetryAttempts: 0,
          DestinationConfig: {
            OnSuccess: { Destination: { Ref: 'Topic' } },
            OnFailure: { Destination: { 'Fn::GetAtt': ['Heir', 'Arn'] } },
          },
        }),
      },
    );

    await sendEvent({ failures: 1 });
    await stack.cloud.settle();
    await sendEvent({ failures: 1 });
    await stack.cloud.settle();

    const inherited = stack.cloud.logs.read('/aws/lambda/heir').map(({ message }) => message);
    expect(inherited.filter((line) => line.startsWith('heir'))).toEqual(['heir RetriesExhausted not yet 1']);
    const told = stack.cloud.sns.published('arn:aws:sns:eu-west-1:000000000000:told');
    expect(told.map(({ message }) => JSON.parse(message))).toMatchObject([
      { version: '1.0', requestContext: { condition: 'Success' }, responsePayload: { tries: 2 } },
    ]);
  });

  it('may be told to a bus', async () => {
    stack = await deployStack(
      { flaky: { 'index.js': FLAKY } },
      {
        Ends: QUEUE,
        EndsPolicy: openedQueue('Ends'),
        Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'outcomes' } },
        Rule: {
          Type: 'AWS::Events::Rule',
          Properties: {
            EventBusName: { Ref: 'Bus' },
            EventPattern: { source: ['lambda'], 'detail-type': ['Lambda Function Invocation Result - Failure'] },
            Targets: [{ Id: 'ends', Arn: { 'Fn::GetAtt': ['Ends', 'Arn'] } }],
          },
        },
        Flaky: functionResource('flaky'),
        Config: invokeConfig({
          MaximumRetryAttempts: 0,
          DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Bus', 'Arn'] } } },
        }),
      },
    );

    await sendEvent({ failures: 9 });
    await stack.cloud.settle();

    expect(ends()).toMatchObject([
      {
        source: 'lambda',
        resources: [
          'arn:aws:events:eu-west-1:000000000000:event-bus/outcomes',
          'arn:aws:lambda:eu-west-1:000000000000:function:flaky:$LATEST',
        ],
        detail: { requestContext: { condition: 'RetriesExhausted' }, requestPayload: { failures: 9 } },
      },
    ]);
  });

  it('has a configuration that can be asked for', async () => {
    await deploy({ MaximumRetryAttempts: 1, DestinationConfig: { OnFailure: TO_QUEUE } });

    const config = await stack.lambda.send(new GetFunctionEventInvokeConfigCommand({ FunctionName: 'flaky' }));

    expect(config).toMatchObject({
      MaximumRetryAttempts: 1,
      MaximumEventAgeInSeconds: 21_600,
      DestinationConfig: { OnFailure: { Destination: QUEUE_ARN } },
    });
  });
});

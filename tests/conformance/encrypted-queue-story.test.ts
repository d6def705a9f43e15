/** From a rule over an encrypted queue to a function, and from the function to its encrypted failure destination. */
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterEach, describe, expect, it } from 'vitest';

import type { JsonObject } from '../../local/contracts.ts';
import { ADMINISTRATOR, deployStack, functionResource, type TestStack } from './lambda-stack.ts';

const ACCOUNT = '000000000000';
const HOUR = 3_600_000;
const queueArn = (name: string) => `arn:aws:sqs:eu-west-1:${ACCOUNT}:${name}`;
const document = (...Statement: JsonObject[]): JsonObject => ({ Version: '2012-10-17', Statement });
const queue = (QueueName: string): JsonObject => ({
  Type: 'AWS::SQS::Queue',
  Properties: { QueueName, KmsMasterKeyId: { Ref: 'Key' } },
});
const plain = (QueueName: string): JsonObject => ({ Type: 'AWS::SQS::Queue', Properties: { QueueName } });

/** Logs the events it gets; fails when it is invoked with one itself. */
const WORKER = `
exports.handler = async (event) => {
  if (!event.Records) throw new Error('broken');
  for (const { body } of event.Records) process.stdout.write('got ' + JSON.parse(body).source + '\\n');
};`;

interface Grants {
  /** Does the key's policy let EventBridge in? */
  readonly key: boolean;
  /** May the function's role use the key? */
  readonly role: boolean;
}

const resources = ({ key, role }: Grants): JsonObject => ({
  Key: {
    Type: 'AWS::KMS::Key',
    Properties: {
      KeyPolicy: document(
        { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'kms:*', Resource: '*' },
        ...(key
          ? [
              {
                Effect: 'Allow',
                Principal: { Service: 'events.amazonaws.com' },
                Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
                Resource: '*',
                Condition: { ArnLike: { 'aws:SourceArn': `arn:aws:events:eu-west-1:${ACCOUNT}:rule/*` } },
              },
            ]
          : []),
      ),
    },
  },
  Work: queue('work'),
  Failures: queue('failures'),
  Undelivered: plain('undelivered'),
  Open: {
    Type: 'AWS::SQS::QueuePolicy',
    Properties: {
      Queues: [{ Ref: 'Work' }, { Ref: 'Undelivered' }],
      PolicyDocument: document({
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: '*',
      }),
    },
  },
  WorkerRole: {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: document({
        Effect: 'Allow',
        Principal: { Service: 'lambda.amazonaws.com' },
        Action: 'sts:AssumeRole',
      }),
      Policies: [
        {
          PolicyName: 'own',
          PolicyDocument: document({
            Effect: 'Allow',
            Action: ['sqs:*', 'logs:*', ...(role ? ['kms:GenerateDataKey', 'kms:Decrypt'] : [])],
            Resource: '*',
          }),
        },
      ],
    },
  },
  Worker: functionResource('worker', { Role: { 'Fn::GetAtt': ['WorkerRole', 'Arn'] } }),
  Invoked: {
    Type: 'AWS::Lambda::EventInvokeConfig',
    Properties: {
      FunctionName: { Ref: 'Worker' },
      Qualifier: '$LATEST',
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Failures', 'Arn'] } } },
    },
  },
  Polled: {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: { EventSourceArn: { 'Fn::GetAtt': ['Work', 'Arn'] }, FunctionName: { Ref: 'Worker' } },
  },
  Rule: {
    Type: 'AWS::Events::Rule',
    Properties: {
      EventPattern: { source: ['shop'] },
      Targets: [
        {
          Id: 'work',
          Arn: { 'Fn::GetAtt': ['Work', 'Arn'] },
          DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['Undelivered', 'Arn'] } },
        },
      ],
    },
  },
});

let stack: TestStack | undefined;
afterEach(() => stack?.close());

/** Tells one event and breaks the function once. @returns Where both ended. */
const told = async (grants: Grants) => {
  stack = await deployStack({ worker: { 'index.js': WORKER } }, resources(grants));
  const { cloud } = stack;
  const events = new EventBridgeClient({ endpoint: cloud.url, region: 'eu-west-1', credentials: ADMINISTRATOR });
  await events.send(new PutEventsCommand({ Entries: [{ Source: 'shop', DetailType: 'Sold', Detail: '{}' }] }));
  events.destroy();
  cloud.lambda.invokeAsync(`arn:aws:lambda:eu-west-1:${ACCOUNT}:function:worker`, {});
  await cloud.settle();
  await cloud.clock.advance(HOUR);
  await cloud.settle();
  return {
    got: cloud.logs.read('/aws/lambda/worker').filter(({ message }) => message.startsWith('got shop')).length,
    waiting: cloud.sqs.peek(queueArn('work')).map(({ attributes }) => attributes.ApproximateReceiveCount),
    undelivered: cloud.sqs
      .peek(queueArn('undelivered'))
      .map(({ messageAttributes }) => messageAttributes.ERROR_CODE?.stringValue),
    failures: cloud.sqs.peek(queueArn('failures')).length,
  };
};

describe('an event for a function behind an encrypted queue', () => {
  it('wakes it where EventBridge and the function’s role may use the key', async () => {
    expect(await told({ key: true, role: true })).toEqual({ got: 1, waiting: [], undelivered: [], failures: 1 });
  });

  it('is a dead letter where the key’s policy does not let EventBridge in', async () => {
    expect(await told({ key: false, role: true })).toEqual({
      got: 0,
      waiting: [],
      undelivered: ['NO_PERMISSIONS'],
      failures: 1,
    });
  });

  it('waits, received by nobody, where the function’s role may not use the key, and a failure is lost', async () => {
    expect(await told({ key: true, role: false })).toEqual({ got: 0, waiting: ['0'], undelivered: [], failures: 0 });
  });
});

import { describe, expect, it } from 'vitest';

import type { JsonObject } from '../../local/contracts.ts';
import { deployStack, functionResource } from './lambda-stack.ts';

const QUEUE_ARN = 'arn:aws:sqs:eu-west-1:000000000000:work';

/** A role of Lambda's that may do these things. */
const role = (...Action: string[]): JsonObject => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    },
    Policies: [
      {
        PolicyName: 'own',
        PolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] },
      },
    ],
  },
});

const mapping = (properties: JsonObject = {}): JsonObject => ({
  Type: 'AWS::Lambda::EventSourceMapping',
  DependsOn: ['Work'],
  Properties: { EventSourceArn: QUEUE_ARN, FunctionName: { Ref: 'Worker' }, ...properties },
});

/** Deploys a function behind a queue of 30 seconds' visibility timeout. */
const deploy = async (resources: JsonObject): Promise<void> => {
  const stack = await deployStack(
    { worker: { 'index.js': 'exports.handler = async () => {};' } },
    {
      Work: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'work', VisibilityTimeout: 30 } },
      Worker: functionResource('worker'),
      Mapping: mapping(),
      ...resources,
    },
  );
  await stack.close();
};

describe('a mapping of a queue to a function', () => {
  it.each<[string, JsonObject, string]>([
    [
      'whose function may run longer than a message is hidden',
      { Worker: functionResource('worker', { Timeout: 31 }) },
      'Queue visibility timeout: 30 seconds is less than Function timeout: 31 seconds',
    ],
    [
      'whose function’s role may not receive',
      {
        Poor: role('sqs:DeleteMessage', 'sqs:GetQueueAttributes'),
        Worker: functionResource('worker', { Role: { 'Fn::GetAtt': ['Poor', 'Arn'] } }),
      },
      'The provided execution role does not have permissions to call ReceiveMessage on SQS',
    ],
    [
      'whose function’s role may not delete',
      {
        Poor: role('sqs:ReceiveMessage', 'sqs:GetQueueAttributes'),
        Worker: functionResource('worker', { Role: { 'Fn::GetAtt': ['Poor', 'Arn'] } }),
      },
      'The provided execution role does not have permissions to call DeleteMessage on SQS',
    ],
    [
      'whose queue is not there',
      { Mapping: mapping({ EventSourceArn: 'arn:aws:sqs:eu-west-1:000000000000:none' }) },
      'Error occurred while ReceiveMessage. SQS Error Code:',
    ],
    ['that is there already', { Again: mapping() }, 'An event source mapping with SQS arn'],
    [
      'of large batches that waits for none',
      { Mapping: mapping({ BatchSize: 11 }) },
      'Maximum batch window in seconds must be greater than 0',
    ],
  ])('%s is refused', async (_, resources, message) => {
    await expect(deploy(resources)).rejects.toThrow(message);
  });

  it('whose function may run as long as a message is hidden is made', async () => {
    await expect(deploy({ Worker: functionResource('worker', { Timeout: 30 }) })).resolves.toBeUndefined();
  });
});

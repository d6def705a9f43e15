import { describe, expect, it } from 'vitest';

import type { JsonObject } from '../../local/contracts.ts';
import { deployStack, functionResource } from './lambda-stack.ts';

const HANDLER = { 'index.js': 'exports.handler = async () => null;' };

/** Why a stack of one function and, perhaps, something that belongs to it is not deployed. */
const refusal = async (resources: JsonObject): Promise<string> => {
  const failure: unknown = await deployStack({ work: HANDLER }, resources).then(
    async (stack) => stack.close(),
    (error: unknown) => error,
  );
  return failure instanceof Error ? failure.message : 'it was deployed';
};

describe('declaring a function', () => {
  it.each<[string, JsonObject, string]>([
    ['another runtime', { Runtime: 'python3.13' }, 'Runtime python3.13 is not supported'],
    ['an image', { PackageType: 'Image' }, 'PackageType Image is not supported'],
    ['a property it does not honour', { VpcConfig: {} }, 'the property VpcConfig is not supported'],
    [
      'a nested property it does not honour',
      { TracingConfig: { Sampling: 1 } },
      'TracingConfig: Sampling is not supported',
    ],
    ['too little memory', { MemorySize: 64 }, 'MemorySize must be a whole number from 128 to 10240, found 64'],
    ['too long a timeout', { Timeout: 901 }, 'Timeout must be a whole number from 1 to 900, found 901'],
    [
      'a reserved variable',
      { Environment: { Variables: { AWS_REGION: 'x' } } },
      'Reserved keys used in this request: AWS_REGION',
    ],
    ['too large an environment', { Environment: { Variables: { LONG: 'x'.repeat(4096) } } }, 'exceeded the 4KB limit'],
    [
      'a role that does not exist',
      { Role: 'arn:aws:iam::000000000000:role/nobody' },
      'role defined for the function cannot be assumed',
    ],
    [
      'a layer that does not exist',
      { Layers: ['arn:aws:lambda:eu-west-1:000000000000:layer:no:1'] },
      'layer:no:1 does not exist',
    ],
    ['a package that is not there', { Code: { S3Bucket: 'b', S3Key: 'k/other.zip' } }, 'no other.zip in'],
    ['a name Lambda refuses', { FunctionName: 'a b' }, 'FunctionName a b is not a valid name'],
  ])('refuses %s, naming the function', async (_, properties, message) => {
    const text = await refusal({ Work: functionResource('work', properties) });

    expect(text).toContain('AWS::Lambda::Function Work');
    expect(text).toContain(message);
  });
});

describe('declaring what belongs to a function', () => {
  it.each<[string, string, JsonObject, string]>([
    [
      'a streaming URL',
      'Url',
      { AuthType: 'NONE', TargetFunctionArn: { Ref: 'Work' }, InvokeMode: 'RESPONSE_STREAM' },
      'InvokeMode RESPONSE_STREAM is not supported',
    ],
    [
      'a URL with CORS',
      'Url',
      { AuthType: 'NONE', TargetFunctionArn: { Ref: 'Work' }, Cors: {} },
      'the property Cors is not supported',
    ],
    [
      'a filter',
      'EventSourceMapping',
      { FunctionName: { Ref: 'Work' }, EventSourceArn: 'arn:aws:sqs:eu-west-1:000000000000:q', FilterCriteria: {} },
      'the property FilterCriteria is not supported',
    ],
    [
      'another source than a queue',
      'EventSourceMapping',
      { FunctionName: { Ref: 'Work' }, EventSourceArn: 'arn:aws:kinesis:eu-west-1:000000000000:stream/s' },
      'kinesis is not supported',
    ],
    [
      'a version',
      'EventInvokeConfig',
      { FunctionName: { Ref: 'Work' }, Qualifier: '7' },
      'Function not found: arn:aws:lambda:eu-west-1:000000000000:function:work:7',
    ],
    [
      'three retries',
      'EventInvokeConfig',
      { FunctionName: { Ref: 'Work' }, Qualifier: '$LATEST', MaximumRetryAttempts: 3 },
      'MaximumRetryAttempts must be a whole number from 0 to 2',
    ],
    [
      'a bucket as destination',
      'EventInvokeConfig',
      {
        FunctionName: { Ref: 'Work' },
        Qualifier: '$LATEST',
        DestinationConfig: { OnFailure: { Destination: 'arn:aws:s3:::bucket' } },
      },
      'arn:aws:s3:::bucket is no queue, topic, function or bus',
    ],
    [
      'a permission of an organisation',
      'Permission',
      { Action: 'lambda:InvokeFunction', FunctionName: { Ref: 'Work' }, Principal: '*', PrincipalOrgID: 'o' },
      'the property PrincipalOrgID is not supported',
    ],
  ])('refuses %s', async (_, type, properties, message) => {
    const text = await refusal({
      Work: functionResource('work'),
      Subject: { Type: `AWS::Lambda::${type}`, Properties: properties },
    });

    expect(text).toContain(`AWS::Lambda::${type} Subject`);
    expect(text).toContain(message);
  });
});

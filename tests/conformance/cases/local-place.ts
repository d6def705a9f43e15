import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';
import { strToU8, zipSync } from 'fflate';
import { pack } from 'tar-stream';

import { createCloud, type LocalCloud } from '../../../local/cloud.ts';
import type { JsonObject } from '../../../local/contracts.ts';
import type { Place } from './run-story.ts';

const REGION = 'eu-west-1';
const START = new Date('2031-05-06T07:08:09Z');
const IMAGE = '000000000000.dkr.ecr.eu-west-1.amazonaws.com/constant-model:1';
const PROGRAM = fileURLToPath(new URL('../../fixtures/containers/constant-model.mjs', import.meta.url));

const statement = (Action: string, Resource: string): JsonObject => ({ Effect: 'Allow', Action, Resource });

/** What stories need and do not make: a role, a bucket with a model, a function with all that functions can have. */
const TEMPLATE: JsonObject = {
  Resources: {
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        RoleName: 'given-role',
        AssumeRolePolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: {
                Service: ['sagemaker.amazonaws.com', 'lambda.amazonaws.com', 'events.amazonaws.com'],
                AWS: '000000000000',
              },
              Action: 'sts:AssumeRole',
            },
          ],
        },
        Policies: [{ PolicyName: 'all', PolicyDocument: { Version: '2012-10-17', Statement: [statement('*', '*')] } }],
      },
    },
    Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'given-bucket' } },
    Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'given-queue', VisibilityTimeout: 60 } },
    Failures: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'given-failures' } },
    Function: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        FunctionName: 'given-function',
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
        Timeout: 10,
        MemorySize: 256,
        ReservedConcurrentExecutions: 2,
        Environment: { Variables: { STAGE: 'test' } },
        Code: { S3Bucket: 'deployments', S3Key: 'packages/1/given-function.zip' },
      },
    },
    Failing: {
      Type: 'AWS::Lambda::EventInvokeConfig',
      Properties: {
        FunctionName: { Ref: 'Function' },
        Qualifier: '$LATEST',
        MaximumRetryAttempts: 1,
        DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Failures', 'Arn'] } } },
      },
    },
    Permission: {
      Type: 'AWS::Lambda::Permission',
      Properties: {
        FunctionName: { Ref: 'Function' },
        Action: 'lambda:InvokeFunction',
        Principal: 'events.amazonaws.com',
        SourceArn: {
          'Fn::Join': [':', ['arn:aws:events', { Ref: 'AWS::Region' }, { Ref: 'AWS::AccountId' }, 'rule/*']],
        },
      },
    },
    Address: {
      Type: 'AWS::Lambda::Url',
      Properties: { AuthType: 'AWS_IAM', TargetFunctionArn: { 'Fn::GetAtt': ['Function', 'Arn'] } },
    },
    Mapping: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: {
        EventSourceArn: { 'Fn::GetAtt': ['Queue', 'Arn'] },
        FunctionName: { Ref: 'Function' },
        BatchSize: 5,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
      },
    },
  },
  Outputs: { Mapping: { Value: { Ref: 'Mapping' } } },
};

const CODE = `exports.handler = async (event) => {
  if (event.fails) throw new TypeError('asked to fail');
  return { doubled: 2 * event.number, stage: process.env.STAGE };
};`;

/** A model.tar.gz of the test container that answers 7. */
const modelArchive = (): Promise<Buffer> => {
  const archive = pack();
  archive.entry({ name: 'constant.json' }, JSON.stringify({ value: 7 }));
  archive.finalize();
  return buffer(archive.pipe(createGzip()));
};

export interface LocalPlace extends Omit<Place, 'client'> {
  readonly cloud: LocalCloud;
  close(): Promise<void>;
}

/** A local cloud with what stories need; its clock goes on only when a story waits. */
export const startLocalPlace = async (): Promise<LocalPlace> => {
  const folder = await mkdtemp(join(tmpdir(), 'conformance-'));
  const template = join(folder, 'template.json');
  const cloud = await createCloud({
    start: START,
    region: REGION,
    images: [{ pattern: /^constant-model:\d+$/, command: [process.execPath, PROGRAM] }],
  });
  const close = async () => {
    await cloud.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await writeFile(template, JSON.stringify(TEMPLATE));
    await writeFile(join(folder, 'given-function.zip'), zipSync({ 'index.js': strToU8(CODE) }));
    const { outputs } = await cloud.deploy({ template, artifacts: folder, stack: 'given' });
    await cloud.s3.write('given-bucket', 'models/seven/model.tar.gz', await modelArchive());
    await cloud.s3.write('given-bucket', 'data/rows.csv', '1,2\n3,4\n');
    return {
      cloud,
      givens: {
        account: cloud.account,
        region: cloud.region,
        role: `arn:aws:iam::${cloud.account}:role/given-role`,
        roleName: 'given-role',
        image: IMAGE,
        bucket: 'given-bucket',
        function: 'given-function',
        mapping: outputs.Mapping ?? '',
      },
      async pass(seconds) {
        await cloud.settle({ advanceMs: seconds * 1000 });
        return false;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};

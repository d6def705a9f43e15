/** The local cloud in a process of its own, with a small stack, for the benchmark that measures it from another one. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { createCloud } from '../local/cloud.ts';
import type { Credentials } from './raw-http.ts';

export const BUCKET = 'bench-bucket';
export const QUEUE = 'bench-queue';

/** What the process says. */
export type Report =
  | { readonly kind: 'ready'; readonly port: number; readonly credentials: Credentials }
  | { readonly kind: 'boot'; readonly ms: number | undefined }
  | { readonly kind: 'heap'; readonly megabytes: number };
/** What it is asked. */
export type Request = 'boot' | 'heap' | 'stop';

const ACCOUNT = '000000000000';
const ARN = `eu-west-1:${ACCOUNT}`;

// The client signs with a role's credentials, so that policies are evaluated, and the queue has a policy for the rule.
const TEMPLATE = {
  Resources: {
    Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketName: BUCKET } },
    Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: QUEUE } },
    QueuePolicy: {
      Type: 'AWS::SQS::QueuePolicy',
      Properties: {
        Queues: [{ Ref: 'Queue' }],
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { Service: 'events.amazonaws.com' },
              Action: 'sqs:SendMessage',
              Resource: `arn:aws:sqs:${ARN}:${QUEUE}`,
              Condition: { ArnEquals: { 'aws:SourceArn': `arn:aws:events:${ARN}:rule/bench-rule` } },
            },
          ],
        },
      },
    },
    Rule: {
      Type: 'AWS::Events::Rule',
      DependsOn: ['QueuePolicy'],
      Properties: {
        Name: 'bench-rule',
        EventPattern: { source: ['bench'], 'detail-type': ['Measured'], detail: { model: ['a', 'b'] } },
        Targets: [{ Id: 'queue', Arn: { 'Fn::GetAtt': ['Queue', 'Arn'] } }],
      },
    },
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        RoleName: 'bench-role',
        AssumeRolePolicyDocument: {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' }],
        },
        Policies: [
          {
            PolicyName: 'own',
            PolicyDocument: {
              Version: '2012-10-17',
              Statement: [
                { Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject'], Resource: `arn:aws:s3:::${BUCKET}/*` },
                { Effect: 'Allow', Action: 'events:PutEvents', Resource: `arn:aws:events:${ARN}:event-bus/default` },
                {
                  Effect: 'Allow',
                  Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage'],
                  Resource: `arn:aws:sqs:${ARN}:${QUEUE}`,
                },
              ],
            },
          },
        ],
      },
    },
  },
};

const PACKAGED = '.serverless/cloudformation-template-update-stack.json';

/** Milliseconds from nothing to the packaged stack, deployed; undefined when nothing is packaged. */
const measureBoot = async (): Promise<number | undefined> => {
  if (!existsSync(PACKAGED)) return undefined;
  const started = performance.now();
  const cloud = await createCloud();
  await cloud.deploy({
    template: PACKAGED,
    artifacts: '.serverless',
    layers: { 'millrace-dev-engine': resolve('dist/layers/engine-local') },
    stack: 'millrace-dev',
  });
  const ms = performance.now() - started;
  await cloud.close();
  return ms;
};

const collect = (): number => {
  if (!globalThis.gc) throw new Error('run with --expose-gc');
  // Weak references of one round are garbage of the next.
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed / 2 ** 20;
};

/** Serves until it is told to stop. */
export const serve = async (): Promise<void> => {
  const report = (message: Report) => void process.send?.(message);
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const template = join(folder, 'template.json');
  await writeFile(template, JSON.stringify(TEMPLATE));
  const cloud = await createCloud({ region: 'eu-west-1' });
  await cloud.deploy({ template, artifacts: folder, stack: 'bench' });
  const stop = async () => {
    await cloud.close();
    await rm(folder, { recursive: true, force: true });
    process.disconnect();
  };
  const answer = async (request: Request) => {
    if (request === 'boot') report({ kind: 'boot', ms: await measureBoot() });
    else if (request === 'heap') report({ kind: 'heap', megabytes: collect() });
    else await stop();
  };
  process.on('message', (request: Request) => void answer(request));
  report({
    kind: 'ready',
    port: cloud.port,
    credentials: cloud.iam.credentialsFor(`arn:aws:iam::${ACCOUNT}:role/bench-role`, 'bench'),
  });
};

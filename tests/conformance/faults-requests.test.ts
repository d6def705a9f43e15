import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { EventBridgeClient, ListRulesCommand } from '@aws-sdk/client-eventbridge';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  CreateModelCommand,
  DescribeModelCommand,
  DescribeTrainingJobCommand,
  ListTrainingJobsCommand,
  SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { CreateTopicCommand, ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { FaultSettings } from '../../local/faults/settings.ts';
import { ADMINISTRATOR, refusal, type S3Cloud, startS3 } from './s3-cloud.ts';

let started: S3Cloud;
let s3: S3Client;
let sagemaker: SageMakerClient;
let clients: { destroy(): void }[];
const client = <T extends { destroy(): void }>(
  make: new (settings: {
    endpoint: string;
    region: string;
    credentials: typeof ADMINISTRATOR;
    maxAttempts: number;
  }) => T,
): T => {
  const { url: endpoint, region } = started.cloud;
  const made = new make({ endpoint, region, credentials: ADMINISTRATOR, maxAttempts: 1 });
  clients.push(made);
  return made;
};
const faults = (...rules: NonNullable<FaultSettings['rules']>) => started.cloud.faults.set({ rules });
const put = (Key: string, Body = 'text') => s3.send(new PutObjectCommand({ Bucket: 'store', Key, Body }));
const read = async (Key: string) =>
  (await s3.send(new GetObjectCommand({ Bucket: 'store', Key }))).Body?.transformToString();

beforeEach(async () => {
  clients = [];
  started = await startS3();
  s3 = started.s3;
  sagemaker = client(SageMakerClient);
  await s3.send(new CreateBucketCommand({ Bucket: 'store' }));
});
afterEach(async () => {
  for (const one of clients) one.destroy();
  await started.close();
});

describe('throttling', () => {
  it('is told in the words of each service', async () => {
    faults({ fault: 'throttle' });

    const told = await Promise.all(
      [
        put('a'),
        sagemaker.send(new ListTrainingJobsCommand({})),
        client(SQSClient).send(new ListQueuesCommand({})),
        client(SNSClient).send(new ListTopicsCommand({})),
        client(EventBridgeClient).send(new ListRulesCommand({})),
        client(CloudWatchClient).send(new DescribeAlarmsCommand({})),
        client(LambdaClient).send(new ListFunctionsCommand({})),
        client(STSClient).send(new GetCallerIdentityCommand({})),
      ].map(async (call) => {
        const { name, status } = await refusal(call);
        return `${name} ${status}`;
      }),
    );

    expect(told).toEqual([
      'SlowDown 503',
      'ThrottlingException 400',
      'RequestThrottled 403',
      'ThrottledException 429',
      'ThrottlingException 400',
      'Throttling 400',
      'TooManyRequestsException 429',
      'Throttling 400',
    ]);
  });

  it('strikes the operation and the name it is set for, as often as it is set, and nothing else', async () => {
    faults({ fault: 'throttle', service: 's3', operation: 'PutObject', resource: 'store/in/*', times: 2 });

    const outcomes: string[] = [];
    for (const key of ['out/a', 'in/b', 'in/b', 'in/b']) {
      outcomes.push(
        await put(key).then(
          () => 'put',
          ({ name }: Error) => name,
        ),
      );
    }

    expect(outcomes).toEqual(['put', 'SlowDown', 'SlowDown', 'put']);
    await expect(read('out/a')).resolves.toBe('text');
  });

  it('has no effect on what it refuses', async () => {
    faults({ fault: 'throttle', operation: 'PutObject' });

    await refusal(put('a'));

    const { KeyCount } = await s3.send(new ListObjectsV2Command({ Bucket: 'store' }));
    expect(KeyCount).toBe(0);
  });

  it('strikes only between the times it is set for', async () => {
    const from = new Date(started.cloud.clock.ms() + 60_000).toISOString();
    faults({ fault: 'throttle', operation: 'PutObject', between: { from } });

    await put('before');
    await started.cloud.clock.advance(60_000);

    expect(await refusal(put('after'))).toMatchObject({ name: 'SlowDown' });
  });
});

describe('failures of a service', () => {
  it('come before the effect', async () => {
    faults({ fault: 'error', operation: 'PutObject', nth: 1 });

    const refused = await refusal(put('a'));

    expect(refused).toMatchObject({ name: 'InternalError', status: 500 });
    expect(await refusal(read('a'))).toMatchObject({ name: 'NoSuchKey' });
    await put('a');
  });

  it('come after the effect where they are set so, for services of every protocol', async () => {
    faults(
      { fault: 'error', operation: 'PutObject', after: true, times: 1 },
      { fault: 'error', operation: 'CreateQueue', after: true, times: 1 },
      { fault: 'error', operation: 'CreateTopic', after: true, times: 1 },
      { fault: 'error', service: 's3', operation: 'GetObject', code: 'ServiceUnavailable', after: true, times: 1 },
    );
    const sqs = client(SQSClient);
    const sns = client(SNSClient);

    const refusedPut = await refusal(put('a', 'the effect'));
    const refusedGet = await refusal(read('a'));
    const refusedQueue = await refusal(sqs.send(new CreateQueueCommand({ QueueName: 'q' })));
    const refusedTopic = await refusal(sns.send(new CreateTopicCommand({ Name: 't' })));

    expect(refusedPut).toMatchObject({ name: 'InternalError', status: 500 });
    expect(refusedGet).toMatchObject({ name: 'ServiceUnavailable', status: 503 });
    expect(refusedQueue).toMatchObject({ name: 'InternalFailure', status: 500 });
    expect(refusedTopic).toMatchObject({ name: 'InternalErrorException', status: 500 });
    await expect(read('a')).resolves.toBe('the effect');
    expect((await sqs.send(new ListQueuesCommand({}))).QueueUrls).toHaveLength(1);
    expect((await sns.send(new ListTopicsCommand({}))).Topics).toHaveLength(1);
  });

  it('say nothing of the answer they took the place of', async () => {
    await put('a', 'x'.repeat(100_000));
    faults({ fault: 'error', operation: 'HeadObject', after: true, times: 1 });

    const refused = await s3
      .send(new HeadObjectCommand({ Bucket: 'store', Key: 'a' }))
      .catch((error: { $response?: { headers?: Record<string, string> } }) => error.$response?.headers);

    expect(refused).not.toHaveProperty('etag');
    await expect(read('a')).resolves.toHaveLength(100_000);
  });

  it('leave the cloud answering on the same connection', async () => {
    faults({ fault: 'error', operation: 'PutObject', nth: [1, 3] });

    const outcomes: string[] = [];
    for (let at = 0; at < 4; at++) {
      outcomes.push(
        await put('a', 'y'.repeat(300_000)).then(
          () => 'put',
          ({ name }: Error) => name,
        ),
      );
    }

    expect(outcomes).toEqual(['InternalError', 'put', 'InternalError', 'put']);
  });
});

describe('quotas', () => {
  it('that are used up refuse what takes instances', async () => {
    faults({ fault: 'quota' });
    const config = new CreateEndpointConfigCommand({
      EndpointConfigName: 'c',
      ProductionVariants: [{ VariantName: 'v', ModelName: 'm', InstanceType: 'ml.m5.large', InitialInstanceCount: 1 }],
    });

    const endpoint = await refusal(
      sagemaker.send(new CreateEndpointCommand({ EndpointName: 'e', EndpointConfigName: 'c' })),
    );

    expect(endpoint).toMatchObject({ name: 'ResourceLimitExceeded', status: 400 });
    expect(await refusal(sagemaker.send(config))).toMatchObject({ name: 'ValidationException' });
  });
});

describe('latency', () => {
  it("holds a request until the cloud's time has passed", async () => {
    faults({ fault: 'latency', operation: 'PutObject', delayMs: 5000 });
    let isPut = false;
    const putting = put('a').then(() => {
      isPut = true;
    });
    // The request has arrived when it waits for the clock.
    while (started.cloud.clock.nextTimer() === undefined) await read('b').catch(() => undefined);

    const missing = await refusal(read('a'));
    const before = isPut;
    await started.cloud.clock.advance(5000);
    await putting;

    expect(missing).toMatchObject({ name: 'NoSuchKey' });
    expect(before).toBe(false);
    await expect(read('a')).resolves.toBe('text');
  });
});

describe('chance', () => {
  const run = async (seed: number, traffic: () => Promise<unknown>) => {
    started.cloud.faults.set({
      seed,
      rules: [{ fault: 'throttle', service: 's3', operation: 'PutObject', probability: 0.5 }],
    });
    const struck: boolean[] = [];
    for (let at = 0; at < 24; at++) {
      await traffic();
      struck.push(
        await put('a').then(
          () => false,
          () => true,
        ),
      );
    }
    return struck;
  };

  it('falls alike for the same seed and requests, whatever else goes on, and otherwise for another seed', async () => {
    const first = await run(7, async () => undefined);
    const again = await run(7, () => s3.send(new ListObjectsV2Command({ Bucket: 'store' })));
    const other = await run(8, async () => undefined);

    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    expect(new Set(first).size).toBe(2);
  });
});

describe('eventual consistency', () => {
  const createModel = async () => {
    const folder = await mkdtemp(join(tmpdir(), 'faults-'));
    const template = join(folder, 'template.json');
    const trust = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: 'sagemaker.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    };
    const Role = { Type: 'AWS::IAM::Role', Properties: { RoleName: 'reader', AssumeRolePolicyDocument: trust } };
    await writeFile(template, JSON.stringify({ Resources: { Role } }));
    await started.cloud.deploy({ template, artifacts: folder, stack: 'roles' });
    await rm(folder, { recursive: true });
    await sagemaker.send(
      new CreateModelCommand({
        ModelName: 'fresh',
        ExecutionRoleArn: 'arn:aws:iam::000000000000:role/reader',
        PrimaryContainer: { Image: '000000000000.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.0-5' },
      }),
    );
  };
  const createConfig = () =>
    sagemaker.send(
      new CreateEndpointConfigCommand({
        EndpointConfigName: 'c',
        ProductionVariants: [
          { VariantName: 'v', ModelName: 'fresh', InstanceType: 'ml.m5.large', InitialInstanceCount: 1 },
        ],
      }),
    );

  it('hides what was just made from Describe and from whoever needs it, for a moment', async () => {
    faults({ fault: 'unsettled', resource: 'fresh', forMs: 3000 });
    await createModel();

    const described = await refusal(sagemaker.send(new DescribeModelCommand({ ModelName: 'fresh' })));
    const used = await refusal(createConfig());
    await started.cloud.clock.advance(3000);

    expect([described.name, used.name]).toEqual(['ValidationException', 'ValidationException']);
    expect(described.message).toContain('Could not find model');
    expect(used.message).toContain('Could not find model');
    await expect(sagemaker.send(new DescribeModelCommand({ ModelName: 'fresh' }))).resolves.toMatchObject({
      ModelName: 'fresh',
    });
    await expect(createConfig()).resolves.toBeDefined();
  });

  it('hides nothing that it is not set for', async () => {
    faults({ fault: 'unsettled', resource: 'another', forMs: 3000 });
    await createModel();

    const described = await sagemaker.send(new DescribeModelCommand({ ModelName: 'fresh' }));

    expect(described.ModelName).toBe('fresh');
    expect(await refusal(sagemaker.send(new DescribeTrainingJobCommand({ TrainingJobName: 'none' })))).toMatchObject({
      name: 'ResourceNotFound',
    });
  });
});

describe('the control door', () => {
  const door = (method: string, body?: unknown): Promise<{ status: number | undefined; text: string }> =>
    new Promise((resolve, reject) => {
      const sent = request(`${started.cloud.url}/_cloud/faults`, { method }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode, text }));
      });
      sent.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
    });

  it('sets faults and shows what they did', async () => {
    const rules = [{ fault: 'throttle', operation: 'PutObject', nth: 2 }];

    const set = await door('PUT', { seed: 3, rules });
    await put('a');
    await refusal(put('a'));
    const shown = await door('GET');

    expect(set.status).toBe(200);
    expect(JSON.parse(shown.text)).toEqual({
      seed: 3,
      rules: [{ ...rules[0], report: { selected: 2, struck: 1 } }],
    });
  });

  it('refuses settings it does not understand, by path, and keeps those there were', async () => {
    faults({ fault: 'throttle', operation: 'PutObject' });

    const refused = await door('PUT', { rules: [{ fault: 'throttle', operaton: 'GetObject' }] });

    expect(refused.status).toBe(400);
    expect(refused.text).toContain('rules[0]: unknown operaton');
    expect(await refusal(put('a'))).toMatchObject({ name: 'SlowDown' });
  });

  it('brings back at a reset what the cloud was started with', async () => {
    faults({ fault: 'throttle' });

    await started.cloud.reset();

    expect(started.cloud.faults.report().rules).toEqual([]);
  });
});

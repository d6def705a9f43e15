import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { CloudWatchClient, DescribeAlarmsCommand, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { EventBridgeClient, ListConnectionsCommand, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createCloud, type LocalCloud } from '../../local/cloud.ts';
import { signed } from './lambda-stack.ts';
import { presigned } from './presigned.ts';
import { ADMINISTRATOR, refusal, START } from './s3-cloud.ts';

/** A signature nobody made: for what is refused before it is checked. */
const unsound = (service: string): Record<string, string> => ({
  authorization: `AWS4-HMAC-SHA256 Credential=test/20010125/eu-west-1/${service}/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`,
  'x-amz-date': '20010125T101500Z',
});

describe('the front door', () => {
  let cloud: LocalCloud;
  let folder = '';
  const clients: { destroy(): void }[] = [];
  const config = (credentials = ADMINISTRATOR) => ({
    endpoint: cloud.url,
    region: 'us-west-2',
    credentials,
    maxAttempts: 1,
  });
  const own = <Client extends { destroy(): void }>(client: Client): Client => {
    clients.push(client);
    return client;
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'front-'));
    cloud = await createCloud({ start: START, record: join(folder, 'record.jsonl'), seed: 3 });
  });
  afterAll(async () => {
    for (const client of clients) client.destroy();
    await cloud.close();
    await rm(folder, { recursive: true, force: true });
  });

  const events = (target: string, body: string | Uint8Array, headers: Record<string, string> = {}) =>
    fetch(cloud.url, {
      method: 'POST',
      headers: signed('events', 'POST', cloud.url, Buffer.from(body), {
        'x-amz-target': target,
        'content-type': 'application/x-amz-json-1.1',
        ...headers,
      }),
      body: Buffer.from(body),
    });

  describe('refuses', () => {
    const stranger = { accessKeyId: 'AKIASTRANGER', secretAccessKey: 'x' };

    it('an operation it has not, by name, in each protocol', async () => {
      const json = await refusal(own(new EventBridgeClient(config())).send(new ListConnectionsCommand({})));
      const query = await refusal(own(new STSClient(config())).send(new GetSessionTokenCommand({})));

      expect(json).toMatchObject({ name: 'UnknownOperationException', status: 404 });
      expect(json.message).toContain('ListConnections of events');
      expect(query).toMatchObject({ name: 'InvalidAction', status: 400 });
      expect(query.message).toContain('GetSessionToken of sts');
    });

    it('an operation that only an object’s prototype has', async () => {
      const response = await events('AWSEvents.constructor', '{}');

      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ __type: 'UnknownOperationException' });
    });

    it('a service it has not, by name', async () => {
      const byTarget = await events('DynamoDB_20120810.ListTables', '{}');
      const byScope = await fetch(`${cloud.url}/2020-01-01/things`, { headers: unsound('scheduler') });

      expect(byTarget.status).toBe(404);
      expect(await byTarget.json()).toMatchObject({
        __type: 'UnknownOperationException',
        message: expect.stringContaining('DynamoDB_20120810'),
      });
      expect(byScope.status).toBe(404);
      expect(byScope.headers.get('x-amzn-errortype')).toBe('UnknownOperationException');
      expect(await byScope.text()).toContain('scheduler');
    });

    it('an access key nobody has, under the name each protocol knows', async () => {
      const refusals = [
        await refusal(own(new EventBridgeClient(config(stranger))).send(new PutEventsCommand({ Entries: [] }))),
        await refusal(own(new SNSClient(config(stranger))).send(new ListTopicsCommand({}))),
        await refusal(own(new S3Client(config(stranger))).send(new ListBucketsCommand({}))),
      ];

      expect(refusals.map(({ name, status }) => `${name} ${status}`)).toEqual([
        'UnrecognizedClientException 403',
        'InvalidClientTokenId 403',
        'InvalidAccessKeyId 403',
      ]);
    });

    it('requests without a signature', async () => {
      const s3 = await fetch(`${cloud.url}/some-bucket/key`);
      const json = await fetch(cloud.url, {
        method: 'POST',
        headers: { 'x-amz-target': 'AWSEvents.PutEvents' },
        body: '{}',
      });
      const query = await fetch(cloud.url, { method: 'POST', body: new URLSearchParams({ Action: 'ListTopics' }) });

      expect(s3.status).toBe(403);
      expect(await s3.text()).toContain('<Code>AccessDenied</Code>');
      expect(json.status).toBe(403);
      expect(await json.json()).toMatchObject({ __type: 'MissingAuthenticationTokenException' });
      expect(query.status).toBe(403);
      expect(await query.text()).toContain('<Code>MissingAuthenticationToken</Code>');
    });

    it('a signature with parts missing', async () => {
      const response = await fetch(cloud.url, {
        method: 'POST',
        headers: {
          'x-amz-target': 'AWSEvents.PutEvents',
          authorization: 'AWS4-HMAC-SHA256 Credential=test/20010125/eu-west-1/events',
        },
        body: '{}',
      });

      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ __type: 'IncompleteSignatureException' });
    });

    it('a body that is no JSON, or no object', async () => {
      for (const body of ['{', '[]', '"text"']) {
        const response = await events('AWSEvents.PutEvents', body);

        expect(response.status).toBe(400);
        expect(await response.json()).toMatchObject({ __type: 'SerializationException' });
      }
    });

    it('a body that is too large, and answers it cleanly', async () => {
      const plain = await events('AWSEvents.PutEvents', Buffer.alloc(9 * 1024 * 1024, 0x20));
      const packed = await events('AWSEvents.PutEvents', gzipSync(Buffer.alloc(50 * 1024 * 1024, 0x20)), {
        'content-encoding': 'gzip',
      });

      expect(plain.status).toBe(413);
      expect(await plain.json()).toMatchObject({ __type: 'RequestEntityTooLargeException' });
      expect(packed.status).toBe(413);
    });

    it('a body that is not packed as it says', async () => {
      const broken = await events('AWSEvents.PutEvents', 'not gzip', { 'content-encoding': 'gzip' });
      const unknown = await events('AWSEvents.PutEvents', '{}', { 'content-encoding': 'br' });

      expect(await broken.json()).toMatchObject({ __type: 'MalformedHttpRequestException' });
      expect(await unknown.json()).toMatchObject({
        __type: 'MalformedHttpRequestException',
        message: expect.stringContaining('br'),
      });
    });
  });

  it('unpacks a body that the SDK gzips', async () => {
    const client = own(new CloudWatchClient({ ...config(), requestMinCompressionSizeBytes: 1 }));
    await client.send(new PutMetricDataCommand({ Namespace: 'Test', MetricData: [{ MetricName: 'm', Value: 1 }] }));

    const answer = await client.send(new DescribeAlarmsCommand({}));

    expect(answer.MetricAlarms).toEqual([]);
  });

  it('tells clients that once spoke query the code they knew', async () => {
    const error = await own(new SQSClient(config()))
      .send(new GetQueueUrlCommand({ QueueName: 'none' }))
      .catch((caught: unknown) => caught);

    expect(error).toMatchObject({ name: 'QueueDoesNotExist', Code: 'AWS.SimpleQueueService.NonExistentQueue' });
  });

  it('takes a presigned URL until it expires, by the clock of the cloud or of the machine', async () => {
    const s3 = own(new S3Client(config()));
    await s3.send(new CreateBucketCommand({ Bucket: 'signed' }));
    await s3.send(new PutObjectCommand({ Bucket: 'signed', Key: 'k', Body: 'through the door' }));
    const url = (at: Date, accessKeyId = 'test') =>
      presigned(`${cloud.url}/signed/k`, at, { accessKeyId, secretAccessKey: 'test' });

    const inTime = await fetch(await url(new Date('2001-01-25T10:01:00Z')));
    const byMachine = await fetch(await url(new Date()));
    const late = await fetch(await url(new Date('2001-01-25T09:59:59Z')));
    const stranger = await fetch(await url(new Date('2001-01-25T10:01:00Z'), 'nobody'));

    expect(await inTime.text()).toBe('through the door');
    expect(byMachine.status).toBe(200);
    expect(late.status).toBe(403);
    expect(await late.text()).toContain('Request has expired');
    expect(await stranger.text()).toContain('<Code>InvalidAccessKeyId</Code>');
  });

  it('answers by the clock the client signed by, so that no SDK corrects its own', async () => {
    const list = (date: Record<string, string>) =>
      fetch(`${cloud.url}/`, {
        headers: signed('s3', 'GET', `${cloud.url}/`, '', { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', ...date }),
      });

    const byCloud = await list({ 'x-amz-date': '20010125T101500Z' });
    const byMachine = await list({});

    expect(byCloud.headers.get('date')).toBe('Thu, 25 Jan 2001 10:15:00 GMT');
    expect(Math.abs(Date.parse(byMachine.headers.get('date') ?? '') - Date.now())).toBeLessThan(60_000);
  });

  it('gives each request an id', async () => {
    const first = await own(new STSClient(config())).send(new GetCallerIdentityCommand({}));
    const second = await own(new STSClient(config())).send(new GetCallerIdentityCommand({}));

    expect(first.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(second.$metadata.requestId).not.toBe(first.$metadata.requestId);
  });

  it('refuses a port that is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address ? address.port : 0;

    await expect(createCloud({ port })).rejects.toThrow('EADDRINUSE');
    await new Promise((resolve) => taken.close(resolve));
  });

  it('records each request as the SDK meant it', async () => {
    const file = join(folder, 'own.jsonl');
    const recorded = await createCloud({ start: START, record: file });
    const client = { ...config(), endpoint: recorded.url };
    const s3 = own(new S3Client(client));
    await s3.send(new CreateBucketCommand({ Bucket: 'written' }));
    await s3.send(
      new PutObjectCommand({ Bucket: 'written', Key: 'k', Body: 'four', IfNoneMatch: '*', Metadata: { a: 'b' } }),
    );
    await refusal(s3.send(new PutObjectCommand({ Bucket: 'written', Key: 'k', Body: 'again', IfNoneMatch: '*' })));
    await s3.send(new GetObjectCommand({ Bucket: 'written', Key: 'k', IfModifiedSince: new Date('2000-01-01') }));
    await own(new EventBridgeClient(client)).send(
      new PutEventsCommand({ Entries: [{ Source: 's', DetailType: 't', Detail: '{}' }] }),
    );
    await own(new CloudWatchClient(client)).send(new DescribeAlarmsCommand({ MaxRecords: 5 }));
    await refusal(
      own(new STSClient(client)).send(
        new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::0:role/none', RoleSessionName: 'me', DurationSeconds: 900 }),
      ),
    );
    await refusal(own(new EventBridgeClient(client)).send(new ListConnectionsCommand({})));
    await recorded.close();

    const lines: unknown[] = (await readFile(file, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const principal = 'arn:aws:iam::000000000000:root';
    expect(lines).toEqual([
      {
        service: 's3',
        operation: 'CreateBucket',
        params: expect.objectContaining({ Bucket: 'written' }),
        principal,
        status: 200,
        error: null,
      },
      {
        service: 's3',
        operation: 'PutObject',
        params: expect.objectContaining({
          Bucket: 'written',
          Key: 'k',
          IfNoneMatch: '*',
          Metadata: { a: 'b' },
          Body: { bytes: 4 },
        }),
        principal,
        status: 200,
        error: null,
      },
      {
        service: 's3',
        operation: 'PutObject',
        params: expect.objectContaining({ Body: { bytes: 5 } }),
        principal,
        status: 412,
        error: 'PreconditionFailed',
      },
      {
        service: 's3',
        operation: 'GetObject',
        params: expect.objectContaining({ Key: 'k', IfModifiedSince: '2000-01-01T00:00:00.000Z' }),
        principal,
        status: 200,
        error: null,
      },
      {
        service: 'events',
        operation: 'PutEvents',
        params: { Entries: [{ Source: 's', DetailType: 't', Detail: '{}' }] },
        principal,
        status: 200,
        error: null,
      },
      {
        service: 'cloudwatch',
        operation: 'DescribeAlarms',
        params: { MaxRecords: 5 },
        principal,
        status: 200,
        error: null,
      },
      {
        service: 'sts',
        operation: 'AssumeRole',
        params: { RoleArn: 'arn:aws:iam::0:role/none', RoleSessionName: 'me', DurationSeconds: 900 },
        principal,
        status: 403,
        error: 'AccessDenied',
      },
      {
        service: 'events',
        operation: 'ListConnections',
        params: {},
        principal,
        status: 404,
        error: 'UnknownOperationException',
      },
    ]);
  });
});

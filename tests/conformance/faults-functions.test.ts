import { createRequire } from 'node:module';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { JsonObject } from '../../local/contracts.ts';
import type { FaultSettings } from '../../local/faults/settings.ts';
import { ADMINISTRATOR, deployStack, functionResource, type TestStack } from './lambda-stack.ts';

const SDK = createRequire(import.meta.url).resolve('@aws-sdk/client-s3');
const ARN = 'arn:aws:lambda:eu-west-1:000000000000:function:writer';

/** Writes one object after another, as many as it is told, under a prefix of its event or of its first message. */
const WRITER = `
const { S3Client, PutObjectCommand } = require(${JSON.stringify(SDK)});
const s3 = new S3Client({ forcePathStyle: true });
exports.handler = async (event) => {
  const { prefix, count } = event.Records ? JSON.parse(event.Records[0].body) : event;
  for (let at = 1; at <= count; at++)
    await s3.send(new PutObjectCommand({ Bucket: 'facts', Key: prefix + '/' + at, Body: event.Records ? event.Records[0].attributes.ApproximateReceiveCount : 'x' }));
  return { written: count };
};`;

let stack: TestStack;
let sqs: SQSClient;
beforeAll(async () => {
  stack = await deployStack(
    { writer: { 'index.js': WRITER } },
    {
      Facts: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'facts' } },
      Writer: functionResource('writer'),
      Jobs: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'jobs', VisibilityTimeout: 60 } },
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        DependsOn: ['Writer'],
        Properties: { EventSourceArn: { 'Fn::GetAtt': ['Jobs', 'Arn'] }, FunctionName: 'writer', BatchSize: 1 },
      },
    },
  );
  sqs = new SQSClient({ endpoint: stack.cloud.url, region: 'eu-west-1', credentials: ADMINISTRATOR, maxAttempts: 1 });
});
afterAll(async () => {
  sqs?.destroy();
  await stack?.close();
});

const faults = (...rules: NonNullable<FaultSettings['rules']>) => stack.cloud.faults.set({ rules });
let story = 0;
let prefix = '';
beforeEach(() => {
  prefix = String(++story);
});
afterEach(() => faults());

const written = () => stack.cloud.s3.list('facts', `${prefix}/`).map(({ key }) => key.slice(prefix.length + 1));
const invoke = async (count: number) => {
  const { Payload, FunctionError } = await stack.lambda.send(
    new InvokeCommand({ FunctionName: 'writer', Payload: JSON.stringify({ prefix, count }) }),
  );
  const payload: JsonObject = JSON.parse(Buffer.from(Payload ?? []).toString());
  return { failed: FunctionError !== undefined, payload };
};
const send = (count: number) =>
  sqs.send(
    new SendMessageCommand({
      QueueUrl: `${stack.cloud.url}/000000000000/jobs`,
      MessageBody: JSON.stringify({ prefix, count }),
    }),
  );

describe('a crash', () => {
  it('before a request leaves the request without effect and kills the function', async () => {
    faults({ fault: 'crash', function: 'writer', when: 'before', request: 2 });

    const { failed, payload } = await invoke(3);

    expect(failed).toBe(true);
    expect(payload).toMatchObject({ errorType: 'Runtime.ExitError' });
    expect(payload.errorMessage).toMatch(/^RequestId: \S+ Error: Runtime exited with error: signal: killed$/);
    expect(written()).toEqual(['1']);
  });

  it('after a request lets it have its effect and kills the function before it hears', async () => {
    faults({ fault: 'crash', function: 'writer', when: 'after', request: 2 });

    const { failed, payload } = await invoke(3);

    expect(failed).toBe(true);
    expect(payload).toMatchObject({ errorType: 'Runtime.ExitError' });
    expect(written()).toEqual(['1', '2']);
  });

  it('strikes one invocation, and the next one ends as if nothing had been', async () => {
    faults({ fault: 'crash', function: 'writer', when: 'before', invocation: 2, request: 1 });

    const outcomes = [await invoke(1), await invoke(1), await invoke(1)];

    expect(outcomes.map(({ failed }) => failed)).toEqual([false, true, false]);
  });

  it('of an asynchronous invocation is followed by a retry', async () => {
    faults({ fault: 'crash', function: 'writer', when: 'after', nth: 1 });
    stack.cloud.lambda.invokeAsync(ARN, { prefix, count: 2 });

    await stack.cloud.settle();
    const afterCrash = written();
    await stack.cloud.settle({ advanceMs: 70_000 });

    expect(afterCrash).toEqual(['1']);
    expect(written()).toEqual(['1', '2']);
  });

  it('leaves other functions and the administrator alone', async () => {
    faults({ fault: 'crash', function: 'another', when: 'before' });

    const { failed } = await invoke(2);

    expect(failed).toBe(false);
    expect(written()).toEqual(['1', '2']);
  });
});

describe('a trace', () => {
  it('lists each request of each invocation, in order, as crashes can be set at them', async () => {
    const trace = stack.cloud.faults.trace();

    await invoke(2);
    await invoke(1);
    trace.stop();
    await invoke(1);

    expect(trace.requests.map(({ invocation, request, ordinal }) => [invocation, request, ordinal])).toEqual([
      [1, 1, 1],
      [1, 2, 2],
      [2, 1, 3],
    ]);
    expect(trace.requests[0]).toMatchObject({ function: 'writer', service: 's3', operation: 'PutObject' });
  });
});

describe('a function that is too slow', () => {
  it('has done nothing when it times out before it begins', async () => {
    faults({ fault: 'time-out', function: 'writer', when: 'before', nth: 1 });

    const slow = await invoke(1);
    const afterwards = written();
    const next = await invoke(1);

    expect(slow.failed).toBe(true);
    expect(slow.payload.errorMessage).toMatch(/Task timed out after 10\.00 seconds$/);
    expect(afterwards).toEqual([]);
    expect(next.failed).toBe(false);
  });

  it('has done everything when it times out after its work', async () => {
    faults({ fault: 'time-out', function: 'writer', when: 'after', nth: 1 });

    const slow = await invoke(2);

    expect(slow.payload.errorMessage).toMatch(/Task timed out/);
    expect(written()).toEqual(['1', '2']);
  });
});

describe('messages', () => {
  it('that are doubled come again after their visibility timeout', async () => {
    faults({ fault: 'double-message', queue: 'jobs', nth: 1 });
    await send(1);

    await stack.cloud.settle();
    const left = stack.cloud.sqs.peek('arn:aws:sqs:eu-west-1:000000000000:jobs').length;
    await stack.cloud.settle({ advanceMs: 61_000 });

    const object = await stack.cloud.s3.read('facts', `${prefix}/1`);
    const received = (await object?.body.toArray())?.map(String).join('');
    expect(left).toBe(1);
    expect(received).toBe('2');
    expect(stack.cloud.sqs.peek('arn:aws:sqs:eu-west-1:000000000000:jobs')).toHaveLength(0);
  });

  it('that are late are received late', async () => {
    faults({ fault: 'delay-message', queue: 'jobs', delayMs: 5000 });
    await send(1);

    await stack.cloud.settle();
    const before = written();
    await stack.cloud.settle({ advanceMs: 5000 });

    expect(before).toEqual([]);
    expect(written()).toEqual(['1']);
  });

  it('of other queues are neither', async () => {
    faults({ fault: 'delay-message', queue: 'another', delayMs: 5000 }, { fault: 'double-message', queue: 'another' });
    await send(1);

    await stack.cloud.settle();

    expect(written()).toEqual(['1']);
    expect(stack.cloud.sqs.peek('arn:aws:sqs:eu-west-1:000000000000:jobs')).toHaveLength(0);
  });
});

describe("a crash of a function in the cloud's process", () => {
  const bucket = { Facts: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'facts' } } };

  it.each([
    ['before', ['1']],
    ['after', ['1', '2']],
  ] as const)('%s a request is as that of a packaged one', async (when, expected) => {
    const inProcess = await deployStack(
      { writer: { 'index.js': '' } },
      { ...bucket, Writer: functionResource('writer') },
      {
        options: {
          faults: { rules: [{ fault: 'crash', function: 'writer', when, request: 2 }] },
          functions:
            () =>
            ({ client }) =>
            async () => {
              for (const Key of ['1', '2', '3'])
                await client.send('s3', 'PutObject', { Bucket: 'facts', Key, Body: 'x' });
              return null;
            },
        },
      },
    );

    const { payload, functionError } = await inProcess.cloud.lambda.invoke(ARN, {});
    const keys = inProcess.cloud.s3.list('facts', '').map(({ key }) => key);
    await inProcess.close();

    expect(functionError).toBe('Unhandled');
    expect(payload).toMatchObject({ errorType: 'Runtime.ExitError' });
    expect(keys).toEqual(expected);
  });
});

import { afterEach, describe, expect, it } from 'vitest';

import { createCloud, type LocalCloud } from '../../../local/cloud.ts';
import { type Cloud, type JsonObject, ServiceError } from '../../../local/contracts.ts';
import { createPoller, type EventSourceMapping } from '../../../local/services/lambda/event-source-mapping.ts';
import type { FunctionDefinition } from '../../../local/services/lambda/function-definition.ts';
import type { InvocationResult, Invoker } from '../../../local/services/lambda/invoker.ts';
import { createSqs } from '../../../local/services/sqs/service.ts';

const QUEUE = 'arn:aws:sqs:eu-west-1:000000000000:work';
const SECOND = 1_000;

const unused = (): never => {
  throw new Error('not part of this test');
};

const definition: FunctionDefinition = {
  name: 'worker',
  arn: 'arn:aws:lambda:eu-west-1:000000000000:function:worker',
  role: 'arn:aws:iam::000000000000:role/worker',
  runtime: 'nodejs24.x',
  handler: 'index.handler',
  description: '',
  architecture: 'arm64',
  memorySizeMb: 128,
  timeoutSeconds: 3,
  ephemeralStorageMb: 512,
  environment: {},
  layers: [],
  tracingMode: 'PassThrough',
  logGroup: '/aws/lambda/worker',
  logFormat: 'Text',
  tags: {},
  code: { sizeBytes: 0, sha256: unused, folder: unused },
  createdAt: new Date(0),
};

interface Running {
  readonly bodies: readonly string[];
  end(result?: Partial<InvocationResult>): void;
  fail(error: Error): void;
}

let local: LocalCloud | undefined;
afterEach(async () => {
  await local?.close();
  local = undefined;
});

/** A mapping on a queue of its own, whose function runs until the test ends it. */
const start = async (settings: Partial<EventSourceMapping> = {}, allowed = true) => {
  local = await createCloud({ start: new Date('2031-05-06T07:08:09Z') });
  const { clock } = local;
  const made: { sqs?: ReturnType<typeof createSqs> } = {};
  const cloud: Cloud = {
    ...local,
    clock,
    activity: local.activity,
    s3: local.s3,
    url: () => '',
    iam: { ...local.iam, allows: () => allowed },
    get sqs() {
      return made.sqs?.api ?? unused();
    },
  };
  made.sqs = createSqs(cloud);
  const queue = made.sqs.service.resources?.['AWS::SQS::Queue'];
  await queue?.create(
    { logicalId: 'Work', type: 'AWS::SQS::Queue', properties: { QueueName: 'work', VisibilityTimeout: 30 } },
    { stack: 'test', artifacts: '', layers: {} },
  );
  const running: Running[] = [];
  const invoker: Invoker = {
    invoke(_, payload) {
      const { Records } = JSON.parse(payload) as { Records: JsonObject[] };
      return new Promise((resolve, reject) => {
        const leave = () => void running.splice(running.indexOf(mine), 1);
        const mine: Running = {
          bodies: Records.map(({ body }) => String(body)),
          end(result = {}) {
            leave();
            resolve({ requestId: 'r', payload: 'null', logTail: '', ...result });
          },
          fail(error) {
            leave();
            reject(error);
          },
        };
        running.push(mine);
      });
    },
  };
  const mapping: EventSourceMapping = {
    uuid: 'u',
    arn: 'a',
    queueArn: QUEUE,
    definition,
    batchSize: 1,
    batchingWindowSeconds: 0,
    reportsItemFailures: false,
    enabled: true,
    lastModified: new Date(0),
    ...settings,
  };
  const pool = { capacity: () => 10, underWay: () => running.length, onRoom: () => undefined };
  const poller = createPoller(cloud, pool, invoker, mapping);
  poller.start();
  /** Lets the poller do what it does by itself: an invocation that runs is under way and would never be idle. */
  const turns = async () => {
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    running,
    turns,
    poller,
    bodies: () => running.map(({ bodies }) => bodies),
    left: () => cloud.sqs.peek(QUEUE).map(({ body }) => body),
    async send(...bodies: string[]) {
      for (const body of bodies) cloud.sqs.send(QUEUE, body);
      await turns();
    },
    async pass(ms: number) {
      await clock.advance(ms, turns);
      await turns();
    },
  };
};

describe('a mapping', () => {
  it('runs as many batches at once as its maximum concurrency, and the next when one has ended', async () => {
    const { running, send, turns, bodies } = await start({ maximumConcurrency: 2 });

    await send('a', 'b', 'c');
    const first = bodies();
    running[0]?.end();
    await turns();

    expect(first).toEqual([['a'], ['b']]);
    expect(bodies()).toEqual([['b'], ['c']]);
  });

  it('runs five batches at once without a maximum', async () => {
    const { send, bodies } = await start();

    await send('a', 'b', 'c', 'd', 'e', 'f', 'g');

    expect(bodies()).toHaveLength(5);
  });

  it('ends its window when the batch is full', async () => {
    const { send, pass, bodies } = await start({ batchSize: 3, batchingWindowSeconds: 20 });

    await send('a', 'b');
    const gathering = bodies();
    await send('c', 'd');
    const full = bodies();
    await pass(20 * SECOND);

    expect(gathering).toEqual([]);
    expect(full).toEqual([['a', 'b', 'c']]);
    expect(bodies()).toEqual([['a', 'b', 'c'], ['d']]);
  });

  it('parts a batch before it is larger than 6 MB', async () => {
    const { send, bodies } = await start({ batchSize: 10, batchingWindowSeconds: 1 });
    const megabyte = (name: string) => name.padEnd(1_048_576, '.');

    await send(...['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].map(megabyte));

    expect(bodies().map((batch) => batch.map((body) => body.charAt(0)).join(''))).toEqual(['abcdef', 'ghij']);
  });

  it('deletes what a batch has dealt with, and no message of a batch that failed', async () => {
    const { running, send, turns, pass, bodies, left } = await start();
    await send('good', 'bad', 'throttled');

    running[0]?.end();
    running[0]?.end({ functionError: 'Unhandled', payload: '{}' });
    running[0]?.fail(new ServiceError('TooManyRequestsException', 'Rate Exceeded.', 429));
    await turns();
    const atOnce = { left: left(), running: bodies() };
    await pass(30 * SECOND);

    expect(atOnce).toEqual({ left: ['bad', 'throttled'], running: [] });
    expect(bodies()).toEqual([['bad'], ['throttled']]);
  });

  it('fails a whole batch whose response names a message it did not get', async () => {
    const { running, send, turns, left } = await start({ batchSize: 2, reportsItemFailures: true });
    await send('a', 'b');

    running[0]?.end({ payload: '{"batchItemFailures": [{"itemIdentifier": "another"}]}' });
    await turns();

    expect(left()).toEqual(['a', 'b']);
  });

  it('receives nothing that its role may not receive', async () => {
    const { send, bodies, left } = await start({}, false);

    await send('a');

    expect(bodies()).toEqual([]);
    expect(left()).toEqual(['a']);
  });

  it('receives nothing after it was stopped', async () => {
    const { poller, send, bodies } = await start();

    poller.stop();
    await send('a');

    expect(bodies()).toEqual([]);
  });
});

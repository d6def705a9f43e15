import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { ModelEvaluatedV1, RunPlannedV1 } from '../../events/index.ts';
import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { DependencyError } from '../../shared/errors.ts';
import { type MessagingCloud, openQueue, queueArn, REGION, startMessagingCloud } from './messaging-cloud.ts';

const BUS = 'millrace-dev';
const DATA = { model: 'late-bus', run: '20010201-0123456789' };
const ABOUT = `${DATA.model}/${DATA.run}`;
const context = { now: new Date('2001-02-01T12:00:00.000Z'), correlationId: DATA.run };

describe('the publisher, on the local cloud', () => {
  let world: MessagingCloud;
  beforeEach(async () => {
    world = await startMessagingCloud();
    await world.events.send(new CreateEventBusCommand({ Name: BUS }));
    await world.sqs.send(new CreateQueueCommand(openQueue('heard')));
    await world.events.send(
      new PutRuleCommand({ Name: 'all', EventBusName: BUS, EventPattern: JSON.stringify({ source: ['millrace'] }) }),
    );
    await world.events.send(
      new PutTargetsCommand({ Rule: 'all', EventBusName: BUS, Targets: [{ Id: 'heard', Arn: queueArn('heard') }] }),
    );
  });
  afterEach(() => world.close());

  const heard = async () => {
    await world.cloud.settle();
    return world.bodies('heard').map((body) => Object(body));
  };

  it('tells on the bus what the contract says, with what the event says of itself', async () => {
    await eventPublisher(BUS, world.events)(RunPlannedV1, ABOUT, DATA, context);

    expect(await heard()).toMatchObject([
      {
        source: 'millrace',
        'detail-type': 'RunPlanned.v1',
        detail: {
          metadata: {
            eventId: expect.stringMatching(/^[0-9a-f]{32}$/),
            correlationId: DATA.run,
            occurredAt: '2001-02-01T12:00:00.000Z',
          },
          data: DATA,
        },
      },
    ]);
  });

  it('gives the same event the same id when it is told again, and another another', async () => {
    const tell = eventPublisher(BUS, world.events);

    await tell(RunPlannedV1, ABOUT, DATA, context);
    await tell(RunPlannedV1, ABOUT, DATA, { ...context, now: new Date('2001-02-09T00:00:00Z') });
    await tell(ModelEvaluatedV1, ABOUT, DATA, context);
    await tell(RunPlannedV1, 'another', DATA, context);

    const [first, again, ofAnotherKind, aboutAnother] = (await heard()).map((event) => event.detail.metadata.eventId);
    expect(again).toBe(first);
    expect(new Set([first, ofAnotherKind, aboutAnother]).size).toBe(3);
  });

  it('tells nothing that breaks the contract', async () => {
    const tell = eventPublisher(BUS, world.events);

    await expect(tell(RunPlannedV1, ABOUT, { ...DATA, run: 'x' }, context)).rejects.toThrow();

    expect(await heard()).toEqual([]);
  });
});

describe('the publisher, when EventBridge does not take an event', () => {
  let server: Server;
  let eventBridge: EventBridgeClient;
  let answer: { status: number; body: object; type?: string };
  beforeAll(async () => {
    server = createServer((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(answer.status, {
          'content-type': 'application/x-amz-json-1.1',
          ...(answer.type !== undefined && { 'x-amzn-errortype': answer.type }),
        });
        response.end(JSON.stringify(answer.body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    eventBridge = new EventBridgeClient({
      endpoint: `http://127.0.0.1:${port}`,
      region: REGION,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
    });
  });
  afterAll(async () => {
    eventBridge.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  const told = () => eventPublisher(BUS, eventBridge)(RunPlannedV1, ABOUT, DATA, context);

  it('fails on an answer of 200 with a failed entry, which the SDK takes for success', async () => {
    answer = {
      status: 200,
      body: { FailedEntryCount: 1, Entries: [{ ErrorCode: 'InternalFailure', ErrorMessage: 'try again' }] },
    };

    await expect(told()).rejects.toThrow(DependencyError);
    await expect(told()).rejects.toThrow('EventBridge refused RunPlanned.v1: InternalFailure try again');
  });

  it('succeeds on an answer of 200 without one', async () => {
    answer = { status: 200, body: { FailedEntryCount: 0, Entries: [{ EventId: 'e' }] } };

    await expect(told()).resolves.toBeUndefined();
  });

  it.each([
    [500, 'InternalException'],
    [400, 'ThrottlingException'],
  ])('asks to be tried again on an answer of %i %s', async (status, type) => {
    answer = { status, type, body: { message: 'not now' } };

    await expect(told()).rejects.toThrow(DependencyError);
  });

  it('passes on what trying again cannot help', async () => {
    answer = { status: 400, type: 'AccessDeniedException', body: { message: 'no' } };

    await expect(told()).rejects.toThrow(expect.objectContaining({ name: 'AccessDeniedException' }));
  });
});

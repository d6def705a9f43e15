import { describe, expect, it } from 'vitest';

import { createActivity } from '../../local/activity.ts';
import { createClock } from '../../local/clock.ts';
import {
  type BusEvent,
  type Cloud,
  type EventFaults,
  type Json,
  ServiceError,
  type SqsApi,
} from '../../local/contracts.ts';
import { createDispatch } from '../../local/services/events/delivery.ts';
import { createEventStore } from '../../local/services/events/store.ts';
import { functionArn, queueArn } from './messaging-cloud.ts';

const HOUR = 3_600_000;

const unused = (): never => {
  throw new Error('not part of this test');
};

/** The parts of a cloud a delivery touches: a function that is throttled `failures` times, and a queue for the dead. */
const throttledWorld = (
  failures: number,
  error = new ServiceError('TooManyRequestsException', 'Rate Exceeded.', 429),
  copies: readonly number[] = [0],
) => {
  const clock = createClock(0, false);
  const activity = createActivity(clock);
  const attempts: number[] = [];
  const invoked: Json[] = [];
  const asked: Parameters<EventFaults['copies']>[0][] = [];
  const dead: { body: string; attributes: Record<string, string | number> }[] = [];
  const sqs: SqsApi = {
    send: (_, body, options = {}) => void dead.push({ body, attributes: options.attributes ?? {} }),
    receive: unused,
    delete: unused,
    visibilityTimeoutSeconds: unused,
    onAvailable: unused,
    peek: unused,
  };
  const cloud: Cloud = {
    clock,
    activity,
    account: '000000000000',
    region: 'eu-west-1',
    url: unused,
    directory: '',
    images: [],
    id: () => 'id',
    log: () => undefined,
    sqs,
    lambda: {
      invokeAsync: unused,
      invokeAsyncText(_, payload) {
        attempts.push(clock.ms());
        if (attempts.length <= failures) throw error;
        invoked.push(JSON.parse(payload));
      },
      invoke: unused,
      crash: unused,
    },
    get events() {
      return unused();
    },
    get s3() {
      return unused();
    },
    get sns() {
      return unused();
    },
    iam: {
      credentialsFor: unused,
      principalFor: unused,
      principalOf: unused,
      secretOf: unused,
      tokenOf: unused,
      roleExists: unused,
      trusts: unused,
      allows: unused,
      authorize: unused,
      authorizeRequest: unused,
      authorizeDelivery: () => undefined,
      checkPolicy: unused,
    },
    monitoring: { alarmState: unused, onAlarm: unused, put: () => undefined },
    faults: {
      copies(way) {
        asked.push(way);
        return copies;
      },
    },
    get logs() {
      return unused();
    },
    deliver: unused,
  };
  const store = createEventStore(cloud, createDispatch(cloud, unused));
  const event: BusEvent = {
    version: '0',
    id: 'event-1',
    'detail-type': 'Parcel Moved',
    source: 'depot',
    account: cloud.account,
    time: '1970-01-01T00:00:00Z',
    region: cloud.region,
    resources: [],
    detail: {},
  };
  return {
    attempts,
    invoked,
    asked,
    dead,
    async publish(retries: { MaximumRetryAttempts?: number; MaximumEventAgeInSeconds?: number }, hours = 30) {
      const bus = store.bus(undefined);
      const rule = store.putRule(bus, { name: 'moved', pattern: '{"source": ["depot"]}', state: 'ENABLED' });
      store.putTargets(rule, [
        {
          Id: 'f',
          Arn: functionArn('mover'),
          RoleArn: undefined,
          Input: undefined,
          InputPath: undefined,
          InputTransformer: undefined,
          SqsParameters: undefined,
          DeadLetterConfig: { Arn: queueArn('dead') },
          RetryPolicy: {
            MaximumRetryAttempts: retries.MaximumRetryAttempts,
            MaximumEventAgeInSeconds: retries.MaximumEventAgeInSeconds,
          },
        },
      ]);
      store.publish(bus, event);
      await activity.idle();
      await clock.advance(hours * HOUR, () => activity.idle());
    },
  };
};

describe('a target that is throttled', () => {
  it('is tried again, later each time, until it takes the event', async () => {
    const world = throttledWorld(4);

    await world.publish({});

    expect(world.attempts).toEqual([0, 1_000, 3_000, 7_000, 15_000]);
    expect(world.invoked).toMatchObject([{ id: 'event-1' }]);
    expect(world.dead).toEqual([]);
  });

  it('is given up after 185 retries within 24 hours, unless the rule says otherwise', async () => {
    const world = throttledWorld(1_000);

    await world.publish({});

    expect(world.attempts).toHaveLength(186);
    expect(world.attempts.at(-1)).toBeLessThan(24 * HOUR);
    expect(world.dead).toMatchObject([
      {
        attributes: {
          ERROR_CODE: 'THROTTLING',
          ERROR_MESSAGE: 'Rate Exceeded.',
          EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
          RETRY_ATTEMPTS: '185',
        },
      },
    ]);
  });

  it('is given up after the retries its policy allows', async () => {
    const world = throttledWorld(1_000);

    await world.publish({ MaximumRetryAttempts: 2 });

    expect(world.attempts).toHaveLength(3);
    expect(world.dead[0]?.attributes).toMatchObject({
      EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
      RETRY_ATTEMPTS: '2',
    });
  });

  it('is given up when the event is as old as its policy allows', async () => {
    const world = throttledWorld(1_000);

    await world.publish({ MaximumEventAgeInSeconds: 60 });

    expect(world.attempts.at(-1)).toBeLessThanOrEqual(60_000);
    expect(world.dead[0]?.attributes).toMatchObject({
      EXHAUSTED_RETRY_CONDITION: 'MaximumEventAgeInSeconds',
      RETRY_ATTEMPTS: '5',
    });
  });

  it('is not tried again when it refuses the request', async () => {
    const world = throttledWorld(1, new ServiceError('InvalidRequestContentException', 'no', 400));

    await world.publish({});

    expect(world.attempts).toEqual([0]);
    expect(world.dead[0]?.attributes).toMatchObject({ ERROR_CODE: 'SDK_CLIENT_ERROR', RETRY_ATTEMPTS: '0' });
    expect(world.dead[0]?.attributes).not.toHaveProperty('EXHAUSTED_RETRY_CONDITION');
  });
});

describe('a fault on the way of an event', () => {
  it.each([
    ['loses it', [], []],
    ['doubles it', [0, 0], [0, 0]],
    ['delays it', [90_000], [90_000]],
    ['doubles and delays it', [0, 5_000], [0, 5_000]],
  ])('%s', async (_, copies, times) => {
    const world = throttledWorld(0, undefined, copies);

    await world.publish({}, 1);

    expect(world.attempts).toEqual(times);
    expect(world.dead).toEqual([]);
  });

  it('is asked for once per event and target, whatever is tried again', async () => {
    const world = throttledWorld(3);

    await world.publish({}, 1);

    expect(world.attempts).toHaveLength(4);
    expect(world.asked).toMatchObject([
      { bus: 'default', rule: 'moved', target: functionArn('mover'), event: { id: 'event-1' } },
    ]);
  });
});

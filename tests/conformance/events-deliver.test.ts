import { CreateEventBusCommand, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateTopicCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  busArn,
  functionArn,
  type MessagingCloud,
  openQueue,
  openTopic,
  queueArn,
  startMessagingCloud,
  topicArn,
} from './messaging-cloud.ts';

let world: MessagingCloud;
beforeEach(async () => {
  world = await startMessagingCloud();
});
afterEach(() => world.close());

describe('what one service sends to an ARN', () => {
  it('arrives in a queue as JSON', async () => {
    await world.sqs.send(new CreateQueueCommand(openQueue('inbox')));

    world.cloud.deliver(queueArn('inbox'), { a: [1, 'x'] });

    expect(world.bodies('inbox')).toEqual([{ a: [1, 'x'] }]);
  });

  it('arrives on a topic as JSON', async () => {
    await world.sns.send(new CreateTopicCommand(openTopic('news')));

    world.cloud.deliver(topicArn('news'), { a: 1 });

    expect(world.cloud.sns.published(topicArn('news'))).toMatchObject([{ message: '{"a":1}' }]);
  });

  it('arrives on a bus as an event', async () => {
    await world.sqs.send(new CreateQueueCommand(openQueue('inbox')));
    await world.events.send(new CreateEventBusCommand({ Name: 'orders' }));
    const rule = { EventBusName: 'orders', EventPattern: '{"source": ["lambda"]}' };
    await world.events.send(new PutRuleCommand({ Name: 'results', ...rule }));
    const Targets = [{ Id: 'q', Arn: queueArn('inbox') }];
    await world.events.send(new PutTargetsCommand({ Rule: 'results', EventBusName: 'orders', Targets }));

    world.cloud.deliver(busArn('orders'), {
      source: 'lambda',
      'detail-type': 'Result',
      resources: ['r'],
      detail: { ok: true },
    });
    await world.cloud.settle();

    expect(world.bodies('inbox')).toMatchObject([
      { source: 'lambda', 'detail-type': 'Result', resources: ['r'], detail: { ok: true } },
    ]);
  });

  it.each([
    ['a queue that is not there', queueArn('gone'), {}, 'QueueDoesNotExist'],
    ['a topic that is not there', topicArn('gone'), {}, 'NotFound'],
    ['a function that is not there', functionArn('gone'), {}, 'ResourceNotFoundException'],
    [
      'a bus that is not there',
      busArn('gone'),
      { source: 's', 'detail-type': 't', detail: {} },
      'ResourceNotFoundException',
    ],
    ['a bus, but is no event', busArn('default'), { source: 's' }, 'ValidationException'],
    ['a stream', 'arn:aws:kinesis:eu-west-1:000000000000:stream/s', {}, 'NotImplemented'],
  ])('is refused when it goes to %s', (_, arn, payload, code) => {
    expect(() => world.cloud.deliver(arn, payload)).toThrow(expect.objectContaining({ code }));
  });
});

import {
  CreateTopicCommand,
  DeleteTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListSubscriptionsCommand,
  ListTopicsCommand,
  NotFoundException,
  PublishCommand,
  SetSubscriptionAttributesCommand,
  SubscribeCommand,
  type SubscribeCommandInput,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  ACCOUNT,
  functionArn,
  type MessagingCloud,
  openQueue,
  queueArn,
  refusal,
  START,
  startMessagingCloud,
  topicArn,
} from './messaging-cloud.ts';

let world: MessagingCloud;
beforeEach(async () => {
  world = await startMessagingCloud();
  await world.sqs.send(new CreateQueueCommand(openQueue('inbox')));
  await world.sns.send(new CreateTopicCommand({ Name: 'news' }));
});
afterEach(() => world.close());

const NEWS = topicArn('news');

const subscribe = async (more: Partial<SubscribeCommandInput> = {}): Promise<string> => {
  const { SubscriptionArn = '' } = await world.sns.send(
    new SubscribeCommand({ TopicArn: NEWS, Protocol: 'sqs', Endpoint: queueArn('inbox'), ...more }),
  );
  return SubscriptionArn;
};

describe('a topic', () => {
  it('is created once, listed, described and deleted', async () => {
    const { TopicArn } = await world.sns.send(new CreateTopicCommand({ Name: 'news' }));
    const listed = await world.sns.send(new ListTopicsCommand({}));
    await subscribe();
    const { Attributes } = await world.sns.send(new GetTopicAttributesCommand({ TopicArn }));
    await world.sns.send(new DeleteTopicCommand({ TopicArn }));
    const after = await world.sns.send(new ListTopicsCommand({}));

    expect(TopicArn).toBe(NEWS);
    expect(listed.Topics).toEqual([{ TopicArn: NEWS }]);
    expect(Attributes).toMatchObject({
      TopicArn: NEWS,
      Owner: ACCOUNT,
      SubscriptionsConfirmed: '1',
      SubscriptionsPending: '0',
    });
    expect(after.Topics).toEqual([]);
  });

  it('that is missing is an error the SDK knows', async () => {
    const published = world.sns.send(new PublishCommand({ TopicArn: topicArn('none'), Message: 'x' }));

    await expect(published).rejects.toBeInstanceOf(NotFoundException);
  });

  it.each([
    ['a bad name', { Name: 'a b' }, 'InvalidParameterException', 'Invalid parameter: Topic Name'],
    ['a FIFO name', { Name: 'news.fifo' }, 'NotImplemented', 'FIFO'],
    [
      'an attribute it does not honour',
      { Name: 'other', Attributes: { DeliveryPolicy: '{}' } },
      'NotImplemented',
      'DeliveryPolicy',
    ],
  ])('is refused with %s', async (_, input, name, message) => {
    const error = await refusal(world.sns.send(new CreateTopicCommand(input)));

    expect(error.name).toBe(name);
    expect(error.message).toContain(message);
  });
});

describe('a subscription', () => {
  it('is made once, listed, described and ended', async () => {
    const arn = await subscribe();
    const again = await subscribe();
    const byTopic = await world.sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: NEWS }));
    await world.sns.send(
      new SetSubscriptionAttributesCommand({
        SubscriptionArn: arn,
        AttributeName: 'RawMessageDelivery',
        AttributeValue: 'true',
      }),
    );
    const { Attributes } = await world.sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn: arn }));
    await world.sns.send(new UnsubscribeCommand({ SubscriptionArn: arn }));
    const after = await world.sns.send(new ListSubscriptionsCommand({}));

    expect(again).toBe(arn);
    expect(byTopic.Subscriptions).toEqual([
      { SubscriptionArn: arn, Owner: ACCOUNT, Protocol: 'sqs', Endpoint: queueArn('inbox'), TopicArn: NEWS },
    ]);
    expect(Attributes).toMatchObject({ RawMessageDelivery: 'true', PendingConfirmation: 'false' });
    expect(after.Subscriptions).toEqual([]);
  });

  it('of an e-mail address waits for a person', async () => {
    const arn = await subscribe({ Protocol: 'email', Endpoint: 'ann@example.com' });
    const listed = await world.sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: NEWS }));

    expect(arn).toBe('pending confirmation');
    expect(listed.Subscriptions?.[0]?.SubscriptionArn).toBe('PendingConfirmation');
  });

  it.each([
    ['another protocol', { Protocol: 'sms', Endpoint: '+123' }, 'NotImplemented', 'sms'],
    ['a policy for retries', { Attributes: { DeliveryPolicy: '{}' } }, 'NotImplemented', 'DeliveryPolicy'],
    [
      'a filter of operators nobody knows',
      { Attributes: { FilterPolicy: '{"sky":[{"like":"rain"}]}' } },
      'InvalidParameterException',
      'Attributes Reason: FilterPolicy: Unrecognized match type like',
    ],
    ['an endpoint of another kind', { Endpoint: topicArn('news') }, 'InvalidParameterException', 'SQS endpoint ARN'],
    [
      'raw delivery to a function',
      { Protocol: 'lambda', Endpoint: functionArn('f'), Attributes: { RawMessageDelivery: 'true' } },
      'InvalidParameterException',
      'RawMessageDelivery',
    ],
  ])('is refused with %s', async (_, input, name, message) => {
    const error = await refusal(subscribe(input));

    expect(error.name).toBe(name);
    expect(error.message).toContain(message);
  });
});

describe('a message', () => {
  it('reaches a queue in its envelope', async () => {
    await subscribe();

    const { MessageId } = await world.sns.send(
      new PublishCommand({
        TopicArn: NEWS,
        Subject: 'Hello',
        Message: 'grüße & <tags>',
        MessageAttributes: { kind: { DataType: 'String', StringValue: 'good' } },
      }),
    );
    await world.cloud.settle();

    expect(world.bodies('inbox')).toEqual([
      {
        Type: 'Notification',
        MessageId,
        TopicArn: NEWS,
        Subject: 'Hello',
        Message: 'grüße & <tags>',
        Timestamp: START,
        SignatureVersion: '1',
        Signature: expect.any(String),
        SigningCertURL: expect.any(String),
        UnsubscribeURL: expect.any(String),
        MessageAttributes: { kind: { Type: 'String', Value: 'good' } },
      },
    ]);
    expect(world.cloud.sns.published(NEWS)).toEqual([{ message: 'grüße & <tags>', subject: 'Hello', at: START }]);
  });

  it('reaches a queue raw, with its attributes', async () => {
    await subscribe({ Attributes: { RawMessageDelivery: 'true' } });

    await world.sns.send(
      new PublishCommand({
        TopicArn: NEWS,
        Message: 'plain',
        MessageAttributes: { kind: { DataType: 'String', StringValue: 'good' } },
      }),
    );
    await world.cloud.settle();

    expect(world.messages('inbox')).toMatchObject([
      { body: 'plain', messageAttributes: { kind: { dataType: 'String', stringValue: 'good' } } },
    ]);
  });

  it('that cannot be delivered goes to the dead-letter queue, else is logged', async () => {
    await subscribe({
      Endpoint: queueArn('gone'),
      Attributes: { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn('inbox') }) },
    });
    await subscribe({ Endpoint: queueArn('lost') });

    await world.sns.send(new PublishCommand({ TopicArn: NEWS, Message: 'x' }));
    await world.cloud.settle();

    expect(world.bodies('inbox')).toMatchObject([{ Message: 'x' }]);
    expect(world.logged).toMatchObject([{ line: 'sns: lost a message', facts: { endpoint: queueArn('lost') } }]);
  });

  it.each([
    ['empty', { Message: '' }, 'Invalid parameter: Empty message'],
    ['too long', { Message: 'x'.repeat(262_145) }, 'Invalid parameter: Message too long'],
    ['with a subject of 101 characters', { Message: 'x', Subject: 's'.repeat(101) }, 'Invalid parameter: Subject'],
    ['with a line break in its subject', { Message: 'x', Subject: 'a\nb' }, 'Invalid parameter: Subject'],
    ['with a subject that is not ASCII', { Message: 'x', Subject: 'grüße' }, 'Invalid parameter: Subject'],
  ])('is refused when it is %s', async (_, input, message) => {
    const error = await refusal(world.sns.send(new PublishCommand({ TopicArn: NEWS, ...input })));

    expect(error).toEqual({ name: 'InvalidParameterException', message, status: 400 });
  });

  it('of another structure is refused by name', async () => {
    const request = new PublishCommand({ TopicArn: NEWS, Message: '{"default": "x"}', MessageStructure: 'json' });

    expect((await refusal(world.sns.send(request))).message).toContain('MessageStructure');
  });
});

describe('a template', () => {
  it('makes topics, subscriptions and policies', async () => {
    const stack = await world.deploy({
      Alerts: {
        Type: 'AWS::SNS::Topic',
        Properties: { TopicName: 'alerts', Subscription: [{ Protocol: 'email', Endpoint: 'ann@example.com' }] },
      },
      ToInbox: {
        Type: 'AWS::SNS::Subscription',
        Properties: {
          TopicArn: { Ref: 'Alerts' },
          Protocol: 'sqs',
          Endpoint: queueArn('inbox'),
          RawMessageDelivery: true,
        },
      },
      Open: {
        Type: 'AWS::SNS::TopicPolicy',
        Properties: { Topics: [{ Ref: 'Alerts' }], PolicyDocument: { Statement: [] } },
      },
    });

    world.cloud.sns.publish(topicArn('alerts'), 'fire');
    await world.cloud.settle();

    expect(stack.resources.Alerts).toMatchObject({ ref: topicArn('alerts'), attributes: { TopicName: 'alerts' } });
    expect(world.messages('inbox').map(({ body }) => body)).toEqual(['fire']);
  });
});

describe('a filter policy', () => {
  it('comes with a subscription of a template', async () => {
    await world.deploy({
      Wet: {
        Type: 'AWS::SNS::Subscription',
        Properties: {
          TopicArn: NEWS,
          Protocol: 'sqs',
          Endpoint: queueArn('inbox'),
          RawMessageDelivery: true,
          FilterPolicyScope: 'MessageBody',
          FilterPolicy: { day: { sky: ['rain'] } },
        },
      },
    });

    for (const sky of ['sun', 'rain'])
      await world.sns.send(new PublishCommand({ TopicArn: NEWS, Message: JSON.stringify({ day: { sky } }) }));
    await world.cloud.settle();

    expect(world.bodies('inbox')).toEqual([{ day: { sky: 'rain' } }]);
  });

  it('that the new scope does not support keeps the scope as it is', async () => {
    const FilterPolicy = JSON.stringify({ day: { sky: ['rain'] } });
    const arn = await subscribe({ Attributes: { FilterPolicy, FilterPolicyScope: 'MessageBody' } });

    const error = await refusal(
      world.sns.send(
        new SetSubscriptionAttributesCommand({
          SubscriptionArn: arn,
          AttributeName: 'FilterPolicyScope',
          AttributeValue: 'MessageAttributes',
        }),
      ),
    );
    const { Attributes } = await world.sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn: arn }));

    expect(error.message).toContain('does not support nested filter policy');
    expect(Attributes).toMatchObject({ FilterPolicy, FilterPolicyScope: 'MessageBody' });
  });

  it('that is emptied lets everything through', async () => {
    const arn = await subscribe({ Attributes: { FilterPolicy: '{"sky":["rain"]}', RawMessageDelivery: 'true' } });
    await world.sns.send(new PublishCommand({ TopicArn: NEWS, Message: '"held back"' }));

    await world.sns.send(
      new SetSubscriptionAttributesCommand({ SubscriptionArn: arn, AttributeName: 'FilterPolicy', AttributeValue: '' }),
    );
    await world.sns.send(new PublishCommand({ TopicArn: NEWS, Message: '"let through"' }));
    await world.cloud.settle();

    expect(world.bodies('inbox')).toEqual(['let through']);
  });
});

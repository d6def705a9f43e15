import {
  type Actor,
  type Call,
  type Cloud,
  type JsonObject,
  type Operation,
  type Provisioner,
  type Service,
  ServiceError,
  type SnsApi,
} from '../../contracts.ts';
import { createMessageKeys } from '../../message-keys.ts';
import {
  anything,
  flag,
  list,
  map,
  object,
  optional,
  present,
  type Reader,
  readInput,
  structure,
  text,
} from '../parameters.ts';
import { createDelivery } from './delivery.ts';
import { invalid, KMS_CODES } from './errors.ts';
import { checkMessage, type Message, messageAttributes } from './message.ts';
import { createTopics, defaultPolicy, type Subscription, type Topic } from './topics.ts';

const tags = optional(list(structure({ Key: text(), Value: text() })));
const topicReference = structure({ TopicArn: text() });

const INPUTS = {
  create: structure({ Name: text(), Attributes: optional(map(text())), Tags: tags }),
  page: structure({ NextToken: optional(text()) }),
  topicPage: structure({ TopicArn: text(), NextToken: optional(text()) }),
  setTopic: structure({ TopicArn: text(), AttributeName: text(), AttributeValue: optional(text()) }),
  subscribe: structure({
    TopicArn: text(),
    Protocol: text(),
    Endpoint: optional(text()),
    Attributes: optional(map(text())),
    ReturnSubscriptionArn: optional(flag()),
  }),
  subscription: structure({ SubscriptionArn: text() }),
  setSubscription: structure({ SubscriptionArn: text(), AttributeName: text(), AttributeValue: optional(text()) }),
  publish: structure({
    TopicArn: optional(text()),
    Message: text(),
    Subject: optional(text()),
    MessageAttributes: optional(messageAttributes),
  }),
};

/** How SNS would try HTTP endpoints again: every topic has this, until it is given another (recorded). */
const EFFECTIVE_DELIVERY_POLICY = JSON.stringify({
  http: {
    defaultHealthyRetryPolicy: {
      minDelayTarget: 20,
      maxDelayTarget: 20,
      numRetries: 3,
      numMaxDelayRetries: 0,
      numNoDelayRetries: 0,
      numMinDelayRetries: 0,
      backoffFunction: 'linear',
    },
    disableSubscriptionOverrides: false,
    defaultRequestPolicy: { headerContentType: 'text/plain; charset=UTF-8' },
  },
});

/** A data key is used again for up to 5 minutes: sns-key-management (documented). */
const REUSE_SECONDS = 300;

/** Lists come 100 at a time: ListTopics, ListSubscriptions (documented). */
const PAGE = 100;

const pageOf = <T>(items: readonly T[], token: string | undefined): { items: T[]; next: string | undefined } => {
  const start = token === undefined ? 0 : Number(token);
  if (!Number.isInteger(start) || start < 0) throw invalid('NextToken');
  return {
    items: items.slice(start, start + PAGE),
    next: start + PAGE < items.length ? String(start + PAGE) : undefined,
  };
};

/** SNS: standard topics with queues and functions behind them. */
export const createSns = (cloud: Cloud): { service: Service; api: SnsApi } => {
  const topics = createTopics(cloud);
  const deliver = createDelivery(cloud);
  const keys = createMessageKeys(cloud, { via: 'sns', context: 'aws:sns:topicArn', codes: KMS_CODES });

  const publish = (
    topic: Topic,
    checked: Pick<Message, 'message' | 'subject' | 'attributes'>,
    by: Actor | undefined,
  ): Message => {
    const key = topic.attributes.get('KmsMasterKeyId');
    if (key !== undefined && by) keys.encrypt(by, { key, place: topic.arn }, REUSE_SECONDS);
    const message: Message = {
      ...checked,
      id: cloud.id('uuid'),
      topicArn: topic.arn,
      at: cloud.clock.now().toISOString(),
    };
    topics.remember(topic, message);
    for (const subscription of topic.subscriptions.values())
      if (subscription.filter?.accepts(message) ?? true) deliver(message, subscription);
    return message;
  };

  /** As public issues quote it. */
  const target = (arn: string | undefined): string => {
    if (arn === undefined) throw invalid('TargetArn Reason: no value for required parameter');
    return arn;
  };
  const shownArn = ({ pending, arn }: Subscription) => (pending ? 'PendingConfirmation' : arn);
  const subscriptionAnswer = (subscription: Subscription): JsonObject => ({
    SubscriptionArn: shownArn(subscription),
    Owner: cloud.account,
    Protocol: subscription.protocol,
    Endpoint: subscription.endpoint,
    TopicArn: subscription.topic.arn,
  });
  const subscriptionsAnswer = (found: readonly Subscription[], token: string | undefined): JsonObject => {
    const { items, next } = pageOf(found, token);
    return present({ Subscriptions: items.map(subscriptionAnswer), NextToken: next });
  };

  /** SNS words broken constraints as ValidationError. */
  const reading =
    <T>(name: string, shape: Reader<T>, run: (given: T, call: Call) => JsonObject | undefined): Operation =>
    (input, call) => {
      try {
        return run(readInput(name, shape, input), call);
      } catch (error) {
        if (error instanceof ServiceError && error.code === 'ValidationException')
          throw new ServiceError('ValidationError', error.message);
        throw error;
      }
    };

  const operations: Readonly<Record<string, Operation>> = {
    CreateTopic: reading('CreateTopic', INPUTS.create, ({ Name, Attributes = {} }) => ({
      TopicArn: topics.create(Name, Attributes).arn,
    })),
    DeleteTopic: reading('DeleteTopic', topicReference, ({ TopicArn }) => {
      topics.remove(TopicArn);
      return {};
    }),
    ListTopics: reading('ListTopics', INPUTS.page, ({ NextToken }) => {
      const { items, next } = pageOf(topics.all(), NextToken);
      return present({ Topics: items.map(({ arn }) => ({ TopicArn: arn })), NextToken: next });
    }),
    GetTopicAttributes: reading('GetTopicAttributes', topicReference, ({ TopicArn }) => {
      const topic = topics.topic(TopicArn);
      const all = [...topic.subscriptions.values()];
      const pending = all.filter((each) => each.pending).length;
      return {
        // A topic's attributes have a display name, policies and counts from the start (recorded).
        Attributes: {
          DisplayName: '',
          Policy: defaultPolicy(cloud.account, topic.arn),
          EffectiveDeliveryPolicy: EFFECTIVE_DELIVERY_POLICY,
          ...Object.fromEntries(topic.attributes),
          TopicArn,
          Owner: cloud.account,
          SubscriptionsConfirmed: String(all.length - pending),
          SubscriptionsPending: String(pending),
          SubscriptionsDeleted: '0',
        },
      };
    }),
    SetTopicAttributes: reading(
      'SetTopicAttributes',
      INPUTS.setTopic,
      ({ TopicArn, AttributeName, AttributeValue = '' }) => {
        topics.setAttribute(topics.topic(TopicArn), AttributeName, AttributeValue);
        return {};
      },
    ),
    Subscribe: reading('Subscribe', INPUTS.subscribe, (given) => {
      const topic = topics.topic(given.TopicArn);
      if (given.Endpoint === undefined) throw invalid('Endpoint');
      const subscription = topics.subscribe(topic, given.Protocol, given.Endpoint, given.Attributes ?? {});
      const shown = subscription.pending && !given.ReturnSubscriptionArn ? 'pending confirmation' : subscription.arn;
      return { SubscriptionArn: shown };
    }),
    Unsubscribe: reading('Unsubscribe', INPUTS.subscription, ({ SubscriptionArn }) => {
      topics.unsubscribe(SubscriptionArn);
      return {};
    }),
    ListSubscriptions: reading('ListSubscriptions', INPUTS.page, ({ NextToken }) =>
      subscriptionsAnswer(
        topics.all().flatMap(({ subscriptions }) => [...subscriptions.values()]),
        NextToken,
      ),
    ),
    ListSubscriptionsByTopic: reading('ListSubscriptionsByTopic', INPUTS.topicPage, ({ TopicArn, NextToken }) =>
      subscriptionsAnswer([...topics.topic(TopicArn).subscriptions.values()], NextToken),
    ),
    GetSubscriptionAttributes: reading('GetSubscriptionAttributes', INPUTS.subscription, ({ SubscriptionArn }) => {
      const subscription = topics.subscription(SubscriptionArn);
      return {
        Attributes: {
          SubscriptionArn,
          TopicArn: subscription.topic.arn,
          Owner: cloud.account,
          Protocol: subscription.protocol,
          Endpoint: subscription.endpoint,
          RawMessageDelivery: String(subscription.raw),
          PendingConfirmation: String(subscription.pending),
          ConfirmationWasAuthenticated: 'true',
          ...(subscription.deadLetters === undefined
            ? {}
            : { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: subscription.deadLetters }) }),
          // The scope is shown of a subscription that has a filter policy, and of no other (recorded).
          ...(subscription.filter === undefined
            ? {}
            : { FilterPolicy: subscription.filter.policy, FilterPolicyScope: subscription.filterScope }),
        },
      };
    }),
    SetSubscriptionAttributes: reading(
      'SetSubscriptionAttributes',
      INPUTS.setSubscription,
      ({ SubscriptionArn, AttributeName, AttributeValue = '' }) => {
        topics.setSubscriptionAttribute(topics.subscription(SubscriptionArn), AttributeName, AttributeValue);
        return {};
      },
    ),
    Publish: reading('Publish', INPUTS.publish, ({ TopicArn, Message, Subject, MessageAttributes }, { principal }) => ({
      MessageId: publish(topics.topic(target(TopicArn)), checkMessage(Message, Subject, MessageAttributes), {
        principal,
      }).id,
    })),
  };

  const subscriptionProperties = structure({
    TopicArn: text(),
    Protocol: text(),
    Endpoint: text(),
    RawMessageDelivery: optional(flag()),
    RedrivePolicy: optional(object()),
    FilterPolicy: optional(object()),
    FilterPolicyScope: optional(text()),
  });
  const topicProperties = structure({
    TopicName: optional(text()),
    DisplayName: optional(text()),
    KmsMasterKeyId: optional(text()),
    Subscription: optional(list(structure({ Protocol: text(), Endpoint: text() }))),
    Tags: optional(list(anything())),
  });

  const resources: Readonly<Record<string, Provisioner>> = {
    'AWS::SNS::Topic': {
      properties: ['TopicName', 'DisplayName', 'KmsMasterKeyId', 'Subscription', 'Tags'],
      create({ logicalId, properties }) {
        const given = readInput(`AWS::SNS::Topic ${logicalId}`, topicProperties, properties);
        const name = given.TopicName ?? `${logicalId.slice(0, 200)}-${cloud.id(12)}`;
        if (topics.find(name)) throw new ServiceError('AlreadyExists', `Topic ${name} already exists.`);
        const attributes: Record<string, string> = {};
        if (given.DisplayName !== undefined) attributes.DisplayName = given.DisplayName;
        if (given.KmsMasterKeyId !== undefined) attributes.KmsMasterKeyId = given.KmsMasterKeyId;
        const topic = topics.create(name, attributes);
        for (const { Protocol, Endpoint } of given.Subscription ?? []) topics.subscribe(topic, Protocol, Endpoint, {});
        return { ref: topic.arn, attributes: { TopicArn: topic.arn, TopicName: name } };
      },
    },
    'AWS::SNS::TopicPolicy': {
      properties: ['Topics', 'PolicyDocument'],
      create({ logicalId, properties }) {
        const { Topics, PolicyDocument } = readInput(
          `AWS::SNS::TopicPolicy ${logicalId}`,
          structure({ Topics: list(text(), { min: 1 }), PolicyDocument: anything() }),
          properties,
        );
        cloud.iam.checkPolicy(PolicyDocument, 'resource', logicalId);
        for (const arn of Topics) topics.setAttribute(topics.topic(arn), 'Policy', JSON.stringify(PolicyDocument));
        return { ref: `${logicalId}-${cloud.id(12)}`, attributes: {} };
      },
    },
    'AWS::SNS::Subscription': {
      properties: [
        'TopicArn',
        'Protocol',
        'Endpoint',
        'RawMessageDelivery',
        'RedrivePolicy',
        'FilterPolicy',
        'FilterPolicyScope',
      ],
      create({ logicalId, properties }) {
        const given = readInput(`AWS::SNS::Subscription ${logicalId}`, subscriptionProperties, properties);
        const attributes: Record<string, string> = {};
        if (given.RawMessageDelivery) attributes.RawMessageDelivery = 'true';
        if (given.RedrivePolicy) attributes.RedrivePolicy = JSON.stringify(given.RedrivePolicy);
        if (given.FilterPolicy) attributes.FilterPolicy = JSON.stringify(given.FilterPolicy);
        if (given.FilterPolicyScope) attributes.FilterPolicyScope = given.FilterPolicyScope;
        const { arn } = topics.subscribe(topics.topic(given.TopicArn), given.Protocol, given.Endpoint, attributes);
        return { ref: arn, attributes: { Arn: arn } };
      },
    },
  };

  return {
    service: {
      scope: 'sns',
      api: {
        protocol: 'query',
        target: 'http://sns.amazonaws.com/doc/2010-03-31/',
        operations,
        maps: ['Attributes'],
      },
      resources,
      policies: {
        has: (arn) => topics.find(arn.split(':').at(-1) ?? '') !== undefined,
        of: (arn) => {
          const topic = topics.find(arn.split(':').at(-1) ?? '');
          return topic && (topic.attributes.get('Policy') ?? defaultPolicy(cloud.account, topic.arn));
        },
        // The policy SNS gives by itself is nobody's grant.
        all: () => topics.all().flatMap(({ arn, attributes }) => (attributes.has('Policy') ? [arn] : [])),
      },
      async close() {
        topics.clear();
      },
    },
    api: {
      publish(topicArn, message, { subject, attributes = {}, by } = {}) {
        const given = Object.entries(attributes).map(([name, value]) => [
          name,
          {
            DataType: typeof value === 'string' ? 'String' : 'Number',
            StringValue: String(value),
            BinaryValue: undefined,
          },
        ]);
        publish(topics.topic(topicArn), checkMessage(message, subject, Object.fromEntries(given)), by);
      },
      published: (topicArn) =>
        topics.topic(topicArn).published.map(({ message, subject, at }) => ({
          message,
          at,
          ...(subject === undefined ? {} : { subject }),
        })),
    },
  };
};

import { type Cloud, type Json, ServiceError } from '../../contracts.ts';
import { destinationKind } from '../../deliver.ts';
import { invalid, notFound, notImplemented } from './errors.ts';
import type { Message } from './message.ts';

export interface Subscription {
  readonly arn: string;
  readonly topic: Topic;
  readonly protocol: string;
  readonly endpoint: string;
  /** E-mail waits for a person to confirm; there is none here. */
  readonly pending: boolean;
  raw: boolean;
  /** ARN of the queue for what cannot be delivered. */
  deadLetters: string | undefined;
}

export interface Topic {
  readonly name: string;
  readonly arn: string;
  readonly attributes: Map<string, string>;
  readonly subscriptions: Map<string, Subscription>;
  readonly published: Message[];
}

/** Topic attributes that are kept. Others are refused by name. */
const TOPIC_ATTRIBUTES = ['DisplayName', 'Policy', 'KmsMasterKeyId', 'TracingConfig'];

/**
 * What a topic has until it is given another: its owner's, and those who publish in its owner's name, as alarms do.
 * docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html (documented; the list of actions is cut to Publish)
 */
export const defaultPolicy = (account: string, topicArn: string): string =>
  JSON.stringify({
    Version: '2008-10-17',
    Statement: [
      {
        Sid: '__default_statement_ID',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: 'SNS:Publish',
        Resource: topicArn,
        Condition: { StringEquals: { 'AWS:SourceOwner': account } },
      },
    ],
  });

/** Remembered for tests and stories, per topic. */
const MOST_REMEMBERED = 1000;

const deadLettersOf = (policy: string): string | undefined => {
  if (policy === '') return undefined;
  let parsed: Json;
  try {
    parsed = JSON.parse(policy) as Json;
  } catch {
    throw invalid('RedrivePolicy: failed to parse JSON');
  }
  const target =
    typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? parsed.deadLetterTargetArn : undefined;
  if (typeof target !== 'string' || destinationKind(target) !== 'queue')
    throw invalid('RedrivePolicy: deadLetterTargetArn is an invalid arn');
  return target;
};

/** The topics there are and who subscribed to them. */
export interface Topics {
  /** Gives the topic there is, if there is one. @throws ServiceError InvalidParameter, NotImplemented. */
  create(name: string, attributes: Readonly<Record<string, string>>): Topic;
  /** @throws ServiceError NotFound, InvalidParameter. */
  topic(arn: string): Topic;
  find(name: string): Topic | undefined;
  all(): Topic[];
  remove(arn: string): void;
  setAttribute(topic: Topic, name: string, value: string): void;
  subscribe(
    topic: Topic,
    protocol: string,
    endpoint: string,
    attributes: Readonly<Record<string, string>>,
  ): Subscription;
  /** @throws ServiceError NotFound. */
  subscription(arn: string): Subscription;
  setSubscriptionAttribute(subscription: Subscription, name: string, value: string): void;
  unsubscribe(arn: string): void;
  remember(topic: Topic, message: Message): void;
  clear(): void;
}

export const createTopics = (cloud: Cloud): Topics => {
  const topics = new Map<string, Topic>();
  const arnOf = (name: string) => `arn:aws:sns:${cloud.region}:${cloud.account}:${name}`;

  const find = (arn: string) =>
    [...topics.values()].flatMap(({ subscriptions }) => [...subscriptions.values()]).find((each) => each.arn === arn);

  const setSubscriptionAttribute = (subscription: Subscription, name: string, value: string) => {
    if (name === 'RawMessageDelivery') {
      if (value !== 'true' && value !== 'false') throw invalid('Attributes Reason: RawMessageDelivery: Invalid value');
      // Raw delivery is for queues and HTTP endpoints, not for functions: sns-large-payload-raw-message-delivery (documented).
      if (value === 'true' && subscription.protocol !== 'sqs')
        throw invalid(
          `Attributes Reason: RawMessageDelivery: Delivery protocol [${subscription.protocol}] does not support raw message delivery.`,
        );
      subscription.raw = value === 'true';
    } else if (name === 'RedrivePolicy') subscription.deadLetters = deadLettersOf(value);
    else throw notImplemented(`the subscription attribute ${name}`);
  };

  const setAttribute = (topic: Topic, name: string, value: string) => {
    if (!TOPIC_ATTRIBUTES.includes(name)) throw notImplemented(`the topic attribute ${name}`);
    if (name === 'Policy') {
      try {
        JSON.parse(value);
      } catch {
        throw invalid('Policy Error: null');
      }
    }
    topic.attributes.set(name, value);
  };

  return {
    create(name, attributes) {
      if (name.endsWith('.fifo')) throw notImplemented(`FIFO topics (${name})`);
      if (!/^[\w-]{1,256}$/.test(name)) throw invalid('Topic Name');
      const known = topics.get(name);
      if (known) {
        const different = Object.entries(attributes).some(([key, value]) => known.attributes.get(key) !== value);
        if (different) throw invalid('Attributes Reason: Topic already exists with different attributes');
        return known;
      }
      const topic: Topic = { name, arn: arnOf(name), attributes: new Map(), subscriptions: new Map(), published: [] };
      for (const [key, value] of Object.entries(attributes)) setAttribute(topic, key, value);
      topics.set(name, topic);
      return topic;
    },
    topic(arn) {
      if (!/^arn:aws:sns:[^:]+:\d{12}:[^:]+$/.test(arn)) throw invalid('TopicArn');
      const topic = topics.get(arn.split(':').at(-1) ?? '');
      if (topic?.arn !== arn) throw notFound('Topic');
      return topic;
    },
    find: (name) => topics.get(name),
    all: () => [...topics.values()],
    remove(arn) {
      // Deleting a topic that is not there is no error: DeleteTopic (documented).
      const topic = topics.get(arn.split(':').at(-1) ?? '');
      if (topic?.arn === arn) topics.delete(topic.name);
    },
    setAttribute,
    subscribe(topic, protocol, endpoint, attributes) {
      const pending = protocol === 'email' || protocol === 'email-json';
      if (protocol === 'sqs' || protocol === 'lambda') {
        const wanted = protocol === 'sqs' ? 'queue' : 'function';
        let kind: string;
        try {
          kind = destinationKind(endpoint);
        } catch (error) {
          if (!(error instanceof ServiceError)) throw error;
          kind = 'none';
        }
        if (kind !== wanted) throw invalid(`${protocol === 'sqs' ? 'SQS' : 'Lambda'} endpoint ARN`);
      } else if (!pending) throw notImplemented(`the subscription protocol ${protocol}`);
      else if (!/^[^@\s]+@[^@\s]+$/.test(endpoint)) throw invalid('Email address');
      const same = [...topic.subscriptions.values()].find(
        (each) => each.protocol === protocol && each.endpoint === endpoint,
      );
      if (same) return same;
      const subscription: Subscription = {
        arn: `${topic.arn}:${cloud.id('uuid')}`,
        topic,
        protocol,
        endpoint,
        pending,
        raw: false,
        deadLetters: undefined,
      };
      for (const [name, value] of Object.entries(attributes)) setSubscriptionAttribute(subscription, name, value);
      topic.subscriptions.set(subscription.arn, subscription);
      return subscription;
    },
    subscription(arn) {
      const subscription = find(arn);
      if (!subscription) throw notFound('Subscription');
      return subscription;
    },
    setSubscriptionAttribute,
    unsubscribe(arn) {
      // Ending a subscription that has gone is no error: Unsubscribe (documented).
      find(arn)?.topic.subscriptions.delete(arn);
    },
    remember(topic, message) {
      topic.published.push(message);
      if (topic.published.length > MOST_REMEMBERED) topic.published.shift();
    },
    clear: () => topics.clear(),
  };
};

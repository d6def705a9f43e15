import { type Cloud, type Json, ServiceError } from '../../contracts.ts';
import { destinationKind } from '../../deliver.ts';
import { invalid, notFound, notImplemented } from './errors.ts';
import { compileFilterPolicy, type FilterPolicyScope, type MessageFilter } from './filter-policy.ts';
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
  /** Which messages it gets, by the text of its filter policy; undefined: all of them. */
  filter: { readonly policy: string; readonly accepts: MessageFilter } | undefined;
  filterScope: FilterPolicyScope;
}

export interface Topic {
  readonly name: string;
  readonly arn: string;
  readonly attributes: Map<string, string>;
  readonly subscriptions: Map<string, Subscription>;
  readonly published: Message[];
}

/**
 * Topic attributes that are kept; others are refused by name. *Assumed*: that there is such a key is found out when the
 * first message comes.
 */
const TOPIC_ATTRIBUTES = ['DisplayName', 'KmsMasterKeyId', 'Policy', 'TracingConfig'];

/** A topic has at most 200 filter policies: subscription-filter-policy-constraints (documented). */
const MOST_FILTER_POLICIES = 200;

/**
 * The policy a topic has until it is given another lets its owner, and those who act in its owner's name, as alarms do, use
 * it (recorded).
 */
export const defaultPolicy = (account: string, topicArn: string): string =>
  JSON.stringify({
    Version: '2008-10-17',
    Id: '__default_policy_ID',
    Statement: [
      {
        Sid: '__default_statement_ID',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: [
          'SNS:GetTopicAttributes',
          'SNS:SetTopicAttributes',
          'SNS:AddPermission',
          'SNS:RemovePermission',
          'SNS:DeleteTopic',
          'SNS:Subscribe',
          'SNS:ListSubscriptionsByTopic',
          'SNS:Publish',
        ],
        Resource: topicArn,
        Condition: { StringEquals: { 'AWS:SourceOwner': account } },
      },
    ],
  });

/** Subscribe (documented). */
const PROTOCOLS = ['http', 'https', 'email', 'email-json', 'sms', 'sqs', 'application', 'lambda', 'firehose'];

/** An ARN has six parts; the words are those of github.com/aws-samples/amazon-rekognition-video-analyzer/issues/41. */
const checkElements = (parameter: string, arn: string) => {
  const count = arn.split(':').length;
  if (count < 6) throw invalid(`${parameter} Reason: An ARN must have at least 6 elements, not ${count}`);
};

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

  const setFilterPolicy = (subscription: Subscription, policy: string, reason: string) => {
    // *Assumed*: an empty policy, as text or as an object, ends the filter.
    if (policy === '' || policy.replace(/\s/g, '') === '{}') {
      subscription.filter = undefined;
      return;
    }
    const accepts = compileFilterPolicy(policy, subscription.filterScope, reason);
    const others = [...subscription.topic.subscriptions.values()].filter(
      (each) => each.filter !== undefined && each.arn !== subscription.arn,
    );
    if (others.length >= MOST_FILTER_POLICIES)
      throw new ServiceError('FilterPolicyLimitExceeded', 'Filter policy limit exceeded for this topic', 403);
    subscription.filter = { policy, accepts };
  };

  const setFilterPolicyScope = (subscription: Subscription, scope: string, reason: string) => {
    if (scope !== 'MessageAttributes' && scope !== 'MessageBody')
      throw invalid(
        `${reason}FilterPolicyScope: Invalid value [${scope}]. Please use either MessageBody or MessageAttributes`,
      );
    const { filter } = subscription;
    // *Assumed*: a policy that the new scope does not support keeps the scope from being changed.
    if (filter !== undefined)
      subscription.filter = { ...filter, accepts: compileFilterPolicy(filter.policy, scope, reason) };
    subscription.filterScope = scope;
  };

  /** @param reason What stands before the reasons of a refusal. */
  const setSubscriptionAttribute = (subscription: Subscription, name: string, value: string, reason = '') => {
    if (name === 'RawMessageDelivery') {
      if (value !== 'true' && value !== 'false') throw invalid('Attributes Reason: RawMessageDelivery: Invalid value');
      // Raw delivery is for queues and HTTP endpoints, not for functions: sns-large-payload-raw-message-delivery (documented).
      if (value === 'true' && subscription.protocol !== 'sqs')
        throw invalid(
          `Attributes Reason: RawMessageDelivery: Delivery protocol [${subscription.protocol}] does not support raw message delivery.`,
        );
      subscription.raw = value === 'true';
    } else if (name === 'RedrivePolicy') subscription.deadLetters = deadLettersOf(value);
    else if (name === 'FilterPolicy') setFilterPolicy(subscription, value, reason);
    else if (name === 'FilterPolicyScope') setFilterPolicyScope(subscription, value, reason);
    else throw notImplemented(`the subscription attribute ${name}`);
  };

  const setAttribute = (topic: Topic, name: string, value: string) => {
    if (!TOPIC_ATTRIBUTES.includes(name)) throw notImplemented(`the topic attribute ${name}`);
    if (name === 'Policy') {
      let document: Json;
      try {
        document = JSON.parse(value) as Json;
      } catch {
        throw invalid('Policy Error: null');
      }
      try {
        // *Assumed*: SNS refuses whatever IAM would refuse, and says why.
        cloud.iam.checkPolicy(document, 'resource', `the policy of ${topic.name}`);
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        throw invalid(`Policy Error: ${error.message}`);
      }
    }
    // An empty key ends the encryption: SetTopicAttributes (documented).
    if (name === 'KmsMasterKeyId' && value === '') topic.attributes.delete(name);
    else topic.attributes.set(name, value);
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
      checkElements('TopicArn', arn);
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
      } else if (!pending) {
        if (PROTOCOLS.includes(protocol)) throw notImplemented(`the subscription protocol ${protocol}`);
        // The words are *assumed*.
        throw invalid(`Amazon SNS does not support this protocol string: ${protocol}`);
      }
      if (pending && !/^[^@\s]+@[^@\s]+$/.test(endpoint)) throw invalid('Email address');
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
        filter: undefined,
        filterScope: 'MessageAttributes',
      };
      // The scope first: what a policy may have depends on it.
      const scopeFirst = Object.entries(attributes).sort(
        ([one], [other]) => Number(other === 'FilterPolicyScope') - Number(one === 'FilterPolicyScope'),
      );
      for (const [name, value] of scopeFirst)
        setSubscriptionAttribute(subscription, name, value, 'Attributes Reason: ');
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
      checkElements('SubscriptionArn', arn);
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

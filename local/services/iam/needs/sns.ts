/**
 * What SNS's operations need. Actions and resources: the Service Authorization Reference, "Actions, resources, and
 * condition keys for Amazon SNS" (documented).
 */
import type { JsonObject } from '../../../contracts.ts';
import { anywhere, makingWith, type Needs, type NeedsTable, textOf } from './need.ts';

/** A subscription's ARN is its topic's and an id. */
const topicOf = (input: JsonObject) =>
  textOf(input.TopicArn) || textOf(input.SubscriptionArn).split(':').slice(0, 6).join(':');

const onTopic =
  (action: string, context: (input: JsonObject) => Record<string, string> = () => ({})): Needs =>
  (input) => [{ action: `sns:${action}`, resource: topicOf(input), context: context(input) }];

export const SNS_NEEDS: NeedsTable = {
  // "You must have the sns:CreateTopic and sns:TagResource permissions" to tag on creation: API_CreateTopic (documented).
  CreateTopic: (input, { account, region }) =>
    makingWith(input.Tags, 'sns:TagResource', {
      action: 'sns:CreateTopic',
      resource: `arn:aws:sns:${region}:${account}:${textOf(input.Name)}`,
    }),
  DeleteTopic: onTopic('DeleteTopic'),
  ListTopics: anywhere('sns:ListTopics'),
  GetTopicAttributes: onTopic('GetTopicAttributes'),
  SetTopicAttributes: onTopic('SetTopicAttributes'),
  Subscribe: onTopic('Subscribe', (input) => ({
    'sns:protocol': textOf(input.Protocol),
    'sns:endpoint': textOf(input.Endpoint),
  })),
  Unsubscribe: onTopic('Unsubscribe'),
  ListSubscriptions: anywhere('sns:ListSubscriptions'),
  ListSubscriptionsByTopic: onTopic('ListSubscriptionsByTopic'),
  GetSubscriptionAttributes: onTopic('GetSubscriptionAttributes'),
  SetSubscriptionAttributes: onTopic('SetSubscriptionAttributes'),
  Publish: onTopic('Publish'),
};

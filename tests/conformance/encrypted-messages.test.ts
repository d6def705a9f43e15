import { GetMetricStatisticsCommand, PutMetricAlarmCommand, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetTopicAttributesCommand, PublishCommand, SetTopicAttributesCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListMessageMoveTasksCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { JsonObject } from '../../local/contracts.ts';
import {
  ACCOUNT,
  type MessagingCloud,
  openedQueue,
  queueArn,
  REGION,
  refusal,
  startMessagingCloud,
  topicArn,
} from './messaging-cloud.ts';

const MINUTE = 60_000;
const roleArn = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const document = (...Statement: JsonObject[]): JsonObject => ({ Version: '2012-10-17', Statement });
const may = (...Action: string[]): JsonObject => ({ Effect: 'Allow', Action, Resource: '*' });
const role = (RoleName: string, ...statements: JsonObject[]): JsonObject => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    RoleName,
    AssumeRolePolicyDocument: document({ Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' }),
    Policies: [{ PolicyName: 'own', PolicyDocument: document(may('sqs:*', 'sns:*'), ...statements) }],
  },
});
const ROOT: JsonObject = {
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
  Action: 'kms:*',
  Resource: '*',
};
const ADMINISTRATION: JsonObject = { ...ROOT, Action: 'kms:PutKeyPolicy' };
/** As SQS's guide words the grant to those who send in their own name. */
const services = (...Service: string[]): JsonObject => ({
  Effect: 'Allow',
  Principal: { Service },
  Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
  Resource: '*',
  Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT } },
});
const key = (...statements: JsonObject[]): JsonObject => ({
  Type: 'AWS::KMS::Key',
  Properties: { KeyPolicy: document(ROOT, ...statements) },
});
const queue = (QueueName: string, KmsMasterKeyId: JsonObject | string, more: JsonObject = {}): JsonObject => ({
  Type: 'AWS::SQS::Queue',
  Properties: { QueueName, KmsMasterKeyId, ...more },
});
const topic = (TopicName: string, KmsMasterKeyId: JsonObject | string): JsonObject => ({
  Type: 'AWS::SNS::Topic',
  Properties: { TopicName, KmsMasterKeyId },
});
const rule = (Name: string, target: string, deadLetters = 'undelivered'): JsonObject => ({
  Type: 'AWS::Events::Rule',
  Properties: {
    Name,
    EventPattern: { source: [Name] },
    Targets: [{ Id: 'queue', Arn: queueArn(target), DeadLetterConfig: { Arn: queueArn(deadLetters) } }],
  },
});
const subscription = (from: string, to: string): JsonObject => ({
  Type: 'AWS::SNS::Subscription',
  DependsOn: ['Alarms', 'News', 'Own', 'Shared'],
  Properties: {
    TopicArn: topicArn(from),
    Protocol: 'sqs',
    Endpoint: queueArn(to),
    RedrivePolicy: { deadLetterTargetArn: queueArn('undelivered') },
  },
});

const RESOURCES: JsonObject = {
  // Its policy is AWS's default: the account's own policies decide, and no service comes in.
  Account: key(),
  Everybody: key(services('events.amazonaws.com', 'sns.amazonaws.com', 'cloudwatch.amazonaws.com')),
  Disabled: { Type: 'AWS::KMS::Key', Properties: { Enabled: false } },
  Bound: {
    Type: 'AWS::KMS::Key',
    Properties: {
      KeyPolicy: document(ADMINISTRATION, {
        ...ROOT,
        Condition: {
          StringEquals: {
            'kms:ViaService': `sqs.${REGION}.amazonaws.com`,
            'kms:EncryptionContext:aws:sqs:arn': queueArn('bound'),
          },
        },
      }),
    },
  },
  AccountAlias: {
    Type: 'AWS::KMS::Alias',
    Properties: { AliasName: 'alias/account', TargetKeyId: { Ref: 'Account' } },
  },
  Own: queue('own', 'alias/account', {
    RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Plain', 'Arn'] }, maxReceiveCount: 1 },
    VisibilityTimeout: 30,
  }),
  Plain: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'plain' } },
  Shared: queue('shared', { Ref: 'Everybody' }),
  Managed: queue('managed', 'alias/aws/sqs'),
  Foreign: queue('foreign', 'alias/aws/sns'),
  Off: queue('off', { Ref: 'Disabled' }),
  Gone: queue('gone', 'alias/gone'),
  BoundQueue: queue('bound', { 'Fn::GetAtt': ['Bound', 'Arn'] }),
  UnboundQueue: queue('unbound', { 'Fn::GetAtt': ['Bound', 'Arn'] }),
  Undelivered: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'undelivered' } },
  OwnOpen: openedQueue('Own'),
  SharedOpen: openedQueue('Shared'),
  ManagedOpen: openedQueue('Managed'),
  GoneOpen: openedQueue('Gone'),
  UndeliveredOpen: openedQueue('Undelivered'),
  News: topic('news', 'alias/account'),
  Alarms: topic('alarms', { Ref: 'Everybody' }),
  OffTopic: topic('off', { Ref: 'Disabled' }),
  GoneTopic: topic('gone', 'alias/gone'),
  Sender: role('sender', may('kms:GenerateDataKey', 'kms:Decrypt')),
  HalfSender: role('half-sender', may('kms:GenerateDataKey')),
  Reader: role('reader', may('kms:Decrypt')),
  Keyless: role('keyless'),
  ToOwn: rule('to-own', 'own'),
  ToShared: rule('to-shared', 'shared'),
  ToManaged: rule('to-managed', 'managed'),
  ToGone: rule('to-gone', 'gone'),
  // Neither its target nor its dead-letter queue lets it in.
  ToNothing: rule('to-nothing', 'own', 'managed'),
  AlarmsToOwn: subscription('alarms', 'own'),
  AlarmsToShared: subscription('alarms', 'shared'),
};

let messaging: MessagingCloud;
const clients: { destroy(): void }[] = [];
const settings = (roleName: string | undefined) => ({
  endpoint: messaging.cloud.url,
  region: REGION,
  maxAttempts: 1,
  credentials:
    roleName === undefined
      ? { accessKeyId: 'test', secretAccessKey: 'test' }
      : messaging.cloud.iam.credentialsFor(roleArn(roleName), 'me'),
});
const sqsAs = (roleName?: string): SQSClient => {
  const client = new SQSClient(settings(roleName));
  clients.push(client);
  return client;
};
const url = async (QueueName: string) =>
  (await messaging.sqs.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl ?? '';
const send = async (roleName: string | undefined, name: string, MessageBody = 'hello') =>
  sqsAs(roleName).send(new SendMessageCommand({ QueueUrl: await url(name), MessageBody }));
const receive = async (roleName: string | undefined, name: string) => {
  const { Messages = [] } = await sqsAs(roleName).send(new ReceiveMessageCommand({ QueueUrl: await url(name) }));
  return Messages.map(({ Body }) => Body);
};
const publish = (roleName: string | undefined, name: string) => {
  const client = new SNSClient(settings(roleName));
  clients.push(client);
  return client.send(new PublishCommand({ TopicArn: topicArn(name), Message: 'news' }));
};
const left = (name: string) => messaging.messages(name).map(({ body }) => body);
/** Puts an event that one rule matches. @returns What came to the dead-letter queue of it. */
const tell = async (Source: string) => {
  await messaging.events.send(
    new PutEventsCommand({ Entries: [{ Source, DetailType: 'Told', Detail: '{"by":"test"}' }] }),
  );
  await messaging.cloud.settle();
  return messaging
    .messages('undelivered')
    .map(({ messageAttributes }) => messageAttributes)
    .filter(({ RULE_ARN }) => RULE_ARN?.stringValue.endsWith(`/${Source}`))
    .map(({ ERROR_CODE }) => ERROR_CODE?.stringValue);
};

beforeAll(async () => {
  messaging = await startMessagingCloud();
  await messaging.deploy(RESOURCES);
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await messaging.close();
});

describe('a queue with a key', () => {
  it('takes messages of those only who may make a data key and decrypt it', async () => {
    const refusals = [await refusal(send('keyless', 'own')), await refusal(send('half-sender', 'own'))];
    await send('sender', 'own', 'sent');

    for (const refused of refusals) expect(refused).toMatchObject({ name: 'KmsAccessDenied', status: 400 });
    expect(refusals.map(({ message }) => /perform: (kms:\w+)/.exec(message)?.[1])).toEqual([
      'kms:GenerateDataKey',
      'kms:Decrypt',
    ]);
    expect(left('own')).toEqual(['sent']);
  });

  it('refuses a batch as a whole', async () => {
    const QueueUrl = await url('own');
    const batch = sqsAs('keyless').send(
      new SendMessageBatchCommand({ QueueUrl, Entries: [{ Id: 'a', MessageBody: 'in a batch' }] }),
    );

    expect(await refusal(batch)).toMatchObject({ name: 'KmsAccessDenied' });
  });

  it('gives messages to those only who may decrypt, and a refused receive is none', async () => {
    const refused = await refusal(receive('keyless', 'own'));
    const received = await receive('reader', 'own');

    expect(refused).toMatchObject({ name: 'KmsAccessDenied', status: 400 });
    expect(received).toEqual(['sent']);
    expect(messaging.messages('own')[0]?.attributes.ApproximateReceiveCount).toBe('1');
  });

  it('keeps a message encrypted in a dead-letter queue without a key', async () => {
    await messaging.cloud.clock.advance(MINUTE);
    await receive('reader', 'own');

    expect(left('plain')).toEqual(['sent']);
    expect(await refusal(receive('keyless', 'plain'))).toMatchObject({ name: 'KmsAccessDenied' });
    expect(await receive('reader', 'plain')).toEqual(['sent']);
  });

  it('gets messages back by the right of who moves them', async () => {
    await messaging.cloud.clock.advance(MINUTE);
    const move = async (roleName: string) => {
      await sqsAs(roleName).send(new StartMessageMoveTaskCommand({ SourceArn: queueArn('plain') }));
      await messaging.cloud.settle();
      const { Results = [] } = await messaging.sqs.send(
        new ListMessageMoveTasksCommand({ SourceArn: queueArn('plain') }),
      );
      return Results.map(({ Status, FailureReason }) => [Status, FailureReason]);
    };

    expect(await move('reader')).toEqual([['FAILED', 'KMS.AccessDeniedException']]);
    expect(left('plain')).toEqual(['sent']);
    expect(await move('sender')).toEqual([['COMPLETED', undefined]]);
    expect([left('plain'), left('own')]).toEqual([[], ['sent']]);
  });

  it('says so of a key that is disabled, and of one that is not there', async () => {
    const refusals = [await refusal(send(undefined, 'off')), await refusal(send(undefined, 'gone'))];

    expect(refusals).toMatchObject([
      { name: 'KmsDisabled', status: 400 },
      { name: 'KmsNotFound', status: 400 },
    ]);
  });

  it('names itself and SQS to the key', async () => {
    await send('sender', 'bound');

    expect(left('bound')).toEqual(['hello']);
    expect(await refusal(send('sender', 'unbound'))).toMatchObject({ name: 'KmsAccessDenied' });
  });

  it('with AWS’s own key is anybody’s of the account, with that of another service nobody’s', async () => {
    await send('keyless', 'managed');

    expect(await receive('keyless', 'managed')).toEqual(['hello']);
    expect(await refusal(send('sender', 'foreign'))).toMatchObject({ name: 'KmsAccessDenied' });
  });

  it('has one kind of encryption at a time, and shows which', async () => {
    const create = (Attributes: Record<string, string>) =>
      messaging.sqs.send(new CreateQueueCommand({ QueueName: 'kinds', Attributes }));
    const shown = async () => {
      const { Attributes = {} } = await messaging.sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: await url('kinds'), AttributeNames: ['All'] }),
      );
      const { KmsMasterKeyId, KmsDataKeyReusePeriodSeconds, SqsManagedSseEnabled } = Attributes;
      return [KmsMasterKeyId, KmsDataKeyReusePeriodSeconds, SqsManagedSseEnabled];
    };
    const set = async (Attributes: Record<string, string>) =>
      messaging.sqs.send(new SetQueueAttributesCommand({ QueueUrl: await url('kinds'), Attributes }));
    const both = await refusal(create({ KmsMasterKeyId: 'alias/account', SqsManagedSseEnabled: 'true' }));
    const short = await refusal(create({ KmsMasterKeyId: 'alias/account', KmsDataKeyReusePeriodSeconds: '59' }));
    await create({});
    const standing = [await shown()];
    for (const attributes of [
      { KmsMasterKeyId: 'alias/account' },
      { KmsDataKeyReusePeriodSeconds: '86400' },
      { SqsManagedSseEnabled: 'true' },
      { KmsMasterKeyId: 'alias/account' },
      { KmsMasterKeyId: '' },
    ]) {
      await set(attributes);
      standing.push(await shown());
    }

    expect([both.name, short.name]).toEqual(['InvalidAttributeValue', 'InvalidAttributeValue']);
    expect(standing).toEqual([
      [undefined, undefined, 'true'],
      ['alias/account', '300', 'false'],
      ['alias/account', '86400', 'false'],
      [undefined, undefined, 'true'],
      ['alias/account', '86400', 'false'],
      [undefined, undefined, 'false'],
    ]);
  });
});

describe('an event for a queue with a key', () => {
  it('gets there where the key’s policy lets EventBridge in', async () => {
    expect(await tell('to-shared')).toEqual([]);
    expect(messaging.bodies('shared')).toMatchObject([{ source: 'to-shared' }]);
  });

  it('is a dead letter where the key’s policy leaves it to the account', async () => {
    expect(await tell('to-own')).toEqual(['NO_PERMISSIONS']);
  });

  it('is a dead letter with AWS’s own key, whose policy cannot be changed', async () => {
    expect(await tell('to-managed')).toEqual(['NO_PERMISSIONS']);
  });

  it('is a dead letter where there is no such key', async () => {
    expect(await tell('to-gone')).toEqual(['NO_RESOURCE']);
  });

  it('is lost where the dead-letter queue’s key does not let EventBridge in either, and metrics say so', async () => {
    await tell('to-nothing');
    const sum = async (MetricName: string) => {
      const { Datapoints = [] } = await messaging.monitoring.send(
        new GetMetricStatisticsCommand({
          Namespace: 'AWS/Events',
          MetricName,
          Dimensions: [{ Name: 'RuleName', Value: 'to-nothing' }],
          StartTime: new Date(messaging.cloud.clock.ms() - MINUTE),
          EndTime: new Date(messaging.cloud.clock.ms() + MINUTE),
          Period: 60,
          Statistics: ['Sum'],
        }),
      );
      return Datapoints.map(({ Sum }) => Sum);
    };

    expect(await sum('FailedInvocations')).toEqual([1]);
    expect(await sum('InvocationsFailedToBeSentToDlq')).toEqual([1]);
    expect(left('managed')).toEqual(['hello']);
  });
});

describe('a topic with a key', () => {
  it('takes messages of those only who may make a data key and decrypt it', async () => {
    const refusals = [await refusal(publish('keyless', 'news')), await refusal(publish('half-sender', 'news'))];
    await publish('sender', 'news');

    for (const refused of refusals)
      expect(refused).toMatchObject({ name: expect.stringMatching(/^KMSAccessDenied/), status: 400 });
    expect(messaging.cloud.sns.published(topicArn('news'))).toHaveLength(1);
  });

  it('says so of a key that is disabled, and of one that is not there', async () => {
    const refusals = [await refusal(publish(undefined, 'off')), await refusal(publish(undefined, 'gone'))];

    expect(refusals.map(({ name }) => name)).toEqual([
      expect.stringMatching(/^KMSDisabled/),
      expect.stringMatching(/^KMSNotFound/),
    ]);
  });

  it('shows its key, until it is taken away', async () => {
    const shown = async () => {
      const { Attributes = {} } = await messaging.sns.send(
        new GetTopicAttributesCommand({ TopicArn: topicArn('gone') }),
      );
      return Attributes.KmsMasterKeyId;
    };
    const before = await shown();
    await messaging.sns.send(
      new SetTopicAttributesCommand({
        TopicArn: topicArn('gone'),
        AttributeName: 'KmsMasterKeyId',
        AttributeValue: '',
      }),
    );

    expect([before, await shown()]).toEqual(['alias/gone', undefined]);
    expect((await publish('keyless', 'gone')).MessageId).toBeTruthy();
  });

  it('reaches the queues whose keys let SNS in, and the others’ dead-letter queue', async () => {
    const before = { own: left('own').length, shared: left('shared').length };
    await publish('sender', 'alarms');
    await messaging.cloud.settle();
    const lost = messaging.messages('undelivered').map(({ messageAttributes }) => messageAttributes.ErrorCode);

    expect(left('shared')).toHaveLength(before.shared + 1);
    expect(left('own')).toHaveLength(before.own);
    expect(lost.flatMap((code) => code?.stringValue ?? [])).toEqual(['KMS.AccessDeniedException']);
  });

  it('hears an alarm where its key lets CloudWatch in, and the history says where it does not', async () => {
    const raise = async (AlarmName: string, action: string) => {
      await messaging.monitoring.send(
        new PutMetricAlarmCommand({
          AlarmName,
          Namespace: 'Own',
          MetricName: 'Errors',
          Statistic: 'Sum',
          Period: 60,
          EvaluationPeriods: 1,
          Threshold: 1,
          ComparisonOperator: 'GreaterThanThreshold',
          AlarmActions: [topicArn(action)],
        }),
      );
      await messaging.monitoring.send(
        new SetAlarmStateCommand({ AlarmName, StateValue: 'ALARM', StateReason: 'a test' }),
      );
      await messaging.cloud.settle();
    };
    const heard = (name: string) => messaging.cloud.sns.published(topicArn(name)).length;
    const before = [heard('alarms'), heard('news')];
    await raise('heard', 'alarms');
    await raise('unheard', 'news');
    const failed = messaging.logged.filter(({ line }) => line === 'monitoring: an alarm action failed');

    expect([heard('alarms'), heard('news')]).toEqual([Number(before[0]) + 1, before[1]]);
    expect(failed.map(({ facts }) => [facts?.alarm, facts?.action])).toEqual([['unheard', topicArn('news')]]);
    expect(String(failed[0]?.facts?.reason)).toContain('AWSKMS');
  });
});

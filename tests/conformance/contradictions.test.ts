/**
 * Requests whose members contradict each other, or what is there, by service: each is refused for its own reason. Those of
 * SageMaker are in sagemaker-contradictions.test.ts.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { JsonObject } from '../../local/contracts.ts';
import { type LocalPlace, startLocalPlace } from './cases/local-place.ts';
import { sdkClient } from './cases/sdk-client.ts';

let place: LocalPlace;
let client: ReturnType<typeof sdkClient>;

const arn = (service: string, rest: string) => `arn:aws:${service}:eu-west-1:000000000000:${rest}`;
const QUEUE = arn('sqs', 'given-queue');
const queueUrl = (name = 'given-queue') => `${place.cloud.url}/000000000000/${name}`;

const send = (
  service: 'events' | 'monitoring' | 'sqs' | 'sns' | 's3' | 'lambda' | 'iam',
  operation: string,
  params: JsonObject,
) => client.send({ service, operation, params });
const succeed = async (...[service, operation, params]: Parameters<typeof send>): Promise<void> => {
  const outcome = await send(service, operation, params);
  if ('refused' in outcome) throw new Error(`${operation}: ${outcome.refused.message}`);
};

const alarm = (more: JsonObject = {}): JsonObject => ({
  AlarmName: 'another',
  Namespace: 'Depot',
  MetricName: 'Weight',
  Statistic: 'Sum',
  Period: 60,
  EvaluationPeriods: 1,
  Threshold: 1,
  ComparisonOperator: 'GreaterThanThreshold',
  ...more,
});
const without = (given: JsonObject, ...names: string[]): JsonObject =>
  Object.fromEntries(Object.entries(given).filter(([name]) => !names.includes(name)));
const SINGLE = ['Namespace', 'MetricName', 'Statistic', 'Period'];
const queries = (...Metrics: JsonObject[]): JsonObject => ({ ...without(alarm(), ...SINGLE), Metrics });
const weight = { Metric: { Namespace: 'Depot', MetricName: 'Weight' }, Period: 60, Stat: 'Sum' };
const target = (more: JsonObject = {}): JsonObject => ({ Rule: 'rule', Targets: [{ Id: 'a', Arn: QUEUE, ...more }] });
const permission = (more: JsonObject = {}): JsonObject => ({
  EventBusName: 'bus',
  StatementId: 's',
  Action: 'events:PutEvents',
  Principal: '111122223333',
  ...more,
});
const longPolicy = {
  Version: '2012-10-17',
  Statement: {
    Effect: 'Allow',
    Principal: '*',
    Action: 'events:PutEvents',
    Resource: Array.from({ length: 200 }, (_, index) => arn('events', `event-bus/bus-${index}`)),
  },
};
const attribute = (name: string, value: JsonObject | string): JsonObject => ({
  QueueName: 'another',
  Attributes: { [name]: typeof value === 'string' ? value : JSON.stringify(value) },
});
const tagging = (...TagSet: JsonObject[]): JsonObject => ({ Bucket: 'given-bucket', Key: 'k', Tagging: { TagSet } });

beforeAll(async () => {
  place = await startLocalPlace();
  const { cloud } = place;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  client = sdkClient({ region: cloud.region, endpoint: cloud.url, credentials }, () => cloud.clock.now());
  await succeed('events', 'CreateEventBus', { Name: 'bus' });
  for (const EventBusName of ['default', 'bus'])
    await succeed('events', 'PutRule', { Name: 'rule', EventBusName, EventPattern: '{"source":["depot"]}' });
  await succeed('events', 'CreateArchive', {
    ArchiveName: 'archive',
    EventSourceArn: arn('events', 'event-bus/default'),
  });
  await succeed('monitoring', 'PutMetricAlarm', alarm({ AlarmName: 'metric' }));
  for (const AlarmName of ['composite', 'second'])
    await succeed('monitoring', 'PutCompositeAlarm', { AlarmName, AlarmRule: 'ALARM(metric)' });
  await succeed('sqs', 'CreateQueue', { QueueName: 'dead' });
  await succeed('sqs', 'SetQueueAttributes', {
    QueueUrl: queueUrl(),
    Attributes: { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn('sqs', 'dead'), maxReceiveCount: '3' }) },
  });
  await succeed('sqs', 'CreateQueue', { QueueName: 'first.fifo', Attributes: { FifoQueue: 'true' } });
  await succeed('sns', 'CreateTopic', { Name: 'news' });
  await succeed('s3', 'PutObject', { Bucket: 'given-bucket', Key: 'k', Body: { $bytes: 'x' } });
});
afterAll(async () => {
  client.close();
  await place.close();
});

describe('a request that contradicts itself', () => {
  it.each<
    [what: string, service: Parameters<typeof send>[0], operation: string, params: () => JsonObject, message: string]
  >([
    ['a bus that has rules', 'events', 'DeleteEventBus', () => ({ Name: 'bus' }), 'because it has rules'],
    ['a page there is none of', 'events', 'ListRules', () => ({ NextToken: 'bm9uZQ' }), 'NextToken is not valid'],
    [
      'a FIFO queue without a group',
      'events',
      'PutTargets',
      () => target({ Arn: arn('sqs', 'first.fifo') }),
      'SqsParameters must be specified',
    ],
    [
      'dead letters to a topic',
      'events',
      'PutTargets',
      () => target({ DeadLetterConfig: { Arn: arn('sns', 'news') } }),
      'DeadLetterConfig.Arn is not valid',
    ],
    [
      'a shape for what goes to a bus',
      'events',
      'PutTargets',
      () => target({ Arn: arn('events', 'event-bus/bus'), Input: '1' }),
      'gives an event bus the event as it is',
    ],
    [
      'a variable of AWS’s own name',
      'events',
      'PutTargets',
      () => target({ InputTransformer: { InputPathsMap: { awsThing: '$.id' }, InputTemplate: '<awsThing>' } }),
      'reserved key awsThing',
    ],
    [
      'a grant of nothing',
      'events',
      'PutPermission',
      () => without(permission(), 'Action'),
      'Parameter Action must be specified',
    ],
    [
      'a policy that is a list',
      'events',
      'PutPermission',
      () => ({ EventBusName: 'bus', Policy: '[]' }),
      'not a policy document',
    ],
    [
      'a policy of more than 10 KB',
      'events',
      'PutPermission',
      () => ({ EventBusName: 'bus', Policy: JSON.stringify(longPolicy) }),
      'is longer than',
    ],
    [
      'a replay to a rule of another bus',
      'events',
      'StartReplay',
      () => ({
        ReplayName: 'replay',
        EventSourceArn: arn('events', 'archive/archive'),
        EventStartTime: { $now: -60 },
        EventEndTime: { $now: 0 },
        Destination: { Arn: arn('events', 'event-bus/default'), FilterArns: [arn('events', 'rule/bus/rule')] },
      }),
      'is not a rule of default',
    ],
    ['no metric', 'monitoring', 'PutMetricAlarm', () => without(alarm(), 'MetricName'), 'must be specified'],
    ['no period', 'monitoring', 'PutMetricAlarm', () => without(alarm(), 'Period'), 'Period must be specified'],
    [
      'no threshold',
      'monitoring',
      'PutMetricAlarm',
      () => without(alarm(), 'Threshold'),
      'Threshold must be specified',
    ],
    [
      'a statistic there is none of',
      'monitoring',
      'PutMetricAlarm',
      () => ({ ...without(alarm(), 'Statistic'), ExtendedStatistic: 'p101' }),
      'p101',
    ],
    [
      'one metric and several',
      'monitoring',
      'PutMetricAlarm',
      () => alarm({ Metrics: [{ Id: 'm1', MetricStat: weight }] }),
      'mutually exclusive',
    ],
    [
      'two results to watch',
      'monitoring',
      'PutMetricAlarm',
      () => queries({ Id: 'm1', MetricStat: weight }, { Id: 'e1', Expression: 'm1 * 2' }),
      'Exactly one element',
    ],
    [
      'a metric that is an expression',
      'monitoring',
      'PutMetricAlarm',
      () => queries({ Id: 'm1', MetricStat: weight, Expression: '1' }),
      'either MetricStat or Expression',
    ],
    [
      'several series to watch',
      'monitoring',
      'PutMetricAlarm',
      () => queries({ Id: 'm1', MetricStat: weight, ReturnData: false }, { Id: 'e1', Expression: 'METRICS()' }),
      'must be a single time series',
    ],
    [
      'the name of a composite alarm',
      'monitoring',
      'PutMetricAlarm',
      () => alarm({ AlarmName: 'composite' }),
      'composite',
    ],
    [
      'the name of a metric’s alarm',
      'monitoring',
      'PutCompositeAlarm',
      () => ({ AlarmName: 'metric', AlarmRule: 'ALARM(composite)' }),
      'metric',
    ],
    [
      'two composite alarms to delete',
      'monitoring',
      'DeleteAlarms',
      () => ({ AlarmNames: ['composite', 'second'] }),
      'Only one composite alarm',
    ],
    [
      'names and what they begin with',
      'monitoring',
      'DescribeAlarms',
      () => ({ AlarmNames: ['metric'], AlarmNamePrefix: 'm' }),
      'mutually exclusive',
    ],
    [
      'reasons that are no JSON',
      'monitoring',
      'SetAlarmState',
      () => ({ AlarmName: 'metric', StateValue: 'OK', StateReason: 'so', StateReasonData: '{' }),
      'not JSON',
    ],
    [
      'a setting that is no truth value',
      'sqs',
      'CreateQueue',
      () => attribute('SqsManagedSseEnabled', 'yes'),
      'SqsManagedSseEnabled',
    ],
    ['an attribute there is none of', 'sqs', 'CreateQueue', () => attribute('Speed', '1'), 'Unknown Attribute Speed'],
    [
      'a queue that becomes FIFO',
      'sqs',
      'SetQueueAttributes',
      () => ({ QueueUrl: queueUrl(), Attributes: { FifoQueue: 'true' } }),
      'Unknown Attribute FifoQueue',
    ],
    ['a redrive policy that is a list', 'sqs', 'CreateQueue', () => attribute('RedrivePolicy', '[]'), 'RedrivePolicy'],
    [
      'a redrive policy of more than AWS knows',
      'sqs',
      'CreateQueue',
      () => attribute('RedrivePolicy', { deadLetterTargetArn: arn('sqs', 'dead'), maxReceiveCount: '3', speed: 1 }),
      'speed in a redrive policy',
    ],
    [
      'never a receipt before death',
      'sqs',
      'CreateQueue',
      () => attribute('RedrivePolicy', { deadLetterTargetArn: arn('sqs', 'dead'), maxReceiveCount: '0' }),
      'maxReceiveCount',
    ],
    [
      'dead letters that go where they are',
      'sqs',
      'StartMessageMoveTask',
      () => ({ SourceArn: arn('sqs', 'dead'), DestinationArn: arn('sqs', 'dead') }),
      'cannot be the same',
    ],
    [
      'dead letters that go to a FIFO queue',
      'sqs',
      'StartMessageMoveTask',
      () => ({ SourceArn: arn('sqs', 'dead'), DestinationArn: arn('sqs', 'first.fifo') }),
      'of the same type',
    ],
    [
      'an attribute of a bad name',
      'sqs',
      'SendMessage',
      () => ({
        QueueUrl: queueUrl(),
        MessageBody: 'x',
        MessageAttributes: { 'a b': { DataType: 'String', StringValue: 'x' } },
      }),
      "attribute name 'a b'",
    ],
    [
      'a group in a queue that is not FIFO, and a delay in one that is',
      'sqs',
      'SendMessage',
      () => ({
        QueueUrl: queueUrl('first.fifo'),
        MessageBody: 'x',
        MessageGroupId: 'g',
        MessageDeduplicationId: 'd',
        DelaySeconds: 1,
      }),
      'DelaySeconds',
    ],
    [
      'a subscription to nowhere',
      'sns',
      'Subscribe',
      () => ({ TopicArn: arn('sns', 'news'), Protocol: 'sqs' }),
      'Endpoint',
    ],
    ['no ARN of a topic', 'sns', 'Publish', () => ({ TopicArn: 'arn:aws:sns:news', Message: 'x' }), 'TopicArn'],
    [
      'a topic of other attributes',
      'sns',
      'CreateTopic',
      () => ({ Name: 'news', Attributes: { DisplayName: 'other' } }),
      'already exists with different attributes',
    ],
    [
      'conditions of both kinds',
      's3',
      'PutObject',
      () => ({ Bucket: 'given-bucket', Key: 'k', Body: { $bytes: 'x' }, IfMatch: '"a"', IfNoneMatch: '*' }),
      'If-Match together with If-None-Match',
    ],
    [
      'more than ten tags',
      's3',
      'PutObjectTagging',
      () => tagging(...Array.from({ length: 11 }, (_, index) => ({ Key: `t${index}`, Value: '' }))),
      'greater than 10',
    ],
    ['a tag of a long name', 's3', 'PutObjectTagging', () => tagging({ Key: 'k'.repeat(129), Value: '' }), 'TagKey'],
    [
      'a tag of a long value',
      's3',
      'PutObjectTagging',
      () => tagging({ Key: 'k', Value: 'v'.repeat(257) }),
      'TagValue',
    ],
    [
      'a kind of invocation there is none of',
      'lambda',
      'Invoke',
      () => ({ FunctionName: 'given-function', InvocationType: 'Later' }),
      'Later',
    ],
  ])('by %s is refused by %s %s', async (_what, service, operation, params, message) => {
    const outcome = await send(service, operation, params());

    expect(outcome).toMatchObject({ refused: { message: expect.stringContaining(message) } });
  });
});

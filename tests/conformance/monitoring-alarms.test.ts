import {
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
  GetMetricDataCommand,
  type MetricDatum,
  PutCompositeAlarmCommand,
  PutMetricAlarmCommand,
  type PutMetricAlarmCommandInput,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateTopicCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { AlarmState, JsonObject } from '../../local/contracts.ts';
import { cpuMsOf } from '../cpu-time.ts';
import {
  ACCOUNT,
  type MessagingCloud,
  openQueue,
  openTopic,
  queueArn,
  REGION,
  refusal,
  START,
  startMessagingCloud,
  topicArn,
} from './messaging-cloud.ts';

let world: MessagingCloud;
beforeEach(async () => {
  world = await startMessagingCloud();
});
afterEach(() => world.close());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const started = Date.parse(START);

/** Lets the cloud's time go by, with all that falls due. */
const pass = async (ms: number) => {
  await world.cloud.clock.advance(ms, () => world.cloud.settle());
  await world.cloud.settle();
};
const put = (Value: number, more: Partial<MetricDatum> = {}) =>
  world.monitoring.send(
    new PutMetricDataCommand({ Namespace: 'Depot', MetricData: [{ MetricName: 'Weight', Value, ...more }] }),
  );
const ALARM: PutMetricAlarmCommandInput = {
  AlarmName: 'too-heavy',
  Namespace: 'Depot',
  MetricName: 'Weight',
  Statistic: 'Average',
  Period: 60,
  EvaluationPeriods: 1,
  Threshold: 30,
  ComparisonOperator: 'GreaterThanThreshold',
};
const putAlarm = (more: Partial<PutMetricAlarmCommandInput> = {}) =>
  world.monitoring.send(new PutMetricAlarmCommand({ ...ALARM, ...more }));
const state = (name = 'too-heavy'): AlarmState | undefined => world.cloud.monitoring.alarmState(name);
const describeAlarm = async () =>
  (await world.monitoring.send(new DescribeAlarmsCommand({ AlarmNames: ['too-heavy'] }))).MetricAlarms?.[0];

describe('an alarm on a metric', () => {
  it('goes off at the minute after the data, and back when it is fine again', async () => {
    await putAlarm();
    await pass(MINUTE);
    const before = state();

    await put(40);
    await put(43);
    await pass(MINUTE);
    const alarm = await describeAlarm();
    await put(2);
    await pass(MINUTE);

    expect(before).toBe('INSUFFICIENT_DATA');
    expect(alarm).toMatchObject({
      StateValue: 'ALARM',
      StateReason: 'Threshold Crossed: 1 datapoint [41.5 (01/02/01 08:01:00)] was greater than the threshold (30.0).',
      StateUpdatedTimestamp: new Date(started + 2 * MINUTE),
    });
    expect(JSON.parse(alarm?.StateReasonData ?? '')).toEqual({
      version: '1.0',
      queryDate: '2001-02-01T08:02:00.000+0000',
      startDate: '2001-02-01T08:01:00.000+0000',
      statistic: 'Average',
      period: 60,
      recentDatapoints: [41.5],
      threshold: 30,
      evaluatedDatapoints: [{ timestamp: '2001-02-01T08:01:00.000+0000', sampleCount: 2, value: 41.5 }],
    });
    expect(state()).toBe('OK');
  });

  it('keeps the last data points for a while, then has too few', async () => {
    await putAlarm();
    await put(40);
    await pass(MINUTE);

    const states: (AlarmState | undefined)[] = [];
    for (let minute = 0; minute < 4; minute++) {
      states.push(state());
      await pass(MINUTE);
    }

    expect(states).toEqual(['ALARM', 'ALARM', 'ALARM', 'INSUFFICIENT_DATA']);
  });

  it('watches M of N periods', async () => {
    await putAlarm({ EvaluationPeriods: 3, DatapointsToAlarm: 2 });
    const seen: (AlarmState | undefined)[] = [];
    for (const value of [50, 1, 50, 1, 1]) {
      await put(value);
      await pass(MINUTE);
      seen.push(state());
    }

    expect(seen).toEqual(['INSUFFICIENT_DATA', 'OK', 'ALARM', 'OK', 'OK']);
  });

  it('looks at windows that end now, however long its period', async () => {
    await putAlarm({ Period: 300, Statistic: 'Sum', Threshold: 5 });
    await pass(3 * MINUTE);
    await put(4);
    await pass(2 * MINUTE);
    await put(4);
    await pass(MINUTE);

    expect((await describeAlarm())?.StateReason).toContain('[8.0 (01/02/01 08:01:00)]');
  });

  it('takes its actions once per change of state, and tells the bus and its history', async () => {
    await world.sns.send(new CreateTopicCommand(openTopic('alerts')));
    await world.sqs.send(new CreateQueueCommand(openQueue('states')));
    await world.events.send(
      new PutRuleCommand({ Name: 'states', EventPattern: '{"detail-type": ["CloudWatch Alarm State Change"]}' }),
    );
    await world.events.send(new PutTargetsCommand({ Rule: 'states', Targets: [{ Id: 'q', Arn: queueArn('states') }] }));
    await putAlarm({ AlarmActions: [topicArn('alerts'), topicArn('none')] });
    for (const value of [40, 50, 60]) {
      await put(value);
      await pass(MINUTE);
    }

    const { AlarmHistoryItems = [] } = await world.monitoring.send(
      new DescribeAlarmHistoryCommand({ AlarmName: 'too-heavy', ScanBy: 'TimestampAscending' }),
    );

    expect(world.cloud.sns.published(topicArn('alerts'))).toHaveLength(1);
    const [told, ...more] = world.bodies('states') as JsonObject[];
    expect(more).toEqual([]);
    expect(told?.detail).toMatchObject({
      state: { value: 'ALARM', timestamp: '2001-02-01T08:01:00.000+0000', reasonData: expect.stringContaining('40.0') },
      previousState: { value: 'INSUFFICIENT_DATA' },
    });
    expect(AlarmHistoryItems.map(({ HistoryItemType, HistorySummary }) => [HistoryItemType, HistorySummary])).toEqual([
      ['ConfigurationUpdate', 'Alarm "too-heavy" created'],
      ['StateUpdate', 'Alarm updated from INSUFFICIENT_DATA to ALARM'],
      ['Action', `Successfully executed action ${topicArn('alerts')}`],
      ['Action', expect.stringContaining(`Failed to execute action ${topicArn('none')}`)],
    ]);
    expect(JSON.parse(AlarmHistoryItems[1]?.HistoryData ?? '')).toMatchObject({
      version: '1.0',
      oldState: { stateValue: 'INSUFFICIENT_DATA', stateReason: 'Unchecked: Initial alarm creation' },
      newState: { stateValue: 'ALARM', stateReasonData: { recentDatapoints: [40] } },
    });
  });

  it('keeps a state that was set by hand until it is next evaluated', async () => {
    await putAlarm({ TreatMissingData: 'notBreaching' });
    await pass(MINUTE);
    await world.monitoring.send(
      new SetAlarmStateCommand({ AlarmName: 'too-heavy', StateValue: 'ALARM', StateReason: 'a drill' }),
    );
    const drill = state();
    await pass(MINUTE);

    expect([drill, state()]).toEqual(['ALARM', 'OK']);
    expect((await describeAlarm())?.StateReason).toBe(
      'Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching].',
    );
  });

  it('compares percentiles, and may wait for enough samples', async () => {
    const { Statistic: _, ...rest } = ALARM;
    const percentile = { ...rest, ExtendedStatistic: 'p90', Threshold: 8 };
    await world.monitoring.send(new PutMetricAlarmCommand(percentile));
    await world.monitoring.send(
      new PutMetricAlarmCommand({
        ...percentile,
        AlarmName: 'patient',
        EvaluateLowSampleCountPercentile: 'ignore',
      }),
    );
    const Values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    const data = { MetricName: 'Weight', Values };
    await world.monitoring.send(new PutMetricDataCommand({ Namespace: 'Depot', MetricData: [data] }));
    await pass(MINUTE);
    const few = [state(), state('patient')];
    const MetricData = [{ ...data, Counts: Values.map(() => 10) }];
    await world.monitoring.send(new PutMetricDataCommand({ Namespace: 'Depot', MetricData }));
    await pass(MINUTE);

    expect(few).toEqual(['ALARM', 'INSUFFICIENT_DATA']);
    expect(state('patient')).toBe('ALARM');
  });

  it('counts only data of its unit', async () => {
    await putAlarm({ Unit: 'Kilobytes' });
    await put(100, { Unit: 'Bytes' });
    await pass(MINUTE);
    const other = state();
    await put(100, { Unit: 'Kilobytes' });
    await pass(MINUTE);

    expect([other, state()]).toEqual(['INSUFFICIENT_DATA', 'ALARM']);
  });

  it('with a period of ten seconds is evaluated every ten', async () => {
    await putAlarm({ Period: 10 });
    await put(99, { StorageResolution: 1 });
    await pass(9_999);
    const early = state();
    await pass(1);

    expect([early, state()]).toEqual(['INSUFFICIENT_DATA', 'ALARM']);
  });

  it('compares the result of metric math', async () => {
    const metric = (Id: string, MetricName: string) => ({
      Id,
      ReturnData: false,
      MetricStat: { Metric: { Namespace: 'Depot', MetricName }, Period: 60, Stat: 'Sum' },
    });
    await world.monitoring.send(
      new PutMetricAlarmCommand({
        AlarmName: 'too-heavy',
        ComparisonOperator: 'GreaterThanThreshold',
        EvaluationPeriods: 1,
        Threshold: 10,
        Metrics: [
          metric('errors', 'Errors'),
          metric('all', 'All'),
          { Id: 'rate', Expression: '100 * FILL(errors, 0) / all', Label: 'Error rate' },
        ],
      }),
    );
    await put(40, { MetricName: 'All' });
    await pass(MINUTE);
    const fine = state();
    await put(40, { MetricName: 'All' });
    await put(10, { MetricName: 'Errors' });
    await pass(MINUTE);

    expect(fine).toBe('OK');
    expect(await describeAlarm()).toMatchObject({
      StateValue: 'ALARM',
      StateReason: 'Threshold Crossed: 1 datapoint [25.0 (01/02/01 08:01:00)] was greater than the threshold (10.0).',
      StateReasonData: expect.not.stringContaining('statistic'),
    });
  });

  it.each([
    ['an unknown function', { Expression: 'WISH(m1)' }, 'NotImplemented', 'WISH'],
    ['a reference to nothing', { Expression: 'm2 * 2' }, 'ValidationException', 'm2'],
    ['a result that is one number', { Expression: 'SUM(m1)' }, 'ValidationException', 'time series'],
    ['a reference to itself', { Expression: 'e1 + 1' }, 'ValidationException', 'refers to itself'],
  ])('is refused over an expression with %s', async (_, query, name, message) => {
    const { Namespace, MetricName, Statistic: __, Period, ...rest } = ALARM;
    const Metrics = [
      { Id: 'm1', ReturnData: false, MetricStat: { Metric: { Namespace, MetricName }, Period, Stat: 'Sum' } },
      { Id: 'e1', ...query },
    ];

    const error = await refusal(world.monitoring.send(new PutMetricAlarmCommand({ ...rest, Metrics })));

    expect(error.name).toBe(name);
    expect(error.message).toContain(message);
  });

  it.each([
    ['more than a day', { Period: 300, EvaluationPeriods: 300 }],
    ['more than a week of hours', { Period: 3600, EvaluationPeriods: 169 }],
  ])('is refused when it looks back over %s', async (_, more) => {
    expect((await refusal(putAlarm(more))).message).toContain('EvaluationPeriods * Period');
  });

  it('of an anomaly band is refused by name', async () => {
    const error = await refusal(putAlarm({ ComparisonOperator: 'GreaterThanUpperThreshold' }));

    expect(error).toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining('GreaterThanUpperThreshold'),
    });
  });
});

describe('an alarm that nothing can change', () => {
  it('waits for no time, so that a settled cloud stays where it is', async () => {
    await putAlarm({ TreatMissingData: 'notBreaching', EvaluationPeriods: 3 });
    await put(99);
    await world.cloud.settle({ advanceMs: 30 * 24 * HOUR });

    expect(state()).toBe('OK');
    expect(world.cloud.clock.ms()).toBeLessThanOrEqual(started + 6 * MINUTE);
    expect(world.cloud.clock.nextTimer()).toBeUndefined();
  });

  it('lets months go by in no time', async () => {
    for (let index = 0; index < 50; index++) await putAlarm({ AlarmName: `alarm-${index}` });
    await put(99);

    const cpuMs = await cpuMsOf(() => pass(100 * 24 * HOUR));

    expect(cpuMs).toBeLessThan(2_000);
    expect(state('alarm-7')).toBe('INSUFFICIENT_DATA');
  });
});

describe('an alarm on alarms', () => {
  const putComposite = (AlarmRule: string, more: object = {}) =>
    world.monitoring.send(new PutCompositeAlarmCommand({ AlarmName: 'both', AlarmRule, ...more }));
  const set = (AlarmName: string, StateValue: AlarmState) =>
    world.monitoring.send(new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: 'a test' }));
  const composite = async () =>
    (await world.monitoring.send(new DescribeAlarmsCommand({ AlarmTypes: ['CompositeAlarm'] }))).CompositeAlarms?.[0];
  const arn = (name: string) => `arn:aws:cloudwatch:${REGION}:${ACCOUNT}:alarm:${name}`;
  beforeEach(async () => {
    await putAlarm({ AlarmName: 'one' });
    await putAlarm({ AlarmName: 'two' });
  });

  it('follows the alarms of its rule, and names the one that moved it', async () => {
    await world.sns.send(new CreateTopicCommand(openTopic('alerts')));
    await putComposite(`ALARM("${arn('one')}") OR ALARM(two)`, { AlarmActions: [topicArn('alerts')] });
    const first = await composite();
    await set('two', 'ALARM');
    await set('one', 'ALARM');
    const second = await composite();

    expect(first).toMatchObject({
      StateValue: 'OK',
      StateReason: `${arn('both')} was created and its alarm rule evaluates to OK`,
    });
    expect(second).toMatchObject({
      StateValue: 'ALARM',
      StateReason: `${arn('two')} transitioned to ALARM at Thursday 01 February, 2001 08:00:00 UTC`,
      StateReasonData: JSON.stringify({
        triggeringAlarms: [{ arn: arn('two'), state: { value: 'ALARM', timestamp: '2001-02-01T08:00:00.000+0000' } }],
      }),
    });
    expect(world.cloud.sns.published(topicArn('alerts'))).toHaveLength(1);
  });

  it.each([
    ['ALARM(one) AND NOT ALARM(two)', 'ALARM'],
    ['ALARM(two) OR TRUE AND FALSE', 'OK'],
    ['(ALARM(two) OR TRUE) AND INSUFFICIENT_DATA(two)', 'ALARM'],
    ['NOT (OK(one) OR OK(two))', 'ALARM'],
  ])('is, with the rule %s, in the state %s', async (rule, expected) => {
    await set('one', 'ALARM');
    await putComposite(rule);

    expect(state('both')).toBe(expected);
  });

  it.each(['ALARM(one', 'one', 'ALARM(one) AND', 'ALARM(three)', 'MAYBE(one)', 'ALARM(one) ALARM(two)'])(
    'is refused with the rule %s',
    async (rule) => {
      expect((await refusal(putComposite(rule))).name).toBe('ValidationException');
    },
  );

  it('is made by a template', async () => {
    const stack = await world.deploy({
      Both: { Type: 'AWS::CloudWatch::CompositeAlarm', Properties: { AlarmName: 'both', AlarmRule: 'OK(one)' } },
    });

    expect(stack.resources.Both).toMatchObject({ ref: 'both', attributes: { Arn: arn('both') } });
    expect(state('both')).toBe('OK');
  });
});

describe("a queue's own metrics", () => {
  const url = `http://127.0.0.1/${ACCOUNT}/dead`;
  const send = () => world.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'a parcel' }));
  const ofQueue = (MetricName: string, more: Partial<PutMetricAlarmCommandInput> = {}) =>
    putAlarm({
      Namespace: 'AWS/SQS',
      MetricName,
      Dimensions: [{ Name: 'QueueName', Value: 'dead' }],
      Statistic: 'Maximum',
      Period: 300,
      Threshold: 0,
      TreatMissingData: 'notBreaching',
      ...more,
    });
  beforeEach(async () => {
    await world.sqs.send(new CreateQueueCommand({ QueueName: 'dead' }));
  });

  it('set off an alarm on dead letters, until they are gone', async () => {
    await ofQueue('ApproximateNumberOfMessagesVisible');
    await pass(10 * MINUTE);
    const empty = state();
    await send();
    await pass(MINUTE);
    const filled = state();
    await pass(24 * HOUR);
    const later = state();
    await world.sqs.send(new PurgeQueueCommand({ QueueUrl: url }));
    await pass(4 * MINUTE);
    const soon = state();
    await pass(4 * MINUTE);

    expect([empty, filled, later, soon, state()]).toEqual(['OK', 'ALARM', 'ALARM', 'ALARM', 'OK']);
    await world.cloud.settle({ advanceMs: 12 * HOUR });
    expect(world.cloud.clock.nextTimer()).toBeUndefined();
  });

  it('show a message again when its visibility timeout is over', async () => {
    await ofQueue('ApproximateNumberOfMessagesVisible', { Period: 60 });
    await send();
    const { Messages } = await world.sqs.send(new ReceiveMessageCommand({ QueueUrl: url, VisibilityTimeout: 600 }));
    await pass(2 * MINUTE);
    const held = state();
    await pass(9 * MINUTE);
    const back = state();
    await world.sqs.send(
      new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: Messages?.[0]?.ReceiptHandle ?? '' }),
    );
    await pass(2 * MINUTE);

    expect([held, back, state()]).toEqual(['OK', 'ALARM', 'OK']);
  });

  it('tell how old the oldest message is', async () => {
    await ofQueue('ApproximateAgeOfOldestMessage', { Period: 60, Threshold: 600 });
    await send();
    await pass(9 * MINUTE);
    const young = state();
    await pass(3 * MINUTE);
    const old = state();
    await world.cloud.settle({ advanceMs: 24 * HOUR });

    expect([young, old]).toEqual(['OK', 'ALARM']);
    expect(world.cloud.clock.ms()).toBeLessThan(started + HOUR);
  });

  it('count what is sent and received', async () => {
    await send();
    await send();
    await world.sqs.send(new ReceiveMessageCommand({ QueueUrl: url }));
    const query = (Id: string, MetricName: string) => ({
      Id,
      MetricStat: {
        Metric: { Namespace: 'AWS/SQS', MetricName, Dimensions: [{ Name: 'QueueName', Value: 'dead' }] },
        Period: 60,
        Stat: 'Sum',
      },
    });
    await pass(MINUTE);

    const { MetricDataResults = [] } = await world.monitoring.send(
      new GetMetricDataCommand({
        StartTime: new Date(started),
        EndTime: new Date(started + HOUR),
        MetricDataQueries: [
          query('sent', 'NumberOfMessagesSent'),
          query('size', 'SentMessageSize'),
          query('received', 'NumberOfMessagesReceived'),
          query('visible', 'ApproximateNumberOfMessagesVisible'),
          query('hidden', 'ApproximateNumberOfMessagesNotVisible'),
        ],
      }),
    );

    expect(MetricDataResults.map(({ Id, Values }) => [Id, Values])).toEqual([
      ['sent', [2]],
      ['size', [16]],
      ['received', [1]],
      ['visible', [2]],
      ['hidden', [0]],
    ]);
  });
});

describe('metric math', () => {
  it('is read by GetMetricData, arrays as one result each', async () => {
    await put(2);
    await put(3, { MetricName: 'Height' });
    const metric = (Id: string, MetricName: string) => ({
      Id,
      ReturnData: false,
      MetricStat: { Metric: { Namespace: 'Depot', MetricName }, Period: 60, Stat: 'Sum' },
    });

    const { MetricDataResults = [] } = await world.monitoring.send(
      new GetMetricDataCommand({
        StartTime: new Date(started),
        EndTime: new Date(started + 3 * MINUTE),
        ScanBy: 'TimestampAscending',
        MetricDataQueries: [
          metric('m1', 'Weight'),
          metric('m2', 'Height'),
          { Id: 'sum', Expression: 'm1 + m2', Label: 'Both' },
          { Id: 'filled', Expression: 'FILL(sum, 0) * 2' },
          { Id: 'each', Expression: 'METRICS() * 10', Label: 'Tenfold' },
        ],
      }),
    );

    expect(MetricDataResults.map(({ Id, Label, Values }) => [Id, Label, Values])).toEqual([
      ['sum', 'Both', [5]],
      ['filled', 'filled', [10, 0, 0]],
      ['each', 'Tenfold Weight', [20]],
      ['each', 'Tenfold Height', [30]],
    ]);
  });
});

import {
  DeleteAlarmsCommand,
  DescribeAlarmsCommand,
  DescribeAlarmsForMetricCommand,
  DisableAlarmActionsCommand,
  EnableAlarmActionsCommand,
  GetDashboardCommand,
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  ListDashboardsCommand,
  ListMetricsCommand,
  type MetricDatum,
  PutDashboardCommand,
  PutMetricAlarmCommand,
  type PutMetricAlarmCommandInput,
  PutMetricDataCommand,
  ResourceNotFound,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateTopicCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { JsonObject } from '../../local/contracts.ts';
import {
  ACCOUNT,
  type MessagingCloud,
  openQueue,
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

const NOW = new Date(START);
const LATER = new Date(NOW.getTime() + 3_600_000);
const minutes = (count: number) => new Date(NOW.getTime() + count * 60_000);

const put = (...MetricData: MetricDatum[]) =>
  world.monitoring.send(new PutMetricDataCommand({ Namespace: 'Depot', MetricData }));

const ALARM: PutMetricAlarmCommandInput = {
  AlarmName: 'too-heavy',
  AlarmDescription: 'Parcels weigh too much',
  Namespace: 'Depot',
  MetricName: 'Weight',
  Dimensions: [{ Name: 'Hall', Value: 'A' }],
  Statistic: 'Average',
  Period: 60,
  EvaluationPeriods: 1,
  Threshold: 30,
  ComparisonOperator: 'GreaterThanThreshold',
};
const alarmArn = `arn:aws:cloudwatch:${REGION}:${ACCOUNT}:alarm:too-heavy`;
const putAlarm = (more: Partial<PutMetricAlarmCommandInput> = {}) =>
  world.monitoring.send(new PutMetricAlarmCommand({ ...ALARM, ...more }));
const setState = async (StateValue: 'OK' | 'ALARM', StateReason: string) => {
  await world.monitoring.send(
    new SetAlarmStateCommand({ AlarmName: 'too-heavy', StateValue, StateReason, StateReasonData: '{"version":"1.0"}' }),
  );
  await world.cloud.settle();
};
const describeAlarm = async () =>
  (await world.monitoring.send(new DescribeAlarmsCommand({ AlarmNames: ['too-heavy'] }))).MetricAlarms?.[0];

describe('metric data', () => {
  it('gives statistics of single values, of values with counts, and of summaries', async () => {
    await put(
      { MetricName: 'Weight', Value: 1, Unit: 'Count', Timestamp: NOW },
      { MetricName: 'Weight', Values: [2, 10], Counts: [2, 4], Unit: 'Count', Timestamp: minutes(0.5) },
      {
        MetricName: 'Weight',
        StatisticValues: { SampleCount: 3, Sum: 12, Minimum: 1, Maximum: 9 },
        Unit: 'Count',
        Timestamp: minutes(1),
      },
    );

    const { Label, Datapoints } = await world.monitoring.send(
      new GetMetricStatisticsCommand({
        Namespace: 'Depot',
        MetricName: 'Weight',
        StartTime: NOW,
        EndTime: LATER,
        Period: 60,
        Statistics: ['SampleCount', 'Sum', 'Average', 'Minimum', 'Maximum'],
      }),
    );

    expect(Label).toBe('Weight');
    expect(Datapoints).toEqual([
      { Timestamp: NOW, Unit: 'Count', SampleCount: 7, Sum: 45, Average: 45 / 7, Minimum: 1, Maximum: 10 },
      { Timestamp: minutes(1), Unit: 'Count', SampleCount: 3, Sum: 12, Average: 4, Minimum: 1, Maximum: 9 },
    ]);
  });

  it('keeps metrics of other dimensions and units apart', async () => {
    await put(
      { MetricName: 'Weight', Value: 1, Timestamp: NOW },
      { MetricName: 'Weight', Value: 2, Timestamp: NOW, Dimensions: [{ Name: 'Hall', Value: 'A' }] },
      { MetricName: 'Weight', Value: 60, Timestamp: NOW, Unit: 'Seconds' },
      { MetricName: 'Weight', Value: 5, Timestamp: NOW, Unit: 'Milliseconds' },
    );
    const stat = { Period: 60, Stat: 'Sum' };
    const metric = { Namespace: 'Depot', MetricName: 'Weight' };

    const { MetricDataResults } = await world.monitoring.send(
      new GetMetricDataCommand({
        StartTime: NOW,
        EndTime: LATER,
        MetricDataQueries: [
          { Id: 'hall', MetricStat: { Metric: { ...metric, Dimensions: [{ Name: 'Hall', Value: 'A' }] }, ...stat } },
          { Id: 'seconds', MetricStat: { Metric: metric, ...stat, Unit: 'Seconds' } },
          { Id: 'mixed', MetricStat: { Metric: metric, ...stat } },
          { Id: 'nothing', MetricStat: { Metric: { Namespace: 'Depot', MetricName: 'Nothing' }, ...stat } },
        ],
      }),
    );

    expect(MetricDataResults).toMatchObject([
      { Id: 'hall', StatusCode: 'Complete', Timestamps: [NOW], Values: [2] },
      { Id: 'seconds', Values: [60] },
      {
        Id: 'mixed',
        Values: [5],
        Messages: [{ Code: 'MultipleUnits', Value: "Multiple units returned: '[Milliseconds, None, Seconds]'" }],
      },
      { Id: 'nothing', Timestamps: [], Values: [] },
    ]);
  });

  it('labels results by what the queries do not share, newest first unless told otherwise', async () => {
    await put(
      { MetricName: 'Weight', Value: 1, Timestamp: NOW },
      { MetricName: 'Weight', Value: 3, Timestamp: minutes(2) },
    );
    const query = (Id: string, Stat: string, Period: number) => ({
      Id,
      MetricStat: { Metric: { Namespace: 'Depot', MetricName: 'Weight' }, Stat, Period },
    });
    const results = async (...MetricDataQueries: ReturnType<typeof query>[]) => {
      const range = { StartTime: NOW, EndTime: LATER };
      const { MetricDataResults = [] } = await world.monitoring.send(
        new GetMetricDataCommand({ ...range, MetricDataQueries }),
      );
      return MetricDataResults.map(({ Label, Values }) => [Label, Values]);
    };

    expect(await results(query('a', 'Sum', 60))).toEqual([['Weight', [3, 1]]]);
    expect(await results(query('a', 'Sum', 300), query('b', 'Minimum', 60))).toEqual([
      ['Weight Sum 300', [4]],
      ['Weight Minimum 60', [3, 1]],
    ]);
    expect(await results(query('a', 'Sum', 60), query('b', 'Maximum', 60))).toEqual([
      ['Weight Sum', [3, 1]],
      ['Weight Maximum', [3, 1]],
    ]);
  });

  it('lists metrics by namespace, name and dimensions', async () => {
    await put(
      { MetricName: 'Weight', Value: 1, Dimensions: [{ Name: 'Hall', Value: 'A' }] },
      { MetricName: 'Height', Value: 1 },
    );

    const all = await world.monitoring.send(new ListMetricsCommand({ Namespace: 'Depot' }));
    const some = await world.monitoring.send(new ListMetricsCommand({ Dimensions: [{ Name: 'Hall' }] }));

    expect(all.Metrics).toHaveLength(2);
    expect(some.Metrics).toEqual([
      { Namespace: 'Depot', MetricName: 'Weight', Dimensions: [{ Name: 'Hall', Value: 'A' }] },
    ]);
  });

  it('comes gzipped once it is large, and is taken', async () => {
    const many = Array.from({ length: 900 }, (_, index) => ({
      MetricName: `Metric${index}`,
      Value: index,
      Timestamp: NOW,
    }));

    await put(...many);

    const { Metrics } = await world.monitoring.send(new ListMetricsCommand({ MetricName: 'Metric899' }));
    expect(Metrics).toHaveLength(1);
  });

  it.each([
    [
      'a value and values',
      { Value: 1, Values: [1] },
      'InvalidParameterCombinationException',
      'The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have specified both.',
    ],
    [
      'counts of another size',
      { Values: [1, 2], Counts: [1] },
      'InvalidParameterValueException',
      'The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size.',
    ],
    [
      'a value and a summary',
      { Value: 1, StatisticValues: { SampleCount: 1, Sum: 1, Minimum: 1, Maximum: 1 } },
      'InvalidParameterCombinationException',
      'The parameters MetricData.member.1.Value and MetricData.member.1.StatisticValues are mutually exclusive and you have specified both.',
    ],
    [
      'no value',
      {},
      'MissingRequiredParameterException',
      'At least one of the parameters MetricData.member.1.Value, MetricData.member.1.Values or MetricData.member.1.StatisticValues must be specified.',
    ],
    [
      'a value that is no number',
      { Value: Number.NaN },
      'InvalidParameterValueException',
      'The value NaN for parameter MetricData.member.1.Value is invalid.',
    ],
    [
      'a time too long ago',
      { Value: 1, Timestamp: new Date('2001-01-01') },
      'InvalidParameterValueException',
      'The parameter MetricData.member.1.Timestamp must specify a time within the past two weeks.',
    ],
    [
      'a time too far ahead',
      { Value: 1, Timestamp: new Date('2001-03-01') },
      'InvalidParameterValueException',
      'The parameter MetricData.member.1.Timestamp must specify a time no more than two hours in the future.',
    ],
  ])('is refused with %s, and nothing of it is kept', async (_, datum, name, message) => {
    const error = await refusal(put({ MetricName: 'Weight', ...datum }));

    expect(error).toEqual({ name, message, status: 400 });
    expect((await world.monitoring.send(new ListMetricsCommand({}))).Metrics).toEqual([]);
  });

  it.each([
    [
      'too many points',
      { StartTime: NOW, EndTime: new Date(NOW.getTime() + 86_400_000), Period: 1, Statistics: ['Sum' as const] },
      'InvalidParameterCombinationException',
      'You have requested up to 86400 datapoints, which exceeds the limit of 1440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.',
    ],
    [
      'an end before its start',
      { StartTime: LATER, EndTime: NOW, Period: 60, Statistics: ['Sum' as const] },
      'InvalidParameterValueException',
      'The parameter StartTime must be less than the parameter EndTime.',
    ],
    [
      'a statistic there is none of',
      { StartTime: NOW, EndTime: LATER, Period: 60, ExtendedStatistics: ['q90'] },
      'InvalidParameterValueException',
      'The value q90 for parameter ExtendedStatistics.member.1 is not supported.',
    ],
  ])('is not read with %s', async (_, input, name, message) => {
    const request = new GetMetricStatisticsCommand({ Namespace: 'Depot', MetricName: 'Weight', ...input });

    expect(await refusal(world.monitoring.send(request))).toMatchObject({ name, message });
  });
});

describe('an alarm', () => {
  it('is put, described, found by its metric and deleted', async () => {
    await putAlarm();

    const alarm = await describeAlarm();
    const found = await world.monitoring.send(
      new DescribeAlarmsForMetricCommand({
        Namespace: 'Depot',
        MetricName: 'Weight',
        Dimensions: [{ Name: 'Hall', Value: 'A' }],
      }),
    );
    await world.monitoring.send(new DeleteAlarmsCommand({ AlarmNames: ['too-heavy', 'never-there'] }));
    const gone = await world.monitoring.send(new DescribeAlarmsCommand({}));

    expect(alarm).toEqual({
      ...ALARM,
      AlarmArn: alarmArn,
      ActionsEnabled: true,
      OKActions: [],
      AlarmActions: [],
      InsufficientDataActions: [],
      StateValue: 'INSUFFICIENT_DATA',
      StateReason: 'Unchecked: Initial alarm creation',
      AlarmConfigurationUpdatedTimestamp: NOW,
      StateUpdatedTimestamp: NOW,
      StateTransitionedTimestamp: NOW,
    });
    expect(found.MetricAlarms).toHaveLength(1);
    expect(gone).toMatchObject({ MetricAlarms: [], CompositeAlarms: [] });
  });

  it('tells the default bus of its state, as AWS does, and once per change', async () => {
    await world.sqs.send(new CreateQueueCommand(openQueue('states')));
    await world.events.send(
      new PutRuleCommand({
        Name: 'states',
        EventPattern: '{"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"]}',
      }),
    );
    await world.events.send(new PutTargetsCommand({ Rule: 'states', Targets: [{ Id: 'q', Arn: queueArn('states') }] }));
    await putAlarm();

    await world.cloud.clock.advance(90_123);
    await setState('ALARM', 'too much');
    await setState('ALARM', 'still too much');

    expect(world.bodies('states')).toEqual([
      {
        version: '0',
        id: expect.any(String),
        'detail-type': 'CloudWatch Alarm State Change',
        source: 'aws.cloudwatch',
        account: ACCOUNT,
        time: '2001-02-01T08:01:30Z',
        region: REGION,
        resources: [alarmArn],
        detail: {
          alarmName: 'too-heavy',
          state: {
            value: 'ALARM',
            reason: 'too much',
            reasonData: '{"version":"1.0"}',
            timestamp: '2001-02-01T08:01:30.123+0000',
          },
          previousState: {
            value: 'INSUFFICIENT_DATA',
            reason: 'Unchecked: Initial alarm creation',
            timestamp: '2001-02-01T08:00:00.000+0000',
          },
          configuration: {
            description: 'Parcels weigh too much',
            metrics: [
              {
                id: expect.any(String),
                metricStat: {
                  metric: { namespace: 'Depot', name: 'Weight', dimensions: { Hall: 'A' } },
                  period: 60,
                  stat: 'Average',
                },
                returnData: true,
              },
            ],
          },
        },
      },
    ]);
    expect((await describeAlarm())?.StateReason).toBe('still too much');
  });

  it('tells the default bus when it is made, changed and deleted', async () => {
    await world.sqs.send(new CreateQueueCommand(openQueue('changes')));
    await world.events.send(
      new PutRuleCommand({
        Name: 'changes',
        EventPattern: '{"detail-type": ["CloudWatch Alarm Configuration Change"]}',
      }),
    );
    await world.events.send(
      new PutTargetsCommand({
        Rule: 'changes',
        Targets: [{ Id: 'q', Arn: queueArn('changes'), InputPath: '$.detail' }],
      }),
    );

    await putAlarm();
    await putAlarm({ Threshold: 40 });
    await world.monitoring.send(new DeleteAlarmsCommand({ AlarmNames: ['too-heavy'] }));
    await world.cloud.settle();

    expect(world.bodies('changes') as JsonObject[]).toMatchObject([
      {
        operation: 'create',
        alarmName: 'too-heavy',
        state: { value: 'INSUFFICIENT_DATA' },
        configuration: { threshold: 30 },
      },
      { operation: 'update', configuration: { threshold: 40 }, previousConfiguration: { threshold: 30 } },
      { operation: 'delete', configuration: { threshold: 40 } },
    ]);
  });

  it('tells its topics of a change of state, unless actions are disabled', async () => {
    await world.sns.send(new CreateTopicCommand({ Name: 'alerts' }));
    await putAlarm({ AlarmActions: [topicArn('alerts')] });
    const names = { AlarmNames: ['too-heavy'] };

    await setState('ALARM', 'too much');
    await world.monitoring.send(new DisableAlarmActionsCommand(names));
    const disabled = (await describeAlarm())?.ActionsEnabled;
    await setState('OK', 'fine');
    await setState('ALARM', 'unheard');
    await world.monitoring.send(new EnableAlarmActionsCommand(names));

    const published = world.cloud.sns.published(topicArn('alerts'));
    expect(published.map(({ subject }) => subject)).toEqual(['ALARM: "too-heavy" in EU (Ireland)']);
    expect(JSON.parse(published[0]?.message ?? '')).toMatchObject({
      AlarmName: 'too-heavy',
      NewStateValue: 'ALARM',
      OldStateValue: 'INSUFFICIENT_DATA',
      NewStateReason: 'too much',
      Trigger: {
        MetricName: 'Weight',
        Statistic: 'AVERAGE',
        Dimensions: [{ name: 'Hall', value: 'A' }],
        Threshold: 30,
      },
    });
    expect(disabled).toBe(false);
    expect((await describeAlarm())?.ActionsEnabled).toBe(true);
  });

  it('that is missing cannot be set', async () => {
    const request = world.monitoring.send(
      new SetAlarmStateCommand({ AlarmName: 'none', StateValue: 'OK', StateReason: 'x' }),
    );

    await expect(request).rejects.toBeInstanceOf(ResourceNotFound);
  });

  it('takes no state there is none of', async () => {
    await putAlarm();
    const StateValue = 'INVALID' as 'OK';

    const error = await refusal(
      world.monitoring.send(new SetAlarmStateCommand({ AlarmName: 'too-heavy', StateValue, StateReason: 'x' })),
    );

    expect(error.message).toBe(
      "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]",
    );
  });

  it.each([
    ['another action', { AlarmActions: ['arn:aws:automate:eu-west-1:ec2:stop'] }, 'NotImplemented', 'arn:aws:automate'],
    ['two kinds of statistic', { ExtendedStatistic: 'p90' }, 'InvalidParameterCombinationException', 'Exactly one'],
    ['more datapoints than periods', { DatapointsToAlarm: 2 }, 'InvalidParameterValueException', 'DatapointsToAlarm'],
    ['an odd period', { Period: 45 }, 'ValidationException', 'Period'],
    ['an anomaly band', { ThresholdMetricId: 'ad1' }, 'NotImplemented', 'ThresholdMetricId'],
  ])('is refused with %s', async (_, more, name, message) => {
    const error = await refusal(putAlarm(more));

    expect(error.name).toBe(name);
    expect(error.message).toContain(message);
  });
});

describe('a dashboard', () => {
  it('is kept as it was put', async () => {
    const body = '{"widgets": []}';
    await world.monitoring.send(new PutDashboardCommand({ DashboardName: 'depot', DashboardBody: body }));

    const { DashboardArn, DashboardBody } = await world.monitoring.send(
      new GetDashboardCommand({ DashboardName: 'depot' }),
    );
    const { DashboardEntries } = await world.monitoring.send(new ListDashboardsCommand({}));

    expect(DashboardArn).toBe(`arn:aws:cloudwatch::${ACCOUNT}:dashboard/depot`);
    expect(DashboardBody).toBe(body);
    expect(DashboardEntries).toMatchObject([{ DashboardName: 'depot', Size: body.length }]);
  });

  it('with a bad name is refused', async () => {
    const error = await refusal(
      world.monitoring.send(new PutDashboardCommand({ DashboardName: 'a b', DashboardBody: '{}' })),
    );

    expect(error.message).toContain('DashboardName contains invalid characters');
  });

  const place = { x: 0, y: 0, width: 12, height: 6 };
  const metric = (properties: object) => ({ widgets: [{ type: 'metric', ...place, properties }] });
  it.each<[string, object]>([
    [
      'metrics by name, with what is above them repeated',
      [
        ['AWS/SQS', 'Sent', 'QueueName', 'a'],
        ['...', 'b'],
        ['.', 'Age', '.', 'a'],
      ],
    ],
    [
      'expressions and renderings',
      [[{ expression: 'm1 * 2', id: 'e1' }], ['Depot', 'Weight', { id: 'm1', stat: 'p99' }]],
    ],
  ])('takes %s', async (_, metrics) => {
    const DashboardBody = JSON.stringify(metric({ region: 'eu-west-1', metrics }));

    const answer = await world.monitoring.send(new PutDashboardCommand({ DashboardName: 'depot', DashboardBody }));

    expect(answer.DashboardValidationMessages).toEqual([]);
  });

  it('takes widgets of alarms, of one alarm, of text and of logs', async () => {
    const arn = `arn:aws:cloudwatch:eu-west-1:${ACCOUNT}:alarm:late`;
    const DashboardBody = JSON.stringify({
      widgets: [
        { type: 'alarm', properties: { alarms: [arn] } },
        { type: 'metric', properties: { region: 'eu-west-1', annotations: { alarms: [arn] } } },
        { type: 'text', properties: { markdown: '# Depot' } },
        { type: 'log', properties: { region: 'eu-west-1', query: "SOURCE '/depot' | fields @message" } },
      ],
    });

    const answer = await world.monitoring.send(new PutDashboardCommand({ DashboardName: 'depot', DashboardBody }));

    expect(answer.DashboardValidationMessages).toEqual([]);
  });

  it.each<[string, object, string, string]>([
    ['no widgets at all', {}, '', "Should have required property 'widgets'"],
    ['a widget of no type', { widgets: [{ properties: {} }] }, '/widgets/0', "Should have required property 'type'"],
    [
      'a widget of an unknown type',
      { widgets: [{ type: 'clock', properties: {} }] },
      '/widgets/0/type',
      'allowed values',
    ],
    [
      'a widget beyond the grid',
      { widgets: [{ type: 'text', x: 24, properties: { markdown: '' } }] },
      '/widgets/0/x',
      '0 to 23',
    ],
    [
      'metrics without a region',
      metric({ metrics: [['Depot', 'Weight']] }),
      '/widgets/0/properties',
      'specified a region',
    ],
    ['a region without metrics', metric({ region: 'eu-west-1' }), '/widgets/0/properties', "property 'metrics'"],
    [
      'a dimension without a value',
      metric({
        region: 'r',
        metrics: [
          ['D', 'W'],
          ['D', 'W', 'Hall'],
        ],
      }),
      '/widgets/0/properties/metrics/1',
      'pairs',
    ],
    [
      'more than 500 widgets',
      { widgets: Array.from({ length: 501 }, () => ({ type: 'text', properties: { markdown: '' } })) },
      '/widgets',
      '500',
    ],
    [
      'an alarm by its name',
      { widgets: [{ type: 'alarm', properties: { alarms: ['late'] } }] },
      '/widgets/0/properties/alarms',
      'ARNs',
    ],
  ])('with %s is refused, with the place', async (_, body, dataPath, words) => {
    const put = new PutDashboardCommand({ DashboardName: 'depot', DashboardBody: JSON.stringify(body) });

    const error = await refusal(world.monitoring.send(put));
    const { DashboardEntries } = await world.monitoring.send(new ListDashboardsCommand({}));

    expect(error.name).toBe('DashboardInvalidInputError');
    expect(error.message).toContain(`"dataPath": ${JSON.stringify(dataPath)}`);
    expect(error.message).toContain(words);
    expect(DashboardEntries).toEqual([]);
  });
});

describe('a template', () => {
  it('makes alarms and dashboards', async () => {
    const stack = await world.deploy({
      Heavy: {
        Type: 'AWS::CloudWatch::Alarm',
        Properties: {
          AlarmName: 'too-heavy',
          ComparisonOperator: 'GreaterThanThreshold',
          EvaluationPeriods: 2,
          TreatMissingData: 'notBreaching',
          Threshold: 0,
          Metrics: [
            {
              Id: 'm1',
              ReturnData: false,
              MetricStat: { Metric: { Namespace: 'Depot', MetricName: 'Weight' }, Period: 60, Stat: 'p99' },
            },
            { Id: 'e1', Expression: 'm1 * 2', Label: 'Twice' },
          ],
        },
      },
      Board: { Type: 'AWS::CloudWatch::Dashboard', Properties: { DashboardBody: '{"widgets": []}' } },
    });

    expect(stack.resources.Heavy).toMatchObject({ ref: 'too-heavy', attributes: { Arn: alarmArn } });
    expect(await describeAlarm()).toMatchObject({
      TreatMissingData: 'notBreaching',
      Metrics: [{ Id: 'm1' }, { Id: 'e1' }],
    });
    expect((await world.monitoring.send(new ListDashboardsCommand({}))).DashboardEntries).toHaveLength(1);
  });
});

/**
 * What CloudWatch's operations need. Actions and resources: the Service Authorization Reference, "Actions, resources,
 * and condition keys for Amazon CloudWatch" (documented).
 */
import type { Json } from '../../../contracts.ts';
import { anywhere, listOf, makingWith, type Need, type Needs, type NeedsTable, type Place, textOf } from './need.ts';

const alarmArn = ({ account, region }: Place, name: string) => `arn:aws:cloudwatch:${region}:${account}:alarm:${name}`;
// Dashboards have no region.
const dashboardArn = ({ account }: Place, name: string) => `arn:aws:cloudwatch::${account}:dashboard/${name}`;

const each = (action: string, names: Json | undefined, arn: (name: string) => string): readonly Need[] =>
  listOf(names).map((name) => ({ action, resource: arn(textOf(name)) }));

const onAlarm =
  (action: string): Needs =>
  ({ AlarmName: name }, place) => [{ action: `cloudwatch:${action}`, resource: alarmArn(place, textOf(name)) }];

// Tags at creation need cloudwatch:TagResource besides: Tags of API_PutMetricAlarm and API_PutCompositeAlarm (documented).
const puttingAlarm =
  (action: string): Needs =>
  (input, place) =>
    makingWith(input.Tags, 'cloudwatch:TagResource', {
      action: `cloudwatch:${action}`,
      resource: alarmArn(place, textOf(input.AlarmName)),
    });

const onAlarms =
  (action: string): Needs =>
  ({ AlarmNames: names }, place) =>
    each(`cloudwatch:${action}`, names, (name) => alarmArn(place, name));

export const MONITORING_NEEDS: NeedsTable = {
  PutMetricData: ({ Namespace: namespace }) => [
    { action: 'cloudwatch:PutMetricData', resource: '*', context: { 'cloudwatch:namespace': textOf(namespace) } },
  ],
  GetMetricData: anywhere('cloudwatch:GetMetricData'),
  GetMetricStatistics: anywhere('cloudwatch:GetMetricStatistics'),
  ListMetrics: anywhere('cloudwatch:ListMetrics'),
  PutMetricAlarm: puttingAlarm('PutMetricAlarm'),
  PutCompositeAlarm: puttingAlarm('PutCompositeAlarm'),
  // *Assumed*: with names, each is asked for; without, all are.
  DescribeAlarms: (input, place) =>
    listOf(input.AlarmNames).length > 0
      ? onAlarms('DescribeAlarms')(input, place)
      : [{ action: 'cloudwatch:DescribeAlarms', resource: alarmArn(place, '*') }],
  DescribeAlarmHistory: (input, place) => [
    { action: 'cloudwatch:DescribeAlarmHistory', resource: alarmArn(place, textOf(input.AlarmName) || '*') },
  ],
  DescribeAlarmsForMetric: anywhere('cloudwatch:DescribeAlarmsForMetric'),
  DeleteAlarms: onAlarms('DeleteAlarms'),
  SetAlarmState: onAlarm('SetAlarmState'),
  EnableAlarmActions: onAlarms('EnableAlarmActions'),
  DisableAlarmActions: onAlarms('DisableAlarmActions'),
  PutDashboard: ({ DashboardName: name }, place) => [
    { action: 'cloudwatch:PutDashboard', resource: dashboardArn(place, textOf(name)) },
  ],
  GetDashboard: ({ DashboardName: name }, place) => [
    { action: 'cloudwatch:GetDashboard', resource: dashboardArn(place, textOf(name)) },
  ],
  DeleteDashboards: ({ DashboardNames: names }, place) =>
    each('cloudwatch:DeleteDashboards', names, (name) => dashboardArn(place, name)),
  ListDashboards: anywhere('cloudwatch:ListDashboards'),
};

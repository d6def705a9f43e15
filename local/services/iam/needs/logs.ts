/**
 * What CloudWatch Logs' operations need. Actions and resources: the Service Authorization Reference, "Actions,
 * resources, and condition keys for Amazon CloudWatch Logs" (documented).
 */
import { type Needs, type NeedsTable, type Place, textOf } from './need.ts';

const groupArn = ({ account, region }: Place, name: string) => `arn:aws:logs:${region}:${account}:log-group:${name}`;

// A group's ARN ends in `:*` where streams may follow; policies are written for that form
// (docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html, documented).
const onGroup =
  (action: string): Needs =>
  (input, place) => [
    { action: `logs:${action}`, resource: `${groupArn(place, textOf(input.logGroupName))}:log-stream:` },
  ];

export const LOGS_NEEDS: NeedsTable = {
  // *Assumed*: a listing of groups is asked for on all of them.
  DescribeLogGroups: (_, place) => [
    { action: 'logs:DescribeLogGroups', resource: `${groupArn(place, '')}:log-stream:` },
  ],
  DescribeLogStreams: onGroup('DescribeLogStreams'),
  FilterLogEvents: onGroup('FilterLogEvents'),
  GetLogEvents: (input, place) => [
    {
      action: 'logs:GetLogEvents',
      resource: `${groupArn(place, textOf(input.logGroupName))}:log-stream:${textOf(input.logStreamName)}`,
    },
  ],
  CreateLogGroup: onGroup('CreateLogGroup'),
  DeleteLogGroup: onGroup('DeleteLogGroup'),
  CreateLogStream: onGroup('CreateLogStream'),
  PutLogEvents: (input, place) => [
    {
      action: 'logs:PutLogEvents',
      resource: `${groupArn(place, textOf(input.logGroupName))}:log-stream:${textOf(input.logStreamName)}`,
    },
  ],
};

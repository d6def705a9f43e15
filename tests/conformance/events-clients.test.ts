/** The AWS CLI and boto3 against the messaging and monitoring services, with nothing but an endpoint URL. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  ACCOUNT,
  type MessagingCloud,
  openQueue,
  queueArn,
  REGION,
  START,
  startMessagingCloud,
  topicArn,
} from './messaging-cloud.ts';

const run = promisify(execFile);

let world: MessagingCloud;
beforeEach(async () => {
  world = await startMessagingCloud();
});
afterEach(() => world.close());

const environment = () => ({
  ...process.env,
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_DEFAULT_REGION: REGION,
  AWS_ENDPOINT_URL: world.cloud.url,
  AWS_PAGER: '',
  AWS_MAX_ATTEMPTS: '1',
});

const works = async (command: string, ...args: string[]): Promise<boolean> => {
  try {
    await run(command, args);
    return true;
  } catch {
    console.info(`${command} ${args.join(' ')} does not work here: its test is passed over`);
    return false;
  }
};

// Version 1 of the CLI sends SQS requests to AWS's old queue endpoints whatever AWS_ENDPOINT_URL says; the option wins.
const runAws = (...args: string[]) =>
  run('aws', ['--endpoint-url', world.cloud.url, ...args, '--output', 'json'], { env: environment() });

const aws = async (...args: string[]) => {
  const { stdout } = await runAws(...args);
  return stdout === '' ? {} : JSON.parse(stdout);
};

describe('the AWS CLI', () => {
  it('puts a rule and an event, and reads the queue', async () => {
    if (!(await works('aws', '--version'))) return;

    const { QueueUrl } = await aws('sqs', 'create-queue', '--cli-input-json', JSON.stringify(openQueue('parcels')));
    await aws('events', 'put-rule', '--name', 'moved', '--event-pattern', '{"source":["depot"]}');
    await aws('events', 'put-targets', '--rule', 'moved', '--targets', `Id=q,Arn=${queueArn('parcels')}`);
    const entry = { Source: 'depot', DetailType: 'Parcel Moved', Detail: '{"parcel":"p-7"}' };
    const put = await aws('events', 'put-events', '--entries', JSON.stringify([entry]));
    await world.cloud.settle();
    const { Messages } = await aws('sqs', 'receive-message', '--queue-url', QueueUrl, '--attribute-names', 'All');

    expect(put.FailedEntryCount).toBe(0);
    expect(JSON.parse(Messages[0].Body)).toMatchObject({ source: 'depot', detail: { parcel: 'p-7' } });
    expect(Messages[0].Attributes.ApproximateReceiveCount).toBe('1');
  });

  it('names the error of a queue that does not exist by the code it always had', async () => {
    if (!(await works('aws', '--version'))) return;

    const failed = runAws('sqs', 'get-queue-url', '--queue-name', 'none');

    await expect(failed).rejects.toThrow(/AWS\.SimpleQueueService\.NonExistentQueue/);
  });
});

const SCRIPT = `
import boto3, datetime, json, os
from botocore.exceptions import ClientError
made = {}
now = datetime.datetime.fromisoformat(os.environ['CLOUD_TIME'])
sqs, sns, events, cw = (boto3.client(name) for name in ('sqs', 'sns', 'events', 'cloudwatch'))
url = sqs.create_queue(QueueName='inbox', Attributes={'VisibilityTimeout': '5', 'Policy': os.environ['POLICY']}, tags={'a': 'b'})['QueueUrl']
topic = sns.create_topic(Name='news')['TopicArn']
sns.subscribe(TopicArn=topic, Protocol='sqs', Endpoint=os.environ['QUEUE'], Attributes={'RawMessageDelivery': 'true'})
sns.publish(TopicArn=topic, Message='grüße', MessageAttributes={'k': {'DataType': 'String', 'StringValue': 'v'}})
made['topics'] = [each['TopicArn'] for each in sns.list_topics()['Topics']]
made['attributes'] = sns.get_topic_attributes(TopicArn=topic)['Attributes']['Owner']
cw.put_metric_data(Namespace='Depot', MetricData=[{'MetricName': 'Weight', 'Values': [1, 2.5], 'Counts': [1, 2], 'Timestamp': now, 'Unit': 'Count'}])
points = cw.get_metric_statistics(Namespace='Depot', MetricName='Weight', StartTime=now, EndTime=now + datetime.timedelta(minutes=5), Period=60, Statistics=['Sum', 'SampleCount'])['Datapoints']
made['points'] = [[point['Sum'], point['SampleCount'], point['Timestamp'].isoformat()] for point in points]
cw.put_metric_alarm(AlarmName='heavy', Namespace='Depot', MetricName='Weight', Statistic='Sum', Period=60, EvaluationPeriods=1, Threshold=1, ComparisonOperator='GreaterThanThreshold')
cw.set_alarm_state(AlarmName='heavy', StateValue='ALARM', StateReason='test')
made['alarms'] = [[each['AlarmName'], each['StateValue']] for each in cw.describe_alarms()['MetricAlarms']]
errors = []
for call in (
    lambda: sqs.get_queue_url(QueueName='none'),
    lambda: sns.publish(TopicArn=topic + 'x', Message='x'),
    lambda: cw.set_alarm_state(AlarmName='none', StateValue='OK', StateReason='x'),
    lambda: cw.put_metric_data(Namespace='Depot', MetricData=[{'MetricName': 'm', 'Values': [1], 'Counts': [1, 2]}]),
    lambda: events.describe_rule(Name='none'),
):
    try:
        call()
        errors.append(None)
    except ClientError as error:
        errors.append(error.response['Error']['Code'])
made['errors'] = errors
print(json.dumps(made))
`;

describe('boto3', () => {
  it('queues, publishes, measures and is told errors by their codes', async () => {
    if (!(await works('python3', '-c', 'import boto3'))) return;

    const { stdout } = await run('python3', ['-c', SCRIPT], {
      env: {
        ...environment(),
        QUEUE: queueArn('inbox'),
        POLICY: openQueue('inbox').Attributes.Policy,
        CLOUD_TIME: START.replace('.000Z', '+00:00'),
      },
    });
    await world.cloud.settle();

    expect(JSON.parse(stdout)).toEqual({
      topics: [topicArn('news')],
      attributes: ACCOUNT,
      points: [[6, 3, START.replace('.000Z', '+00:00')]],
      alarms: [['heavy', 'ALARM']],
      errors: [
        'AWS.SimpleQueueService.NonExistentQueue',
        'NotFound',
        'ResourceNotFound',
        'InvalidParameterValue',
        'ResourceNotFoundException',
      ],
    });
    expect(world.messages('inbox')).toMatchObject([{ body: 'grüße', messageAttributes: { k: { stringValue: 'v' } } }]);
  });
});

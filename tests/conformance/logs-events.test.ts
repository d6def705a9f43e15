import { Metrics } from '@aws-lambda-powertools/metrics';
import { CloudWatchClient, GetMetricDataCommand, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createCloud, type LocalCloud } from '../../local/cloud.ts';
import type { JsonObject } from '../../local/contracts.ts';
import { signed } from './lambda-stack.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const STREAM = { logGroupName: 'depot', logStreamName: 'hall-a' };

let cloud: LocalCloud;
let monitoring: CloudWatchClient;
let now: number;
beforeEach(async () => {
  cloud = await createCloud({ region: 'eu-west-1' });
  now = cloud.clock.ms();
  monitoring = new CloudWatchClient({
    endpoint: cloud.url,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  await logs('CreateLogGroup', { logGroupName: 'depot' });
  await logs('CreateLogStream', STREAM);
});
afterEach(async () => {
  monitoring.destroy();
  await cloud.close();
});

const logs = async (operation: string, input: JsonObject): Promise<{ status: number; answer: JsonObject }> => {
  const body = JSON.stringify(input);
  const response = await fetch(`${cloud.url}/`, {
    method: 'POST',
    headers: signed('logs', 'POST', `${cloud.url}/`, body, {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `Logs_20140328.${operation}`,
    }),
    body,
  });
  const text = await response.text();
  return { status: response.status, answer: text === '' ? {} : JSON.parse(text) };
};
const put = (...logEvents: { timestamp: number; message: string }[]) => logs('PutLogEvents', { ...STREAM, logEvents });
const at = (offset: number, message = 'a line') => ({ timestamp: now + offset, message });
const values = async (MetricName: string, service: string) => {
  const { MetricDataResults } = await monitoring.send(
    new GetMetricDataCommand({
      StartTime: new Date(now - HOUR),
      EndTime: new Date(now + HOUR),
      MetricDataQueries: [
        {
          Id: 'm',
          MetricStat: {
            Metric: { Namespace: 'Depot', MetricName, Dimensions: [{ Name: 'service', Value: service }] },
            Period: 3600,
            Stat: 'Sum',
          },
        },
      ],
    }),
  );
  return MetricDataResults?.[0]?.Values;
};

describe('log events', () => {
  it('are kept with their own times, and read again', async () => {
    await put(at(-2000, 'one'), at(-1000, 'two'));

    const { answer } = await logs('GetLogEvents', { ...STREAM, startFromHead: true });

    expect(answer.events).toEqual([
      { timestamp: now - 2000, message: 'one', ingestionTime: now },
      { timestamp: now - 1000, message: 'two', ingestionTime: now },
    ]);
  });

  it('that are too old or too far ahead are left out and told of', async () => {
    const old = await put(at(-15 * DAY), at(-14 * DAY - 1, 'old'));
    const ahead = await put(at(0, 'kept'), at(2 * HOUR + 1, 'ahead'));

    expect(old.answer.rejectedLogEventsInfo).toEqual({ tooOldLogEventEndIndex: 2 });
    expect(ahead.answer.rejectedLogEventsInfo).toEqual({ tooNewLogEventStartIndex: 1 });
    expect(cloud.logs.read('depot').map(({ message }) => message)).toEqual(['kept']);
  });

  it.each([
    ['out of order', [0, -1], 'chronological'],
    ['over more than a day', [-25 * HOUR, 0], '24 hours'],
    ['that are none', [], 'logEvents'],
  ])('%s are refused', async (_, offsets, message) => {
    const { status, answer } = await put(...offsets.map((offset) => at(offset)));

    expect(status).toBe(400);
    expect(answer).toMatchObject({ __type: expect.stringContaining('InvalidParameterException') });
    expect(answer.message).toContain(message);
  });

  it('of more than a megabyte are refused', async () => {
    const { answer } = await put(at(0, 'x'.repeat(1_048_576)));

    expect(answer.message).toContain('exceeds limit of 1048576');
  });

  it('need a stream', async () => {
    const { answer } = await logs('PutLogEvents', { ...STREAM, logStreamName: 'none', logEvents: [at(0)] });
    const again = await logs('CreateLogStream', STREAM);

    expect(answer.message).toBe('The specified log stream does not exist.');
    expect(again.answer.message).toBe('The specified log stream already exists');
  });
});

describe('the embedded metric format', () => {
  it('makes metrics of what Powertools writes', async () => {
    const metrics = new Metrics({ namespace: 'Depot', serviceName: 'scales' });
    metrics.addMetric('Weight', 'Kilobytes', 12);
    metrics.addMetric('Weight', 'Kilobytes', 30);

    await put(at(0, JSON.stringify(metrics.serializeMetrics())));

    expect(await values('Weight', 'scales')).toEqual([42]);
  });

  it('is read from the lines that services of the cloud write too', async () => {
    const metadata = { Namespace: 'Depot', Dimensions: [['service']], Metrics: [{ Name: 'Parcels', Unit: 'Count' }] };
    const line = { _aws: { Timestamp: now, CloudWatchMetrics: [metadata] }, service: 'belt', Parcels: [3, 4] };

    cloud.logs.write('/aws/lambda/belt', 'a', ['hello', JSON.stringify(line)]);

    expect(await values('Parcels', 'belt')).toEqual([7]);
  });

  it('is ignored where it is malformed, or of another time', async () => {
    const metadata = { Namespace: 'Depot', Dimensions: [[]], Metrics: [{ Name: 'Parcels' }] };
    const line = (Timestamp: number) =>
      JSON.stringify({ _aws: { Timestamp, CloudWatchMetrics: [metadata] }, Parcels: 1 });

    const { status } = await put(at(0, '{"_aws": {"CloudWatchMetrics": 5}}'), at(0, line(now - 15 * DAY)));

    expect(status).toBe(200);
    expect((await monitoring.send(new ListMetricsCommand({}))).Metrics).toEqual([]);
  });
});

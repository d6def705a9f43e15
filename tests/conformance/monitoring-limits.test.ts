import { ListMetricsCommand, type MetricDatum, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type MessagingCloud, refusal, startMessagingCloud } from './messaging-cloud.ts';

let world: MessagingCloud;
beforeEach(async () => {
  world = await startMessagingCloud();
});
afterEach(() => world.close());

const put = (datum: Partial<MetricDatum>, Namespace = 'Depot') =>
  world.monitoring.send(new PutMetricDataCommand({ Namespace, MetricData: [{ MetricName: 'Weight', ...datum }] }));
const dimensions = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ Name: `Name${index}`, Value: 'x' }));

describe('PutMetricData takes', () => {
  it.each([
    ['the largest and smallest values', { Values: [2 ** 360, -(2 ** 360), 2 ** -360] }],
    ['150 values', { Values: Array.from({ length: 150 }, (_, index) => index) }],
    ['30 dimensions', { Value: 1, Dimensions: dimensions(30) }],
    [
      'names of 255 characters',
      { Value: 1, MetricName: 'n'.repeat(255), Dimensions: [{ Name: 'd'.repeat(255), Value: 'v'.repeat(1024) }] },
    ],
    ['data of two weeks ago', { Value: 1, Timestamp: new Date('2001-01-18T08:00:00Z') }],
    ['data of two hours ahead', { Value: 1, Timestamp: new Date('2001-02-01T10:00:00Z') }],
    ['high resolution', { Value: 1, StorageResolution: 1 }],
  ])('%s', async (_, datum) => {
    await put(datum);

    expect((await world.monitoring.send(new ListMetricsCommand({}))).Metrics).toHaveLength(1);
  });

  it('a thousand metrics, gzipped, and not one more', async () => {
    const many = (count: number) =>
      world.monitoring.send(
        new PutMetricDataCommand({
          Namespace: 'Depot',
          MetricData: Array.from({ length: count }, (_, index) => ({ MetricName: `Metric${index}`, Value: index })),
        }),
      );

    await many(1000);
    const error = await refusal(many(1001));

    expect(error).toMatchObject({ name: 'InvalidParameterValueException', status: 400 });
    expect(error.message).toContain('1000');
  });
});

describe('PutMetricData refuses', () => {
  it('more than 1 MB, however small it is when it is packed', async () => {
    const MetricData = Array.from({ length: 1000 }, (_, index) => ({
      MetricName: `Metric${index}`,
      Value: 1,
      Dimensions: [{ Name: 'Note', Value: 'x'.repeat(1000) }],
    }));

    const error = await refusal(world.monitoring.send(new PutMetricDataCommand({ Namespace: 'Depot', MetricData })));
    const { Metrics } = await world.monitoring.send(new ListMetricsCommand({}));

    expect(error).toMatchObject({ name: 'RequestEntityTooLarge', status: 413 });
    expect(Metrics).toEqual([]);
  });

  const WRONG = 'InvalidParameterValueException';
  /** What the model of the API constrains already. */
  const OF_MODEL = expect.stringMatching(/^(ValidationException|InvalidParameterValueException)$/);
  it.each([
    ['a value that is too large', { Value: 2 ** 361 }, WRONG, 'MetricData.member.1.Value'],
    ['an infinite value', { Values: [1, Number.POSITIVE_INFINITY] }, WRONG, 'MetricData.member.1.Values'],
    ['151 values', { Values: Array.from({ length: 151 }, () => 1) }, WRONG, 'MetricData.member.1.Values'],
    ['no more than nothing', { Values: [] }, 'MissingRequiredParameterException', 'at least one'],
    ['a count of zero', { Values: [1], Counts: [0] }, WRONG, 'Counts'],
    [
      'values and a summary',
      { Values: [1], StatisticValues: { SampleCount: 1, Sum: 1, Minimum: 1, Maximum: 1 } },
      'InvalidParameterCombinationException',
      'mutually exclusive',
    ],
    [
      'a summary of no samples',
      { StatisticValues: { SampleCount: 0, Sum: 0, Minimum: 0, Maximum: 0 } },
      WRONG,
      'StatisticValues',
    ],
    ['31 dimensions', { Value: 1, Dimensions: dimensions(31) }, OF_MODEL, 'dimensions'],
    ['a dimension given twice', { Value: 1, Dimensions: [...dimensions(1), ...dimensions(1)] }, WRONG, 'twice'],
    ['a dimension that is not ASCII', { Value: 1, Dimensions: [{ Name: 'Halle', Value: 'größer' }] }, WRONG, 'ASCII'],
    ['a dimension of spaces', { Value: 1, Dimensions: [{ Name: 'Hall', Value: ' ' }] }, WRONG, 'spaces'],
    [
      'a dimension whose name begins with a colon',
      { Value: 1, Dimensions: [{ Name: ':Hall', Value: 'A' }] },
      WRONG,
      'colon',
    ],
    ['a name that is too long', { Value: 1, MetricName: 'n'.repeat(256) }, OF_MODEL, 'metricName'],
    ['a resolution between', { Value: 1, StorageResolution: 30 }, WRONG, 'StorageResolution'],
    ['a unit there is none of', { Value: 1, Unit: 'Stones' as 'Count' }, OF_MODEL, 'Stones'],
  ])('%s', async (_, datum, name, message) => {
    const error = await refusal(put(datum));

    expect(error).toMatchObject({ name, status: 400 });
    expect(error.message.toLowerCase()).toContain(message.toLowerCase());
    expect((await world.monitoring.send(new ListMetricsCommand({}))).Metrics).toEqual([]);
  });

  it.each(['AWS/SQS', ':depot'])('the namespace %s', async (namespace) => {
    expect((await refusal(put({ Value: 1 }, namespace))).status).toBe(400);
  });
});

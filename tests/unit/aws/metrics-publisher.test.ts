import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { describe, expect, it } from 'vitest';

import { metricsPublisher } from '../../../shared/aws/metrics-publisher.ts';

const AT = new Date('2001-02-01T12:00:00Z');

describe('publishing metrics', () => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses %s by the name of the metric, before anything is sent',
    async (value) => {
      const publish = metricsPublisher(
        'Millrace',
        new CloudWatchClient({ region: 'eu-west-1', endpoint: 'http://127.0.0.1:9' }),
      );

      await expect(publish([{ name: 'Drift', value, dimensions: {}, at: AT }])).rejects.toThrow(
        new RangeError(`metric Drift is no finite number: ${value}`),
      );
    },
  );

  it('asks CloudWatch nothing where there is nothing to tell', async () => {
    const publish = metricsPublisher(
      'Millrace',
      new CloudWatchClient({ region: 'eu-west-1', endpoint: 'http://127.0.0.1:9' }),
    );

    await expect(publish([])).resolves.toBeUndefined();
  });
});

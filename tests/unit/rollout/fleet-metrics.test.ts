import { describe, expect, it } from 'vitest';

import { fleetMetrics, type ReadMetric } from '../../../shared/rollout/fleet-metrics.ts';

const FLEET = { endpointName: 'an-endpoint', variant: 'main', endpointConfigName: 'a-config' };
const SINCE = new Date('2001-02-01T06:00:30.000Z');
const hoursOn = (hours: number) => new Date(SINCE.getTime() + hours * 3_600_000);

const reading = (values: Readonly<Record<string, readonly number[]>>) => {
  const asked: Parameters<ReadMetric>[0][] = [];
  const read: ReadMetric = async (query) => {
    asked.push(query);
    return values[query.name] ?? [];
  };
  return { asked, read };
};

describe('what is known of a fleet', () => {
  it('is its traffic and its slowest hour of the last day, of its own configuration', async () => {
    const { asked, read } = reading({ Invocations: [2000, 2800], ModelLatency: [9000, 20_000] });

    const known = await fleetMetrics(read, FLEET, SINCE, hoursOn(100));

    expect(known).toEqual({ requestsPerHour: 200, p99Ms: 20 });
    expect(asked[0]).toMatchObject({
      namespace: 'AWS/SageMaker',
      dimensions: { EndpointName: 'an-endpoint', VariantName: 'main', EndpointConfigName: 'a-config' },
      from: hoursOn(76),
      to: hoursOn(100),
    });
  });

  it('is counted from the minute after it went into service: before that it was asked golden rows', async () => {
    const { asked, read } = reading({ Invocations: [600] });

    const { requestsPerHour } = await fleetMetrics(read, FLEET, SINCE, new Date('2001-02-01T09:01:00.000Z'));

    expect(asked[0]?.from).toEqual(new Date('2001-02-01T06:01:00.000Z'));
    expect(requestsPerHour).toBe(200);
  });

  it('is nothing where no request came, or none could have come yet', async () => {
    const { asked, read } = reading({});

    expect(await fleetMetrics(read, FLEET, SINCE, hoursOn(5))).toEqual({ requestsPerHour: null, p99Ms: null });
    asked.length = 0;
    expect(await fleetMetrics(read, FLEET, SINCE, SINCE)).toEqual({ requestsPerHour: null, p99Ms: null });
    expect(asked).toEqual([]);
  });
});

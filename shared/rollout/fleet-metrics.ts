/** What SageMaker has measured of the fleet that serves an endpoint, before another takes its place. */

/** Reads the values of one metric, one for each period that has data. */
export type ReadMetric = (query: {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: 'Sum' | 'p99';
  readonly from: Date;
  readonly to: Date;
  readonly periodSeconds: number;
}) => Promise<readonly number[]>;

export interface FleetMetrics {
  /** Requests an hour over the last day, or since the fleet is in service; null where none came. */
  readonly requestsPerHour: number | null;
  /** The 99th percentile of the container's latency in the worst hour of the last day; null where no request came. */
  readonly p99Ms: number | null;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_HOURS = 24;

/**
 * Reads traffic and latency of a fleet over the last day.
 * @param since When the fleet went into service: hours before it had no traffic to count.
 */
export const fleetMetrics = async (
  read: ReadMetric,
  fleet: { readonly endpointName: string; readonly variant: string; readonly endpointConfigName: string },
  since: Date,
  now: Date,
): Promise<FleetMetrics> => {
  // The minute in which it went into service has the golden rows that it was asked before, which are nobody's requests.
  const firstMs = (Math.floor(since.getTime() / MINUTE_MS) + 1) * MINUTE_MS;
  const from = new Date(Math.max(firstMs, now.getTime() - DAY_HOURS * HOUR_MS));
  if (from >= now) return { requestsPerHour: null, p99Ms: null };
  const hours = Math.max(1, (now.getTime() - from.getTime()) / HOUR_MS);
  const query = {
    namespace: 'AWS/SageMaker',
    dimensions: {
      EndpointName: fleet.endpointName,
      VariantName: fleet.variant,
      EndpointConfigName: fleet.endpointConfigName,
    },
    from,
    to: now,
    periodSeconds: 3600,
  };
  const [invocations, latencies] = await Promise.all([
    read({ ...query, name: 'Invocations', statistic: 'Sum' }),
    read({ ...query, name: 'ModelLatency', statistic: 'p99' }),
  ]);
  const requests = invocations.reduce((sum, value) => sum + value, 0);
  return {
    requestsPerHour: requests === 0 ? null : requests / hours,
    // ModelLatency is in microseconds. Source: "Monitor SageMaker with CloudWatch".
    p99Ms: latencies.length === 0 ? null : Math.max(...latencies) / 1000,
  };
};

/**
 * What functions tell CloudWatch: names, units and dimensions of
 * docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html (documented).
 */
import type { Cloud } from '../../contracts.ts';

interface Named {
  readonly name: string;
}

/** Metrics are told per function, and of all functions together (documented). */
const tell = ({ monitoring }: Cloud, name: string, value: number, { name: FunctionName }: Named, unit: string) => {
  monitoring.put({ namespace: 'AWS/Lambda', name, value, unit, dimensions: { FunctionName } });
  monitoring.put({ namespace: 'AWS/Lambda', name, value, unit });
};

/** An invocation that ran. */
export const countInvocation = (cloud: Cloud, definition: Named, durationMs: number, failed: boolean): void => {
  tell(cloud, 'Invocations', 1, definition, 'Count');
  tell(cloud, 'Duration', durationMs, definition, 'Milliseconds');
  // Errors is 0 for each success, so that its average is a rate (monitoring-metrics-types, documented).
  tell(cloud, 'Errors', failed ? 1 : 0, definition, 'Count');
};

/** An invocation refused for lack of concurrency; it counts as no invocation (documented). */
export const countThrottle = (cloud: Cloud, definition: Named): void =>
  tell(cloud, 'Throttles', 1, definition, 'Count');

/** An event that did not get to where failures, or successes, are sent. */
export const countLostRecord = (cloud: Cloud, definition: Named, to: 'destination' | 'dead-letter'): void =>
  tell(cloud, to === 'destination' ? 'DestinationDeliveryFailures' : 'DeadLetterErrors', 1, definition, 'Count');

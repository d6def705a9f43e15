import { type Description, text } from './resources.ts';

/** How a job stands, in terms of what to do next. */
export type JobOutcome =
  | { readonly state: 'running' }
  | { readonly state: 'completed' }
  /** `retry`: SageMaker failed and not the container; another attempt may succeed. */
  | { readonly state: 'failed'; readonly reason: string; readonly retry: boolean };

/**
 * Reads a described training or transform job.
 *
 * Stopped with `MaxRuntimeExceeded` can still hold a valid model, but one nobody asked for: it fails. Reasons that begin
 * with `ClientError` or `AlgorithmError` are the request's and the container's own; `InternalServerError` and capacity
 * are SageMaker's. Source: SageMaker, DescribeTrainingJob (FailureReason, SecondaryStatus) and its troubleshooting page.
 */
export const jobOutcome = (kind: 'Training' | 'Transform', job: Description): JobOutcome => {
  const status = text(job, `${kind}JobStatus`);
  if (status === 'Completed') return { state: 'completed' };
  if (status === 'InProgress' || status === 'Stopping') return { state: 'running' };
  const reason = text(job, 'FailureReason') ?? text(job, 'SecondaryStatus') ?? status ?? 'no status';
  const secondary = text(job, 'SecondaryStatus');
  const retry =
    /^(InternalServerError|CapacityError)/.test(reason) ||
    secondary === 'MaxWaitTimeExceeded' ||
    secondary === 'Interrupted';
  return { state: 'failed', reason, retry };
};

/** The last value of each metric a training job reported. */
export const finalMetrics = (job: Description): Record<string, number> => {
  const list: unknown = job.FinalMetricDataList;
  const metrics: Record<string, number> = {};
  for (const item of Array.isArray(list) ? list : []) {
    const [name, value]: unknown[] = [Object(item).MetricName, Object(item).Value];
    if (typeof name === 'string' && typeof value === 'number') metrics[name] = value;
  }
  return metrics;
};

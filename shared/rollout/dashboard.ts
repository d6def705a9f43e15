/** The dashboard of a model in service: what it is asked, how it answers, and what its monitoring measures. */
import { METRIC_NAMESPACE, type ModelMetric, metricDimensions } from '../monitoring/watch-alarms.ts';

/** `mr-<stage>-<model>`. */
export const dashboardName = (stage: string, model: string): string => `mr-${stage}-${model}`;

export interface Shown {
  readonly stage: string;
  readonly model: string;
  readonly region: string;
  readonly endpointName: string;
  readonly variant: string;
  /** How long a window of monitoring is. */
  readonly windowMs: number;
}

/** A grid of 24 columns. Source: CloudWatch, "Dashboard body structure and syntax". */
const HALF = 12;
const HEIGHT = 6;

/** The body of PutDashboard: JSON, as CloudWatch's own console writes it. Source: the same page. */
export const dashboardBody = ({ stage, model, region, endpointName, variant, windowMs }: Shown): string => {
  const ofEndpoint = ['EndpointName', endpointName, 'VariantName', variant];
  const ofModel = Object.entries(metricDimensions(stage, model)).flat();
  const served = (metric: string, stat: string) => ['AWS/SageMaker', metric, ...ofEndpoint, { stat }];
  const measured = (metric: ModelMetric, stat: string) => [METRIC_NAMESPACE, metric, ...ofModel, { stat }];
  const windowSeconds = Math.max(60, Math.ceil(windowMs / 60_000) * 60);
  const charts = [
    { title: 'Requests', period: 60, metrics: [served('Invocations', 'Sum')] },
    {
      title: 'Share of failed requests',
      period: 60,
      metrics: [served('Invocation5XXErrors', 'Average'), served('InvocationModelErrors', 'Average')],
    },
    {
      title: 'Latency in the container, microseconds',
      period: 60,
      metrics: [served('ModelLatency', 'p50'), served('ModelLatency', 'p99')],
    },
    { title: 'Golden rows answered wrongly in rollouts', period: 60, metrics: [measured('ProbeMismatch', 'Sum')] },
    {
      title: 'Drift and loss of quality: 1 is the limit',
      period: windowSeconds,
      metrics: [measured('Drift', 'Maximum'), measured('Quality', 'Maximum')],
      annotations: { horizontal: [{ label: 'limit', value: 1 }] },
    },
    { title: 'Windows that were looked at', period: windowSeconds, metrics: [measured('Heartbeat', 'SampleCount')] },
  ];
  return JSON.stringify({
    widgets: charts.map((chart, at) => ({
      type: 'metric',
      x: (at % 2) * HALF,
      y: Math.floor(at / 2) * HEIGHT,
      width: HALF,
      height: HEIGHT,
      properties: { view: 'timeSeries', region, ...chart },
    })),
  });
};

import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';

const metrics = new Metrics({ namespace: 'Millrace', serviceName: process.env.STEP ?? 'millrace' });

/** Counts what a step came to, in CloudWatch's embedded metric format. */
export const countOutcome = (outcome: string): void => {
  const metric = metrics.singleMetric();
  metric.addDimension('outcome', outcome);
  metric.addMetric('Outcomes', MetricUnit.Count, 1);
};

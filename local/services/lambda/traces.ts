import type { Cloud } from '../../contracts.ts';
import type { FunctionDefinition } from './function-definition.ts';

/**
 * Lambda sends the traces of a function with active tracing under its role. Nothing here receives them: what counts is
 * that the role may (docs.aws.amazon.com/lambda/latest/dg/services-xray.html, documented).
 */
export const sendTraces = (cloud: Cloud, { role, name, tracingMode }: FunctionDefinition): void => {
  if (tracingMode !== 'Active') return;
  for (const action of ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'])
    cloud.iam.allows({ by: { role, session: name }, action, resource: '*' });
};

import { type Description, text } from './resources.ts';

/**
 * Whether an endpoint serves a configuration or is on its way to. While an update is under way the endpoint still names
 * the old one, and the new one as pending. Source: DescribeEndpoint, PendingDeploymentSummary.
 */
export const takesConfig = (endpoint: Description | undefined, configName: string): boolean =>
  [endpoint, Object(endpoint?.PendingDeploymentSummary)].some(
    (told) => text(told, 'EndpointConfigName') === configName,
  );

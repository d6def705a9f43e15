import { type Description, text } from './resources.ts';

/**
 * For so long what was just made may not be seen by whoever asks for it. CreateEndpoint reads configurations and models
 * with eventual consistency, and what it misses is a validation error like any other: "retry logic is recommended".
 * Source: CreateEndpoint, API reference; that Describe may miss a new endpoint, too, is *assumed*.
 */
export const SETTLING_MS = 10 * 60_000;

/**
 * Whether an endpoint serves a configuration or is on its way to. While an update is under way the endpoint still names
 * the old one, and the new one as pending. Source: DescribeEndpoint, PendingDeploymentSummary.
 */
export const takesConfig = (endpoint: Description | undefined, configName: string): boolean =>
  [endpoint, Object(endpoint?.PendingDeploymentSummary)].some(
    (told) => text(told, 'EndpointConfigName') === configName,
  );

/**
 * Only one at rest can be updated (UpdateEndpoint, API reference). One that serves two fleets, since its rollback failed,
 * is at rest, too: that the next update replaces both is *assumed*.
 */
export const isUpdatable = (endpoint: Description): boolean =>
  ['InService', 'UpdateRollbackFailed'].includes(text(endpoint, 'EndpointStatus') ?? '');

/** One in any other state cannot be deleted yet, or is being deleted. Source: DeleteEndpoint, API reference. */
export const isDeletable = (endpoint: Description): boolean =>
  ['InService', 'Failed', 'UpdateRollbackFailed'].includes(text(endpoint, 'EndpointStatus') ?? '');

/**
 * Whether the new fleet of an update takes traffic and is watched: a variant of the pending deployment bakes. Source:
 * DescribeEndpoint, PendingDeploymentSummary; ProductionVariantStatus.
 */
export const isBaking = (endpoint: Description): boolean => {
  const variants: unknown = Object(endpoint.PendingDeploymentSummary).ProductionVariants;
  const statuses = (Array.isArray(variants) ? variants : []).flatMap((variant: unknown): unknown => {
    const list: unknown = Object(variant).VariantStatus;
    return Array.isArray(list) ? list : [];
  });
  return statuses.some((status: unknown) => Object(status).Status === 'Baking');
};

/** Adds to a template's resources what watching endpoints that capture into these buckets needs. */
export function grantWatchedBuckets(resources: Record<string, unknown>, buckets: readonly string[]): void;

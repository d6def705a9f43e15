/**
 * The registry has no names: which run a version came from stands in its description, which never changes.
 */
export const packageDescription = (model: string, run: string): string => `Millrace run ${run} of ${model}`;

/** Reads {@link packageDescription}; undefined for a version that somebody else registered. */
export const parsePackageDescription = (
  description: string | undefined,
): { model: string; run: string } | undefined => {
  const match = /^Millrace run (\d{8}-[0-9a-f]{10}) of ([a-z][a-z0-9-]*)$/.exec(description ?? '');
  return match?.[1] && match[2] ? { run: match[1], model: match[2] } : undefined;
};

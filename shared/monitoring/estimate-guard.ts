/** With fewer mature windows nothing is known of how good estimates are: 9 of 10 is the least that can be 90 %. */
const LEAST_WINDOWS = 10;

/** So many estimates have to have come true. */
const LEAST_COVERED = 0.9;

/** How the estimates of mature windows did. */
export interface EstimateHistory {
  readonly windows: number;
  readonly covered: number;
}

/** Counts the estimates of earlier windows; null where a window had none, or none that could be held against labels. */
export function estimateHistory(covered: readonly (boolean | null)[]): EstimateHistory {
  const known = covered.filter((each) => each !== null);
  return { windows: known.length, covered: known.filter(Boolean).length };
}

/**
 * Whether an estimate without labels may be shown: only where the model's own past estimates covered what came true in
 * at least 90 % of its mature windows, and there are at least ten of those. An estimate assumes that what the model knows
 * of the world still holds, and nothing but labels can tell.
 */
export const estimateShown = ({ windows, covered }: EstimateHistory): boolean =>
  windows >= LEAST_WINDOWS && covered / windows >= LEAST_COVERED;

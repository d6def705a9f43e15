/**
 * The `p` quantile of ascending values by linear interpolation between order statistics: numpy's `linear`, Hyndman and
 * Fan's type 7, to the last bit (numpy interpolates from the nearer end).
 * @throws RangeError without values, or where `p` is no probability
 */
export function quantileOfSorted(sorted: Float64Array, p: number): number {
  if (sorted.length === 0 || !(p >= 0 && p <= 1)) throw new RangeError(`no ${p} quantile of ${sorted.length} values`);
  const position = p * (sorted.length - 1);
  const below = Math.floor(position);
  const gap = position - below;
  const a = sorted[below] ?? 0;
  const b = sorted[below + 1] ?? a;
  return gap >= 0.5 ? b - (b - a) * (1 - gap) : a + (b - a) * gap;
}

import { LEAST_DEVIATION, momentsOf, type NumericProfile } from './profile.ts';

/** The limit lies so many standard deviations above the mean: about what one draw in some thousands exceeds. */
const DEVIATIONS = 4;
/** Places within each bin at which the gap of the distribution functions is taken. */
const PLACES = 4;

/** A place between two knots, and the width it stands for. */
interface Place {
  /** The shares of rows below the bin, and below its end. */
  readonly left: number;
  readonly right: number;
  /** Where in the bin: 0 to 1. */
  readonly at: number;
  readonly width: number;
}

function placesOf(counts: readonly number[], knots: readonly number[]): readonly Place[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let before = 0;
  return counts.flatMap((count, bin) => {
    const [left, right] = [before / total, (before + count) / total];
    before += count;
    const width = ((knots[bin + 1] ?? 0) - (knots[bin] ?? 0)) / PLACES;
    return Array.from({ length: PLACES }, (_, place) => ({ left, right, at: (place + 0.5) / PLACES, width }));
  });
}

/** The covariance of a Brownian bridge at two shares of the rows. */
const bridge = (u: number, v: number): number => Math.min(u, v) - u * v;

/** The same where the bridge is drawn as a line within each bin. */
const covariance = (a: Place, b: Place): number =>
  (1 - a.at) * (1 - b.at) * bridge(a.left, b.left) +
  (1 - a.at) * b.at * bridge(a.left, b.right) +
  a.at * (1 - b.at) * bridge(a.right, b.left) +
  a.at * b.at * bridge(a.right, b.right);

/**
 * What the clamped Wasserstein distance of M rows drawn from the baseline itself, in its standard deviations and times
 * sqrt(M), stays below: mean and four standard deviations, for many rows. The gap of the distribution functions times
 * sqrt(M) is then a Brownian bridge at the bins' ends (the central limit theorem of counts), a line between them; the
 * distance is the area below its absolute value, and for two normal variables of correlation r,
 * E|X||Y| = 2/pi sd(X) sd(Y) (sqrt(1 - r^2) + r asin r) (Nabeya 1951). Null where it holds no values.
 */
export function wassersteinNoise(baseline: NumericProfile): number | null {
  const { counts, edges, min, max } = baseline;
  const moments = momentsOf(baseline);
  if (moments === null || min === null || max === null) return null;
  const divisor = Math.max(Math.sqrt(moments.m2 / moments.n), LEAST_DEVIATION);
  const places = placesOf(counts, [min, ...edges, max]);
  const deviations = Float64Array.from(places, (place) => Math.sqrt(Math.max(covariance(place, place), 0)));
  let [mean, variance] = [0, 0];
  for (const [i, one] of places.entries()) {
    const deviation = deviations[i] ?? 0;
    mean += one.width * Math.sqrt(2 / Math.PI) * deviation;
    for (const [j, other] of places.entries()) {
      const scale = deviation * (deviations[j] ?? 0);
      if (scale === 0) continue;
      const r = Math.min(Math.max(covariance(one, other) / scale, -1), 1);
      variance += one.width * other.width * (2 / Math.PI) * scale * (Math.sqrt(1 - r * r) + r * Math.asin(r) - 1);
    }
  }
  return (mean + DEVIATIONS * Math.sqrt(Math.max(variance, 0))) / divisor;
}

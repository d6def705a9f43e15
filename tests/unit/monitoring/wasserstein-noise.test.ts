import { describe, expect, it } from 'vitest';

import { type RandomStream, randomStream } from '../../../shared/evaluation/random.ts';
import { TAILED_DECILES } from '../../../shared/monitoring/bins.ts';
import {
  binnedWasserstein,
  LEAST_DEVIATION,
  momentsOf,
  type NumericProfile,
  profileBaseline,
} from '../../../shared/monitoring/profile.ts';
import { wassersteinNoise } from '../../../shared/monitoring/wasserstein-noise.ts';

const ROWS = 2_000;
const DRAWS = 4_000;
const DEVIATIONS = 4;

const normal = ({ uniform }: RandomStream): number =>
  Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

const meanOf = (values: Float64Array, of: (value: number) => number = (value) => value): number =>
  values.reduce((sum, value) => sum + of(value), 0) / values.length;

/**
 * Mean and four standard deviations of the distances of rows really drawn from a baseline's bins, and the standard error
 * of that figure (by its influence function).
 */
function drawnNoise(profile: NumericProfile): { readonly noise: number; readonly standardError: number } {
  const { counts, edges, min, max } = profile;
  const moments = momentsOf(profile) ?? { n: 1, m2: 0 };
  const deviation = Math.max(Math.sqrt(moments.m2 / moments.n), LEAST_DEVIATION);
  const binOfRow = Uint16Array.from(counts.flatMap((count, bin) => new Array<number>(count).fill(bin)));
  const { fillBelow } = randomStream(11);
  const drawn = new Uint32Array(ROWS);
  const distances = Float64Array.from({ length: DRAWS }, () => {
    fillBelow(drawn, binOfRow.length);
    const found = new Float64Array(counts.length);
    for (const row of drawn) found[binOfRow[row] ?? 0] = (found[binOfRow[row] ?? 0] ?? 0) + 1;
    return (Math.sqrt(ROWS) * binnedWasserstein([min ?? 0, ...edges, max ?? 0], counts, found)) / deviation;
  });
  const mean = meanOf(distances);
  const variance = meanOf(distances, (distance) => (distance - mean) ** 2);
  const spread = Math.sqrt(variance);
  const influence = (distance: number): number =>
    distance - mean + (DEVIATIONS * ((distance - mean) ** 2 - variance)) / (2 * spread);
  return {
    noise: mean + DEVIATIONS * spread,
    standardError: Math.sqrt(meanOf(distances, (distance) => influence(distance) ** 2) / DRAWS),
  };
}

const SHAPES: readonly (readonly [string, (random: RandomStream) => number, readonly number[] | number])[] = [
  ['a normal column', normal, TAILED_DECILES],
  ['an even column', ({ uniform }) => uniform(), TAILED_DECILES],
  ['a skewed column', (random) => Math.exp(1.5 * normal(random)), TAILED_DECILES],
  ['a column with two heavy tails', (random) => normal(random) / normal(random), TAILED_DECILES],
  ['a column with two humps', (random) => normal(random) + (random.uniform() < 0.5 ? -10 : 10), TAILED_DECILES],
  ['a column of zeros but for a tenth', ({ uniform }) => (uniform() < 0.9 ? 0 : uniform()), TAILED_DECILES],
  ['two bins', normal, 2],
  ['three bins', normal, 3],
  ['forty bins', normal, 40],
];

describe('the noise of the Wasserstein distance', () => {
  it.each(SHAPES)('is that of rows really drawn from %s', (_, value, quantiles) => {
    const random = randomStream(3);
    const profile = profileBaseline(
      Float64Array.from({ length: 20_000 }, () => value(random)),
      quantiles,
    );

    const noise = wassersteinNoise(profile);

    const drawn = drawnNoise(profile);
    expect(drawn.standardError / drawn.noise).toBeLessThan(0.02);
    expect(Math.abs((noise ?? Number.NaN) - drawn.noise) / drawn.standardError).toBeLessThan(3);
  });

  it('does not depend on the unit, the place or the number of the rows', () => {
    const random = randomStream(3);
    const values = Float64Array.from({ length: 5_000 }, () => normal(random));
    const noiseOf = (some: Float64Array) => wassersteinNoise(profileBaseline(some, TAILED_DECILES)) ?? Number.NaN;

    const noise = noiseOf(values);

    expect(noise).toBeGreaterThan(0);
    expect(noiseOf(values.map((value) => 60 * value + 1_000))).toBeCloseTo(noise, 9);
    expect(noiseOf(Float64Array.from([...values, ...values]))).toBeCloseTo(noise, 2);
  });
});

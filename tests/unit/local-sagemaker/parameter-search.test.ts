import { describe, expect, it } from 'vitest';
import { createSearch, type Dimension, readDimensions } from '../../../local/services/sagemaker/parameter-search.ts';
import fc from '../../fast-check.ts';

const points = (dimensions: readonly Dimension[], count: number, seed = 1) => {
  const search = createSearch('Random', dimensions, seed);
  return Array.from({ length: count }, () => search.next() ?? {});
};
const numeric = (
  kind: 'Integer' | 'Continuous',
  MinValue: string,
  MaxValue: string,
  ScalingType?: 'Auto' | 'Linear' | 'Logarithmic' | 'ReverseLogarithmic',
) => readDimensions({ ...NONE, [`${kind}ParameterRanges`]: [{ Name: 'x', MinValue, MaxValue, ScalingType }] });
const NONE = {
  IntegerParameterRanges: undefined,
  ContinuousParameterRanges: undefined,
  CategoricalParameterRanges: undefined,
};

describe('a random search', () => {
  it('stays within its ranges, ends included, whatever they are', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1000, max: 1000 }),
        fc.integer({ min: 0, max: 1000 }),
        fc.constantFrom('Integer' as const, 'Continuous' as const),
        fc.nat(),
        (min, width, kind, seed) => {
          const values = points(numeric(kind, String(min), String(min + width)), 20, seed).map(({ x }) => Number(x));
          return values.every(
            (value) => value >= min && value <= min + width && (kind === 'Continuous' || Number.isInteger(value)),
          );
        },
      ),
    );
  });

  it('draws each whole number as often as the others', () => {
    const counts = new Map<string, number>();
    for (const { x = '' } of points(numeric('Integer', '1', '4'), 4000)) counts.set(x, (counts.get(x) ?? 0) + 1);

    expect([...counts.keys()].sort()).toEqual(['1', '2', '3', '4']);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });

  it.each([
    ['Linear', '0.001', '1', 0.5005],
    ['Logarithmic', '0.001', '1', Math.sqrt(0.001)],
    ['Auto', '0.001', '1', Math.sqrt(0.001)],
    ['Auto', '0.5', '1', 0.75],
    ['ReverseLogarithmic', '0', '0.999', 1 - Math.sqrt(0.001)],
  ] as const)('draws half of its points below the middle of a scale: %s from %s to %s', (by, min, max, middle) => {
    const below = points(numeric('Continuous', min, max, by), 2000).filter(({ x }) => Number(x) < middle).length;

    expect(Math.abs(below - 1000)).toBeLessThan(100);
  });

  it('draws the same from the same seed, and something else from another', () => {
    const dimensions = numeric('Continuous', '0', '1');

    expect(points(dimensions, 5, 3)).toEqual(points(dimensions, 5, 3));
    expect(points(dimensions, 5, 3)).not.toEqual(points(dimensions, 5, 4));
  });
});

describe('ranges', () => {
  it.each([
    ['an end that is no number', () => numeric('Continuous', 'a', '1'), /end "a"/],
    ['an empty end', () => numeric('Continuous', ' ', '1'), /continuous value/],
    ['a broken whole number', () => numeric('Integer', '1', '2.5'), /integer value/],
    ['whole numbers on a reverse scale', () => numeric('Integer', '0', '0', 'ReverseLogarithmic'), /Reverse/],
    ['a reverse scale up to 1', () => numeric('Continuous', '0', '1', 'ReverseLogarithmic'), /0 <= x < 1/],
    [
      'a name twice',
      () =>
        readDimensions({
          ...NONE,
          CategoricalParameterRanges: [
            { Name: 'x', Values: ['a'] },
            { Name: 'x', Values: ['b'] },
          ],
        }),
      /unique/,
    ],
    [
      'more than thirty',
      () =>
        readDimensions({
          ...NONE,
          CategoricalParameterRanges: Array.from({ length: 31 }, (_, i) => ({ Name: `x${i}`, Values: ['a'] })),
        }),
      /at most 30/,
    ],
  ])('refuse %s', (_, read, message) => {
    expect(read).toThrow(message);
  });
});

import { describe, expect, it } from 'vitest';
import { exactMoments } from '../../../shared/monitoring/exact-moments.ts';
import { addExact, exactProduct, exactSum, rounded } from '../../../shared/monitoring/exact-sum.ts';
import fc from '../../fast-check.ts';

const terms = fc.array(fc.double({ min: -1e100, max: 1e100, noNaN: true }), { maxLength: 40 });

describe('an exact sum', () => {
  it('keeps what plain addition loses', () => {
    expect(rounded(exactSum([1e100, 1, -1e100]))).toBe(1);
    expect(rounded(exactSum(new Array<number>(10).fill(0.1)))).toBe(1);
    expect(exactSum([])).toEqual([]);
  });

  it('has the same parts whatever the order and the grouping of its terms', () => {
    fc.assert(
      fc.property(terms, fc.nat(40), (values, cut) => {
        const shuffled = [...values].sort((a, b) => (Math.abs(a) % 7) - (Math.abs(b) % 7));

        const split = addExact(exactSum(shuffled.slice(0, cut)), exactSum(shuffled.slice(cut)));

        expect(split).toEqual(exactSum(values));
      }),
    );
  });

  it('is zero with its own negative', () => {
    fc.assert(
      fc.property(terms, (values) => {
        expect(addExact(exactSum(values), exactSum(values.map((value) => -value)))).toEqual([]);
      }),
    );
  });
});

describe('an exact product', () => {
  it('is the product of whole numbers to the last digit', () => {
    const whole = fc
      .integer({ min: -(2 ** 31), max: 2 ** 31 })
      .chain((high) => fc.nat(2 ** 20).map((low) => high * 2 ** 21 + low));
    fc.assert(
      fc.property(whole, whole, (a, b) => {
        const [high, low] = exactProduct(a, b);

        expect(BigInt(high) + BigInt(low)).toBe(BigInt(a) * BigInt(b));
      }),
    );
  });

  it('of many values and of their squares is the same batch by batch as term by term', () => {
    fc.assert(
      fc.property(terms, fc.nat(40), (values, cut) => {
        const moments = exactMoments();
        moments.add(Float64Array.of(...values.slice(0, cut), Number.NaN, 1e160), 1e150);
        moments.add(Float64Array.from(values.slice(cut)), 1e150);

        expect(moments.sums()).toEqual({
          sum: exactSum(values),
          sumOfSquares: exactSum(values.flatMap((value) => exactProduct(value, value))),
        });
      }),
    );
  });
});

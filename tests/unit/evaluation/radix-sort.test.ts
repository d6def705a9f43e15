import { describe, expect, it } from 'vitest';
import { orderAscending, sortAscending } from '../../../shared/evaluation/radix-sort.ts';
import fc from '../../fast-check.ts';

const doubles = fc.array(
  fc.oneof(fc.double({ noNaN: true }), fc.float({ noNaN: true }).map(Math.fround), fc.constantFrom(0, -0, 0.5, 1)),
);
const plain = (values: Iterable<number>) => [...values].map((value) => value + 0);

describe('sorting doubles', () => {
  it('gives the order of their values', () => {
    fc.assert(
      fc.property(doubles, (values) => {
        const sorted = sortAscending(Float64Array.from(values));

        expect([...sorted]).toEqual(plain(values).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
      }),
    );
  });

  it('by index leaves equal values in the order they came', () => {
    fc.assert(
      fc.property(doubles, (values) => {
        const order = orderAscending(Float64Array.from(values));

        const indexes = values.map((_, index) => index);
        const expected = indexes.sort((a, b) => {
          const [x, y] = [values[a] ?? 0, values[b] ?? 0];
          return x < y ? -1 : x > y ? 1 : a - b;
        });
        expect([...order]).toEqual(expected);
      }),
    );
  });

  it('leaves what it was given as it was', () => {
    const values = Float64Array.of(3, -1, 2);

    sortAscending(values);
    orderAscending(values);

    expect([...values]).toEqual([3, -1, 2]);
  });
});

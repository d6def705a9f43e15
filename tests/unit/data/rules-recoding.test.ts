import { describe, expect, it } from 'vitest';

import type { EvolvingColumn, EvolvingDataset } from '../../../shared/data/rules/evolution.ts';
import { rescaledColumns } from '../../../shared/data/rules/recoding.ts';
import fc from '../../fast-check.ts';

const COMPARED = [10, 50, 250, 500, 750, 950, 990];
const dataset = (values: readonly number[], rows = 5000, rest: Partial<EvolvingColumn> = {}): EvolvingDataset => ({
  rows,
  columns: [
    {
      name: 'size',
      type: 'number',
      nulls: 0,
      distinct: null,
      top: [],
      quantiles: COMPARED.map((permille, at) => [permille, values[at] ?? 0]),
      ...rest,
    },
  ],
});
const READ = new Set(['size']);
const told = (before: EvolvingDataset, now: EvolvingDataset): number[] =>
  rescaledColumns(before, now, READ).map(({ value }) => Number(value?.toPrecision(6)));

/** Quantiles of either sign, no two of which are equal. */
const shape = fc
  .tuple(
    fc.double({ min: -50, max: 50, noNaN: true }),
    fc.array(fc.double({ min: 0.5, max: 90, noNaN: true }), { minLength: 7, maxLength: 7 }),
  )
  .map(([from, steps]) => steps.map((_, at) => from + steps.slice(0, at + 1).reduce((sum, step) => sum + step, 0)));
const factor = fc.double({ min: 1.51, max: 1e7, noNaN: true });

describe('a column in another unit', () => {
  it('is known by its scale, whatever its shape, and whichever unit is the smaller', () => {
    fc.assert(
      fc.property(shape, factor, fc.boolean(), (values, times, smaller) => {
        const scaled = values.map((value) => (smaller ? value / times : value * times));

        expect(told(dataset(values), dataset(scaled))).toEqual([Number((smaller ? 1 / times : times).toPrecision(6))]);
      }),
    );
  });

  it('is none where values have risen, or spread, or one end of them has moved', () => {
    fc.assert(
      fc.property(
        shape,
        fc.double({ min: 0.67, max: 1.49, noNaN: true }),
        fc.constantFrom(1, 2, 3, 4, 5),
        (values, times, at) => {
          fc.pre(values[at] !== 0);
          const bent = values.map((value, place) => value * (place === at ? 60 * 1.2 : 60));

          expect(told(dataset(values), dataset(values.map((value) => value * times)))).toEqual([]);
          expect(told(dataset(values), dataset(bent))).toEqual([]);
          expect(told(dataset(values), dataset(values.map((value) => -60 * value)))).toEqual([]);
        },
      ),
    );
  });

  const values = [1, 2, 3, 5, 8, 13, 21];
  const scaled = values.map((value) => 60 * value);
  it.each<[string, EvolvingDataset, EvolvingDataset]>([
    ['of few rows', dataset(values, 99), dataset(scaled)],
    ['of few rows now', dataset(values), dataset(scaled, 99)],
    ['of few values', dataset([0, 0, 0, 1, 1, 2, 2]), dataset([0, 0, 0, 60, 60, 120, 120])],
    ['with as many zeros as before and others not', dataset([0, 0, 3, 5, 8, 13, 21]), dataset(scaled)],
    [
      'that numbers its rows',
      dataset([10, 50, 250, 500, 750, 950, 990], 1000, { type: 'integer' }),
      dataset([20, 100, 500, 1000, 1500, 1900, 1980], 2000, { type: 'integer' }),
    ],
    ['that was not there', { rows: 5000, columns: [] }, dataset(scaled)],
    ['that has no quantiles', dataset(values), dataset(scaled, 5000, { quantiles: undefined })],
  ])('is not seen in one %s', (_, before, now) => {
    expect(told(before, now)).toEqual([]);
  });
});

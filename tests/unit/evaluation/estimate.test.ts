import { describe, expect, it } from 'vitest';
import { clustersOf } from '../../../shared/evaluation/clusters.ts';
import { studentCritical } from '../../../shared/evaluation/distributions.ts';
import {
  boundsOf,
  type Estimate,
  meanEstimate,
  type NoEstimate,
  tailBelow,
} from '../../../shared/evaluation/estimate.ts';
import { compareLosses } from '../../../shared/evaluation/paired-loss.ts';
import fc from '../../fast-check.ts';

const told = (estimate: Estimate | NoEstimate): Estimate => {
  if ('undefinedBecause' in estimate) throw new Error(estimate.undefinedBecause);
  return estimate;
};

const values = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 12, maxLength: 40 });

describe('the mean of rows', () => {
  it('has the textbook error: 1, 2, 3, 4, 5', () => {
    const { value, standardError, degreesOfFreedom } = told(
      meanEstimate({ terms: Float64Array.of(1, 2, 3, 4, 5), weights: null }, null),
    );

    expect([value, degreesOfFreedom]).toEqual([3, 4]);
    expect(standardError).toBeCloseTo(Math.sqrt(2.5 / 5), 12);
  });

  it('has the same error with a cluster for each row', () => {
    fc.assert(
      fc.property(values, (rows) => {
        const terms = Float64Array.from(rows);

        const single = told(meanEstimate({ terms, weights: null }, null));
        const clustered = told(meanEstimate({ terms, weights: null }, clustersOf(rows.map((_, row) => row))));

        expect(Math.abs(clustered.standardError - single.standardError)).toBeLessThan(1e-9);
        expect(clustered.degreesOfFreedom).toBe(single.degreesOfFreedom);
      }),
    );
  });

  it('is told no better by copies of its rows, where copies are of one cluster', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 2, max: 5 }), (rows, copies) => {
        const copied = Array.from({ length: copies }, () => rows).flat();
        const clusters = clustersOf(copied.map((_, at) => at % rows.length));

        const once = told(meanEstimate({ terms: Float64Array.from(rows), weights: null }, null));
        const often = told(meanEstimate({ terms: Float64Array.from(copied), weights: null }, clusters));

        expect(Math.abs(often.standardError - once.standardError)).toBeLessThan(1e-9);
      }),
    );
  });

  it('of whole weights is that of as many rows, and rows of no weight do not count', () => {
    const weighted = told(
      meanEstimate({ terms: Float64Array.of(1, 5, 9, 7), weights: Float64Array.of(2, 1, 1, 0) }, null),
    );

    expect(weighted.value).toBe(4);
    expect(weighted.degreesOfFreedom).toBe(2);
  });

  it('agrees with the paired comparison of losses, clustered and not', () => {
    const [challenger, champion] = [Float64Array.of(1, 2, 4, 3, 6, 2), Float64Array.of(2, 1, 5, 5, 5, 4)];
    for (const clusters of [null, clustersOf(['a', 'b', 'c', 'd', 'e', 'e'])]) {
      const terms = challenger.map((loss, row) => loss - (champion[row] ?? 0));

      const ours = told(meanEstimate({ terms, weights: null }, clusters));

      const theirs = compareLosses({ challenger, champion, margin: 0, clusters: clusters ?? undefined });
      expect(ours.value).toBeCloseTo(theirs.meanDifference ?? Number.NaN, 12);
      expect(ours.standardError).toBeCloseTo(theirs.standardError ?? Number.NaN, 12);
      expect(2 * tailBelow({ ...ours, value: -Math.abs(ours.value) }, 0)).toBeCloseTo(
        theirs.pTwoSided ?? Number.NaN,
        9,
      );
    }
  });

  it('is not told from one row, nor from four clusters', () => {
    expect(meanEstimate({ terms: Float64Array.of(1), weights: null }, null)).toHaveProperty('undefinedBecause');
    expect(
      meanEstimate({ terms: Float64Array.of(1, 2, 3, 4, 5), weights: null }, clustersOf(['a', 'b', 'c', 'd', 'd'])),
    ).toMatchObject({ undefinedBecause: expect.stringContaining('4 clusters') });
  });
});

describe('bounds', () => {
  // From printed tables of Student's t.
  it.each([
    [0.025, 1, 12.706],
    [0.025, 4, 2.776],
    [0.05, 19, 1.729],
    [0.05, 1_000_000, 1.645],
    [0.95, 19, -1.729],
  ])('go by the t that is exceeded with probability %f at %i degrees of freedom', (tail, dof, expected) => {
    expect(studentCritical(tail, dof)).toBeCloseTo(expected, 3);
  });

  it('meet where nothing varies', () => {
    const still: Estimate = {
      value: 0.2,
      standardError: 0,
      independentError: 0,
      degreesOfFreedom: null,
      neighbours: null,
    };

    expect(boundsOf(still, 0.95)).toEqual({ interval: [0.2, 0.2], lower: 0.2, upper: 0.2, pValue: 0 });
    expect(boundsOf({ ...still, value: 0 }, 0.95).pValue).toBe(1);
    expect([tailBelow(still, 0.3), tailBelow(still, 0.1)]).toEqual([0, 1]);
  });
});

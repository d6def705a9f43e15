import { describe, expect, it } from 'vitest';
import { rankingOf, rocAuc } from '../../../shared/evaluation/binary-metrics.ts';
import { calibrationBins, rocCurve } from '../../../shared/evaluation/curves.ts';
import fc from '../../fast-check.ts';

describe('the ROC curve', () => {
  it('runs from no answer to all, and encloses the area the AUC says', () => {
    const row = fc.record({ label: fc.constantFrom(0, 1), score: fc.integer({ min: 0, max: 20 }).map((n) => n / 20) });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 200 }), (rows) => {
        const ranking = rankingOf({
          labels: Float64Array.from(rows, ({ label }) => label),
          scores: Float64Array.from(rows, ({ score }) => score),
        });

        const curve = rocCurve(ranking, 10_000);

        const auc = rocAuc(ranking);
        if (auc === null) expect(curve).toBeNull();
        else {
          const points = curve ?? [];
          const area = points.reduce((sum, [x, y], at) => {
            const [x0, y0] = points[at - 1] ?? [0, 0];
            return sum + ((x - x0) * (y + y0)) / 2;
          }, 0);
          expect([points[0], points.at(-1)]).toEqual([
            [0, 0],
            [1, 1],
          ]);
          expect(area).toBeCloseTo(auc, 10);
        }
      }),
    );
  });

  it('is thinned to about the number of points asked for', () => {
    const labels = Float64Array.from({ length: 10_000 }, (_, row) => row % 2);
    const scores = Float64Array.from(labels, (label, row) => (label === 1 ? Math.sqrt(row / 1e4) : row / 1e4));

    const curve = rocCurve(rankingOf({ labels, scores }), 50);

    expect(curve?.length).toBeGreaterThan(40);
    expect(curve?.length).toBeLessThan(55);
  });
});

describe('calibration bins', () => {
  it('hold each row in one bin of a tenth, a score of one in the last', () => {
    const labels = Float64Array.of(0, 1, 1, 1, 0);
    const scores = Float64Array.of(0, 0.05, 0.1, 1, 0.95);

    const bins = calibrationBins(labels, scores);

    expect(bins).toEqual([
      { rows: 2, meanScore: 0.025, positiveShare: 0.5 },
      { rows: 1, meanScore: 0.1, positiveShare: 1 },
      { rows: 2, meanScore: 0.975, positiveShare: 0.5 },
    ]);
  });
});

import { describe, expect, it } from 'vitest';

import { equalMassCalibration, equalWidthCalibration } from '../../../shared/evaluation/calibration.ts';
import { multiclassMetrics } from '../../../shared/evaluation/multiclass-metrics.ts';
import { queryMetrics } from '../../../shared/evaluation/ranking-metrics.ts';
import { signedRankP } from '../../../shared/evaluation/signed-rank.ts';

describe('the figures of several classes', () => {
  const probabilities = [
    Float64Array.of(0.6, 0.2, 0.3, 0.1),
    Float64Array.of(0.3, 0.5, 0.3, 0.2),
    Float64Array.of(0.1, 0.3, 0.4, 0.7),
  ];
  const labels = Uint32Array.of(0, 1, 1, 2);

  it('take a whole weight for that many equal rows', () => {
    const rows = [0, 1, 1, 2, 2, 2, 3];
    const repeated = multiclassMetrics({
      labels: Uint32Array.from(rows, (row) => labels[row] ?? 0),
      probabilities: probabilities.map((column) => Float64Array.from(rows, (row) => column[row] ?? 0)),
    });

    const weighted = multiclassMetrics({ labels, probabilities, weights: Float64Array.of(1, 2, 3, 1) });

    expect(weighted.confusion).toEqual(repeated.confusion);
    for (const [name, figure] of Object.entries(repeated.metrics)) {
      expect(Object.entries(weighted.metrics)).toContainEqual([name, expect.closeTo(figure, 12)]);
    }
  });

  it('are undefined without a row', () => {
    const none = new Float64Array(0);

    const { metrics } = multiclassMetrics({ labels: new Uint32Array(0), probabilities: [none, none] });

    expect(new Set(Object.values(metrics))).toEqual(new Set([null]));
  });

  it('have no correlation with one true class alone', () => {
    const { metrics } = multiclassMetrics({ labels: labels.fill(1), probabilities });

    expect(metrics).toMatchObject({ mcc: null, roc_auc_ovr_macro: null, roc_auc_ovo_macro: null });
  });

  it('refuse a class without a column, and columns of other lengths', () => {
    expect(() =>
      multiclassMetrics({ labels: Uint32Array.of(3), probabilities: [new Float64Array(1), new Float64Array(1)] }),
    ).toThrow('class 3 of 2');
    expect(() => multiclassMetrics({ labels, probabilities: [new Float64Array(4), new Float64Array(3)] })).toThrow(
      'other lengths',
    );
    expect(() => multiclassMetrics({ labels, probabilities: [new Float64Array(4)] })).toThrow('1 classes');
  });
});

describe('the figures of a ranked list', () => {
  it('refuse negative relevance, unequal columns and a cut-off that is none', () => {
    const scores = Float64Array.of(2, 1);

    expect(() => queryMetrics({ relevance: Float64Array.of(-1, 1), scores }, [1])).toThrow('below zero');
    expect(() => queryMetrics({ relevance: Float64Array.of(1), scores }, [1])).toThrow('1 items, 2 scores');
    expect(() => queryMetrics({ relevance: Float64Array.of(0, 1), scores }, [0])).toThrow('the first 0');
  });
});

describe('calibration', () => {
  it('has no answer without rows, and refuses what is no probability', () => {
    const none = { labels: new Float64Array(0), scores: new Float64Array(0) };
    const wrong = { labels: Float64Array.of(1), scores: Float64Array.of(1.2) };

    expect([equalWidthCalibration(none), equalMassCalibration(none)]).toEqual([null, null]);
    expect(() => equalWidthCalibration(wrong)).toThrow('1.2 is not a probability');
    expect(() => equalMassCalibration({ ...wrong, scores: Float64Array.of(0.1, 0.2) })).toThrow('1 labels, 2 scores');
  });
});

describe('the signed-rank test', () => {
  it('counts out the signs of few differences', () => {
    // All eight of eight positive: two of the 2^8 ways are as extreme.
    expect(signedRankP(Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8))).toBeCloseTo(2 / 256, 12);
    expect(signedRankP(Float64Array.of(-1, 2, 3))).toBeCloseTo(0.5, 12);
  });

  it('has no answer where nothing differs', () => {
    expect(signedRankP(Float64Array.of(0, 0))).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { averagePrecision, binaryMetrics, rankingOf, rocAuc } from '../../../shared/evaluation/binary-metrics.ts';
import { withoutMissing } from '../../../shared/evaluation/missing.ts';
import fc from '../../fast-check.ts';
import { columnOf, expectFigures, readVectors } from './vectors.ts';

const vectors = readVectors('binary_metrics');

describe('the figures of a binary model', () => {
  it.each(vectors.cases)('agree with scikit-learn: $id', ({ input, expected }) => {
    const pairs = withoutMissing({
      labels: columnOf(input, 'y_true'),
      scores: columnOf(input, 'y_score'),
      weights: input.sample_weight === undefined ? undefined : columnOf(input, 'sample_weight'),
    });
    const { confusion: cells, ...figures } = expected;

    const { metrics, confusion } = binaryMetrics({ ...pairs, threshold: z.number().parse(input.threshold) });

    const counts = { n: pairs.labels.length, n_used: pairs.labels.length, n_dropped: pairs.dropped };
    expectFigures({ ...metrics, ...counts }, figures, vectors.default_tolerance);
    expectFigures({ ...confusion }, z.record(z.string(), z.number()).parse(cells), vectors.default_tolerance);
  });

  it('are undefined without a row', () => {
    const none = new Float64Array(0);

    const { metrics } = binaryMetrics({ labels: none, scores: none, threshold: 0.5 });

    expect(new Set(Object.values(metrics))).toEqual(new Set([null]));
  });

  it('are refused where labels and scores differ in number', () => {
    expect(() =>
      binaryMetrics({ labels: Float64Array.of(0, 1), scores: Float64Array.of(0.5), threshold: 0.5 }),
    ).toThrow('2 labels, 1 scores');
  });

  const rows = fc.array(
    fc.record({
      label: fc.constantFrom(0, 1),
      // Few distinct scores, so that ties within and across the classes are common.
      score: fc.oneof(fc.constantFrom(0, -0, 0.25, 0.5, 1), fc.double({ min: 0, max: 1, noNaN: true })),
      weight: fc.integer({ min: 1, max: 4 }),
    }),
    { minLength: 1, maxLength: 60 },
  );

  it('count the pairs of a positive and a negative row that are in order, ties half', () => {
    fc.assert(
      fc.property(rows, (cases) => {
        const positives = cases.filter(({ label }) => label === 1);
        const negatives = cases.filter(({ label }) => label === 0);
        const won = positives
          .flatMap((p) => negatives.map((n): number => (p.score === n.score ? 0.5 : p.score > n.score ? 1 : 0)))
          .reduce((sum, point) => sum + point, 0);
        const pairs = positives.length * negatives.length;

        const auc = rocAuc(
          rankingOf({
            labels: Float64Array.from(cases, ({ label }) => label),
            scores: Float64Array.from(cases, ({ score }) => score),
          }),
        );

        expect(auc).toBe(pairs === 0 ? null : won / pairs);
      }),
    );
  });

  it('take a whole weight for that many equal rows', () => {
    fc.assert(
      fc.property(rows, (cases) => {
        const repeated = cases.flatMap((row) => Array.from({ length: row.weight }, () => row));
        const columns = (some: typeof cases) => ({
          labels: Float64Array.from(some, ({ label }) => label),
          scores: Float64Array.from(some, ({ score }) => score),
          threshold: 0.5,
        });

        const weighted = binaryMetrics({
          ...columns(cases),
          weights: Float64Array.from(cases, ({ weight }) => weight),
        });

        const { metrics, confusion } = binaryMetrics(columns(repeated));
        expectFigures({ ...weighted.metrics }, { ...metrics }, { abs: 1e-12, rel: 1e-12 });
        expect(weighted.confusion).toEqual(confusion);
      }),
    );
  });

  it('do not depend on the order of the rows, nor the ranks on a rising transformation of the scores', () => {
    fc.assert(
      fc.property(rows, fc.infiniteStream(fc.nat()), (cases, keys) => {
        const shuffled = cases.map((row) => ({ row, key: keys.next().value })).sort((a, b) => a.key - b.key);
        const ranking = (some: typeof cases, score: (value: number) => number) =>
          rankingOf({
            labels: Float64Array.from(some, ({ label }) => label),
            scores: Float64Array.from(some, (row) => score(row.score)),
          });
        const plain = ranking(cases, (score) => score);
        const scaled = ranking(
          shuffled.map(({ row }) => row),
          // A power of two, so that no two scores become one.
          (score) => score * 4,
        );

        const figures = [rocAuc(scaled), averagePrecision(scaled)];

        expect(figures).toEqual([rocAuc(plain), averagePrecision(plain)]);
      }),
    );
  });
});

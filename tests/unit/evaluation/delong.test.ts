import { describe, expect, it } from 'vitest';
import { clustersOf, timeBlocks } from '../../../shared/evaluation/clusters.ts';
import { compareAuc, structuralComponents } from '../../../shared/evaluation/delong.ts';
import { compareLosses } from '../../../shared/evaluation/paired-loss.ts';
import { randomStream } from '../../../shared/evaluation/random.ts';
import fc from '../../fast-check.ts';

function sample(rows: number, seed: number) {
  const { uniform } = randomStream(seed);
  const labels = Float64Array.from({ length: rows }, (_, row) => (row < 4 ? row % 2 : uniform() < 0.4 ? 1 : 0));
  const scored = (skill: number): Float64Array =>
    labels.map((label) => Math.round(20 * (label * skill + uniform())) / 20);
  return { labels, challenger: scored(0.6), champion: scored(0.4) };
}

const repeated = (column: Float64Array, times: number): Float64Array =>
  Float64Array.from({ length: column.length * times }, (_, row) => column[row % column.length] ?? 0);

describe('the structural components of an AUC', () => {
  it('are the shares of the other class beaten, ties half', () => {
    const labels = Float64Array.of(0, 1, 0, 1);
    const scores = Float64Array.of(0.1, 0.5, 0.5, 0.9);

    expect([...structuralComponents({ labels, scores })]).toEqual([1, 0.75, 0.75, 1]);
  });
});

describe('the clustered comparison of two AUCs', () => {
  it('is DeLong’s where every row is its own cluster', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 200 }), fc.integer(), (rows, seed) => {
        const paired = sample(rows, seed);
        const alone = clustersOf(Uint32Array.from({ length: rows }, (_, row) => row));

        const [plain, clustered] = [compareAuc(paired), compareAuc({ ...paired, clusters: alone })];

        expect(clustered.standardError ?? Number.NaN).toBeCloseTo(plain.standardError ?? Number.NaN, 12);
        expect(clustered.covariance ?? Number.NaN).toBeCloseTo(plain.covariance ?? Number.NaN, 12);
        expect(clustered.effectiveRows ?? rows).toBeCloseTo(rows, 6);
      }),
      { numRuns: 30 },
    );
  });

  it('learns nothing from rows that are copies, where DeLong grows too sure', () => {
    const rows = sample(120, 7);
    const times = 5;
    const copies = {
      labels: repeated(rows.labels, times),
      challenger: repeated(rows.challenger, times),
      champion: repeated(rows.champion, times),
    };
    const clusters = clustersOf(Uint32Array.from({ length: 120 * times }, (_, row) => row % 120));

    const [once, copied, clustered] = [compareAuc(rows), compareAuc(copies), compareAuc({ ...copies, clusters })];

    const error = once.standardError ?? Number.NaN;
    expect(clustered.standardError).toBeCloseTo(error, 10);
    expect(copied.standardError ?? Number.NaN).toBeLessThan(error / Math.sqrt(times) + 1e-3);
    expect(clustered.effectiveRows ?? Number.NaN).toBeGreaterThan(110);
    expect(clustered.effectiveRows ?? Number.NaN).toBeLessThan(130);
  });

  it('has no answer where all positives are in one cluster', () => {
    const compared = compareAuc({
      labels: Float64Array.of(1, 1, 0, 0),
      challenger: Float64Array.of(0.9, 0.4, 0.5, 0.1),
      champion: Float64Array.of(0.8, 0.7, 0.5, 0.9),
      clusters: clustersOf(['a', 'a', 'b', 'c']),
    });

    expect(compared).toMatchObject({ standardError: null, pTwoSided: null, lower95OneSided: null });
    expect(compared.auc).not.toBeNull();
  });

  it('refuses clusters of other rows, and labels that are none', () => {
    const rows = sample(10, 1);

    expect(() => compareAuc({ ...rows, clusters: clustersOf([1, 2]) })).toThrow('2 clustered rows of 10');
    expect(() => compareAuc({ ...rows, labels: rows.labels.fill(2) })).toThrow('neither 0 nor 1');
    expect(() => clustersOf(Float64Array.of(1, Number.NaN))).toThrow('row 1 has no cluster');
  });
});

describe('blocks of time', () => {
  it('are UTC days, numbered as they first come', () => {
    const hour = 3_600_000;

    expect(timeBlocks([23 * hour, 24 * hour, 25 * hour, 2 * hour, -hour])).toEqual({
      ids: Uint32Array.of(0, 1, 1, 0, 2),
      count: 3,
    });
  });
});

describe('the clustered comparison of two losses', () => {
  const { uniform } = randomStream(3);
  const challenger = Float64Array.from({ length: 80 }, uniform);
  const champion = Float64Array.from({ length: 80 }, uniform);

  it('is the plain one where every row is its own cluster', () => {
    const alone = clustersOf(Uint32Array.from(challenger, (_, row) => row));

    const plain = compareLosses({ challenger, champion, margin: 0 });
    const clustered = compareLosses({ challenger, champion, margin: 0, clusters: alone });

    expect(clustered.standardError).toBeCloseTo(plain.standardError ?? Number.NaN, 12);
  });

  it('learns nothing from rows that are copies', () => {
    const clusters = clustersOf(Uint32Array.from({ length: 320 }, (_, row) => row % 80));

    const plain = compareLosses({ challenger, champion, margin: 0 });
    const copied = compareLosses({
      challenger: repeated(challenger, 4),
      champion: repeated(champion, 4),
      margin: 0,
      clusters,
    });

    expect(copied.standardError).toBeCloseTo(plain.standardError ?? Number.NaN, 12);
  });

  it('has no answer from one cluster, and refuses a loss that is no number', () => {
    const clusters = clustersOf(['a', 'a']);
    const two = { challenger: Float64Array.of(1, 2), champion: Float64Array.of(2, 2), margin: 0 };

    expect(compareLosses({ ...two, clusters })).toMatchObject({ meanDifference: -0.5, nonInferior: null });
    expect(() => compareLosses({ ...two, champion: Float64Array.of(1, Number.NaN) })).toThrow('not a finite number');
  });
});

import { describe, expect, it } from 'vitest';
import { averagePrecision, rankingOf, rocAuc } from '../../../shared/evaluation/binary-metrics.ts';
import { bootstrap } from '../../../shared/evaluation/bootstrap.ts';
import { clustersOf } from '../../../shared/evaluation/clusters.ts';
import { randomStream } from '../../../shared/evaluation/random.ts';
import { resampledRanking } from '../../../shared/evaluation/resampled-ranking.ts';

const { uniform } = randomStream(11);
const values = Float64Array.from({ length: 300 }, uniform);
const meanOf =
  (column: Float64Array) =>
  (rows: Uint32Array): number =>
    rows.reduce((sum, row) => sum + (column[row] ?? 0), 0) / rows.length;

describe('the bootstrap', () => {
  it('gives the same answer for the same seed, and another for another', () => {
    const drawn = (seed: number) => bootstrap({ rows: 300, seed, draws: 200 }, meanOf(values));

    expect(drawn(5)).toEqual(drawn(5));
    expect(drawn(5)).not.toEqual(drawn(6));
  });

  it('finds the standard error of a mean', () => {
    const centre = values.reduce((sum, value) => sum + value, 0) / 300;
    const error = Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / 300 / 300);

    const { standardError, interval95 } = bootstrap({ rows: 300, seed: 1 }, meanOf(values));

    expect((standardError ?? 0) / error).toBeGreaterThan(0.93);
    expect((standardError ?? 0) / error).toBeLessThan(1.07);
    expect(interval95?.[0]).toBeCloseTo(centre - 1.96 * error, 2);
  });

  it('draws whole clusters, so that copies tell nothing new', () => {
    const copied = Float64Array.from({ length: 1_200 }, (_, row) => values[row % 300] ?? 0);
    const clusters = clustersOf(Uint32Array.from({ length: 1_200 }, (_, row) => row % 300));

    const once = bootstrap({ rows: 300, seed: 1 }, meanOf(values)).standardError ?? 0;
    const rowByRow = bootstrap({ rows: 1_200, seed: 1 }, meanOf(copied)).standardError ?? 0;
    const byCluster = bootstrap({ rows: 1_200, seed: 1, clusters }, meanOf(copied)).standardError ?? 0;

    expect(byCluster / once).toBeCloseTo(1, 1);
    expect(rowByRow / once).toBeCloseTo(0.5, 1);
  });

  it('keeps the size of every stratum', () => {
    const strata = clustersOf(Uint32Array.from({ length: 300 }, (_, row) => (row < 3 ? 0 : 1)));

    const { undefinedDraws } = bootstrap({ rows: 300, seed: 1, draws: 100, strata }, (rows) =>
      rows.filter((row) => row < 3).length === 3 ? 1 : null,
    );

    expect(undefinedDraws).toBe(0);
  });

  it('has no bounds as soon as one draw is undefined, or without rows', () => {
    const rare = bootstrap({ rows: 300, seed: 1 }, (rows) => (rows.includes(0) ? 1 : null));
    const none = bootstrap({ rows: 0, seed: 1 }, () => 1);

    expect(rare).toMatchObject({ standardError: null, interval95: null, lower95OneSided: null });
    expect(rare.undefinedDraws).toBeGreaterThan(0);
    expect(none).toMatchObject({ standardError: null, undefinedDraws: 2_000 });
  });

  it('refuses what it cannot draw', () => {
    const groups = clustersOf([1, 1, 2]);

    expect(() => bootstrap({ rows: 3, seed: 1, strata: groups, clusters: groups }, () => 1)).toThrow('not both');
    expect(() => bootstrap({ rows: 4, seed: 1, clusters: groups }, () => 1)).toThrow('3 clustered rows of 4');
    expect(() => bootstrap({ rows: 3, seed: 1, draws: 1 }, () => 1)).toThrow('1 draws');
  });
});

describe('a ranking of drawn rows', () => {
  it('gives the figures of those rows, sorted anew', () => {
    const labels = values.map((value) => (uniform() < value ? 1 : 0));
    const scores = values.map((value) => Math.round(value * 20) / 20);
    const draw = resampledRanking(labels, scores);

    for (let at = 0; at < 20; at += 1) {
      const rows = Uint32Array.from({ length: 300 }, () => Math.floor(uniform() * 300));
      const drawn = {
        labels: Float64Array.from(rows, (row) => labels[row] ?? 0),
        scores: Float64Array.from(rows, (row) => scores[row] ?? 0),
      };

      const ranking = draw(rows);

      expect(rocAuc(ranking)).toBe(rocAuc(rankingOf(drawn)));
      expect(averagePrecision(ranking)).toBe(averagePrecision(rankingOf(drawn)));
    }
  });
});

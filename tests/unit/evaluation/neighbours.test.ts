import { describe, expect, it } from 'vitest';
import { type Clusters, clustersAt, clustersOf, placesInOrder } from '../../../shared/evaluation/clusters.ts';
import { studentCritical } from '../../../shared/evaluation/distributions.ts';
import { boundsOf, meanEstimate } from '../../../shared/evaluation/estimate.ts';
import { evaluateGate } from '../../../shared/evaluation/evaluate-gate.ts';
import { type ClusteredError, errorOfParts, widestError } from '../../../shared/evaluation/neighbours.ts';
import fc from '../../fast-check.ts';
import { byDay, daysInTime, gateRows, input, policy, population, scoresOf } from './gate-input.ts';

const inOrder = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, at) => at);

function widest(parts: readonly number[], order: Uint32Array | null = inOrder(parts.length)): ClusteredError {
  const found = widestError(
    { count: parts.length, inTime: order ?? undefined },
    errorOfParts(Float64Array.from(parts)),
  );
  if (found === null) throw new Error('no error');
  return found;
}

const boundOf = ({ standardError, degreesOfFreedom }: ClusteredError): number =>
  standardError * studentCritical(0.05, degreesOfFreedom);

describe('blocks of neighbouring days', () => {
  it('are joined where one day goes as the day before, and not where it does not', () => {
    const lasting = widest([1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1]);
    const turning = widest([1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1]);

    expect(lasting).toMatchObject({ neighbours: 3, degreesOfFreedom: 3 });
    expect(lasting.standardError).toBeCloseTo(Math.sqrt((4 / 3) * 4 * 9), 12);
    expect(turning).toMatchObject({ neighbours: 1, degreesOfFreedom: 11 });
    expect(turning.standardError).toBeCloseTo(Math.sqrt((12 / 11) * 12), 12);
  });

  it('leave at least three, whatever the number of days', () => {
    for (const days of [6, 7, 11, 20, 59, 400]) {
      const rising = Array.from({ length: days }, (_, day) => day - (days - 1) / 2);

      const { neighbours, degreesOfFreedom } = widest(rising);

      expect(degreesOfFreedom, `${days} days`).toBe(Math.floor(days / (neighbours ?? 0)) - 1);
      expect(degreesOfFreedom, `${days} days`).toBeGreaterThanOrEqual(2);
      expect(degreesOfFreedom, `${days} days`).toBeLessThanOrEqual(3);
    }
  });

  it('never tell a narrower bound than days alone', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 6, maxLength: 40 }), (parts) => {
        const alone = widest(parts, null);

        expect(alone.neighbours).toBeNull();
        expect(boundOf(widest(parts))).toBeGreaterThanOrEqual(boundOf(alone) - 1e-12);
      }),
    );
  });

  it('are neighbours in time, wherever their rows lie', () => {
    const parts = [1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1];
    const shuffled = placesInOrder([0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11]);

    expect(widest(parts, shuffled)).toEqual(widest([1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1]));
  });

  it('stay in order in a slice that lacks some of the days', () => {
    const days: Clusters = { ids: Uint32Array.of(2, 0, 1, 3, 0), count: 4, inTime: Uint32Array.of(3, 0, 2, 1) };

    expect(clustersAt(days, Uint32Array.of(0, 2, 3))).toEqual({
      ids: Uint32Array.of(0, 1, 2),
      count: 3,
      inTime: Uint32Array.of(2, 0, 1),
    });
  });

  it('count only where a row counts', () => {
    const clusters = { ...clustersOf([0, 1, 2, 3, 4, 5, 6, 7]), inTime: inOrder(8) };
    const terms = Float64Array.of(1, 9, 1, 9, -1, -1, 1, 1);
    const weights = Float64Array.of(1, 0, 1, 0, 1, 1, 1, 1);

    const some = meanEstimate({ terms, weights }, clusters);
    const alone = meanEstimate(
      { terms: Float64Array.of(1, 1, -1, -1, 1, 1), weights: null },
      { ...clustersOf([0, 1, 2, 3, 4, 5]), inTime: inOrder(6) },
    );

    expect(some).toEqual(alone);
    expect(some).toMatchObject({ neighbours: 2, degreesOfFreedom: 2 });
  });

  it('are not told from fewer than six', () => {
    const five = { ...clustersOf([0, 1, 2, 3, 4]), inTime: inOrder(5) };

    expect(meanEstimate({ terms: Float64Array.of(1, 2, 3, 4, 5), weights: null }, five)).toEqual({
      undefinedBecause: expect.stringContaining('5 clusters; at least 6'),
    });
  });
});

describe('a gate of consecutive days', () => {
  const DAYS = population(1_200, 12, 11, 0.8);
  // Three days alike: what the candidate gains goes up and down with them.
  const lasting = DAYS.better.map((score, row) =>
    Math.floor((DAYS.days[row] ?? 0) / 3) % 2 === 0 ? score : (DAYS.worse[row] ?? 0),
  );

  it.each(['roc_auc', 'log_loss', 'f1', 'average_precision'])(
    'is less sure by %s where days tell the same as their neighbours',
    (metric) => {
      const judge = (cluster: ReturnType<typeof byDay>) =>
        evaluateGate(
          input({
            rows: gateRows(DAYS.labels, { cluster }),
            policy: policy({ metric }),
            candidate: scoresOf(lasting),
            champion: { run: 'champion', scores: scoresOf(DAYS.worse) },
          }),
        ).evaluation.againstChampion;

      const [alone, joined] = [judge(byDay(DAYS)), judge(daysInTime(DAYS))];

      expect(alone?.neighbours).toBeNull();
      expect(joined?.neighbours).toBeGreaterThan(1);
      expect(joined?.gain).toBe(alone?.gain);
      expect(joined?.lower).toBeLessThan(alone?.lower ?? Number.NEGATIVE_INFINITY);
      expect(joined?.effectiveRows).toBeLessThan(alone?.effectiveRows ?? 0);
      // What is told adds up: bound, error and degrees of freedom are of the same blocks.
      const told = boundsOf(
        {
          value: joined?.gain ?? Number.NaN,
          standardError: joined?.standardError ?? Number.NaN,
          independentError: null,
          degreesOfFreedom: joined?.degreesOfFreedom ?? null,
          neighbours: null,
        },
        0.95,
      );
      expect(joined?.lower).toBeCloseTo(told.lower, 12);
    },
  );

  it('never says that rows tell more than there are', () => {
    const alike = gateRows(DAYS.labels, {
      cluster: { by: 'row', clusters: clustersOf(DAYS.labels.map((_, row) => row % 600)) },
    });
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const other = population(1_200, 12, seed, 0);
      const { againstChampion } = evaluateGate(
        input({
          rows: { ...alike, labels: other.labels },
          candidate: scoresOf(other.better),
          champion: { run: 'champion', scores: scoresOf(other.worse) },
        }),
      ).evaluation;

      expect(againstChampion?.effectiveRows).toBeLessThanOrEqual(1_200);
    }
  });
});

describe('the spread of the candidate’s own figure', () => {
  const DAYS = population(1_200, 12, 11, 0.8);

  it.each(['roc_auc', 'log_loss', 'f1'])('is told by %s: of all days together, and of each for itself', (metric) => {
    const spreadOf = (cluster: ReturnType<typeof byDay> | null) =>
      evaluateGate(
        input({
          rows: gateRows(DAYS.labels, { cluster }),
          policy: policy({ metric }),
          candidate: scoresOf(DAYS.better),
        }),
      ).evaluation.candidateSpread;

    const [single, alone, joined] = [null, byDay(DAYS), daysInTime(DAYS)].map(spreadOf);

    expect(single).toMatchObject({ metric, byCluster: null });
    expect(alone?.byCluster).toBe(alone?.standardError);
    expect(alone).toMatchObject({ metric, degreesOfFreedom: 11 });
    expect(joined?.byCluster).toBeCloseTo(alone?.byCluster ?? Number.NaN, 12);
    expect(joined?.degreesOfFreedom).toBeLessThanOrEqual(11);
  });
});

import { describe, expect, it } from 'vitest';

import type { Flights } from '../../../bench/aa-study/flights.ts';
import { judge } from '../../../bench/folds-study/judging.ts';
import { type Judgement, replicate } from '../../../bench/folds-study/replication.ts';
import { atTheLimit, report } from '../../../bench/folds-study/tables.ts';
import { blindMargins, type FoldedRows, train } from '../../../bench/folds-study/training.ts';
import { blurred, blurTo, goodness, noiseOf, referenceOf } from '../../../bench/folds-study/truth.ts';
import { randomStream } from '../../../shared/evaluation/random.ts';

const CELLS = 60;

/** Flights of one day, the later in their cell the more delayed; no cell comes twice in the rows to train on. */
const flights: Flights = (() => {
  const { below, uniform } = randomStream(5);
  const cells = Uint32Array.from({ length: 4_000 }, () => below(CELLS));
  return {
    cells: { rows: CELLS, columns: 1, values: Float32Array.from({ length: CELLS }, (_, cell) => cell) },
    days: [{ date: '2001-01-01', cells, labels: Float64Array.from(cells, (cell) => cell / 2 + 20 * uniform() - 10) }],
  };
})();

const judgement = (of: Partial<Judgement>): Judgement => ({
  pair: 1,
  problem: 'binary',
  rows: 200,
  folds: 5,
  design: 'grown',
  metric: 'roc_auc',
  isHandicapped: false,
  truth: 0,
  gain: 0.02,
  rowError: 0.01,
  byRows: { lower: 0.004, upper: 0.036 },
  byGate: { lower: -0.005, upper: 0.045 },
  foldError: 0.001,
  ...of,
});

describe('the study of folds', () => {
  it('asks of each row the model that never saw its fold', () => {
    const cells = Uint32Array.from({ length: CELLS }, (_, row) => row);
    const ids = Uint32Array.from(cells, (row) => row % 2);
    const rows: FoldedRows = {
      rows: { cells, delays: Float64Array.from(ids, (fold) => (fold === 0 ? 60 : 0)) },
      folds: new Map([[2, ids]]),
    };

    const said = blindMargins(train(flights.cells, rows, 'regression', 0), rows, 2, flights.cells);

    // Each fold is all late or all on time, so whoever saw the other fold alone says the contrary.
    expect(said.every((delay, row) => (ids[row] === 0 ? Math.abs(delay) < 1e-3 : Math.abs(delay - 60) < 1e-3))).toBe(
      true,
    );
  });

  it('gives the same judgements for the same pair, as the gate judges them', () => {
    const [once, again] = [0, 1].map(() =>
      replicate(flights, referenceOf(flights), 3, { problem: 'binary', rows: 100, folds: [5, 10] }),
    );

    expect(once).toEqual(again);
    expect(new Set(once?.map(({ design }) => design))).toEqual(new Set(['grown', 'replaced', 'luck']));
    for (const { folds, gain, byRows, byGate } of once ?? []) {
      expect(gain - byGate.lower).toBeCloseTo(Math.sqrt(1 + folds / (folds - 1)) * (gain - byRows.lower), 9);
    }
  });

  it.each(['roc_auc', 'log_loss'] as const)('makes a model worse by %s until the margin is lost', (metric) => {
    const reference = referenceOf(flights);
    const [margins, noise] = [flights.cells.values, noiseOf(CELLS, 2)].map((of) => Float64Array.from(of));
    const sharp = (margins ?? new Float64Array()).map((cell) => cell / 15 - 2.5);
    const wanted = goodness(metric, sharp, reference) - 0.02;

    const blur = blurTo(wanted, metric, sharp, noise ?? new Float64Array(), reference) ?? Number.NaN;

    const found = goodness(metric, blurred(sharp, noise ?? new Float64Array(), blur), reference);
    expect(Math.abs(found - wanted)).toBeLessThan(0.01);
  });

  it('finds no error where rows tell none', () => {
    const labels = Float64Array.of(0, 0, 1, 0);
    const [candidate, champion] = [Float64Array.of(1, 2, 3, 4), Float64Array.of(4, 3, 2, 1)];

    expect(() =>
      judge('roc_auc', { problem: 'binary', labels, folds: Uint32Array.of(0, 1, 0, 1), candidate, champion }),
    ).toThrow(/a class has fewer than two rows/);
  });

  it('counts bounds above the truth, and reads both ways what differs by luck alone', () => {
    const judgements = [judgement({}), judgement({ design: 'luck' }), judgement({ design: 'luck', truth: 0.03 })];

    const table = atTheLimit(judgements, 'roc_auc', false).split('\n');

    expect(table[2]).toMatch(/^\| grown \| 200 in 5 \| 1 \| 100\.0 .* \| 0\.0 \(.*\) \| 2\.00 \| 2\.00 \|$/);
    expect(table[3]).toMatch(/^\| luck \| 200 in 5 \| 4 \| 25\.0 .* \| 0\.0 \(.*\) \| 1\.58 \| 0\.00 \|$/);
    expect(report(judgements, 1)).not.toContain('The same, pairs from');
  });
});

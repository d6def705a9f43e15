import { describe, expect, it } from 'vitest';

import { drawDays, LONGEST_GATE, TRAINING_DAYS } from '../../../bench/aa-study/draws.ts';
import { assertSame, byAuc, errorOf, gateOf } from '../../../bench/aa-study/judging.ts';
import { logLoss } from '../../../bench/aa-study/population.ts';
import { BY_DAY, BY_ROW, WIDEST } from '../../../bench/aa-study/procedures.ts';
import { rateOf, verdictsOf } from '../../../bench/aa-study/rates.ts';
import type { Judgement } from '../../../bench/aa-study/replication.ts';
import { wilson } from '../../../shared/evaluation/intervals.ts';
import { randomStream } from '../../../shared/evaluation/random.ts';

const CELLS = 50;

/** Days of flights whose chance of being late goes by their cell and by the day. */
const days = (count: number) => {
  const { below, uniform } = randomStream(3);
  return Array.from({ length: count }, (_, day) => {
    const cells = Uint32Array.from({ length: 200 }, () => below(CELLS));
    const worse = uniform() * 0.4;
    return {
      date: `day ${day}`,
      cells,
      labels: Float64Array.from(cells, (cell) => (uniform() < worse + cell / 200 ? 1 : 0)),
    };
  });
};

const pairOf = (seed: number) => {
  const { uniform } = randomStream(seed);
  // Few values, so that scores tie.
  const scores = (): Float64Array =>
    Float64Array.from({ length: CELLS }, (_, cell) => (Math.floor(cell / 5) + Math.floor(3 * uniform()) + 1) / 20);
  return { candidate: scores(), champion: scores() };
};

const judgement = (parts: Partial<Judgement>): Judgement => ({
  replication: 1,
  blocks: 'beside',
  start: 0,
  days: 6,
  rows: 600,
  metric: 'roc_auc',
  gate: 'consecutive',
  candidate: 'handicapped',
  truth: 0,
  gain: 0.02,
  rowError: 0.001,
  dayError: 0.01,
  percentileLower: null,
  parts: [],
  ...parts,
});

describe('the A/A study', () => {
  it.each(['beside', 'apart'] as const)('keeps gate, training and reference days apart with blocks %s', (blocks) => {
    const stream = randomStream(11);

    for (let round = 0; round < 200; round += 1) {
      const { gate, champion, candidate, reference } = drawDays(181, blocks, stream);
      const all = [...gate, ...champion, ...candidate, ...reference];

      expect(new Set(all).size).toBe(all.length);
      expect([gate.length, champion.length, candidate.length]).toEqual([LONGEST_GATE, TRAINING_DAYS, TRAINING_DAYS]);
      expect(all.every((day) => day >= 0 && day < 181)).toBe(true);
      const [first = 0, last = 0] = [gate.at(0), gate.at(-1)];
      expect(all).not.toContain(first - 1);
      expect(all).not.toContain(last + 1);
    }
  });

  it('says of a gate what the tests of the gate itself say', () => {
    const gate = gateOf(days(8));

    expect(() => assertSame(gate, pairOf(5), logLoss)).not.toThrow();
  });

  it('parts a deviation among the days so that nothing is left over', () => {
    const { parts, dayError } = byAuc(gateOf(days(8)), pairOf(5));

    expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(0, 12);
    expect(errorOf(parts)).toBe(dayError);
  });

  it('widens the bound where one day goes as the day before', () => {
    const lasting = [1, 1, 1, -1, -1, -1].map((part) => part / 100);
    const turning = [1, -1, 1, -1, 1, -1].map((part) => part / 100);

    const [wide, narrow] = [lasting, turning].map((parts) => {
      const of = judgement({ parts, dayError: errorOf(parts) });
      return { byDay: BY_DAY.lower(of) ?? Number.NaN, widest: WIDEST.lower(of) ?? Number.NaN };
    });

    expect(wide?.widest).toBeLessThan(wide?.byDay ?? Number.NaN);
    expect(narrow?.widest).toBe(narrow?.byDay);
  });

  it('counts gates of one stretch of days as one when it says how sure a rate is', () => {
    const spread = Array.from({ length: 60 }, (_, at) => judgement({ start: at, gain: at % 2 === 0 ? 1 : -1 }));
    const lumped = Array.from({ length: 60 }, (_, at) => judgement({ start: at, gain: at < 20 ? 1 : -1 }));

    const [even, uneven] = [spread, lumped].map((of) =>
      rateOf(verdictsOf(of), (verdict) => (BY_ROW.lower(verdict.judgement) ?? 0) > 0),
    );

    expect(even).toEqual({ share: 0.5, verdicts: 60, interval: wilson({ hits: 30, rows: 60 }) });
    expect(uneven?.share).toBeCloseTo(1 / 3, 12);
    expect(uneven?.interval).toEqual([0, 1]);
  });

  it('reads a pair of equals both ways round', () => {
    const of = judgement({ candidate: 'equal', gain: 0.02, rowError: 0.001 });

    const rate = rateOf(
      verdictsOf([of]),
      (verdict) => (BY_ROW.lower(verdict.judgement, verdict.mirrored) ?? Number.NaN) > 0,
    );

    expect(rate).toEqual({ share: 0.5, verdicts: 2, interval: [0, 1] });
  });
});

import { describe, expect, it } from 'vitest';
import { type DayCount, mergeDays, timeCut } from '../../../functions/plan-run/time-cut.ts';
import fc from '../../fast-check.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START = Date.parse('2001-01-01T00:00:00Z');
const NEVER = Number.NEGATIVE_INFINITY;
const day = (n: number) => new Date(START + n * DAY_MS).toISOString().slice(0, 10);
const at = (n: number) => START + n * DAY_MS;
const even = (days: number, rows = 100) => Array.from({ length: days }, (_, n) => ({ start: at(n), rows }));

describe('the rows of each day', () => {
  it('are added up over all datasets, oldest first, without what ends before the window', () => {
    const counts: DayCount[][] = [
      [
        [day(2), 5],
        [day(0), 1],
      ],
      [
        [day(2), 7],
        [day(1), 0],
        [day(3), 2],
      ],
    ];

    const merged = mergeDays(counts, at(1));

    expect(merged).toEqual([
      { start: at(2), rows: 12 },
      { start: at(3), rows: 2 },
    ]);
  });

  it('keep the day in which the window begins', () => {
    expect(mergeDays([[[day(0), 1]]], at(0) + 1000)).toEqual([{ start: at(0), rows: 1 }]);
  });
});

describe('the time cut', () => {
  const shares = { validation: 0.1, gate: 0.2 };

  it('gives the newest fifth of the days to the gate and the tenth before it to validation', () => {
    const cut = timeCut(even(20), shares, NEVER, 0);

    expect(cut).toEqual({ validation: at(14), gate: at(16) });
  });

  it('lets the gate begin no earlier than the champion could have seen', () => {
    const cut = timeCut(even(20), shares, at(18), 0);

    expect(cut).toEqual({ validation: at(16), gate: at(18) });
  });

  it('falls on the hour within a day where there are few days', () => {
    const cut = timeCut(even(1), shares, NEVER, 0);

    expect(cut).toEqual({ validation: at(1) - 8 * 3_600_000, gate: at(1) - 5 * 3_600_000 });
  });

  it('ends validation where the embargo begins, and gives it its share of the rows that are left', () => {
    const cut = timeCut(even(20), shares, NEVER, 3 * DAY_MS);

    // 16 to 19 judge, 13 to 15 are in the embargo; of the other 17 days a tenth, in whole days.
    expect(cut).toEqual({ validation: at(11), gate: at(16) });
  });

  it('leaves rows to train on and to validate with where the embargo takes nearly all', () => {
    const cut = timeCut(even(10), shares, NEVER, 7 * DAY_MS);

    expect(cut).toEqual({ validation: at(0) + 16 * HOUR_MS, gate: at(8) });
  });

  it('is none when the embargo leaves nothing to train on', () => {
    expect(timeCut(even(10), shares, NEVER, 8 * DAY_MS)).toBeUndefined();
  });

  it('is none when no row is newer than what the champion has seen', () => {
    expect(timeCut(even(20), shares, at(20), 0)).toBeUndefined();
  });

  it('is none when nothing older is left to train on', () => {
    expect(timeCut(even(20), shares, at(1), 0)).toEqual({ validation: at(14), gate: at(16) });
    expect(timeCut(even(1), { validation: 0.6, gate: 0.39 }, NEVER, 0)).toBeUndefined();
  });

  it('is none without rows', () => {
    expect(timeCut([], shares, NEVER, 0)).toBeUndefined();
  });

  it('keeps train before validation before gate, gate after the champion, and shares about right', () => {
    const days = fc
      .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 1000 })), {
        minLength: 1,
        maxLength: 40,
        selector: ([n]) => n,
      })
      .map((some) => some.map(([n, rows]) => ({ start: at(n), rows })).sort((a, b) => a.start - b.start));
    const split = fc.record({
      validation: fc.double({ min: 0.01, max: 0.45, noNaN: true }),
      gate: fc.double({ min: 0.01, max: 0.45, noNaN: true }),
    });
    const trainedBefore = fc.oneof(
      fc.constant(NEVER),
      fc.integer({ min: -24, max: 62 * 24 }).map((hours) => START + hours * 3_600_000),
    );
    const embargo = fc.oneof(
      fc.constant(0),
      fc.integer({ min: 0, max: 10 * 24 }).map((hours) => hours * HOUR_MS),
    );
    let cuts = 0;
    fc.assert(
      fc.property(days, split, trainedBefore, embargo, (counts, asked, seen, embargoMs) => {
        const cut = timeCut(counts, asked, seen, embargoMs);
        if (!cut) return;
        cuts += 1;
        const first = counts[0]?.start ?? 0;
        const last = (counts.at(-1)?.start ?? 0) + DAY_MS;
        expect(first).toBeLessThan(cut.validation);
        expect(cut.validation).toBeLessThan(cut.gate - embargoMs);
        // Some row may be in validation: a day with rows reaches into it.
        expect(counts.some(({ start }) => start < cut.gate - embargoMs && start + DAY_MS > cut.validation)).toBe(true);
        expect(cut.gate).toBeLessThan(last);
        expect(cut.gate).toBeGreaterThanOrEqual(seen);
        if (seen !== NEVER || counts.length < 5 || embargoMs > 0) return;
        // A cut falls between days: a part has at least its share, and less than a day more.
        const total = counts.reduce((sum, { rows }) => sum + rows, 0);
        const within = (from: number, to: number) => counts.filter(({ start }) => start >= from && start < to);
        for (const [part, share] of [
          [within(cut.gate, last), asked.gate],
          [within(cut.validation, cut.gate), asked.validation],
        ] as const) {
          const rows = part.reduce((sum, day) => sum + day.rows, 0);
          expect(rows).toBeGreaterThanOrEqual(total * share - 1e-6);
          expect(rows - (part[0]?.rows ?? 0)).toBeLessThan(total * share);
        }
      }),
      { numRuns: 300 },
    );
    expect(cuts).toBeGreaterThan(50);
  });
});

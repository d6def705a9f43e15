import { describe, expect, it } from 'vitest';

import { COLUMN_BYTES, compactProfile } from '../../../shared/data/profile/compact.ts';
import { type ColumnProfile, publishedProfile } from '../../../shared/data/profile/published.ts';
import type { WorkingColumn } from '../../../shared/data/profile/working.ts';
import { evolutionOf } from '../../../shared/data/rules/evolution.ts';
import { datasetProfileSchema } from '../../../shared/ledger/facts.ts';
import fc from '../../fast-check.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

const DAY_US = 86_400_000_000;
const FIRST_DAY = Date.UTC(1998, 0, 1) / 86_400_000;

/** What is published of a column, and what is kept of that. */
function forms(column: Omit<WorkingColumn, 'name' | 'nulls'>, rows: number, name = 'x') {
  const whole = publishedProfile({ rows, valuesCap: 10_000, columns: [{ name, nulls: 0, ...column }] });
  const [kept] = compactProfile(whole).columns;
  const [published] = whole.columns;
  if (kept === undefined || published === undefined) throw new Error('a column that was counted has a profile');
  return { whole, published, kept };
}

const textsOf = (counts: readonly (readonly [string, number])[]) =>
  forms(
    {
      type: 'string',
      distinct: { counts },
      texts: { shortest: 1, longest: 256, total: counts.reduce((sum, [, rows]) => sum + 256 * rows, 0) },
    },
    counts.reduce((sum, [, rows]) => sum + rows, 0),
  );

const daysOf = (days: readonly (readonly [number, number])[]) =>
  forms(
    {
      type: 'timestamp',
      distinct: { registers: Buffer.alloc(4096, 5).toString('base64') },
      times: { min: (days[0]?.[0] ?? 0) * DAY_US, max: (days.at(-1)?.[0] ?? 0) * DAY_US, days },
    },
    days.reduce((sum, [, rows]) => sum + rows, 0),
  );

const bytes = (column: ColumnProfile): number => Buffer.byteLength(JSON.stringify({ ...column, name: '' }));
const fifty = (textOf: (n: number) => string, rows = 123_456): [string, number][] =>
  Array.from({ length: 50 }, (_, n) => [textOf(n), rows + n]);
const isKept = (columns: ColumnProfile[]): boolean =>
  datasetProfileSchema.safeParse({ model: 'm', dataset: 'd', rows: 1, columns, data: [] }).success;

describe('a kept profile', () => {
  it.each([
    ['letters', (n: number) => `${n}`.padStart(256, 'a')],
    ['characters of four bytes', (n: number) => `${n}${'𝄞'.repeat(250)}`],
    ['families of one glyph', (n: number) => `${n}${'👩‍👩‍👧‍👦'.repeat(30)}`],
    ['control characters', (n: number) => `${n}${'\u0001'.repeat(250)}`],
    ['quotes', (n: number) => `${n}${'"\\'.repeat(125)}`],
    ['texts that differ in their end', (n: number) => `${'a'.repeat(250)}${n}`],
    ['short texts', (n: number) => `category ${n} of fifty, as users call it`],
  ])('holds fifty texts of %s in two kilobytes, each told from the others', (_, textOf) => {
    const { kept, published } = textsOf(fifty(textOf));

    expect(bytes(kept)).toBeLessThanOrEqual(COLUMN_BYTES);
    expect(kept.top.map(([, rows]) => rows)).toEqual(published.top.map(([, rows]) => rows));
    expect(new Set(kept.top.map(([text]) => text)).size).toBe(50);
    expect(isKept([kept])).toBe(true);
  });

  it('has texts as they are where they fit, and no word of cutting', () => {
    const { kept, published } = textsOf(fifty((n) => `category ${n}`));

    expect(kept).toEqual(published);
  });

  it('counts runs of whole weeks where there are three years of days, and loses no row', () => {
    const { kept, published } = daysOf(Array.from({ length: 1096 }, (_, n) => [FIRST_DAY + n, 1_000_000 + n]));

    expect(published.days).toHaveLength(1096);
    expect(kept.days).toBeUndefined();
    expect(bytes(kept)).toBeLessThanOrEqual(COLUMN_BYTES);
    expect(kept.periods).toMatchObject({ from: '1998-01-01', days: 14 });
    const all = published.days?.reduce((sum, [, rows]) => sum + rows, 0);
    expect(kept.periods?.rows.reduce((sum, rows) => sum + rows, 0)).toBe(all);
    const firstRun = published.days?.slice(0, 14).reduce((sum, [, rows]) => sum + rows, 0);
    expect(kept.periods?.rows[0]).toBe(firstRun);
  });

  it('has each of some months of days', () => {
    const { kept, published } = daysOf(Array.from({ length: 60 }, (_, n) => [FIRST_DAY + n, 1000]));

    expect(kept).toEqual(published);
  });

  it('has no column of more than two kilobytes, whatever texts and days come', () => {
    const counts = fc.uniqueArray(
      fc.tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 256 }), fc.integer({ min: 5, max: 1e9 })),
      { selector: ([text]) => text, minLength: 1, maxLength: 60 },
    );
    const day = fc.tuple(fc.integer({ min: -700_000, max: 2_900_000 }), fc.integer({ min: 1, max: 1e9 }));
    const days = fc.uniqueArray(day, { selector: ([at]) => at, minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(counts, days, (texts, times) => {
        const columns = [textsOf(texts).kept, daysOf(times.toSorted(([a], [b]) => a - b)).kept];

        for (const column of columns) expect(bytes(column)).toBeLessThanOrEqual(COLUMN_BYTES);
        expect(isKept(columns)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('has no column of more than two kilobytes of the longest numbers', async () => {
    const lines = Array.from({ length: 3000 }, (_, n) => {
      const x = Math.sin(n) * 1e-7 * 10 ** (n % 12);
      return `${x},${-9_007_199_254_740_000 + (n % 50)},${(n * 7919) % 3000},${-1e140 * Math.abs(Math.sin(n)) - 1}`;
    });

    const { profile } = await shop.read({ 'a.csv': ['x,n,m,w', ...lines].join('\n') });

    const columns = profile === null ? [] : compactProfile(profile).columns;
    expect(columns.map(({ type }) => type)).toEqual(['number', 'integer', 'integer', 'number']);
    expect(Math.max(...columns.map(bytes))).toBeLessThanOrEqual(COLUMN_BYTES);
  });

  it('tells new categories of long texts as the whole profile does', () => {
    const textOf = (n: number): string => `${'of the same beginning '.repeat(10)}${n}`;
    const before = textsOf(fifty(textOf));
    const now = textsOf(fifty((n) => textOf(n + 10)));

    const told = evolutionOf(compactProfile(before.whole), now.whole, () => true);

    expect(before.kept.topCut).toBeDefined();
    expect(told).toEqual(evolutionOf(before.whole, now.whole, () => true));
    expect(told).toMatchObject([{ rule: 'new_categories', column: 'x' }]);
    expect(evolutionOf(compactProfile(before.whole), before.whole, () => true)).toEqual([]);
  });
});

import { describe, expect, test } from 'vitest';
import type { Block } from '../../../shared/data/block.ts';
import { openEngine } from '../../../shared/data/engine.ts';
import { mergeProfiles, widened } from '../../../shared/data/profile/merge.ts';
import { profileBlock, profiler } from '../../../shared/data/profile/profiler.ts';
import { type Profile, publishedProfile } from '../../../shared/data/profile/published.ts';
import { type WorkingProfile, workingProfileSchema } from '../../../shared/data/profile/working.ts';
import { literal } from '../../../shared/data/sql.ts';
import type { ColumnType } from '../../../shared/features/columns.ts';
import { datasetProfileSchema } from '../../../shared/ledger/facts.ts';
import fc from '../../fast-check.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

const COLUMNS: readonly [string, ColumnType, string][] = [
  ['count', 'integer', 'BIGINT'],
  ['size', 'number', 'DOUBLE'],
  ['name', 'string', 'VARCHAR'],
  ['good', 'boolean', 'BOOLEAN'],
  ['seen', 'timestamp', 'TIMESTAMP'],
  ['born', 'date', 'DATE'],
];

type Cell = string | number | boolean | null;
type Row = readonly Cell[];

const written = (cell: Cell): string =>
  cell === null
    ? 'NULL'
    : typeof cell === 'string'
      ? literal(cell)
      : typeof cell === 'number'
        ? `'${cell}'`
        : `${cell}`;

/** A block of rows as the reading hands it over. */
function blockOf(rows: readonly Row[], index = 0, columns = COLUMNS): Block {
  const typed = columns.map(([, , type], at) => `c${at}::${type} AS c${at}`).join(', ');
  const names = columns.map((_, at) => `c${at}`).join(', ');
  const values =
    rows.length > 0
      ? `VALUES ${rows.map((row) => `(${row.map(written).join(', ')})`).join(', ')}`
      : `SELECT ${columns.map(() => 'NULL').join(', ')} WHERE false`;
  return {
    part: undefined,
    index,
    table: `(SELECT ${typed} FROM (${values}) AS t(${names}))`,
    rows: rows.length,
    columns: columns.map(([name, type], at) => ({ name, type, cell: `c${at}`, unparsed: null })),
  };
}

const profileOf = async (rows: readonly Row[], cap?: number): Promise<Profile> =>
  publishedProfile(await profileBlock(shop.engine, blockOf(rows), cap));

const column = (profile: Profile, name: string) => {
  const found = profile.columns.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no column ${name}`);
  return found;
};

const only = (name: string, cells: readonly Cell[]): Row[] =>
  cells.map((cell) => COLUMNS.map(([own]) => (own === name ? cell : null)));

const maybe = (cells: fc.Arbitrary<Cell>): fc.Arbitrary<Cell> => fc.option(cells, { freq: 5 });
const rowArbitrary: fc.Arbitrary<Row> = fc.tuple(
  maybe(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.maxSafeInteger())),
  maybe(
    fc.oneof(
      fc.constantFrom(0, -0, 0.1, -0.1, 1e-300, 1e200, -1e16, 2.5),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    ),
  ),
  maybe(
    fc.oneof(
      fc.constantFrom('a', 'b', 'Ä', 'x'.repeat(13), 'é'.repeat(9), 'y'.repeat(49), 'z'.repeat(300)),
      fc.stringMatching(/^[a-f0-9]{0,20}$/),
    ),
  ),
  maybe(fc.boolean()),
  maybe(
    fc.constantFrom('2001-01-25 10:15:00', '1969-12-31 23:59:59.999999', '2001-01-26 00:00:00', '2024-02-29 01:02:03'),
  ),
  maybe(fc.constantFrom('2001-01-25', '1969-12-31', '0001-01-01', '2024-02-29')),
);

/** Merges the profiles in an order of its own: any two that are left, until one is. */
function mergedAnyhow(profiles: readonly WorkingProfile[], choices: readonly number[]): WorkingProfile {
  const left = [...profiles];
  for (const choice of choices) {
    if (left.length < 2) break;
    const [a] = left.splice(choice % left.length, 1);
    const [b] = left.splice((choice >> 8) % left.length, 1);
    if (a !== undefined && b !== undefined) left.push(mergeProfiles(a, b));
  }
  const [first, ...rest] = left;
  if (first === undefined) throw new Error('there is at least one profile');
  return rest.reduce(mergeProfiles, first);
}

describe('the working profile', () => {
  test.each([3, 10_000])(
    'merges to the same bytes however rows are cut and put together, counting up to %i values',
    async (cap) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(rowArbitrary, { minLength: 1, maxLength: 24 }),
          fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
          fc.array(fc.nat(), { minLength: 8, maxLength: 8 }),
          async (rows, cuts, choices) => {
            const places = [0, ...cuts.map((cut) => cut % (rows.length + 1)).sort((a, b) => a - b), rows.length];
            const pieces = places.slice(1).map((end, at) => rows.slice(places[at], end));
            const profiles: WorkingProfile[] = [];
            for (const piece of pieces) profiles.push(await profileBlock(shop.engine, blockOf(piece), cap));

            const merged = mergedAnyhow(
              profiles.map((profile) => workingProfileSchema.parse(JSON.parse(JSON.stringify(profile)))),
              choices,
            );

            const whole = await profileBlock(shop.engine, blockOf(rows), cap);
            expect(JSON.stringify(merged)).toBe(JSON.stringify(whole));
            expect(JSON.stringify(publishedProfile(merged))).toBe(JSON.stringify(publishedProfile(whole)));
          },
        ),
        { seed: 6, numRuns: 40 },
      );
    },
  );

  test('is the same whether blocks are counted one after another or each by itself', async () => {
    const rows = Array.from({ length: 300 }, (_, n): Row => [n % 7, n / 3, `k${n}`, n % 2 === 0, null, '2001-01-25']);
    const counter = profiler(50);
    const blocks = [rows.slice(0, 40), rows.slice(40, 41), rows.slice(41)];
    for (const [index, block] of blocks.entries()) await counter.visit(shop.engine, blockOf(block, index));

    const whole = await profileBlock(shop.engine, blockOf(rows), 50);

    expect(JSON.stringify(counter.working())).toBe(JSON.stringify(whole));
  });

  test('is the same with one thread and with four', async () => {
    const rows = `SELECT (i * 7919) % 5003 AS c0, sin(i) * 1e6 AS c1, CASE WHEN i % 9 = 0 THEN NULL ELSE 'text ' || (i * 31 % 20011) END AS c2, i % 3 = 0 AS c3, TIMESTAMP '2001-01-01' + INTERVAL (i) MINUTE AS c4, DATE '2001-01-01' + (i % 300)::INTEGER AS c5`;
    const profiles: string[] = [];
    for (const threads of [1, 4]) {
      const engine = await openEngine({ memoryLimitMb: 256, tempDirectory: shop.directory(), threads });
      try {
        await engine.query(`CREATE TABLE numbered AS ${rows} FROM range(60000) t(i)`);
        const block = { ...blockOf([]), table: 'numbered', rows: 60_000 };
        profiles.push(JSON.stringify(await profileBlock(engine, block)));
      } finally {
        engine.close();
      }
    }

    expect(profiles[0]).toBe(profiles[1]);
  });

  test('begins anew when the first block comes again', async () => {
    const counter = profiler();
    await counter.visit(shop.engine, blockOf(only('name', ['12', '13'])));
    await counter.visit(shop.engine, blockOf(only('name', ['14']), 1));
    await counter.visit(shop.engine, blockOf(only('name', ['12'])));

    expect(counter.working()?.rows).toBe(1);
  });

  test('of whole numbers and dates is that of numbers and timestamps once widened', async () => {
    const cells: Row[] = Array.from({ length: 40 }, (_, n) => [
      n * 1_000_003,
      n,
      null,
      null,
      '2001-01-25',
      '1999-12-31',
    ]);
    const wide = COLUMNS.map(([name, type, sql]): [string, ColumnType, string] =>
      name === 'count'
        ? [name, 'number', 'DOUBLE']
        : name === 'born'
          ? [name, 'timestamp', 'TIMESTAMP']
          : [name, type, sql],
    );
    for (const cap of [5, 100]) {
      const narrow = await profileBlock(shop.engine, blockOf(cells), cap);

      const widenedTwice = widened(widened(narrow, 'count', 'number'), 'born', 'timestamp');

      expect(widenedTwice).toEqual(await profileBlock(shop.engine, blockOf(cells, 0, wide), cap));
    }
  });

  test('refuses to become another type, and to add up with other columns', async () => {
    const counted = await profileBlock(shop.engine, blockOf(only('count', [1])));

    expect(() => widened(counted, 'count', 'string')).toThrow('as string it has to be read again');
    expect(() => mergeProfiles(counted, { ...counted, columns: counted.columns.toReversed() })).toThrow(
      'do not add up',
    );
    expect(() => mergeProfiles(counted, { ...counted, valuesCap: 7 })).toThrow('10000 and 7 values do not add up');
  });
});

describe('the published profile', () => {
  test('has exact figures where they are exact', async () => {
    const profile = await profileOf(only('size', [0.1, 0.2, 0.3, -1, 0, null]));

    const size = column(profile, 'size');
    expect(size).toMatchObject({ nulls: 1, distinct: 5, min: -1, max: 0.3, zeros: 1, negatives: 1 });
    // The doubles' own sum is -0.4 + 2^-55: its nearest double over five.
    expect(size.mean).toBe(-0.08);
    expect(size.stdev).toBeCloseTo(0.526_307_894_677_630_7, 15);
  });

  test('keeps the digits of a spread that the mean dwarfs', async () => {
    const profile = await profileOf(
      only(
        'count',
        [1, 2, 3, 4].map((n) => 9_007_199_254_740_000 + n),
      ),
    );

    expect(column(profile, 'count').stdev).toBe(Math.sqrt(5 / 3));
  });

  test('gives the quantiles of the values themselves while they are few', async () => {
    const cells = Array.from({ length: 1000 }, (_, n) => n + 1);

    const { quantiles } = column(await profileOf(only('count', cells)), 'count');

    expect(quantiles).toEqual([
      [10, 10],
      [50, 50],
      [250, 250],
      [500, 500],
      [750, 750],
      [950, 950],
      [990, 990],
    ]);
  });

  test('gives quantiles within a five-hundredth of the value where they are many, of either sign', async () => {
    const cells = Array.from({ length: 2000 }, (_, n) => (n - 1000) * 1.7 + 0.05);

    const { quantiles = [], distinct, distinctEstimate } = column(await profileOf(only('size', cells), 100), 'size');

    expect(distinct).toBeNull();
    expect(Math.abs((distinctEstimate ?? 0) - 2000)).toBeLessThan(2000 * 3 * 0.01625);
    for (const [permille, value] of quantiles) {
      const exact = cells[permille * 2 - 1] ?? 0;
      expect(Math.abs(value - exact)).toBeLessThanOrEqual(Math.abs(exact) / 512);
    }
  });

  test.each([10_000, 10])(
    'counts every measured value once in its histogram, counting up to %i values',
    async (cap) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.oneof(fc.integer({ min: -60, max: 900 }), fc.double({ min: -5, max: 5, noNaN: true })), {
            minLength: 2,
            maxLength: 60,
          }),
          async (cells) => {
            const { histogram } = column(await profileOf(only('size', cells), cap), 'size');

            const different = new Set(cells.map((cell) => cell + 0)).size > 1;
            expect(histogram !== undefined).toBe(different);
            if (histogram === undefined) return;
            const { edges, counts, below, above } = histogram;
            expect(edges).toHaveLength(counts.length + 1);
            expect(edges.length).toBeLessThanOrEqual(27);
            expect(edges.every((edge, at) => at === 0 || edge > (edges[at - 1] ?? edge))).toBe(true);
            expect(counts.reduce((sum, n) => sum + n, below + above)).toBe(cells.length);
            if (cap === 10) return;
            for (const [at, count] of counts.entries()) {
              const [low = 0, high = 0] = [edges[at], edges[at + 1]];
              expect(cells.filter((cell) => cell >= low && cell < high)).toHaveLength(count);
            }
          },
        ),
        { seed: 6, numRuns: 40 },
      );
    },
  );

  test('has a bin for each of few whole numbers', async () => {
    const { histogram } = column(await profileOf(only('count', [-1, 0, 0, 2, 3])), 'count');

    expect(histogram).toEqual({ edges: [-1.5, -0.5, 0.5, 1.5, 2.5, 3.5], counts: [1, 2, 0, 1, 1], below: 0, above: 0 });
  });

  test('never holds a text that few rows show, whatever is counted of it', async () => {
    const cells = [...Array<string>(5).fill('often'), ...Array<string>(4).fill('Jane Doe'), 'x'.repeat(300)];

    const profile = await profileOf(only('name', cells));

    expect(JSON.stringify(profile)).not.toContain('Jane');
    expect(JSON.stringify(profile)).not.toContain('xxx');
    // The long text keeps the column from being counted value by value.
    expect(column(profile, 'name')).toMatchObject({ distinct: null, distinctEstimate: 3, top: [] });
    expect(column(await profileOf(only('name', cells.slice(0, 9))), 'name').top).toEqual([['often', 5]]);
    expect(column(profile, 'name').lengths).toEqual({ min: 5, max: 300, mean: (25 + 32 + 300) / 10 });
  });

  test('tells times as text, and the rows of each UTC day', async () => {
    const profile = await profileOf(only('seen', ['2001-01-25 23:59:59.999', '2001-01-26 00:00:00', null]));

    expect(column(profile, 'seen')).toMatchObject({
      min: '2001-01-25T23:59:59.999Z',
      max: '2001-01-26T00:00:00.000Z',
      days: [
        ['2001-01-25', 1],
        ['2001-01-26', 1],
      ],
      mean: null,
    });
  });

  test('is what the ledger takes, and at most 2 KB a column', async () => {
    const rows = Array.from(
      { length: 2000 },
      (_, n): Row => [
        n % 60,
        Math.sin(n) * 1e5,
        `category ${n % 60}`,
        n % 3 === 0,
        '2001-01-25 10:15:00',
        '2001-01-25',
      ],
    );

    const { columns } = await profileOf(rows);

    const fact = { model: 'm', dataset: 'd', rows: 2000, columns, data: [] };
    expect(datasetProfileSchema.parse(JSON.parse(JSON.stringify(fact)))).toEqual(fact);
    for (const each of columns) expect(JSON.stringify(each).length).toBeLessThan(2048);
  });

  test('of no rows has nothing to tell, and says so', async () => {
    const { rows, columns } = await profileOf([]);

    expect(rows).toBe(0);
    for (const each of columns) expect(each).toMatchObject({ nulls: 0, distinct: 0, min: null, mean: null, top: [] });
  });
});

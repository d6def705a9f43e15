import { describe, expect, it } from 'vitest';
import { missingValues } from '../../../shared/data/declared-missing.ts';
import { missingTest, withoutMissing } from '../../../shared/data/missing-values.ts';
import { type SourceFormat, sourceSchema } from '../../../shared/definition/source.ts';
import { batchFromRecords } from '../../../shared/features/records.ts';
import fc from '../../fast-check.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

const declared = (columns: Readonly<Record<string, object>>): SourceFormat['columns'] =>
  sourceSchema.parse({ columns }).columns;
const DAY_MS = 86_400_000;

/** Columns, how a value of each is written in a file and as JSON, and what they may hold. */
const WORDS: Readonly<Record<string, { missing: string[]; [setting: string]: unknown }>> = {
  n: { missing: ['-999', '?'] },
  x: { missing: ['-9,5', '-1'], decimal: ',' },
  s: { missing: ['none given', '0'] },
  d: { missing: ['31.12.2099'], date: '%d.%m.%Y' },
};
const asCell = (value: number): string => String(value).replace('.', ',');
const asDay = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);
const asDeclaredDay = (day: number): string => asDay(day).split('-').toReversed().join('.');
const FOREVER = Date.UTC(2099, 11, 31) / DAY_MS;

const row = fc.record({
  n: fc.constantFrom(-999, -99, 0, 3, 999),
  x: fc.constantFrom(-9.5, -1, 0.25, 9.5),
  s: fc.constantFrom('none given', ' none given ', '0', '0.00', 'None given', 'bus', '', '  '),
  d: fc.constantFrom(FOREVER, FOREVER - 1, 0, -1),
});

describe('what a definition declares to be no value', () => {
  it('is none in a record, either, whatever is written in the files', async () => {
    const columns = declared(WORDS);
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 20, maxLength: 60 }), async (drawn) => {
        // A column of nothing but words for missing has no type of its own.
        const rows = [...drawn, { n: 7, x: 0.5, s: 'bus', d: 1 }];
        const csv = rows.map(({ n, x, s, d }) => `${n},"${asCell(x)}","${s}",${asDeclaredDay(d)}`);
        const read = await shop.read(
          { 'a.csv': `n,x,s,d\n${csv.join('\n')}\n` },
          { source: sourceSchema.parse({ columns: WORDS }) },
        );
        const types = Object.fromEntries(read.columns.map(({ name, type }) => [name, type]));
        expect(types).toEqual({ n: 'integer', x: 'number', s: 'string', d: 'date' });

        const { batch, errors } = batchFromRecords(
          rows.map((each) => ({ ...each, d: asDay(each.d) })),
          types,
        );
        const served = withoutMissing(batch, await missingValues(shop.engine, columns, types));

        expect(errors).toEqual([]);
        const trained = await shop.rows(`SELECT n, x, s, d FROM '${read.parts[0]?.path}'`);
        const cells = rows.map((_, at) =>
          ['n', 'x', 's', 'd'].map((name) => {
            const column = served.columns[name];
            return column?.nulls?.[at] === 1 ? null : column?.values[at];
          }),
        );
        expect(cells).toEqual(trained);
      }),
      { numRuns: 6 },
    );
  });

  it('is kept as rows hold it: times in microseconds, texts as they are declared, and no word of another type', async () => {
    const columns = declared({
      Seen: { missing: ['0', 'never'], epoch: 'seconds' },
      code: { missing: ['-', '99'] },
      price: { missing: ['n.v.', '-1.0', '-1'] },
      untouched: { decimal: ',' },
    });
    const types = { seen: 'timestamp', code: 'string', price: 'number', untouched: 'number', other: 'date' } as const;

    expect(await missingValues(shop.engine, columns, types)).toEqual({ seen: [0], code: ['-', '99'], price: [-1] });
    expect(await missingValues(shop.engine, columns, { untouched: 'number' })).toBeUndefined();
  });

  it('is found in columns of any name, and in none that nothing is declared of', () => {
    const types = Object.fromEntries(['constructor', 'other'].map((name) => [name, 'string' as const]));
    const { batch } = batchFromRecords([{ constructor: 'a', other: 'a' }], types);

    expect(withoutMissing(batch, { other: ['a'] }).columns).toEqual({
      constructor: batch.columns.constructor,
      other: { ...batch.columns.other, nulls: Uint8Array.of(1) },
    });
    expect(missingTest({}, 'constructor', 'string')('a')).toBe(false);
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  admit,
  categoryEncoder,
  countCategories,
  type Dictionary,
  dictionarySchema,
  EMPTY_DICTIONARY,
  encodeNumber,
  OTHER,
} from '../../../shared/data/dictionary.ts';
import { CsvRows, csvRow } from '../../../shared/data/encode-csv.ts';
import { literal } from '../../../shared/data/engine.ts';
import { openSplitWriter } from '../../../shared/data/split-writer.ts';
import type { Column } from '../../../shared/features/columns.ts';
import fc from '../../fast-check.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

const text = (...values: (string | null)[]): Column => ({
  type: 'string',
  values: values.map((value) => value ?? ''),
  nulls: Uint8Array.from(values, (value) => (value === null ? 1 : 0)),
});

const counts = (entries: Record<string, number>) => new Map([['f', new Map(Object.entries(entries))]]);

describe('the dictionary', () => {
  it('admits what is frequent enough, most frequent first, ties by text', () => {
    const grown = admit(EMPTY_DICTIONARY, counts({ b: 10, a: 10, c: 30, rare: 9 }));

    expect(grown.features.f).toEqual(['c', 'a', 'b']);
  });

  it('never moves a code, whatever is counted later', () => {
    const tally = fc.dictionary(
      fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 2 }),
      fc.integer({ min: 1, max: 40 }),
    );
    fc.assert(
      fc.property(fc.array(tally, { maxLength: 6 }), (history) => {
        let dictionary: Dictionary = EMPTY_DICTIONARY;
        for (const seen of history) {
          const grown = admit(dictionary, counts(seen), { minimumCount: 10, cap: 5 });

          const before = dictionary.features.f ?? [];
          expect(grown.features.f?.slice(0, before.length)).toEqual(before);
          expect(new Set(grown.features.f).size).toBe(grown.features.f?.length);
          expect(grown.features.f?.length).toBeLessThanOrEqual(5);
          expect(admit(grown, counts(seen), { minimumCount: 10, cap: 5 })).toEqual(grown);
          dictionary = grown;
        }
      }),
    );
  });

  it('survives being written and read', () => {
    const dictionary = admit(EMPTY_DICTIONARY, counts({ ü: 12, x: 11 }));

    expect(dictionarySchema.parse(JSON.parse(JSON.stringify(dictionary)))).toEqual(dictionary);
  });

  it('counts only the rows that are wanted, and no missing value', () => {
    const seen = new Map<string, number>();

    countCategories(seen, text('a', 'b', 'a', null), 4, Uint8Array.of(1, 2, 1, 1), 1);

    expect([...seen]).toEqual([['a', 2]]);
  });

  it('encodes by a frozen copy: missing stays missing, the unknown is OTHER', () => {
    const encode = categoryEncoder({ features: { f: ['x', 'y'] } }, 'f');

    expect([...encode(text('y', 'x', null, 'later'), 4)]).toEqual([2, 1, Number.NaN, OTHER]);
  });

  it('takes whole numbers and truth values for categories by their text', () => {
    const encode = categoryEncoder({ features: { f: ['7', 'true'] } }, 'f');

    expect([...encode({ type: 'integer', values: Float64Array.of(7, 8) }, 2)]).toEqual([1, OTHER]);
    expect([...encode({ type: 'boolean', values: Uint8Array.of(1, 0) }, 2)]).toEqual([2, OTHER]);
  });

  it('refuses a feature it does not know', () => {
    expect(() => categoryEncoder(EMPTY_DICTIONARY, 'f')).toThrow('no feature f');
  });
});

describe('encoded CSV', () => {
  it('writes the shortest text of each number, and nothing for a missing one', () => {
    const values = [1, 0, -0, -12, 2147483647, -2147483648, 2147483648, 0.1, -1.5e-7, 1e21, Number.NaN, 3];

    expect(
      csvRow(
        values.map((value) => Float64Array.of(value)),
        0,
      ),
    ).toBe('1,0,0,-12,2147483647,-2147483648,2147483648,0.1,-1.5e-7,1e+21,,3');
  });

  it('reads back as the same numbers', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noDefaultInfinity: true, noNaN: true }), { minLength: 1, maxLength: 20 }),
        (values) => {
          const row = csvRow(
            values.map((value) => Float64Array.of(value)),
            0,
          );

          expect(row.split(',').map(Number)).toEqual(values.map((value) => (value === 0 ? 0 : value)));
        },
      ),
    );
  });

  it('grows with the rows', () => {
    const rows = new CsvRows();
    const column = Float64Array.from({ length: 100_000 }, (_, i) => i / 7);

    for (let row = 0; row < column.length; row += 1) rows.append([column, column], row);

    const lines = rows.take().toString().split('\n');
    expect(lines.length).toBe(100_001);
    expect(lines[99_999]).toBe(`${99_999 / 7},${99_999 / 7}`);
    expect(rows.bytes).toBe(0);
  });

  it('refuses an infinite value', () => {
    expect(() => csvRow([Float64Array.of(Number.POSITIVE_INFINITY)], 0)).toThrow(RangeError);
  });

  it('leaves what is not text as it is, but takes no text for a number', () => {
    expect([...encodeNumber({ type: 'boolean', values: Uint8Array.of(1, 0), nulls: Uint8Array.of(0, 1) }, 2)]).toEqual([
      1,
      Number.NaN,
    ]);
    expect(() => encodeNumber(text('x'), 1)).toThrow('category');
  });
});

describe('the parts of a split', () => {
  const number = (...values: number[]): Column => ({ type: 'number', values: Float64Array.from(values) });

  it('hold the same rows in every encoding and beside them', async () => {
    const writer = openSplitWriter(shop.engine, {
      directory: shop.directory(),
      encodings: ['gate', 'gate-champion'],
      rowColumns: [
        { name: 'key', type: 'string' },
        { name: 'label', type: 'number' },
      ],
      maxPartBytes: 1_000_000,
      maxPartRows: 3,
    });
    const ordinals = Float64Array.from({ length: 10 }, (_, i) => i);
    const rows = [
      text(...Array.from({ length: 10 }, (_, i) => `k${i}`)),
      { type: 'number' as const, values: ordinals },
    ];

    await writer.append({ gate: [ordinals], 'gate-champion': [ordinals, ordinals] }, rows, Uint32Array.of(0, 2, 4, 6));
    await writer.append({ gate: [ordinals], 'gate-champion': [ordinals, ordinals] }, rows, Uint32Array.of(9));
    const parts = await writer.finish();

    expect(parts.map((part) => [part.name, part.rows])).toEqual([
      ['part-00000', 3],
      ['part-00001', 2],
    ]);
    const read = (path: string | undefined) => readFileSync(path ?? '', 'utf8');
    expect(parts.map((part) => read(part.csv.gate))).toEqual(['0\n2\n4\n', '6\n9\n']);
    expect(parts.map((part) => read(part.csv['gate-champion']))).toEqual(['0,0\n2,2\n4,4\n', '6,6\n9,9\n']);
    const beside = await Promise.all(
      parts.map((part) => shop.rows(`SELECT * FROM read_parquet(${literal(part.rowsFile)})`)),
    );
    expect(beside).toEqual([
      [
        ['k0', 0],
        ['k2', 2],
        ['k4', 4],
      ],
      [
        ['k6', 6],
        ['k9', 9],
      ],
    ]);
  });

  it('are closed when a file has grown to its limit', async () => {
    const writer = openSplitWriter(shop.engine, {
      directory: shop.directory(),
      encodings: ['train'],
      rowColumns: [{ name: 'label', type: 'number' }],
      maxPartBytes: 8,
      maxPartRows: 1000,
    });

    await writer.append({ train: [Float64Array.of(100, 200, 300)] }, [number(1, 2, 3)], Uint32Array.of(0, 1, 2));
    const parts = await writer.finish();

    expect(parts.map((part) => readFileSync(part.csv.train ?? '', 'utf8'))).toEqual(['100\n200\n', '300\n']);
  });

  it('are none when no row comes', async () => {
    const writer = openSplitWriter(shop.engine, {
      directory: shop.directory(),
      encodings: ['train'],
      rowColumns: [{ name: 'label', type: 'number' }],
      maxPartBytes: 8,
      maxPartRows: 1000,
    });

    expect(await writer.finish()).toEqual([]);
  });
});

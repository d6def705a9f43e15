import { describe, expect, it } from 'vitest';
import { hashSplit, judgingFolds, keyHashes, keyTexts, SIDES, timeSplit, uniform } from '../../../shared/data/split.ts';
import type { Column } from '../../../shared/features/columns.ts';
import fc from '../../fast-check.ts';

const text = (...values: (string | null)[]): Column => ({
  type: 'string',
  values: values.map((value) => value ?? ''),
  nulls: Uint8Array.from(values, (value) => (value === null ? 1 : 0)),
});
const numbers = (type: 'integer' | 'number' | 'timestamp' | 'date', ...values: number[]): Column => ({
  type,
  values: Float64Array.from(values),
});

const everyType: Column[] = [
  numbers('timestamp', 980_417_700_250_000),
  numbers('date', 11_347),
  numbers('integer', -42),
  numbers('number', 0.1),
  { type: 'boolean', values: Uint8Array.of(1) },
  text('Zürich'),
];

describe('the canonical key', () => {
  // Hashes made with another program (Python's hashlib) from the written rules: a split is for ever.
  it.each<[string, Column[], string, string]>([
    [
      'a value of each type',
      everyType,
      '2001-01-25T10:15:00.25Z\u001f2001-01-25\u001f-42\u001f0.1\u001ftrue\u001fZürich\u001f',
      '693b6bc63618a2ae',
    ],
    [
      'missing values',
      [text(null), { ...numbers('integer', 7), nulls: Uint8Array.of(1) }],
      '\u0000\u001f\u0000\u001f',
      '0a9ceb16695f15a3',
    ],
    ['text that holds the marks', [text('a\u001fb\\c\u0000')], 'a\\1b\\\\c\\0\u001f', '6690b7f686439c1f'],
    ['negative zero', [numbers('number', -0)], '0\u001f', '0b1d31977c702a42'],
    ['a large number', [numbers('number', 1e21)], '1e+21\u001f', '20b5c31357442db2'],
    ['empty text', [text('')], '\u001f', 'ffe679bb831c95b6'],
  ])('of %s is pinned', (_, key, canonical, hash) => {
    expect(keyTexts(key)(0)).toBe(canonical);
    expect(keyHashes(key, 1)).toEqual([hash]);
  });

  it('tells keys apart that differ in any column', () => {
    const value = fc.oneof(
      fc.constant(null),
      fc.string({ unit: fc.constantFrom('a', '\u001f', '\u0000', '\\', '0', '1'), maxLength: 4 }),
    );
    const key = fc.tuple(value, value);
    fc.assert(
      fc.property(key, key, (a, b) => {
        const same = a[0] === b[0] && a[1] === b[1];
        const texts = keyTexts([text(a[0], b[0]), text(a[1], b[1])]);

        expect(texts(0) === texts(1)).toBe(same);
      }),
    );
  });

  it('writes times before 1970 and of a single microsecond', () => {
    const texts = keyTexts([numbers('timestamp', -1, 1, 0)]);

    expect([texts(0), texts(1), texts(2)]).toEqual([
      '1969-12-31T23:59:59.999999Z\u001f',
      '1970-01-01T00:00:00.000001Z\u001f',
      '1970-01-01T00:00:00Z\u001f',
    ]);
  });

  it('needs a column', () => {
    expect(() => keyTexts([])).toThrow(RangeError);
  });
});

describe('the hash split', () => {
  const ids = Array.from({ length: 20_000 }, (_, i) => `id-${i}`);

  it('gives each side about its share', () => {
    const sides = hashSplit([text(...ids)], ids.length, { gate: 0.2, validation: 0.1 });

    const share = (side: number) => sides.filter((found) => found === side).length / ids.length;
    expect(share(SIDES.gate)).toBeCloseTo(0.2, 1.7);
    expect(share(SIDES.validation)).toBeCloseTo(0.1, 1.7);
    expect(share(SIDES.train)).toBeCloseTo(0.7, 1.7);
  });

  it('keeps the rows of one key together, wherever they stand', () => {
    const key = [text('a', 'b', 'a', 'c', 'b', 'a')];

    const [a, b, a2, , b2, a3] = hashSplit(key, 6, { gate: 0.3, validation: 0.3 });

    expect([a2, a3]).toEqual([a, a]);
    expect(b2).toBe(b);
  });

  it('moves no row out of the gate when its share grows', () => {
    const small = hashSplit([text(...ids)], ids.length, { gate: 0.1, validation: 0.1 });
    const large = hashSplit([text(...ids)], ids.length, { gate: 0.2, validation: 0.1 });

    expect(ids.some((_, i) => small[i] === SIDES.gate && large[i] !== SIDES.gate)).toBe(false);
  });

  it('takes u from the first 8 bytes, below 1 even at the end', () => {
    expect(uniform(Buffer.from('8000000000000000ff', 'hex'))).toBe(0.5);
    expect(uniform(Buffer.alloc(32, 0xff))).toBeLessThan(1);
  });

  it('refuses shares that leave nothing to train on', () => {
    expect(() => hashSplit([text('a')], 1, { gate: 0.5, validation: 0.5 })).toThrow(RangeError);
  });
});

describe('the time split', () => {
  const cuts = { from: 100, validation: 200, gate: 300, embargo: 20 };

  it('has its borders belong to the later side and leaves out the embargo', () => {
    const sides = timeSplit(numbers('timestamp', 99, 100, 199, 200, 279, 280, 299, 300, 9999), cuts);

    const { none, train, validation, gate } = SIDES;
    expect([...sides]).toEqual([none, train, train, validation, validation, none, none, gate, gate]);
  });

  it('counts dates from their midnight', () => {
    const day = 86_400_000_000;

    const sides = timeSplit(numbers('date', 0, 1, 2), { validation: day, gate: 2 * day, embargo: 0 });

    expect([...sides]).toEqual([SIDES.train, SIDES.validation, SIDES.gate]);
  });

  it('puts a row without a time nowhere', () => {
    const sides = timeSplit({ ...numbers('timestamp', 500), nulls: Uint8Array.of(1) }, cuts);

    expect([...sides]).toEqual([SIDES.none]);
  });

  it('refuses cuts that are not in order, and a column that holds no times', () => {
    expect(() => timeSplit(numbers('timestamp', 1), { ...cuts, gate: 150 })).toThrow('not in order');
    expect(() => timeSplit(numbers('integer', 1), cuts)).toThrow('integer');
  });
});

describe('the folds that judge', () => {
  const ids = (count: number): Column => numbers('integer', ...Array.from({ length: count }, (_, id) => id));

  it('are for ever the same: a champion’s models rely on it', () => {
    expect([...judgingFolds([ids(12)], 12, 5)]).toEqual([1, 2, 4, 2, 0, 2, 0, 1, 1, 2, 2, 0]);
  });

  it('keep a row where it is whatever rows come beside it, and are of a size', () => {
    const few = [...judgingFolds([ids(1000)], 1000, 5)];
    const many = [...judgingFolds([ids(5000)], 5000, 5)];

    expect(many.slice(0, 1000)).toEqual(few);
    for (const fold of [0, 1, 2, 3, 4]) {
      expect(Math.abs(many.filter((each) => each === fold).length - 1000)).toBeLessThan(4 * Math.sqrt(800));
    }
  });
});

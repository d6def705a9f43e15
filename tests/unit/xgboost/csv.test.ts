import { expect, it } from 'vitest';
import { CsvError, parseNumericCsv } from '../../../local/containers/xgboost/csv.ts';
import fc from '../../fast-check.ts';

const parse = (text: string) => parseNumericCsv(Buffer.from(text), 'part-0.csv');

it('reads numbers of every spelling, and empty fields and nan as missing', () => {
  const table = parse('1,2.5,,-3e2\r\n0, 4 ,nan,.5\n\n-0.1,5.,1234567890123456789,+7');

  expect(table.rows).toBe(3);
  expect(table.columns).toBe(4);
  expect(table.values).toEqual(
    Float32Array.of(1, 2.5, Number.NaN, -300, 0, 4, Number.NaN, 0.5, -0.1, 5, Number('1234567890123456789'), 7),
  );
});

it('reads any number that JavaScript prints as the float32 next to it', () => {
  const row = fc.array(fc.double({ min: -3e38, max: 3e38, noNaN: true }).map(String), { minLength: 2, maxLength: 5 });
  fc.assert(
    fc.property(row, (fields) => {
      expect(parse(`${fields.join(',')}\n`).values).toEqual(Float32Array.from(fields, Number));
    }),
  );
});

it('reads decimals of up to fifteen digits as the float32 next to them', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999_999_999 }), fc.integer({ min: 0, max: 6 }), (digits, decimals) => {
      const text = (digits / 10 ** decimals).toFixed(decimals);
      expect(parse(`${text},-${text}`).values).toEqual(Float32Array.of(Number(text), -Number(text)));
    }),
  );
});

it('finds out the delimiter from the first line', () => {
  expect(parse('1;2\n3;\n').values).toEqual(Float32Array.of(1, 2, 3, Number.NaN));
  expect(parse('1\t2\n').columns).toBe(2);
});

it('skips a byte order mark', () => {
  expect(parse('\ufeff1,2').values).toEqual(Float32Array.of(1, 2));
});

it('has a last field that is empty', () => {
  expect(parse('1,\n2,').values).toEqual(Float32Array.of(1, Number.NaN, 2, Number.NaN));
});

it.each([
  ['label,x\n1,2', 'part-0.csv, line 1, column 1: "label" is not a number'],
  ['1,2\n\n3,SFO', 'part-0.csv, line 3, column 2: "SFO" is not a number'],
  ['1,2\n3,4,5', 'part-0.csv, line 2: 3 columns, and 2 in the lines before'],
  ['1,1e39', 'part-0.csv, line 1, column 2: "1e39" is not a number'],
  ['1,inf', 'part-0.csv, line 1, column 2: "inf" is not a number'],
  ['1,"2"', 'part-0.csv, line 1, column 2: "\\"2\\"" is not a number'],
  ['1,0x10', 'part-0.csv, line 1, column 2: "0x10" is not a number'],
])('refuses %j and names the line', (text, reason) => {
  expect(() => parse(text)).toThrow(CsvError);
  expect(() => parse(text)).toThrow(reason);
});

/** Cells that are not what their column is, and cells that look like what they are not. */
import type { ColumnType } from '../../../shared/features/columns.ts';
import { accepted, csv, goodRows, type HostileFile, rejected, withCell, withColumn } from '../hostile-file.ts';

/** One cell of `amount` on line 9 that is no number: told there, and never taken for a category. */
const oneBadNumber = (name: string, cell: string): HostileFile => ({
  name: `one amount that is ${name}`,
  bytes: () => withCell('amount', 9, cell),
  expected: rejected({ code: 'cell_not_parsed', line: 9, column: 'amount' }),
});

/** One cell of `amount` that some programs write for a number, and that is one. */
const oneGoodNumber = (name: string, cell: string): HostileFile => ({
  name: `one amount that is ${name}`,
  bytes: () => withCell('amount', 9, cell),
  expected: accepted({ amount: 'number' }),
});

/** A whole column of numbers as somebody's program writes them. */
const habit = (name: string, cell: (amount: number) => string, says: string): HostileFile => ({
  name: `amounts written ${name}`,
  bytes: () => withColumn('amount', (i) => `"${cell(1000 * (i + 1) + 0.25)}"`),
  expected: rejected({ code: 'notation', line: 2, column: 'amount' }, says),
});

const grouped = (amount: number, group: string, decimal: string): string =>
  amount
    .toFixed(2)
    .replace('.', decimal)
    .replaceAll(/\B(?=(\d{3})+(?!\d))(?<!,\d*)/g, group);
const digitsFrom = (zero: number) => (amount: number) =>
  String(Math.trunc(amount)).replaceAll(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)));

/** A whole column of days as somebody's program writes them. */
const days = (name: string, day: (i: number) => string, says: string): HostileFile => ({
  name: `days written ${name}`,
  bytes: () => csv(goodRows().map((row, i) => ({ ...row, day: `"${day(i)}"` }))),
  expected: rejected({ code: 'notation', line: 2, column: 'day' }, says),
});
const two = (n: number) => String(n).padStart(2, '0');

/** A model of rows that have a time. */
const TIMED = 'problem: binary\ndata: { label: late, key: [id], time: day, features: [amount, place] }\n';
const onDay = (line: number, cell: string): string =>
  csv(goodRows().map((row, i) => ({ ...row, day: i === line - 2 ? cell : `2001-03-${two((i % 28) + 1)}` })));
const noDay = (name: string, cell: string): HostileFile => ({
  name: `a day that is ${name}`,
  bytes: () => onDay(9, cell),
  definition: TIMED,
  expected: rejected({ code: 'cell_not_parsed', line: 9, column: 'day' }, undefined, 'column_type_mismatch'),
});

const label = (name: string, cell: string, expected: HostileFile['expected']): HostileFile => ({
  name: `one label that is ${name}`,
  bytes: () => withCell('late', 9, cell),
  expected,
});
const labels = (name: string, pair: readonly [string, string], type: ColumnType): HostileFile => ({
  name: `labels written ${name}`,
  bytes: () => withColumn('late', (i) => pair[i % 2] ?? ''),
  expected: accepted({ late: type }),
});
const wordLabels = (one: string, other: string, says: string): HostileFile => ({
  name: `labels written ${one} and ${other}`,
  bytes: () => withColumn('late', (i) => (i % 2 === 0 ? one : other)),
  expected: rejected({ code: 'column_type_mismatch', column: 'late' }, says),
});

export const valued: readonly HostileFile[] = [
  oneBadNumber('1e400', '1e400'),
  oneBadNumber('-1e400', '-1e400'),
  oneBadNumber('infinity', 'Infinity'),
  oneBadNumber('minus infinity', '-inf'),
  oneBadNumber('minus NaN', '-nan'),
  oneBadNumber('a cell of minus infinity in capitals', '-INFINITY'),
  oneBadNumber('hexadecimal', '0x1F'),
  oneBadNumber('grouped by underscores', '1_000'),
  oneBadNumber('in German', '"1,5"'),
  oneBadNumber('in French', '"1 234,5"'),
  oneBadNumber('in dollars', '$12.50'),
  oneBadNumber('a percentage', '12%'),
  oneBadNumber('a fraction', '1/2'),
  oneBadNumber('followed by a unit', '12 kg'),
  oneBadNumber('negative in parentheses', '(12)'),
  oneBadNumber('negative by a true minus sign', '\u221212'),
  oneBadNumber('of full-width digits', '\uff11\uff12'),
  oneBadNumber('the error of a spreadsheet', '#DIV/0!'),
  oneBadNumber('the name of the column', 'Amount'),
  oneBadNumber('a formula', '=A1+A2'),
  oneBadNumber('a question mark', '?'),
  oneBadNumber('a dash', '-'),
  oneGoodNumber('of 400 digits after the point', `0.${'3'.repeat(400)}`),
  oneGoodNumber('smaller than the smallest', '1e-400'),
  oneGoodNumber('with an exponent', '1.5E+03'),
  oneGoodNumber('with a plus', '+7.5'),
  oneGoodNumber('without a digit before the point', '.5'),
  oneGoodNumber('surrounded by blanks', '  7.5 '),
  oneGoodNumber('NaN, a word for missing', 'NaN'),
  oneGoodNumber('N/A, a word for missing', 'N/A'),
  oneGoodNumber('nothing', ''),
  {
    name: 'keys beyond 2^53',
    bytes: () => withColumn('id', (row) => String(2n ** 60n + BigInt(row))),
    expected: rejected({ code: 'number_inexact', line: 2, column: 'id' }, 'type: string'),
  },
  {
    name: 'amounts with points between thousands, and hundreds without',
    bytes: () =>
      withColumn('amount', (row) => (row % 2 === 0 ? String(200 + row * 19) : `${1 + (row % 9)}.${100 + row * 19}`)),
    expected: accepted({ amount: 'number' }, 40, ['decimal_point']),
  },
  {
    name: 'amounts with three decimals each',
    bytes: () => withColumn('amount', (row) => `${row + 1}.${100 + ((row * 37) % 900)}`),
    expected: accepted({ amount: 'number' }, 40, []),
  },
  {
    name: 'amounts of -999 where there is none',
    bytes: () => withColumn('amount', (row) => (row % 5 === 0 ? '-999' : String(row / 4))),
    expected: accepted({ amount: 'number' }, 40, ['stand_in_value']),
  },
  {
    name: 'amounts of nanoseconds since 1970',
    bytes: () => withColumn('amount', (row) => String(1_704_070_697_250_000_000n + BigInt(row) * 1_000_000_000n)),
    expected: accepted({ amount: 'number' }, 40, ['exact_integers']),
  },
  habit('in German', (n) => grouped(n, '.', ','), 'decimal comma'),
  habit('with a decimal comma', (n) => n.toFixed(2).replace('.', ','), 'decimal comma'),
  habit('in English', (n) => grouped(n, ',', '.'), 'thousands'),
  habit('in French', (n) => grouped(n, '\u202f', ','), 'decimal comma'),
  habit('with no-break spaces', (n) => grouped(n, '\u00a0', '.'), 'thousands'),
  habit('in Swiss', (n) => grouped(n, '\u2019', '.'), 'thousands'),
  habit('in Indian lakhs', (n) => `1,23,${String(Math.trunc(n)).slice(-3).padStart(3, '0')}.00`, 'thousands'),
  habit('in dollars', (n) => `$${grouped(n, ',', '.')}`, 'currency'),
  habit('in euros', (n) => `${grouped(n, '.', ',')} \u20ac`, 'currency'),
  habit('in percent', (n) => `${n / 1000} %`, 'percent'),
  habit('in percent without a blank', (n) => `${n / 1000}%`, 'percent'),
  habit('in parentheses', (n) => `(${n})`, 'parentheses'),
  habit('with the minus behind', (n) => `${n}-`, 'minus'),
  habit('with a true minus sign', (n) => `\u2212${n}`, 'minus'),
  habit('in Arabic digits', digitsFrom(0x0660), 'digits'),
  habit('in full-width digits', digitsFrom(0xff10), 'digits'),
  habit('in hexadecimal', (n) => `0x${Math.trunc(n).toString(16)}`, 'hexadecimal'),
  days('in German', (i) => `${two((i % 28) + 1)}.03.2001`, '2001-03-31'),
  days('in American', (i) => `3/${(i % 28) + 1}/2001`, '2001-03-31'),
  days('in American with a time', (i) => `3/${(i % 28) + 1}/2001 14:05`, '2001-03-31'),
  days('with two digits of the year', (i) => `${(i % 28) + 1}/3/01`, '2001-03-31'),
  days('in words', (i) => `Mar ${(i % 28) + 1}, 2001`, '2001-03-31'),
  days('day first in words', (i) => `${(i % 28) + 1} March 2001`, '2001-03-31'),
  days('with slashes', (i) => `2001/03/${two((i % 28) + 1)}`, '2001-03-31'),
  days("with a zone's name", (i) => `2001-03-${two((i % 28) + 1)} 10:15:00 CET`, '2001-03-31'),
  days('with a clock of twelve hours', (i) => `2001-03-${two((i % 28) + 1)} 12:${two(i)} AM`, 'clock of twelve hours'),
  days('as a time of day alone', (i) => `${(i % 12) + 1}:${two(i)} PM`, 'clock: "%I:%M %p"'),
  days('as weeks', (i) => `2001-W${two((i % 50) + 1)}`, '2001-03-31'),
  noDay('the 30th of February', '2001-02-30'),
  noDay('the 29th of February of no leap year', '2001-02-29'),
  noDay('in the 13th month', '2001-13-01'),
  noDay('zero', '0000-00-00'),
  noDay('infinite', 'infinity'),
  noDay('today', 'today'),
  noDay('in another order', '31.03.2001'),
  noDay('a number of a spreadsheet', '36979'),
  noDay('a time at 25 hours', '2001-03-31 25:00:00'),
  noDay('beyond what is exact', '9999-12-31 00:00:00'),
  {
    name: 'a day that is missing',
    bytes: () => onDay(9, ''),
    definition: TIMED,
    expected: rejected({ code: 'time_missing', line: 9, column: 'day' }),
  },
  {
    name: 'a leap day of a leap year',
    bytes: () => onDay(9, '2000-02-29'),
    definition: TIMED,
    expected: accepted({ day: 'date' }),
  },
  {
    name: 'days among times of day',
    bytes: () => onDay(9, '2001-03-31T10:15:00+01:00'),
    definition: TIMED,
    expected: accepted({ day: 'timestamp' }),
  },
  {
    name: 'times in seconds since 1970',
    bytes: () => csv(goodRows().map((row, i) => ({ ...row, day: String(985_824_000 + i * 86_400) }))),
    definition: TIMED,
    expected: rejected({ code: 'column_type_mismatch', column: 'day' }, 'timestamp'),
  },
  label('missing', '', rejected({ code: 'label_missing', line: 9, column: 'late' })),
  label('NaN', 'NaN', rejected({ code: 'label_missing', line: 9, column: 'late' })),
  label('two', '2', rejected({ code: 'label_invalid', line: 9, column: 'late' })),
  label('minus one', '-1', rejected({ code: 'label_invalid', line: 9, column: 'late' })),
  label('a half', '0.5', rejected({ code: 'label_invalid', line: 9, column: 'late' })),
  label(
    'infinite',
    'inf',
    rejected({ code: 'cell_not_parsed', line: 9, column: 'late' }, undefined, 'column_type_mismatch'),
  ),
  label(
    '1e400',
    '1e400',
    rejected({ code: 'cell_not_parsed', line: 9, column: 'late' }, undefined, 'column_type_mismatch'),
  ),
  label(
    'a word',
    'late',
    rejected({ code: 'cell_not_parsed', line: 9, column: 'late' }, undefined, 'column_type_mismatch'),
  ),
  labels('as truth values', ['true', 'false'], 'boolean'),
  labels('in capitals', ['TRUE', 'FALSE'], 'boolean'),
  labels('with fractions', ['1.0', '0.0'], 'number'),
  labels('with blanks', [' 1', '0 '], 'integer'),
  wordLabels('yes', 'no', "sql: late = 'yes'"),
  wordLabels('Y', 'N', "sql: late = 'Y'"),
  wordLabels('late', 'on time', "sql: late = 'late'"),
  wordLabels('good', 'bad', "sql: late = 'bad'"),
  {
    name: 'labels that are all missing',
    bytes: () => withColumn('late', () => ''),
    expected: rejected({ code: 'column_type_mismatch', column: 'late' }),
  },
  {
    name: 'labels that are all NaN',
    bytes: () => withColumn('late', () => 'NaN'),
    expected: rejected({ code: 'column_type_mismatch', column: 'late' }),
  },
  {
    name: 'labels that are all the same',
    bytes: () => withColumn('late', () => '1'),
    expected: accepted({}, 40, ['label_balance']),
  },
  {
    name: 'labels from 1 to 3',
    bytes: () => withColumn('late', (i) => String((i % 3) + 1)),
    expected: rejected({ code: 'label_invalid', line: 3, column: 'late' }),
  },
  {
    name: 'postal codes with leading zeros',
    bytes: () => withColumn('place', (i) => `0${1000 + i}`),
    expected: accepted({ place: 'string' }),
  },
  {
    name: 'phone numbers',
    bytes: () => withColumn('place', (i) => `+41 44 123 45 ${two(i)}`),
    expected: accepted({ place: 'string' }),
  },
  {
    name: 'versions of three numbers',
    bytes: () => withColumn('place', (i) => `1.${i}.12`),
    expected: accepted({ place: 'string' }),
  },
  ...[
    '=1+1',
    '=HYPERLINK("http://x","y")',
    '+A1',
    '-2+3',
    '@SUM(A1)',
    "=cmd|' /C calc'!A0",
    "'; DROP TABLE x; --",
    '<img src=x onerror=alert(1)>',
    '$\u007b7*7}',
    '%s%n',
  ].map(
    (text): HostileFile => ({
      name: `a place named ${text}`,
      bytes: () => withCell('place', 9, `"${text.replaceAll('"', '""')}"`),
      expected: accepted({ place: 'string' }),
    }),
  ),
];

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ReadDataset } from '../../../shared/data/read-dataset.ts';
import { parquetRows } from '../../../shared/data/sql.ts';
import { type SourceFormat, sourceSchema } from '../../../shared/definition/source.ts';
import fc from '../../fast-check.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

const types = ({ columns }: ReadDataset) => Object.fromEntries(columns.map(({ name, type }) => [name, type]));
const content = ({ parts }: ReadDataset) => shop.rows(parquetRows(parts.map(({ path }) => path)));
const declared = (columns: Readonly<Record<string, object>>): SourceFormat => sourceSchema.parse({ columns });

/** The cells of one column as they are read, one to a row; and the lines of those that are not. */
async function read(cells: readonly string[], notation: object) {
  const quoted = cells.map((cell) => `"${cell.replaceAll('"', '""')}",x`);
  const dataset = await shop.read(
    { 'a.csv': `a,other\n${quoted.join('\n')}\n` },
    { source: declared({ a: notation }) },
  );
  return {
    type: types(dataset).a,
    values: (await content(dataset)).map(([value]) => value),
    unread: dataset.problems.map(({ code, line }) => [code, line]),
  };
}

describe('a column of which it is declared how it is written', () => {
  it.each([
    ['%d.%m.%Y', 'date', ['31.12.2001', '1.2.1999', ' 03.04.2005 '], ['2001-12-31', '1999-02-01', '2005-04-03']],
    ['%m/%d/%y', 'date', ['12/31/01', '4/3/99'], ['2001-12-31', '1999-04-03']],
    ['%b %d, %Y', 'date', ['Mar 31, 2001', 'DEC 1, 2020'], ['2001-03-31', '2020-12-01']],
  ])('holds the days of %s', async (date, type, cells, days) => {
    const found = await read(cells, { date });

    expect(found).toMatchObject({ type, unread: [] });
    expect(found.values.map((day) => new Date(Number(day) * 86_400_000).toISOString().slice(0, 10))).toEqual(days);
  });

  it.each([
    ['%Y/%m/%d %H:%M', '2001/01/31 06:55', '2001-01-31T06:55:00'],
    ['%m/%d/%Y %I:%M %p', '1/31/2001 12:05 AM', '2001-01-31T00:05:00'],
    ['%d.%m.%Y %H:%M:%S.%f', '31.01.2001 06:55:01.25', '2001-01-31T06:55:01.25'],
  ])('holds the times of %s, in UTC', async (date, cell, time) => {
    const dataset = await shop.read({ 'a.csv': `a\n${cell}\n` }, { source: declared({ a: { date } }) });

    expect(types(dataset)).toEqual({ a: 'timestamp' });
    expect(dataset.profile?.columns[0]?.min).toBe(new Date(`${time}Z`).toISOString());
  });

  it.each([
    ['%H:%M', ['00:00', '9:05', '23:59'], [0, 32_700, 86_340]],
    ['%I:%M %p', ['12:58 AM', '1:05 pm', ' 11:59 PM '], [3480, 47_100, 86_340]],
    ['%I:%M:%S%p', ['12:00:01AM', '12:00:00PM'], [1, 43_200]],
    ['%H:%M:%S.%f', ['00:00:00.25'], [0.25]],
  ])('holds the times of day of %s as seconds since midnight', async (clock, cells, values) => {
    expect(await read(cells, { clock })).toEqual({ type: 'number', values, unread: [] });
  });

  it('tells a time of day that there is not', async () => {
    const { unread } = await read(['12:58 AM', '13:05 PM', '0:61 AM', '9:05'], { clock: '%I:%M %p' });

    expect(unread).toEqual([3, 4, 5].map((line) => ['cell_not_parsed', line]));
  });

  it.each([
    ['microseconds', ['1704070697250999', '-1'], ['2024-01-01T00:58:17.250Z', '1969-12-31T23:59:59.999Z']],
    ['nanoseconds', ['1704070697250999999', '-1'], ['2024-01-01T00:58:17.250Z', '1969-12-31T23:59:59.999Z']],
  ])('holds times counted in %s to the microsecond they are in', async (epoch, cells, shown) => {
    const source = declared({ a: { epoch } });

    const dataset = await shop.read({ 'a.csv': `a\n${cells.join('\n')}\n` }, { source });

    expect(types(dataset)).toEqual({ a: 'timestamp' });
    expect([dataset.profile?.columns[0]?.max, dataset.profile?.columns[0]?.min]).toEqual(shown);
    const [[later], [before]] = [(await content(dataset))[0] ?? [], (await content(dataset))[1] ?? []];
    expect([later, before]).toEqual([1_704_070_697_250_999, -1]);
  });

  it('holds times that are counted from 1970, of text and of whole numbers in Parquet alike', async () => {
    const path = join(shop.directory(), 'made');
    await shop.engine.query(`COPY (SELECT 1704070697250 AS a) TO '${path}' (FORMAT parquet)`);
    const source = declared({ A: { epoch: 'milliseconds' } });

    const text = await shop.read({ 'a.csv': 'a\n1704070697250\n' }, { source });
    const parquet = await shop.read({ 'a.parquet': readFileSync(path) }, { source });

    expect(types(text)).toEqual({ a: 'timestamp' });
    expect(text.profile?.columns[0]?.min).toBe('2024-01-01T00:58:17.250Z');
    expect(parquet.profile).toEqual(text.profile);
  });

  it.each([
    [{ decimal: ',', thousands: '.' }, ['1.234,56', '-0,5', '12', '1234,5'], [1234.56, -0.5, 12, 1234.5]],
    [{ thousands: ',' }, ['1,234.5', '1,234,567', '-12'], [1234.5, 1234567, -12]],
    [{ decimal: ',', thousands: ' ' }, ['1 234,5', '1\u00a0234', '1\u202f234\u202f567'], [1234.5, 1234, 1234567]],
    [{ thousands: "'" }, ["1'234.5", '1’234'], [1234.5, 1234]],
    [{ unit: '%' }, ['12 %', '-3%', '4.5'], [12, -3, 4.5]],
    [{ unit: '$', thousands: ',' }, ['$1,234.50', '-$3', '$-4', '5 $'], [1234.5, -3, -4, 5]],
    [{ unit: 'CHF', thousands: "'" }, ["CHF 1'000.05", '20'], [1000.05, 20]],
  ])('holds the numbers of %j', async (notation, cells, values) => {
    expect(await read(cells, notation)).toEqual({ type: 'number', values, unread: [] });
  });

  it('has no value where one of its own words for missing stands, or one that always means it', async () => {
    expect(await read(['3', '?', 'n/a', '', '-'], { missing: ['?', '-'] })).toMatchObject({
      type: 'integer',
      values: [3, null, null, null, null],
      unread: [],
    });
    expect(await read(['a', '-', 'n/a'], { missing: ['-'] })).toMatchObject({
      type: 'string',
      values: ['a', null, 'n/a'],
    });
  });

  it('tells each cell that is written otherwise, also where it is what is read everywhere else', async () => {
    const { unread: days } = await read(['2001-12-31', '31.12.2001', '30.02.2001', '31.12.01'], { date: '%d.%m.%Y' });
    const { unread: numbers } = await read(['1.5', '1,5', '1.23,4', '12.345,6'], { decimal: ',', thousands: '.' });

    expect(days).toEqual([2, 4, 5].map((line) => ['cell_not_parsed', line]));
    expect(numbers).toEqual([2, 4].map((line) => ['cell_not_parsed', line]));
  });

  it('says what was declared, and never the cell', async () => {
    const { problems } = await shop.read(
      { 'a.csv': 'a\n31.12.2001\nsecret\n' },
      { source: declared({ a: { date: '%d.%m.%Y' } }) },
    );

    expect(problems.map(({ message }) => message)).toEqual([
      'not written as %d.%m.%Y, as data.source.columns declares',
    ]);
  });

  it('holds the same from CSV, JSON Lines and text in Parquet, and the other columns are as they were', async () => {
    const path = join(shop.directory(), 'made');
    await shop.engine.query(
      `COPY (SELECT * FROM (VALUES ('31.12.2001', '1,5', 7), ('?', '2', 8)) t(day, amount, n)) TO '${path}' (FORMAT parquet)`,
    );
    const source = declared({ day: { date: '%d.%m.%Y', missing: ['?'] }, amount: { decimal: ',' } });

    const csv = await shop.read({ 'a.csv': 'day;amount;n\n31.12.2001;1,5;7\n?;2;8\n' }, { source });
    const lines = '{"day":"31.12.2001","amount":"1,5","n":7}\n{"day":"?","amount":"2","n":8}\n';
    const jsonl = await shop.read({ 'a.jsonl': lines }, { source });
    const parquet = await shop.read({ 'a.parquet': readFileSync(path) }, { source });

    expect(types(csv)).toEqual({ day: 'date', amount: 'number', n: 'integer' });
    expect([jsonl.profile, parquet.profile]).toEqual([csv.profile, csv.profile]);
    expect(csv.problems).toEqual([]);
  });

  it('takes a cell of a column that holds times already as it is', async () => {
    const path = join(shop.directory(), 'made');
    await shop.engine.query(`COPY (SELECT DATE '2001-12-31' AS a) TO '${path}' (FORMAT parquet)`);

    const { problems, profile } = await shop.read(
      { 'a.parquet': readFileSync(path) },
      { source: declared({ a: { date: '%d.%m.%Y' } }) },
    );

    expect(problems).toEqual([]);
    expect(profile?.columns[0]?.min).toBe('2001-12-31');
  });

  it('holds every number that was written so', async () => {
    const amounts = fc.array(
      fc.integer({ min: -1e12, max: 1e12 }).map((n) => n / 100),
      { minLength: 1, maxLength: 50 },
    );
    const german = new Intl.NumberFormat('de-DE', { minimumFractionDigits: 2 });
    await fc.assert(
      fc.asyncProperty(amounts, async (values) => {
        const found = await read(
          values.map((value) => german.format(value)),
          { decimal: ',', thousands: '.' },
        );
        expect(found).toEqual({ type: 'number', values: values.map((value) => value + 0), unread: [] });
      }),
      { seed: 5, numRuns: 20 },
    );
  });
});

describe('what is declared of a column', () => {
  it.each([
    [{ date: 'DD.MM.YYYY' }, /no year, %Y or %y; did you mean \\"%d.%m.%Y\\"\?/],
    [{ date: '%d.%m.%Q' }, /%Q is none of/],
    [{ date: '%d.%Y' }, /no day/],
    [{ date: '%d.%m.%Y %I:%M' }, /%p/],
    [{ date: '%d.%m.%Y %d' }, /twice/],
    [{ date: '%d.%m.%Y', epoch: 'seconds' }, /one of date, clock and epoch/],
    [{ date: '%d.%m.%Y', decimal: ',' }, /times or numbers/],
    [{ date: '%H:%M' }, /no day; that is declared as clock/],
    [{ clock: '%H:%M', date: '%d.%m.%Y' }, /one of date, clock and epoch/],
    [{ clock: '%H:%M', unit: 'h' }, /times or numbers/],
    [{ clock: 'h:mm a' }, /did you mean \\"%I:%M %p\\"\?/],
    [{ clock: 'HH:mm:ss' }, /did you mean \\"%H:%M:%S\\"\?/],
    [{ date: 'M/d/yyyy h:mm:ss a' }, /did you mean \\"%m\/%d\/%Y %I:%M:%S %p\\"\?/],
    [{ clock: '%d.%m.%Y %H:%M' }, /it has a day; that is declared as date/],
    [{ clock: '%M:%S' }, /no hour/],
    [{ clock: '%I:%M' }, /%p/],
    [{ thousands: '.' }, /no \.: it stands before the decimals/],
    [{ decimal: ',', thousands: ',' }, /no ,: it stands before the decimals/],
    [{ unit: '1' }, /a sign that is no part of a number/],
    [{}, /at least one of date/],
  ])('is refused where it says nothing that could be read: %j', (notation, message) => {
    const { error } = sourceSchema.safeParse({ columns: { a: notation } });

    expect(error?.message).toMatch(message);
  });
});

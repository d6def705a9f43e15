import { describe, expect, it } from 'vitest';
import { parseDecimal } from '../../../shared/evaluation/decimal.ts';
import { readScores, type ScoresPart } from '../../../shared/evaluation/scores.ts';
import fc from '../../fast-check.ts';

const part = (text: string, rows: number, form: ScoresPart['form'] = 'transform', name = 'part-00000.csv.out') => ({
  name,
  rows,
  form,
  load: async () => new TextEncoder().encode(text),
});

const valuesOf = async (...parts: ScoresPart[]) => {
  const read = await readScores(parts, { range: 'probability' });
  return read.outcome === 'read' ? read.scores.columns.map(({ values }) => [...values]) : read.fault;
};

describe('scores', () => {
  it.each([
    ['one prediction per line', '0.25\n0.5\n1\n'],
    ['lines without a break at the end', '0.25\n0.5\n1'],
    ['lines that end with CR LF', '0.25\r\n0.5\r\n1\r\n'],
    ['predictions joined by commas', '0.25,0.5,1'],
    ['commas and lines', '0.25,0.5\n1\n'],
    ['exponents and signs', '2.5e-1\n+5E-1\n1.0e0'],
  ])('are read from %s', async (_what, text) => {
    expect(await valuesOf(part(text, 3))).toEqual([[0.25, 0.5, 1]]);
  });

  it('keep the order of the parts', async () => {
    expect(await valuesOf(part('0.1\n0.2\n', 2), part('', 0), part('0.3', 1))).toEqual([[0.1, 0.2, 0.3]]);
  });

  it('are read from CSV by the names in its header', async () => {
    const read = await readScores([part('"score.b",score.a\r\n0.75,0.25\r\n0.5,0.5\r\n', 2, 'csv')], {
      columns: ['score.a', 'score.b'],
      range: 'probability',
    });

    expect(read).toEqual({
      outcome: 'read',
      scores: {
        rows: 2,
        columns: [
          { name: 'score.a', values: Float64Array.of(0.25, 0.5) },
          { name: 'score.b', values: Float64Array.of(0.75, 0.5) },
        ],
      },
    });
  });

  it('of a regression may be any number', async () => {
    const read = await readScores([part('-12.5\n1e300\n', 2)], { range: 'finite' });

    expect(read.outcome === 'read' && [...(read.scores.columns[0]?.values ?? [])]).toEqual([-12.5, 1e300]);
  });

  it.each([
    ['a row has no score', '0.1\n0.2\n', 3, { code: 'missing_rows' }],
    ['the file is empty', '', 1, { code: 'missing_rows' }],
    ['a score has no row', '0.1\n0.2\n', 1, { code: 'extra_rows' }],
    ['a score is not a number', '0.1\nnan\n', 2, { code: 'not_a_number', line: 2 }],
    ['a score is infinite', '0.1\ninf\n', 2, { code: 'not_a_number', line: 2 }],
    ['a score overflows', '0.1\n1e999\n', 2, { code: 'not_a_number', line: 2 }],
    ['a score is written in a way only JavaScript reads', '0x1\n', 1, { code: 'not_a_number', line: 1 }],
    ['a line is empty', '0.1\n\n0.2\n', 3, { code: 'not_a_number', line: 2 }],
    ['a comma has nothing behind it', '0.1,0.2,', 3, { code: 'not_a_number', line: 1 }],
    ['a blank stands beside it', ' 0.1\n', 1, { code: 'not_a_number', line: 1 }],
    ['a probability is above one', '0.1\n0.2\n1.0000001\n', 3, { code: 'out_of_range', line: 3 }],
    ['a probability is below zero', '-0.1\n', 1, { code: 'out_of_range', line: 1 }],
  ])('are refused where %s', async (_what, text, rows, fault) => {
    const found = await valuesOf(
      part('0.5', 1, 'transform', 'part-00000.csv.out'),
      part(text, rows, 'transform', 'part-00001.csv.out'),
    );

    expect(found).toMatchObject({ ...fault, part: 'part-00001.csv.out' });
  });

  it.each([
    ['has no header', '0.5\n0.5\n', { code: 'wrong_header', line: 1 }],
    ['names another column', 'probability\n0.5\n', { code: 'wrong_header', line: 1 }],
    ['names a column twice', 'score,score\n0.5,0.5\n', { code: 'wrong_header', line: 1 }],
    ['has a line with more columns', 'score\n0.5\n0.5,0.5\n', { code: 'wrong_columns', line: 3 }],
    ['has nothing', '', { code: 'wrong_header', line: 1 }],
  ])('are refused where CSV %s', async (_what, text, fault) => {
    expect(await valuesOf(part(text, 2, 'csv'))).toMatchObject(fault);
  });

  it('repeat no more of a strange file than a few characters', async () => {
    const found = await valuesOf(part(`${'x'.repeat(1000)}\n`, 1));

    expect(found).toMatchObject({ code: 'not_a_number' });
    expect(JSON.stringify(found).length).toBeLessThan(200);
  });

  it('are exactly the doubles that were written', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const bytes = new TextEncoder().encode(`;${value};`);

        const read = parseDecimal(bytes, 1, bytes.length - 1);

        // An -0 prints as 0.
        expect(read).toBe(Object.is(value, -0) ? 0 : value);
      }),
    );
  });

  it('are read as Number reads them, whatever decimal text stands there', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[+-]?\d{0,22}\.?\d{0,22}([eE][+-]?\d{1,3})?$/), (text) => {
        const bytes = new TextEncoder().encode(text);

        const read = parseDecimal(bytes, 0, bytes.length);

        // Number('') is 0, which no score is.
        expect(read).toBe(text === '' ? Number.NaN : Number(text));
      }),
      { numRuns: 1000 },
    );
  });
});

import { describe, expect, it } from 'vitest';
import { splitRecord } from '../../../shared/data/csv-record.ts';
import { type CsvScan, scanCsv } from '../../../shared/data/csv-scanner.ts';
import { type Problem, ProblemLog } from '../../../shared/data/problems.ts';
import fc from '../../fast-check.ts';

interface Scanned extends CsvScan {
  readonly clean: string;
  readonly problems: Problem[];
}

/** Scans bytes in chunks of a given size, so that every boundary can fall anywhere. */
async function scan(
  content: string | Uint8Array,
  { chunk = 7, ...options }: { chunk?: number; maxRecordBytes?: number; maxBytes?: number } = {},
): Promise<Scanned> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : Buffer.from(content);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += chunk) yield Uint8Array.prototype.slice.call(bytes, at, at + chunk);
  }
  const problems = new ProblemLog();
  const written: Buffer[] = [];
  const result = await scanCsv(chunks(), {
    problems,
    write: async ({ bytes }) => {
      written.push(bytes);
    },
    ...options,
  });
  return { ...result, clean: Buffer.concat(written).toString(), problems: problems.list() };
}

const codes = (scanned: Scanned) => scanned.problems.map(({ code, line }) => [code, line]);

describe('the clean copy', () => {
  it('puts the physical line before each record and leaves out header, blank lines and byte order mark', async () => {
    const scanned = await scan('\ufeffa,b\r\n1,2\r\n\r\n3,4');

    expect(scanned).toMatchObject({ header: ['a', 'b'], records: 2, complete: true, problems: [] });
    expect(scanned.clean).toBe('2,1,2\n4,3,4\n');
  });

  it('counts the lines inside quoted fields', async () => {
    const scanned = await scan('a,b\n"x\ny\n",1\nz,2\n');

    expect(scanned.clean).toBe('2,"x\ny\n",1\n5,z,2\n');
  });

  it('quotes a field in which a stray quote stands', async () => {
    const scanned = await scan('size,n\n5" pipe,1\n');

    expect(scanned.clean).toBe('2,"5"" pipe","1"\n');
    expect(scanned.problems).toEqual([]);
  });

  it.each([
    [';', 'a;b;c\n1;2,5;3\n'],
    ['\t', 'a\tb\tc\n1\t2,5\t3\n'],
    ['|', 'a|b|c\n1|2,5|3\n'],
  ])('finds the delimiter %j by the header', async (delimiter, text) => {
    const scanned = await scan(text);

    expect(scanned.delimiter).toBe(delimiter);
    expect(scanned.header).toEqual(['a', 'b', 'c']);
    expect(scanned.clean).toBe(`2${delimiter}${text.split('\n')[1]}\n`);
  });

  it('is the same however the bytes are cut into chunks', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'é', '😀', ',', '"', '\n', '\r\n', ' '), maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, cell), { maxLength: 6 }),
        fc.integer({ min: 1, max: 40 }),
        async (rows, chunk) => {
          const quoted = rows.map((row) => row.map((field) => `"${field.replaceAll('"', '""')}"`).join(','));
          const text = ['x,y', ...quoted].join('\n');

          const whole = await scan(text, { chunk: 1_000_000 });
          const cut = await scan(text, { chunk });

          expect(cut).toEqual(whole);
          expect(whole.problems).toEqual([]);
          expect(whole.records).toBe(rows.length);
        },
      ),
    );
  });

  it('keeps records that are longer than its buffer', async () => {
    const long = 'x'.repeat(1_500_000);

    const scanned = await scan(`a,b\n1,${long}\n2,y\n`, { chunk: 65_536 });

    expect(scanned.clean).toBe(`2,1,${long}\n3,2,y\n`);
  });
});

describe('what is wrong with a file', () => {
  it('names the line of each ragged record and goes on', async () => {
    const scanned = await scan('a,b\n1,2\n3\n4,5,6\n7,8\n');

    expect(codes(scanned)).toEqual([
      ['ragged_row', 3],
      ['ragged_row', 4],
    ]);
    expect(scanned.problems[0]?.message).toBe('1 value where the header names 2 columns');
    expect(scanned.clean).toBe('2,1,2\n5,7,8\n');
  });

  it('lists twenty of a kind and counts the rest', async () => {
    const scanned = await scan(`a,b\n${'1\n'.repeat(1025)}`);

    expect(scanned.problems).toHaveLength(21);
    expect(scanned.problems.at(-1)).toEqual({ code: 'ragged_row', message: '1,005 more of the same', count: 1005 });
    expect(scanned.problems.reduce((sum, { count }) => sum + count, 0)).toBe(1025);
  });

  it('tells where a quote that is never closed was opened', async () => {
    const scanned = await scan('a,b\n1,2\n3,"x\n4,5\n');

    expect(codes(scanned)).toEqual([['quote_unclosed', 3]]);
  });

  it('stops at a record that would fill the memory', async () => {
    const scanned = await scan(`a,b\n1,"${'x\n'.repeat(4000)}`, { maxRecordBytes: 4096, chunk: 512 });

    expect(codes(scanned)).toEqual([['quote_unclosed', 2]]);
    expect(scanned.complete).toBe(false);
  });

  it('tells text that follows a closing quote', async () => {
    const scanned = await scan('a,b\n"x"y,2\n"x",2\n');

    expect(codes(scanned)).toEqual([['quote_misplaced', 2]]);
  });

  it('tells a carriage return that ends no line', async () => {
    const scanned = await scan('a,b\n1\r2,3\n');

    expect(codes(scanned)).toEqual([['carriage_return', 2]]);
  });

  it('names the line of the first byte that is not UTF-8', async () => {
    const scanned = await scan(
      Buffer.concat([Buffer.from('a,b\nü,1\nx,'), Buffer.from([0xe9]), Buffer.from('t,2\n')]),
      {
        chunk: 3,
      },
    );

    expect(codes(scanned)).toEqual([['encoding', 3]]);
    expect(scanned.problems[0]?.message).toContain('0xe9');
  });

  it('finds a byte that is not UTF-8 deep in a large chunk', async () => {
    const before = 'é,1\n'.repeat(50_000);

    const scanned = await scan(
      Buffer.concat([Buffer.from(`a,b\n${before}x`), Buffer.from([0xff]), Buffer.from(',2\n')]),
      {
        chunk: 1_000_000,
      },
    );

    expect(codes(scanned)).toEqual([['encoding', 50_002]]);
  });

  it.each([
    ['with a byte order mark', Buffer.from('\ufeffa,b\n1,2\n', 'utf16le')],
    ['without one', Buffer.from('a,b\n1,2\n'.repeat(10), 'utf16le')],
  ])('refuses UTF-16 %s', async (_, bytes) => {
    const scanned = await scan(bytes, { chunk: 1000 });

    expect(scanned.problems[0]).toMatchObject({ code: 'encoding', message: expect.stringContaining('UTF-16') });
  });

  it('refuses a NUL byte as binary content', async () => {
    const scanned = await scan('a,b\n1,2\n3,\u0000\n');

    expect(codes(scanned)).toEqual([['binary_content', 3]]);
  });

  it('knows a workbook by its first bytes', async () => {
    const scanned = await scan(Buffer.from('PK\u0003\u0004workbook'));

    expect(scanned.problems[0]).toMatchObject({ code: 'not_a_table', message: expect.stringContaining('Excel') });
  });

  it.each([
    ['no byte', ''],
    ['line ends alone', '\n\r\n\n'],
  ])('calls a file of %s empty', async (_, text) => {
    const scanned = await scan(text);

    expect(scanned.problems.map(({ code }) => code)).toEqual(['empty_file']);
  });

  it('tells what stands before a byte that is not text, however the bytes are cut', async () => {
    const bytes = Buffer.concat([Buffer.from('a,b\n1\n2,x\n3,'), Buffer.from([0xff]), Buffer.from(',\0\n4\n')]);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 30 }), async (chunk) => {
        const scanned = await scan(bytes, { chunk });

        expect(codes(scanned)).toEqual([
          ['ragged_row', 2],
          ['encoding', 4],
        ]);
        expect(scanned.clean).toBe('3,2,x\n');
      }),
    );
  });

  it('finds a record too long however the bytes are cut', async () => {
    const text = `a,b\n1,${'x'.repeat(5000)}\n2,y\n`;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 100, max: 9000 }), async (chunk) => {
        const scanned = await scan(text, { chunk, maxRecordBytes: 4096 });

        expect(codes(scanned)).toEqual([['record_too_long', 2]]);
      }),
      { numRuns: 30 },
    );
  });

  it('tells the header where it comes again', async () => {
    const scanned = await scan('a,b\n1,2\na,b\n3,4\n');

    expect(codes(scanned)).toEqual([['header_repeated', 3]]);
    expect(scanned.clean).toBe('2,1,2\n4,3,4\n');
  });

  it('knows the line ends of a classic Mac', async () => {
    const scanned = await scan('a,b\r1,2\r3,4\r');

    expect(codes(scanned)).toEqual([['carriage_return', 1]]);
  });

  it('stops where there is more than it may read', async () => {
    const scanned = await scan(`a,b\n${'1,2\n'.repeat(100)}`, { maxBytes: 100 });

    expect(scanned.problems.map(({ code }) => code)).toEqual(['too_large']);
    expect(scanned.complete).toBe(false);
  });
});

describe('the header', () => {
  it('is missed when the first line holds data', async () => {
    const scanned = await scan('2001-01-01 00:01,33,2176,LAS,PHL\n');

    expect(codes(scanned)).toEqual([['header_missing', 1]]);
  });

  it('must name every column, and each only once whatever the case', async () => {
    const scanned = await scan('a,,b,A\n1,2,3,4\n');

    expect(codes(scanned)).toEqual([
      ['header_name_empty', 1],
      ['column_duplicated', 1],
    ]);
    expect(scanned.header).toBeUndefined();
  });

  it('may be quoted, over several lines of the file', async () => {
    const scanned = await scan('\n"a, first","b"\n1,2\n');

    expect(scanned.header).toEqual(['a, first', 'b']);
    expect(scanned.clean).toBe('3,1,2\n');
  });

  it('may follow the line in which Excel names the delimiter', async () => {
    const scanned = await scan('sep=;\na;b\n1;2,5\n');

    expect(scanned).toMatchObject({ header: ['a', 'b'], delimiter: ';', problems: [] });
    expect(scanned.clean).toBe('3;1;2,5\n');
  });

  it('may not hold names that look the same', async () => {
    const scanned = await scan('caf\u00e9,cafe\u0301,pla\u200bce\n1,2,3\n');

    expect(codes(scanned)).toEqual([
      ['column_duplicated', 1],
      ['header_name_invalid', 1],
    ]);
  });

  it('may stand alone', async () => {
    const scanned = await scan('a,b');

    expect(scanned).toMatchObject({ header: ['a', 'b'], records: 0, problems: [] });
  });
});

it('splits a record into fields without their quotes', () => {
  expect(splitRecord('a,"b,""c""",,d', ',')).toEqual(['a', 'b,"c"', '', 'd']);
});

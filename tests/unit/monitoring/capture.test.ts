import { describe, expect, it } from 'vitest';
import { type CaptureRecord, captureBatches, captureRecords, emptyTally } from '../../../shared/monitoring/capture.ts';
import fc from '../../fast-check.ts';

const SHAPE = { features: 3, outputs: 1 };
const FILE = 'capture/m/r/e/main/2001/01/25/10/a.jsonl';

interface Side {
  readonly type?: string;
  readonly data: string;
  readonly encoding?: string;
}

interface Request {
  readonly input?: Side | null;
  readonly output?: Side | null;
  readonly eventId?: string;
  readonly inferenceId?: string;
  readonly time?: string;
}

const side = (mode: string, { type = 'text/csv', data, encoding = 'CSV' }: Side) => ({
  observedContentType: type,
  mode,
  data,
  encoding,
});

/** A captured record in the order of SageMaker's own members. */
const captured = ({
  input = { data: '1,2.5,-3' },
  output = { type: 'text/csv; charset=utf-8', data: '0.25\n' },
  eventId = 'a0b1c2d3-0000-4000-8000-000000000001',
  inferenceId,
  time = '2001-01-25T10:15:07Z',
}: Request = {}) => ({
  captureData: {
    ...(input && { endpointInput: side('INPUT', input) }),
    ...(output && { endpointOutput: side('OUTPUT', output) }),
  },
  eventMetadata: { eventId, ...(inferenceId && { inferenceId }), inferenceTime: time },
  eventVersion: '0',
});

const line = (request: Request = {}): string => JSON.stringify(captured(request));

const recordsOf = async (lines: readonly string[], shape = SHAPE) => {
  const tally = emptyTally();
  const records: CaptureRecord[] = [];
  const bytes = new TextEncoder().encode(`${lines.join('\n')}\n`);
  for await (const record of captureRecords(bytes, FILE, shape, tally)) records.push(record);
  return { records, tally };
};

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('a capture file', () => {
  it('gives the rows, the answers and the ids of its records', async () => {
    const { records, tally } = await recordsOf([line({ inferenceId: '20010125T101507Z-0011223344556677' })]);

    expect(records).toEqual([
      {
        eventId: 'a0b1c2d3-0000-4000-8000-000000000001',
        inferenceId: '20010125T101507Z-0011223344556677',
        at: Date.parse('2001-01-25T10:15:07Z'),
        rows: [[1, 2.5, -3]],
        predictions: [[0.25]],
      },
    ]);
    expect(tally).toMatchObject({ records: 1, rows: 1, probes: 0, unreadable: 0, problems: [] });
  });

  it.each([
    [
      'several rows in one request',
      { data: '1,2,3\n4,5,6\n' },
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
    [
      'lines that end as on Windows',
      { data: '1,2,3\r\n4,5,6\r\n' },
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
    [
      'cells in quotes',
      { data: '"1","2.5",3\n"4",5,"6"' },
      [
        [1, 2.5, 3],
        [4, 5, 6],
      ],
    ],
    [
      'missing values',
      { data: ',,7\n1,nan,' },
      [
        [Number.NaN, Number.NaN, 7],
        [1, Number.NaN, Number.NaN],
      ],
    ],
    [
      'base64',
      { data: base64('1,2,3\n4,5,6\n'), encoding: 'BASE64' },
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
    [
      'instances in JSON',
      {
        type: 'application/json',
        data: '{"instances":[{"features":[1,null,3]},{"features":[4,5,6]}]}',
        encoding: 'JSON',
      },
      [
        [1, Number.NaN, 3],
        [4, 5, 6],
      ],
    ],
    [
      'lists in JSON',
      { type: 'application/json', data: '[[1,2,3],[4,5,6]]', encoding: 'JSON' },
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
    [
      'lines of JSON',
      { type: 'application/jsonlines', data: '{"features":[1,2,3]}\n{"features":[4,5,6]}\n', encoding: 'JSON' },
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
    [
      'the long form in JSON',
      { type: 'application/json', data: '{"instances":[{"data":{"features":{"values":[1,2,3]}}}]}', encoding: 'JSON' },
      [[1, 2, 3]],
    ],
    ['JSON in base64', { type: 'application/json', data: base64('[[1,2,3]]'), encoding: 'BASE64' }, [[1, 2, 3]]],
  ])('reads %s', async (_, input, rows) => {
    const output = { data: rows.map((_row, at) => `0.${at + 1}`).join(',') };

    const { records, tally } = await recordsOf([line({ input, output })]);

    expect(tally.problems).toEqual([]);
    expect(records.map((record) => record.rows)).toEqual([rows]);
    expect(records[0]?.predictions).toEqual(rows.map((_row, at) => [Number(`0.${at + 1}`)]));
  });

  it.each([
    ['a number a line', { data: '0.1\n0.2\n' }, 1, [[0.1], [0.2]]],
    ['numbers joined by commas', { data: '0.1,0.2' }, 1, [[0.1], [0.2]]],
    [
      'lists of several classes',
      { data: '[0.1, 0.7, 0.2]\n[0.5, 0.3, 0.2]\n' },
      3,
      [
        [0.1, 0.7, 0.2],
        [0.5, 0.3, 0.2],
      ],
    ],
    [
      'predictions in JSON',
      { type: 'application/json', data: '{"predictions":[{"score":0.1},{"score":0.2}]}', encoding: 'JSON' },
      1,
      [[0.1], [0.2]],
    ],
    [
      'scores of classes in JSON',
      {
        type: 'application/json',
        data: '{"predictions":[{"predicted_label":1,"score":[0.1,0.9]},{"score":[0.6,0.4]}]}',
        encoding: 'JSON',
      },
      2,
      [
        [0.1, 0.9],
        [0.6, 0.4],
      ],
    ],
    [
      'plain scores in JSON',
      { type: 'application/json', data: '{"scores":[0.1,0.2]}', encoding: 'JSON' },
      1,
      [[0.1], [0.2]],
    ],
    ['answers in base64', { data: base64('0.1\n0.2\n'), encoding: 'BASE64' }, 1, [[0.1], [0.2]]],
  ])('reads answers that are %s', async (_, output, outputs, predictions) => {
    const input = { data: '1,2,3\n4,5,6' };

    const { records } = await recordsOf([line({ input, output })], { features: 3, outputs });

    expect(records[0]?.predictions).toEqual(predictions);
  });

  it('reads members in any order, and members it does not know', async () => {
    const { captureData, eventMetadata, eventVersion } = captured();
    const odd = {
      eventVersion,
      eventMetadata: { customAttributes: ['trace=1'], ...eventMetadata },
      extra: { nested: [1, { deep: null }] },
      captureData: { endpointOutput: captureData.endpointOutput, endpointInput: captureData.endpointInput },
    };

    const { records, tally } = await recordsOf([JSON.stringify(odd, null, 1).replaceAll('\n', ' ')]);

    expect(tally.unreadable).toBe(0);
    expect(records[0]).toMatchObject({ rows: [[1, 2.5, -3]], at: Date.parse('2001-01-25T10:15:07Z') });
  });

  it('reads a time with fractions and an offset', async () => {
    const { records } = await recordsOf([line({ time: '2001-01-25T12:15:07.250+02:00' })]);
    expect(records[0]?.at).toBe(Date.parse('2001-01-25T10:15:07.250Z'));
  });

  it('reads the one value of a model with one feature, and none', async () => {
    const rows = { data: '7\n\n8' };
    const output = { data: '1\n2\n3' };

    const { records } = await recordsOf([line({ input: rows, output }), line({ input: { data: '' } })], {
      features: 1,
      outputs: 1,
    });

    expect(records.map((record) => record.rows)).toEqual([[[7], [Number.NaN], [8]], [[Number.NaN]]]);
  });

  it('leaves probes out and counts them', async () => {
    const { records, tally } = await recordsOf([line({ inferenceId: 'probe-run-1' }), line()]);

    expect(records).toHaveLength(1);
    expect(tally).toMatchObject({ records: 1, probes: 1, unreadable: 0 });
  });

  it.each([
    ['not_a_record', 'the line is not', '{"captureData":'],
    ['not_a_record', 'eventMetadata', JSON.stringify({ captureData: {} })],
    ['not_a_record', 'the line is no captured record', '[1,2,3]'],
    ['wrong_width', 'more than 3 values', line({ input: { data: '1,2,3,4' } })],
    ['wrong_width', 'has 2 values', line({ input: { data: '1,2' } })],
    ['wrong_width', 'has 2 values', line({ input: { type: 'application/json', data: '[[1,2]]', encoding: 'JSON' } })],
    ['not_a_number', 'value 2', line({ input: { data: '1,JFK,3' } })],
    ['not_a_number', 'value 1', line({ input: { data: '0x10,2,3' } })],
    ['not_a_number', 'value 1', line({ input: { data: 'Infinity,2,3' } })],
    [
      'not_a_number',
      'without rows of numbers',
      line({ input: { type: 'application/json', data: '{"a":1}', encoding: 'JSON' } }),
    ],
    ['bad_quotes', 'does not end', line({ input: { data: '"1,2,3' } })],
    ['bad_quotes', 'followed by text', line({ input: { data: '"1"2,3,4' } })],
    [
      'foreign_format',
      'application/x-npy',
      line({ input: { type: 'application/x-npy', data: base64('x'), encoding: 'BASE64' } }),
    ],
    ['no_input', 'not captured', line({ input: null })],
    ['no_answer', 'not captured', line({ output: null })],
    ['no_rows', 'no row', line({ input: { data: '\n' } })],
    ['wrong_width', 'the answer has 2 numbers, and its rows need 1', line({ output: { data: '0.1,0.2' } })],
    ['not_a_number', 'of the answer', line({ output: { data: 'late' } })],
  ])('counts and locates a record that is %s (%s)', async (code, message, bad) => {
    const { records, tally } = await recordsOf([line(), bad, line({ eventId: 'b' })]);

    expect(records).toHaveLength(2);
    expect(tally).toMatchObject({ records: 2, unreadable: 1, codes: { [code]: 1 } });
    expect(tally.problems).toEqual([{ code, message: expect.stringContaining(message), file: FILE, line: 2 }]);
    expect(records[1]?.rows).toEqual([[1, 2.5, -3]]);
  });

  it('repeats no value of a row in what it says of it', async () => {
    const { tally } = await recordsOf([line({ input: { data: '1,secret@example.org,3' } })]);
    expect(JSON.stringify(tally.problems)).not.toContain('secret');
  });

  it('names the first of many problems of one kind, and counts them all', async () => {
    const { tally } = await recordsOf(Array.from({ length: 50 }, () => 'no record'));
    expect(tally.unreadable).toBe(50);
    expect(tally.problems).toHaveLength(1);
  });

  it('gives the same records however the bytes arrive', async () => {
    const lines = Array.from({ length: 40 }, (_, at) =>
      line({
        eventId: `event-${at}`,
        inferenceId: `é-${at}`,
        input: { data: `${at},${at / 8},\n4,5,${-at}` },
        output: { data: `0.${at},1` },
      }),
    );
    const bytes = new TextEncoder().encode(lines.join('\n'));
    const whole = await recordsOf(lines);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 30 }), async (cuts) => {
        const sorted = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        async function* parts() {
          for (const [at, from] of sorted.slice(0, -1).entries()) yield bytes.subarray(from, sorted[at + 1]);
        }
        const records: CaptureRecord[] = [];
        for await (const record of captureRecords(parts(), FILE, SHAPE)) records.push(record);
        expect(records).toEqual(whole.records);
      }),
      { seed: 1, numRuns: 30 },
    );
  });

  it('reads every number as JavaScript does', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 3, maxLength: 3 }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        async (row, answer) => {
          const [record] = (await recordsOf([line({ input: { data: row.join(',') }, output: { data: `${answer}` } })]))
            .records;
          expect(record?.rows[0]).toEqual(row.map((value) => Number(`${value}`)));
          expect(record?.predictions[0]).toEqual([Number(`${answer}`)]);
        },
      ),
      { seed: 2, numRuns: 200 },
    );
  });

  it('reads a line longer than a block, and batches of many rows', async () => {
    const rows = 60_000;
    const input = { data: Array.from({ length: rows }, (_, at) => `${at},${at + 0.5},`).join('\n') };
    const output = { data: Array.from({ length: rows }, (_, at) => `${at}`).join('\n') };
    const bytes = new TextEncoder().encode(
      `${line()}\n${line({ input, output, eventId: 'large' })}\n${line({ eventId: 'c' })}\n`,
    );
    let [found, sum, ids] = [0, 0, [] as string[]];

    for await (const batch of captureBatches(bytes, FILE, SHAPE, emptyTally())) {
      ids.push(...Array.from({ length: batch.records }, (_, record) => batch.eventId(record)));
      found += batch.rows;
      for (const value of batch.columns[0]?.subarray(0, batch.rows) ?? []) sum += value;
    }

    expect(bytes.length).toBeGreaterThan(1024 * 1024);
    expect(ids.slice(1)).toEqual(['large', 'c']);
    expect(found).toBe(rows + 2);
    expect(sum).toBe((rows * (rows - 1)) / 2 + 2);
  });
});

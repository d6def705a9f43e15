import { describe, expect, it } from 'vitest';
import { predictionBaseline } from '../../../functions/evaluate-model/prediction-baseline.ts';
import { inputEncoder, type RunInput } from '../../../shared/data/run-input.ts';
import type { ColumnBatch } from '../../../shared/features/columns.ts';
import { type Baseline, baselineSchema } from '../../../shared/monitoring/baseline.ts';
import { baselineRowsSample } from '../../../shared/monitoring/baseline-sample.ts';
import { captureBatches } from '../../../shared/monitoring/capture.ts';
import { featureSpecs } from '../../../shared/monitoring/model-columns.ts';
import { windowCollector } from '../../../shared/monitoring/window-profile.ts';
import { windowAt } from '../../../shared/monitoring/windows.ts';

const DAY_MS = 86_400_000;
const DAY = '2001-01-25';
const window = windowAt(Date.parse(DAY), DAY_MS);

const input: RunInput = {
  model: 'm',
  run: 'r',
  definitionDigest: 'd',
  inputDigest: 'i',
  problem: 'multiclass',
  label: { name: 'late', type: 'string', expression: { op: 'column', name: 'late' } },
  classes: ['early', 'late'],
  features: [
    { name: 'load', kind: 'number', type: 'number', expression: { op: 'column', name: 'load' } },
    { name: 'line', kind: 'category', type: 'string', expression: { op: 'column', name: 'line' } },
    { name: 'hour', kind: 'number', type: 'integer', expression: { op: 'hour', args: [{ op: 'column', name: 'at' }] } },
  ],
  inputColumns: ['load', 'line', 'at'],
  columnTypes: { load: 'number', line: 'string', at: 'timestamp', late: 'string' },
  dictionary: { features: { line: ['blue', 'red'] } },
};

const LINES = ['blue', 'red', 'red', 'night'];

/** Rows of consecutive days, the fourth line of each being in no dictionary. */
const batchOf = (rows: number, perDay: number): ColumnBatch => ({
  rows,
  columns: {
    load: { type: 'number', values: Float64Array.from({ length: rows }, (_, row) => row % 100) },
    line: { type: 'string', values: Array.from({ length: rows }, (_, row) => LINES[row % 4] ?? '') },
    at: {
      type: 'timestamp',
      values: Float64Array.from(
        { length: rows },
        (_, row) => (Date.parse('2000-12-01') + Math.floor(row / perDay) * DAY_MS) * 1000,
      ),
    },
  },
});

const sampled = (rows: number, perDay: number, maxRows?: number): Baseline => {
  const batch = batchOf(rows, perDay);
  const sample = baselineRowsSample(input, 'at', DAY_MS, maxRows);
  const columns = inputEncoder(input)(batch);
  // Every other row is one to train on.
  sample.add(
    batch,
    columns,
    Uint32Array.from({ length: rows / 2 }, (_, row) => row * 2 + ((row >> 1) % 2)),
  );
  return sample.baseline();
};

const columnOf = ({ columns }: Baseline, name: string) => columns.find((column) => column.name === name);

/** A captured request for rows of cells, each answered with the scores of two classes. */
const captured = (eventId: string, rows: readonly string[], at = `${DAY}T10:15:00Z`): string =>
  JSON.stringify({
    captureData: {
      endpointInput: { observedContentType: 'text/csv', mode: 'INPUT', data: rows.join('\n'), encoding: 'CSV' },
      endpointOutput: {
        observedContentType: 'text/csv',
        mode: 'OUTPUT',
        data: rows.map(() => '[0.25, 0.75]').join('\n'),
        encoding: 'CSV',
      },
    },
    eventMetadata: { eventId, inferenceTime: at },
    eventVersion: '0',
  });

const collected = async (baseline: Baseline, predictions: Baseline | null, ...files: readonly string[][]) => {
  const collector = windowCollector(window, input, input.classes ?? null, baseline, predictions);
  for (const [at, lines] of files.entries()) {
    const bytes = new TextEncoder().encode(lines.join('\n'));
    for await (const batch of captureBatches(bytes, `${at}.jsonl`, { features: 3, outputs: 2 }, collector.tally)) {
      collector.take(batch);
    }
  }
  return collector;
};

describe('the baseline of a run', () => {
  it('has the categories of the rows to train on by name, and rare ones as unseen', () => {
    const baseline = sampled(4_000, 100);

    expect(baselineSchema.parse(JSON.parse(JSON.stringify(baseline)))).toEqual(baseline);
    expect(columnOf(baseline, 'line')?.data).toEqual({
      kind: 'category',
      profile: { rows: 2_000, nulls: 0, categories: ['blue', 'red'], counts: [500, 1_000], other: 500 },
    });
    expect(columnOf(baseline, 'line')?.chunks[0]).toEqual([50, 0, 12, 13, 25]);
    expect(columnOf(baseline, 'load')?.data).toMatchObject({
      kind: 'number',
      profile: { rows: 2_000, min: 0, max: 99 },
    });
  });

  it('has a chunk for each window of its time, and leaves functions of time out', () => {
    const baseline = sampled(4_000, 100);

    expect(baseline.chunkStarts).toHaveLength(40);
    expect(baseline.chunkStarts[0]).toBe(Date.parse('2000-12-01'));
    expect(columnOf(baseline, 'hour')).toMatchObject({ ofTime: true, data: null, chunks: [] });
    expect(featureSpecs(input, null).map(({ ofTime }) => ofTime)).toEqual([false, false, false]);
  });

  it('takes rows evenly where there are more than its memory holds', () => {
    const baseline = sampled(40_000, 1_000, 3_000);

    expect(baseline.rows).toBe(2_500);
    expect(baseline.chunkStarts).toHaveLength(40);
    const rows = columnOf(baseline, 'load')?.chunks.map(([count = 0]) => count) ?? [];
    expect(Math.max(...rows) - Math.min(...rows)).toBeLessThanOrEqual(1);
  });

  it('of answers to several classes has the class that is answered and its score', () => {
    const column = (name: string, values: number[]) => ({ name, values: Float64Array.from(values) });
    const columns = [column('score.early', [0.25, 0.9, 0.5]), column('score.late', [0.75, 0.1, 0.5])];

    const baseline = predictionBaseline({ rows: 3, columns }, null, DAY_MS);

    expect(baseline.columns.map(({ name, data }) => [name, data?.profile])).toMatchObject([
      ['prediction', { categories: ['early', 'late'], counts: [2, 1] }],
      ['confidence', { categories: ['0.5', '0.75', '0.9'], counts: [1, 1, 1] }],
    ]);
  });
});

describe('a window', () => {
  it('holds its own rows, by the names of their categories', async () => {
    const baseline = sampled(4_000, 100);

    const { counts, features } = await collected(baseline, null, [
      captured('a', ['1,1,3', ',2,3', '101,,3', '5,0,3', '5,9,3']),
    ]);

    expect(counts).toEqual({ records: 1, rows: 5, duplicates: 0, unchecked: 0, outside: 0 });
    expect(features()).toMatchObject({
      rows: 5,
      columns: [
        { name: 'load', data: { profile: { rows: 5, nulls: 1, above: 1 } } },
        { name: 'line', data: { profile: { rows: 5, nulls: 1, counts: [1, 1], other: 2 } } },
      ],
    });
  });

  it('counts an event once, in whatever file it comes again', async () => {
    const { counts, features } = await collected(
      sampled(4_000, 100),
      null,
      [captured('a', ['1,1,3', '2,1,3']), captured('b', ['3,1,3']), captured('a', ['1,1,3', '2,1,3'])],
      [captured('b', ['3,1,3']), captured('c', ['4,2,3'])],
    );

    expect(counts).toMatchObject({ records: 3, rows: 4, duplicates: 2 });
    expect(features()).toMatchObject({ rows: 4, columns: [{}, { data: { profile: { counts: [3, 1] } } }] });
  });

  it('leaves out what was asked before it or after it, by the time of the request', async () => {
    const { counts, features } = await collected(sampled(4_000, 100), null, [
      captured('a', ['1,1,3'], '2001-01-24T23:59:59Z'),
      captured('b', ['1,1,3'], '2001-01-25T00:00:00Z'),
      captured('c', ['1,2,3'], '2001-01-25T23:59:59Z'),
      captured('d', ['1,1,3'], '2001-01-26T00:00:00Z'),
    ]);

    expect(counts).toMatchObject({ records: 2, rows: 2, outside: 2 });
    expect(features()).toMatchObject({ columns: [{}, { data: { profile: { counts: [1, 1] } } }] });
  });

  it('holds the answers where there is a baseline of them', async () => {
    const column = (name: string, values: number[]) => ({ name, values: Float64Array.from(values) });
    const columns = [column('score.early', [0.25, 0.9]), column('score.late', [0.75, 0.1])];
    const answers = predictionBaseline({ rows: 2, columns }, null, DAY_MS);

    const withThem = await collected(sampled(4_000, 100), answers, [captured('a', ['1,1,3', '2,2,3'])]);
    const without = await collected(sampled(4_000, 100), null, [captured('a', ['1,1,3', '2,2,3'])]);

    expect(withThem.predictions()?.columns[0]?.data.profile).toMatchObject({
      categories: ['early', 'late'],
      counts: [0, 2],
    });
    expect(without.predictions()).toBeNull();
  });
});

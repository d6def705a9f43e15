import { describe, expect, it } from 'vitest';

import type { MissingValues } from '../../../shared/data/missing-values.ts';
import { emptyTally } from '../../../shared/monitoring/capture.ts';
import { textColumns } from '../../../shared/monitoring/capture-text.ts';
import { capturedNames } from '../../../shared/monitoring/captured-keys.ts';
import { keyNamer } from '../../../shared/monitoring/row-keys.ts';

const columnTypes = { load: 'number', line: 'string' } as const;
const text = textColumns({
  features: [
    { name: 'load', kind: 'number', type: 'number', expression: { op: 'column', name: 'load' } },
    { name: 'line', kind: 'category', type: 'string', expression: { op: 'column', name: 'line' } },
  ],
  columnTypes,
  // Rare categories are one to whoever watches for drift, and many to whoever looks for a row.
  dictionary: { features: { line: ['A'] } },
});
const key = [
  { column: 'line', place: 1 },
  { column: 'load', place: 0 },
];

const line = (id: string, data: string, encoding = 'CSV', inferenceId?: string): string =>
  JSON.stringify({
    captureData: { endpointInput: { observedContentType: '', mode: 'INPUT', data, encoding } },
    eventMetadata: { eventId: id, ...(inferenceId && { inferenceId }), inferenceTime: '2001-01-25T10:15:00Z' },
    eventVersion: '0',
  });

const named = async (lines: readonly string[], by: typeof key | null = key, missing?: MissingValues) => {
  const tally = emptyTally();
  const found = [];
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(`${lines.join('\n')}\n`);
  }
  for await (const each of capturedNames(bytes(), 'file', { text, key: by, columnTypes, missing }, tally))
    found.push(each);
  return { found, tally };
};

describe('requests that others captured', () => {
  it('are named by the id of the caller, and without one by that of the event', async () => {
    const { found } = await named([line('e1', '1.5,A', 'CSV', 'order 1'), line('e2', '2,B')], null);

    const at = Date.parse('2001-01-25T10:15:00Z');
    expect(found).toEqual([
      ['order 1', at, []],
      ['e2', at, []],
    ]);
  });

  it('are named by the keys of their rows as they were sent, whatever form they came in', async () => {
    const { found } = await named([
      line('e1', '1.50,rare\n2,"A"\n,A'),
      line('e2', '[[1.5,"rare"],[2.0,"A"],[null,"A"]]', 'JSON'),
    ]);

    const hashes = keyNamer(
      ['line', 'load'],
      columnTypes,
    )([
      { line: 'rare', load: 1.5 },
      { line: 'A', load: 2 },
      { line: 'A', load: null },
    ]);
    expect(found.map(([, , names]) => names)).toEqual([hashes, hashes]);
    expect(new Set(hashes).size).toBe(3);
  });

  it('are named alike where a value is missing and where something stands for that', async () => {
    const { found } = await named([line('e1', ',A\n-999,A\n-999.0,B')], key, { load: [-999] });

    const [none, stood, other] = found.flatMap(([, , names]) => names);
    expect(stood).toBe(none);
    expect(other).not.toBe(none);
  });

  it('that the window cannot read are counted, and have no name', async () => {
    const { found, tally } = await named([line('e1', 'heavy,A'), line('e2', '1'), line('e3', '1,A')]);

    expect(found.map(([id]) => id)).toEqual(['e3']);
    expect(tally.unreadable).toBe(2);
  });
});

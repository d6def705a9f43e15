import { describe, expect, it } from 'vitest';

import type { Prediction } from '../../../shared/monitoring/key-index.ts';
import { placeLabels } from '../../../shared/monitoring/label-placing.ts';
import { type LabelMeaning, readLabels } from '../../../shared/monitoring/labels.ts';
import { keyNamer } from '../../../shared/monitoring/row-keys.ts';

const MEANING: LabelMeaning = {
  problem: 'binary',
  label: { name: 'late', expression: { op: 'column', name: 'late' } },
  columnTypes: { parcel: 'string', late: 'boolean' },
};
const KEY = ['parcel'];
const ARRIVED = Date.parse('2001-01-26T02:00:00Z');
const DAY_MS = 86_400_000;
const hashOf = (parcel: string): string => keyNamer(KEY, MEANING.columnTypes)([{ parcel }])[0] ?? '';

/** Places the lines of a CSV file among predictions of parcels, each made at a time. */
const place = async (csv: string, predicted: readonly (readonly [parcel: string, at: string])[]) => {
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from(csv);
  };
  const read = await readLabels(bytes(), MEANING, new Date(ARRIVED), { key: KEY, isSought: true });
  const looked: number[] = [];
  const placed = await placeLabels(read, {
    isKeyed: true,
    arrivedMs: ARRIVED,
    lookBackMs: 3 * DAY_MS,
    find: async (wanted, { startMs, endMs }) => {
      looked.push(endMs - startMs);
      const found = new Map<string, Prediction[]>();
      for (const [at, [parcel, time]] of predicted.entries()) {
        const hash = hashOf(parcel);
        if (wanted.has(hash)) found.set(hash, [...(found.get(hash) ?? []), { id: `id-${at}`, atMs: Date.parse(time) }]);
      }
      return found;
    },
  });
  const labels = Object.fromEntries([...placed.hours].map(([hour, each]) => [hour, Object.fromEntries(each)]));
  return { read, placed, labels, looked };
};

describe('labels that have the key alone', () => {
  it('are placed at the one prediction of their row', async () => {
    const { labels, placed } = await place('parcel,label\na,1\nb,0\n', [
      ['a', '2001-01-25T10:15:00Z'],
      ['b', '2001-01-25T23:59:59Z'],
    ]);

    expect(labels).toEqual({ '2001/01/25/10': { 'id-0': '1' }, '2001/01/25/23': { 'id-1': '0' } });
    expect(placed).toMatchObject({ labels: 2, counts: {} });
  });

  it('are not guessed: of two predictions neither gets the label, and nor does a row nobody asked about', async () => {
    const { labels, placed } = await place('parcel,label\na,1\nb,0\nc,1\n', [
      ['a', '2001-01-25T10:15:00Z'],
      ['a', '2001-01-25T11:15:00Z'],
      ['c', '2001-01-25T11:15:00Z'],
    ]);

    expect(labels).toEqual({ '2001/01/25/11': { 'id-2': '1' } });
    expect(placed.counts).toEqual({ ambiguous: 1, unknown_prediction: 1 });
    expect(placed.problems.map(({ code, line }) => [code, line])).toEqual([
      ['ambiguous', 2],
      ['unknown_prediction', 3],
    ]);
  });

  it('are looked for within the hour their line names, and else as far back as is said', async () => {
    const { labels, looked } = await place('parcel,label,inference_time\na,1,2001-01-25T11:20:00Z\nb,0,\nc,1,\n', [
      ['a', '2001-01-25T10:15:00Z'],
      ['a', '2001-01-25T11:15:00Z'],
      ['b', '2001-01-23T03:00:00Z'],
      ['c', '2001-01-23T01:59:59Z'],
    ]);

    expect(looked).toEqual([3_600_000, 3 * DAY_MS + 60_000]);
    expect(labels).toEqual({ '2001/01/25/11': { 'id-1': '1' }, '2001/01/23/03': { 'id-2': '0' } });
  });

  it('that contradict each other are none, in one form or in two', async () => {
    const { labels, placed } = await place(
      'parcel,label,inference_time\na,1,\na,0,\nb,1,2001-01-25T11:00:00Z\nb,0,\nc,1,2001-01-25T11:00:00Z\nc,1,\n',
      [
        ['a', '2001-01-25T10:15:00Z'],
        ['b', '2001-01-25T11:15:00Z'],
        ['c', '2001-01-25T11:16:00Z'],
      ],
    );

    expect(labels).toEqual({ '2001/01/25/11': { 'id-2': '1' } });
    expect(placed.counts).toEqual({ contradictory: 2 });
  });

  it('are refused where a line lacks the key', async () => {
    const { read } = await place('parcel,label\n,1\n', []);
    const bytes = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('{"label":1}\n{"parcel":7.5,"label":1}\n{"parcel":{},"label":1}\n');
    };
    const json = await readLabels(bytes(), MEANING, new Date(ARRIVED), { key: KEY, isSought: true });

    // A missing value is a value of a key.
    expect(read.labels).toBe(1);
    expect(json).toMatchObject({ labels: 1, counts: { key_missing: 1, key_invalid: 1 }, mostlyBad: true });
  });
});

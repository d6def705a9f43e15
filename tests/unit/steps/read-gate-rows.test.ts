import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  GateRowsError,
  type GateRowsWanted,
  gateRowsReader,
} from '../../../functions/evaluate-model/read-gate-rows.ts';
import { openEngine } from '../../../shared/data/engine.ts';
import type { ColumnSpec } from '../../../shared/data/sql.ts';
import { NotFoundError } from '../../../shared/errors.ts';
import type { Column } from '../../../shared/features/columns.ts';
import { memoryObjectStore } from '../../../shared/ledger/memory-object-store.ts';

const open = (tempDirectory: string) => openEngine({ memoryLimitMb: 256, tempDirectory });

/** One column of a rows file: its name and its values; null where a row has none. */
type Given = readonly (readonly [
  name: string,
  type: ColumnSpec['type'],
  values: readonly (number | string | null)[],
])[];

const columnOf = (type: ColumnSpec['type'], values: readonly (number | string | null)[]): Column => {
  const nulls = Uint8Array.from(values, (value) => (value === null ? 1 : 0));
  if (type === 'string') return { type, values: values.map((value) => String(value ?? '')), nulls };
  const numbers = Float64Array.from(values, (value) => Number(value ?? 0));
  return type === 'boolean' ? { type, values: Uint8Array.from(numbers), nulls } : { type, values: numbers, nulls };
};

describe('gate rows', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rows-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const world = async (...parts: Given[]) => {
    const store = memoryObjectStore();
    const engine = await open(directory);
    for (const [at, part] of parts.entries()) {
      const file = join(directory, `${at}.parquet`);
      const writer = await engine.parquetWriter(
        part.map(([name, type]) => ({ name, type })),
        file,
      );
      const rows = part[0]?.[2].length ?? 0;
      writer.append(
        part.map(([, type, values]) => columnOf(type, values)),
        0,
        rows,
      );
      await writer.finish();
      await store.upload(`rows/${at}.parquet`, file, 'application/vnd.apache.parquet');
    }
    engine.close();
    const wanted: GateRowsWanted = {
      parts: parts.map((part, at) => ({
        dataKey: `data/${at}.csv`,
        rowsKey: `rows/${at}.parquet`,
        rows: part[0]?.[2].length ?? 0,
      })),
      classes: null,
      cluster: null,
      isWeighted: false,
      isTimed: false,
      slices: [],
      protected: [],
    };
    return {
      store,
      wanted,
      read: (some: Partial<GateRowsWanted> = {}) => gateRowsReader(store, open)({ ...wanted, ...some }),
    };
  };

  it('come in the order of the parts and of their rows', async () => {
    const many = Array.from({ length: 150_000 }, (_, row) => row % 7);
    const { read } = await world([['label', 'number', [1, 0]]], [['label', 'number', many]]);

    const { labels, parts } = await read();

    expect(parts).toEqual([2, 150_000]);
    expect(labels.every((label, at) => label === (at < 2 ? 1 - at : (at - 2) % 7))).toBe(true);
  });

  it('have no label where the file has none, and no groups where none are asked for', async () => {
    const { read } = await world([
      ['label', 'number', [1, null, 0]],
      ['slice.carrier', 'string', ['a', 'b', 'c']],
    ]);

    const rows = await read();

    expect([...rows.labels]).toEqual([1, Number.NaN, 0]);
    expect(rows).toMatchObject({ classes: null, weights: null, cluster: null, slices: [], protected: [] });
  });

  it('are grouped over all parts alike, whatever the type of the column and the letters it is asked for in', async () => {
    const part = (carriers: readonly (string | null)[], wet: readonly number[]): Given => [
      ['label', 'number', carriers.map(() => 1)],
      ['weight', 'number', carriers.map((_, row) => row + 0.5)],
      ['slice.Carrier', 'string', carriers],
      ['protected.wet', 'boolean', wet],
      ['protected.age', 'integer', wet.map((each) => 40 + each)],
    ];
    const { read } = await world(part(['crow', 'ant', null], [1, 0, 1]), part(['bee', 'crow'], [0, 0]));

    const rows = await read({ slices: ['carrier'], protected: ['wet', 'age'], isWeighted: true });

    expect(rows.slices).toEqual([
      { column: 'carrier', values: ['ant', 'bee', 'crow'], codes: Int32Array.of(2, 0, -1, 1, 2) },
    ]);
    expect(rows.protected).toEqual([
      { column: 'wet', values: ['false', 'true'], codes: Int32Array.of(1, 0, 1, 0, 0) },
      { column: 'age', values: ['40', '41'], codes: Int32Array.of(1, 0, 1, 0, 0) },
    ]);
    expect(rows.weights).toEqual(Float64Array.of(0.5, 1.5, 2.5, 0.5, 1.5));
  });

  it('of one day are one cluster, wherever they lie, and those of no entity are one together', async () => {
    const { read } = await world(
      [
        ['label', 'number', [1, 0, 1]],
        ['cluster', 'integer', [11_340, 11_341, null]],
      ],
      [
        ['label', 'number', [0, 1]],
        ['cluster', 'integer', [11_340, null]],
      ],
    );

    const { cluster } = await read({ cluster: { by: 'entity', inTime: false } });

    expect(cluster).toEqual({ by: 'entity', clusters: { ids: Uint32Array.of(0, 1, 2, 0, 2), count: 3 } });
  });

  it('know which day comes before which, wherever they lie; rows without a day come last', async () => {
    const { read } = await world(
      [
        ['label', 'number', [1, 0, 1]],
        ['cluster', 'integer', [11_342, null, 11_340]],
      ],
      [
        ['label', 'number', [0]],
        ['cluster', 'integer', [11_341]],
      ],
    );

    const { cluster } = await read({ cluster: { by: 'day', inTime: true } });

    expect(cluster?.clusters).toEqual({
      ids: Uint32Array.of(0, 1, 2, 3),
      count: 4,
      inTime: Uint32Array.of(2, 3, 0, 1),
    });
  });

  it('are refused where blocks of time are text: nobody could say which come one after the other', async () => {
    const { read } = await world([
      ['label', 'number', [1, 0]],
      ['cluster', 'string', ['monday', 'tuesday']],
    ]);

    await expect(read({ cluster: { by: 'day', inTime: true } })).rejects.toThrow('the clusters by day are text');
  });

  it('have the places of their classes as labels: what the model was taught first, then what it was not', async () => {
    const { read } = await world([['label', 'string', ['red', 'yellow', 'blue', 'amber', null]]]);

    const { labels, classes } = await read({ classes: ['red', 'blue', 'green'] });

    expect(classes).toEqual(['red', 'blue', 'green', 'amber', 'yellow']);
    expect([...labels]).toEqual([0, 4, 1, 3, Number.NaN]);
  });

  it('are refused by name where a column groups nothing', async () => {
    const many = Array.from({ length: 10_001 }, (_, row) => row);
    const { read } = await world([
      ['label', 'number', many],
      ['slice.parcel', 'integer', many],
    ]);

    await expect(read({ slices: ['parcel'] })).rejects.toThrow(/parcel has more than 10,000 values/);
  });

  it.each([
    ['a column that is asked for is not there', { slices: ['carrier'] }, 'no column slice.carrier'],
    ['there is no cluster', { cluster: { by: 'day', inTime: true } }, 'no column cluster'],
    ['labels are text and should be numbers', {}, 'are text'],
  ])('are refused by name where %s', async (_what, some, message) => {
    const { read } = await world([['label', 'string', ['a', 'b']]]);

    await expect(read(some)).rejects.toThrow(GateRowsError);
    await expect(read(some)).rejects.toThrow(message);
  });

  it.each([
    ['timestamp', [1_500_000, null], [1500, Number.NaN]],
    ['date', [1, 2], [86_400_000, 172_800_000]],
  ] as const)('say when they were by a %s, where that is wanted', async (type, values, times) => {
    const { read } = await world([
      ['label', 'number', [1, 0]],
      ['time', type, values],
    ]);

    expect((await read({ isTimed: true })).times).toEqual(Float64Array.from(times));
    expect((await read()).times).toBeNull();
  });

  it('have no times where the file has none', async () => {
    const { read } = await world([['label', 'number', [1, 0]]]);

    expect((await read({ isTimed: true })).times).toBeNull();
  });

  it.each([1, 3])('are refused where a file has not the %i rows that were prepared', async (rows) => {
    const { read, wanted } = await world([['label', 'number', [1, 0]]]);

    await expect(read({ parts: wanted.parts.map((part) => ({ ...part, rows })) })).rejects.toThrow(
      `has other rows than the ${rows}`,
    );
  });

  it('leave nothing behind, even where a file is not there', async () => {
    const { store, wanted } = await world([['label', 'number', [1]]]);
    const opened: string[] = [];
    const read = gateRowsReader(store, (tempDirectory) => {
      opened.push(tempDirectory);
      return open(tempDirectory);
    });
    const gone = wanted.parts.map((part) => ({ ...part, rowsKey: 'rows/9.parquet' }));

    await expect(read({ ...wanted, parts: [...wanted.parts, ...gone] })).rejects.toThrow(NotFoundError);

    await expect(readdir(opened[0] ?? '')).rejects.toThrow('ENOENT');
  });
});

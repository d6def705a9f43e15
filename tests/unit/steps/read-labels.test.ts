import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { labelReader } from '../../../functions/evaluate-model/read-labels.ts';
import { openEngine } from '../../../shared/data/engine.ts';
import { NotFoundError } from '../../../shared/errors.ts';
import { memoryObjectStore } from '../../../shared/ledger/memory-object-store.ts';

const open = (tempDirectory: string) => openEngine({ memoryLimitMb: 256, tempDirectory });

describe('the labels of rows files', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rows-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const world = async (...parts: (number | null)[][]) => {
    const store = memoryObjectStore();
    const engine = await open(directory);
    for (const [at, part] of parts.entries()) {
      const file = join(directory, `${at}.parquet`);
      const writer = await engine.parquetWriter(
        [
          { name: 'key', type: 'string' },
          { name: 'label', type: 'number' },
        ],
        file,
      );
      const label = {
        type: 'number' as const,
        values: Float64Array.from(part, (value) => value ?? 0),
        nulls: Uint8Array.from(part, (value) => (value === null ? 1 : 0)),
      };
      writer.append([{ type: 'string', values: part.map((_, row) => `${at}-${row}`) }, label], 0, part.length);
      await writer.finish();
      await store.upload(`rows/${at}.parquet`, file, 'application/vnd.apache.parquet');
    }
    engine.close();
    return { store, read: labelReader(store, open) };
  };

  it('come in the order of the keys and of the rows', async () => {
    const many = Array.from({ length: 150_000 }, (_, row) => row % 7);
    const { read } = await world(many, [1, 0]);

    const labels = await read(['rows/1.parquet', 'rows/0.parquet']);

    expect(labels.length).toBe(150_002);
    expect(labels.every((label, at) => label === (at < 2 ? 1 - at : (at - 2) % 7))).toBe(true);
  });

  it('are NaN where a row has none', async () => {
    const { read } = await world([1, null, 0]);

    expect([...(await read(['rows/0.parquet']))]).toEqual([1, Number.NaN, 0]);
  });

  it('of no part are none', async () => {
    const { read } = await world();

    expect(await read([])).toEqual(new Float64Array(0));
  });

  it('leave nothing behind, even where a file is not there', async () => {
    const { store } = await world([1]);
    const opened: string[] = [];
    const read = labelReader(store, (tempDirectory) => {
      opened.push(tempDirectory);
      return open(tempDirectory);
    });

    await expect(read(['rows/0.parquet', 'rows/9.parquet'])).rejects.toThrow(NotFoundError);

    await expect(readdir(opened[0] ?? '')).rejects.toThrow('ENOENT');
  });
});

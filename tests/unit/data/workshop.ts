/** A temporary directory and an engine, for the tests of a file; both are gone afterwards. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type Engine, openEngine } from '../../../shared/data/engine.ts';
import { type ReadDataset, type ReadOptions, readDataset } from '../../../shared/data/read-dataset.ts';
import type { CellValue, ColumnBatch } from '../../../shared/features/columns.ts';

export interface Workshop {
  readonly engine: Engine;
  /** A fresh, empty directory. */
  directory(): string;
  /** Writes files, reads them as one dataset. */
  read(
    files: Readonly<Record<string, string | Uint8Array>>,
    options?: Omit<ReadOptions, 'directory'>,
  ): Promise<ReadDataset>;
  /** The rows of a query through typed columns: numbers as they are held, nulls as null. */
  rows(sql: string, batchSize?: number): Promise<CellValue[][]>;
}

export function workshop(): Workshop {
  const root = mkdtempSync(join(tmpdir(), 'millrace-data-'));
  let engine: Engine | undefined;
  beforeAll(async () => {
    engine = await openEngine({ memoryLimitMb: 256, tempDirectory: root });
  });
  afterAll(() => {
    engine?.close();
    rmSync(root, { recursive: true, force: true });
  });
  const opened = (): Engine => {
    if (engine === undefined) throw new Error('the engine is opened before the tests run');
    return engine;
  };
  const directory = (): string => mkdtempSync(join(root, 'd-'));
  return {
    get engine() {
      return opened();
    },
    directory,
    read(files, options = {}) {
      const input = directory();
      const parts = Object.entries(files).map(([name, content]) => {
        const path = join(input, name);
        writeFileSync(path, content);
        return { name, path };
      });
      return readDataset(opened(), parts, { directory: directory(), ...options });
    },
    async rows(sql, batchSize = 100) {
      const rows: CellValue[][] = [];
      for await (const batch of opened().columns(sql, batchSize)) rows.push(...rowsOfBatch(batch));
      return rows;
    },
  };
}

function rowsOfBatch(batch: ColumnBatch): CellValue[][] {
  const columns = Object.values(batch.columns);
  return Array.from({ length: batch.rows }, (_, row) =>
    columns.map((column) => (column.nulls?.[row] === 1 ? null : (column.values[row] ?? null))),
  );
}

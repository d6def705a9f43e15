/**
 * Which physical lines the rows of a typed copy came from, where the text itself is no longer at hand: the rows at which
 * the numbering jumps, with their lines, as a Parquet file beside the copy. Most texts have one jump, at the header.
 */
import { join } from 'node:path';
import type { BlockVisitor } from './block.ts';
import type { Engine } from './engine.ts';
import { identifier, literal, parquetRows } from './sql.ts';

/** Writes the line starts of each block while a dataset is read. */
export interface LineWriter {
  readonly visit: BlockVisitor;
  /** The files, one for each typed copy, in their order. */
  paths(): string[];
}

/** @param directory empty, or that of the reading; the caller removes it */
export function lineWriter(directory: string): LineWriter {
  let written = new Map<number, string>();
  return {
    visit: async (engine, { index, table }) => {
      if (index === 0) written = new Map();
      const path = join(directory, `lines-${String(index).padStart(5, '0')}.parquet`);
      const numbered = `SELECT row_number() OVER () - 1 AS ordinal, line FROM ${table}`;
      const jumps = `SELECT ordinal, line, lag(line - ordinal) OVER () AS before FROM (${numbered})`;
      await engine.copyToParquet(
        `SELECT ordinal, line FROM (${jumps}) WHERE before IS NULL OR line - ordinal <> before ORDER BY ordinal`,
        path,
      );
      written.set(index, path);
    },
    paths: () => [...written].sort(([a], [b]) => a - b).map(([, path]) => path),
  };
}

/** The lines of some rows of a typed copy, given their ordinals from 0. @throws RangeError where there is no such row */
export async function linesOf(engine: Engine, starts: string, ordinals: readonly number[]): Promise<number[]> {
  if (ordinals.length === 0) return [];
  const asked = ordinals.map((ordinal) => `(${Math.trunc(ordinal)})`).join(', ');
  const rows = await engine.query(
    `SELECT asked.ordinal AS ordinal, s.line + asked.ordinal - s.ordinal AS line FROM (VALUES ${asked}) AS asked(ordinal) ASOF JOIN (${parquetRows([starts])}) AS s ON asked.ordinal >= s.ordinal`,
  );
  const lines = new Map(rows.map((row) => [Number(row.ordinal), Number(row.line)]));
  return ordinals.map((ordinal) => {
    const line = lines.get(ordinal);
    if (line === undefined) throw new RangeError(`${starts} begins behind row ${ordinal}`);
    return line;
  });
}

/** A query of some columns of a typed copy, as `c0`, `c1`, …, with the `line` of each row, in the order of the lines. */
export function numberedRows(path: string, starts: string, columns: readonly string[]): string {
  const cells = columns.map((name, at) => `rows.${identifier(name)} AS c${at}`);
  return `SELECT ${['s.line + rows.file_row_number - s.ordinal AS line', ...cells].join(', ')} FROM read_parquet(${literal(path)}, file_row_number = true) AS rows ASOF JOIN (${parquetRows([starts])}) AS s ON rows.file_row_number >= s.ordinal ORDER BY line`;
}

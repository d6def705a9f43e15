/**
 * How often combined values occur: what uniqueness, keys, distinct values and repeated rows are judged by. Each row is
 * held as a hash of 64 bits, so that memory does not depend on how long the values are; the engine spills what it cannot
 * hold. Two different values have the same hash with odds of n²/2^65 over n of them: one in a million for 6 million
 * rows. Rows of several readings are counted together by their hashes, in any order.
 */
import type { Engine } from '../engine.ts';
import { identifier, literal } from '../sql.ts';
import type { KeyColumns } from './check.ts';
import { MAX_SAMPLES } from './result.ts';

/** What was counted of combined values. */
export interface KeyCounts {
  /** Rows counted. */
  readonly rows: number;
  /** Rows left out, since one of their values is missing. */
  readonly missing: number;
  readonly distinct: number;
  /** Values that one row has alone. */
  readonly once: number;
  /** The first rows whose values are missing or come again: part (from 0) and row of its typed copy (from 0). */
  readonly samples: readonly { readonly part: number; readonly row: number }[];
}

/**
 * A relation of `part`, `row` and `k`, the hash of some columns of typed copies; null where a value is missing and such
 * rows do not count.
 */
export function keyRelation(paths: readonly string[], { columns, nulls }: KeyColumns): string {
  const names = columns.map(identifier);
  const hash = `hash(${names.join(', ')})`;
  const key =
    nulls === 'value' ? hash : `CASE WHEN ${names.map((name) => `${name} IS NOT NULL`).join(' AND ')} THEN ${hash} END`;
  return paths
    .map(
      (path, part) =>
        `SELECT ${part} AS part, file_row_number AS row, ${key} AS k FROM read_parquet(${literal(path)}, file_row_number = true)`,
    )
    .join(' UNION ALL ');
}

/** Counts the values of a relation as {@link keyRelation} describes it. */
export async function countKeys(engine: Engine, relation: string, nulls: KeyColumns['nulls']): Promise<KeyCounts> {
  const [row = {}] = await engine.query(
    `SELECT coalesce(sum(n) FILTER (WHERE k IS NOT NULL), 0)::DOUBLE AS present, coalesce(sum(n) FILTER (WHERE k IS NULL), 0)::DOUBLE AS missing, count(k) AS keys, count(*) FILTER (WHERE k IS NOT NULL AND n = 1) AS once FROM (SELECT k, count(*) AS n FROM (${relation}) GROUP BY k)`,
  );
  const counts = {
    rows: Number(row.present),
    missing: Number(row.missing),
    distinct: Number(row.keys),
    once: Number(row.once),
  };
  const isLacking = nulls === 'fault' && counts.missing > 0;
  if (counts.rows === counts.distinct && !isLacking) return { ...counts, samples: [] };
  const rows = await engine.query(
    `SELECT part, row FROM (${relation}) WHERE ${isLacking ? 'k IS NULL OR ' : ''}k IN (SELECT k FROM (${relation}) GROUP BY k HAVING count(*) > 1) ORDER BY part, row LIMIT ${MAX_SAMPLES}`,
  );
  return { ...counts, samples: rows.map(({ part, row: at }) => ({ part: Number(part), row: Number(at) })) };
}

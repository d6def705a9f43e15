/** Rows of a file that equal others in all but their key: a question for whoever knows whether they are copies. */
import { identifier } from '../../shared/data/engine.ts';
import { howMany } from '../../shared/report/how-many.ts';
import type { Draft } from './draft.ts';
import type { Seen } from './seen.ts';

/** What a draft says of them. */
export interface EqualRows {
  /** `data.split.max_shared` under which a model of this file can be judged. */
  readonly maxShared: number;
  readonly evidence: string;
}

/** Chance puts more of them on the other side in one gate than in another. *assumed* */
const ROOM = 2;
const LEAST_ALLOWED = 0.05;

/** Looks for them where a run would: rows are split by a key, and nothing else keeps them together. */
export async function findEqualRows(
  { engine, relation, columns, rows }: Pick<Seen, 'engine' | 'relation' | 'columns' | 'rows'>,
  { key, time, entity }: Draft,
): Promise<EqualRows | null> {
  if (key === null || time !== null || entity !== null) return null;
  const contents = columns.map(({ name }) => name).filter((name) => !key.columns.includes(name));
  if (contents.length === 0) return null;
  const [found] = await engine.query(
    `SELECT coalesce(sum(n), 0)::DOUBLE AS n FROM (SELECT count(*) AS n FROM (${relation}) GROUP BY hash(${contents.map(identifier).join(', ')}) HAVING count(*) > 1)`,
  );
  const equal = Number(found?.n ?? 0);
  if (equal === 0) return null;
  const maxShared = Math.min(1, Math.max(LEAST_ALLOWED, Math.ceil((100 * ROOM * equal) / rows) / 100));
  return {
    maxShared,
    evidence: `${howMany(equal, 'row')} of ${rows.toLocaleString('en-US')} equal another in all but ${key.columns.join(', ')}: if they are copies, take them and max_shared out, for a model may know them by heart`,
  };
}

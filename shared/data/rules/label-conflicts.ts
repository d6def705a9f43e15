/** Rows whose features equal those of a row with another label: no model can be right about both. */
import type { ResolvedInput } from '../../definition/resolve.ts';
import { compile } from '../../features/compile.ts';
import type { Engine } from '../engine.ts';
import { identifier, literal, parquetRows } from '../sql.ts';

/** A label that is made of columns is looked up among so many different values of theirs. */
const MAX_LABELLED = 10_000;
const BATCH_ROWS = 2048;

type LabelledInput = Pick<ResolvedInput, 'label' | 'labelColumns' | 'inputColumns' | 'columnTypes'>;

/** Counts such rows; null where there is nothing to compare, or the label is made of too many different values. */
export async function countConflicts(
  engine: Engine,
  paths: readonly string[],
  input: LabelledInput,
): Promise<number | null> {
  const rows = parquetRows(paths);
  const isColumn = input.label.expression.op === 'column';
  const features = [...new Set(input.inputColumns)].filter((name) => !isColumn || !input.labelColumns.includes(name));
  const [only] = input.labelColumns;
  if (features.length === 0 || only === undefined) return null;
  const hash = (names: readonly string[]): string => `hash(${names.map(identifier).join(', ')})`;
  let labelled = `SELECT ${hash(features)} AS k, ${identifier(only)} AS y FROM (${rows})`;
  if (!isColumn) {
    const codes = await labelCodes(engine, rows, hash(input.labelColumns), input);
    if (codes === undefined) return null;
    if (codes.length === 0) return 0;
    const listed = codes.map(([of, code]) => `(${literal(of)}::UBIGINT, ${code})`).join(', ');
    labelled = `SELECT ${hash(features)} AS k, code AS y FROM (${rows}) JOIN (VALUES ${listed}) AS labels("of", code) ON ${hash(input.labelColumns)} = "of"`;
  }
  const [row = {}] = await engine.query(
    `SELECT coalesce(sum(n) FILTER (WHERE least <> most), 0)::DOUBLE AS n FROM (SELECT k, count(*) AS n, min(y) AS least, max(y) AS most FROM (${labelled}) WHERE y IS NOT NULL GROUP BY k)`,
  );
  return Number(row.n);
}

/**
 * Which label each different value of the label's columns gives, by the hash of these: labels are numbered as they come.
 * Undefined where there are more values than {@link MAX_LABELLED}; what gives no label is not there.
 */
async function labelCodes(
  engine: Engine,
  rows: string,
  hash: string,
  { label, labelColumns, columnTypes }: LabelledInput,
): Promise<readonly (readonly [hash: string, code: number])[] | undefined> {
  const evaluate = compile([label.expression], columnTypes);
  let name = 'of';
  while (labelColumns.some((column) => column.toLowerCase() === name)) name += '_';
  const values = `SELECT DISTINCT ${labelColumns.map(identifier).join(', ')}, ${hash}::VARCHAR AS ${identifier(name)} FROM (${rows}) LIMIT ${MAX_LABELLED + 1}`;
  const codes = new Map<string | number, number>();
  const found: [string, number][] = [];
  let seen = 0;
  for await (const batch of engine.columns(values, BATCH_ROWS)) {
    seen += batch.rows;
    if (seen > MAX_LABELLED) return undefined;
    const [labels] = evaluate(batch);
    for (let row = 0; row < batch.rows; row += 1) {
      const value = labels?.nulls?.[row] === 1 ? undefined : labels?.values[row];
      if (value === undefined) continue;
      const code = codes.get(value) ?? codes.size;
      codes.set(value, code);
      found.push([String(batch.columns[name]?.values[row]), code]);
    }
  }
  return found;
}

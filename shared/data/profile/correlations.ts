/** How columns move together: for a report, over an even sample of the typed copies. */
import type { Column, ColumnType } from '../../features/columns.ts';
import type { Engine } from '../engine.ts';
import { identifier, literal } from '../sql.ts';
import { correlationRatio, cramersV, type Ranked, ranked, spearman } from './association.ts';

/** Every pair of some columns. */
export interface Correlations {
  readonly columns: readonly string[];
  /** Rows they were measured on. */
  readonly rows: number;
  /**
   * From -1 to 1 between numbers, times and truth values (Spearman), from 0 to 1 where a category is one of the two
   * (correlation ratio of ranks, Cramér's V); null where too few rows have both.
   */
  readonly values: readonly (readonly (number | null)[])[];
}

/** What is known of a column. */
interface KnownColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly distinct: number | null;
}

const MOST_COLUMNS = 20;
const MOST_ROWS = 20_000;
const BATCH_ROWS = 8_192;
/** Texts with more values are no categories, and identifiers move together with everything. */
const MOST_CATEGORIES = 50;

/** Whether a column can move together with others: it varies, and is no text of its own in every row. */
const isMeasured = ({ type, distinct }: KnownColumn): boolean =>
  distinct !== 0 && distinct !== 1 && (type !== 'string' || (distinct !== null && distinct <= MOST_CATEGORIES));

/** Measures the first 20 columns that can move together; null where there are fewer than two. */
export async function correlationsOf(
  engine: Engine,
  parts: readonly { readonly path: string; readonly rows: number }[],
  columns: readonly KnownColumn[],
): Promise<Correlations | null> {
  const chosen = columns.filter(isMeasured).slice(0, MOST_COLUMNS);
  if (chosen.length < 2) return null;
  const step = Math.max(1, Math.ceil(parts.reduce((sum, { rows }) => sum + rows, 0) / MOST_ROWS));
  const cells: number[][] = chosen.map(() => []);
  const codes = chosen.map(() => new Map<string, number>());
  for (const { path } of parts) {
    const names = chosen.map(({ name }, at) => `${identifier(name)} AS v${at}`).join(', ');
    const sql = `SELECT ${names} FROM read_parquet(${literal(path)}, file_row_number = true) WHERE file_row_number % ${step} = 0`;
    for await (const batch of engine.columns(sql, BATCH_ROWS)) {
      for (const [at, into] of cells.entries()) {
        const column = batch.columns[`v${at}`];
        const code = codes[at];
        if (column !== undefined && code !== undefined) append(into, column, code);
      }
    }
  }
  const measured = cells.map((values, at): Ranked => ranked(values, chosen[at]?.type === 'string'));
  return {
    columns: chosen.map(({ name }) => name),
    rows: cells[0]?.length ?? 0,
    values: measured.map((a, at) => measured.map((b, to) => (at === to ? 1 : between(a, b)))),
  };
}

/** A column's values as numbers: texts by a code of their own, NaN for what is missing. */
function append(into: number[], { values, nulls }: Column, codes: Map<string, number>): void {
  for (const [row, value] of values.entries()) {
    if (nulls?.[row] === 1) into.push(Number.NaN);
    else if (typeof value === 'number') into.push(value);
    else {
      const code = codes.get(value) ?? codes.size;
      codes.set(value, code);
      into.push(code);
    }
  }
}

function between(a: Ranked, b: Ranked): number | null {
  if (a.isCategory) return b.isCategory ? cramersV(a, b) : correlationRatio(a, b);
  return b.isCategory ? correlationRatio(b, a) : spearman(a, b);
}

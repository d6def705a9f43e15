/** Counts blocks of rows into the working form of a profile. */
import type { ColumnType } from '../../features/columns.ts';
import type { Block, BlockColumn, BlockVisitor } from '../block.ts';
import type { Engine } from '../engine.ts';
import { numberTally } from './distinct.ts';
import { numbersTally, timesTally } from './number-column.ts';
import { countTexts, type TextColumnTally, textsTally } from './text-column.ts';
import { valuesCap, type WorkingColumn, type WorkingProfile } from './working.ts';

/** Counts the blocks of a dataset, or of some of its rows. */
export interface Profiler {
  /** Begins anew when block 0 comes. */
  readonly visit: BlockVisitor;
  /** What was counted so far; null before the first block. */
  readonly working: () => WorkingProfile | null;
}

const DAY_US = 86_400_000_000;
/** So many columns are streamed side by side. */
const STREAMED_COLUMNS = 128;

interface ValuesTally {
  /** NaN stands for a missing value. */
  readonly add: (values: Float64Array) => void;
  readonly working: () => Omit<WorkingColumn, 'name' | 'type' | 'nulls'>;
}

function truthsTally(cap: number): ValuesTally {
  const truths = numberTally(cap);
  return {
    add: (values) => {
      truths.add(values, () => undefined);
    },
    working: () => ({ distinct: truths.distinct() }),
  };
}

function valuesTally(type: Exclude<ColumnType, 'string'>, cap: number): ValuesTally {
  if (type === 'boolean') return truthsTally(cap);
  if (type === 'integer' || type === 'number') {
    const { add, distinct, counts } = numbersTally(cap);
    return { add, working: () => ({ distinct: distinct(), numbers: counts() }) };
  }
  const { add, distinct, counts } = timesTally(cap);
  return { add, working: () => ({ distinct: distinct(), times: counts() }) };
}

/** A cell as a double; dates as microseconds since 1970, as timestamps are. */
const DOUBLES: Readonly<Record<Exclude<ColumnType, 'string'>, (cell: string) => string>> = {
  integer: (cell) => `${cell}::DOUBLE`,
  number: (cell) => cell,
  boolean: (cell) => `${cell}::TINYINT::DOUBLE`,
  timestamp: (cell) => `epoch_us(${cell})::DOUBLE`,
  date: (cell) => `datediff('day', DATE '1970-01-01', ${cell})::DOUBLE * ${DAY_US}`,
};

interface Valued extends BlockColumn {
  readonly type: Exclude<ColumnType, 'string'>;
  readonly values: ValuesTally;
  /** Rows without a value. */
  nulls: number;
}

type Tallied = (BlockColumn & { readonly texts: TextColumnTally }) | Valued;

/** A column to count, and where it stands in a block. */
interface Counted {
  readonly cell: string;
  readonly column: Valued;
}

/**
 * Begins to count.
 * @param cap Up to how many distinct values of a column are counted; by default as many as its dataset's width allows.
 */
export function profiler(cap?: number): Profiler {
  let rows = 0;
  let most = cap ?? 0;
  let columns: readonly Tallied[] | null = null;

  const begin = ({ columns: given }: Block): readonly Tallied[] => {
    rows = 0;
    most = cap ?? valuesCap(given.length);
    return given.map((column): Tallied => {
      const { type } = column;
      if (type === 'string') return { ...column, texts: textsTally(most) };
      return { ...column, type, values: valuesTally(type, most), nulls: 0 };
    });
  };

  return {
    visit: async (engine, block) => {
      if (columns === null || block.index === 0) columns = begin(block);
      rows += block.rows;
      const cellOf = (at: number): string => block.columns[at]?.cell ?? '';
      const texts = columns.flatMap((column, at) =>
        'texts' in column ? [{ cell: cellOf(at), tally: column.texts }] : [],
      );
      const values = columns.flatMap((column, at) => ('values' in column ? [{ cell: cellOf(at), column }] : []));
      await Promise.all([
        ...slices(texts).map((some) => countTexts(engine, block.table, block.rows, some, most)),
        ...slices(values).map((some) => countValues(engine, block.table, some)),
      ]);
    },
    working: () =>
      columns && {
        rows,
        valuesCap: most,
        columns: columns.map((column): WorkingColumn => {
          const { name, type } = column;
          if ('values' in column) return { name, type, nulls: column.nulls, ...column.values.working() };
          const { texts } = column;
          return { name, type, nulls: texts.nulls(), distinct: texts.distinct(), texts: texts.counts() };
        }),
      },
  };
}

function slices<T>(columns: readonly T[]): T[][] {
  const found: T[][] = [];
  for (let from = 0; from < columns.length; from += STREAMED_COLUMNS)
    found.push(columns.slice(from, from + STREAMED_COLUMNS));
  return found;
}

/** Streams the columns once; the engine reads on while the rows before are counted. */
async function countValues(engine: Engine, table: string, columns: readonly Counted[]): Promise<void> {
  if (columns.length === 0) return;
  const asked = columns.map(({ cell, column: { type } }) => `coalesce(${DOUBLES[type](cell)}, 'nan'::DOUBLE)`);
  for await (const vectors of engine.vectors(`SELECT ${asked.join(', ')} FROM ${table}`)) {
    for (const [at, { column }] of columns.entries()) {
      const values = vectors.doubles(at);
      let missing = 0;
      for (let row = 0; row < values.length; row += 1) if (Number.isNaN(values[row])) missing += 1;
      column.nulls += missing;
      column.values.add(values);
    }
  }
}

/** Counts one block by itself. */
export async function profileBlock(engine: Engine, block: Block, cap?: number): Promise<WorkingProfile> {
  const own = profiler(cap);
  await own.visit(engine, block);
  const working = own.working();
  if (working === null) throw new RangeError('a block that was visited has a profile');
  return working;
}

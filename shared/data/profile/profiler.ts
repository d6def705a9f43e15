/** Counts blocks of rows into the working form of a profile. */
import type { ColumnType } from '../../features/columns.ts';
import type { Block, BlockColumn, BlockVisitor } from '../block.ts';
import type { Engine } from '../engine.ts';
import type { Cells, RowBytes } from '../engine-vectors.ts';
import { CELL_READERS } from './cell-values.ts';
import { numbersTally } from './number-column.ts';
import { numberTally } from './number-tally.ts';
import { ShortTextBlock } from './short-texts.ts';
import { countLongTexts, TEXT_BYTES, type TextCell, type TextColumnTally, textsTally } from './text-column.ts';
import { timesTally } from './time-column.ts';
import { valuesCap, type WorkingColumn, type WorkingProfile } from './working.ts';

/** Counts the blocks of a dataset, or of some of its rows. */
export interface Profiler {
  /** Begins anew when block 0 comes. */
  readonly visit: BlockVisitor;
  /** What was counted so far; null before the first block. */
  readonly working: () => WorkingProfile | null;
}

/** So many columns are streamed side by side. */
const STREAMED_COLUMNS = 128;

interface ValuesTally {
  /** Values, of which none is missing. */
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

interface Valued extends BlockColumn {
  readonly type: Exclude<ColumnType, 'string'>;
  readonly values: ValuesTally;
  /** Rows without a value. */
  nulls: number;
}

type Tallied = (BlockColumn & { readonly texts: TextColumnTally }) | Valued;

/** A column of a block that is read as the engine holds it. */
interface Streamed {
  readonly cell: string;
  readonly rowBytes: RowBytes;
  /** False: nothing more is to be taken of it. */
  readonly take: (cells: Cells) => boolean;
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
      const streamed: Streamed[] = [];
      const texts: { readonly of: TextCell; readonly short: ShortTextBlock | null }[] = [];
      for (const [at, column] of columns.entries()) {
        const cell = block.columns[at]?.cell ?? '';
        if ('values' in column) {
          streamed.push(streamedValues(cell, column));
          continue;
        }
        const into = column.texts.short();
        const short = into && new ShortTextBlock(into, most);
        texts.push({ of: { cell, tally: column.texts }, short });
        if (short !== null) streamed.push({ cell, rowBytes: TEXT_BYTES, take: (cells) => short.take(cells) });
      }
      const long = await stream(engine, block.table, streamed);
      for (const { of, short } of texts) {
        if (short !== null && !long.has(of.cell)) short.finish();
        else of.tally.meetLong();
      }
      const rest = texts.filter(({ of }) => of.tally.short() === null).map(({ of }) => of);
      await countLongTexts(engine, block.table, block.rows, rest, most);
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

function streamedValues(cell: string, column: Valued): Streamed {
  const { rowBytes, read } = CELL_READERS[column.type];
  return {
    cell,
    rowBytes,
    take: (cells) => {
      const values = read(cells);
      column.nulls += cells.rows - values.length;
      column.values.add(values);
      return true;
    },
  };
}

/** Streams the columns once; the engine reads on while the rows before are counted. Returns the cells of those that wanted no more. */
async function stream(engine: Engine, table: string, columns: readonly Streamed[]): Promise<ReadonlySet<string>> {
  const done = new Set<string>();
  for (let from = 0; from < columns.length; from += STREAMED_COLUMNS) {
    const some = columns.slice(from, from + STREAMED_COLUMNS);
    const asked = some.map(({ cell }) => cell);
    for await (const vectors of engine.cells(table, asked)) {
      for (const [at, { cell, rowBytes, take }] of some.entries())
        if (!done.has(cell) && !take(vectors.cells(at, rowBytes))) done.add(cell);
    }
  }
  return done;
}

/** Counts one block by itself. */
export async function profileBlock(engine: Engine, block: Block, cap?: number): Promise<WorkingProfile> {
  const own = profiler(cap);
  await own.visit(engine, block);
  const working = own.working();
  if (working === null) throw new RangeError('a block that was visited has a profile');
  return working;
}

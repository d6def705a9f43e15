/**
 * What a reading hands to those who count over the data: a fixed piece of it at a time. Blocks are cut by bytes (text) or
 * rows (Parquet), never by what was ready first, so the same bytes come in the same blocks whatever the threads.
 */
import type { ColumnType } from '../features/columns.ts';
import type { Engine } from './engine.ts';

/** A column of a block, where SQL finds it. */
export interface BlockColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** The SQL name of the typed column: `c0`, `c1`, … in the order of the dataset's columns. */
  readonly cell: string;
  /**
   * The SQL name of a BOOLEAN column, never null: the source had a value that does not parse as the type (`cell` is null
   * there). Null where no cell of this block is such a one; another block may have some.
   */
  readonly unparsed: string | null;
}

/** A piece of a dataset as a table of the engine; it is gone when its visitors have returned. */
export interface Block {
  /** The part's name in problems; undefined where the dataset is a single file. */
  readonly part: string | undefined;
  /** Counted over the whole dataset, from 0. */
  readonly index: number;
  /** SQL that can stand after FROM; it has `line` BIGINT (physical line, or row number of a Parquet part) and the cells. */
  readonly table: string;
  readonly rows: number;
  readonly columns: readonly BlockColumn[];
}

/**
 * Sees every block of a dataset once, in order, one at a time. When a later block shows that a column's type was found
 * too narrow, the reading settles the types and all blocks come again with the new ones, beginning with block 0: whoever
 * counts begins anew when block 0 comes.
 */
export type BlockVisitor = (engine: Engine, block: Block) => Promise<void>;

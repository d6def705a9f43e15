/** What a reading begins with, and what its sources make of it. */
import { createReadStream } from 'node:fs';
import type { ProblemLog } from '../problems.ts';
import type { ScannedText } from './clean-blocks.ts';

/**
 * One delivered file: its name below the dataset's folder, which stands in problems, and its bytes; they are opened once.
 * A file that lies on this machine is named by its path, and is neither changed nor removed.
 */
export type DeliveredPart = { readonly name: string } & (
  | { readonly path: string }
  | { readonly open: () => Promise<AsyncIterable<Uint8Array>> }
);

const CHUNK_BYTES = 128 * 1024;

/** The bytes of a part. */
export async function openBytes(part: DeliveredPart): Promise<AsyncIterable<Uint8Array>> {
  return 'path' in part ? createReadStream(part.path, { highWaterMark: CHUNK_BYTES }) : part.open();
}

/** A piece of a part that the engine can read without guessing. */
export interface SourceBlock {
  /** The part's name. */
  readonly part: string;
  /** The name it has in problems; none where the dataset is a single file. */
  readonly told: string | undefined;
  readonly kind: 'text' | 'parquet';
  /** The names of its columns, in its order; it may lack some of the dataset's (JSON Lines). */
  readonly names: readonly string[];
  /** The database types; VARCHAR for text. */
  readonly types: readonly string[];
  /** Columns in which values are marked as text (JSON strings), so that digits there are no number. */
  readonly marked: ReadonlySet<string>;
  /** A query with columns `line`, `c0`, `c1`, … */
  readonly relation: string;
  /** Of Parquet: how many rows it has. */
  readonly rows?: number;
  /** Of text: where its cells stand. */
  readonly scanned?: ScannedText;
  /** The file the engine reads; an error that names it means the part. */
  readonly path: string;
}

/** Columns at the end of a table that have neither a name nor a value: they are left out. */
export interface UnnamedColumns {
  /** The place of the first of them, counted from 1. */
  readonly from: number;
  readonly count: number;
}

/** What a source of a format is given. */
export interface PartContext {
  readonly name: string;
  readonly told: string | undefined;
  readonly log: ProblemLog;
  /**
   * Whether a part with these columns belongs to the dataset; if not, the log has been told. `open`: it has no header, so
   * it may lack columns, and others may still come.
   */
  readonly agrees: (names: readonly string[], open?: boolean) => boolean;
  /** Told of columns that have neither a name nor a value. */
  readonly leaveOut: (columns: UnnamedColumns) => void;
  /** The most columns that are read. */
  readonly maxColumns: number;
  /** Told how many bytes of the part, as delivered, have been read. @throws UnreadableError where there is no time left */
  readonly read: (bytes: number) => void;
  /** Takes the next block; false: no more of this part is wanted. Resolves when there is room for another. */
  readonly emit: (block: SourceBlock) => Promise<boolean>;
}

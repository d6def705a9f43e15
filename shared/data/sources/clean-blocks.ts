/** Clean text on local disk, cut into blocks that the engine reads with nothing left to guess. */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { CleanPiece } from '../clean-pieces.ts';
import { literal } from '../sql.ts';
import type { SourceBlock } from './part.ts';

/** What a source knows of the text it has written so far. */
export interface CleanText {
  readonly names: readonly string[];
  readonly delimiter: string;
  /** The longest record, in bytes. */
  readonly longest: number;
  /** Records may lack fields at their end, which are missing values. */
  readonly ragged: boolean;
}

/** A block of clean text on disk, and its pieces while they are in memory. */
export type CleanBlock = Pick<SourceBlock, 'path' | 'relation' | 'scanned'>;

/** The pieces of a block whose cells all have their places, until they are released. */
export class ScannedText {
  #pieces: readonly CleanPiece[] | undefined;

  constructor(pieces: readonly CleanPiece[]) {
    this.#pieces = pieces;
  }

  /** Undefined once they are released. */
  get pieces(): readonly CleanPiece[] | undefined {
    return this.#pieces;
  }

  release(): void {
    for (const piece of this.#pieces ?? []) piece.release();
    this.#pieces = undefined;
  }
}

/** Cuts clean text, given in pieces of whole records, into files. A piece is never divided, so blocks are a little larger. */
export class CleanBlockWriter {
  readonly #directory: string;
  readonly #prefix: string;
  readonly #blockBytes: number;
  readonly #done: (block: CleanBlock) => Promise<void>;
  #count = 0;
  #file: { readonly handle: FileHandle; readonly path: string } | undefined;
  #bytes = 0;
  #pieces: CleanPiece[] = [];
  #writing: Promise<unknown> = Promise.resolve();

  constructor(directory: string, prefix: string, blockBytes: number, done: (block: CleanBlock) => Promise<void>) {
    this.#directory = directory;
    this.#prefix = prefix;
    this.#blockBytes = blockBytes;
    this.#done = done;
  }

  async write(piece: CleanPiece, text: CleanText): Promise<void> {
    if (this.#file === undefined) {
      const path = join(this.#directory, `${this.#prefix}-${String(this.#count).padStart(5, '0')}.csv`);
      this.#file = { path, handle: await open(path, 'w') };
      this.#count += 1;
      this.#bytes = 0;
    }
    // The next piece is scanned while this one is written.
    await this.#writing;
    this.#writing = this.#file.handle.write(piece.bytes);
    this.#writing.catch(() => undefined);
    this.#bytes += piece.bytes.byteLength;
    this.#pieces.push(piece);
    if (this.#bytes >= this.#blockBytes) await this.finish(text);
  }

  /** Closes the block that is being written, if there is one. */
  async finish(text: CleanText): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    try {
      await this.#writing;
    } finally {
      await file.handle.close();
    }
    const scanned = new ScannedText(this.#pieces);
    this.#pieces = [];
    if (scanned.pieces?.some(({ cells }) => cells === undefined)) scanned.release();
    await this.#done({ path: file.path, relation: relationOf(file.path, text), scanned });
  }

  /** Lets go of the file, where reading has failed. */
  async abandon(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await this.#writing.catch(() => undefined);
    await file?.handle.close();
  }
}

/** The clean text with its dialect spelled out. */
function relationOf(path: string, { names, delimiter, longest, ragged }: CleanText): string {
  // The engine's buffer is 16 times the longest line it is told to expect, whatever the lines are; so it is told the truth.
  const line = Math.max(longest + 64, 65_536);
  const buffer = Math.max(4 * 1024 * 1024, 2 * line);
  const columns = ["'line': 'BIGINT'", ...names.map((_, i) => `'c${i}': 'VARCHAR'`)];
  return `SELECT * FROM read_csv(${literal(path)}, auto_detect = false, header = false, delim = ${literal(delimiter)}, quote = '"', escape = '"', new_line = '\\n', comment = '', nullstr = '', encoding = 'utf-8', strict_mode = true, null_padding = ${ragged}, parallel = false, max_line_size = ${line}, buffer_size = ${buffer}, columns = {${columns.join(', ')}})`;
}

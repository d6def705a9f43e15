/** Clean text on local disk, cut into blocks that the engine reads with nothing left to guess. */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { type CleanPiece, PIECE_BYTES } from '../clean-pieces.ts';
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
  /** Rows of the block. */
  readonly records: number;
  #pieces: readonly CleanPiece[] | undefined;
  #held: number;
  #released: () => void = () => undefined;

  constructor(pieces: readonly CleanPiece[]) {
    this.records = pieces.reduce((sum, { records }) => sum + records, 0);
    this.#pieces = pieces;
    this.#held = pieces.length;
  }

  /** Undefined once they are taken, or released. */
  get pieces(): readonly CleanPiece[] | undefined {
    return this.#pieces;
  }

  /** The pieces, once: each is released when the next is asked for, and all when no more are. */
  *take(): Generator<CleanPiece> {
    const pieces = this.#pieces ?? [];
    this.#pieces = undefined;
    let next = 0;
    try {
      for (const piece of pieces) {
        yield piece;
        next += 1;
        this.#release([piece]);
      }
    } finally {
      this.#release(pieces.slice(next));
    }
  }

  release(): void {
    const pieces = this.#pieces ?? [];
    this.#pieces = undefined;
    this.#release(pieces);
  }

  /** Resolves when no more than so many pieces are held; whoever has the text releases them. One waits at a time. */
  async downTo(most: number): Promise<void> {
    while (this.#held > most)
      await new Promise<void>((resolve) => {
        this.#released = resolve;
      });
  }

  #release(pieces: readonly CleanPiece[]): void {
    for (const piece of pieces) piece.release();
    this.#held -= pieces.length;
    this.#released();
  }
}

/**
 * So many pieces more than a block has are held at a time, of the block that is scanned and the one before it together: so
 * that the scanner has something to do while the first of that block are being read, and does not run ahead of the reader.
 */
const PIECES_AHEAD = 4;

/** Cuts clean text, given in pieces of whole records, into files. A piece is never divided, so blocks are a little larger. */
export class CleanBlockWriter {
  readonly #directory: string;
  readonly #prefix: string;
  readonly #blockBytes: number;
  readonly #mostPieces: number;
  readonly #done: (block: CleanBlock) => Promise<void>;
  #count = 0;
  #file: { readonly handle: FileHandle; readonly path: string } | undefined;
  #bytes = 0;
  #pieces: CleanPiece[] = [];
  /** The block before, whose pieces may still be read. */
  #before: ScannedText | undefined;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(directory: string, prefix: string, blockBytes: number, done: (block: CleanBlock) => Promise<void>) {
    this.#directory = directory;
    this.#prefix = prefix;
    this.#blockBytes = blockBytes;
    this.#mostPieces = Math.ceil(blockBytes / PIECE_BYTES) + PIECES_AHEAD;
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
    else await this.#before?.downTo(Math.max(0, this.#mostPieces - this.#pieces.length));
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
    this.#before = scanned;
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

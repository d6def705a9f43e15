/**
 * What of a text enters its hash, told twice: to the engine in SQL, and to JavaScript. ASCII of up to 48 bytes, and
 * anything of up to 12, is taken as it is, in pieces of 12 bytes; longer texts stand as their MD5.
 */
import { createHash } from 'node:crypto';
import { EngineError } from '../engine-error.ts';
import { type Cells, isPresent, SHORT_BYTES } from '../engine-vectors.ts';
import { insertWords, type Registers } from './hyperloglog.ts';
import { wordsOf } from './short-text-table.ts';

const PIECED_BYTES = 48;
const PIECE_WORDS = SHORT_BYTES / 4;

/** The length in bytes, then the bytes: one text at a time stands here. */
const words = new Uint32Array(1 + PIECED_BYTES / 4);
const bytes = new Uint8Array(words.buffer);

function insertStanding(registers: Registers, length: number): void {
  words[0] = length;
  insertWords(registers, words, 0, 1 + Math.ceil(length / 4));
}

/** Takes a text. */
export function insertText(registers: Registers, text: string): void {
  const whole = Buffer.from(text);
  const pieced = whole.length <= SHORT_BYTES || (whole.length <= PIECED_BYTES && whole.length === [...text].length);
  const taken = pieced ? whole : Buffer.from(createHash('md5').update(whole).digest('hex'));
  bytes.fill(0);
  bytes.set(taken, 4);
  insertStanding(registers, taken.length);
}

/**
 * The SQL of a cell's pieces, for {@link insertPieces}.
 * @param longest Bytes of the longest text there is in the rows.
 */
export function piecesSql(cell: string, longest: number): string[] {
  if (longest <= SHORT_BYTES) return [cell];
  const pieced = `strlen(${cell}) <= ${SHORT_BYTES} OR (strlen(${cell}) <= ${PIECED_BYTES} AND strlen(${cell}) = length(${cell}))`;
  const taken = `CASE WHEN ${cell} IS NULL OR ${pieced} THEN ${cell} ELSE md5(${cell}) END`;
  // An MD5 is 32 characters.
  const count = Math.min(Math.ceil(Math.max(longest, 32) / SHORT_BYTES), PIECED_BYTES / SHORT_BYTES);
  return Array.from({ length: count }, (_, at) => `substring(${taken}, ${1 + at * SHORT_BYTES}, ${SHORT_BYTES})`);
}

/**
 * Takes the texts whose pieces these columns are.
 * @throws EngineError where a piece is longer than it should be
 */
export function insertPieces(registers: Registers, pieces: readonly Cells[]): void {
  const [first] = pieces;
  if (first === undefined) return;
  const held = pieces.map(wordsOf);
  for (let row = 0; row < first.rows; row += 1) {
    if (!isPresent(first.validity, row)) continue;
    let length = 0;
    let to = 1;
    for (const piece of held) {
      const from = row * 4;
      const bytes = piece[from] ?? 0;
      if (bytes > SHORT_BYTES) throw new EngineError('a piece of a text is too long', 'internal');
      length += bytes;
      words[to] = piece[from + 1] ?? 0;
      words[to + 1] = piece[from + 2] ?? 0;
      words[to + 2] = piece[from + 3] ?? 0;
      to += PIECE_WORDS;
    }
    insertStanding(registers, length);
  }
}

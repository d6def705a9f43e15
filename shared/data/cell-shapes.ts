/**
 * What the cells of a column are made of, as a scanner saw them on its way: enough to tell where the engine may read
 * numbers by itself, without testing each cell for every spelling that is accepted.
 */
import type { ColumnType } from '../features/columns.ts';

/** One set of the bits below per column; a bit is set when some cell has what it stands for. */
export type CellShapes = Uint16Array;

const MINUS = 1;
const POINT = 2;
/** Neither digit, minus nor point, or a quoted cell. */
export const OTHER = 4;
/** A zero before another digit: `007`, `-00.5`. */
const LEADING_ZERO = 8;
/** `-0`, also as the beginning of `-0.5`. */
const NEGATIVE_ZERO = 16;
const LONG = 32;
const VERY_LONG = 64;
const LEADING_SPACE = 256;

/** So many digits are below 2^53. */
const LONG_BYTES = 15;
/** Of so many digits and no exponent no number is infinite. */
const VERY_LONG_BYTES = 24;

const [QUOTE_BYTE, SPACE_BYTE, MINUS_BYTE, ZERO_BYTE, NINE_BYTE] = [0x22, 0x20, 0x2d, 0x30, 0x39] as const;

/** A first byte above it tells nothing that the byte's own bits do not. */
export const LAST_TELLING_BYTE = ZERO_BYTE;

/** The bits that a byte sets wherever it stands. */
export function bitsOfBytes(): Uint8Array {
  const bits = new Uint8Array(256).fill(OTHER);
  bits.fill(0, ZERO_BYTE, NINE_BYTE + 1);
  bits[MINUS_BYTE] = MINUS;
  bits[0x2e] = POINT;
  return bits;
}

/** The bits that the beginning of a cell sets, by the bytes `from` to `to`, which is beyond `from`. */
export function bitsOfBeginning(bytes: Uint8Array, from: number, to: number): number {
  const first = bytes[from];
  if (first === SPACE_BYTE) return LEADING_SPACE;
  if (first === QUOTE_BYTE) return bytes[from + 1] === SPACE_BYTE ? OTHER | LEADING_SPACE : OTHER;
  const isNegative = first === MINUS_BYTE;
  const digit = isNegative ? from + 1 : from;
  if (digit >= to || bytes[digit] !== ZERO_BYTE) return 0;
  const next = digit + 1 < to ? (bytes[digit + 1] ?? 0) : 0;
  return (isNegative ? NEGATIVE_ZERO : 0) | (next >= ZERO_BYTE && next <= NINE_BYTE ? LEADING_ZERO : 0);
}

/** The bits that a cell's length in bytes sets. */
export const bitsOfLength = (length: number): number =>
  length <= LONG_BYTES ? 0 : length <= VERY_LONG_BYTES ? LONG : LONG | VERY_LONG;

/** How a column is read: as text, or as numbers by the engine's reader. */
export type CellReading = 'VARCHAR' | 'BIGINT' | 'DOUBLE';

/**
 * How the engine may read a column of a type so that every cell it accepts has the value that `cell-types.ts` gives it;
 * cells that it refuses (`1-2`) make the statement fail. Undefined: the cells are to be read as text and looked at.
 */
export function readingOf(type: ColumnType, bits: number): CellReading | undefined {
  if (type === 'string') return (bits & LEADING_SPACE) === 0 ? 'VARCHAR' : undefined;
  if (type === 'integer') return (bits & ~MINUS) === 0 ? 'BIGINT' : undefined;
  if (type === 'number') return (bits & ~(MINUS | POINT | NEGATIVE_ZERO | LONG)) === 0 ? 'DOUBLE' : undefined;
  return undefined;
}

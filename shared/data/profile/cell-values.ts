/** The values of a column of numbers, times or truths as doubles, as the engine's own memory holds them. */
import type { ColumnType } from '../../features/columns.ts';
import type { Cells, RowBytes } from '../engine-vectors.ts';

/** How the cells of a column are read. */
export interface CellReader {
  readonly rowBytes: RowBytes;
  /**
   * The values one after another, those that are missing left out: microseconds since 1970 of times, 0 and 1 of truths.
   * They stand until the next cells are read.
   */
  readonly read: (cells: Cells) => Float64Array;
}

const DAY_US = 86_400_000_000;
const TWO_TO_32 = 2 ** 32;

/** A vector of the engine has at most so many rows. */
const VECTOR_ROWS = 2_048;
let room = new Float64Array(VECTOR_ROWS);

function roomFor(rows: number): Float64Array {
  if (room.length < rows) room = new Float64Array(rows);
  return room;
}

/** Leaves out the rows without a value, and what is no number. */
function kept(values: Float64Array, rows: number, validity: Uint32Array | null): Float64Array {
  let count = 0;
  if (validity === null) {
    for (let row = 0; row < rows; row += 1) {
      const value = values[row] ?? 0;
      values[count] = value;
      count += Number.isNaN(value) ? 0 : 1;
    }
  } else {
    for (let row = 0; row < rows; row += 1) {
      const value = values[row] ?? 0;
      values[count] = value;
      count += Number.isNaN(value) ? 0 : ((validity[row >> 5] ?? 0) >>> (row & 31)) & 1;
    }
  }
  return values.subarray(0, count);
}

/** The halves of a whole number of 64 bits, the lower first: as the engine has them on every machine it is made for. */
function readWhole({ bytes, rows, validity }: Cells): Float64Array {
  const values = roomFor(rows);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, rows * 2);
  for (let row = 0; row < rows; row += 1)
    values[row] = (words[row * 2 + 1] ?? 0) * TWO_TO_32 + ((words[row * 2] ?? 0) >>> 0);
  return validity === null ? values.subarray(0, rows) : kept(values, rows, validity);
}

function readDoubles({ bytes, rows, validity }: Cells): Float64Array {
  const values = roomFor(rows);
  values.set(new Float64Array(bytes.buffer, bytes.byteOffset, rows));
  return kept(values, rows, validity);
}

function readDays({ bytes, rows, validity }: Cells): Float64Array {
  const values = roomFor(rows);
  const days = new Int32Array(bytes.buffer, bytes.byteOffset, rows);
  for (let row = 0; row < rows; row += 1) values[row] = (days[row] ?? 0) * DAY_US;
  return validity === null ? values.subarray(0, rows) : kept(values, rows, validity);
}

function readTruths({ bytes, rows, validity }: Cells): Float64Array {
  const values = roomFor(rows);
  for (let row = 0; row < rows; row += 1) values[row] = bytes[row] ?? 0;
  return validity === null ? values.subarray(0, rows) : kept(values, rows, validity);
}

/** By the type of a column. */
export const CELL_READERS: Readonly<Record<Exclude<ColumnType, 'string'>, CellReader>> = {
  integer: { rowBytes: 8, read: readWhole },
  number: { rowBytes: 8, read: readDoubles },
  boolean: { rowBytes: 1, read: readTruths },
  timestamp: { rowBytes: 8, read: readWhole },
  date: { rowBytes: 4, read: readDays },
};

/** Writes encoded columns as the CSV SageMaker's XGBoost reads: no header, label first, missing values empty. */

const INITIAL_BYTES = 256 * 1024;
/** No double is longer in its shortest form (`-2.2250738585072014e-308` has 24). */
const LONGEST_NUMBER = 25;
const COMMA = 0x2c;
const NEWLINE = 0x0a;
const MINUS = 0x2d;
const ZERO = 0x30;
/** Whole numbers below it are written digit by digit in 32-bit arithmetic. */
const SMALL = 2 ** 31;

/** Collects CSV rows as bytes. */
export class CsvRows {
  #buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  #length = 0;

  /** Bytes collected. */
  get bytes(): number {
    return this.#length;
  }

  /**
   * Appends one row: the values of the columns at `row`, in their order.
   *
   * @throws RangeError for a value that is infinite: XGBoost refuses it (https://xgboost.readthedocs.io/en/stable/faq.html).
   */
  append(columns: readonly Float64Array[], row: number): void {
    const needed = this.#length + columns.length * (LONGEST_NUMBER + 1) + 1;
    if (needed > this.#buffer.length) this.#grow(needed);
    const buffer = this.#buffer;
    let at = this.#length;
    for (let i = 0; i < columns.length; i += 1) {
      if (i > 0) {
        buffer[at] = COMMA;
        at += 1;
      }
      const value = columns[i]?.[row];
      if (value === undefined) throw new RangeError(`no row ${row} in column ${i}`);
      at = writeNumber(buffer, at, value);
    }
    buffer[at] = NEWLINE;
    this.#length = at + 1;
  }

  /** Hands over the bytes and begins anew. They are valid until the next append. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#length);
    this.#length = 0;
    return taken;
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

/** Writes a number in its shortest form that reads back as the same double, nothing for NaN; returns where it ends. */
function writeNumber(buffer: Buffer, at: number, value: number): number {
  if (Number.isNaN(value)) return at;
  const small = value | 0;
  if (small === value && small !== -SMALL) return writeSmall(buffer, at, small);
  if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) {
    throw new RangeError('an infinite value cannot be encoded');
  }
  return at + buffer.write(String(value), at, 'latin1');
}

function writeSmall(buffer: Buffer, at: number, value: number): number {
  let rest = value;
  if (rest < 0) {
    buffer[at] = MINUS;
    at += 1;
    rest = -rest;
  }
  let digits = 1;
  for (let power = 10; rest >= power; power *= 10) digits += 1;
  for (let i = at + digits - 1; i >= at; i -= 1) {
    const next = (rest / 10) | 0;
    buffer[i] = ZERO + (rest - next * 10);
    rest = next;
  }
  return at + digits;
}

/** One encoded row as text without the line end: what an endpoint is sent. */
export function csvRow(columns: readonly Float64Array[], row: number): string {
  const rows = new CsvRows();
  rows.append(columns, row);
  return rows.take().toString('latin1').slice(0, -1);
}

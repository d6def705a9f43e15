/** A table of numbers as it stands in CSV; NaN where a field is empty. */
export interface NumericTable {
  readonly rows: number;
  readonly columns: number;
  /** Row after row, rounded to float32, which is what XGBoost keeps. */
  readonly values: Float32Array;
}

/** CSV that is not a table of numbers: says which line, and what is wrong. */
export class CsvError extends Error {
  override readonly name = 'CsvError';
}

const COMMA = 44;
const NEWLINE = 10;
const RETURN = 13;
const POINT = 46;
const MINUS = 45;
const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/;
/** Powers of ten that a double holds exactly: a quotient by them is rounded once, so it is the nearest double. */
const POWERS_OF_TEN = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

/** The image takes the delimiter from the first line (data_utils.py); candidates of Python's csv.Sniffer. */
const delimiterOf = (bytes: Uint8Array): number => {
  const end = bytes.indexOf(NEWLINE);
  const line = bytes.subarray(0, end === -1 ? bytes.length : end);
  for (const delimiter of [COMMA, 9, 59, 124, 32]) if (line.includes(delimiter)) return delimiter;
  return COMMA;
};

const parseField = (bytes: Uint8Array, begin: number, end: number): number => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + begin, end - begin)
    .toString('latin1')
    .trim();
  if (text === '' || text.toLowerCase() === 'nan') return Number.NaN;
  // What float32 cannot hold becomes infinite, which XGBoost refuses as well.
  return NUMBER.test(text) && Number.isFinite(Math.fround(Number(text))) ? Number(text) : Number.POSITIVE_INFINITY;
};

/**
 * Reads headerless CSV of numbers. Empty lines are skipped; empty fields and `nan` are missing values.
 *
 * @param name Said in errors.
 * @throws CsvError for text, infinities, quotes and lines of another length, with the line's number.
 */
export const parseNumericCsv = (source: Uint8Array, name: string): NumericTable => {
  const hasMark = source[0] === 0xef && source[1] === 0xbb && source[2] === 0xbf;
  const bytes = hasMark ? source.subarray(3) : source;
  const delimiter = delimiterOf(bytes);
  let values = new Float32Array(Math.max(64, bytes.length >>> 3));
  let count = 0;
  let rows = 0;
  let columns = 0;
  let line = 1;
  let at = 0;
  while (at < bytes.length) {
    if (bytes[at] === NEWLINE || (bytes[at] === RETURN && bytes[at + 1] === NEWLINE)) {
      at += bytes[at] === NEWLINE ? 1 : 2;
      line++;
      continue;
    }
    let fields = 0;
    let isLineOver = false;
    while (!isLineOver) {
      // Digits and one point are read in place; whatever else a field holds goes the slow way.
      const begin = at;
      const isNegative = bytes[at] === MINUS;
      if (isNegative) at++;
      let mantissa = 0;
      let digits = 0;
      let decimals = -1;
      let byte = at < bytes.length ? bytes[at]! : NEWLINE;
      while ((byte >= 48 && byte <= 57) || (byte === POINT && decimals === -1)) {
        if (byte === POINT) decimals = 0;
        else {
          mantissa = mantissa * 10 + (byte - 48);
          digits++;
          if (decimals !== -1) decimals++;
        }
        at++;
        byte = at < bytes.length ? bytes[at]! : NEWLINE;
      }
      const isOver = byte === delimiter || byte === NEWLINE || byte === RETURN;
      let value: number;
      if (isOver && digits > 0 && digits <= 15) {
        const size = decimals > 0 ? mantissa / POWERS_OF_TEN[decimals]! : mantissa;
        value = isNegative ? -size : size;
      } else {
        while (at < bytes.length && bytes[at] !== delimiter && bytes[at] !== NEWLINE) at++;
        value = parseField(bytes, begin, at);
        if (value === Number.POSITIVE_INFINITY) {
          const text = Buffer.from(bytes.subarray(begin, Math.min(at, begin + 40)))
            .toString('utf8')
            .trim();
          throw new CsvError(`${name}, line ${line}, column ${fields + 1}: ${JSON.stringify(text)} is not a number`);
        }
      }
      if (count === values.length) {
        const grown = new Float32Array(values.length * 2);
        grown.set(values);
        values = grown;
      }
      values[count++] = value;
      fields++;
      if (bytes[at] === RETURN) at++;
      if (at >= bytes.length) isLineOver = true;
      else if (bytes[at] === NEWLINE) {
        at++;
        isLineOver = true;
      } else at++;
    }
    if (rows === 0) columns = fields;
    else if (fields !== columns) {
      throw new CsvError(`${name}, line ${line}: ${fields} columns, and ${columns} in the lines before`);
    }
    rows++;
    line++;
  }
  return { rows, columns, values: values.subarray(0, count) };
};

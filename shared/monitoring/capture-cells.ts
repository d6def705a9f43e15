/** Numbers in the bytes of captured text: cells of CSV, and the flat lists endpoints answer with. */

const [TAB, NEWLINE, RETURN, SPACE, QUOTE, COMMA] = [0x09, 0x0a, 0x0d, 0x20, 0x22, 0x2c];
const [MINUS, DOT, ZERO, NINE, OPEN, CLOSE] = [0x2d, 0x2e, 0x30, 0x39, 0x5b, 0x5d];

/** A mantissa below 2^53 and a power of ten up to 22 are exact doubles: one division rounds correctly (Clinger 1990). */
const EXACT_DIGITS = 15;
const POWERS = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, power) => 10 ** power);

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
/** What stands for a missing value beside nothing at all. */
const MISSING = /^(?:nan|null|na)?$/i;

function slowNumber(bytes: Buffer, start: number, end: number): number | undefined {
  const text = bytes.toString('latin1', start, end).trim();
  // Number reads hexadecimal and the like too, which no endpoint means.
  if (!DECIMAL.test(text)) return MISSING.test(text) ? Number.NaN : undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** The number in some bytes: NaN where it is missing, undefined where it is none (an infinity is none). */
export function numberIn(bytes: Buffer, start: number, end: number): number | undefined {
  if (start === end) return Number.NaN;
  const isNegative = bytes[start] === MINUS;
  let [mantissa, digits, point] = [0, 0, -1];
  for (let at = isNegative ? start + 1 : start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte >= ZERO && byte <= NINE) {
      mantissa = mantissa * 10 + (byte - ZERO);
      digits += 1;
    } else if (byte === DOT && point < 0) point = at;
    else return slowNumber(bytes, start, end);
  }
  if (digits === 0 || digits > EXACT_DIGITS) return slowNumber(bytes, start, end);
  const value = point < 0 ? mantissa : mantissa / (POWERS[end - point - 1] ?? Number.NaN);
  return isNegative ? -value : value;
}

/** What is wrong with a record's text; nothing of it is taken. */
export interface CellFault {
  readonly code: 'not_a_number' | 'wrong_width' | 'bad_quotes';
  readonly message: string;
}

const wrongWidth = (found: string, wanted: number): CellFault => ({
  code: 'wrong_width',
  message: `a row has ${found} values, and the model takes ${wanted}`,
});

/** Values of rows stand in no fact, so neither does what is wrong with one. */
const notANumber = (column: number): CellFault => ({
  code: 'not_a_number',
  message: `value ${column + 1} of a row is no number`,
});

const isLineEnd = (byte: number | undefined): boolean => byte === NEWLINE || byte === RETURN;

/**
 * Reads rows of numbers from CSV without a header: commas, line ends of either kind, cells in quotes or not. Source:
 * RFC 4180.
 *
 * @param columns One for each value of a row, with room from `place` on for as many rows as there are lines.
 * @returns How many rows there were, or what is wrong with them.
 */
export function readCsvRows(
  bytes: Buffer,
  start: number,
  end: number,
  columns: readonly Float64Array[],
  place: number,
): number | CellFault {
  // Captured data keep their trailing line end. Of a single column an empty line is a row with a missing value.
  const trailing = columns.length === 1 ? 1 : Number.POSITIVE_INFINITY;
  for (let cut = 0; end > start && bytes[end - 1] === NEWLINE && cut < trailing; cut += 1) {
    end -= 1;
    if (end > start && bytes[end - 1] === RETURN) end -= 1;
  }
  if (end === start && columns.length !== 1) return 0;
  let [row, column, at] = [place, 0, start];
  for (;;) {
    let [from, to] = [at, at];
    if (at < end && bytes[at] === QUOTE) {
      from = at + 1;
      to = from;
      while (to < end && bytes[to] !== QUOTE) to += 1;
      // A number has no quotes within; text with doubled ones is no number either.
      if (to === end) return { code: 'bad_quotes', message: 'a cell in quotes does not end' };
      at = to + 1;
      if (at < end && bytes[at] !== COMMA && !isLineEnd(bytes[at])) {
        return { code: 'bad_quotes', message: 'a cell in quotes is followed by text' };
      }
      while (at < end && bytes[at] === RETURN) at += 1;
    } else {
      while (at < end && bytes[at] !== COMMA && bytes[at] !== NEWLINE) at += 1;
      to = at > from && bytes[at - 1] === RETURN ? at - 1 : at;
    }
    const values = columns[column];
    if (values === undefined) return wrongWidth(`more than ${columns.length}`, columns.length);
    const value = numberIn(bytes, from, to);
    if (value === undefined) return notANumber(column);
    values[row] = value;
    column += 1;
    const isRowEnd = at >= end || bytes[at] === NEWLINE;
    if (isRowEnd) {
      if (column !== columns.length) return wrongWidth(String(column), columns.length);
      row += 1;
      column = 0;
      if (at >= end) return row - place;
    }
    at += 1;
  }
}

const isBetween = (byte: number | undefined): boolean =>
  byte === COMMA ||
  byte === NEWLINE ||
  byte === RETURN ||
  byte === SPACE ||
  byte === TAB ||
  byte === OPEN ||
  byte === CLOSE ||
  byte === QUOTE;

/**
 * Reads an answer's numbers, one after the other: one a line, or all on one line, with or without brackets. Source: the
 * image's serve.py and its multi-model handler.
 *
 * @param wanted How many there must be; they go to `into` from `place` on.
 * @returns Undefined when all is well; else what is wrong.
 */
export function readPredictions(
  bytes: Buffer,
  start: number,
  end: number,
  into: Float64Array,
  place: number,
  wanted: number,
): CellFault | undefined {
  let found = 0;
  for (let at = start; at < end; ) {
    if (isBetween(bytes[at])) {
      at += 1;
      continue;
    }
    const from = at;
    while (at < end && !isBetween(bytes[at])) at += 1;
    const value = numberIn(bytes, from, at);
    if (value === undefined || Number.isNaN(value)) {
      return { code: 'not_a_number', message: `number ${found + 1} of the answer is none` };
    }
    if (found < wanted) into[place + found] = value;
    found += 1;
  }
  if (found === wanted) return undefined;
  return { code: 'wrong_width', message: `the answer has ${found} numbers, and its rows need ${wanted}` };
}

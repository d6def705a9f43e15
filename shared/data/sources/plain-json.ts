/**
 * Copies records of JSON Lines in one pass, where they are spelled as most programs spell them: the columns that are known,
 * in their order, and values that stand in CSV as they stand in JSON. It gives up at the first thing that is not so; what
 * that means is told by `json-record.ts` alone.
 */
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const CLOSE_OBJECT = 0x7d;
const OPEN_OBJECT = 0x7b;

/** What a byte of a text is: a part of it, or its end, or what CSV holds in quotes only, or what means something else in JSON. */
const [PART, QUOTED, END, OTHER] = [0, 1, 2, 3] as const;
const TEXT = new Uint8Array(256).fill(OTHER, 0, SPACE);
TEXT[QUOTE] = END;
TEXT[COMMA] = QUOTED;
TEXT[BACKSLASH] = OTHER;

const [TRUE, FALSE, NULL] = [Buffer.from('true'), Buffer.from('false'), Buffer.from('null')];

/** Copies records; what it found of the last one stands in its fields. */
export class PlainJson {
  /**
   * The keys of the columns in quotes, with the colon, in words of four bytes, and where those of each begin. The last word of
   * a key begins four bytes before its end: no key is shorter, and to compare words takes a third of the time.
   */
  #words = new Uint32Array(0);
  #starts = new Uint32Array(1);
  #lengths = new Uint32Array(0);
  #width = 0;
  /** Where each cell begins in the copy, and where a next one would. */
  marks = new Uint32Array(1);
  /** Where the line feed behind the record stands. */
  end = 0;
  /** The columns that were found to hold text, and were not known to; mostly there are none. */
  readonly texts: number[] = [];
  readonly #isText: boolean[] = [];

  /** Takes up the columns: their keys as JSON spells them, without quotes. */
  know(keys: readonly Buffer[]): void {
    const spelled = keys.map((key) => Buffer.concat([Buffer.of(QUOTE), key, Buffer.of(QUOTE, COLON)]));
    const words = spelled.map((key) =>
      Array.from({ length: Math.ceil(key.length / 4) }, (_, at) => key.readUInt32LE(Math.min(at * 4, key.length - 4))),
    );
    this.#width = keys.length;
    this.#words = Uint32Array.from(words.flat());
    this.#lengths = Uint32Array.from(spelled, ({ length }) => length);
    this.#starts = new Uint32Array(keys.length + 1);
    this.marks = new Uint32Array(keys.length + 1);
    for (const [at, { length }] of words.entries()) this.#starts[at + 1] = (this.#starts[at] as number) + length;
  }

  /** Text is expected in a column from now on. */
  expectText(column: number): void {
    this.#isText[column] = true;
  }

  /**
   * Copies the record that begins at an offset into the fields of CSV, and returns their bytes; -1: it gives up, and nothing
   * has changed. There is a line feed behind each record, and room for its bytes and one for each column.
   * @param view The same bytes.
   */
  copy(buffer: Uint8Array, view: DataView, start: number, out: Uint8Array): number {
    const marks = this.marks;
    const width = this.#width;
    this.texts.length = 0;
    let at = skip(buffer, start);
    if (buffer[at] !== OPEN_OBJECT) return -1;
    at = skip(buffer, at + 1);
    let into = 0;
    let column = 0;
    for (;;) {
      const met = this.#column(view, at, column);
      if (met === width) return -1;
      at = skip(buffer, at + (this.#lengths[met] as number));
      for (; column < met; column += 1) {
        marks[column] = into;
        out[into] = COMMA;
        into += 1;
      }
      marks[met] = into;
      const first = buffer[at] as number;
      if (first === QUOTE) {
        const from = at + 1;
        const start = into;
        at = from;
        let part = buffer[at] as number;
        while (TEXT[part] === PART) {
          out[into] = part;
          into += 1;
          at += 1;
          part = buffer[at] as number;
        }
        if (TEXT[part] === QUOTED) {
          at = copyQuoted(buffer, from, out, start);
          into = start + at - from + 2;
        }
        if (buffer[at] !== QUOTE) return -1;
        if (this.#isText[met] !== true && !isBlank(buffer, from, at)) this.texts.push(met);
        at += 1;
      } else {
        const end = first <= NINE ? copyNumber(buffer, at, out, into) : copyTruth(buffer, at, out, into);
        // Nothing stands for null.
        const next = end < 0 ? endOfNull(buffer, at) : end;
        if (next < 0) return -1;
        if (end >= 0) into += end - at;
        at = next;
      }
      column = met + 1;
      at = skip(buffer, at);
      const byte = buffer[at];
      if (byte === COMMA && column < width) {
        out[into] = COMMA;
        into += 1;
        at = skip(buffer, at + 1);
      } else if (byte === CLOSE_OBJECT) break;
      else return -1;
    }
    at = skip(buffer, at + 1);
    if (buffer[at] !== LF) return -1;
    this.end = at;
    for (; column < width; column += 1) {
      out[into] = COMMA;
      into += 1;
      marks[column] = into;
    }
    marks[width] = into + 1;
    return into;
  }

  /** The first column from one on whose key stands at an offset, or the number of columns. */
  #column(view: DataView, from: number, first: number): number {
    const words = this.#words;
    let column = first;
    for (; column < this.#width; column += 1) {
      const last = from + (this.#lengths[column] as number) - 4;
      if (last + 4 > view.byteLength) continue;
      const end = (this.#starts[column + 1] as number) - 1;
      let word = this.#starts[column] as number;
      let at = from;
      while (word < end && view.getUint32(at, true) === words[word]) {
        word += 1;
        at += 4;
      }
      if (word === end && view.getUint32(last, true) === words[end]) break;
    }
    return column;
  }
}

function skip(buffer: Uint8Array, from: number): number {
  let at = from;
  let byte = buffer[at] as number;
  while (byte <= SPACE && (byte === SPACE || byte === TAB || byte === CR)) {
    at += 1;
    byte = buffer[at] as number;
  }
  return at;
}

function isBlank(buffer: Uint8Array, from: number, to: number): boolean {
  let at = from;
  while (at < to && buffer[at] === SPACE) at += 1;
  return at === to;
}

/** Copies a text with a comma in it, in quotes, and returns where it ends. */
function copyQuoted(buffer: Uint8Array, from: number, out: Uint8Array, start: number): number {
  const shift = start + 1 - from;
  let at = from;
  let byte = buffer[at] as number;
  out[start] = QUOTE;
  while ((TEXT[byte] as number) <= QUOTED) {
    out[at + shift] = byte;
    at += 1;
    byte = buffer[at] as number;
  }
  out[at + shift] = QUOTE;
  return at;
}

/** Copies `true` or `false` and returns where it ends, or -1. */
function copyTruth(buffer: Uint8Array, at: number, out: Uint8Array, into: number): number {
  const word = buffer[at] === TRUE[0] ? TRUE : FALSE;
  for (let i = 0; i < word.length; i += 1) {
    if (buffer[at + i] !== word[i]) return -1;
    out[into + i] = word[i] as number;
  }
  return at + word.length;
}

function endOfNull(buffer: Uint8Array, at: number): number {
  for (let i = 0; i < NULL.length; i += 1) if (buffer[at + i] !== NULL[i]) return -1;
  return at + NULL.length;
}

/** Copies a number as JSON writes it (RFC 8259, section 6) and returns where it ends; -1: it is spelled otherwise. */
function copyNumber(buffer: Uint8Array, from: number, out: Uint8Array, start: number): number {
  const shift = start - from;
  let at = from;
  if (buffer[at] === MINUS) {
    out[at + shift] = MINUS;
    at += 1;
  }
  const whole = at;
  at = copyDigits(buffer, at, out, shift);
  if (at === whole || (buffer[whole] === ZERO && at > whole + 1)) return -1;
  if (buffer[at] === POINT) {
    out[at + shift] = POINT;
    const fraction = at + 1;
    at = copyDigits(buffer, fraction, out, shift);
    if (at === fraction) return -1;
  }
  if (((buffer[at] as number) | 0x20) !== 0x65) return at;
  out[at + shift] = buffer[at] as number;
  at += 1;
  if (buffer[at] === MINUS || buffer[at] === 0x2b) {
    out[at + shift] = buffer[at] as number;
    at += 1;
  }
  const exponent = at;
  at = copyDigits(buffer, at, out, shift);
  return at === exponent ? -1 : at;
}

function copyDigits(buffer: Uint8Array, from: number, out: Uint8Array, shift: number): number {
  let at = from;
  let byte = buffer[at] as number;
  while (byte >= ZERO && byte <= NINE) {
    out[at + shift] = byte;
    at += 1;
    byte = buffer[at] as number;
  }
  return at;
}

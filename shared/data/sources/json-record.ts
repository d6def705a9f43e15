/** One JSON object whose values are plain: where its keys and values are, without making objects of them. */

/** What a value is. */
export const VALUE = { null: 0, number: 1, boolean: 2, text: 3, escaped: 4 } as const;

/** Why a line is no flat record. `key` names the value that is to blame, if one is. */
export interface RecordFault {
  readonly code: 'json_invalid' | 'json_nested';
  readonly message: string;
  readonly key?: string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const MINUS = 0x2d;

const invalid = (message: string, key?: string): RecordFault => ({
  code: 'json_invalid',
  message,
  ...(key === undefined ? {} : { key }),
});

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d;
const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;

/** The JSON text between two quotes, decoded; undefined when it is not valid. */
export function decodedText(buffer: Buffer, from: number, to: number): string | undefined {
  try {
    const text: unknown = JSON.parse(buffer.toString('utf8', from - 1, to + 1));
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined;
  }
}

/** Reads flat records, one after another, into the same few arrays. */
export class RecordReader {
  /** The columns met so far, by key as it is spelled in JSON. */
  readonly #columns = new Map<string, number>();
  readonly #keys: Buffer[] = [];
  /** Gives a new key its column, or a fault. */
  readonly #meet: (key: string) => RecordFault | undefined;
  /** Per column: where its value is (text without its quotes), what it is, and which record had it last. */
  from = new Int32Array(64);
  to = new Int32Array(64);
  kind = new Uint8Array(64);
  #seen = new Int32Array(64);
  #record = 0;
  /** Of the text and the value that were gone over last; a second result would cost an object for each cell. */
  #escaped = false;
  #nested = false;

  constructor(meet: (key: string) => RecordFault | undefined) {
    this.#meet = meet;
  }

  /** The keys of the columns, as they were first spelled in JSON, without quotes. */
  get keys(): readonly Buffer[] {
    return this.#keys;
  }

  /** Whether the record that was read last has a column. */
  has(column: number): boolean {
    return this.#seen[column] === this.#record;
  }

  /** Reads the record between two offsets; undefined: it is one, and flat. */
  read(buffer: Buffer, start: number, end: number): RecordFault | undefined {
    this.#record += 1;
    let at = skip(buffer, start, end);
    if (buffer[at] !== OPEN_OBJECT) return invalid('the line is not a JSON object');
    at = skip(buffer, at + 1, end);
    let expected = 0;
    if (at < end && buffer[at] === CLOSE_OBJECT) return this.#closed(buffer, at, end);
    for (;;) {
      if (at >= end || buffer[at] !== QUOTE) return invalid('a key in quotes was expected');
      let column: number | RecordFault = expected;
      let keyEnd = this.#likelyEnd(buffer, at + 1, end, expected);
      if (keyEnd < 0) {
        keyEnd = this.#textEnd(buffer, at + 1, end);
        if (keyEnd < 0) return invalid('a quote is never closed, or a control character is in a text');
        column = this.#columnOf(buffer, at + 1, keyEnd);
      }
      if (typeof column !== 'number') return column;
      if (this.#seen[column] === this.#record) return invalid('a key stands twice in the record', this.#name(column));
      at = skip(buffer, keyEnd + 1, end);
      if (at >= end || buffer[at] !== COLON) return invalid('a colon was expected', this.#name(column));
      at = this.#value(buffer, skip(buffer, at + 1, end), end, column);
      if (at < 0) return this.#fault(column);
      this.#seen[column] = this.#record;
      expected = column + 1;
      at = skip(buffer, at, end);
      if (at < end && buffer[at] === CLOSE_OBJECT) return this.#closed(buffer, at, end);
      if (at >= end || buffer[at] !== COMMA)
        return invalid('a comma or a closing brace was expected', this.#name(column));
      at = skip(buffer, at + 1, end);
    }
  }

  #closed(buffer: Buffer, at: number, end: number): RecordFault | undefined {
    return skip(buffer, at + 1, end) < end ? invalid('something follows the record') : undefined;
  }

  #name(column: number): string {
    const key = this.#keys[column];
    return key === undefined ? '' : (decodedKey(key) ?? '');
  }

  /** The offset of the quote that closes a key, where it is the one of a column; -1 where it is not. */
  #likelyEnd(buffer: Buffer, from: number, end: number, column: number): number {
    // Records mostly have the same keys in the same order.
    const likely = this.#keys[column];
    if (likely === undefined) return -1;
    const to = from + likely.length;
    return to < end && buffer[to] === QUOTE && same(buffer, from, likely) ? to : -1;
  }

  #columnOf(buffer: Buffer, from: number, to: number): number | RecordFault {
    const spelled = buffer.toString('utf8', from, to);
    const known = this.#columns.get(spelled);
    if (known !== undefined) return known;
    const key = decodedText(buffer, from, to);
    if (key === undefined) return invalid('a key is not valid JSON');
    const again = this.#keys.findIndex((other) => decodedKey(other) === key);
    if (again < 0) {
      const fault = this.#meet(key);
      if (fault !== undefined) return fault;
      this.#keys.push(Buffer.from(spelled, 'utf8'));
    }
    const column = again < 0 ? this.#keys.length - 1 : again;
    this.#columns.set(spelled, column);
    if (column >= this.from.length) this.#grow();
    return column;
  }

  #grow(): void {
    const size = this.from.length * 2;
    const wider = (before: Int32Array): Int32Array<ArrayBuffer> => {
      const after = new Int32Array(size);
      after.set(before);
      return after;
    };
    this.from = wider(this.from);
    this.to = wider(this.to);
    this.#seen = wider(this.#seen);
    const kind = new Uint8Array(size);
    kind.set(this.kind);
    this.kind = kind;
  }

  /** The offset of the quote that closes a text, or -1. */
  #textEnd(buffer: Buffer, from: number, end: number): number {
    this.#escaped = false;
    for (let at = from; at < end; at += 1) {
      const byte = buffer[at] as number;
      if (byte === QUOTE) return at;
      if (byte < 0x20) return -1;
      if (byte === BACKSLASH) {
        this.#escaped = true;
        at += 1;
      }
    }
    return -1;
  }

  #fault(column: number): RecordFault {
    const key = this.#name(column);
    return this.#nested
      ? { code: 'json_nested', message: 'the value is an object or an array; columns hold plain values', key }
      : invalid('the value is not valid JSON', key);
  }

  /** Takes the value at an offset and returns where it ends, or -1. */
  #value(buffer: Buffer, at: number, end: number, column: number): number {
    const byte = at < end ? buffer[at] : undefined;
    this.#nested = byte === OPEN_OBJECT || byte === OPEN_ARRAY;
    if (byte === QUOTE) {
      const close = this.#textEnd(buffer, at + 1, end);
      if (close < 0) return -1;
      this.from[column] = at + 1;
      this.to[column] = close;
      this.kind[column] = this.#escaped ? VALUE.escaped : VALUE.text;
      return close + 1;
    }
    let to = -1;
    if (byte === MINUS || isDigit(byte)) {
      to = numberEnd(buffer, at, end);
      this.kind[column] = VALUE.number;
    } else if (word(buffer, at, end, 'true') || word(buffer, at, end, 'false')) {
      to = at + (byte === 0x74 ? 4 : 5);
      this.kind[column] = VALUE.boolean;
    } else if (word(buffer, at, end, 'null')) {
      to = at + 4;
      this.kind[column] = VALUE.null;
    }
    this.from[column] = at;
    this.to[column] = to;
    return to;
  }
}

function decodedKey(key: Buffer): string | undefined {
  const quoted = Buffer.concat([Buffer.of(QUOTE), key, Buffer.of(QUOTE)]);
  return decodedText(quoted, 1, quoted.length - 1);
}

function same(buffer: Buffer, from: number, other: Buffer): boolean {
  for (let i = 0; i < other.length; i += 1) if (buffer[from + i] !== other[i]) return false;
  return true;
}

function skip(buffer: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && isSpace(buffer[at])) at += 1;
  return at;
}

function word(buffer: Buffer, at: number, end: number, text: string): boolean {
  if (at + text.length > end) return false;
  for (let i = 0; i < text.length; i += 1) if (buffer[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** The end of a number as JSON writes it (RFC 8259, section 6), or -1. */
function numberEnd(buffer: Buffer, from: number, end: number): number {
  const whole = buffer[from] === MINUS ? from + 1 : from;
  let at = digitsEnd(buffer, whole, end);
  if (at === whole || (buffer[whole] === 0x30 && at > whole + 1)) return -1;
  if (at < end && buffer[at] === 0x2e) {
    const fraction = at + 1;
    at = digitsEnd(buffer, fraction, end);
    if (at === fraction) return -1;
  }
  if (at < end && (buffer[at] === 0x65 || buffer[at] === 0x45)) {
    let exponent = at + 1;
    if (exponent < end && (buffer[exponent] === 0x2b || buffer[exponent] === MINUS)) exponent += 1;
    at = digitsEnd(buffer, exponent, end);
    if (at === exponent) return -1;
  }
  return at;
}

/** Where digits end. */
function digitsEnd(buffer: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && (buffer[at] as number) >= 0x30 && (buffer[at] as number) <= 0x39) at += 1;
  return at;
}

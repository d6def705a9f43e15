/**
 * A scanner of CSV bytes that trusts nothing: it finds the delimiter, checks encoding, header, quoting and the number
 * of columns of each record, knows physical line numbers, and writes a clean copy that a database can read without
 * guessing. Memory is bounded by the longest record it accepts.
 */
import { isUtf8 } from 'node:buffer';
import { CR, endOfRecord, LF, likeliestDelimiter, QUOTE, splitRecord } from './csv-record.ts';
import type { ProblemLog } from './problems.ts';
import { cutCharacter, firstInvalid, foreignFormat, looksLikeUtf16 } from './text-encoding.ts';

/** Takes the bytes of the clean copy. The buffer is not touched again after the call. */
type ByteSink = (bytes: Buffer) => Promise<void>;

/** Settings of {@link scanCsv}. */
export interface ScanOptions {
  /** The part's name in problems; none for a single file. */
  readonly part?: string | undefined;
  /** Where problems go. */
  readonly problems: ProblemLog;
  /** Takes the clean copy. */
  readonly write: ByteSink;
  /** The longest record that is accepted. */
  readonly maxRecordBytes?: number;
  /** The most bytes (after decompression) that are read; more is a problem, not an error. */
  readonly maxBytes?: number;
  /** The most columns. */
  readonly maxColumns?: number;
}

/** What {@link scanCsv} saw. */
export interface CsvScan {
  /** Column names as the header gives them; undefined when no usable header was found. */
  readonly header: readonly string[] | undefined;
  /** The delimiter of the file and of its clean copy. */
  readonly delimiter: string;
  /** Records written to the clean copy (the header is not one). */
  readonly records: number;
  /** The longest record of the clean copy, in bytes, without its line end. */
  readonly longest: number;
  /** Bytes read. */
  readonly bytes: number;
  /** False when reading stopped before the end of the file. */
  readonly complete: boolean;
}

const ORDINARY = 0;
const DELIMITER = 1;
const NEWLINE = 2;
const RETURN = 3;
const QUOTING = 4;

const MIB = 1024 * 1024;
const OUTPUT_BYTES = MIB;
/** Below this a loop copies faster than a call does. */
const SHORT_RECORD_BYTES = 96;

/** Number, date or time text: what a cell of data looks like and a column's name does not. */
const DATA_LIKE = /^[+-]?(\d+([.,]\d+)?|[.,]\d+)([eE][+-]?\d+)?$|^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$/;

/**
 * Scans CSV and writes a clean copy: no header, no byte order mark, no blank lines, each record preceded by its physical
 * line number and the delimiter, closed by a single line feed, quoted as RFC 4180 has it. Records that are broken
 * are told to `problems` and left out of the copy.
 *
 * A quote inside a field that does not begin with one is taken as text, as most readers do.
 */
export async function scanCsv(source: AsyncIterable<Uint8Array>, options: ScanOptions): Promise<CsvScan> {
  const scanner = new Scanner(options);
  let rest: Buffer = Buffer.alloc(0);
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.byteLength;
    if (bytes > (options.maxBytes ?? Number.POSITIVE_INFINITY)) {
      options.problems.add('too_large', `the data is larger than ${options.maxBytes} bytes`, { part: options.part });
      scanner.stop();
      break;
    }
    const fresh = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    rest = await scanner.feed(rest.length === 0 ? fresh : Buffer.concat([rest, fresh]), rest.length, false);
    if (scanner.stopped) break;
  }
  if (!scanner.stopped) await scanner.feed(rest, rest.length, true);
  await scanner.flush();
  return scanner.result(bytes);
}

class Scanner {
  readonly #options: ScanOptions;
  readonly #kinds = new Uint8Array(256);
  readonly #maxRecordBytes: number;
  #delimiter = ',';
  #header: readonly string[] | undefined;
  #width = 0;
  #records = 0;
  #longest = 0;
  #line = 1;
  #begun = false;
  #headerSeen = false;
  #stopped = false;
  #out = Buffer.allocUnsafe(OUTPUT_BYTES);
  #outLength = 0;
  /** How far the buffer was already found to be UTF-8; the rest is a character cut by the end of a chunk. */
  #checked = 0;

  constructor(options: ScanOptions) {
    this.#options = options;
    this.#maxRecordBytes = options.maxRecordBytes ?? 16 * MIB;
    this.#kinds[LF] = NEWLINE;
    this.#kinds[CR] = RETURN;
    this.#kinds[QUOTE] = QUOTING;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  stop(): void {
    this.#stopped = true;
  }

  result(bytes: number): CsvScan {
    return {
      header: this.#header,
      delimiter: this.#delimiter,
      records: this.#records,
      longest: this.#longest,
      bytes,
      complete: !this.#stopped,
    };
  }

  async flush(): Promise<void> {
    if (this.#outLength === 0) return;
    const full = this.#out.subarray(0, this.#outLength);
    this.#out = Buffer.allocUnsafe(OUTPUT_BYTES);
    this.#outLength = 0;
    await this.#options.write(full);
  }

  /** Scans whole records of `buffer` and returns what is left over. */
  async feed(buffer: Buffer, known: number, final: boolean): Promise<Buffer> {
    let from = 0;
    if (!this.#begun) {
      if (!final && buffer.length < 4) return buffer;
      this.#begun = true;
      from = this.#begin(buffer);
      if (this.#stopped) return Buffer.alloc(0);
      known = from;
    }
    if (!this.#checkText(buffer, known, final)) return Buffer.alloc(0);
    if (!this.#headerSeen) {
      const next = this.#readHeader(buffer, from, final);
      if (next === undefined || this.#stopped) {
        this.#checked = Math.max(0, this.#checked - from);
        return this.#tooLong(buffer, from) ? Buffer.alloc(0) : buffer.subarray(from);
      }
      from = next;
    }
    const left = await this.#scan(buffer, from, final);
    this.#checked = Math.max(0, this.#checked - left);
    if (this.#stopped || this.#tooLong(buffer, left)) return Buffer.alloc(0);
    return buffer.subarray(left);
  }

  /** Looks at the first bytes: byte order marks, and formats that are not text. */
  #begin(buffer: Buffer): number {
    if (buffer.length === 0) {
      this.#refuse('empty_file', 'the file has no bytes');
      return 0;
    }
    if (buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf) return 3;
    if ((buffer[0] === 0xff && buffer[1] === 0xfe) || (buffer[0] === 0xfe && buffer[1] === 0xff)) {
      this.#refuse('encoding', 'the file is UTF-16 (it begins with its byte order mark); save it as UTF-8', 1);
      return 0;
    }
    const kind = foreignFormat(buffer);
    if (kind !== undefined) this.#refuse('not_a_table', `the file is ${kind}, not CSV`);
    return 0;
  }

  /** Checks the bytes that are new: no NUL, and UTF-8. */
  #checkText(buffer: Buffer, known: number, final: boolean): boolean {
    const nul = buffer.indexOf(0, known);
    if (nul >= 0) {
      const utf16 = known <= 3 && looksLikeUtf16(buffer);
      this.#refuse(
        utf16 ? 'encoding' : 'binary_content',
        utf16 ? 'the file looks like UTF-16; save it as UTF-8' : 'a NUL byte: the file is binary or damaged, not text',
        this.#lineOf(buffer, nul),
      );
      return false;
    }
    const from = this.#checked;
    const to = final ? buffer.length : buffer.length - cutCharacter(buffer);
    if (to > from && !isUtf8(buffer.subarray(from, to))) {
      const at = from + firstInvalid(buffer.subarray(from, to));
      const byte = (buffer[at] ?? 0).toString(16).padStart(2, '0');
      this.#refuse(
        'encoding',
        `byte 0x${byte} is not UTF-8; the file looks like Latin-1 or Windows-1252: save it as UTF-8`,
        this.#lineOf(buffer, at),
      );
      return false;
    }
    this.#checked = to;
    return true;
  }

  #lineOf(buffer: Buffer, at: number): number {
    let line = this.#line;
    for (let i = buffer.indexOf(LF); i >= 0 && i < at; i = buffer.indexOf(LF, i + 1)) line += 1;
    return line;
  }

  /** A record that never ends is stopped before it fills the memory. */
  #tooLong(buffer: Buffer, from: number): boolean {
    if (this.#stopped) return true;
    if (buffer.length - from <= this.#maxRecordBytes) return false;
    const quoted = buffer.indexOf(QUOTE, from) >= 0;
    const limit = `${(this.#maxRecordBytes / MIB).toLocaleString('en-US')} MiB`;
    if (quoted)
      this.#refuse(
        'quote_unclosed',
        `the record is longer than ${limit}: probably a quote is never closed`,
        this.#line,
      );
    else this.#refuse('record_too_long', `the record is longer than ${limit}`, this.#line);
    return true;
  }

  /** Finds the header's record, the delimiter and the names. Undefined: its end has not arrived yet. */
  #readHeader(buffer: Buffer, from: number, final: boolean): number | undefined {
    let at = from;
    let blank = 0;
    // Blank lines above the header are skipped, like all blank lines.
    while (at < buffer.length && (buffer[at] === LF || buffer[at] === CR)) {
      if (buffer[at] === LF) blank += 1;
      at += 1;
    }
    if (at >= buffer.length) {
      if (final) this.#refuse('empty_file', 'the file has no content but line ends');
      return undefined;
    }
    const end = endOfRecord(buffer, at, final);
    if (end === undefined) return undefined;
    this.#line += blank;
    if (end.unclosed) {
      this.#refuse('quote_unclosed', 'a quote in the header is never closed', this.#line);
      return undefined;
    }
    this.#headerSeen = true;
    const text = buffer.toString('utf8', at, end.to);
    this.#delimiter = likeliestDelimiter(text);
    this.#kinds[this.#delimiter.charCodeAt(0)] = DELIMITER;
    const names = splitRecord(text, this.#delimiter).map((name) => name.trim());
    this.#checkHeader(names);
    this.#width = names.length;
    this.#line += end.lines;
    return end.next;
  }

  #checkHeader(names: readonly string[]): void {
    const { problems, part, maxColumns = 4096 } = this.#options;
    const line = this.#line;
    if (names.length > maxColumns) {
      this.#refuse('too_many_columns', `${names.length} columns; at most ${maxColumns} are accepted`, line);
      return;
    }
    const filled = names.filter((name) => name !== '');
    const dataLike = filled.filter((name) => DATA_LIKE.test(name)).length;
    if (filled.length > 0 && dataLike * 2 >= filled.length) {
      this.#refuse(
        'header_missing',
        `${dataLike} of ${filled.length} names on the first line are numbers or dates: the header seems to be missing`,
        line,
      );
      return;
    }
    const seen = new Map<string, number>();
    let usable = true;
    names.forEach((name, index) => {
      if (name === '') {
        problems.add('header_name_empty', `column ${index + 1} has no name`, { part, line });
        usable = false;
        return;
      }
      if (hasControlCharacter(name)) {
        problems.add('header_name_invalid', `the name of column ${index + 1} holds a line end or a control character`, {
          part,
          line,
        });
        usable = false;
        return;
      }
      const before = seen.get(name.toLowerCase());
      if (before === undefined) {
        seen.set(name.toLowerCase(), index);
      } else {
        problems.add(
          'column_duplicated',
          `columns ${before + 1} and ${index + 1} are both named ${name} (case does not count)`,
          { part, line, column: name },
        );
        usable = false;
      }
    });
    if (usable) this.#header = names;
  }

  async #scan(buffer: Buffer, from: number, final: boolean): Promise<number> {
    const kinds = this.#kinds;
    const to = buffer.length;
    let start = from;
    let i = from;
    let fields = 1;
    let fieldStart = from;
    let inside = 0;
    let stray = false;
    let lone = false;
    let misplaced = false;
    for (;;) {
      let ended = false;
      let recordEnd = to;
      while (i < to) {
        const kind = kinds[buffer[i] as number] as number;
        if (kind === ORDINARY) {
          i += 1;
        } else if (kind === DELIMITER) {
          fields += 1;
          i += 1;
          fieldStart = i;
        } else if (kind === NEWLINE) {
          recordEnd = i;
          i += 1;
          ended = true;
          break;
        } else if (kind === RETURN) {
          if (i + 1 === to && !final) return start;
          if (buffer[i + 1] === LF) {
            recordEnd = i;
            i += 2;
            ended = true;
            break;
          }
          // A carriage return that ends the file belongs to a line end that was cut; anywhere else it is a mistake.
          if (i + 1 === to) {
            recordEnd = i;
            i += 1;
            ended = true;
            break;
          }
          lone = true;
          i += 1;
        } else if (i === fieldStart) {
          // Byte by byte: quoted fields are short, and a call of indexOf for each costs more than the loop.
          let at = i + 1;
          while (at < to) {
            const byte = buffer[at];
            if (byte === QUOTE) {
              if (buffer[at + 1] !== QUOTE) break;
              at += 1;
            } else if (byte === LF) {
              inside += 1;
            }
            at += 1;
          }
          if (!final && at + 1 >= to) return start;
          if (at >= to) {
            this.#problem('quote_unclosed', 'a quote opened in this record is never closed', this.#line);
            return to;
          }
          i = at + 1;
          if (i < to) {
            const after = kinds[buffer[i] as number] as number;
            if (after === ORDINARY || after === QUOTING) misplaced = true;
          }
        } else {
          stray = true;
          i += 1;
        }
      }
      if (!ended) {
        if (!final || start === to) return start;
        recordEnd = to;
      }
      if (recordEnd > start) {
        if (fields !== this.#width) {
          this.#problem(
            'ragged_row',
            `${fields} ${fields === 1 ? 'value' : 'values'} where the header names ${this.#width} columns`,
            this.#line,
          );
        } else if (misplaced) {
          this.#problem('quote_misplaced', 'text follows a closing quote', this.#line);
        } else if (lone) {
          this.#problem('carriage_return', 'a carriage return that ends no line', this.#line);
        } else {
          this.#records += 1;
          // Only a full buffer is awaited: a promise for each record would cost more than the scan.
          if (this.#outLength + (recordEnd - start) + 32 > this.#out.length) await this.flush();
          if (stray) await this.#writeRewritten(buffer.toString('utf8', start, recordEnd));
          else if (recordEnd - start + 32 > this.#out.length) await this.#writeLong(buffer.subarray(start, recordEnd));
          else this.#write(buffer, start, recordEnd);
        }
      }
      this.#line += 1 + inside;
      start = i;
      fieldStart = i;
      fields = 1;
      inside = 0;
      stray = false;
      lone = false;
      misplaced = false;
      if (i >= to) return to;
    }
  }

  #write(buffer: Buffer, from: number, to: number): void {
    const out = this.#out;
    let at = writeInteger(out, this.#outLength, this.#line);
    out[at] = this.#delimiter.charCodeAt(0);
    at += 1;
    if (to - from < SHORT_RECORD_BYTES) {
      for (let i = from; i < to; i += 1, at += 1) out[at] = buffer[i] as number;
    } else {
      buffer.copy(out, at, from, to);
      at += to - from;
    }
    out[at] = LF;
    if (at - this.#outLength > this.#longest) this.#longest = at - this.#outLength;
    this.#outLength = at + 1;
  }

  async #writeLong(record: Buffer): Promise<void> {
    await this.#writeApart(Buffer.concat([Buffer.from(`${this.#line}${this.#delimiter}`), record, Buffer.from('\n')]));
  }

  async #writeRewritten(text: string): Promise<void> {
    const fields = splitRecord(text, this.#delimiter).map((field) => `"${field.replaceAll('"', '""')}"`);
    await this.#writeApart(Buffer.from(`${[this.#line, ...fields].join(this.#delimiter)}\n`));
  }

  async #writeApart(record: Buffer): Promise<void> {
    await this.flush();
    await this.#options.write(record);
    this.#longest = Math.max(this.#longest, record.byteLength - 1);
  }

  #problem(code: Parameters<ProblemLog['add']>[0], message: string, line?: number): void {
    this.#options.problems.add(code, message, { part: this.#options.part, line });
  }

  #refuse(code: Parameters<ProblemLog['add']>[0], message: string, line?: number): void {
    this.#problem(code, message, line);
    this.#stopped = true;
  }
}

function hasControlCharacter(name: string): boolean {
  for (let i = 0; i < name.length; i += 1) {
    const code = name.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

/** Writes the decimal digits of a whole number and returns where they end. */
function writeInteger(out: Buffer, at: number, value: number): number {
  let digits = 1;
  for (let power = 10; value >= power; power *= 10) digits += 1;
  let rest = value;
  for (let i = at + digits - 1; i >= at; i -= 1) {
    const next = Math.floor(rest / 10);
    out[i] = 48 + (rest - next * 10);
    rest = next;
  }
  return at + digits;
}

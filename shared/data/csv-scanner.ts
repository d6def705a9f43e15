/**
 * A scanner of CSV bytes that trusts nothing: it finds the delimiter, checks encoding, header, quoting and the number
 * of columns of each record, knows physical line numbers, and writes a clean copy that a database can read without
 * guessing. Memory is bounded by the longest record it accepts.
 */
import { isUtf8 } from 'node:buffer';
import { howMany } from '../report/how-many.ts';
import { type CleanPiece, CleanPieces } from './clean-pieces.ts';
import { headerFaults } from './csv-header.ts';
import { CR, countLines, endOfRecord, LF, likeliestDelimiter, QUOTE, splitRecord } from './csv-record.ts';
import { FOREIGN_HEAD_BYTES, foreignFormat } from './foreign-format.ts';
import type { ProblemCode, ProblemLog } from './problems.ts';
import { findStructural, places, WINDOW_BYTES } from './structural-bytes.ts';
import { cutCharacter, firstInvalid, looksLikeUtf16 } from './text-encoding.ts';
import { beginsLikeTotals, TOTALS } from './totals-line.ts';

/**
 * Takes the clean copy: whole records, the same pieces however the source was cut. `longest` is the longest record so far,
 * in bytes, without its line end.
 */
type PieceSink = (piece: CleanPiece, longest: number) => Promise<void>;

/** Settings of {@link scanCsv}. */
export interface ScanOptions {
  /** The part's name in problems; none for a single file. */
  readonly part?: string | undefined;
  /** Where problems go. */
  readonly problems: ProblemLog;
  /** Takes the clean copy. */
  readonly write: PieceSink;
  /** The longest record that is accepted; 16 MiB when nothing is said. */
  readonly maxRecordBytes?: number;
  /** The most bytes (after decompression) that are read; more is a problem, not an error. */
  readonly maxBytes?: number;
  /** The most columns. */
  readonly maxColumns?: number;
  /** The character between fields, where it is declared; otherwise it is found in the header. */
  readonly delimiter?: string;
  /** The character that a line begins with which is no record, where it is declared. */
  readonly comment?: string;
  /** Told once, before anything is written; `unnamed` columns at the end have neither a name nor, so far, a value. */
  readonly onHeader?: (names: readonly string[], delimiter: string, unnamed: number) => void;
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

/** Bytes that mean something. */
const DELIMITER = 1;
const NEWLINE = 2;
const RETURN = 3;
const QUOTING = 4;

/** No byte is so: there are no comments. */
const NO_COMMENT = -1;
const SPACE = 0x20;
const TAB = 0x09;
const HASH = 0x23;
/** Enough of a line to see what it is. */
const HEAD_OF_LINE = 64;
/** Titles and comments above a header are fewer lines. */
const TOP_RECORDS = 20;

const MIB = 1024 * 1024;
const MAX_RECORD_BYTES = 16 * MIB;

/** What Excel writes above the header so as to name its delimiter, and reads when it finds it. */
const DELIMITER_LINE = /^"?sep=(.)"?$/i;

/**
 * Scans CSV and writes a clean copy: no header, no byte order mark, no blank lines, each record preceded by its physical
 * line number and the delimiter, closed by a single line feed, quoted as RFC 4180 has it. Records that are broken
 * are told to `problems` and left out of the copy.
 *
 * A quote inside a field that does not begin with one is taken as text, as most readers do.
 */
export async function scanCsv(source: AsyncIterable<Uint8Array>, options: ScanOptions): Promise<CsvScan> {
  const longest = options.maxRecordBytes ?? MAX_RECORD_BYTES;
  const scanner = new Scanner(options, longest);
  // One buffer for all that comes: a new one for every piece keeps the collector busy for a tenth of the time.
  let buffer = Buffer.allocUnsafe(2 * MIB);
  let rest = 0;
  let fresh = 0;
  let bytes = 0;
  const take = (chunk: Uint8Array): void => {
    const filled = rest + fresh;
    if (filled + chunk.byteLength > buffer.length) {
      const larger = Buffer.allocUnsafe(2 * (filled + chunk.byteLength));
      buffer.copy(larger, 0, 0, filled);
      buffer = larger;
    }
    buffer.set(chunk, filled);
    fresh += chunk.byteLength;
  };
  const feed = async (final: boolean): Promise<void> => {
    const filled = rest + fresh;
    const left = await scanner.feed(buffer.subarray(0, filled), rest, final);
    buffer.copyWithin(0, left, filled);
    rest = filled - left;
    fresh = 0;
  };
  for await (const chunk of source) {
    bytes += chunk.byteLength;
    if (bytes > (options.maxBytes ?? Number.POSITIVE_INFINITY)) {
      options.problems.add('too_large', `the data is larger than ${options.maxBytes} bytes`, { part: options.part });
      scanner.stop();
      break;
    }
    take(chunk);
    // A record that has not ended is looked at again from its beginning; doubling keeps that linear.
    if (fresh >= rest || rest + fresh > longest) await feed(false);
    if (scanner.stopped) break;
  }
  if (!scanner.stopped) await feed(true);
  await scanner.flush();
  return scanner.result(bytes);
}

const NO_LINE_FEED =
  'the lines end in a carriage return alone, as on a classic Mac; end them with a line feed, alone or after it';

/** A byte that no text has. */
interface TextFault {
  readonly code: ProblemCode;
  readonly message: string;
  readonly at: number;
}

class Scanner {
  readonly #options: ScanOptions;
  readonly #kinds = new Uint8Array(256);
  readonly #maxRecordBytes: number;
  #delimiter = ',';
  #delimiterByte = ','.charCodeAt(0);
  #header: readonly string[] | undefined;
  /** How many columns the header has, and how many of them it names: spreadsheets have empty ones at the end. */
  #fields = 0;
  #width = 0;
  /** Where in its record each cell begins that is being scanned, and where a next one would. */
  #marks = new Uint32Array(0);
  /** Those of the columns that have a name. */
  #namedMarks = new Uint32Array(0);
  readonly #comment: number;
  #records = 0;
  #line = 1;
  #begun = false;
  #headerSeen = false;
  /** A record had another number of values than the header. */
  #isRagged = false;
  /** The header's bytes: a record that repeats them is no row. */
  #headerBytes = Buffer.alloc(0);
  #stopped = false;
  readonly #pieces = new CleanPieces();
  /** A record that waits for the output; `lines` is how many physical lines it has. */
  #held: { readonly from: number; readonly to: number; readonly stray: boolean; readonly lines: number } | undefined;
  /** How far the buffer was already found to be UTF-8; the rest is a character cut by the end of a chunk. */
  #checked = 0;

  constructor(options: ScanOptions, maxRecordBytes: number) {
    this.#options = options;
    this.#maxRecordBytes = maxRecordBytes;
    this.#comment = options.comment?.charCodeAt(0) ?? NO_COMMENT;
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
      longest: this.#pieces.longest,
      bytes,
      complete: !this.#stopped,
    };
  }

  async flush(): Promise<void> {
    if (this.#pieces.isEmpty) return;
    await this.#options.write(this.#pieces.take(), this.#pieces.longest);
  }

  /** Scans whole records of `buffer` and returns where what is left over begins; its first `known` bytes were seen before. */
  async feed(buffer: Buffer, known: number, final: boolean): Promise<number> {
    let from = 0;
    if (!this.#begun) {
      if (!final && buffer.length < FOREIGN_HEAD_BYTES) return 0;
      this.#begun = true;
      from = this.#begin(buffer);
      if (this.#stopped) return buffer.length;
      known = from;
    }
    const fault = this.#textFault(buffer, known, final);
    // What stands before a fault is scanned as if it were all that has come, so that the same bytes tell the same problems
    // however they were cut.
    const text = fault === undefined ? buffer : buffer.subarray(0, fault.at);
    const left = await this.#scanAll(text, from, final && fault === undefined);
    this.#checked = Math.max(0, this.#checked - left);
    if (this.#stopped) return buffer.length;
    if (fault !== undefined) {
      this.#refuse(fault.code, fault.message, this.#line + countLines(buffer, left, fault.at));
      return buffer.length;
    }
    return this.#tooLong(buffer, left, buffer.length) ? buffer.length : left;
  }

  /** Scans the header, if it has not been, and whole records; returns where the first that has not ended begins. */
  async #scanAll(buffer: Buffer, from: number, final: boolean): Promise<number> {
    if (this.#headerSeen) return this.#scan(buffer, from, final);
    const next = this.#readHeader(buffer, from, final);
    return next === undefined || this.#stopped ? from : this.#scan(buffer, next, final);
  }

  /** Looks at the first bytes: byte order marks, and formats that are not text. */
  #begin(buffer: Buffer): number {
    if (buffer.length === 0) {
      this.#refuse('empty_file', 'the file has no bytes');
      return 0;
    }
    if ((buffer[0] === 0xff && buffer[1] === 0xfe) || (buffer[0] === 0xfe && buffer[1] === 0xff)) {
      this.#refuse('encoding', 'the file is UTF-16 (it begins with its byte order mark); save it as UTF-8', 1);
      return 0;
    }
    const foreign = foreignFormat(buffer);
    if (foreign !== undefined) this.#refuse(foreign.code, foreign.message);
    return buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf ? 3 : 0;
  }

  /** The first of the bytes that are new which is NUL, or not UTF-8. */
  #textFault(buffer: Buffer, known: number, final: boolean): TextFault | undefined {
    const from = this.#checked;
    const to = final ? buffer.length : buffer.length - cutCharacter(buffer);
    this.#checked = to;
    const nul = buffer.indexOf(0, known);
    const isText = to <= from || isUtf8(buffer.subarray(from, to));
    const invalid = isText ? -1 : from + firstInvalid(buffer.subarray(from, to));
    if (invalid >= 0 && (nul < 0 || invalid < nul)) {
      const byte = (buffer[invalid] ?? 0).toString(16).padStart(2, '0');
      const message = `byte 0x${byte} is not UTF-8; if the file is Latin-1 or Windows-1252, declare data.source.encoding or save it as UTF-8`;
      return { code: 'encoding', at: invalid, message };
    }
    if (nul < 0) return undefined;
    return known <= 3 && looksLikeUtf16(buffer)
      ? { code: 'encoding', at: nul, message: 'the file looks like UTF-16 or UTF-32; save it as UTF-8' }
      : { code: 'binary_content', at: nul, message: 'a NUL byte: the file is binary or damaged, not text' };
  }

  /** A record that never ends is stopped before it fills the memory. */
  #tooLong(buffer: Buffer, from: number, to: number): boolean {
    if (to - from <= this.#maxRecordBytes) return false;
    const record = buffer.subarray(from, to);
    const limit = `${(this.#maxRecordBytes / MIB).toLocaleString('en-US')} MiB`;
    if (record.indexOf(QUOTE) >= 0) {
      const message = `the record is longer than ${limit}: probably a quote is never closed`;
      this.#refuse('quote_unclosed', message, this.#line);
    } else if (record.indexOf(LF) < 0 && record.indexOf(CR) >= 0) {
      this.#refuse('carriage_return', NO_LINE_FEED, this.#line);
    } else this.#refuse('record_too_long', `the record is longer than ${limit}`, this.#line);
    return true;
  }

  /** Finds the header's record, the delimiter and the names. Undefined: its end has not arrived yet. */
  #readHeader(buffer: Buffer, from: number, final: boolean): number | undefined {
    let at = from;
    let line = this.#line;
    let delimiter = this.#options.delimiter;
    for (;;) {
      // Blank lines above the header are skipped, like all blank lines.
      while (at < buffer.length && (buffer[at] === LF || buffer[at] === CR)) {
        if (buffer[at] === LF) line += 1;
        at += 1;
      }
      if (buffer[at] === this.#comment) {
        const end = buffer.indexOf(LF, at);
        if (end < 0 && !final) return undefined;
        at = end < 0 ? buffer.length : end;
        continue;
      }
      if (at >= buffer.length) {
        if (final) this.#refuse('empty_file', 'the file has no content but line ends');
        return undefined;
      }
      const end = endOfRecord(buffer, at, final);
      if (end === undefined) return undefined;
      if (end.unclosed) {
        this.#refuse('quote_unclosed', 'a quote in the header is never closed', line);
        return undefined;
      }
      const text = buffer.toString('utf8', at, end.to);
      const declared = DELIMITER_LINE.exec(text)?.[1];
      if (declared === undefined || delimiter !== undefined) {
        this.#line = line;
        this.#headerSeen = true;
        this.#headerBytes = Buffer.from(buffer.subarray(at, end.to));
        this.#takeHeader(text, delimiter ?? likeliestDelimiter(text));
        this.#line = line + end.lines;
        return end.next;
      }
      delimiter = declared;
      line += end.lines;
      at = end.next;
    }
  }

  #takeHeader(text: string, delimiter: string): void {
    const { problems, part, maxColumns = 4096, onHeader } = this.#options;
    const line = this.#line;
    if (text.includes('\r') && !text.includes('"')) {
      this.#refuse('carriage_return', NO_LINE_FEED, line);
      return;
    }
    this.#delimiter = delimiter;
    this.#delimiterByte = delimiter.charCodeAt(0);
    this.#kinds[this.#delimiterByte] = DELIMITER;
    const all = splitRecord(text, delimiter).map((name) => name.trim());
    const named = all.findLastIndex((name) => name !== '') + 1;
    const names = named === 0 ? all : all.slice(0, named);
    const faults = headerFaults(names, maxColumns);
    for (const { code, message, column } of faults) problems.add(code, message, { part, line, column });
    // Of such a file nothing more can be said: its rows have no columns, or are the header.
    if (faults.some(({ code }) => code === 'too_many_columns' || code === 'header_missing')) this.#stopped = true;
    this.#width = names.length;
    this.#fields = all.length;
    this.#marks = new Uint32Array(all.length + 1);
    this.#namedMarks = this.#marks.subarray(0, names.length + 1);
    if (faults.length > 0) return;
    this.#header = names;
    onHeader?.(names, delimiter, all.length - names.length);
  }

  /** Scans whole records and returns where the first begins that has not ended. */
  async #scan(buffer: Buffer, from: number, final: boolean): Promise<number> {
    let at = from;
    for (;;) {
      at = this.#advance(buffer, at, final);
      const held = this.#held;
      if (held === undefined) return at;
      this.#held = undefined;
      if (held.stray) await this.#putRewritten(buffer.toString('utf8', held.from, held.to));
      else await this.#put(buffer, held.from, held.to);
      this.#line += held.lines;
      if (at >= buffer.length) return at;
    }
  }

  /** Scans until a record has to wait for the output, or as far as there are whole records. No promise is made on the way. */
  #advance(buffer: Buffer, from: number, final: boolean): number {
    const kinds = this.#kinds;
    const marks = this.#marks;
    const namedMarks = this.#namedMarks;
    const width = this.#fields;
    const named = this.#width;
    const comment = this.#comment;
    const delimiter = this.#delimiterByte;
    const to = buffer.length;
    // Of so many bytes from there on it is known where those are that mean something, and how many have been passed.
    let base = from;
    let length = 0;
    let count = 0;
    let next = 0;
    let start = from;
    let i = from;
    let fields = 1;
    let fieldStart = from;
    let inside = 0;
    let stray = false;
    let lone = false;
    let misplaced = false;
    for (;;) {
      if (start < to && buffer[start] === comment) {
        const end = buffer.indexOf(LF, start);
        if (end < 0) return final ? to : start;
        this.#line += 1;
        start = end + 1;
        i = start;
        fieldStart = start;
        if (start >= to) return to;
        continue;
      }
      let ended = false;
      let recordEnd = to;
      marks[0] = start;
      for (;;) {
        if (next === count) {
          if (i < base + length) i = base + length;
          if (i >= to) {
            i = to;
            break;
          }
          base = i;
          length = Math.min(WINDOW_BYTES, to - i);
          count = findStructural(buffer, i, length, delimiter);
          next = 0;
          continue;
        }
        const place = base + (places[next] as number);
        next += 1;
        const kind = kinds[buffer[place] as number] as number;
        // What stands within quotes, behind a carriage return or in a comment has been passed.
        if (place < i || kind === 0) continue;
        i = place;
        if (kind === DELIMITER) {
          i += 1;
          if (fields < width) marks[fields] = i;
          fields += 1;
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
          for (;;) {
            while (at < to && (buffer[at] as number) > QUOTE) at += 1;
            if (at >= to) break;
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
            if (after === 0 || after === QUOTING) misplaced = true;
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
        const end = named < width && fields > named && fields <= width ? (marks[named] as number) - 1 : recordEnd;
        if (fields !== width && (fields < named || fields > width)) {
          this.#tellRagged(buffer.toString('latin1', start, Math.min(recordEnd, start + HEAD_OF_LINE)), fields);
        } else if (end < recordEnd && !this.#isBlank(buffer, end, recordEnd)) {
          const message = `a value behind the ${howMany(named, 'column')} that the header names: name its column, or take it away`;
          this.#problem('header_name_empty', message, this.#line);
        } else if (misplaced) {
          this.#problem('quote_misplaced', 'text follows a closing quote', this.#line);
        } else if (lone) {
          this.#problem('carriage_return', 'a carriage return that ends no line', this.#line);
        } else if (this.#isHeader(buffer, start, recordEnd)) {
          this.#problem('header_repeated', 'the header again: were several files put together?', this.#line);
        } else if (this.#tooLong(buffer, start, recordEnd)) {
          return to;
        } else {
          this.#records += 1;
          namedMarks[named] = end + 1;
          if (stray || !this.#pieces.hasRoom(end - start)) {
            this.#held = { from: start, to: end, stray, lines: 1 + inside };
            return i;
          }
          this.#pieces.add(buffer, start, end, namedMarks, this.#line, this.#delimiterByte);
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

  /** Whether there is nothing but delimiters, quotes and blanks. */
  #isBlank(buffer: Buffer, from: number, to: number): boolean {
    for (let at = from; at < to; at += 1) {
      const byte = buffer[at];
      if (byte !== this.#delimiterByte && byte !== QUOTE && byte !== SPACE && byte !== TAB) return false;
    }
    return true;
  }

  /** Tells a record of another number of values, and what it probably is. */
  #tellRagged(line: string, fields: number): void {
    const names = howMany(this.#width, 'column');
    const found = `${howMany(fields, 'value')} where the header names ${names}`;
    const header = this.#headerBytes.toString('latin1', 0, 1);
    const isAtTop = !this.#isRagged && this.#records < TOP_RECORDS;
    const why =
      line.charCodeAt(0) === HASH
        ? '; the line begins with #: of comments declare data.source.comment: "#"'
        : isAtTop && header === '#'
          ? '; what was taken for the header begins with #: of comments declare data.source.comment: "#"'
          : isAtTop && this.#width === 1
            ? '; what was taken for the header looks like a title above it: take such lines away'
            : beginsLikeTotals(line)
              ? `; ${TOTALS}`
              : '';
    this.#isRagged = true;
    this.#problem('ragged_row', `${found}${why}`, this.#line);
  }

  #isHeader(buffer: Buffer, from: number, to: number): boolean {
    const header = this.#headerBytes;
    return to - from === header.length && header.compare(buffer, from, to) === 0;
  }

  /** Takes a record whose marks are set, once there is room. */
  async #put(buffer: Buffer, from: number, to: number): Promise<void> {
    if (!this.#pieces.hasRoom(to - from)) await this.flush();
    if (this.#pieces.hasRoom(to - from)) {
      this.#pieces.add(buffer, from, to, this.#namedMarks, this.#line, this.#delimiterByte);
      return;
    }
    const marks = this.#namedMarks.map((mark) => mark - from);
    const piece = this.#pieces.long(buffer.subarray(from, to), marks, this.#line, this.#delimiterByte);
    await this.#options.write(piece, this.#pieces.longest);
  }

  async #putRewritten(text: string): Promise<void> {
    const fields = splitRecord(text, this.#delimiter).map((field) => Buffer.from(`"${field.replaceAll('"', '""')}"`));
    let next = 0;
    for (const [at, { length }] of fields.entries()) {
      this.#marks[at] = next;
      next += length + 1;
    }
    this.#marks[this.#width] = next;
    const between = Buffer.from(this.#delimiter);
    const record = Buffer.concat(fields.flatMap((field, at) => (at === 0 ? [field] : [between, field])));
    await this.#put(record, 0, record.length);
  }

  #problem(code: ProblemCode, message: string, line?: number): void {
    this.#options.problems.add(code, message, { part: this.#options.part, line });
  }

  #refuse(code: ProblemCode, message: string, line?: number): void {
    this.#problem(code, message, line);
    this.#stopped = true;
  }
}

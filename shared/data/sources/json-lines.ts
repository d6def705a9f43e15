/** JSON Lines: one flat object on each line. Keys are columns; a key that a record lacks is a missing value there. */
import { isUtf8 } from 'node:buffer';
import { CleanPieces } from '../clean-pieces.ts';
import { asSeen, nameFault } from '../column-name.ts';
import type { ProblemCode } from '../problems.ts';
import { firstInvalid } from '../text-encoding.ts';
import type { CleanText } from './clean-blocks.ts';
import { decodedText, type RecordFault, RecordReader, VALUE } from './json-record.ts';
import { PlainJson } from './plain-json.ts';
import type { ScannedText, TextContext } from './text-source.ts';

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MIB = 1024 * 1024;
const MAX_RECORD_BYTES = 16 * MIB;

/** Scans JSON Lines into clean text. Records that are broken are told by line and left out. */
export async function scanJsonLines(bytes: AsyncIterable<Buffer>, context: TextContext): Promise<ScannedText> {
  const scanner = new JsonLinesScanner(context);
  // What has come of a line that has not ended. Lines that end where they came are scanned there.
  let begun = Buffer.alloc(0);
  let length = 0;
  const take = (chunk: Buffer, from: number, to: number): void => {
    if (length + to - from > begun.length) {
      const larger = Buffer.allocUnsafe(2 * (length + to - from));
      begun.copy(larger, 0, 0, length);
      begun = larger;
    }
    chunk.copy(begun, length, from, to);
    length += to - from;
  };
  for await (const chunk of bytes) {
    const end = chunk.lastIndexOf(LF) + 1;
    let from = 0;
    if (length > 0 && end > 0) {
      from = chunk.indexOf(LF) + 1;
      take(chunk, 0, from);
      await scanner.lines(begun, length);
      length = 0;
    }
    if (from < end && !scanner.stopped) await scanner.lines(from === 0 ? chunk : chunk.subarray(from), end - from);
    if (scanner.stopped) break;
    take(chunk, end, chunk.length);
    if (length > MAX_RECORD_BYTES) scanner.tooLong();
  }
  if (!scanner.stopped && length > 0) {
    take(Buffer.of(LF), 0, 1);
    await scanner.lines(begun, length);
  }
  return scanner.finish();
}

class JsonLinesScanner {
  readonly #context: TextContext;
  readonly #reader: RecordReader;
  readonly #plain = new PlainJson();
  readonly #names: string[] = [];
  /** Names as people see them. */
  readonly #known = new Set<string>();
  readonly #marked = new Set<string>();
  #isMarked: boolean[] = [];
  readonly #pieces = new CleanPieces();
  /** The record that is being written, and where its cells begin. */
  #record = Buffer.allocUnsafe(MIB);
  #marks = new Uint32Array(1);
  #line = 0;
  #records = 0;
  #wanted = true;
  stopped = false;

  constructor(context: TextContext) {
    this.#context = context;
    this.#reader = new RecordReader((key) => this.#meet(key));
  }

  /** Scans whole lines, each with its line feed. */
  async lines(buffer: Buffer, end: number): Promise<void> {
    const valid = isUtf8(buffer.subarray(0, end)) ? end : firstInvalid(buffer.subarray(0, end));
    const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    this.#makeRoom(end);
    let start = this.#line === 0 && buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf ? 3 : 0;
    while (start < end && !this.stopped) {
      this.#line += 1;
      let bytes = valid === end && this.#wanted ? this.#plain.copy(buffer, view, start, this.#record) : -1;
      let to = this.#plain.end;
      let marks = this.#plain.marks;
      if (bytes >= 0) for (const column of this.#plain.texts) this.#mark(column);
      else {
        to = buffer.indexOf(LF, start);
        if (valid < to) {
          this.#refuse('encoding', `byte 0x${(buffer[valid] ?? 0).toString(16).padStart(2, '0')} is not UTF-8`);
          return;
        }
        if (!isBlank(buffer, start, to)) bytes = this.#read(buffer, start, to);
        marks = this.#marks;
      }
      if (bytes >= 0) {
        // Mostly there is room, and no promise is made on the way.
        if (this.#pieces.hasRoom(bytes)) this.#add(bytes, marks);
        else await this.#put(bytes, marks);
      }
      start = to + 1;
    }
  }

  /** Reads a line of which anything may be so, and returns the bytes of its record; -1: it has none that is wanted. */
  #read(buffer: Buffer, start: number, end: number): number {
    const known = this.#names.length;
    const fault = this.#reader.read(buffer, start, end);
    if (this.#names.length > known) {
      this.#plain.know(this.#reader.keys);
      this.#marks = new Uint32Array(this.#names.length + 1);
    }
    if (fault !== undefined) this.#tell(fault);
    return fault === undefined && this.#wanted ? this.#compose(buffer, end - start) : -1;
  }

  /** A record has no more than its bytes twice, for quotes that are doubled, and some for each column. */
  #makeRoom(bytes: number): void {
    const most = bytes * 2 + this.#names.length * 4;
    if (most > this.#record.length) this.#record = Buffer.allocUnsafe(most);
  }

  tooLong(): void {
    this.#line += 1;
    this.#refuse('record_too_long', `the record is longer than ${MAX_RECORD_BYTES / MIB} MiB`);
  }

  async finish(): Promise<ScannedText> {
    await this.#flush();
    if (!this.stopped && this.#names.length === 0 && this.#context.log.empty) {
      this.#refuse('not_a_table', 'no record has a key');
    }
    const usable = this.#wanted && !this.stopped && this.#names.length > 0;
    return { records: this.#records, text: usable ? this.#text() : undefined };
  }

  #text(): CleanText {
    return { names: [...this.#names], delimiter: ',', longest: this.#pieces.longest, ragged: true };
  }

  #meet(key: string): RecordFault | undefined {
    const name = key.trim();
    const refused = (message: string, column?: string): RecordFault => ({
      code: 'json_invalid',
      message,
      ...(column === undefined ? {} : { key: column }),
    });
    if (name === '') return refused('a key has no name', name);
    const fault = nameFault(name, 'a key');
    if (fault !== undefined) return refused(fault.message, fault.column);
    if (this.#known.has(asSeen(name))) return refused(`two keys are named ${name} (case does not count)`, name);
    const { maxColumns } = this.#context;
    if (this.#names.length === maxColumns) {
      this.#refuse('too_many_columns', `more than ${maxColumns} keys; at most ${maxColumns} columns are read`);
      return refused('one key too many', name);
    }
    this.#known.add(asSeen(name));
    this.#names.push(name);
    this.#wanted &&= this.#context.agrees(this.#names);
    return undefined;
  }

  /** Composes the record that was read last, and returns its length; -1: a text is not valid, and the log has been told. */
  #compose(buffer: Buffer, bytes: number): number {
    this.#makeRoom(bytes);
    const reader = this.#reader;
    const { from, to, kind } = reader;
    const out = this.#record;
    const marks = this.#marks;
    const width = this.#names.length;
    const texts: number[] = [];
    let at = 0;
    for (let column = 0; column < width; column += 1) {
      if (column > 0) {
        out[at] = COMMA;
        at += 1;
      }
      marks[column] = at;
      if (!reader.has(column) || kind[column] === VALUE.null) continue;
      const begin = from[column] as number;
      const end = to[column] as number;
      if (kind[column] === VALUE.number || kind[column] === VALUE.boolean) {
        for (let i = begin; i < end; i += 1, at += 1) out[at] = buffer[i] as number;
      } else if (kind[column] === VALUE.text) {
        if (!isBlank(buffer, begin, end)) texts.push(column);
        at = writeText(out, at, buffer, begin, end);
      } else {
        const text = decodedText(buffer, begin, end);
        if (text === undefined || text.includes('\0')) {
          this.#tell({ code: 'json_invalid', message: 'a text is not valid', key: this.#names[column] ?? '' });
          return -1;
        }
        if (text.trim() !== '') texts.push(column);
        const decoded = Buffer.from(text, 'utf8');
        at = writeText(out, at, decoded, 0, decoded.length);
      }
    }
    marks[width] = at + 1;
    for (const column of texts) this.#mark(column);
    return at;
  }

  #add(bytes: number, marks: Uint32Array): void {
    this.#pieces.add(this.#record, 0, bytes, marks, this.#line, COMMA);
    this.#records += 1;
  }

  async #put(bytes: number, marks: Uint32Array): Promise<void> {
    if (!this.#pieces.hasRoom(bytes)) await this.#flush();
    if (this.#pieces.hasRoom(bytes)) {
      this.#add(bytes, marks);
      return;
    }
    this.#records += 1;
    const piece = this.#pieces.long(this.#record.subarray(0, bytes), marks, this.#line, COMMA);
    await this.#context.write(piece, this.#text(), new Set(this.#marked));
  }

  #mark(column: number): void {
    if (this.#isMarked[column] === true) return;
    this.#isMarked[column] = true;
    this.#plain.expectText(column);
    this.#marked.add(this.#names[column] ?? '');
  }

  async #flush(): Promise<void> {
    if (this.#pieces.isEmpty) return;
    await this.#context.write(this.#pieces.take(), this.#text(), new Set(this.#marked));
  }

  #tell({ code, message, key }: RecordFault): void {
    this.#context.log.add(code, message, { part: this.#context.told, line: this.#line, column: key });
  }

  #refuse(code: ProblemCode, message: string): void {
    this.#context.log.add(code, message, { part: this.#context.told, line: Math.max(1, this.#line) });
    this.stopped = true;
  }
}

function isBlank(buffer: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i += 1) {
    const byte = buffer[i];
    if (byte !== 0x20 && byte !== 0x09 && byte !== CR) return false;
  }
  return true;
}

/** The bytes that a field of CSV holds in quotes only. */
const NEEDS_QUOTES = new Uint8Array(256);
for (const byte of [COMMA, QUOTE, LF, CR]) NEEDS_QUOTES[byte] = 1;

/** Writes a text as a field of CSV and returns where it ends. */
function writeText(out: Buffer, start: number, buffer: Buffer, from: number, to: number): number {
  let at = start;
  for (let i = from; i < to; i += 1, at += 1) {
    const byte = buffer[i] as number;
    if (NEEDS_QUOTES[byte] === 1) return writeQuoted(out, start, buffer, from, to);
    out[at] = byte;
  }
  return at;
}

function writeQuoted(out: Buffer, start: number, buffer: Buffer, from: number, to: number): number {
  let at = start;
  out[at++] = QUOTE;
  for (let i = from; i < to; i += 1) {
    const byte = buffer[i] as number;
    if (byte === QUOTE) out[at++] = QUOTE;
    out[at++] = byte;
  }
  out[at++] = QUOTE;
  return at;
}

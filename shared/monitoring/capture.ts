/**
 * Capture files: what an endpoint was asked and what it answered, one JSON line a request, a request of one row or many.
 * They come in batches of columns, for a window has a million of them. What cannot be read is counted and located, never
 * dropped in silence. Source: SageMaker developer guide, model-monitor-data-capture-endpoint.md.
 */
import { type CellFault, readCsvRows, readPredictions } from './capture-cells.ts';
import { jsonPredictions, jsonRows } from './capture-json.ts';
import { type CapturedLine, type CapturedSide, lineReader, type Span, unescaper } from './capture-line.ts';
import { readTextCsv, readTextJson, type TextColumns } from './capture-text.ts';

/** What a model is sent and answers, row by row. */
export interface CaptureShape {
  /** Values of a row. */
  readonly features: number;
  /** Numbers that are answered to a row: one, or one for each class; 0 where answers are not read. */
  readonly outputs: number;
  /** How values are read that are not encoded for a model; missing where they are. */
  readonly text?: TextColumns;
}

/** Why a record could not be read, and where it lies. */
export interface CaptureProblem {
  readonly code: string;
  readonly message: string;
  readonly file: string;
  /** 1 is the first. */
  readonly line: number;
}

/** What was met in reading, beside the records. */
export interface CaptureTally {
  /** Requests, without probes and unreadable ones. */
  records: number;
  rows: number;
  /** Requests of Millrace's own probes. */
  probes: number;
  unreadable: number;
  /** Unreadable records by what is wrong with them. */
  readonly codes: Record<string, number>;
  /** The first of each code and file. */
  readonly problems: CaptureProblem[];
}

/** A tally of nothing. */
export const emptyTally = (): CaptureTally => ({
  records: 0,
  rows: 0,
  probes: 0,
  unreadable: 0,
  codes: {},
  problems: [],
});

/** Records of one file. All of it is valid until the next batch is asked for. */
export interface CaptureBatch {
  readonly file: string;
  readonly records: number;
  readonly rows: number;
  /** In the model's order, encoded, NaN where a value is missing; longer than `rows`. */
  readonly columns: readonly Float64Array[];
  /** Row after row, `outputs` numbers each; longer than that. */
  readonly predictions: Float64Array;
  /** By record: its first row; with one more at the end. */
  readonly firstRow: Uint32Array;
  /** By record: epoch milliseconds of its invocation. */
  readonly atMs: Float64Array;
  /** By record: 64 bits of its event id, as two numbers. */
  readonly eventHash: Uint32Array;
  eventId(record: number): string;
  /** Null where the request had none. */
  inferenceId(record: number): string | null;
}

/** Bytes of text that are read at a time. */
const BLOCK_BYTES = 1024 * 1024;
/** A request has at most 25 MB, which base64 makes a third longer. Source: InvokeEndpoint, API reference. */
const MAX_LINE_BYTES = 96 * 1024 * 1024;
const LISTED_PROBLEMS = 20;
/** Rows and records a batch has room for at first: many files hold one. */
const INITIAL = 16;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Begins the inference ids of probes: they stay out of windows. */
const PROBE = Buffer.from('probe-');

const isProbe = (id: Span | null): boolean =>
  id !== null &&
  id.end - id.start >= PROBE.length &&
  id.bytes.compare(PROBE, 0, PROBE.length, id.start, id.start + PROBE.length) === 0;

/** Two 32-bit hashes of an id: FNV-1a, and the same over other constants, each stirred at the end (MurmurHash3's mixer). */
function hashInto(into: Uint32Array, place: number, { bytes, start, end }: Span): void {
  let [a, b] = [0x811c9dc5, 0x9747b28c];
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ byte, 0x5bd1e995);
    b ^= b >>> 15;
  }
  into[place * 2] = stirred(a);
  into[place * 2 + 1] = stirred(b ^ (end - start));
}

function stirred(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return (twice ^ (twice >>> 16)) >>> 0;
}

const textOf = ({ bytes, start, end }: Span): string => bytes.toString('utf8', start, end);

/** What is wrong with one record. */
interface RecordFault {
  readonly code: string;
  readonly message: string;
}

const fault = (code: string, message: string): RecordFault => ({ code, message });

/** Formats of a side's bytes. What CSV is called varies; what is no text of numbers is named. */
const formatOf = ({ encoding, contentType }: CapturedSide): 'csv' | 'json' | undefined => {
  if (encoding !== 'BASE64') return encoding === 'CSV' ? 'csv' : 'json';
  if (contentType === 'text/csv' || contentType === 'text/plain' || contentType === '') return 'csv';
  return /json/.test(contentType) ? 'json' : undefined;
};

/** The growing columns of a batch. */
class Batch implements CaptureBatch {
  readonly file: string;
  readonly columns: Float64Array[];
  predictions: Float64Array;
  firstRow = new Uint32Array(INITIAL + 1);
  atMs = new Float64Array(INITIAL + 1);
  eventHash = new Uint32Array((INITIAL + 1) * 2);
  records = 0;
  rows = 0;
  readonly #outputs: number;
  #ids: (Span | null)[] = [];

  constructor(file: string, { features, outputs }: CaptureShape) {
    this.file = file;
    this.columns = Array.from({ length: features }, () => new Float64Array(INITIAL));
    this.#outputs = outputs;
    this.predictions = new Float64Array(INITIAL * outputs);
  }

  /** Makes room for so many rows more. */
  reserve(rows: number): void {
    const [held, wanted] = [this.columns[0]?.length ?? 0, this.rows + rows];
    if (wanted <= held) return;
    const length = Math.max(wanted, held * 2);
    const grown = (values: Float64Array, size: number): Float64Array => {
      const larger = new Float64Array(size);
      larger.set(values);
      return larger;
    };
    for (let column = 0; column < this.columns.length; column += 1) {
      this.columns[column] = grown(this.columns[column] ?? new Float64Array(0), length);
    }
    this.predictions = grown(this.predictions, length * this.#outputs);
  }

  /** Takes the record whose rows have been written. */
  push({ eventId, inferenceId, atMs }: CapturedLine, rows: number): void {
    const record = this.records;
    if (record + 2 > this.firstRow.length) {
      const length = this.firstRow.length * 2;
      const [firstRow, times, hashes] = [
        new Uint32Array(length),
        new Float64Array(length),
        new Uint32Array(length * 2),
      ];
      firstRow.set(this.firstRow);
      times.set(this.atMs);
      hashes.set(this.eventHash);
      [this.firstRow, this.atMs, this.eventHash] = [firstRow, times, hashes];
    }
    hashInto(this.eventHash, record, eventId);
    this.atMs[record] = atMs;
    this.#ids.push(eventId, inferenceId);
    this.rows += rows;
    this.records += 1;
    this.firstRow[this.records] = this.rows;
  }

  eventId(record: number): string {
    const span = this.#ids[record * 2];
    if (!span) throw new RangeError(`no record ${record} in a batch of ${this.records}`);
    return textOf(span);
  }

  inferenceId(record: number): string | null {
    const span = this.#ids[record * 2 + 1];
    if (span === undefined) throw new RangeError(`no record ${record} in a batch of ${this.records}`);
    return span && textOf(span);
  }

  clear(): void {
    this.#ids = [];
    this.records = 0;
    this.rows = 0;
  }
}

/** Reads the rows and predictions of records into a batch. */
const recordReader = (shape: CaptureShape, batch: Batch) => {
  const unescaped = unescaper();
  let decoded = Buffer.allocUnsafe(64 * 1024);

  const bytesOf = (side: CapturedSide): Span | undefined => {
    const text = side.isEscaped ? unescaped(side) : side;
    if (text === undefined || side.encoding !== 'BASE64') return text;
    const length = text.end - text.start;
    if (decoded.length < length) decoded = Buffer.allocUnsafe(length * 2);
    return {
      bytes: decoded,
      start: 0,
      end: decoded.write(text.bytes.toString('latin1', text.start, text.end), 'base64'),
    };
  };

  /** Takes rows that are lists of numbers by now. */
  const takeRows = (rows: readonly (readonly number[])[]): number => {
    batch.reserve(rows.length);
    for (const [row, cells] of rows.entries()) {
      for (const [column, cell] of cells.entries()) (batch.columns[column] as Float64Array)[batch.rows + row] = cell;
    }
    return rows.length;
  };

  const readInput = (side: CapturedSide): number | RecordFault => {
    const format = formatOf(side);
    if (format === undefined) return fault('foreign_format', `the input is ${side.contentType}`);
    const span = bytesOf(side);
    if (span === undefined) return fault('not_json', 'the input has a bad escape');
    if (shape.text !== undefined) {
      const found =
        format === 'csv'
          ? readTextCsv(span.bytes.subarray(span.start, span.end), shape.text)
          : readTextJson(textOf(span), shape.text);
      return Array.isArray(found) ? takeRows(found) : found;
    }
    if (format === 'csv') {
      batch.reserve(Math.floor((span.end - span.start) / shape.features) + 1);
      return readCsvRows(span.bytes, span.start, span.end, batch.columns, batch.rows);
    }
    const rows = jsonRows(textOf(span));
    if (rows === undefined) return fault('not_a_number', 'the input is JSON without rows of numbers');
    const odd = rows.find((cells) => cells.length !== shape.features);
    if (odd) return fault('wrong_width', `a row has ${odd.length} values, and the model takes ${shape.features}`);
    return takeRows(rows);
  };

  const readOutput = (side: CapturedSide, rows: number): RecordFault | CellFault | undefined => {
    const format = formatOf(side);
    if (format === undefined) return fault('foreign_format', `the answer is ${side.contentType}`);
    const span = bytesOf(side);
    if (span === undefined) return fault('not_json', 'the answer has a bad escape');
    const [place, wanted] = [batch.rows * shape.outputs, rows * shape.outputs];
    if (format === 'csv') return readPredictions(span.bytes, span.start, span.end, batch.predictions, place, wanted);
    const found = jsonPredictions(textOf(span));
    if (found?.length !== wanted) {
      return fault('wrong_width', `the answer has ${found?.length ?? 'no'} numbers, and its rows need ${wanted}`);
    }
    batch.predictions.set(found, place);
    return undefined;
  };

  return (line: CapturedLine): number | RecordFault => {
    if (line.input === null) return fault('no_input', 'the input was not captured');
    const rows = readInput(line.input);
    if (typeof rows !== 'number') return rows;
    if (rows === 0) return fault('no_rows', 'the input has no row');
    if (shape.outputs === 0) return rows;
    if (line.output === null) return fault('no_answer', 'the answer was not captured');
    return readOutput(line.output, rows) ?? rows;
  };
};

function note(tally: CaptureTally, problem: CaptureProblem): void {
  tally.unreadable += 1;
  tally.codes[problem.code] = (tally.codes[problem.code] ?? 0) + 1;
  const isKnown = tally.problems.some(({ code, file }) => code === problem.code && file === problem.file);
  if (!isKnown && tally.problems.length < LISTED_PROBLEMS) tally.problems.push(problem);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/**
 * The records of a capture file, in batches.
 *
 * @param file Its name, for what is wrong with it.
 * @param tally Counts what is read, left out and unreadable.
 */
export async function* captureBatches(
  source: AsyncIterable<Uint8Array> | Uint8Array,
  file: string,
  shape: CaptureShape,
  tally: CaptureTally,
): AsyncGenerator<CaptureBatch> {
  const batch = new Batch(file, shape);
  const readRecord = recordReader(shape, batch);
  // A file in hand needs no more than itself, and a byte so that its end is not taken for a full block.
  const blockBytes = source instanceof Uint8Array ? Math.min(source.length + 1, BLOCK_BYTES) : BLOCK_BYTES;
  let block = Buffer.allocUnsafe(blockBytes);
  let readLine = lineReader(block);
  let [held, line, isTooLong] = [0, 0, false];

  const take = (start: number, end: number): void => {
    line += 1;
    if (end > start && block[end - 1] === RETURN) end -= 1;
    if (end === start) return;
    if (isTooLong) {
      isTooLong = false;
      note(tally, { code: 'line_too_long', message: `the line has over ${MAX_LINE_BYTES} bytes`, file, line });
      return;
    }
    const read = readLine(start, end);
    if (typeof read === 'string') {
      note(tally, { code: 'not_a_record', message: read, file, line });
      return;
    }
    if (isProbe(read.inferenceId)) {
      tally.probes += 1;
      return;
    }
    const rows = readRecord(read);
    if (typeof rows !== 'number') {
      note(tally, { ...rows, file, line });
      return;
    }
    batch.push(read, rows);
    tally.records += 1;
    tally.rows += rows;
  };

  /** Reads the lines that end within what is held; returns where the one that does not begins. */
  const takeLines = (): number => {
    let start = 0;
    for (let end = block.indexOf(NEWLINE); end >= 0 && end < held; end = block.indexOf(NEWLINE, start)) {
      take(start, end);
      start = end + 1;
    }
    return start;
  };

  for await (const chunk of source instanceof Uint8Array ? once(source) : source) {
    for (let taken = 0; taken < chunk.length; ) {
      const part = chunk.subarray(taken, taken + block.length - held);
      block.set(part, held);
      taken += part.length;
      held += part.length;
      if (held < block.length) continue;
      const start = takeLines();
      // Ids of the batch lie in the block: it is handed over before anything moves.
      if (batch.records > 0) {
        yield batch;
        batch.clear();
      }
      if (start > 0) {
        block.copyWithin(0, start, held);
        held -= start;
      } else if (held < MAX_LINE_BYTES) {
        const larger = Buffer.allocUnsafe(block.length * 2);
        block.copy(larger, 0, 0, held);
        block = larger;
        readLine = lineReader(block);
      } else {
        // Of so long a line nothing is kept but that it was there.
        isTooLong = true;
        held = 1;
      }
    }
  }
  const rest = takeLines();
  if (rest < held) take(rest, held);
  if (batch.records > 0) yield batch;
}

/** One request, and what it was answered. */
export interface CaptureRecord {
  readonly eventId: string;
  /** Null where the request had none. */
  readonly inferenceId: string | null;
  /** Epoch milliseconds of the invocation. */
  readonly at: number;
  /** The model's encoded features of each row, NaN where a value is missing. */
  readonly rows: readonly (readonly number[])[];
  /** The numbers each row was answered. */
  readonly predictions: readonly (readonly number[])[];
}

/** The records of a capture file one by one: for few of them; see {@link captureBatches}. */
export async function* captureRecords(
  source: AsyncIterable<Uint8Array> | Uint8Array,
  file: string,
  shape: CaptureShape,
  tally: CaptureTally = emptyTally(),
): AsyncGenerator<CaptureRecord> {
  for await (const batch of captureBatches(source, file, shape, tally)) {
    for (let record = 0; record < batch.records; record += 1) {
      const [from, to] = [batch.firstRow[record] ?? 0, batch.firstRow[record + 1] ?? 0];
      const each = Array.from({ length: to - from }, (_, row) => from + row);
      yield {
        eventId: batch.eventId(record),
        inferenceId: batch.inferenceId(record),
        at: batch.atMs[record] ?? Number.NaN,
        rows: each.map((row) => batch.columns.map((column) => column[row] ?? Number.NaN)),
        predictions: each.map((row) => [...batch.predictions.subarray(row * shape.outputs, (row + 1) * shape.outputs)]),
      };
    }
  }
}

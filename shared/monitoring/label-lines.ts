/** Label files as lines: JSON Lines, SageMaker's ground truth among them, and CSV with a header; either compressed with gzip. */
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

import * as z from 'zod';

import { endOfRecord, splitRecord } from '../data/csv-record.ts';
import { scanCsv } from '../data/csv-scanner.ts';
import { ProblemLog } from '../data/problems.ts';
import type { LabelProblems } from './label-problems.ts';

/** What one line says, before its label is read. */
export interface LabelLine {
  readonly line: number;
  /** The inference id; null where the columns of the key name the row. */
  readonly id: string | null;
  /** When the prediction was made, where the line says so: for ids that do not. */
  readonly time: unknown;
  /** The label itself; undefined where it has to be worked out of `fields`. */
  readonly label: unknown;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Whether `fields` are text to be read as columns' types. */
  readonly isText: boolean;
}

/** What a label's columns are called. */
export interface LabelNames {
  /** The label's own name; `label` does as well. */
  readonly label: string;
  /** The columns it is made of, as the data spells them. */
  readonly columns: readonly string[];
  /** The columns of the key that stand in the inference id's place; null where the id is asked for. */
  readonly key: readonly string[] | null;
}

const ID = 'inference_id';
const TIME = 'inference_time';
const LABEL = 'label';

/**
 * SageMaker's record of ground truth. https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-merge.html
 */
const groundTruthSchema = z.object({
  groundTruthData: z.object({ data: z.string(), encoding: z.enum(['CSV', 'JSON', 'BASE64']) }),
  eventMetadata: z.object({ eventId: z.string().min(1) }),
});

const NEWLINE = 0x0a;
const GZIP = [0x1f, 0x8b] as const;

/** The same bytes, decompressed where they are gzip's. */
async function* plainBytes(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done) return;
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield first.value;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
  }
  const isGzip = GZIP.every((byte, at) => first.value[at] === byte);
  yield* isGzip ? Readable.from(whole()).pipe(createGunzip()) : whole();
}

/** Lines of text, without their ends, as many at a time as a chunk holds. */
async function* textLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<string[]> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    const held = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    const end = held.lastIndexOf(NEWLINE);
    if (end >= 0) yield held.toString('utf8', 0, end).split('\n');
    rest = held.subarray(end + 1);
  }
  if (rest.length > 0) yield [rest.toString('utf8')];
}

/** The values of a ground truth record: one, or one for each row of its request. */
function groundTruth(data: string, encoding: 'CSV' | 'JSON' | 'BASE64'): unknown[] {
  if (encoding === 'JSON') {
    const value: unknown = JSON.parse(data);
    return Array.isArray(value) ? value : [value];
  }
  const text = encoding === 'BASE64' ? Buffer.from(data, 'base64').toString() : data;
  return text.replace(/\r?\n$/, '').split(/\r?\n/);
}

function* jsonLabels(text: string, line: number, names: LabelNames, problems: LabelProblems): Generator<LabelLine> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    problems.add('not_json', 'the line is not JSON', line);
    return;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.add('not_a_label', 'the line is no object', line);
    return;
  }
  if ('groundTruthData' in value) {
    if (names.key !== null) {
      problems.add('not_a_label', 'labels are joined by the key, and a ground truth record has none', line);
      return;
    }
    const parsed = groundTruthSchema.safeParse(value);
    if (!parsed.success) {
      problems.add('not_a_label', 'the line is no ground truth record as SageMaker has them', line);
      return;
    }
    const { groundTruthData, eventMetadata } = parsed.data;
    let labels: unknown[];
    try {
      labels = groundTruth(groundTruthData.data, groundTruthData.encoding);
    } catch {
      problems.add('not_a_label', 'the ground truth is said to be JSON and is not', line);
      return;
    }
    for (const [row, label] of labels.entries()) {
      const id = labels.length === 1 ? eventMetadata.eventId : `${eventMetadata.eventId}.${row}`;
      yield { line, id, time: undefined, label, fields: {}, isText: true };
    }
    return;
  }
  const fields: Readonly<Record<string, unknown>> = { ...value };
  if (names.key !== null) {
    const missing = names.key.filter((name) => !Object.hasOwn(fields, name));
    if (missing.length > 0) {
      problems.add('key_missing', `the line lacks columns of the key: ${missing.join(', ')}`, line);
      return;
    }
    yield { line, id: null, time: fields[TIME], label: directLabel(fields, names), fields, isText: false };
    return;
  }
  const id = fields[ID];
  if (typeof id !== 'string' || id === '') {
    problems.add('id_missing', `the line has no ${ID}`, line);
    return;
  }
  yield { line, id, time: fields[TIME], label: directLabel(fields, names), fields, isText: false };
}

function directLabel(fields: Readonly<Record<string, unknown>>, { label }: LabelNames): unknown {
  for (const name of [LABEL, label]) if (Object.hasOwn(fields, name)) return fields[name];
  return undefined;
}

/** CSV goes through the scanner that deliveries of data go through: delimiter, quotes and encoding are checked alike. */
async function* csvLabels(
  source: AsyncIterable<Uint8Array>,
  names: LabelNames,
  problems: LabelProblems,
): AsyncGenerator<LabelLine[]> {
  const log = new ProblemLog();
  const clean: Buffer[] = [];
  const { header, delimiter } = await scanCsv(source, {
    problems: log,
    write: async ({ bytes }) => {
      clean.push(bytes);
    },
  });
  for (const { code, message, line, count } of log.list()) problems.add(code, message, line, count);
  if (header === undefined) {
    problems.add('file_unreadable', 'the file is neither JSON Lines nor CSV with a header');
    return;
  }
  const missing = (names.key ?? [ID]).filter((name) => !header.includes(name));
  if (missing.length > 0) {
    problems.add('column_missing', `the header has no ${missing.join(', ')}`, 1);
    return;
  }
  let rest: Buffer = Buffer.alloc(0);
  for (const [at, bytes] of clean.entries()) {
    const held: Buffer = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    clean[at] = Buffer.alloc(0);
    const found: LabelLine[] = [];
    let start = 0;
    for (;;) {
      const end = start < held.length ? endOfRecord(held, start, at === clean.length - 1) : undefined;
      if (end === undefined) break;
      const [line = '', ...values] = splitRecord(held.toString('utf8', start, end.to), delimiter);
      start = end.next;
      const fields = Object.fromEntries(header.map((name, column) => [name, values[column]]));
      const id = names.key === null ? (fields[ID] ?? '') : null;
      if (id === '') problems.add('id_missing', `the line has no ${ID}`, Number(line));
      else {
        const label = directLabel(fields, names);
        found.push({ line: Number(line), id, time: fields[TIME], label, fields, isText: true });
      }
    }
    yield found;
    rest = held.subarray(start);
  }
}

const OPEN_BRACE = 0x7b;
const BLANKS: readonly number[] = [0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf];

/** The labels of a file, some lines at a time. What is no label is told to `problems`. */
export async function* labelLines(
  source: AsyncIterable<Uint8Array>,
  names: LabelNames,
  problems: LabelProblems,
): AsyncGenerator<LabelLine[]> {
  const chunks = plainBytes(source)[Symbol.asyncIterator]();
  let first = await chunks.next();
  while (!first.done && first.value.length === 0) first = await chunks.next();
  if (first.done) {
    problems.add('file_unreadable', 'the file has no bytes');
    return;
  }
  const begin = first.value;
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield begin;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
  }
  const opening = begin.find((byte) => !BLANKS.includes(byte));
  if (opening !== OPEN_BRACE) {
    yield* csvLabels(whole(), names, problems);
    return;
  }
  let line = 0;
  for await (const texts of textLines(whole())) {
    const found: LabelLine[] = [];
    for (const text of texts) {
      line += 1;
      const trimmed = line === 1 ? text.replace(/^\uFEFF/, '').trim() : text.trim();
      if (trimmed !== '') found.push(...jsonLabels(trimmed, line, names, problems));
    }
    yield found;
  }
}

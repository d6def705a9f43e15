/** Reads one delivered part, whatever its format, into blocks that the engine can read without guessing. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { PartFormat, SourceFormat } from '../../definition/source.ts';
import type { Engine } from '../engine.ts';
import { fileFormat, parquetEnd } from '../file-format.ts';
import type { HashedPart } from '../identity.ts';
import { beyondLimits } from '../problems.ts';
import { CleanBlockWriter, type CleanText } from './clean-blocks.ts';
import { compressionOf, decompressed, type Inflow, isBomb } from './compression.ts';
import { scanCsvText } from './csv.ts';
import { DeliveredBytes, peek } from './delivered-bytes.ts';
import { asUtf8, encodingOf } from './encoding.ts';
import { scanJsonLines } from './json-lines.ts';
import { readParquet } from './parquet.ts';
import { type DeliveredPart, openBytes, type PartContext } from './part.ts';
import type { TextScanner } from './text-source.ts';
import { UnreadableError } from './unreadable-error.ts';

/** Settings of {@link readPart}. */
export interface PartOptions {
  /** An empty directory for what is written. The caller removes it. */
  readonly directory: string;
  /** What the sender declared. */
  readonly source: SourceFormat;
  /** How much clean text is a block. */
  readonly blockBytes: number;
  /** How many rows of a Parquet part are a block. */
  readonly blockRows: number;
  /** The most bytes of text, after decompression, that may still come; told as `limit`. */
  readonly bytesLeft: number;
  readonly limit: number;
}

/** What was read of a part; of one that is beyond a limit the hash is empty. */
export interface ReadPart extends HashedPart {
  /** As delivered. */
  readonly sizeBytes: number;
  /** Undefined when nothing of it could be read. */
  readonly format: PartFormat | undefined;
  readonly rows: number;
  /** Of text, after decompression. */
  readonly textBytes: number;
}

/** The formats of text; another is one module more, and one line here. */
const SCANNERS = { csv: scanCsvText, jsonl: scanJsonLines } as const satisfies Record<string, TextScanner>;

/** Enough for every magic number, and to see whether a text begins with an object. */
const HEAD_BYTES = 256;

/** Reads a part once, from its first byte to its last; what is wrong with it goes into the context's log. */
export async function readPart(
  engine: Engine,
  part: DeliveredPart,
  index: number,
  options: PartOptions,
  context: PartContext,
): Promise<ReadPart> {
  const bytes = new DeliveredBytes(await openBytes(part));
  const { told, log } = context;
  let read: Pick<ReadPart, 'format' | 'rows' | 'textBytes'> = NOTHING;
  const { head, all } = await peek(bytes, HEAD_BYTES);
  const found = fileFormat(head, options.source);
  if ('refused' in found) {
    log.add(found.refused, found.reason, { part: told });
  } else if (found.format === 'parquet') {
    const path =
      'path' in part ? part.path : join(options.directory, `delivered-${String(index).padStart(5, '0')}.parquet`);
    if (!('path' in part)) await spool(all, path);
    const damaged = await parquetEnd(path);
    if (damaged !== undefined) log.add('parquet_corrupt', damaged, { part: told });
    else {
      const rows = await readParquet(engine, path, options.blockRows, bytes.sizeBytes, context).catch(toldOf(context));
      if (rows !== undefined) read = { format: 'parquet', rows, textBytes: 0 };
    }
  } else read = await readText(all, head, bytes, index, options, context);
  const isBeyond = beyondLimits(log.list()) !== undefined;
  return { name: part.name, ...read, ...(await (isBeyond ? bytes.abandon() : bytes.finish())) };
}

const NOTHING = { format: undefined, rows: 0, textBytes: 0 } as const;

async function spool(bytes: AsyncIterable<Buffer>, path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for await (const chunk of bytes) await file.write(chunk);
  } finally {
    await file.close();
  }
}

async function readText(
  bytes: AsyncIterable<Buffer>,
  head: Buffer,
  delivered: DeliveredBytes,
  index: number,
  options: PartOptions,
  context: PartContext,
): Promise<Pick<ReadPart, 'format' | 'rows' | 'textBytes'>> {
  const { name, told, log } = context;
  const { source } = options;
  const compression = compressionOf(head);
  const inflow: Inflow | undefined = compression && { bytes: 0 };
  let marked: ReadonlySet<string> = new Set();
  let text: CleanText | undefined;
  let wanted = true;
  const writer = new CleanBlockWriter(
    options.directory,
    `clean-${String(index).padStart(5, '0')}`,
    options.blockBytes,
    async (block) => {
      const { names = [] } = text ?? {};
      const types = names.map(() => 'VARCHAR');
      wanted &&= await context.emit({ part: name, told, kind: 'text', names, types, marked, ...block });
    },
  );
  let textBytes = 0;
  async function* counted(from: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of from) {
      textBytes += chunk.byteLength;
      context.read(delivered.sizeBytes);
      if (textBytes > options.bytesLeft) throw tooLarge(options.limit, textBytes, inflow);
      yield chunk;
    }
  }
  try {
    const plain = counted(compression === undefined ? bytes : decompressed(bytes, compression, inflow));
    const first = await peek(plain, HEAD_BYTES);
    const decoded = asUtf8(first.all, encodingOf(first.head, source.encoding));
    const { head: beginning, all } = await peek(decoded, HEAD_BYTES);
    const format = source.format === 'jsonl' || source.format === 'csv' ? source.format : textFormat(beginning);
    const scanned = await SCANNERS[format](all, {
      told,
      log,
      delimiter: source.delimiter ?? undefined,
      comment: source.comment ?? undefined,
      leaveOut: context.leaveOut,
      maxColumns: context.maxColumns,
      agrees: (names) => context.agrees(names, format === 'jsonl'),
      write: async (piece, now, markedNow) => {
        text = now;
        marked = markedNow;
        if (wanted) await writer.write(piece, now);
        else piece.release();
      },
    });
    if (scanned.text !== undefined) await writer.finish(scanned.text);
    return { format: scanned.text === undefined ? undefined : format, rows: scanned.records, textBytes };
  } catch (error) {
    toldOf(context)(error);
    return { ...NOTHING, textBytes };
  } finally {
    await writer.abandon();
  }
}

/** Tells why a part cannot be read further; any other failure is not the part's. */
const toldOf =
  ({ log, told }: PartContext) =>
  (error: unknown): undefined => {
    if (!(error instanceof UnreadableError)) throw error;
    log.add(error.code, error.message, { part: told });
  };

function tooLarge(limit: number, textBytes: number, inflow: Inflow | undefined): UnreadableError {
  if (inflow === undefined || !isBomb(textBytes, inflow))
    return new UnreadableError('too_large', `the data is larger than ${limit} bytes`);
  const unpacked = `${inflow.bytes.toLocaleString('en-US')} bytes unpack to more than ${limit}`;
  return new UnreadableError('decompression_bomb', `${unpacked}: so little can be in them that it is no table`);
}

/** JSON Lines begin with an object; nothing else that is a table does. */
function textFormat(beginning: Buffer): 'csv' | 'jsonl' {
  return /^(?:\uFEFF)?\s*\{\s*["}]/.test(beginning.toString('utf8')) ? 'jsonl' : 'csv';
}

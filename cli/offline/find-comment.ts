/** The mark of comment lines above a table of which nobody declared one. */
import { createReadStream } from 'node:fs';

import { likeliestDelimiter, splitRecord } from '../../shared/data/csv-record.ts';
import { compressionOf, decompressed } from '../../shared/data/sources/compression.ts';
import { peek } from '../../shared/data/sources/delivered-bytes.ts';
import { asUtf8, encodingOf } from '../../shared/data/sources/encoding.ts';
import { UnreadableError } from '../../shared/data/sources/unreadable-error.ts';
import type { SourceFormat } from '../../shared/definition/source.ts';
import type { Delivery } from './delivery.ts';

/** How comment lines begin, and what is declared of it: a path begins with one slash. */
const MARKS: readonly (readonly [beginning: string, mark: string])[] = [
  ['#', '#'],
  ['%', '%'],
  [';', ';'],
  ['//', '/'],
];

/** So much of each part is looked at: comments above a table are less. */
const HEAD_BYTES = 64 * 1024;

/** The first lines of a part, those with something in them; none where it is no text. */
async function firstLines(path: string, { encoding }: SourceFormat): Promise<string[]> {
  try {
    const bytes = await peek(createReadStream(path), HEAD_BYTES);
    const compression = compressionOf(bytes.head);
    const text = await peek(compression === undefined ? bytes.all : decompressed(bytes.all, compression), HEAD_BYTES);
    const decoded = asUtf8(text.all, encodingOf(text.head, encoding));
    const { head, all } = await peek(decoded, HEAD_BYTES);
    // What is not read on is to be closed.
    for await (const _ of all) break;
    const lines = head
      .toString('utf8')
      .replace(/^\uFEFF/, '')
      .split(/\r?\n/);
    // The last line may be cut.
    return (lines.length > 1 ? lines.slice(0, -1) : lines).filter((line) => line.trim() !== '');
  } catch (error) {
    // Whoever reads the part tells.
    if (error instanceof UnreadableError) return [];
    throw error;
  }
}

/** The table's own part of a text: its delimiter and how many columns its header has. */
interface Shape {
  readonly delimiter: string;
  readonly width: number;
}

function shapeOf(header: string, declared: string | null): Shape {
  const delimiter = declared ?? likeliestDelimiter(header);
  return { delimiter, width: splitRecord(header, delimiter).length };
}

/** The mark of lines above the header, none of which has the header's columns. */
function markAbove(lines: readonly string[], declared: string | null): string | null {
  const [beginning, mark] = MARKS.find(([start]) => lines[0]?.startsWith(start)) ?? [];
  if (beginning === undefined || mark === undefined) return null;
  const header = lines.find((line) => !line.startsWith(beginning));
  if (header === undefined) return null;
  const shape = shapeOf(header, declared);
  return shape.delimiter === mark || hasRows(lines, mark, shape) ? null : mark;
}

/** Whether a line that begins so has the table's columns: it is a row, or the header itself. */
const hasRows = (lines: readonly string[], mark: string, { delimiter, width }: Shape): boolean =>
  lines.some((line) => line.startsWith(mark) && splitRecord(line, delimiter).length === width);

/**
 * Looks for comments above the header: lines that begin with one of # % ; and //, where no line that begins so has the
 * table's columns. Where one has, nothing is found: it may be data.
 *
 * @returns what `data.source.comment` is to be; null where there are none, or where it is declared
 */
export async function findComment(delivery: Delivery, source: SourceFormat): Promise<string | null> {
  if (source.comment !== null || (source.format ?? 'csv') !== 'csv') return null;
  const parts: string[][] = [];
  for (const { path } of delivery.parts) parts.push(await firstLines(path, source));
  const marks = new Set(parts.map((lines) => markAbove(lines, source.delimiter)).filter((mark) => mark !== null));
  const [mark] = marks;
  if (mark === undefined || marks.size > 1) return null;
  const isData = parts.some((lines) => {
    const header = lines.find((line) => !line.startsWith(mark));
    return header !== undefined && hasRows(lines, mark, shapeOf(header, source.delimiter));
  });
  return isData ? null : mark;
}

/** What is said of a mark that was found: lines are left out by it. */
export const commentSaid = (mark: string): string =>
  `lines that begin with ${mark} are taken for comments, as those above the header are: source: { comment: ${JSON.stringify(mark)} }`;

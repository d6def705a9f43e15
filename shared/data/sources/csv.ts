/** CSV, with whatever single character between its fields. */
import { scanCsv } from '../csv-scanner.ts';
import type { ScannedText, TextContext } from './text-source.ts';

const NONE: ReadonlySet<string> = new Set();

/** Scans CSV into clean text. */
export async function scanCsvText(bytes: AsyncIterable<Buffer>, context: TextContext): Promise<ScannedText> {
  const { told, log, delimiter: declared, comment, maxColumns, write, agrees, leaveOut } = context;
  let header: { readonly names: readonly string[]; readonly delimiter: string; readonly wanted: boolean } | undefined;
  const scan = await scanCsv(bytes, {
    part: told,
    problems: log,
    maxColumns,
    ...(declared === undefined ? {} : { delimiter: declared }),
    ...(comment === undefined ? {} : { comment }),
    onHeader: (names, delimiter, unnamed) => {
      if (unnamed > 0) leaveOut({ from: names.length + 1, count: unnamed });
      header = { names, delimiter, wanted: agrees(names) };
    },
    write: async (piece, longest) => {
      if (header?.wanted) await write(piece, { ...header, longest, ragged: false }, NONE);
      else piece.release();
    },
  });
  // Of a file that could not be read to its end nothing is judged but that.
  if (!header?.wanted || !scan.complete) return { records: 0, text: undefined };
  return { records: scan.records, text: { ...header, longest: scan.longest, ragged: false } };
}

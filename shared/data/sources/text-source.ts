/** What a format of text is to a reading: a scanner that turns its bytes into clean text. */
import type { CleanPiece } from '../clean-pieces.ts';
import type { ProblemLog } from '../problems.ts';
import type { CleanText } from './clean-blocks.ts';
import type { UnnamedColumns } from './part.ts';

/** What a scanner is given. */
export interface TextContext {
  readonly told: string | undefined;
  readonly log: ProblemLog;
  readonly delimiter: string | undefined;
  /** What a line begins with that is no record; of formats without one it is not declared. */
  readonly comment: string | undefined;
  /** The most columns that are read. */
  readonly maxColumns: number;
  /** Takes clean text, in whole records; of the text what is known so far. */
  readonly write: (piece: CleanPiece, text: CleanText, marked: ReadonlySet<string>) => Promise<void>;
  /** Told of columns that have neither a name nor a value. */
  readonly leaveOut: (columns: UnnamedColumns) => void;
  /** Whether a part with these columns belongs to the dataset. */
  readonly agrees: (names: readonly string[]) => boolean;
}

/** What was scanned. */
export interface ScannedText {
  readonly records: number;
  /** Undefined when the file was not read to its end, or no columns were found. */
  readonly text: CleanText | undefined;
}

/** Scans UTF-8. What is wrong with it goes into the context's log. */
export type TextScanner = (bytes: AsyncIterable<Buffer>, context: TextContext) => Promise<ScannedText>;

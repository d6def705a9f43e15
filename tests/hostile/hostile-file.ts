/** What a row of the catalogue is, and the small generators its bytes are made with. */
import type { Engine } from '../../shared/data/engine.ts';
import type { ProblemCode } from '../../shared/data/problems.ts';
import type { ColumnType } from '../../shared/features/columns.ts';

/** Makes Parquet with the data engine; nothing of it is stored. */
export interface Maker {
  readonly parquet: (sql: string) => Promise<Buffer>;
  readonly engine: Engine;
}

type Content = Uint8Array | string;
/** One file, or the parts of a folder by name. */
type Delivered = Content | Readonly<Record<string, Content>>;

/** Where a problem has to be told. What is left out may be anything. */
export interface ExpectedProblem {
  readonly code: ProblemCode;
  readonly line?: number;
  readonly column?: string;
  readonly part?: string;
}

/** One hostile or damaged delivery, and what has to come of it. */
export interface HostileFile {
  /** In the words of whoever sent it; a test's title. */
  readonly name: string;
  /** The file's name, when that is what is wrong. */
  readonly file?: string;
  readonly bytes: (make: Maker) => Delivered | Promise<Delivered>;
  /** The model's definition; {@link DEFINITION} when none is given. */
  readonly definition?: string;
  /** The most bytes that may be read; 64 MiB when none are given. */
  readonly maxBytes?: number;
  /** How far the peak of resident memory may rise, in MiB. */
  readonly memoryMiB?: number;
  readonly expected: Expected;
}

/** What has to come of a delivery. Accepting one is no silence: how many rows it has, and what they are, is told too. */
export type Expected =
  | {
      readonly verdict: 'accepted';
      readonly rows: number;
      readonly types?: Readonly<
        Record<string, ColumnType>
      > /** Checks that warn: the data passes, and a person is told. */;
      readonly warns?: readonly string[];
    }
  /** More than one function reads: not judged, and a person is told which limit it is. */
  | { readonly verdict: 'deferred'; readonly problem: ExpectedProblem }
  | {
      readonly verdict: 'rejected';
      /** The problems told first, in order; whatever follows is of the same codes. */
      readonly problems: readonly [ExpectedProblem, ...ExpectedProblem[]];
      /** Codes of what may be told besides, because it follows. */
      readonly also?: readonly ProblemCode[];
      /** Part of the first problem's sentence: what the sender can do. */
      readonly says?: string;
    };

/** The model most deliveries are for: every column but the key and the label is a feature. */
export const DEFINITION = 'problem: binary\ndata: { label: late, key: [id] }\n';

const PLACES = ['LAS', 'PHL', 'OAK'];
export const COLUMNS = ['id', 'amount', 'place', 'late'] as const;
type ColumnName = (typeof COLUMNS)[number];

/** The rows of a good delivery, 40 unless another number is asked for. */
export function goodRows(count = 40): Record<ColumnName, string>[] {
  return Array.from({ length: count }, (_, i) => ({
    id: String(i + 1),
    amount: `${(i * 37) % 100}.5`,
    place: PLACES[i % 3] ?? '',
    late: String(i % 2),
  }));
}

/** A good delivery as CSV; its rows stand on the lines from 2 on. */
export function csv(rows: readonly Readonly<Record<string, string>>[] = goodRows(), delimiter = ','): string {
  const names = Object.keys(rows[0] ?? {});
  return `${[names, ...rows.map((row) => names.map((name) => row[name] ?? ''))]
    .map((fields) => fields.join(delimiter))
    .join('\n')}\n`;
}

/** A good delivery in which some lines (counted from 1, the header's) are replaced. */
export function withLines(replaced: Readonly<Record<number, string>>, count = 40): string {
  const lines = csv(goodRows(count)).split('\n');
  for (const [line, text] of Object.entries(replaced)) lines[Number(line) - 1] = text;
  return lines.join('\n');
}

/** A good delivery in which one column holds what `cell` says of each row, or the header names it otherwise. */
export function withColumn(column: ColumnName, cell: (row: number) => string, count = 40): string {
  return csv(goodRows(count).map((row, i) => ({ ...row, [column]: cell(i) })));
}

/** A good delivery with one cell replaced, on a line. */
export function withCell(column: ColumnName, line: number, cell: string, count = 40): string {
  const rows = goodRows(count);
  return csv(rows.map((row, i) => (i === line - 2 ? { ...row, [column]: cell } : row)));
}

/** A good delivery in which a column has another name. */
export function renamed(column: ColumnName, name: string): string {
  return withLines({ 1: COLUMNS.map((each) => (each === column ? name : each)).join(',') });
}

/** Rejected for one reason, and for what follows from it. */
export const rejected = (problem: ExpectedProblem, says?: string, ...also: ProblemCode[]): Expected => ({
  verdict: 'rejected',
  problems: [problem],
  also,
  ...(says === undefined ? {} : { says }),
});

/** Not judged, for being more than one function reads. */
export const deferred = (problem: ExpectedProblem): Expected => ({ verdict: 'deferred', problem });

/** Accepted with forty rows, whose columns have these types. */
export const accepted = (
  types: Readonly<Record<string, ColumnType>> = {},
  rows = 40,
  warns: readonly string[] = [],
): Expected => ({
  verdict: 'accepted',
  rows,
  types,
  warns,
});

/**
 * Puts the parts of a dataset that were read side by side together: the same columns, problems, profile and typed copies
 * as reading one part after another gives. One thing differs, of data that is rejected either way: of a part whose columns
 * are not those of the others, nothing else is told.
 */
import type { PartFormat } from '../definition/source.ts';
import { AgreedColumns } from './agreed-columns.ts';
import { type FoundColumn, likelyTypes } from './column-typing.ts';
import { tellBadCells } from './conversion.ts';
import type { Engine } from './engine.ts';
import type { HashedPart } from './identity.ts';
import { linesOf, numberedRows } from './line-starts.ts';
import { widestType } from './merge-columns.ts';
import { type Problem, ProblemLog } from './problems.ts';
import { mergeProfiles } from './profile/merge.ts';
import { publishedProfile } from './profile/published.ts';
import type { WorkingProfile } from './profile/working.ts';
import { formatOf, NO_ROWS, type ReadDataset } from './read-dataset.ts';
import type { SourceBlock, UnnamedColumns } from './sources/part.ts';
import { type ColumnSpec, identifier, parquetRows } from './sql.ts';

/** What one part came to. */
export interface PieceRead extends HashedPart {
  /** As delivered. */
  readonly sizeBytes: number;
  /** Null when nothing of it could be read. */
  readonly format: PartFormat | null;
  readonly rows: number;
  readonly problems: readonly Problem[];
  readonly found: readonly FoundColumn[];
  readonly open: boolean;
  readonly unnamed?: UnnamedColumns | undefined;
  /** The columns of its typed copies; it may have none of these. */
  readonly columns: readonly ColumnSpec[];
  readonly copies: readonly { readonly rows: number }[];
}

/** A part whose typed copies are at hand. */
export interface PieceAtHand extends PieceRead {
  readonly copies: readonly { readonly rows: number; readonly path: string; readonly lines: string }[];
}

/** What the parts agree on. */
export interface Agreement {
  /** The dataset's columns in the order they were first met, each with the narrowest type that holds every part's cells. */
  readonly columns: readonly ColumnSpec[];
  /** What the first part that says something of a column takes its first rows for. */
  readonly first: ReadonlyMap<string, FoundColumn['type']>;
  /** What is told of parts whose columns are not those of the others, by index. */
  readonly differing: ReadonlyMap<number, readonly Problem[]>;
  /** Indices of the parts whose typed copies have other columns: they are read again, under these. */
  readonly again: readonly number[];
}

/** What the parts of a dataset agree on, in the order of their names. What they found when read by themselves decides. */
export function agreePieces(pieces: readonly PieceRead[]): Agreement {
  const differing = new Map<number, readonly Problem[]>();
  const said = new Map<string, Set<ColumnSpec['type']>>();
  const first = new Map<string, FoundColumn['type']>();
  let log = new ProblemLog();
  // One log a part, so that each has its own problem.
  const agreed = new AgreedColumns({ add: (...told) => log.add(...told) });
  for (const [index, piece] of pieces.entries()) {
    if (piece.found.length === 0) continue;
    log = new ProblemLog();
    const names = piece.found.map(({ name }) => name);
    if (!agreed.agree(piece.name, piece.name, names, piece.open)) {
      differing.set(index, log.list());
      continue;
    }
    for (const column of piece.found) {
      const types = said.get(column.name) ?? new Set();
      if (column.type !== null) types.add(column.type);
      said.set(column.name, types);
      if (column.first !== null && !first.has(column.name)) first.set(column.name, column.first);
    }
  }
  const columns = [...said].map(([name, types]) => ({ name, type: types.size === 0 ? 'string' : widestType(types) }));
  const key = keyOf(columns);
  const again = [...pieces.entries()].flatMap(([index, piece]) =>
    piece.copies.length > 0 && !differing.has(index) && keyOf(piece.columns) !== key ? [index] : [],
  );
  return { columns, first, differing, again };
}

const keyOf = (columns: readonly ColumnSpec[]): string => JSON.stringify(columns.map(({ name, type }) => [name, type]));

/** Puts working profiles of parts together one by one, so that few have to be held. */
export async function mergeWorking(profiles: AsyncIterable<WorkingProfile>): Promise<WorkingProfile | null> {
  let merged: WorkingProfile | null = null;
  for await (const profile of profiles) merged = merged === null ? profile : mergeProfiles(merged, profile);
  return merged;
}

/**
 * The dataset that the parts make.
 * @param pieces in the order of their names, read under the columns they agree on
 * @param known names of the columns whose types were given, not found
 */
export async function mergePieces(
  engine: Engine,
  pieces: readonly PieceAtHand[],
  { columns, first, differing }: Agreement,
  working: WorkingProfile | null,
  known: ReadonlySet<string>,
): Promise<ReadDataset> {
  const fitting = pieces.filter((_, index) => !differing.has(index));
  const usable = fitting.filter(({ format }) => format !== null);
  const isReadable = usable.length > 0;
  const copies = isReadable ? fitting.flatMap(({ name, copies: own }) => own.map((copy) => ({ name, ...copy }))) : [];
  const rows = usable.reduce((sum, piece) => sum + piece.rows, 0);
  const profile = copies.length === 0 || working === null ? null : working;
  const texts = columns.filter(({ name, type }) => type === 'string' && !known.has(name)).map(({ name }) => name);
  const blockOf = ({ name, path, lines }: (typeof copies)[number], names: readonly string[], numbered: boolean) =>
    ({
      part: name,
      told: name,
      kind: 'text',
      names,
      types: names.map(() => 'VARCHAR'),
      marked: new Set<string>(),
      relation: numbered ? numberedRows(path, lines, names) : textRows(path, names),
      path,
    }) satisfies SourceBlock;
  return {
    columns: isReadable ? columns : [],
    rows: isReadable ? rows : null,
    unnamed: pieces.flatMap(({ name, unnamed }) => (unnamed === undefined ? [] : [{ ...unnamed, part: name }])),
    format: formatOf(usable.flatMap(({ format }) => format ?? [])),
    problems: problemsOf(pieces, differing, columns, isReadable && rows === 0),
    delivered: pieces.map(({ name, sha256, sizeBytes }) => ({ name, sha256, sizeBytes })),
    parts: copies.map(({ name, path, rows: held }) => ({ name, told: name, path, rows: held })),
    profile: profile === null ? null : publishedProfile(profile),
    working: profile,
    likely: await likelyTypes(
      engine,
      copies.map((copy) => blockOf(copy, texts, false)),
      texts,
      texts.filter((name) => (first.get(name) ?? 'string') !== 'string'),
    ),
    lines: (part, ordinals) => {
      const copy = copies[part];
      if (copy === undefined) throw new RangeError(`no part ${part}`);
      return linesOf(engine, copy.lines, ordinals);
    },
    async tellUnparsed(log, column, type) {
      // Cells of a text column are as they came.
      for (const copy of copies) await tellBadCells(engine, blockOf(copy, [column], true), column, type, log);
    },
  };
}

function textRows(path: string, names: readonly string[]): string {
  const cells = names.map((name, at) => `${identifier(name)} AS c${at}`);
  return `SELECT ${cells.length === 0 ? 'true AS "row"' : cells.join(', ')} FROM (${parquetRows([path])})`;
}

/** As one reading tells them: what is met on the way, part by part, and then, by columns, which cells do not parse. */
function problemsOf(
  pieces: readonly PieceRead[],
  differing: Agreement['differing'],
  columns: readonly ColumnSpec[],
  withoutRow: boolean,
): Problem[] {
  const told = pieces.flatMap((piece, index) => differing.get(index) ?? piece.problems);
  const met = told.filter(({ code }) => code !== 'cell_not_parsed');
  const cells = columns.flatMap(({ name }) =>
    told.filter(({ code, column }) => code === 'cell_not_parsed' && column === name),
  );
  if (withoutRow && told.length === 0) return [{ code: 'no_rows', message: NO_ROWS, count: 1 }];
  return [...met, ...cells];
}

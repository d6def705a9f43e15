/** Turns the blocks of a dataset into typed tables and typed copies, and shows them to whoever counts. */
import { join } from 'node:path';
import type { ColumnType } from '../features/columns.ts';
import type { Block, BlockColumn, BlockVisitor } from './block.ts';
import { type LoadedBlock, loadBlock } from './block-table.ts';
import { ColumnTyping, type ExpectedTypes, type FoundColumn } from './column-typing.ts';
import { tellBadCells, tellLines } from './conversion.ts';
import type { Engine } from './engine.ts';
import { HeldMemory } from './held-columns.ts';
import type { ProblemLog } from './problems.ts';
import { ofInput } from './sources/parquet.ts';
import type { SourceBlock } from './sources/part.ts';
import { type ColumnSpec, identifier } from './sql.ts';

/** A typed copy of a block. */
export interface TypedPart {
  /** The name of the part it is of. */
  readonly name: string;
  /** The part's name in problems; undefined where the dataset is a single file. */
  readonly told: string | undefined;
  /** Parquet with the columns of the dataset and the rows in the order they came in. */
  readonly path: string;
  readonly rows: number;
}

/** Settings of {@link TypedDataset}. */
export interface TypingOptions {
  /** An empty directory for what is written. The caller removes it. */
  readonly directory: string;
  /** Columns whose type is known; cells that do not parse as it are problems. */
  readonly expected?: ExpectedTypes;
  /** What was found in all parts of the dataset, where this reads one of them: its columns, in order, and their types. */
  readonly agreed?: readonly ColumnSpec[];
  /** How many problems of one kind, part and column are listed one by one. */
  readonly problemCap?: number;
  /** Whoever counts over the typed data. They see a block side by side, and the blocks in order. */
  readonly visit?: readonly BlockVisitor[];
}

const DEFAULT_CAP = 20;

interface Copied {
  readonly source: SourceBlock;
  readonly typed: TypedPart;
}

/** The cells of a column that do not parse as its type: the first lines in each part, and their number. */
type BadCells = Map<string | undefined, { readonly lines: number[]; total: number }>;

/**
 * The blocks of a dataset on their way to typed copies. Types are found on the first rows, every block verifies them, and
 * the outcome is that of testing every cell for every type: when a block contradicts a type, the rest of the data is only
 * tested, and all is copied anew with the types that hold for all of it.
 *
 * While one block is shown to the visitors, the next one is loaded, and the one after that scanned.
 */
export class TypedDataset {
  readonly #engine: Engine;
  readonly #options: TypingOptions;
  readonly #log: ProblemLog;
  readonly #typing: ColumnTyping;
  readonly #memory = new HeldMemory();
  readonly #sources: SourceBlock[] = [];
  #copied: Copied[] = [];
  /** A block has been loaded with the types of its time; its copy may still be on its way. */
  #begun = false;
  #bad = new Map<string, BadCells>();
  /** A type has changed since blocks were copied. */
  #stale = false;
  #loading: Promise<unknown> = Promise.resolve();
  #showing: Promise<unknown> = Promise.resolve();
  /** Parts that the engine could not read. */
  readonly #unreadable = new Set<string>();

  constructor(engine: Engine, options: TypingOptions, log: ProblemLog) {
    this.#engine = engine;
    this.#options = options;
    this.#log = log;
    this.#typing = new ColumnTyping(options.expected ?? [], options.agreed);
  }

  get columns(): readonly ColumnSpec[] {
    return this.#typing.columns;
  }

  get found(): readonly FoundColumn[] {
    return this.#typing.found;
  }

  get typed(): readonly TypedPart[] {
    return this.#copied.map(({ typed }) => typed);
  }

  /** Takes up the columns of a header, even if no row follows it. */
  declare(names: readonly string[]): void {
    if (this.#typing.add(names) && this.#begun) this.#stale = true;
  }

  /** Takes the next block; resolves when there is room for another. False: its part could not be read. */
  async accept(block: SourceBlock): Promise<boolean> {
    await this.#loading;
    this.#sources.push(block);
    this.#loading = this.#process(block).finally(() => block.scanned?.release());
    // Whoever comes next awaits it, and meets its failure.
    this.#loading.catch(() => undefined);
    return !this.#unreadable.has(block.part);
  }

  /** Waits for what is under way, does again what types have overtaken, and tells which cells do not parse. */
  async finish(): Promise<void> {
    await this.#loading;
    await this.#showing;
    // Types only grow wider, so this ends; once is enough unless the engine changes its mind about a cell.
    while (this.#stale) {
      this.#stale = false;
      this.#copied = [];
      this.#begun = false;
      this.#bad = new Map();
      for (const [index, block] of this.#sources.entries()) await this.#load(block, index);
      await this.#showing;
    }
    this.#memory.clear();
    for (const { name, type } of this.columns) {
      for (const [part, { lines, total }] of this.#bad.get(name) ?? []) {
        tellLines(this.#log, { part, column: name }, type, lines, total);
      }
    }
  }

  /** Waits until nothing is under way any more, whatever came of it. */
  async abandon(): Promise<void> {
    await Promise.allSettled([this.#loading, this.#showing]);
  }

  likely(): Promise<Readonly<Record<string, ColumnType>>> {
    return this.#typing.likely(this.#engine, this.#sources);
  }

  async lines(part: number, ordinals: readonly number[]): Promise<number[]> {
    const copied = this.#copied[part];
    if (copied === undefined) throw new RangeError(`no part ${part}`);
    if (ordinals.length === 0) return [];
    const rows = await this.#engine.query(
      `SELECT line, ordinal FROM (SELECT line, row_number() OVER () - 1 AS ordinal FROM (${copied.source.relation})) WHERE ordinal IN (${ordinals.map((ordinal) => Math.trunc(ordinal)).join(', ')}) ORDER BY ordinal`,
    );
    const lines = new Map(rows.map((row) => [Number(row.ordinal), Number(row.line)]));
    return ordinals.map((ordinal) => {
      const line = lines.get(ordinal);
      if (line === undefined) throw new RangeError(`part ${part} has no row ${ordinal}`);
      return line;
    });
  }

  async tellUnparsed(log: ProblemLog, column: string, type: ColumnType): Promise<void> {
    for (const block of this.#sources) {
      await tellBadCells(this.#engine, block, column, type, log, this.#options.problemCap);
    }
  }

  async #process(block: SourceBlock): Promise<void> {
    const changed = await this.#read(block, () => this.#typing.begin(this.#engine, block));
    if (changed === undefined) return;
    if (changed && this.#begun) this.#stale = true;
    if (!this.#stale) await this.#load(block, this.#sources.length - 1);
    else await this.#settle(block, block.names);
  }

  async #settle(block: SourceBlock, suspects: readonly string[]): Promise<void> {
    const contradicted = await this.#typing.contradicted(this.#engine, block, suspects);
    await this.#typing.settle(this.#engine, block, contradicted);
  }

  /** Loads a block and, once the block before it has been seen, copies it and shows it. */
  async #load(block: SourceBlock, index: number): Promise<void> {
    for (;;) {
      const loaded = await this.#read(block, () => loadBlock(this.#engine, block, this.#typing, this.#memory));
      if (loaded === undefined) return;
      if (Array.isArray(loaded)) {
        await this.#typing.settle(this.#engine, block, loaded);
        if (!this.#begun) continue;
        this.#stale = true;
        return;
      }
      // The next part's header may have come meanwhile.
      if (loaded.columns.length < this.columns.length) this.#stale = true;
      await this.#note(block, loaded);
      this.#begun = true;
      await this.#showing;
      this.#showing = this.#show(block, index, loaded);
      this.#showing.catch(() => undefined);
      return;
    }
  }

  /** Notes the cells that do not parse, so that they can be told when the types stand. */
  async #note({ told }: SourceBlock, { table, columns, flagged }: LoadedBlock): Promise<void> {
    const cap = this.#options.problemCap ?? DEFAULT_CAP;
    for (const index of flagged) {
      const name = columns[index]?.name ?? '';
      const ofColumn: BadCells = this.#bad.get(name) ?? new Map();
      const here = ofColumn.get(told) ?? { lines: [], total: 0 };
      const [row] = await this.#engine.query(`SELECT count(*) AS n FROM ${table.name} WHERE u${index}`);
      here.total += Number(row?.n ?? 0);
      if (here.lines.length < cap) {
        const lines = await this.#engine.query(
          `SELECT line FROM ${table.name} WHERE u${index} LIMIT ${cap - here.lines.length}`,
        );
        here.lines.push(...lines.map(({ line }) => Number(line)));
      }
      if (here.total > 0) ofColumn.set(told, here);
      if (ofColumn.size > 0) this.#bad.set(name, ofColumn);
    }
  }

  async #show(source: SourceBlock, index: number, { table, columns, flagged }: LoadedBlock): Promise<void> {
    const path = join(this.#options.directory, `typed-${String(index).padStart(5, '0')}.parquet`);
    const fields = columns.map(({ name }, at) => `c${at} AS ${identifier(name)}`);
    const block: Block = {
      part: source.told,
      index,
      table: table.name,
      rows: table.rows,
      columns: columns.map(
        ({ name, type }, at): BlockColumn => ({
          name,
          type,
          cell: `c${at}`,
          unparsed: flagged.includes(at) && (source.kind === 'parquet' || this.#typing.isKnown(name)) ? `u${at}` : null,
        }),
      ),
    };
    const copying = this.#engine.copyToParquet(`SELECT ${fields.join(', ')} FROM ${table.name}`, path);
    const visiting = (this.#options.visit ?? []).map((visit) => visit(this.#engine, block));
    // Whoever fails, the table stands until nobody reads it any more.
    await Promise.allSettled([copying, ...visiting]);
    await Promise.all(visiting);
    const rows = await copying;
    this.#copied.push({ source, typed: { name: source.part, told: source.told, path, rows } });
    await table.drop();
  }

  /** Runs what reads a block; undefined when a Parquet part is not what it claims to be, and the log has been told. */
  async #read<T>(block: SourceBlock, work: () => Promise<T>): Promise<T | undefined> {
    if (block.kind === 'text') return work();
    if (this.#unreadable.has(block.part)) return undefined;
    const outcome = await ofInput(block.path, block.part, block.told, this.#log, async () => ({ value: await work() }));
    if (outcome === undefined) this.#unreadable.add(block.part);
    return outcome?.value;
  }
}

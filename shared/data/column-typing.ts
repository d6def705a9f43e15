/** Finds the type of each column of a dataset while its blocks come: the narrowest that holds every cell. */
import type { ColumnType } from '../features/columns.ts';
import {
  addCounts,
  type CastCounts,
  castCounts,
  castCountsSql,
  inferType,
  likelyType,
  MAX_EXACT,
  NO_CELLS,
  unparsed,
  WIDER,
} from './cell-types.ts';
import { cellOf, isTextIn } from './conversion.ts';
import type { Engine } from './engine.ts';
import { widestType } from './merge-columns.ts';
import { typeOfParquet } from './parquet-types.ts';
import { isEmptyColumn } from './plain-cells.ts';
import type { SourceBlock } from './sources/part.ts';
import type { ColumnSpec } from './sql.ts';

/** How many rows of a block are looked at to rule types out. What rows rule out is ruled out; the rest is verified. */
const SAMPLE_ROWS = 2000;

/** Types that digits, or the words for truth, can have; a value that is marked as text has none of them. */
const UNMARKED: ReadonlySet<ColumnType> = new Set(['integer', 'number', 'boolean']);

/** The columns whose type is known, or how they are found among a header's names. */
export type ExpectedTypes = readonly ColumnSpec[] | ((names: readonly string[]) => readonly ColumnSpec[]);

/** A column as the cells of some parts have it. */
export interface FoundColumn {
  readonly name: string;
  /** Null where no cell has said anything. */
  readonly type: ColumnType | null;
  /** What the first rows with a value were taken for. */
  readonly first: ColumnType | null;
}

interface State {
  /** Undefined while no cell has said anything. */
  type: ColumnType | undefined;
  first: ColumnType | undefined;
  /** Given by whoever reads; it is not found. */
  readonly known: boolean;
  /** What the text was taken for until a cell was met that is not. */
  before: ColumnType | undefined;
}

/** The columns of a dataset and their types, as far as the blocks seen so far tell. Types only ever grow wider. */
export class ColumnTyping {
  readonly #columns = new Map<string, State>();
  readonly #expected: ExpectedTypes;

  /** @param agreed columns and types that were found already, in all parts of the dataset */
  constructor(expected: ExpectedTypes, agreed: readonly ColumnSpec[] = []) {
    this.#expected = expected;
    if (agreed.length > 0) this.add(agreed.map(({ name }) => name));
    for (const { name, type } of agreed) {
      const state = this.#columns.get(name);
      if (state !== undefined && !state.known) state.type = type;
    }
  }

  /** In the order in which they were first met; what nothing is known of is text. */
  get columns(): ColumnSpec[] {
    return [...this.#columns].map(([name, { type }]) => ({ name, type: type ?? 'string' }));
  }

  get found(): FoundColumn[] {
    return [...this.#columns].map(([name, { type, first }]) => ({ name, type: type ?? null, first: first ?? null }));
  }

  /** Whether a column's type was given, not found. */
  isKnown(name: string): boolean {
    return this.#columns.get(name)?.known === true;
  }

  /** Takes up columns, in order. True: there are new ones. */
  add(names: readonly string[]): boolean {
    const before = this.#columns.size;
    const expected = typeof this.#expected === 'function' ? this.#expected(names) : this.#expected;
    for (const name of names) {
      if (this.#columns.has(name)) continue;
      const type = expected.find((column) => column.name === name)?.type;
      this.#columns.set(name, { type, first: undefined, known: type !== undefined, before: undefined });
    }
    return this.#columns.size > before;
  }

  /** Takes up what a block's source says of its types, and a sample of its text. True: a type has changed. */
  async begin(engine: Engine, block: SourceBlock): Promise<boolean> {
    const before = this.#types();
    this.add(block.names);
    if (block.kind === 'parquet') await this.#given(engine, block);
    // To ask the engine of a column that says nothing, it would read the whole block.
    const open = this.#open(block).filter(
      (name) => isTextIn(block, name) && !isEmptyColumn(block.scanned?.pieces, block.names.indexOf(name)),
    );
    const untold = await this.#sample(engine, block, open, SAMPLE_ROWS);
    await this.#sample(engine, block, untold, undefined);
    for (const name of block.marked) {
      const state = this.#columns.get(name);
      if (state?.type !== undefined && !state.known && UNMARKED.has(state.type)) this.#widen(state, 'string');
    }
    return this.#types() !== before;
  }

  /** Widens types that a text block was found to contradict, until they hold all of its cells. */
  async settle(engine: Engine, block: SourceBlock, contradicted: readonly string[]): Promise<void> {
    let failing = contradicted;
    while (failing.length > 0) {
      for (const name of failing) {
        const state = this.#columns.get(name);
        if (state?.type !== undefined) this.#widen(state, WIDER[state.type] ?? 'string');
      }
      failing = await this.contradicted(engine, block, failing);
    }
  }

  /** Those of some columns of text in which a cell does not parse as the type that was found. */
  async contradicted(engine: Engine, block: SourceBlock, names: readonly string[]): Promise<string[]> {
    const tested = names.flatMap((name) => {
      const { type, known } = this.#columns.get(name) ?? {};
      return type === undefined || type === 'string' || known === true || !isTextIn(block, name)
        ? []
        : [{ name, type }];
    });
    if (tested.length === 0) return [];
    const tests = tested.map(
      ({ name, type }, index) => `coalesce(bool_or(${unparsed(cellOf(block, name), type, true)}), false) AS b${index}`,
    );
    const [row = {}] = await engine.query(`SELECT ${tests.join(', ')} FROM (${block.relation})`);
    return tested.filter((_, index) => row[`b${index}`] === true).map(({ name }) => name);
  }

  /** Per text column, the type most of its cells parse as, when that is not text: what the sender probably meant. */
  likely(engine: Engine, blocks: readonly SourceBlock[]): Promise<Readonly<Record<string, ColumnType>>> {
    const texts = [...this.#columns].filter(([, { type, known }]) => type === 'string' && !known).map(([name]) => name);
    const turned = texts.filter((name) => this.#columns.get(name)?.before !== undefined);
    return likelyTypes(engine, blocks, texts, turned);
  }

  #types(): string {
    return [...this.#columns.values()].map(({ type }) => type ?? 'string').join();
  }

  #open(block: SourceBlock): string[] {
    return block.names.filter((name) => this.#columns.get(name)?.type === undefined);
  }

  #widen(state: State, type: ColumnType): void {
    if (type === 'string') state.before ??= state.type;
    state.type = type;
  }

  /** Infers types from the first rows of text (all of them without a limit). Returns the columns that hold nothing there. */
  async #sample(
    engine: Engine,
    block: SourceBlock,
    names: readonly string[],
    limit: number | undefined,
  ): Promise<string[]> {
    const counts = new Map<string, CastCounts>();
    await count(engine, block, names, limit, counts);
    return names.filter((name) => {
      const found = counts.get(name);
      const state = this.#columns.get(name);
      if (found === undefined || state === undefined || found.present === 0) return true;
      state.type = inferType(found);
      state.first = state.type;
      return false;
    });
  }

  async #given(engine: Engine, block: SourceBlock): Promise<void> {
    const exact = await exactIntegers(engine, block);
    for (const [index, name] of block.names.entries()) {
      const state = this.#columns.get(name);
      if (state === undefined || state.known || isTextIn(block, name)) continue;
      const type = typeOfParquet(block.types[index] ?? '') ?? 'string';
      const given = type === 'integer' && !exact.has(name) ? 'string' : type;
      state.first ??= given;
      state.type = state.type === undefined ? given : widestType(new Set([state.type, given]));
    }
  }
}

/** The integer columns of a Parquet block that hold nothing beyond 2^53. Larger ones are identifiers, and become text. */
async function exactIntegers(engine: Engine, block: SourceBlock): Promise<Set<string>> {
  const integers = block.names.filter((_, index) => typeOfParquet(block.types[index] ?? '') === 'integer');
  // Narrower types cannot hold anything beyond it.
  const wide = integers.filter((name) => /^(U?BIGINT|HUGEINT)$/.test(block.types[block.names.indexOf(name)] ?? ''));
  if (wide.length === 0) return new Set(integers);
  const tests = wide.map(
    (name, index) =>
      `coalesce(min(${cellOf(block, name)}) >= -${MAX_EXACT} AND max(${cellOf(block, name)}) <= ${MAX_EXACT}, true) AS e${index}`,
  );
  const [row = {}] = await engine.query(`SELECT ${tests.join(', ')} FROM (${block.relation})`);
  const beyond = wide.filter((_, index) => row[`e${index}`] !== true);
  return new Set(integers.filter((name) => !beyond.includes(name)));
}

async function count(
  engine: Engine,
  block: SourceBlock,
  names: readonly string[],
  limit: number | undefined,
  into: Map<string, CastCounts>,
): Promise<void> {
  const known = names.filter((name) => block.names.includes(name));
  const rows = limit === undefined ? block.relation : `${block.relation} LIMIT ${limit}`;
  if (known.length === 0) return;
  const cells = known.map(
    (name, index) => `${cellOf(block, name)}${isTextIn(block, name) ? '' : '::VARCHAR'} AS k${index}`,
  );
  // Planned once for all columns: aggregates for each of them took the square of their number to plan.
  const counted = await engine.query(
    `SELECT k, ${castCountsSql('cell').join(', ')} FROM (UNPIVOT (SELECT ${cells.join(', ')} FROM (${rows})) ON * INTO NAME k VALUE cell) GROUP BY k`,
  );
  const byPlace = new Map(counted.map((row) => [row.k, castCounts(row)]));
  for (const [index, name] of known.entries()) {
    const found = byPlace.get(`k${index}`) ?? NO_CELLS;
    const before = into.get(name);
    into.set(name, before === undefined ? found : addCounts(before, found));
  }
}

/**
 * What text columns were probably meant to be, by the first rows; of `turned`, that were taken for something else at
 * first, by all rows.
 */
export async function likelyTypes(
  engine: Engine,
  blocks: readonly SourceBlock[],
  texts: readonly string[],
  turned: readonly string[],
): Promise<Readonly<Record<string, ColumnType>>> {
  const counts = new Map<string, CastCounts>();
  const [first, ...others] = blocks;
  if (first !== undefined)
    await count(
      engine,
      first,
      texts.filter((name) => !turned.includes(name)),
      SAMPLE_ROWS,
      counts,
    );
  // A column that became text late on may be anything on its first rows.
  for (const block of first === undefined ? [] : [first, ...others])
    await count(engine, block, turned, undefined, counts);
  return Object.fromEntries(
    [...counts].flatMap(([name, found]) => {
      const meant = likelyType(found);
      return meant === undefined ? [] : [[name, meant]];
    }),
  );
}

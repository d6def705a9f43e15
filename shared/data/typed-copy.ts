/** Finds the types of a dataset's columns and makes its typed copies. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ColumnType } from '../features/columns.ts';
import {
  addCounts,
  type CastCounts,
  castCounts,
  castCountsSql,
  inferType,
  likelyType,
  MAX_EXACT,
  unparsed,
  WIDER,
} from './cell-types.ts';
import { cellOf, conversion, tellBadCells } from './conversion.ts';
import type { Engine } from './engine.ts';
import { EngineError } from './engine-error.ts';
import { widestType } from './merge-columns.ts';
import { typeOfParquet } from './parquet-types.ts';
import type { ProblemLog } from './problems.ts';
import { parquetRows } from './profile.ts';
import { ofInput, type SourcePart } from './source-part.ts';
import { type ColumnSpec, DATABASE_TYPES, identifier } from './sql.ts';

/** A part's typed copy. */
export interface TypedPart {
  readonly name: string;
  /** Parquet with the columns of the dataset and the rows in the order they came in. */
  readonly path: string;
  readonly rows: number;
}

/** Settings of {@link TypedDataset}. */
export interface TypingOptions {
  readonly directory: string;
  /** Columns whose type is known; cells that do not parse as it are problems. */
  readonly expected?: readonly ColumnSpec[];
  /** How many problems of one kind, part and column are listed one by one. */
  readonly problemCap?: number;
}

/** The integer columns of a Parquet part that hold nothing beyond 2^53. Larger ones are identifiers, and become text. */
async function exactIntegers(engine: Engine, part: SourcePart, names: readonly string[]): Promise<Set<string>> {
  const integers = names.filter((name) => typeOfParquet(part.types[part.names.indexOf(name)] ?? '') === 'integer');
  if (integers.length === 0) return new Set();
  const tests = integers.map(
    (name, index) =>
      `coalesce(min(${cellOf(part, name)}) >= -${MAX_EXACT} AND max(${cellOf(part, name)}) <= ${MAX_EXACT}, true) AS e${index}`,
  );
  const [row = {}] = await engine.query(`SELECT ${tests.join(', ')} FROM (${part.relation})`);
  return new Set(integers.filter((_, index) => row[`e${index}`] === true));
}

/** How many rows of each part are looked at to rule types out. What rows rule out is ruled out; the rest is verified. */
const SAMPLE_ROWS = 2000;

/** The parts of a dataset on their way to typed copies. */
export class TypedDataset {
  readonly #engine: Engine;
  readonly #parts: readonly SourcePart[];
  readonly #options: TypingOptions;
  readonly #log: ProblemLog;
  readonly #known: ReadonlyMap<string, ColumnType>;
  /** The sources of the typed parts, position by position. */
  #copied: SourcePart[] = [];
  #columns: ColumnSpec[] = [];
  #typed: TypedPart[] = [];
  readonly #likely: Record<string, ColumnType> = {};

  constructor(engine: Engine, parts: readonly SourcePart[], options: TypingOptions, log: ProblemLog) {
    this.#engine = engine;
    this.#parts = parts;
    this.#options = options;
    this.#log = log;
    this.#known = new Map((options.expected ?? []).map(({ name, type }) => [name, type]));
    this.#columns = (parts[0]?.names ?? []).map((name) => ({ name, type: this.#known.get(name) ?? 'string' }));
  }

  get columns(): readonly ColumnSpec[] {
    return this.#columns;
  }

  get typed(): readonly TypedPart[] {
    return this.#typed;
  }

  get likely(): Readonly<Record<string, ColumnType>> {
    return this.#likely;
  }

  /**
   * Decides the type of each column and writes the typed copies. Types are ruled out on a few rows, the copy is made
   * with the narrowest that is left, and a column in which the copy lacks a value is verified on all of its cells: a
   * type that fails is widened, and the copy made again. The outcome is that of testing every cell for every type.
   */
  async type(): Promise<void> {
    const open = this.#columns.map(({ name }) => name).filter((name) => !this.#known.has(name));
    const found = await this.#inferTypes(open, SAMPLE_ROWS);
    this.#columns = this.#columns.map(({ name, type }) => ({ name, type: found.get(name) ?? type }));
    let doubtful: string[];
    do {
      await this.#copy();
      doubtful = await this.#lacking();
    } while (await this.#widen(doubtful.filter((name) => !this.#known.has(name))));
    for (const { name, type } of this.#columns.filter((column) => doubtful.includes(column.name))) {
      if (!this.#known.has(name) && this.#parts.every((part) => part.kind === 'csv')) continue; // verified above
      for (const part of this.#parts)
        await tellBadCells(this.#engine, part, name, type, this.#log, this.#options.problemCap);
    }
  }

  /** The columns whose typed copies lack values. */
  async #lacking(): Promise<string[]> {
    if (this.#typed.length === 0 || this.#columns.length === 0) return [];
    const counts = this.#columns.map(({ name }, index) => `count(*) - count(${identifier(name)}) AS n${index}`);
    const [row = {}] = await this.#engine.query(
      `SELECT ${counts.join(', ')} FROM (${parquetRows(this.#typed.map(({ path }) => path))})`,
    );
    return this.#columns.filter((_, index) => Number(row[`n${index}`]) > 0).map(({ name }) => name);
  }

  /** Widens the types that do not hold every cell. True: something changed. */
  async #widen(names: readonly string[]): Promise<boolean> {
    const unsure = this.#columns.filter(({ name, type }) => type !== 'string' && names.includes(name));
    const bad = new Map<string, number>();
    for (const part of this.#parts) {
      if (part.kind !== 'csv' || unsure.length === 0) continue;
      const tests = unsure.map(
        ({ name, type }, index) => `count(*) FILTER (WHERE ${unparsed(cellOf(part, name), type, true)}) AS b${index}`,
      );
      const [row = {}] = await this.#engine.query(`SELECT ${tests.join(', ')} FROM (${part.relation})`);
      for (const [index, { name }] of unsure.entries()) {
        bad.set(name, (bad.get(name) ?? 0) + Number(row[`b${index}`]));
      }
    }
    const failed = unsure.filter(({ name }) => (bad.get(name) ?? 0) > 0).map(({ name }) => name);
    if (failed.length === 0) return false;
    const wider = new Map(unsure.map(({ name, type }) => [name, WIDER[type]]));
    const closed = failed.filter((name) => wider.get(name) === undefined);
    const recounted = await this.#inferTypes(closed, undefined);
    this.#columns = this.#columns.map(({ name, type }) =>
      failed.includes(name) ? { name, type: wider.get(name) ?? recounted.get(name) ?? 'string' } : { name, type },
    );
    return true;
  }

  /** The narrowest type of each column that the first `limit` rows of each part (all of them without one) leave possible. */
  async #inferTypes(names: readonly string[], limit: number | undefined): Promise<Map<string, ColumnType>> {
    const types = new Map<string, ColumnType>();
    if (names.length === 0) return types;
    const counts = new Map<string, CastCounts>();
    const given = new Map<string, Set<ColumnType>>(names.map((name) => [name, new Set()]));
    for (const part of this.#parts) {
      if (part.kind === 'csv') {
        const sql = names.flatMap((name, index) => castCountsSql(cellOf(part, name), `n${index}_`));
        const rows = limit === undefined ? part.relation : `${part.relation} LIMIT ${limit}`;
        const [row = {}] = await this.#engine.query(`SELECT ${sql.join(', ')} FROM (${rows})`);
        names.forEach((name, index) => {
          const here = castCounts(row, `n${index}_`);
          const before = counts.get(name);
          counts.set(name, before === undefined ? here : addCounts(before, here));
        });
      } else {
        const exact = await exactIntegers(this.#engine, part, names);
        for (const name of names) {
          const type = typeOfParquet(part.types[part.names.indexOf(name)] ?? '') ?? 'string';
          given.get(name)?.add(type === 'integer' && !exact.has(name) ? 'string' : type);
        }
      }
    }
    for (const name of names) {
      const found = counts.get(name);
      const all = new Set(given.get(name));
      if (found !== undefined && found.present > 0) all.add(inferType(found));
      // Nothing seen in the sample: all of the column has to be counted.
      if (all.size === 0 && limit !== undefined) {
        types.set(name, (await this.#inferTypes([name], undefined)).get(name) ?? 'string');
        continue;
      }
      const type = all.size === 0 ? 'string' : widestType(all);
      types.set(name, type);
      const meant = found === undefined ? undefined : likelyType(found);
      if (type === 'string' && meant !== undefined) this.#likely[name] = meant;
    }
    return types;
  }

  async #copy(): Promise<void> {
    this.#typed = [];
    this.#copied = [];
    for (const [index, part] of this.#parts.entries()) {
      if (part.rows === 0) continue;
      const path = join(this.#options.directory, `part-${String(index).padStart(5, '0')}.parquet`);
      const fields = this.#columns.map(
        ({ name, type }) =>
          `(${conversion(part, name, type, !this.#known.has(name)).value})::${DATABASE_TYPES[type]} AS ${identifier(name)}`,
      );
      const write = () => this.#engine.copyToParquet(`SELECT ${fields.join(', ')} FROM (${part.relation})`, path);
      const rows =
        part.kind === 'csv' ? await write() : await ofInput(part.name, part.name, part.told, this.#log, write);
      if (rows === undefined) {
        await rm(path, { force: true });
        continue;
      }
      // The scanner counted what it wrote; if the engine sees another number, they disagree on what a record is.
      if (rows !== part.rows)
        throw new EngineError(`${part.name}: ${part.rows} rows scanned, ${rows} copied`, 'internal');
      this.#typed.push({ name: part.name, path, rows });
      this.#copied.push(part);
    }
  }

  async lines(part: number, ordinals: readonly number[]): Promise<number[]> {
    const source = this.#copied[part];
    if (source === undefined) throw new RangeError(`no part ${part}`);
    if (source.kind === 'parquet') return ordinals.map((ordinal) => ordinal + 1);
    if (ordinals.length === 0) return [];
    const rows = await this.#engine.query(
      `SELECT line, ordinal FROM (SELECT line, row_number() OVER () - 1 AS ordinal FROM (${source.relation})) WHERE ordinal IN (${ordinals.map((ordinal) => Math.trunc(ordinal)).join(', ')}) ORDER BY ordinal`,
    );
    const lines = new Map(rows.map((row) => [Number(row.ordinal), Number(row.line)]));
    return ordinals.map((ordinal) => {
      const line = lines.get(ordinal);
      if (line === undefined) throw new RangeError(`part ${part} has no row ${ordinal}`);
      return line;
    });
  }

  async tellUnparsed(log: ProblemLog, column: string, type: ColumnType): Promise<void> {
    for (const part of this.#parts) await tellBadCells(this.#engine, part, column, type, log, this.#options.problemCap);
  }
}

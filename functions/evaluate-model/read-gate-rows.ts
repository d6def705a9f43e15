/** Reads what judging needs of the gate rows out of the rows files beside them, in one pass over each. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Engine, identifier, literal } from '../../shared/data/engine.ts';
import { CLUSTER_COLUMN, protectedColumn, sliceColumn, TIME_COLUMN, WEIGHT_COLUMN } from '../../shared/data/rows.ts';
import { type Cluster, clusterName, timeBlock } from '../../shared/definition/cluster.ts';
import { type Clusters, placesInOrder } from '../../shared/evaluation/clusters.ts';
import type { GateRows, Grouping } from '../../shared/evaluation/gate-rows.ts';
import type { Column, ColumnBatch } from '../../shared/features/columns.ts';
import type { Prepared } from '../../shared/ledger/facts.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';

/** Which gate rows, and what of them. */
export interface GateRowsWanted {
  readonly parts: Prepared['splits']['gate']['parts'];
  /**
   * Multiclass: what the model was taught, in the order of its answer; null where labels are numbers. Classes that the
   * gate rows have beside these come after them.
   */
  readonly classes: readonly string[] | null;
  /**
   * What rows that move together have in common, and whether it is a block of time, which has neighbours; null takes
   * every row for itself.
   */
  readonly cluster: { readonly by: string; readonly inTime: boolean } | null;
  readonly isWeighted: boolean;
  /** Whether it matters when the rows were. */
  readonly isTimed: boolean;
  /** Columns of the data, as the definition spells them. */
  readonly slices: readonly string[];
  readonly protected: readonly string[];
}

/** What a definition says of rows that move together, as reading the rows asks for it. */
export function clusterWanted(cluster: Cluster): GateRowsWanted['cluster'] {
  const by = clusterName(cluster);
  return by === null ? null : { by, inTime: timeBlock(cluster) !== undefined };
}

/** Gate rows, and when they were. */
export interface TimedGateRows extends GateRows {
  /** Epoch milliseconds, NaN where a row has no time; null where nobody asked. */
  readonly times: Float64Array | null;
}

/** Reads gate rows. @throws GateRowsError where the files are not what the definition says of them. */
export type ReadGateRows = (wanted: GateRowsWanted) => Promise<TimedGateRows>;

/** The gate rows cannot be judged as the definition asks: trying again cannot help. */
export class GateRowsError extends Error {
  override readonly name = 'GateRowsError';
}

const BATCH_ROWS = 65_536;
const DAY_MS = 86_400_000;

/** A column with more values than this does not group rows; each of them would be a group. */
const MAX_VALUES = 10_000;

/** Codes texts as they come, so that a text is kept once; {@link TextCodes.sorted} numbers them in order at the end. */
class TextCodes {
  readonly codes: Int32Array;
  readonly #column: string;
  readonly #max: number;
  readonly #places = new Map<string, number>();

  constructor(column: string, rows: number, max: number) {
    this.#column = column;
    this.#max = max;
    this.codes = new Int32Array(rows).fill(-1);
  }

  take({ values, nulls }: Column, offset: number): void {
    for (let row = 0; row < values.length; row += 1) {
      if (nulls?.[row] === 1) continue;
      const text = String(values[row]);
      let place = this.#places.get(text);
      if (place === undefined) {
        place = this.#places.size;
        if (place >= this.#max) {
          throw new GateRowsError(
            `${this.#column} has more than ${this.#max.toLocaleString('en-US')} values in the gate rows: groups of rows cannot be told apart by it`,
          );
        }
        this.#places.set(text, place);
      }
      this.codes[offset + row] = place;
    }
  }

  /** The texts, the given ones first and the others in the order of their code units; the codes follow them. */
  sorted(first: readonly string[] = []): { readonly values: readonly string[]; readonly codes: Int32Array } {
    const known = new Set(first);
    const others = [...this.#places.keys()].filter((text) => !known.has(text)).sort((a, b) => (a < b ? -1 : 1));
    const values = [...first, ...others];
    const places = new Map(values.map((text, place) => [text, place]));
    const moved = Int32Array.from(this.#places.keys(), (text) => places.get(text) ?? -1);
    for (let row = 0; row < this.codes.length; row += 1) {
      const code = this.codes[row] ?? -1;
      if (code >= 0) this.codes[row] = moved[code] ?? -1;
    }
    return { values, codes: this.codes };
  }
}

/** Numbers clusters in the order they come. Rows of no cluster are one: they are not taken for independent. */
class ClusterIds {
  readonly ids: Uint32Array;
  readonly #numbers = new Map<string | number | null, number>();

  constructor(rows: number) {
    this.ids = new Uint32Array(rows);
  }

  clusters(by: string, inTime: boolean): Clusters {
    const numbered = { ids: this.ids, count: this.#numbers.size };
    return inTime ? { ...numbered, inTime: this.#order(by) } : numbered;
  }

  /** Rows without a time stand beside nothing in particular: they come last. */
  #order(by: string): Uint32Array {
    const times = Float64Array.from(this.#numbers.keys(), (key) => {
      if (typeof key === 'string') throw new GateRowsError(`the clusters by ${by} are text, and no blocks of time`);
      return key ?? Number.POSITIVE_INFINITY;
    });
    return placesInOrder(times);
  }

  take({ values, nulls }: Column, offset: number): void {
    for (let row = 0; row < values.length; row += 1) {
      const key = nulls?.[row] === 1 ? null : (values[row] ?? null);
      let id = this.#numbers.get(key);
      if (id === undefined) {
        id = this.#numbers.size;
        this.#numbers.set(key, id);
      }
      this.ids[offset + row] = id;
    }
  }
}

function columnIn({ columns }: ColumnBatch, name: string): Column {
  const column = Object.hasOwn(columns, name) ? columns[name] : undefined;
  if (column === undefined) throw new GateRowsError(`the rows files have no column ${name}`);
  return column;
}

function takeNumbers(into: Float64Array, { type, values, nulls }: Column, offset: number, what: string): void {
  if (type === 'string') throw new GateRowsError(`the ${what} of the gate rows are text, and no numbers`);
  for (let row = 0; row < values.length; row += 1) {
    into[offset + row] = nulls?.[row] === 1 ? Number.NaN : (values[row] ?? Number.NaN);
  }
}

/** Dates are days since 1970, timestamps microseconds. */
function takeTimes(into: Float64Array, { type, values, nulls }: Column, offset: number): void {
  if (type !== 'date' && type !== 'timestamp') throw new GateRowsError(`the times of the gate rows are ${type}`);
  const unit = type === 'date' ? DAY_MS : 1 / 1000;
  for (let row = 0; row < values.length; row += 1) {
    into[offset + row] = nulls?.[row] === 1 ? Number.NaN : Number(values[row]) * unit;
  }
}

/** Collects the columns of all parts. */
class Collected {
  readonly #wanted: GateRowsWanted;
  readonly #labels: Float64Array;
  readonly #classes: TextCodes | null;
  readonly #weights: Float64Array | null;
  readonly #times: Float64Array | null;
  readonly #clusters: ClusterIds | null;
  readonly #slices: readonly TextCodes[];
  readonly #protected: readonly TextCodes[];
  #offset = 0;

  constructor(wanted: GateRowsWanted, rows: number) {
    this.#wanted = wanted;
    this.#labels = new Float64Array(rows);
    this.#classes = wanted.classes === null ? null : new TextCodes('the label', rows, MAX_VALUES);
    this.#weights = wanted.isWeighted ? new Float64Array(rows) : null;
    this.#times = wanted.isTimed ? new Float64Array(rows) : null;
    this.#clusters = wanted.cluster === null ? null : new ClusterIds(rows);
    this.#slices = wanted.slices.map((name) => new TextCodes(name, rows, MAX_VALUES));
    this.#protected = wanted.protected.map((name) => new TextCodes(name, rows, MAX_VALUES));
  }

  take(batch: ColumnBatch, names: PartColumns): void {
    const offset = this.#offset;
    const label = columnIn(batch, 'label');
    if (this.#classes === null) takeNumbers(this.#labels, label, offset, 'labels');
    else this.#classes.take(label, offset);
    if (this.#weights !== null) takeNumbers(this.#weights, columnIn(batch, WEIGHT_COLUMN), offset, 'weights');
    if (this.#times !== null) takeTimes(this.#times, columnIn(batch, TIME_COLUMN), offset);
    this.#clusters?.take(columnIn(batch, CLUSTER_COLUMN), offset);
    this.#slices.forEach((codes, i) => {
      codes.take(columnIn(batch, names.slices[i] ?? ''), offset);
    });
    this.#protected.forEach((codes, i) => {
      codes.take(columnIn(batch, names.protected[i] ?? ''), offset);
    });
    this.#offset += batch.rows;
  }

  finish(): TimedGateRows {
    const { cluster, classes, parts, slices } = this.#wanted;
    const grouping = (column: string, codes: TextCodes): Grouping => ({ column, ...codes.sorted() });
    const named = this.#classes?.sorted(classes ?? []);
    return {
      parts: parts.map(({ rows }) => rows),
      labels:
        named === undefined ? this.#labels : Float64Array.from(named.codes, (code) => (code < 0 ? Number.NaN : code)),
      classes: named?.values ?? null,
      weights: this.#weights,
      times: this.#times,
      cluster:
        this.#clusters === null || cluster === null
          ? null
          : { by: cluster.by, clusters: this.#clusters.clusters(cluster.by, cluster.inTime) },
      slices: this.#slices.map((codes, i) => grouping(slices[i] ?? '', codes)),
      protected: this.#protected.map((codes, i) => grouping(this.#wanted.protected[i] ?? '', codes)),
    };
  }
}

/** What the wanted columns are called in a rows file. */
interface PartColumns {
  readonly slices: readonly string[];
  readonly protected: readonly string[];
}

/** Columns are spelled as the data has them, and a definition may spell them in other letters. */
function spelled(names: readonly string[], inFile: readonly string[]): string[] {
  return names.map((name) => {
    const found = inFile.includes(name) ? name : inFile.find((other) => other.toLowerCase() === name.toLowerCase());
    if (found === undefined) throw new GateRowsError(`the rows files have no column ${name}`);
    return found;
  });
}

/** One rows file: numbers as they are, everything that groups rows as text. */
async function* batchesOf(
  engine: Engine,
  file: string,
  wanted: GateRowsWanted,
): AsyncGenerator<{ readonly batch: ColumnBatch; readonly names: PartColumns }> {
  const from = `read_parquet(${literal(file)})`;
  const inFile = (await engine.describe(`SELECT * FROM ${from}`)).map(({ name }) => name);
  const names = {
    slices: spelled(wanted.slices.map(sliceColumn), inFile),
    protected: spelled(wanted.protected.map(protectedColumn), inFile),
  };
  const plain = [
    'label',
    ...(wanted.isWeighted ? spelled([WEIGHT_COLUMN], inFile) : []),
    ...(wanted.isTimed ? spelled([TIME_COLUMN], inFile) : []),
    ...(wanted.cluster === null ? [] : spelled([CLUSTER_COLUMN], inFile)),
  ].map(identifier);
  const groups = [...new Set([...names.slices, ...names.protected])].map(
    (name) => `${identifier(name)}::VARCHAR AS ${identifier(name)}`,
  );
  const sql = `SELECT ${[...plain, ...groups].join(', ')} FROM ${from}`;
  for await (const batch of engine.columns(sql, BATCH_ROWS)) yield { batch, names };
}

/**
 * Reads gate rows from the store: one file at a time on the function's disk, and of each row the few numbers that are
 * judged by (8 bytes of label, 4 for each column that groups, 8 of time where that is wanted).
 */
export const gateRowsReader =
  (store: ObjectStore, openEngine: (tempDirectory: string) => Promise<Engine>): ReadGateRows =>
  async (wanted) => {
    const directory = mkdtempSync(join(tmpdir(), 'gate-'));
    const engine = await openEngine(directory);
    try {
      const collected = new Collected(
        wanted,
        wanted.parts.reduce((sum, { rows }) => sum + rows, 0),
      );
      for (const { rowsKey, rows } of wanted.parts) {
        const file = join(directory, 'rows.parquet');
        await store.download(rowsKey, file);
        let found = 0;
        for await (const { batch, names } of batchesOf(engine, file, wanted)) {
          found += batch.rows;
          if (found > rows) break;
          collected.take(batch, names);
        }
        if (found !== rows) throw new GateRowsError(`${rowsKey} has other rows than the ${rows} that were prepared`);
      }
      return collected.finish();
    } finally {
      engine.close();
      rmSync(directory, { recursive: true, force: true });
    }
  };

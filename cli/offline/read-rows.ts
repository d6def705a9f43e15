import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { clusterWanted, gateRowsReader } from '../../functions/evaluate-model/read-gate-rows.ts';
import { type Engine, identifier, openEngine } from '../../shared/data/engine.ts';
import { CLUSTER_COLUMN, protectedColumn, sliceColumn, WEIGHT_COLUMN } from '../../shared/data/rows.ts';
import { clusterColumn, clusterName, INDEPENDENT, timeBlock } from '../../shared/definition/cluster.ts';
import type { ModelDefinition } from '../../shared/definition/schema.ts';
import type { GateRows } from '../../shared/evaluation/gate-rows.ts';
import { memoryObjectStore } from '../../shared/ledger/memory-object-store.ts';
import { InputProblem } from './input-problem.ts';
import { KEY_COLUMN } from './read-scores.ts';
import { readTable, type Table } from './table.ts';

const LABEL_COLUMN = 'label';
const TIME_COLUMN = 'time';
const MEMORY_LIMIT_MB = 1024;

/** The types of a label that is told as a number. */
const NUMBERS: ReadonlySet<string> = new Set(['integer', 'number', 'boolean']);

/** The names a column may have in the file: the rows files of a run have the first, a team's own data the second. */
function named(names: readonly string[], ...wanted: readonly (string | null)[]): string | undefined {
  for (const name of wanted) {
    if (name === null) continue;
    const found = names.find((other) => other === name) ?? names.find((other) => lower(other) === lower(name));
    if (found !== undefined) return found;
  }
  return undefined;
}

const lower = (name: string): string => name.toLowerCase();

/** Where in the file each thing is that judging needs. */
class RowsColumns {
  readonly #file: string;
  readonly #names: readonly string[];
  readonly #definition: ModelDefinition;

  constructor(file: string, names: readonly string[], definition: ModelDefinition) {
    this.#file = file;
    this.#names = names;
    this.#definition = definition;
  }

  get label(): string {
    return this.#need('the label', [LABEL_COLUMN, this.#definition.data.label.name]);
  }

  get weight(): string | null {
    const { weight } = this.#definition.data;
    return weight === null ? null : this.#need('data.weight', [WEIGHT_COLUMN, weight]);
  }

  slice(name: string): string {
    return this.#need(`evaluation.slices: ${name}`, [sliceColumn(name), name]);
  }

  guarded(name: string): string {
    return this.#need(`evaluation.fairness: ${name}`, [protectedColumn(name), name]);
  }

  /** The column that says which rows move together, the block of time it stands for, and whether it has to be cut. */
  get cluster(): { readonly column: string; readonly block: string | null; readonly cut: boolean } | null {
    const { evaluation, data } = this.#definition;
    if (evaluation.cluster === INDEPENDENT) return null;
    const column = clusterColumn(evaluation.cluster) ?? null;
    const block = timeBlock(evaluation.cluster) ?? null;
    const what = `evaluation.cluster: ${clusterName(evaluation.cluster)}`;
    if (block === null) return { column: this.#need(what, [CLUSTER_COLUMN, column]), block, cut: false };
    const given = named(this.#names, CLUSTER_COLUMN);
    if (given !== undefined) return { column: given, block, cut: false };
    return { column: this.#need(what, [TIME_COLUMN, data.time, CLUSTER_COLUMN]), block, cut: true };
  }

  #need(what: string, wanted: readonly (string | null)[]): string {
    const found = named(this.#names, ...wanted);
    if (found !== undefined) return found;
    const either = [...new Set(wanted.filter((name) => name !== null))].join(' or ');
    throw new InputProblem(
      'column_missing',
      this.#file,
      `there is no column for ${what}; the columns are ${this.#names.join(', ')}`,
      `add a column ${either}, or take it out of the definition`,
    );
  }
}

/** Blocks of time: a time cut into them, or what they are numbered by. Rows of one block are one cluster. */
function blockSql(table: Table, column: string, block: string, cut: boolean): string {
  const type = table.columns.find(({ name }) => name === column)?.type;
  const isTime = type === 'timestamp' || type === 'date';
  if (cut && isTime) return `date_trunc('${block}', ${identifier(column)}::TIMESTAMP)`;
  if (!cut && (isTime || type === 'integer')) return identifier(column);
  throw new InputProblem(
    'time_missing',
    table.file,
    `the column ${column} holds no times${cut ? '' : `, and evaluation.cluster is the ${block}`}`,
    cut
      ? 'write times as 2001-01-25T10:15:00Z, or give a column cluster that numbers the blocks'
      : `number the blocks, write times, or say evaluation.cluster: { column: ${column} }`,
  );
}

/** Opens the rows file, every column that groups rows as text. @throws InputProblem */
export const readRowsTable = (
  engine: Engine,
  file: string,
  directory: string,
  definition: ModelDefinition,
): Promise<Table> =>
  readTable(engine, file, directory, (names) => {
    const columns = new RowsColumns(file, names, definition);
    const texts = [
      ...(definition.problem === 'multiclass' ? [columns.label] : []),
      ...(columns.cluster?.block === null ? [columns.cluster.column] : []),
      ...definition.evaluation.slices.map(({ column }) => columns.slice(column)),
      ...definition.evaluation.fairness.map(({ column }) => columns.guarded(column)),
      ...names.filter((name) => name === KEY_COLUMN),
    ];
    const numbers = columns.weight === null ? [] : [columns.weight];
    return [
      ...[...new Set(texts)].map((name) => ({ name, type: 'string' as const })),
      ...numbers.filter((name) => !texts.includes(name)).map((name) => ({ name, type: 'number' as const })),
    ];
  });

/**
 * What judging needs of the rows, by the same reader that a run's rows go through.
 *
 * @param classes multiclass: the classes the models have scores for; null where labels are numbers
 * @throws InputProblem where the rows do not have what the definition asks for
 */
export async function readRows(
  engine: Engine,
  table: Table,
  directory: string,
  definition: ModelDefinition,
  classes: readonly string[] | null,
): Promise<GateRows> {
  const { evaluation, problem } = definition;
  const columns = new RowsColumns(
    table.file,
    table.columns.map(({ name }) => name),
    definition,
  );
  const label = columns.label;
  const labelType = table.columns.find(({ name }) => name === label)?.type ?? '';
  if (problem !== 'multiclass' && !NUMBERS.has(labelType)) {
    throw new InputProblem(
      problem === 'binary' ? 'label_not_binary' : 'label_not_a_number',
      table.file,
      `the column ${label} holds no numbers`,
      problem === 'binary' ? 'write the label as 0 and 1, or as true and false' : 'write the label as numbers',
    );
  }
  const { cluster, weight } = columns;
  const grouped = new Map([
    ...evaluation.slices.map(({ column }) => [sliceColumn(column), columns.slice(column)] as const),
    ...evaluation.fairness.map(({ column }) => [protectedColumn(column), columns.guarded(column)] as const),
  ]);
  const selected = [
    `${identifier(label)}${problem === 'multiclass' ? '' : '::DOUBLE'} AS label`,
    ...(weight === null ? [] : [`${identifier(weight)} AS ${WEIGHT_COLUMN}`]),
    ...(cluster === null
      ? []
      : [
          `${cluster.block === null ? identifier(cluster.column) : blockSql(table, cluster.column, cluster.block, cluster.cut)} AS ${CLUSTER_COLUMN}`,
        ]),
    ...[...grouped].map(([name, column]) => `${identifier(column)} AS ${identifier(name)}`),
  ];
  const path = join(directory, 'rows.parquet');
  const rows = await engine.copyToParquet(`SELECT ${selected.join(', ')} FROM ${table.relation}`, path);
  const store = memoryObjectStore();
  await store.put(path, await readFile(path));
  const read = gateRowsReader(store, (tempDirectory) => openEngine({ memoryLimitMb: MEMORY_LIMIT_MB, tempDirectory }));
  return read({
    parts: [{ dataKey: path, rowsKey: path, rows }],
    classes,
    cluster: clusterWanted(evaluation.cluster),
    isWeighted: weight !== null,
    isTimed: false,
    slices: evaluation.slices.map(({ column }) => column),
    protected: evaluation.fairness.map(({ column }) => column),
  });
}

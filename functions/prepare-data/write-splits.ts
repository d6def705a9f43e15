/** The two passes over a run's data: one to learn its categories, one to write its parts. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { countCategories } from '../../shared/data/dictionary.ts';
import type { Engine } from '../../shared/data/engine.ts';
import { typedRows } from '../../shared/data/merge-columns.ts';
import { columnsOfRoles, type RowsFile } from '../../shared/data/rows.ts';
import type { InputEncoder } from '../../shared/data/run-input.ts';
import { keyHashes, SIDES } from '../../shared/data/split.ts';
import { openSplitWriter, type SplitPart } from '../../shared/data/split-writer.ts';
import type { ResolvedInput } from '../../shared/definition/resolve.ts';
import type { Column, ColumnBatch } from '../../shared/features/columns.ts';
import { compile } from '../../shared/features/compile.ts';
import type { BaselineRowsSample } from '../../shared/monitoring/baseline-sample.ts';
import type { AssignRows } from './assign-rows.ts';
import { type LabelKind, type Strength, trainingSample } from './strongest-features.ts';

/** A run's rows: typed copies on local disk, in order. */
export interface RunRows {
  readonly engine: Engine;
  readonly paths: readonly string[];
  readonly input: ResolvedInput;
}

const BATCH_ROWS = 16_384;
/** SageMaker splits what it reads by lines; parts of this size are quick to move and to read again. */
const MAX_PART_BYTES = 64 * 1024 * 1024;
/** Rows of an open part wait in the engine's memory. */
const MAX_PART_ROWS = 500_000;

/** Batches of a run's rows, with some of its columns. */
async function* batches({ engine, paths, input }: RunRows, names: Iterable<string>): AsyncGenerator<ColumnBatch> {
  const columns = [...new Set(names)].map((name) => {
    const type = input.columnTypes[name];
    if (type === undefined) throw new RangeError(`the data has no column ${name}`);
    return { name, type };
  });
  for (const path of paths) yield* engine.columns(typedRows(path, columns), BATCH_ROWS);
}

/** What the rows to train on show of categories and, of a multiclass problem, of classes. */
export interface ToLearn {
  /** Each feature of categories has an entry. */
  readonly categories: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly classes: ReadonlySet<string>;
}

/** Looks for the categories and classes of the rows to train on. */
export async function namesToLearn(
  rows: RunRows,
  assign: AssignRows,
  assignedBy: readonly string[],
  maxClasses: number,
): Promise<ToLearn> {
  const features = rows.input.features.filter(({ kind }) => kind === 'category');
  const counts = new Map(features.map(({ name }) => [name, new Map<string, number>()]));
  const classes = new Set<string>();
  const found = { categories: counts, classes };
  if (features.length === 0 && maxClasses === 0) return found;
  const evaluate = compile(
    features.map(({ expression }) => expression),
    rows.input.columnTypes,
  );
  for await (const batch of batches(rows, [...assignedBy, ...rows.input.inputColumns])) {
    const { sides, shown } = assign(batch);
    if (maxClasses > 0 && shown.type === 'string') {
      for (const row of chosen(sides, SIDES.train))
        if (classes.size <= maxClasses) classes.add(shown.values[row] ?? '');
    }
    const vectors = evaluate(batch);
    features.forEach(({ name }, index) => {
      const values = vectors[index];
      const into = counts.get(name);
      if (values === undefined || into === undefined) throw new RangeError(`feature ${name} was not computed`);
      countCategories(into, values, batch.rows, sides, SIDES.train);
    });
  }
  return found;
}

/** How another model reads the gate rows, and which columns it needs for it. */
export interface OtherEncoder {
  readonly encode: InputEncoder;
  readonly columns: readonly string[];
}

/** The models that read the gate rows beside the candidate, by the name of their encoding. */
export const OTHERS = ['gate-champion', 'gate-anchor'] as const;

/** How rows are encoded: for the candidate, and for each model there is to compare with. */
export interface Encoders {
  readonly candidate: InputEncoder;
  readonly others: Readonly<Partial<Record<(typeof OTHERS)[number], OtherEncoder>>>;
}

/** What the second pass wrote and saw. */
export interface WrittenSplits {
  readonly train: readonly SplitPart[];
  readonly validation: readonly SplitPart[];
  /** CSV files `gate` and one for each other model. */
  readonly gate: readonly SplitPart[];
  readonly dropped: Readonly<Record<string, number>>;
  /** How many rows to train on have each label; of a binary problem alone. */
  readonly trainLabels: ReadonlyMap<number, number>;
  /** sha256 over keys and labels of the gate rows, in their order. */
  readonly gateDigest: string;
  readonly strongestFeatures: readonly Strength[];
}

/** Writes the parts of all splits below a directory. */
export async function writeSplits(
  rows: RunRows,
  assign: AssignRows,
  assignedBy: readonly string[],
  rowsFile: RowsFile,
  encoders: Encoders,
  labelKind: LabelKind,
  watched: BaselineRowsSample | null,
  directory: string,
): Promise<WrittenSplits> {
  const { engine, input } = rows;
  const others = OTHERS.flatMap((name) => {
    const other = encoders.others[name];
    return other === undefined ? [] : [{ name, ...other }];
  });
  const sample = trainingSample(input.features, labelKind);
  const gateDigest = createHash('sha256');
  const writer = (name: string, encodings: readonly string[]) => {
    const below = join(directory, name);
    mkdirSync(below);
    return openSplitWriter(engine, {
      directory: below,
      encodings,
      rowColumns: rowsFile.columns,
      maxPartBytes: MAX_PART_BYTES,
      maxPartRows: MAX_PART_ROWS,
    });
  };
  const writers = {
    train: writer('train', ['train']),
    validation: writer('validation', ['validation']),
    gate: writer('gate', ['gate', ...others.map(({ name }) => name)]),
  };
  const dropped: Record<string, number> = {};
  const trainLabels = new Map<number, number>();
  const names = [
    ...assignedBy,
    ...input.inputColumns,
    ...input.key,
    ...columnsOfRoles(input),
    ...others.flatMap(({ columns }) => columns),
  ];
  for await (const batch of batches(rows, names)) {
    const assigned = assign(batch);
    for (const [reason, count] of Object.entries(assigned.dropped)) dropped[reason] = (dropped[reason] ?? 0) + count;
    const features = encoders.candidate(batch);
    // The image reads the label, then the weight, then the features; of the validation channel it reads no weights.
    // Source: SageMaker developer guide, xgboost; the image's algorithm_mode/train.py, get_validated_dmatrices.
    const weighted = [assigned.label, ...(assigned.weight === null ? [] : [assigned.weight]), ...features];
    const labelled = [assigned.label, ...features];
    const key = keyHashes(keyColumns(batch, input.key), batch.rows);
    const beside = rowsFile.of(batch, key, assigned.shown);
    const train = chosen(assigned.sides, SIDES.train);
    for (const row of train) count(trainLabels, assigned.label[row] ?? 0);
    sample.add(features, assigned.label, train);
    watched?.add(batch, features, train);
    await writers.train.append({ train: weighted }, beside, train);
    await writers.validation.append({ validation: labelled }, beside, chosen(assigned.sides, SIDES.validation));
    const gate = chosen(assigned.sides, SIDES.gate);
    let judged = '';
    for (const row of gate) judged += `${key[row]} ${assigned.shown.values[row]}\n`;
    gateDigest.update(judged);
    const asOthers = others.map(({ name, encode }) => [name, gate.length > 0 ? encode(batch) : []] as const);
    await writers.gate.append({ gate: features, ...Object.fromEntries(asOthers) }, beside, gate);
  }
  return {
    train: await writers.train.finish(),
    validation: await writers.validation.finish(),
    gate: await writers.gate.finish(),
    dropped,
    trainLabels,
    gateDigest: gateDigest.digest('hex'),
    strongestFeatures: sample.strongest(),
  };
}

/** Only two labels are told apart; a regression's are not kept one by one. */
function count(labels: Map<number, number>, label: number): void {
  if (labels.has(label) || labels.size < 2) labels.set(label, (labels.get(label) ?? 0) + 1);
}

function chosen(sides: Uint8Array, side: number): Uint32Array {
  const rows = new Uint32Array(sides.length);
  let found = 0;
  for (let row = 0; row < sides.length; row += 1) {
    if (sides[row] !== side) continue;
    rows[found] = row;
    found += 1;
  }
  return rows.subarray(0, found);
}

function keyColumns(batch: ColumnBatch, key: readonly string[]): Column[] {
  return key.map((name) => {
    const column = Object.hasOwn(batch.columns, name) ? batch.columns[name] : undefined;
    if (column === undefined) throw new RangeError(`the batch has no column ${name}`);
    return column;
  });
}

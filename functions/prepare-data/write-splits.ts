/** The last pass over a run's data: it writes the parts. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { columnsOfRoles, type RowsFile } from '../../shared/data/rows.ts';
import { type InputEncoder, reachesAs, type trainingEncoder } from '../../shared/data/run-input.ts';
import { keyHashes, SIDES } from '../../shared/data/split.ts';
import { openSplitWriter, type SplitPart } from '../../shared/data/split-writer.ts';
import { type LabelKind, type Strength, trainingSample } from '../../shared/data/strongest-features.ts';
import type { BaselineRowsSample } from '../../shared/monitoring/baseline-sample.ts';
import type { AssignRows } from './assign-rows.ts';
import type { FoldRows } from './fold-rows.ts';
import { batches, chosen, columnOf, type RunRows } from './run-rows.ts';

/** Rows of an open part wait in the engine's memory. */
const MAX_PART_ROWS = 500_000;

/** How another model reads the gate rows, and which columns it needs for it. */
export interface OtherEncoder {
  readonly encode: InputEncoder;
  readonly columns: readonly string[];
}

/** How rows are encoded: for the candidate, and for each other model that reads the gate rows, by the name of its encoding. */
export interface Encoders {
  readonly candidate: ReturnType<typeof trainingEncoder>;
  readonly foldsOf: FoldRows;
  readonly others: Readonly<Record<string, OtherEncoder>>;
}

/** What the second pass wrote and saw. */
export interface WrittenSplits {
  readonly train: readonly SplitPart[];
  readonly validation: readonly SplitPart[];
  /** CSV files `gate` and one for each other model. */
  readonly gate: readonly SplitPart[];
  readonly dropped: Readonly<Record<string, number>>;
  /** How many rows to train on have each label, a class being its place; empty where labels are amounts. */
  readonly trainLabels: ReadonlyMap<number, number>;
  /** sha256 over keys and labels of the gate rows, in their order. */
  readonly gateDigest: string;
  readonly strongestFeatures: readonly Strength[];
}

/** What is written, and where. */
export interface SplitsToWrite {
  readonly rows: RunRows;
  readonly assign: AssignRows;
  /** The columns that assigning reads. */
  readonly readBy: readonly string[];
  readonly beside: RowsFile;
  readonly encoders: Encoders;
  readonly labelKind: LabelKind;
  /** Takes in the rows to train on; null where nothing is watched. */
  readonly watched: BaselineRowsSample | null;
  /** An empty directory. */
  readonly directory: string;
  /** How large a part may grow. */
  readonly maxPartBytes: number;
}

/** Writes the parts of all splits below a directory. */
export async function writeSplits({
  rows,
  assign,
  readBy,
  beside: rowsFile,
  encoders,
  labelKind,
  watched,
  directory,
  maxPartBytes,
}: SplitsToWrite): Promise<WrittenSplits> {
  const { engine, input } = rows;
  const others = Object.entries(encoders.others).map(([name, other]) => ({ name, ...other }));
  const sample = trainingSample(
    input.features.map((feature) => ({ name: feature.name, kind: reachesAs(feature) })),
    labelKind,
  );
  const gateDigest = createHash('sha256');
  const writer = (name: string, encodings: readonly string[]) => {
    const below = join(directory, name);
    mkdirSync(below);
    return openSplitWriter(engine, {
      directory: below,
      encodings,
      rowColumns: rowsFile.columns,
      maxPartBytes,
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
    ...readBy,
    ...input.inputColumns,
    ...input.key,
    ...columnsOfRoles(input),
    ...others.flatMap(({ columns }) => columns),
  ];
  for await (const batch of batches(rows, names)) {
    const assigned = assign(batch);
    for (const [reason, count] of Object.entries(assigned.dropped)) dropped[reason] = (dropped[reason] ?? 0) + count;
    const { features, training } = encoders.candidate(batch, encoders.foldsOf(batch));
    // The image reads the label, then the weight, then the features; of the validation channel it reads no weights.
    // Source: SageMaker developer guide, xgboost; the image's algorithm_mode/train.py, get_validated_dmatrices.
    const weighted = [assigned.label, ...(assigned.weight === null ? [] : [assigned.weight]), ...training];
    const labelled = [assigned.label, ...features];
    const key = keyHashes(
      input.key.map((name) => columnOf(batch, name)),
      batch.rows,
    );
    const beside = rowsFile.of(batch, key, assigned.shown);
    const train = chosen(assigned.sides, SIDES.train);
    if (labelKind.problem !== 'regression') countLabels(trainLabels, assigned.label, train);
    // What a row's own label told its feature would look like a giveaway.
    sample.add(training, assigned.label, train);
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

/** There are no more labels than classes: rows to train on have no other. */
function countLabels(labels: Map<number, number>, label: Float64Array, rows: Uint32Array): void {
  for (const row of rows) {
    const value = label[row] ?? Number.NaN;
    labels.set(value, (labels.get(value) ?? 0) + 1);
  }
}

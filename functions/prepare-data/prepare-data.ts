import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { RunPreparedV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { boundedMap } from '../../shared/data/bounded-map.ts';
import type { Engine } from '../../shared/data/engine.ts';
import { mergedColumns } from '../../shared/data/merge-columns.ts';
import { rowsFile } from '../../shared/data/rows.ts';
import { inputEncoder, type RunInput, runInputSchema, trainingEncoder } from '../../shared/data/run-input.ts';
import type { SplitPart } from '../../shared/data/split-writer.ts';
import { digestOf } from '../../shared/definition/canonical-json.ts';
import { type PublishedDefinition, publishedDefinitionSchema } from '../../shared/definition/published.ts';
import { InputMismatchError, type ResolvedInput, resolveInput } from '../../shared/definition/resolve.ts';
import { columnsResolved } from '../../shared/features/check.ts';
import { ExpressionError } from '../../shared/features/expression.ts';
import {
  datasetProfileSchema,
  type Prepared,
  preparedSchema,
  type RunPlan,
  runEndSchema,
  runPlanSchema,
  type SplitMethod,
} from '../../shared/ledger/facts.ts';
import { keys, type Split } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { type Baseline, baselineSchema } from '../../shared/monitoring/baseline.ts';
import { baselineRowsSample } from '../../shared/monitoring/baseline-sample.ts';
import { concludeRun } from '../../shared/runtime/conclude-run.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { assignedBy, assignRows, splitMethod } from './assign-rows.ts';
import { championExposure } from './champion-exposure.ts';
import { foldRows } from './fold-rows.ts';
import { frozenInput } from './frozen-input.ts';
import { UnpreparableError } from './unpreparable.ts';
import { type Encoders, type OtherEncoder, type WrittenSplits, writeSplits } from './write-splits.ts';

export interface PrepareDataDeps {
  readonly ledger: Ledger;
  /** The bucket the ledger lies in: typed copies are read from it, parts written to it. */
  readonly store: ObjectStore;
  readonly tell: Tell;
  /** Opens the data engine; the directory is for what it spills. */
  readonly openEngine: (directory: string) => Promise<Engine>;
  /** The typed copies of a run lie on the function's disk together, and may have so many bytes. */
  readonly maxRunBytes: number;
  /** A part is closed once it has so many bytes; {@link MAX_PART_BYTES} where it is not said. */
  readonly maxPartBytes?: number;
  /** In place of writing the parts, which depend on nothing but what they are made of: where the same are written again and again. */
  readonly keepSplits?: KeepSplits;
}

/** All that the parts of a run are made of. */
export interface SplitContents {
  readonly published: PublishedDefinition;
  readonly plan: RunPlan;
  readonly input: RunInput;
  /** Of the models whose encoding the gate rows have, too. */
  readonly others: readonly (RunInput | null)[];
  /** The typed copies, in order. */
  readonly paths: readonly string[];
  readonly maxPartBytes: number;
}

/** The parts, and the profile of the rows to train on; null where nothing is watched. */
export interface SplitsMade {
  readonly written: WrittenSplits;
  readonly baseline: Baseline | null;
}

/** Has the parts written below a directory. */
export type KeepSplits = (
  of: SplitContents,
  directory: string,
  write: () => Promise<SplitsMade>,
) => Promise<SplitsMade>;

const EVERY_TIME: KeepSplits = (_of, _directory, write) => write();

/** SageMaker hands out what it reads object by object: several parts can be read side by side, and are quick to move. */
const MAX_PART_BYTES = 64 * 1024 * 1024;

/**
 * Turns a run's datasets into what SageMaker trains on and what judges: features, split, encoding. The parts are written
 * first and `prepared.json` last, so that a run is prepared whole or not at all; doing it again writes the same bytes.
 */
export const prepareData =
  ({
    ledger,
    store,
    tell,
    openEngine,
    maxRunBytes,
    maxPartBytes = MAX_PART_BYTES,
    keepSplits = EVERY_TIME,
  }: PrepareDataDeps) =>
  async ({ data: { model, run }, now }: Woken<{ model: string; run: string }>): Promise<Outcome> => {
    const tellPrepared = () => tell(RunPreparedV1, `${model}/${run}`, { model, run }, { now, correlationId: run });

    const end = await ledger.find(runEndSchema, keys.end(model, run));
    if (end !== undefined) {
      // The end may not be told, nor the slot released: a crash came between.
      await concludeRun({ ledger, tell }, end, now);
      return { outcome: 'over' };
    }
    if (await ledger.find(preparedSchema, keys.prepared(model, run))) {
      await tellPrepared();
      return { outcome: 'existed' };
    }
    const plan = await ledger.read(runPlanSchema, keys.plan(model, run));
    const published = await ledger.read(publishedDefinitionSchema, keys.definition(model, plan.definitionDigest));
    const directory = mkdtempSync(join(tmpdir(), 'prepare-'));
    let engine: Engine | undefined;
    try {
      engine = await openEngine(directory);
      const prepared = await prepare(
        { ledger, store, maxRunBytes, maxPartBytes, keepSplits },
        engine,
        plan,
        published,
        directory,
        now,
      );
      await ledger.record(preparedSchema, keys.prepared(model, run), prepared);
      await tellPrepared();
      return { outcome: 'prepared' };
    } catch (error) {
      if (!(error instanceof UnpreparableError)) throw error;
      await concludeRun({ ledger, tell }, { model, run, end: 'failed', reason: error.message }, now);
      return { outcome: 'unpreparable' };
    } finally {
      engine?.close();
      rmSync(directory, { recursive: true, force: true });
    }
  };

async function prepare(
  {
    ledger,
    store,
    maxRunBytes,
    maxPartBytes,
    keepSplits,
  }: Required<Pick<PrepareDataDeps, 'ledger' | 'store' | 'maxRunBytes' | 'maxPartBytes' | 'keepSplits'>>,
  engine: Engine,
  plan: RunPlan,
  published: PublishedDefinition,
  directory: string,
  now: Date,
): Promise<Prepared> {
  const { model, run, cut } = plan;
  const { definition } = published;
  const { problem } = definition;
  const profiles = await boundedMap(plan.datasets, (dataset) =>
    ledger.read(datasetProfileSchema, keys.profile(model, dataset)),
  );
  refuseTooMuch(profiles, maxRunBytes);
  const input = inputOf(published, profiles);
  if (cut !== null && input.time === null)
    throw new UnpreparableError('the run is cut by time, and the rows have none');
  const paths = await typedCopies(store, profiles, directory);
  const rows = { engine, paths, input };
  const readBy = assignedBy(input, cut);
  const { data } = definition.retraining;
  const halfLifeMs = data.mode === 'weighted' ? data.half_life : null;
  const assigning = { problem, cut, shares: definition.data.split, halfLifeMs };

  const split = splitMethod(input, cut, definition.data.split);
  const foldsOf = foldRows(input, split, cut);
  const learning = assignRows(input, { ...assigning, classes: null, classWeights: null });
  const runInput = await frozenInput(ledger, plan, published, { rows, assign: learning, foldsOf, readBy });
  const classes = runInput.classes ?? null;
  const assign = assignRows(input, { ...assigning, classes, classWeights: runInput.classWeights ?? null });
  const champion = plan.champion && (await otherEncoder(ledger, plan, plan.champion.run, 'champion', runInput, split));
  const anchor = plan.anchor && (await otherEncoder(ledger, plan, plan.anchor.run, 'anchor', runInput, split));
  const encoders: Encoders = {
    candidate: trainingEncoder(runInput),
    foldsOf,
    others: {
      ...(champion?.encoder && { 'gate-champion': champion.encoder }),
      ...(anchor?.encoder && { 'gate-anchor': anchor.encoder }),
    },
  };
  const beside = rowsFile(input, classes === null ? 'number' : 'string', (name) => {
    const type = input.columnTypes[name];
    if (type === undefined) throw new RangeError(`the data has no column ${name}`);
    return type;
  });
  const labelKind = { problem, classes: classes?.length ?? 0 };
  const { window, drift } = definition.monitoring;
  const others = [champion?.input ?? null, anchor?.input ?? null];
  const contents = { published, plan, input: runInput, others, paths, maxPartBytes };
  const { written, baseline } = await keepSplits(contents, directory, async () => {
    const watched = drift && baselineRowsSample(runInput, input.time, window);
    const parts = { directory, maxPartBytes };
    return {
      written: await writeSplits(rows, assign, readBy, beside, encoders, labelKind, watched, parts),
      baseline: watched?.baseline() ?? null,
    };
  });
  refuseTooLittle(written, problem, classes);
  if (baseline !== null) await ledger.record(baselineSchema, keys.baseline(model, run), baseline);

  const uploaded = async (split: Split, parts: readonly SplitPart[]) => uploadSplit(store, model, run, split, parts);
  const splits = {
    train: await uploaded('train', written.train),
    validation: await uploaded('validation', written.validation),
    gate: await uploaded('gate', written.gate),
  };
  return {
    model,
    run,
    inputDigest: runInput.inputDigest,
    features: runInput.features.map(({ name }) => name),
    splits,
    gateChampion: champion?.encoder ? await uploaded('gate-champion', written.gate) : null,
    notComparable: champion?.notComparable ?? null,
    ...(anchor && {
      gateAnchor: anchor.encoder
        ? { outcome: 'prepared' as const, split: await uploaded('gate-anchor', written.gate) }
        : { outcome: 'not_comparable' as const, message: anchor.notComparable ?? 'it cannot be compared with' },
    }),
    gateDigest: written.gateDigest,
    strongestFeatures: [...written.strongestFeatures],
    dropped: written.dropped,
    split,
    trainedBefore: cut === null ? null : new Date(Date.parse(cut.gate) - cut.embargoMs).toISOString(),
    preparedAt: now.toISOString(),
  };
}

type Profiles = readonly {
  readonly rows: number;
  readonly columns: Parameters<typeof mergedColumns>[0][number]['columns'];
  readonly data: readonly { readonly key: string; readonly sizeBytes: number }[];
}[];

function refuseTooMuch(profiles: Profiles, maxRunBytes: number): void {
  const sizeBytes = profiles.flatMap(({ data }) => data).reduce((sum, part) => sum + part.sizeBytes, 0);
  if (sizeBytes <= maxRunBytes) return;
  const [size, most] = [sizeBytes, maxRunBytes].map((bytes) => `${bytes.toLocaleString('en-US')} bytes`);
  throw new UnpreparableError(
    `the ${profiles.length} datasets of the run have ${size} together, and at most ${most} can be prepared: publish the model with a shorter window in retraining.data, such as { mode: sliding, window: 30d }`,
  );
}

function inputOf(published: PublishedDefinition, profiles: Profiles): ResolvedInput {
  try {
    return resolveInput(published, mergedColumns(profiles));
  } catch (error) {
    if (!(error instanceof InputMismatchError)) throw error;
    throw new UnpreparableError(`the datasets together do not fit the definition: ${error.message}`, { cause: error });
  }
}

async function typedCopies(store: ObjectStore, profiles: Profiles, directory: string): Promise<string[]> {
  const paths: string[] = [];
  for (const { key } of profiles.flatMap(({ data }) => data)) {
    const path = join(directory, `data-${String(paths.length).padStart(5, '0')}.parquet`);
    await store.download(key, path);
    paths.push(path);
  }
  return paths;
}

interface Comparable {
  readonly input: RunInput;
  readonly encoder: OtherEncoder | null;
  readonly notComparable: string | null;
}

/** How an earlier model reads the gate rows: with its own features and dictionary. */
async function otherEncoder(
  ledger: Ledger,
  plan: RunPlan,
  run: string,
  role: 'champion' | 'anchor',
  candidate: RunInput,
  split: SplitMethod,
): Promise<Comparable> {
  const [input, prepared] = await Promise.all([
    ledger.read(runInputSchema, keys.runInput(plan.model, run)),
    ledger.read(preparedSchema, keys.prepared(plan.model, run)),
  ]);
  const meaning = ({ problem, label }: RunInput) => digestOf({ problem, expression: label.expression });
  if (meaning(input) !== meaning(candidate)) {
    return {
      input,
      encoder: null,
      notComparable: `the meaning of the label has changed since the ${role} was trained`,
    };
  }
  const seen = championExposure(
    { split, columnTypes: candidate.columnTypes },
    { split: prepared.split, trainedBefore: prepared.trainedBefore, columnTypes: input.columnTypes },
    plan.cut,
  );
  if (seen !== null) return { input, encoder: null, notComparable: seen };
  try {
    const encode = inputEncoder(input, candidate.columnTypes);
    const columns = input.features.flatMap(({ expression }) => columnsResolved(expression, candidate.columnTypes));
    return { input, encoder: { encode, columns }, notComparable: null };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return { input, encoder: null, notComparable: `the ${role} cannot read these rows: ${error.message}` };
  }
}

function refuseTooLittle(
  written: WrittenSplits,
  problem: 'binary' | 'multiclass' | 'regression',
  classes: readonly string[] | null,
): void {
  const { train, gate, trainLabels, dropped } = written;
  const left = Object.entries(dropped).map(([reason, count]) => `${count} ${reason}`);
  const leftOut = left.length > 0 ? ` (left out: ${left.join(', ')})` : '';
  if (train.length === 0) throw new UnpreparableError(`no row is left to train on${leftOut}`);
  if (gate.length === 0) throw new UnpreparableError(`no row is left to judge on${leftOut}`);
  if (problem !== 'regression' && trainLabels.size < 2) {
    const only = [...trainLabels.keys()].map((label) => classes?.[label] ?? String(label)).join();
    throw new UnpreparableError(`all rows to train on have the label ${only}: there is nothing to tell apart`);
  }
}

/** Uploads a split's parts. The rows beside `gate-champion` and `gate-anchor` are the gate's. */
async function uploadSplit(
  store: ObjectStore,
  model: string,
  run: string,
  split: Split,
  parts: readonly SplitPart[],
): Promise<Prepared['splits']['gate']> {
  const uploaded = [];
  for (const part of parts) {
    const csv = part.csv[split];
    if (csv === undefined) throw new RangeError(`${part.name} has no encoding for ${split}`);
    const dataKey = `${keys.splitData(model, run, split)}${part.name}.csv`;
    const rowsKey = `${keys.splitRows(model, run, split === 'gate-champion' || split === 'gate-anchor' ? 'gate' : split)}${part.name}.parquet`;
    await store.upload(dataKey, csv, 'text/csv');
    if (rowsKey.startsWith(keys.splitRows(model, run, split)))
      await store.upload(rowsKey, part.rowsFile, 'application/vnd.apache.parquet');
    uploaded.push({ dataKey, rowsKey, rows: part.rows });
  }
  return { rows: parts.reduce((sum, { rows }) => sum + rows, 0), parts: uploaded };
}

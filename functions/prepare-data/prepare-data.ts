import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunPreparedV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { boundedMap } from '../../shared/data/bounded-map.ts';
import type { Engine } from '../../shared/data/engine.ts';
import { mergedColumns } from '../../shared/data/merge-columns.ts';
import { rowsFile } from '../../shared/data/rows.ts';
import { type RunInput, trainingEncoder } from '../../shared/data/run-input.ts';
import { type PublishedDefinition, publishedDefinitionSchema } from '../../shared/definition/published.ts';
import { InputMismatchError, type ResolvedInput, resolveInput } from '../../shared/definition/resolve.ts';
import {
  datasetProfileSchema,
  type Prepared,
  preparedSchema,
  type RunPlan,
  runEndSchema,
  runPlanSchema,
} from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { type Baseline, baselineSchema } from '../../shared/monitoring/baseline.ts';
import { baselineRowsSample } from '../../shared/monitoring/baseline-sample.ts';
import { howMany } from '../../shared/report/how-many.ts';
import { concludeRun } from '../../shared/runtime/conclude-run.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { assignedBy, assignRows, sharesOf, splitMethod } from './assign-rows.ts';
import { foldRows } from './fold-rows.ts';
import { frozenInput } from './frozen-input.ts';
import { type OtherModels, otherEncoders } from './other-encoders.ts';
import { prepareFolds } from './prepare-folds.ts';
import { countSharedRows, namingColumns, refuseSharedRows } from './shared-rows.ts';
import { refuseNothingToLearn, UnpreparableError } from './unpreparable.ts';
import { uploadGate, uploadSplit } from './upload-split.ts';
import { type Encoders, type WrittenSplits, writeSplits } from './write-splits.ts';

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
  const assigning = { problem, cut, shares: sharesOf(definition.data.split), halfLifeMs };

  const split = splitMethod(input, cut, definition.data.split);
  const foldsOf = foldRows(input, split, cut);
  // With folds all rows are learned from here; what judges is for the folds.
  const learning = assignRows(input, { ...assigning, fold: null, classes: null, classWeights: null });
  const runInput = await frozenInput(ledger, plan, published, { rows, assign: learning, foldsOf, readBy });
  const classes = runInput.classes ?? null;
  const assign = assignRows(input, { ...assigning, fold: null, classes, classWeights: runInput.classWeights ?? null });
  const others = (role: 'champion' | 'anchor', of: { readonly run: string } | null | undefined) =>
    of ? otherEncoders(ledger, plan, { run: of.run, role }, runInput, split) : null;
  const [champion, anchor] = [await others('champion', plan.champion), await others('anchor', plan.anchor)];
  const beside = rowsFile(input, classes === null ? 'number' : 'string', (name) => {
    const type = input.columnTypes[name];
    if (type === undefined) throw new RangeError(`the data has no column ${name}`);
    return type;
  });
  const { window, drift } = definition.monitoring;
  const writing = { rows, readBy, beside, labelKind: { problem, classes: classes?.length ?? 0 }, maxPartBytes };
  const reading = split.by === 'folds' ? [] : [champion, anchor];
  const inputs = reading.map((models) => (models?.outcome === 'comparable' ? models.input : null));
  const contents = { published, plan, input: runInput, others: inputs, paths, maxPartBytes };
  const { written, baseline } = await keepSplits(contents, directory, async () => {
    const watched = drift && baselineRowsSample(runInput, input.time, window);
    const encoders = {
      candidate: trainingEncoder(runInput),
      foldsOf,
      others: split.by === 'folds' ? {} : gateEncoders(champion, anchor),
    };
    return {
      written: await writeSplits({ ...writing, assign, encoders, watched, directory }),
      baseline: watched?.baseline() ?? null,
    };
  });
  refuseNothingToLearn(written, problem, classes);
  const judging =
    split.by === 'folds'
      ? await prepareFolds({ ledger, store }, published, {
          ...writing,
          whole: runInput,
          folds: split.folds,
          assigning,
          foldsOf,
          champion,
          anchor,
          directory,
        })
      : await uploadGate(store, plan, written, { champion, anchor });
  const naming = await namingColumns(rows, split, definition.data.key);
  const assigns =
    split.by === 'folds'
      ? Array.from({ length: split.folds }, (_, fold) =>
          assignRows(input, {
            ...assigning,
            fold: { of: split.folds, judges: fold + 1 },
            classes,
            classWeights: null,
          }),
        )
      : [assign];
  const shared =
    naming.length === 0
      ? 0
      : await countSharedRows({ rows, naming, assigns, readBy, directory: join(directory, 'shared') });
  refuseSharedRows(shared, judging.gate.rows, naming, definition.data.split.max_shared);
  if (baseline !== null) await ledger.record(baselineSchema, keys.baseline(model, run), baseline);

  const uploaded = (name: 'train' | 'validation') =>
    uploadSplit(store, plan, {
      split: name,
      parts: written[name],
      encoding: name,
      rows: { split: name, isUploaded: false },
    });
  const { gate, gateChampion, gateAnchor, gateDigest, folds } = judging;
  return {
    model,
    run,
    inputDigest: runInput.inputDigest,
    features: runInput.features.map(({ name }) => name),
    splits: { train: await uploaded('train'), validation: await uploaded('validation'), gate },
    gateChampion,
    notComparable: champion?.outcome === 'not_comparable' ? champion.message : null,
    ...(anchor?.outcome === 'not_comparable' && { gateAnchor: anchor }),
    ...(gateAnchor !== null && { gateAnchor: { outcome: 'prepared' as const, split: gateAnchor } }),
    ...(folds !== null && { folds }),
    gateDigest,
    ...(shared > 0 && { sharedRows: shared }),
    ...(problem !== 'regression' && { taught: taughtClasses(written, classes) }),
    strongestFeatures: [...written.strongestFeatures],
    dropped: written.dropped,
    split,
    trainedBefore: cut === null ? null : new Date(Date.parse(cut.gate) - cut.embargoMs).toISOString(),
    preparedAt: now.toISOString(),
  };
}

/** How many rows teach each class, in the order in which the model has them; a truth value is `0` or `1`. */
const taughtClasses = (
  { trainLabels }: WrittenSplits,
  classes: readonly string[] | null,
): NonNullable<Prepared['taught']> =>
  (classes ?? ['0', '1']).map((name, place) => ({ name, rows: trainLabels.get(place) ?? 0 }));

/** How the other models read the gate rows, where one model judges for all of them. */
const gateEncoders = (champion: OtherModels | null, anchor: OtherModels | null): Encoders['others'] => ({
  ...(champion?.outcome === 'comparable' && { 'gate-champion': champion.whole }),
  ...(anchor?.outcome === 'comparable' && { 'gate-anchor': anchor.whole }),
});

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
    `the ${howMany(profiles.length, 'dataset')} of the run ${profiles.length === 1 ? 'has' : 'have'} ${size}${profiles.length === 1 ? '' : ' together'}, and at most ${most} can be prepared: publish the model with a shorter window in retraining.data, such as { mode: sliding, window: 30d }`,
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

/** Whose answers a window's labels judge: a champion of Millrace's own, or an endpoint that came from elsewhere. */
import { runInputSchema } from '../../shared/data/run-input.ts';
import { INDEPENDENT } from '../../shared/definition/cluster.ts';
import { policyOf } from '../../shared/definition/policy.ts';
import type { PublishedDefinition } from '../../shared/definition/published.ts';
import { evaluationSchema } from '../../shared/evaluation/evaluation.ts';
import { championsWithin } from '../../shared/ledger/champions.ts';
import type { Watch } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { definitionAt, readPublished } from '../../shared/ledger/published.ts';
import { watchesOf } from '../../shared/ledger/watches.ts';
import type { CaptureShape } from '../../shared/monitoring/capture.ts';
import { variantFolders, watchedPlace } from '../../shared/monitoring/capture-place.ts';
import { textColumns } from '../../shared/monitoring/capture-text.ts';
import { type LabelMeaning, meaningOf } from '../../shared/monitoring/labels.ts';
import type { LiveQualityInput } from '../../shared/monitoring/live-quality.ts';
import { watchedRowsSchema } from '../../shared/monitoring/watched-rows.ts';
import type { Window } from '../../shared/monitoring/windows.ts';
import { VARIANT } from '../../shared/sagemaker/requests.ts';

export interface JudgedDeps {
  readonly ledger: Ledger;
  /** The store bucket: capture of own models lies there. */
  readonly store: ObjectStore;
  /** A bucket by its name: capture of endpoints from elsewhere lies there. */
  readonly bucket: (name: string) => ObjectStore;
}

type Definition = PublishedDefinition['definition'];

/** How captured answers are read and judged. */
export interface Judging extends Pick<LiveQualityInput, 'problem' | 'policy' | 'isIndependent' | 'evaluation'> {
  readonly shape: CaptureShape;
  readonly classes: readonly string[] | null;
  /** Of the label. */
  readonly meaning: string;
}

/** Who answered in a window, and what there is of it. */
export interface Judged {
  /** The run that answered when the window ended; of an endpoint from elsewhere the watch. */
  readonly run: string;
  /** Runs of the others. */
  readonly others: readonly string[];
  /** Whether the one at the window's end is in service now. */
  readonly isStill: boolean;
  /** What is asked of quality now. */
  readonly quality: Definition['monitoring']['quality'];
  readonly captured: Pick<ObjectStore, 'list' | 'open'>;
  /** The folders in which capture has one for each hour. */
  readonly folders: () => Promise<readonly string[]>;
  readonly judging: () => Promise<Judging>;
}

async function judgedChampion(
  { ledger, store }: JudgedDeps,
  model: string,
  window: Window,
): Promise<Judged | undefined> {
  const { present, champions } = await championsWithin(ledger, model, window);
  const [last, ...others] = champions;
  if (last === undefined || present === undefined) return undefined;
  const { run, endpointName } = last;
  return {
    run,
    others: others.map((champion) => champion.run).sort(),
    isStill: present.run === run && present.retired === undefined,
    // What is watched, and how long labels take, is for the model in service now to say; how a model is judged, for its own.
    quality: (await definitionAt(ledger, model, present.definitionDigest)).definition.monitoring.quality,
    captured: store,
    folders: async () => [`${keys.capture(model, run)}/${endpointName}/${VARIANT}/`],
    async judging() {
      const [input, evaluation, { definition }] = await Promise.all([
        ledger.read(runInputSchema, keys.runInput(model, run)),
        ledger.read(evaluationSchema, keys.evaluation(model, run)),
        definitionAt(ledger, model, last.definitionDigest),
      ]);
      const classes = input.classes ?? null;
      return {
        problem: input.problem,
        policy: policyOf(definition),
        isIndependent: definition.evaluation.cluster === INDEPENDENT,
        evaluation,
        shape: { features: input.features.length, outputs: classes?.length ?? 1 },
        classes,
        meaning: meaningOf(input),
      };
    },
  };
}

/** What a definition's label is, in rows of these columns. */
export const watchedMeaning = (
  { definition, expressions }: PublishedDefinition,
  { columnTypes, missing }: Pick<LabelMeaning, 'columnTypes' | 'missing'>,
): LabelMeaning => ({
  problem: definition.problem,
  label: { name: definition.data.label.name, expression: expressions.label },
  columnTypes,
  missing,
});

async function judgedElsewhere({ ledger, bucket }: JudgedDeps, watch: Watch, isStill: boolean): Promise<Judged> {
  const { model, n, dataset, definitionDigest } = watch;
  const published = await definitionAt(ledger, model, definitionDigest);
  const { definition } = published;
  const place = watchedPlace(watch, published);
  const captured = bucket(place.bucket);
  return {
    run: `watch-${n}`,
    others: [],
    isStill,
    quality: definition.monitoring.quality,
    captured,
    folders: () => variantFolders(captured, place),
    async judging() {
      const rows = await ledger.read(watchedRowsSchema, keys.watchedRows(model, dataset, definitionDigest));
      return {
        problem: definition.problem,
        policy: policyOf(definition),
        isIndependent: definition.evaluation.cluster === INDEPENDENT,
        evaluation: definition.monitoring.quality?.baseline ?? null,
        shape: { features: rows.features.length, outputs: 1, text: textColumns(rows) },
        classes: null,
        meaning: meaningOf(watchedMeaning(published, rows)),
      };
    },
  };
}

/** Whose answers the labels of a window judge; undefined where nobody was in service or watched. */
export async function judgedIn(deps: JudgedDeps, model: string, window: Window): Promise<Judged | undefined> {
  const { ledger } = deps;
  const published = await readPublished(ledger, model);
  if (!published?.definition.deployment.existing) return judgedChampion(deps, model, window);
  let present: Watch | undefined;
  for await (const watch of watchesOf(ledger, model)) {
    present ??= watch;
    if (Date.parse(watch.since) < window.endMs) return judgedElsewhere(deps, watch, watch.n === present.n);
  }
  return undefined;
}

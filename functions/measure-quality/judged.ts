/** Whose answers a window's labels judge: a champion of Millrace's own, or an endpoint that came from elsewhere. */
import { runInputSchema } from '../../shared/data/run-input.ts';
import { INDEPENDENT } from '../../shared/definition/cluster.ts';
import { policyOf } from '../../shared/definition/policy.ts';
import { type PublishedDefinition, publishedDefinitionSchema } from '../../shared/definition/published.ts';
import { evaluationSchema } from '../../shared/evaluation/evaluation.ts';
import { type Champion, championSchema, type Watch } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { readPublished } from '../../shared/ledger/published.ts';
import { watchesOf } from '../../shared/ledger/watches.ts';
import type { CaptureShape } from '../../shared/monitoring/capture.ts';
import { capturePlace, variantFolders } from '../../shared/monitoring/capture-place.ts';
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

const definitionAt = async (ledger: Ledger, model: string, digest: string): Promise<PublishedDefinition> =>
  ledger.read(publishedDefinitionSchema, keys.definition(model, digest));

/** The champions of a window: the last one, the others, and the one in service now. */
async function championsIn(ledger: Ledger, model: string, window: Window) {
  const present = await ledger.find(championSchema, keys.champion(model));
  let last: Champion | undefined;
  const others = new Set<string>();
  for (let n = present?.n ?? 0; n >= 1; n -= 1) {
    const each = n === present?.n ? present : await ledger.find(championSchema, keys.championHistory(model, n));
    if (each === undefined || Date.parse(each.since) >= window.endMs) continue;
    if (last === undefined) last = each;
    else if (each.run !== last.run) others.add(each.run);
    if (Date.parse(each.since) <= window.startMs) break;
  }
  return last === undefined || present === undefined ? undefined : { last, others: [...others].sort(), present };
}

async function judgedChampion(
  { ledger, store }: JudgedDeps,
  model: string,
  window: Window,
): Promise<Judged | undefined> {
  const found = await championsIn(ledger, model, window);
  if (found === undefined) return undefined;
  const { last, others, present } = found;
  const { run, endpointName } = last;
  return {
    run,
    others,
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
  columnTypes: LabelMeaning['columnTypes'],
): LabelMeaning => ({
  problem: definition.problem,
  label: { name: definition.data.label.name, expression: expressions.label },
  columnTypes,
});

async function judgedElsewhere(
  { ledger, bucket }: JudgedDeps,
  { model, n, dataset, definitionDigest }: Watch,
  isStill: boolean,
): Promise<Judged> {
  const published = await definitionAt(ledger, model, definitionDigest);
  const { definition } = published;
  const { existing } = definition.deployment;
  if (existing === null) throw new RangeError(`watch ${n} of ${model} is of a definition that names no endpoint`);
  const place = capturePlace(existing);
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
        meaning: meaningOf(watchedMeaning(published, rows.columnTypes)),
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

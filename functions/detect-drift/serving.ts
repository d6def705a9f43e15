/** Who answered in a window: champions of Millrace's own, or an endpoint that came from elsewhere. */
import { runInputSchema } from '../../shared/data/run-input.ts';
import type { PublishedDefinition } from '../../shared/definition/published.ts';
import { championsWithin } from '../../shared/ledger/champions.ts';
import type { Champion, Watch } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { definitionAt, readPublished } from '../../shared/ledger/published.ts';
import { watchesOf } from '../../shared/ledger/watches.ts';
import { baselineSchema } from '../../shared/monitoring/baseline.ts';
import { variantFolders, watchedPlace } from '../../shared/monitoring/capture-place.ts';
import { textColumns } from '../../shared/monitoring/capture-text.ts';
import { importanceSchema, withImportance } from '../../shared/monitoring/importance.ts';
import { watchedRowsSchema } from '../../shared/monitoring/watched-rows.ts';
import type { Window } from '../../shared/monitoring/windows.ts';
import { VARIANT } from '../../shared/sagemaker/requests.ts';
import type { Watched } from './measure-window.ts';

export interface ServingDeps {
  readonly ledger: Ledger;
  /** The store bucket: capture of own models lies in it. */
  readonly store: ObjectStore;
  /** A bucket by its name: capture of endpoints from elsewhere lies there. */
  readonly bucket: (name: string) => ObjectStore;
}

type Definition = PublishedDefinition['definition'];

/** A model of Millrace's own, as it is watched. */
export const watchedChampion = (
  { ledger, store }: Pick<ServingDeps, 'ledger' | 'store'>,
  champion: Champion,
  definition: Definition,
): Watched => {
  const { model, run, since, endpointName, predictCaptures } = champion;
  return {
    model,
    run,
    since,
    definition,
    sampling: predictCaptures ?? definition.deployment.capture,
    captured: store,
    folders: async () => [`${keys.capture(model, run)}/${endpointName}/${VARIANT}/`],
    async reference() {
      const features = await ledger.find(baselineSchema, keys.baseline(model, run));
      if (features === undefined) {
        return {
          missing: `run ${run} has no baseline: it was prepared by a version that kept none, and the next run has one`,
        };
      }
      const input = await ledger.read(runInputSchema, keys.runInput(model, run));
      const predictions = await ledger.find(baselineSchema, keys.predictionBaseline(model, run));
      const importance = await ledger.find(importanceSchema, keys.importance(model, run));
      const classes = input.classes ?? null;
      const shape = { features: input.features.length, outputs: classes?.length ?? 1 };
      return {
        features: withImportance(features, importance),
        predictions: predictions ?? null,
        columns: input,
        classes,
        shape,
      };
    },
    unmeasured: [],
  };
};

/** Nobody knows what the endpoint would have answered to the rows of the dataset. */
const NO_PREDICTIONS = {
  code: 'no_prediction_baseline',
  message: 'drift of the answers is not measured: what the endpoint answered to the rows of the baseline is not known',
};

const watchedElsewhere = ({ ledger, bucket }: ServingDeps, watch: Watch, definition: Definition): Watched => {
  const { model, n, since, dataset, definitionDigest } = watch;
  const place = watchedPlace(watch, { definition });
  const captured = bucket(place.bucket);
  return {
    model,
    run: `watch-${n}`,
    since,
    definition,
    sampling: null,
    captured,
    folders: () => variantFolders(captured, place),
    async reference() {
      const rows = await ledger.read(watchedRowsSchema, keys.watchedRows(model, dataset, definitionDigest));
      const shape = { features: rows.features.length, outputs: 0, text: textColumns(rows) };
      return { features: rows.baseline, predictions: null, columns: rows, classes: null, shape };
    },
    unmeasured: [NO_PREDICTIONS],
  };
};

/** What is measured of a model in a window, the last one first. */
export const servingIn = async (deps: ServingDeps, model: string, window: Window): Promise<Watched[]> => {
  const { ledger } = deps;
  const definitionOf = async (digest: string): Promise<Definition> =>
    (await definitionAt(ledger, model, digest)).definition;
  const published = await readPublished(ledger, model);
  const found: Watched[] = [];
  if (!published?.definition.deployment.existing) {
    for (const champion of (await championsWithin(ledger, model, window)).champions) {
      found.push(watchedChampion(deps, champion, await definitionOf(champion.definitionDigest)));
    }
    return found;
  }
  for await (const watch of watchesOf(ledger, model)) {
    const sinceMs = Date.parse(watch.since);
    if (sinceMs < window.endMs) {
      found.push(watchedElsewhere(deps, watch, await definitionOf(watch.definitionDigest)));
      // Every request of the window is held against what was the newest baseline at its end.
      break;
    }
  }
  return found;
};

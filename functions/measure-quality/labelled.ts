/** Whose labels land: those of a model in service, or of an endpoint that came from elsewhere; and how they name predictions. */
import { runInputSchema } from '../../shared/data/run-input.ts';
import type { PublishedDefinition } from '../../shared/definition/published.ts';
import { columnsResolved, resolveColumn } from '../../shared/features/check.ts';
import { championSchema, watchSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { definitionAt } from '../../shared/ledger/published.ts';
import { variantFolders, watchedPlace } from '../../shared/monitoring/capture-place.ts';
import { textColumns } from '../../shared/monitoring/capture-text.ts';
import type { FindPredictions } from '../../shared/monitoring/label-placing.ts';
import type { LabelMeaning, LabelNaming } from '../../shared/monitoring/labels.ts';
import { type WatchedRows, watchedRowsSchema } from '../../shared/monitoring/watched-rows.ts';
import { capturedPredictions, indexedPredictions } from './find-predictions.ts';
import { type JudgedDeps, watchedMeaning } from './judged.ts';

/** How a file of labels is read. */
export interface Reading {
  readonly meaning: LabelMeaning;
  readonly naming: LabelNaming;
  readonly find: FindPredictions;
}

/** A model whose labels are waited for. */
export interface Labelled {
  /** Whose label says what these labels mean: a run, or the watch of an endpoint from elsewhere. */
  readonly run: string;
  /** What is in force for it. */
  readonly monitoring: PublishedDefinition['definition']['monitoring'];
  readonly reading: (now: Date) => Promise<Reading>;
}

async function labelledChampion({ ledger, store }: JudgedDeps, model: string): Promise<Labelled | undefined> {
  const champion = await ledger.find(championSchema, keys.champion(model));
  if (champion === undefined) return undefined;
  const { run, definitionDigest } = champion;
  // A model is measured as it was planned, like everything else that is done for it.
  const { definition } = await definitionAt(ledger, model, definitionDigest);
  return {
    run,
    monitoring: definition.monitoring,
    async reading() {
      const meaning = await ledger.read(runInputSchema, keys.runInput(model, run));
      const { joinKey: key = null } = meaning;
      return { meaning, naming: { key, isSought: key !== null }, find: indexedPredictions(store, model) };
    },
  };
}

/** The columns of a key, and at which place of a row an endpoint is sent each. @throws RangeError for one it is not sent */
const sentKey = (key: readonly string[], { features, columnTypes }: WatchedRows) =>
  key.map((name) => {
    const column = resolveColumn(name, columnTypes);
    const place = features.findIndex(
      ({ expression }) => expression.op === 'column' && columnsResolved(expression, columnTypes)[0] === column,
    );
    if (place < 0) throw new RangeError(`${column} is no feature as it is`);
    return { column, place };
  });

async function labelledElsewhere(deps: JudgedDeps, model: string): Promise<Labelled | undefined> {
  const { ledger, bucket } = deps;
  const watch = await ledger.find(watchSchema, keys.watch(model));
  if (watch === undefined) return undefined;
  const { n, dataset, definitionDigest } = watch;
  const published = await definitionAt(ledger, model, definitionDigest);
  const { data, monitoring } = published.definition;
  return {
    run: `watch-${n}`,
    monitoring,
    async reading(now) {
      const rows = await ledger.read(watchedRowsSchema, keys.watchedRows(model, dataset, definitionDigest));
      const { columnTypes, missing } = rows;
      const key = monitoring.quality?.join === 'key' ? sentKey(data.key ?? [], rows) : null;
      const place = watchedPlace(watch, published);
      const captured = bucket(place.bucket);
      return {
        meaning: watchedMeaning(published, rows),
        // Ids of others say no hour: theirs is looked for.
        naming: { key: key?.map(({ column }) => column) ?? null, isSought: true },
        find: capturedPredictions(
          { ledger, captured, folders: await variantFolders(captured, place) },
          { model, definitionDigest, naming: { text: textColumns(rows), key, columnTypes, missing }, now },
        ),
      };
    },
  };
}

/** Whose labels land for a model; undefined where nobody was in service or watched yet. */
export const labelledBy = (
  deps: JudgedDeps,
  { model, definition }: PublishedDefinition,
): Promise<Labelled | undefined> =>
  definition.deployment.existing === null ? labelledChampion(deps, model) : labelledElsewhere(deps, model);

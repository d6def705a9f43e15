/** Profiles accepted data as the baseline of an endpoint that came from elsewhere. */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { missingValues } from '../../shared/data/declared-missing.ts';
import { admit, countCategories, EMPTY_DICTIONARY } from '../../shared/data/dictionary.ts';
import type { Engine } from '../../shared/data/engine.ts';
import { typedRows } from '../../shared/data/merge-columns.ts';
import { inputEncoder } from '../../shared/data/run-input.ts';
import type { PublishedDefinition } from '../../shared/definition/published.ts';
import { type ResolvedInput, resolveInput } from '../../shared/definition/resolve.ts';
import type { ColumnBatch } from '../../shared/features/columns.ts';
import { compile } from '../../shared/features/compile.ts';
import { type DatasetProfile, datasetProfileSchema, datasetSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { moveWatch } from '../../shared/ledger/watches.ts';
import { baselineRowsSample } from '../../shared/monitoring/baseline-sample.ts';
import { type WatchedRows, watchedRowsSchema } from '../../shared/monitoring/watched-rows.ts';

export interface WatchRowsDeps {
  readonly ledger: Ledger;
  /** The bucket typed copies lie in. */
  readonly store: ObjectStore;
  readonly openEngine: (directory: string) => Promise<Engine>;
}

const BATCH_ROWS = 16_384;

/** The rows of a dataset's typed copy, with the columns features are made of and the time. */
async function* rowsOf(engine: Engine, paths: readonly string[], input: ResolvedInput): AsyncGenerator<ColumnBatch> {
  const names = new Set([...input.inputColumns, ...(input.time === null ? [] : [input.time])]);
  const columns = [...names].map((name) => {
    const type = input.columnTypes[name];
    if (type === undefined) throw new RangeError(`the data has no column ${name}`);
    return { name, type };
  });
  for (const path of paths) yield* engine.columns(typedRows(path, columns), BATCH_ROWS);
}

/** Two passes over the typed copy: one to learn the categories, one to profile. */
async function profiled(
  engine: Engine,
  paths: readonly string[],
  { model, digest, definition }: PublishedDefinition,
  dataset: string,
  input: ResolvedInput,
): Promise<WatchedRows> {
  const categories = input.features.filter(({ kind }) => kind === 'category');
  const counts = new Map(categories.map(({ name }) => [name, new Map<string, number>()]));
  const evaluate = compile(
    categories.map(({ expression }) => expression),
    input.columnTypes,
  );
  if (categories.length > 0) {
    for await (const batch of rowsOf(engine, paths, input)) {
      for (const [at, values] of evaluate(batch).entries()) {
        countCategories(counts.get(categories[at]?.name ?? '') ?? new Map(), values, batch.rows);
      }
    }
  }
  const columns = {
    features: [...input.features],
    columnTypes: { ...input.columnTypes },
    dictionary: admit(EMPTY_DICTIONARY, counts),
  };
  const sample = baselineRowsSample(columns, input.time, definition.monitoring.window);
  const encode = inputEncoder(columns);
  for await (const batch of rowsOf(engine, paths, input)) {
    sample.add(
      batch,
      encode(batch),
      Uint32Array.from({ length: batch.rows }, (_, row) => row),
    );
  }
  const missing = await missingValues(engine, definition.data.source.columns, input.columnTypes);
  return {
    model,
    dataset,
    definitionDigest: digest,
    ...columns,
    ...(missing !== undefined && { missing }),
    baseline: sample.baseline(),
  };
}

/** Downloads a dataset's typed copy. */
async function typedCopy(store: ObjectStore, { data }: DatasetProfile, directory: string): Promise<string[]> {
  const paths: string[] = [];
  for (const { key } of data) {
    const path = join(directory, `part-${String(paths.length).padStart(5, '0')}.parquet`);
    const { body } = await store.open(key);
    await pipeline(body, createWriteStream(path));
    paths.push(path);
  }
  return paths;
}

/**
 * Makes an accepted dataset what a watched endpoint is held against, where the definition names one and no newer dataset
 * is there. The profile is recorded once, from the typed copy, whatever else came between.
 */
export const watchRows =
  ({ ledger, store, openEngine }: WatchRowsDeps) =>
  async (published: PublishedDefinition, dataset: string, now: Date): Promise<void> => {
    const { model, digest, definition } = published;
    const { existing } = definition.deployment;
    if (existing === null) return;
    const key = keys.watchedRows(model, dataset, digest);
    if ((await ledger.find(watchedRowsSchema, key)) === undefined) {
      const profile = await ledger.read(datasetProfileSchema, keys.profile(model, dataset));
      const input = resolveInput(published, profile.columns);
      const directory = await mkdtemp(join(tmpdir(), 'watch-'));
      const engine = await openEngine(directory);
      try {
        const paths = await typedCopy(store, profile, directory);
        await ledger.record(watchedRowsSchema, key, await profiled(engine, paths, published, dataset, input));
      } finally {
        engine.close();
        await rm(directory, { recursive: true, force: true });
      }
    }
    const { receivedAt } = await ledger.read(datasetSchema, keys.dataset(model, dataset));
    await moveWatch(ledger, {
      model,
      dataset,
      receivedAt,
      definitionDigest: digest,
      endpoint: existing.endpoint,
      since: now.toISOString(),
    });
  };

/** Keeps what a dataset is and, when it is accepted, what it holds. */
import { stat } from 'node:fs/promises';

import { compactProfile } from '../../shared/data/profile/compact.ts';
import type { ReadDataset } from '../../shared/data/read-dataset.ts';
import { recordDays } from '../../shared/ledger/dataset-days.ts';
import { datasetProfileSchema, datasetSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import type { SizedUpload } from './sources.ts';

/** What was read of a dataset. */
interface ReceivedDataset {
  readonly model: string;
  readonly dataset: string;
  readonly read: ReadDataset;
  readonly receivedAt: string;
}

/** Records what a dataset is and, when it is accepted, its profile and typed copy. The same bytes give the same. */
export async function recordDataset(
  { ledger, store }: { readonly ledger: Ledger; readonly store: ObjectStore },
  { model, dataset, read, receivedAt }: ReceivedDataset,
  sources: readonly (SizedUpload & { readonly sha256: string })[],
  accepted: boolean,
): Promise<void> {
  await ledger.record(datasetSchema, keys.dataset(model, dataset), {
    model,
    dataset,
    sources: sources.map(({ bucket, key, versionId, sizeBytes, sha256 }) => ({
      bucket,
      key,
      versionId,
      sizeBytes,
      sha256,
    })),
    format: read.format ?? 'csv',
    sizeBytes: sources.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    receivedAt,
  });
  if (!accepted || read.profile === null) return;
  // Accepted before under other rules: its typed copy is there, and stays as the profile has it.
  if ((await ledger.find(datasetProfileSchema, keys.profile(model, dataset))) !== undefined) return;
  const copies = [];
  for (const [index, part] of read.parts.entries()) {
    const key = `${keys.datasetData(model, dataset)}part-${String(index).padStart(5, '0')}.parquet`;
    await store.upload(key, part.path, 'application/vnd.apache.parquet');
    copies.push({ key, rows: part.rows, sizeBytes: (await stat(part.path)).size });
  }
  const kept = compactProfile(read.profile);
  await recordDays(ledger, { model, dataset }, read.profile, kept);
  await ledger.record(datasetProfileSchema, keys.profile(model, dataset), {
    model,
    dataset,
    rows: kept.rows,
    columns: kept.columns,
    data: copies,
  });
}

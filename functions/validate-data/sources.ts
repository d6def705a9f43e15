/** The uploads a dataset consists of, and their bytes. */
import type { DeliveredPart } from '../../shared/data/sources/part.ts';
import { NotFoundError } from '../../shared/errors.ts';
import { folderPinSchema, type Upload } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { type IncomingKey, incomingKey } from './incoming-key.ts';
import { partsFolder, readManifest } from './manifest.ts';

/** An upload and how large it is. */
export type SizedUpload = Upload & { readonly sizeBytes: number };

/** An upload of a dataset, with the name that stands in its identity and in problems. */
export type DatasetSource = SizedUpload & { readonly name: string };

/** What makes up a dataset, or why that cannot be told. */
export type DatasetSources =
  /** `single`: it is identified by its bytes alone. */
  { readonly sources: readonly DatasetSource[]; readonly single: boolean } | { readonly refused: string };

/** The uploads a dataset consists of; of a folder those that are there when it is closed, pinned for every repeat. */
export async function sourcesOf(
  { ledger, data }: { readonly ledger: Ledger; readonly data: ObjectStore },
  meant: Extract<IncomingKey, { kind: 'file' | 'success' | 'manifest' }>,
  upload: SizedUpload,
): Promise<DatasetSources> {
  if (meant.kind === 'file') return { sources: [{ ...upload, name: meant.name }], single: true };
  if (meant.kind === 'manifest') return announced(data, meant.model, upload);
  const pinKey = keys.folderPin(meant.model, upload.key, upload.versionId);
  const named = (part: SizedUpload): DatasetSource => ({ ...part, name: part.key.slice(meant.folder.length) });
  const pinned = await ledger.find(folderPinSchema, pinKey);
  if (pinned !== undefined) return { sources: pinned.parts.map(named), single: false };
  const parts: SizedUpload[] = [];
  for await (const { key, versionId, sizeBytes } of data.currentVersions(meant.folder)) {
    if (incomingKey(key).kind === 'part') parts.push({ bucket: upload.bucket, key, versionId, sizeBytes });
  }
  const { bucket, key, versionId } = upload;
  const fact = await ledger.record(folderPinSchema, pinKey, { closedBy: { bucket, key, versionId }, parts });
  return { sources: fact.parts.map(named), single: false };
}

async function announced(data: ObjectStore, model: string, upload: SizedUpload): Promise<DatasetSources> {
  const { body } = await data.open(upload.key, upload.versionId);
  const manifest = await readManifest(body, model);
  if ('refused' in manifest) return manifest;
  const folder = partsFolder(
    manifest.parts.map(({ key }) => key),
    model,
  );
  const sources: DatasetSource[] = [];
  for (const { key, versionId } of manifest.parts) {
    const sizeBytes = await sizeOf(data, key, versionId);
    // S3 is consistent: a version that is not there now was never there, or is gone.
    if (sizeBytes === undefined) return { refused: `there is no version ${versionId} of ${key}` };
    sources.push({ bucket: upload.bucket, key, versionId, sizeBytes, name: key.slice(folder.length) });
  }
  return { sources, single: false };
}

async function sizeOf(data: ObjectStore, key: string, versionId: string): Promise<number | undefined> {
  try {
    const { body, sizeBytes } = await data.open(key, versionId);
    body.destroy();
    return sizeBytes;
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** An upload as a part to be read: opened when its turn comes, and streamed once. */
export const deliveredPart = (data: ObjectStore, { key, versionId, name }: DatasetSource): DeliveredPart => ({
  name,
  open: async () => (await data.open(key, versionId)).body,
});

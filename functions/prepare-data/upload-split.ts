/** Brings the parts of a split to the store. */
import type { SplitPart } from '../../shared/data/split-writer.ts';
import type { Prepared } from '../../shared/ledger/facts.ts';
import { keys, type Split } from '../../shared/ledger/keys.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import type { OtherModels } from './other-encoders.ts';
import { refuseNothingToJudge } from './unpreparable.ts';
import type { WrittenSplits } from './write-splits.ts';

type Uploaded = Prepared['splits']['gate'];

/** The rows that judge, as each model reads them. */
export interface UploadedGate {
  readonly gate: Uploaded;
  /** Null without one, and where it cannot be compared with. */
  readonly gateChampion: Uploaded | null;
  readonly gateAnchor: Uploaded | null;
  readonly gateDigest: string;
  readonly folds: NonNullable<Prepared['folds']> | null;
}

/** Which parts go where. */
export interface SplitUpload {
  readonly split: Split;
  readonly parts: readonly SplitPart[];
  /** Which encoding of the rows. */
  readonly encoding: string;
  /** Where the rows beside it lie: the gate's are the same for every model that reads them. */
  readonly rows: { readonly split: Split; readonly isUploaded: boolean };
  /** Before the names of parts and of rows files, where those of several folds lie together. */
  readonly prefix?: { readonly data?: string; readonly rows?: string };
}

/** Uploads a split's parts. */
export async function uploadSplit(
  store: ObjectStore,
  { model, run }: { readonly model: string; readonly run: string },
  { split, parts, encoding, rows, prefix }: SplitUpload,
): Promise<Uploaded> {
  const uploaded: Uploaded['parts'] = [];
  for (const part of parts) {
    const csv = part.csv[encoding];
    if (csv === undefined) throw new RangeError(`${part.name} has no encoding for ${encoding}`);
    const dataKey = `${keys.splitData(model, run, split)}${prefix?.data ?? ''}${part.name}.csv`;
    const rowsKey = `${keys.splitRows(model, run, rows.split)}${prefix?.rows ?? ''}${part.name}.parquet`;
    await store.upload(dataKey, csv, 'text/csv');
    if (!rows.isUploaded) await store.upload(rowsKey, part.rowsFile, 'application/vnd.apache.parquet');
    uploaded.push({ dataKey, rowsKey, rows: part.rows });
  }
  return { rows: uploaded.reduce((sum, part) => sum + part.rows, 0), parts: uploaded };
}

/** Uploads the gate rows as one model judges all of them. @throws UnpreparableError where there are none. */
export async function uploadGate(
  store: ObjectStore,
  run: { readonly model: string; readonly run: string },
  written: WrittenSplits,
  { champion, anchor }: { readonly champion: OtherModels | null; readonly anchor: OtherModels | null },
): Promise<UploadedGate> {
  refuseNothingToJudge(written);
  const as = (split: 'gate' | 'gate-champion' | 'gate-anchor') =>
    uploadSplit(store, run, {
      split,
      parts: written.gate,
      encoding: split,
      rows: { split: 'gate', isUploaded: split !== 'gate' },
    });
  return {
    gate: await as('gate'),
    gateChampion: champion?.outcome === 'comparable' ? await as('gate-champion') : null,
    gateAnchor: anchor?.outcome === 'comparable' ? await as('gate-anchor') : null,
    gateDigest: written.gateDigest,
    folds: null,
  };
}

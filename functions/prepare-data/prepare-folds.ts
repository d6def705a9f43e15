/** Prepares what judges few rows: for each fold the input of a model that never sees it, and the fold as models read it. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { type RunInput, trainingEncoder } from '../../shared/data/run-input.ts';
import type { PublishedDefinition } from '../../shared/definition/published.ts';
import type { Prepared } from '../../shared/ledger/facts.ts';
import { splitOfFold } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { type AssignSettings, assignRows } from './assign-rows.ts';
import type { FoldRows } from './fold-rows.ts';
import { foldInput } from './frozen-input.ts';
import { encoderOf, type OtherModels } from './other-encoders.ts';
import { refuseNothingToLearn, UnpreparableError } from './unpreparable.ts';
import { type SplitUpload, type UploadedGate, uploadSplit } from './upload-split.ts';
import { type Encoders, type SplitsToWrite, writeSplits } from './write-splits.ts';

type Split = Prepared['splits']['gate'];
type Fold = NonNullable<Prepared['folds']>[number];

/** A run's rows and how they are prepared, once for each fold. */
export interface FoldsToPrepare
  extends Pick<SplitsToWrite, 'rows' | 'readBy' | 'beside' | 'labelKind' | 'maxPartBytes' | 'directory'> {
  /** The input of the model that is trained on all rows. */
  readonly whole: RunInput;
  readonly folds: number;
  readonly assigning: Omit<AssignSettings, 'fold' | 'classes' | 'classWeights'>;
  readonly foldsOf: FoldRows;
  readonly champion: OtherModels | null;
  readonly anchor: OtherModels | null;
}

/** The encodings of a fold's rows: for its own model, and for those that were trained on all rows. */
const WHOLE = 'gate-whole';
const CHAMPION_WHOLE = 'gate-champion-whole';

/**
 * Writes for each fold what its model is trained on and the rows it never saw. The gate rows are those of all folds, in
 * their order.
 *
 * @throws UnpreparableError where a fold has no row to judge, or its model nothing to learn.
 */
export async function prepareFolds(
  { ledger, store }: { readonly ledger: Ledger; readonly store: ObjectStore },
  published: PublishedDefinition,
  given: FoldsToPrepare,
): Promise<UploadedGate> {
  const { rows, readBy, whole, folds, assigning, foldsOf, champion, anchor, labelKind } = given;
  const digest = createHash('sha256');
  const prepared: Fold[] = [];
  const asWhole: Split[] = [];
  const asChampion: Split[] = [];
  for (let fold = 1; fold <= folds; fold += 1) {
    const which = { of: folds, judges: fold };
    const learning = assignRows(rows.input, {
      ...assigning,
      fold: which,
      classes: whole.classes ?? null,
      classWeights: null,
    });
    const own = await foldInput(ledger, published, whole, { rows, assign: learning, foldsOf, readBy }, which);
    const assign = assignRows(rows.input, {
      ...assigning,
      fold: which,
      classes: whole.classes ?? null,
      classWeights: own.classWeights ?? null,
    });
    const directory = join(given.directory, `fold-${fold}`);
    mkdirSync(directory);
    const others: Encoders['others'] = {
      [WHOLE]: encoderOf(whole, whole.columnTypes),
      ...ofFold(champion, fold, 'gate-champion'),
      ...(champion?.outcome === 'comparable' && { [CHAMPION_WHOLE]: champion.whole }),
      ...ofFold(anchor, fold, 'gate-anchor'),
    };
    const written = await writeSplits({
      ...given,
      assign,
      encoders: { candidate: trainingEncoder(own), foldsOf, others },
      watched: null,
      directory,
    });
    refuseNothingToLearn(written, labelKind.problem, whole.classes ?? null, ` without fold ${fold}`);
    if (written.gate.length === 0) {
      throw new UnpreparableError(
        `no row is in fold ${fold} of ${folds}: the data has too few keys or entities; publish the model with fewer folds in data.split`,
      );
    }
    digest.update(written.gateDigest);

    const upload = (to: Omit<SplitUpload, 'parts'>, parts = written.gate) =>
      uploadSplit(store, whole, { ...to, parts });
    const trained = (split: 'train' | 'validation') => {
      const own = splitOfFold(split, fold);
      return upload({ split: own, encoding: split, rows: { split: own, isUploaded: false } }, written[split]);
    };
    const prefix = `f${fold}-`;
    const beside = { split: 'gate', isUploaded: true } as const;
    const judged = (split: 'gate' | 'gate-champion' | 'gate-anchor') =>
      upload({ split: splitOfFold(split, fold), encoding: split, rows: beside, prefix: { rows: prefix } });
    asWhole.push(
      await upload({
        split: 'gate',
        encoding: WHOLE,
        rows: { ...beside, isUploaded: false },
        prefix: { data: prefix, rows: prefix },
      }),
    );
    if (champion?.outcome === 'comparable') {
      const name = { split: 'gate-champion', encoding: CHAMPION_WHOLE } as const;
      asChampion.push(await upload({ ...name, rows: beside, prefix: { data: prefix, rows: prefix } }));
    }
    prepared.push({
      train: await trained('train'),
      validation: await trained('validation'),
      gate: await judged('gate'),
      gateChampion: champion?.outcome === 'comparable' ? await judged('gate-champion') : null,
      gateAnchor: anchor?.outcome === 'comparable' ? await judged('gate-anchor') : null,
    });
  }
  const asAnchor = prepared.flatMap(({ gateAnchor }) => gateAnchor ?? []);
  return {
    gate: together(asWhole),
    gateChampion: asChampion.length > 0 ? together(asChampion) : null,
    gateAnchor: asAnchor.length > 0 ? together(asAnchor) : null,
    gateDigest: digest.digest('hex'),
    folds: prepared,
  };
}

/** How the model of a fold reads its rows. */
function ofFold(models: OtherModels | null, fold: number, name: string): Encoders['others'] {
  if (models?.outcome !== 'comparable') return {};
  const encoder = models.folds[fold - 1];
  if (encoder === undefined) throw new RangeError(`there is no model without fold ${fold}`);
  return { [name]: encoder };
}

const together = (splits: readonly Split[]): Split => ({
  rows: splits.reduce((sum, { rows }) => sum + rows, 0),
  parts: splits.flatMap(({ parts }) => parts),
});

import { type RunInput, runInputSchema } from '../../shared/data/run-input.ts';
import type { Trained } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import type { Importance } from '../../shared/monitoring/importance.ts';
import { gainShares } from '../../shared/xgboost/importance.ts';
import { readModelArchive } from '../../shared/xgboost/model-archive.ts';
import { UnsupportedModelError } from '../../shared/xgboost/unsupported-model-error.ts';

/** The key of an artefact that lies in the store. */
const keyIn = (uri: string): string | undefined => /^s3:\/\/[^/]+\/(.+)$/.exec(uri)?.[1];

function sharesOf(shares: Float64Array, { features }: Pick<RunInput, 'features'>): Importance['shares'] {
  if (shares.length > features.length) {
    throw new UnsupportedModelError(`the model has ${shares.length} features, and the run ${features.length}`);
  }
  if (!shares.some((share) => share > 0)) throw new UnsupportedModelError('no tree of the model splits');
  // XGBoost counts features up to the last one it saw a value of.
  return features.map(({ name }, place) => ({ feature: name, share: Math.min(shares[place] ?? 0, 1) }));
}

/** How much a trained model makes of each feature; where its artefact cannot be read as XGBoost's, why not. */
export async function featureImportance(
  { ledger, store }: { readonly ledger: Ledger; readonly store: Pick<ObjectStore, 'get'> },
  { model, run, artifact }: Pick<Trained, 'model' | 'run' | 'artifact'>,
): Promise<Importance> {
  const key = keyIn(artifact);
  const found = key === undefined ? undefined : await store.get(key);
  if (found === undefined) return { model, run, shares: null, unknown: 'the model artefact is not in the store' };
  try {
    const shares = gainShares(readModelArchive(found.body));
    const input = await ledger.read(runInputSchema, keys.runInput(model, run));
    return { model, run, shares: sharesOf(shares, input), unknown: null };
  } catch (error) {
    if (!(error instanceof UnsupportedModelError)) throw error;
    return { model, run, shares: null, unknown: error.message };
  }
}

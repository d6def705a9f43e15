import { keys } from '../../shared/ledger/keys.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { hourFolder } from '../../shared/monitoring/inference-id.ts';
import { keyNames } from '../../shared/monitoring/key-index.ts';

/** The rows of a request, by the hashes of their keys. */
export interface KeyedRequest {
  readonly model: string;
  readonly inferenceId: string;
  readonly hashes: readonly string[];
  readonly at: Date;
}

/** Keeps which keys a request was about, below its UTC hour, so that a label that has the key alone finds its prediction. */
export const keyIndexer =
  (store: Pick<ObjectStore, 'put'>) =>
  async ({ model, inferenceId, hashes, at }: KeyedRequest): Promise<void> => {
    const folder = keys.predictedKeys(model, `${hourFolder(at.getTime())}/`);
    await Promise.all(keyNames(inferenceId, hashes).map((name) => store.put(`${folder}${name}`, '')));
  };

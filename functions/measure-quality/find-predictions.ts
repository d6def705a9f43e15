/** Looks for the predictions that labels name by a key, or by an id that says no hour. */
import { boundedMap } from '../../shared/data/bounded-map.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { emptyTally } from '../../shared/monitoring/capture.ts';
import {
  type CapturedHour,
  type CapturedNaming,
  capturedHourSchema,
  capturedNames,
} from '../../shared/monitoring/captured-keys.ts';
import { hourFolder } from '../../shared/monitoring/inference-id.ts';
import { type Prediction, predictionsIn } from '../../shared/monitoring/key-index.ts';
import type { FindPredictions } from '../../shared/monitoring/label-placing.ts';
import { ALLOWED_LATENESS_MS, captureFolders } from '../../shared/monitoring/windows.ts';

/** In what `predict` wrote down of each request: names alone are read, a thousand at a time. */
export const indexedPredictions =
  (store: Pick<ObjectStore, 'list'>, model: string): FindPredictions =>
  async (wanted, within) => {
    const found = new Map<string, Prediction[]>();
    await boundedMap(captureFolders(within), async (folder) => {
      for await (const { key } of store.list(keys.predictedKeys(model, folder))) {
        for (const [hash, prediction] of predictionsIn(key.slice(key.lastIndexOf('/') + 1))) {
          if (!wanted.has(hash)) continue;
          const known = found.get(hash);
          if (known === undefined) found.set(hash, [prediction]);
          else known.push(prediction);
        }
      }
    });
    return found;
  };

/** Where others capture, and what is known of it. */
interface CapturedDeps {
  readonly ledger: Ledger;
  readonly captured: Pick<ObjectStore, 'list' | 'open'>;
  /** The folders in which capture has one for each hour. */
  readonly folders: readonly string[];
}

const HOUR_MS = 3_600_000;
/** Hours without traffic cost a look; of others one is read while the next is on its way. */
const HOURS_AT_ONCE = 4;

/** The row an id of {@link capturedPredictions} may name. */
const ROW = /^(.+)\.(\d{1,6})$/s;

/**
 * In what others captured: by the caller's inference id, with `.<row>` behind it for one of several rows, or by the key of
 * a row where what was sent holds it. A closed hour is read once and remembered, so that of a thousand label files one
 * reads it.
 */
export const capturedPredictions = (
  { ledger, captured, folders }: CapturedDeps,
  about: {
    readonly model: string;
    readonly definitionDigest: string;
    readonly naming: CapturedNaming;
    readonly now: Date;
  },
): FindPredictions => {
  const { model, definitionDigest, naming, now } = about;

  const requestsIn = async (hour: string, endMs: number): Promise<CapturedHour['requests']> => {
    const key = keys.capturedKeys(model, definitionDigest, hour);
    const known = await ledger.find(capturedHourSchema, key);
    if (known !== undefined) return known.requests;
    const requests: CapturedHour['requests'] = [];
    for (const folder of folders) {
      for await (const { key: file } of captured.list(`${folder}${hour}/`)) {
        const { body } = await captured.open(file);
        // What cannot be read is told where the window is measured.
        for await (const named of capturedNames(body, file, naming, emptyTally())) requests.push(named);
      }
    }
    if (now.getTime() < endMs + ALLOWED_LATENESS_MS) return requests;
    return (await ledger.record(capturedHourSchema, key, { model, hour, requests })).requests;
  };

  return async (wanted, { startMs, endMs }) => {
    const found = new Map<string, Map<string, Prediction>>();
    const put = (name: string, prediction: Prediction): void => {
      const known = found.get(name) ?? new Map<string, Prediction>();
      found.set(name, known);
      // Captured twice is asked once: the same id at the same second.
      known.set(`${prediction.atMs} ${prediction.id}`, prediction);
    };
    const asked = new Map<string, string[]>();
    if (naming.key === null) {
      for (const name of wanted) {
        const request = ROW.exec(name)?.[1];
        for (const id of request === undefined ? [name] : [name, request])
          asked.set(id, [...(asked.get(id) ?? []), name]);
      }
    }
    const hours: number[] = [];
    for (let at = Math.floor(startMs / HOUR_MS) * HOUR_MS; at < endMs; at += HOUR_MS) hours.push(at);
    const look = async (at: number): Promise<void> => {
      for (const [id, atMs, hashes] of await requestsIn(hourFolder(at), at + HOUR_MS)) {
        for (const name of asked.get(id) ?? []) put(name, { id: name, atMs });
        for (const [row, hash] of hashes.entries()) if (wanted.has(hash)) put(hash, { id: `${id}.${row}`, atMs });
      }
    };
    await boundedMap(hours, look, HOURS_AT_ONCE);
    return new Map([...found].map(([name, predictions]) => [name, [...predictions.values()]]));
  };
};

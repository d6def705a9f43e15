import { DatasetAcceptedV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { limitsDigest, type ReadLimits } from '../../shared/data/read-limits.ts';
import { acceptedData } from '../../shared/ledger/accepted-event.ts';
import { arrivalSchema, type Slot, verdictSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { readPublished } from '../../shared/ledger/published.ts';
import type { LostEvents } from './lost-events.ts';

/** An upload younger than this may still be on its way through validate-data. */
const ARRIVING_MS = 15 * 60_000;

/** How many datasets are judged anew in one look, when the rules have changed. */
const JUDGED_AT_ONCE = 20;

/** Data that has landed and waits: for a look, for new rules, or for a run. */
export const waitingData = (deps: {
  readonly ledger: Ledger;
  /** The uploaders' bucket. */
  readonly data: ObjectStore;
  readonly dataBucket: string;
  readonly tell: Tell;
  readonly lost: LostEvents;
  readonly readLimits: ReadLimits;
}) => {
  const { ledger, data, dataBucket, tell, lost } = deps;
  const limits = limitsDigest(deps.readLimits);

  /** Uploads that nothing is known of, for their event was lost; and those that were put off under other limits. */
  const takeInArrivals = async (model: string, now: Date): Promise<number> => {
    const known = new Set(await ledger.keys(`arrivals/${model}/`));
    let missed = 0;
    for await (const upload of data.currentVersions(`incoming/${model}/`)) {
      const { key, versionId } = upload;
      if (known.has(keys.arrival(model, key, versionId))) continue;
      if (known.has(keys.putOff(model, key, versionId, limits))) continue;
      if (now.getTime() - upload.writtenAt.getTime() < ARRIVING_MS) continue;
      missed += 1;
      await lost.objectCreated({ bucket: dataBucket, ...upload }, upload.sizeBytes, now);
    }
    return missed;
  };

  /** Says again that a dataset was accepted: whatever hears it looks whether a run can start, or go on. */
  const tellAccepted = async (model: string, dataset: string, rulesDigest: string, now: Date) => {
    const verdict = await ledger.read(verdictSchema, keys.verdict(model, dataset, rulesDigest));
    const about = `${model}/${dataset}/${rulesDigest}`;
    await tell(DatasetAcceptedV1, about, acceptedData(verdict), { now, correlationId: dataset });
  };

  /** Data that was judged under rules no longer in force, and not under those that are: it is judged anew. */
  const judgeAnew = async (model: string, now: Date): Promise<number> => {
    const published = await readPublished(ledger, model);
    if (!published) return 0;
    const listed = await ledger.keys(keys.datasets(model));
    const verdictKeys = new Set(listed.filter((key) => key.includes('/verdicts/')));
    const ids = new Set([...verdictKeys].map((key) => key.split('/')[2] ?? ''));
    const stale = new Set(
      [...ids]
        .filter((id) => !verdictKeys.has(keys.verdict(model, id, published.rulesDigest)))
        .slice(0, JUDGED_AT_ONCE),
    );
    let woken = 0;
    const arrivals = await ledger.keys(keys.arrivals(model));
    const known = new Set(arrivals);
    for (const key of arrivals) {
      if (stale.size === 0) break;
      if (key.endsWith('-parts.json')) continue;
      const { dataset, upload, sizeBytes } = await ledger.read(arrivalSchema, key);
      // What is more than one function reads now stays as it was judged.
      const isPutOff = known.has(keys.putOff(model, upload.key, upload.versionId, limits));
      if (dataset === undefined || isPutOff || !stale.delete(dataset)) continue;
      await lost.objectCreated(upload, sizeBytes, now);
      woken += 1;
    }
    return woken;
  };

  /** Data that was accepted while the slot was taken, or while cooldown or budget forbade a run. */
  const offerData = async (model: string, slot: Slot | undefined, now: Date): Promise<boolean> => {
    const published = await readPublished(ledger, model);
    // Of an endpoint from elsewhere no run is planned.
    if (!published || slot?.flight || published.definition.deployment.existing) return false;
    const listed = new Set(await ledger.keys(keys.datasets(model)));
    for (const id of new Set([...listed].map((key) => key.split('/')[2] ?? ''))) {
      const verdictKey = keys.verdict(model, id, published.rulesDigest);
      if (!listed.has(verdictKey) || listed.has(keys.taken(model, id))) continue;
      const verdict = await ledger.read(verdictSchema, verdictKey);
      if (!verdict.accepted) continue;
      await tellAccepted(model, id, published.rulesDigest, now);
      return true;
    }
    return false;
  };

  return { takeInArrivals, judgeAnew, offerData, tellAccepted };
};

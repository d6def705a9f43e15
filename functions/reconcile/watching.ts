/** Endpoints that came from elsewhere: what they are held against, and the alarms that watch them. */
import type { PublishMetrics } from '../../shared/aws/metrics-publisher.ts';
import { acceptedData } from '../../shared/ledger/accepted-data.ts';
import { arrivalSchema, watchAlarmedSchema, watchSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { readPublished } from '../../shared/ledger/published.ts';
import type { AlarmsApi } from '../../shared/monitoring/alarm.ts';
import { metricDimensions, watchAlarms } from '../../shared/monitoring/watch-alarms.ts';
import type { LostEvents } from './lost-events.ts';

export interface WatchingDeps {
  readonly ledger: Ledger;
  readonly lost: LostEvents;
  readonly alarms: Pick<AlarmsApi, 'put'>;
  /** Into the namespace of Millrace's metrics. */
  readonly publish: PublishMetrics;
  readonly stage: string;
  /** Topics that hear of drift, of quality, and of the silence of the monitoring. */
  readonly pageArns: readonly string[];
}

/** Keeps watched endpoints watched. */
export const watching = ({ ledger, lost, alarms, publish, stage, pageArns }: WatchingDeps) => {
  /**
   * A definition that came into force after its data was accepted, under the same rules: `validate-data` profiles the
   * newest of it anew.
   */
  const renew = async (model: string, now: Date): Promise<boolean> => {
    const published = await readPublished(ledger, model);
    if (!published?.definition.deployment.existing) return false;
    const watch = await ledger.find(watchSchema, keys.watch(model));
    if (watch?.definitionDigest === published.digest) return false;
    const { datasets } = await acceptedData(ledger, model, published.rulesDigest);
    const newest = datasets.at(-1)?.dataset.dataset;
    if (newest === undefined) return false;
    for (const key of await ledger.keys(keys.arrivals(model))) {
      if (key.endsWith('-parts.json')) continue;
      const { dataset, upload, sizeBytes } = await ledger.read(arrivalSchema, key);
      if (dataset !== newest) continue;
      await lost.objectCreated(upload, sizeBytes, now);
      return true;
    }
    return false;
  };

  /** Puts the alarms of a watch, once. */
  const putAlarms = async (model: string, now: Date): Promise<boolean> => {
    const published = await readPublished(ledger, model);
    if (!published?.definition.deployment.existing) return false;
    const watch = await ledger.find(watchSchema, keys.watch(model));
    // What is measured is what the watch was made for.
    if (watch?.definitionDigest !== published.digest) return false;
    const key = keys.watchAlarmed(model, watch.n);
    if (await ledger.find(watchAlarmedSchema, key)) return false;
    const { window: windowMs, drift, quality } = published.definition.monitoring;
    // A new alarm without data would be silence.
    await publish([
      { name: 'Heartbeat', value: 1, unit: 'Count', dimensions: metricDimensions(stage, model), at: now },
    ]);
    // Without a figure to hold it against, quality is measured and never judged.
    const watchQuality = (quality?.baseline ?? null) !== null;
    const watched = { stage, model, windowMs, watchDrift: drift !== null, watchQuality, pageArns };
    // Nobody retrains what came from elsewhere: what is seen is for a person to hear.
    for (const alarm of watchAlarms({ ...watched, judgedArns: pageArns })) await alarms.put(alarm);
    await ledger.record(watchAlarmedSchema, key, { model, n: watch.n, alarmedAt: now.toISOString() });
    return true;
  };

  return { renew, putAlarms };
};

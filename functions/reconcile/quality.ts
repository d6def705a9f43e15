import { publishedDefinitionSchema } from '../../shared/definition/published.ts';
import { championSchema, watchSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { readPublished } from '../../shared/ledger/published.ts';
import { ALLOWED_LATENESS_MS, type Window, windowAt, windowName } from '../../shared/monitoring/windows.ts';
import type { LostEvents } from './lost-events.ts';

/** Labels younger than this may still be on their way through measure-quality and its queue. */
const ARRIVING_MS = 30 * 60_000;

/** Windows that are looked for a fact, back from the newest whose labels are due. */
const MOST_LOOKED_AT = 62;

/** Windows that are told in one look. */
const MOST_TOLD = 8;

/** Windows' names begin with year and month. */
const monthOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 7).replace('-', '');

/** The moment a quality fact was written at, from its key; NaN for other keys. */
const asOfOf = (key: string): number => {
  const found = /\/quality-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z\.json$/.exec(key);
  if (found === null) return Number.NaN;
  const [, year, month, day, hour, minute, second, ms] = found.map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second, ms);
};

/** Labels nobody has read, and windows nobody has measured although their labels have had their time. */
export const unmeasuredQuality = (deps: {
  readonly ledger: Ledger;
  /** The uploaders' bucket. */
  readonly data: ObjectStore;
  readonly dataBucket: string;
  readonly lost: LostEvents;
}) => {
  const { ledger, data, dataBucket, lost } = deps;

  /** Files of labels that nothing is known of: their event was lost. */
  const takeInLabels = async (model: string, now: Date): Promise<number> => {
    const known = new Set(await ledger.keys(keys.labelFiles(model)));
    let missed = 0;
    for await (const upload of data.currentVersions(`ground-truth/${model}/`)) {
      if (known.has(keys.labelFile(model, upload.key, upload.versionId))) continue;
      if (now.getTime() - upload.writtenAt.getTime() < ARRIVING_MS) continue;
      missed += 1;
      await lost.labelsUploaded({ bucket: dataBucket, ...upload }, upload.sizeBytes, upload.writtenAt);
    }
    return missed;
  };

  /** What is measured of a model, and of which time; undefined where nobody has been in service or watched. */
  const waitedFor = async (model: string) => {
    const monitoringOf = async (digest: string) =>
      (await ledger.read(publishedDefinitionSchema, keys.definition(model, digest))).definition.monitoring;
    if ((await readPublished(ledger, model))?.definition.deployment.existing) {
      const watch = await ledger.find(watchSchema, keys.watch(model));
      if (watch === undefined) return undefined;
      const first = watch.n === 1 ? watch : await ledger.read(watchSchema, keys.watchHistory(model, 1));
      const monitoring = await monitoringOf(watch.definitionDigest);
      return { monitoring, sinceMs: Date.parse(first.since), untilMs: Number.POSITIVE_INFINITY };
    }
    const champion = await ledger.find(championSchema, keys.champion(model));
    if (champion === undefined) return undefined;
    const first = champion.n === 1 ? champion : await ledger.find(championSchema, keys.championHistory(model, 1));
    return {
      monitoring: await monitoringOf(champion.definitionDigest),
      sinceMs: Date.parse(first?.since ?? champion.since),
      untilMs: champion.retired ? Date.parse(champion.retired.at) : Number.POSITIVE_INFINITY,
    };
  };

  /** Windows that no label has to come for any more: no event says so. The oldest first. */
  const measureDue = async (model: string, now: Date): Promise<number> => {
    const waited = await waitedFor(model);
    if (waited === undefined) return 0;
    const { monitoring, sinceMs, untilMs } = waited;
    const { quality, window: windowMs } = monitoring;
    if (quality === null) return 0;
    const waitMs = Math.max(quality.label_delay, ALLOWED_LATENESS_MS);
    const windows: Window[] = [];
    // The newest window that has had its time, and those before it.
    let window = windowAt(now.getTime() - waitMs - windowMs, windowMs);
    for (; windows.length < MOST_LOOKED_AT && window.endMs > sinceMs; window = windowAt(window.startMs - 1, windowMs)) {
      if (window.startMs < untilMs) windows.push(window);
    }
    if (windows.length === 0) return 0;
    const listed: string[] = [];
    for (const month of new Set(windows.map(({ startMs }) => monthOf(startMs)))) {
      listed.push(...(await ledger.keys(`${keys.monitoring(model)}${month}`)));
    }
    const measured = new Map<string, number>();
    for (const key of listed) {
      const asOf = asOfOf(key);
      if (!Number.isNaN(asOf)) measured.set(key.split('/')[2] ?? '', asOf);
    }
    const due = windows
      .filter((each) => !((measured.get(windowName(each)) ?? 0) >= each.endMs + waitMs))
      .reverse()
      .slice(0, MOST_TOLD);
    for (const each of due) await lost.labelsDue(model, each, now);
    return due.length;
  };

  return { takeInLabels, measureDue };
};

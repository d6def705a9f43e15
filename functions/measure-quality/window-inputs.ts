import { type Champion, championSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ListedObject, ObjectStore } from '../../shared/ledger/object-store.ts';
import { captureFolders, hourAfter, type Window } from '../../shared/monitoring/windows.ts';
import { VARIANT } from '../../shared/sagemaker/requests.ts';

/** The models that were in service in a window. */
export interface InService {
  /** When it ended. */
  readonly last: Champion;
  /** Runs of the others. */
  readonly others: readonly string[];
  /** The one in service now, or last. */
  readonly present: Champion;
  /** Whether that is the one at the window's end. */
  readonly isStill: boolean;
}

/** Who was in service in a window; undefined where nobody was. */
export async function inServiceIn(ledger: Ledger, model: string, window: Window): Promise<InService | undefined> {
  const present = await ledger.find(championSchema, keys.champion(model));
  let last: Champion | undefined;
  const others = new Set<string>();
  for (let n = present?.n ?? 0; n >= 1; n -= 1) {
    const each = n === present?.n ? present : await ledger.find(championSchema, keys.championHistory(model, n));
    if (each === undefined || Date.parse(each.since) >= window.endMs) continue;
    if (last === undefined) last = each;
    else if (each.run !== last.run) others.add(each.run);
    if (Date.parse(each.since) <= window.startMs) break;
  }
  if (last === undefined || present === undefined) return undefined;
  return {
    last,
    others: [...others].sort(),
    present,
    isStill: present.run === last.run && present.retired === undefined,
  };
}

/** What there is to read for a window, hour by hour. */
export interface HourInputs {
  readonly hour: string;
  readonly labels: readonly string[];
  readonly captures: readonly ListedObject[];
}

const HOUR = /\/(\d{4}\/\d\d\/\d\d\/\d\d)\/[^/]+$/;

/** Of the hour after a window, what may hold its last requests: files are named by minute and second of their first record. */
const beginsLater = (key: string): boolean => {
  const minute = /\/(\d\d)-\d\d-\d\d\d-[^/]*$/.exec(key)?.[1];
  return minute !== undefined && Number(minute) >= 1;
};

/** Lists the labels of a window's predictions and what was captured of them, and nothing else. */
export async function hourInputs(
  { ledger, store }: { readonly ledger: Ledger; readonly store: ObjectStore },
  { model, run, endpointName }: Pick<Champion, 'model' | 'run' | 'endpointName'>,
  window: Window,
): Promise<HourInputs[]> {
  const hours = new Map<string, { labels: string[]; captures: ListedObject[] }>();
  const at = (key: string) => {
    const hour = HOUR.exec(key)?.[1] ?? '';
    const found = hours.get(hour) ?? { labels: [], captures: [] };
    hours.set(hour, found);
    return found;
  };
  const after = hourAfter(window);
  for (const folder of captureFolders(window)) {
    for (const key of await ledger.keys(keys.labelHours(model, folder.slice(0, -1)))) at(key).labels.push(key);
  }
  const captured = `${keys.capture(model, run)}/${endpointName}/${VARIANT}/`;
  for (const folder of [...captureFolders(window), after]) {
    for await (const object of store.list(`${captured}${folder}`)) {
      if (folder !== after || !beginsLater(object.key)) at(object.key).captures.push(object);
    }
  }
  return [...hours].sort(([a], [b]) => (a < b ? -1 : 1)).map(([hour, found]) => ({ hour, ...found }));
}

import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ListedObject, ObjectStore } from '../../shared/ledger/object-store.ts';
import { captureFolders, hourAfter, type Window } from '../../shared/monitoring/windows.ts';

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
  ledger: Ledger,
  model: string,
  { captured, folders }: { readonly captured: Pick<ObjectStore, 'list'>; readonly folders: readonly string[] },
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
  for (const below of folders) {
    for (const folder of [...captureFolders(window), after]) {
      for await (const object of captured.list(`${below}${folder}`)) {
        if (folder !== after || !beginsLater(object.key)) at(object.key).captures.push(object);
      }
    }
  }
  return [...hours].sort(([a], [b]) => (a < b ? -1 : 1)).map(([hour, found]) => ({ hour, ...found }));
}

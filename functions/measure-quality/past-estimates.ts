import * as z from 'zod';

import { boundedMap } from '../../shared/data/bounded-map.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { type Window, windowName } from '../../shared/monitoring/windows.ts';

/** What of a window's quality is read here. */
const pastSchema = z.object({
  run: z.string(),
  estimate: z.object({ covered: z.boolean().nullable() }).nullable(),
});

/** So many windows are looked back on. */
const LOOKED_BACK = 30;

/** Windows' names begin with year and month. */
const monthOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 7).replace('-', '');

/** Whether the estimates of the windows before this one came true, as far as labels of the same run's answers say. */
export async function coveredBefore(
  ledger: Ledger,
  model: string,
  run: string,
  window: Window,
): Promise<(boolean | null)[]> {
  const { startMs, endMs } = window;
  const months = new Set([monthOf(startMs - LOOKED_BACK * (endMs - startMs)), monthOf(startMs - 1), monthOf(startMs)]);
  const latest = new Map<string, string>();
  for (const month of months) {
    for (const key of await ledger.keys(`${keys.monitoring(model)}${month}`)) {
      const [, , name = '', file = ''] = key.split('/');
      // Keys come in order: of each window the last is the newest.
      if (file.startsWith('quality-') && name < windowName(window)) latest.set(name, key);
    }
  }
  const newest = [...latest].sort(([a], [b]) => (a < b ? 1 : -1)).slice(0, LOOKED_BACK);
  const past = await boundedMap(newest, ([, key]) => ledger.read(pastSchema, key));
  return past.filter((each) => each.run === run).map(({ estimate }) => estimate?.covered ?? null);
}

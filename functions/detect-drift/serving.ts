import { type Champion, championSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { Window } from '../../shared/monitoring/windows.ts';

/**
 * The champions that were in service within a window, the last one first. Each run once and on the endpoint it answered
 * on last: a rollback may bring one back.
 */
export const championsIn = async (ledger: Ledger, model: string, { startMs, endMs }: Window): Promise<Champion[]> => {
  const found: Champion[] = [];
  const current = await ledger.find(championSchema, keys.champion(model));
  for (let n = current?.n ?? 0; n >= 1; n -= 1) {
    const champion = n === current?.n ? current : await ledger.find(championSchema, keys.championHistory(model, n));
    // Champions from before their history was kept.
    if (champion === undefined) break;
    const sinceMs = Date.parse(champion.since);
    if (sinceMs < endMs && !found.some(({ run }) => run === champion.run)) found.push(champion);
    if (sinceMs <= startMs) break;
  }
  return found;
};

import { type Champion, championSchema } from './facts.ts';
import { keys } from './keys.ts';
import type { Ledger } from './ledger.ts';

/** Who was in service in an interval, and who is now. */
export interface ChampionsWithin {
  readonly present: Champion | undefined;
  /** The last one first. Each run once and on the endpoint it answered on last: a rollback may bring one back. */
  readonly champions: readonly Champion[];
}

/** The champions that were in service within an interval, both ends in epoch milliseconds. */
export async function championsWithin(
  ledger: Ledger,
  model: string,
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
): Promise<ChampionsWithin> {
  const champions: Champion[] = [];
  const present = await ledger.find(championSchema, keys.champion(model));
  for (let n = present?.n ?? 0; n >= 1; n -= 1) {
    const champion = n === present?.n ? present : await ledger.find(championSchema, keys.championHistory(model, n));
    // Champions from before their history was kept.
    if (champion === undefined) break;
    const sinceMs = Date.parse(champion.since);
    if (sinceMs < endMs && !champions.some(({ run }) => run === champion.run)) champions.push(champion);
    if (sinceMs <= startMs) break;
  }
  return { present, champions };
}

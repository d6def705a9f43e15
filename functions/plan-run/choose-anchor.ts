/**
 * The model a candidate is held against beside the champion: the best that served in the configured past. Ten promotions,
 * each a little worse and none by much, are one that is much worse; only a model from before them shows it.
 */
import * as z from 'zod';

import { type Champion, championSchema, type RunPlan } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';

/** One model that served, newest first in a list. */
export interface Served {
  readonly run: string;
  readonly modelName: string;
  /** When the next one took its place; null for the one in service. */
  readonly untilMs: number | null;
  /** What its own evaluation found when it was a candidate; null where it was compared with nobody. */
  readonly against: { readonly run: string; readonly metric: string; readonly gain: number } | null;
}

/**
 * The best of the past, told by the gains of each over its predecessor on rows they were both judged on: figures of
 * different rows are never compared. Where two neighbours were not compared by this metric, what lies before is unknown
 * and not looked at. Of equal ones the newest. Null where the one in service is the best.
 */
export function bestServed(served: readonly Served[], metric: string, sinceMs: number): Served | null {
  const [current] = served;
  let best = current;
  let [level, bestLevel] = [0, 0];
  for (let i = 0; i + 1 < served.length; i += 1) {
    const [here, before] = [served[i], served[i + 1]];
    if (here === undefined || before === undefined) break;
    if ((before.untilMs ?? Number.POSITIVE_INFINITY) < sinceMs) break;
    if (here.against === null || here.against.run !== before.run || here.against.metric !== metric) break;
    level -= here.against.gain;
    if (level > bestLevel) [best, bestLevel] = [before, level];
  }
  return best === undefined || best.run === current?.run ? null : best;
}

/** More champions than these are not looked back through. */
const MAX_CHAMPIONS = 50;

/** What of an evaluation says how a candidate did against its champion; of an older one nothing may be said. */
const comparedSchema = z.object({
  champion: z.object({ run: z.string() }).nullable(),
  againstChampion: z.object({ metric: z.string(), gain: z.number().nullable() }).nullish(),
});

/** Finds {@link bestServed} in the ledger; null without a champion. */
export async function chooseAnchor(
  ledger: Ledger,
  model: string,
  champion: Champion | undefined,
  wanted: { readonly metric: string; readonly sinceMs: number },
): Promise<NonNullable<RunPlan['anchor']> | null> {
  if (champion === undefined) return null;
  const served: Served[] = [];
  let [here, untilMs]: [Champion | undefined, number | null] = [champion, null];
  while (here !== undefined && served.length < MAX_CHAMPIONS) {
    const compared = await ledger.find(comparedSchema, keys.evaluation(model, here.run));
    const [other, against] = [compared?.champion, compared?.againstChampion];
    const gain = against?.gain ?? null;
    served.push({
      run: here.run,
      modelName: here.modelName,
      untilMs,
      against: other && against && gain !== null ? { run: other.run, metric: against.metric, gain } : null,
    });
    untilMs = Date.parse(here.since);
    if (untilMs < wanted.sinceMs || here.n === 1) break;
    here = await ledger.find(championSchema, keys.championHistory(model, here.n - 1));
  }
  const best = bestServed(served, wanted.metric, wanted.sinceMs);
  return best && { run: best.run, modelName: best.modelName };
}

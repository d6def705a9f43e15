import * as z from 'zod';

import { WindowClosedV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { type PublishedDefinition, publishedDefinitionSchema } from '../../shared/definition/published.ts';
import { championSchema, watchSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { readPublished } from '../../shared/ledger/published.ts';
import { watchedUntilSchema } from '../../shared/monitoring/drift-fact.ts';
import { closedWindows, windowName, windowText } from '../../shared/monitoring/windows.ts';

/** Windows that are looked for a fact in one look: the others wait for the next. */
const MOST_LOOKED_AT = 48;
/** Windows that are told in one look: more than close between two, even of a minute. */
const MOST_TOLD = 20;

/** A model whose windows are watched. */
interface Monitored {
  /** What its windows are told under. */
  readonly run: string;
  readonly definition: PublishedDefinition['definition'];
  /** Where nothing is remembered of its windows. */
  readonly sinceMs: number;
  /** Windows before it are nobody's, whatever is remembered. */
  readonly earliestMs: number;
  /** What came after it was taken out of service is nobody's answer. */
  readonly untilMs: number;
}

/** Closed windows of models in service that nobody has answered. */
export const unansweredWindows = ({ ledger, tell }: { readonly ledger: Ledger; readonly tell: Tell }) => {
  /**
   * Tells the closed windows without a fact, the oldest first, and remembers up to when all have one.
   * @returns How many were told.
   */
  const tellClosed = async (model: string, now: Date): Promise<number> => {
    const monitored = await monitoredOf(model);
    if (!monitored || monitored.definition.monitoring.drift === null) return 0;
    const { run, definition, sinceMs, earliestMs, untilMs } = monitored;
    const known = await ledger.find(watchedUntilSchema, keys.watchedUntil(model));
    const since = Math.max(known ? Date.parse(known.until) : sinceMs, earliestMs);
    const windows = closedWindows(since, now.getTime(), definition.monitoring.window, MOST_LOOKED_AT);
    let [told, until] = [0, null as string | null];
    for (const window of windows) {
      if (window.startMs >= untilMs) break;
      if (told === MOST_TOLD) break;
      const isAnswered = (await ledger.find(z.unknown(), keys.drift(model, windowName(window)))) !== undefined;
      if (isAnswered && told === 0) until = windowText(window).end;
      if (isAnswered) continue;
      const about = `${model}/${windowName(window)}`;
      await tell(WindowClosedV1, about, { model, window: windowText(window) }, { now, correlationId: run });
      told += 1;
    }
    if (until !== null) await movedTo(model, until);
    return told;
  };

  const monitoredOf = async (model: string): Promise<Monitored | undefined> => {
    const definitionOf = async (digest: string) =>
      (await ledger.read(publishedDefinitionSchema, keys.definition(model, digest))).definition;
    if ((await readPublished(ledger, model))?.definition.deployment.existing) {
      const present = await ledger.find(watchSchema, keys.watch(model));
      if (!present) return undefined;
      const first = present.n === 1 ? present : await ledger.read(watchSchema, keys.watchHistory(model, 1));
      return {
        run: `watch-${present.n}`,
        definition: await definitionOf(present.definitionDigest),
        sinceMs: Date.parse(first.since),
        earliestMs: Date.parse(first.since),
        untilMs: Number.POSITIVE_INFINITY,
      };
    }
    const champion = await ledger.find(championSchema, keys.champion(model));
    return (
      champion && {
        run: champion.run,
        definition: await definitionOf(champion.definitionDigest),
        sinceMs: Date.parse(champion.since),
        earliestMs: Number.NEGATIVE_INFINITY,
        untilMs: champion.retired ? Date.parse(champion.retired.at) : Number.POSITIVE_INFINITY,
      }
    );
  };

  const movedTo = (model: string, until: string) =>
    ledger.point(watchedUntilSchema, keys.watchedUntil(model), (current) =>
      current && Date.parse(current.until) >= Date.parse(until) ? undefined : { model, until },
    );

  return { tellClosed };
};

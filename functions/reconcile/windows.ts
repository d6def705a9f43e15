import * as z from 'zod';

import { WindowClosedV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { publishedDefinitionSchema } from '../../shared/definition/published.ts';
import { championSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { watchedUntilSchema } from '../../shared/monitoring/drift-fact.ts';
import { closedWindows, windowName, windowText } from '../../shared/monitoring/windows.ts';

/** Windows that are looked for a fact in one look: the others wait for the next. */
const MOST_LOOKED_AT = 48;
/** Windows that are told in one look: more than close between two, even of a minute. */
const MOST_TOLD = 20;

/** Closed windows of models in service that nobody has answered. */
export const unansweredWindows = ({ ledger, tell }: { readonly ledger: Ledger; readonly tell: Tell }) => {
  /**
   * Tells the closed windows without a fact, the oldest first, and remembers up to when all have one.
   * @returns How many were told.
   */
  const tellClosed = async (model: string, now: Date): Promise<number> => {
    const champion = await ledger.find(championSchema, keys.champion(model));
    if (!champion) return 0;
    const { definition } = await ledger.read(
      publishedDefinitionSchema,
      keys.definition(model, champion.definitionDigest),
    );
    if (definition.monitoring.drift === null) return 0;
    const known = await ledger.find(watchedUntilSchema, keys.watchedUntil(model));
    const since = Date.parse(known?.until ?? champion.since);
    const windows = closedWindows(since, now.getTime(), definition.monitoring.window, MOST_LOOKED_AT);
    let [told, until] = [0, null as string | null];
    // What came after a model was taken out of service is nobody's answer.
    const retiredMs = champion.retired ? Date.parse(champion.retired.at) : Number.POSITIVE_INFINITY;
    for (const window of windows) {
      if (window.startMs >= retiredMs) break;
      if (told === MOST_TOLD) break;
      const isAnswered = (await ledger.find(z.unknown(), keys.drift(model, windowName(window)))) !== undefined;
      if (isAnswered && told === 0) until = windowText(window).end;
      if (isAnswered) continue;
      const about = `${model}/${windowName(window)}`;
      await tell(WindowClosedV1, about, { model, window: windowText(window) }, { now, correlationId: champion.run });
      told += 1;
    }
    if (until !== null) await movedTo(model, until);
    return told;
  };

  const movedTo = (model: string, until: string) =>
    ledger.point(watchedUntilSchema, keys.watchedUntil(model), (current) =>
      current && Date.parse(current.until) >= Date.parse(until) ? undefined : { model, until },
    );

  return { tellClosed };
};

/** What a story with one fault more may differ in from the story without it, and what it may not. */
import { isDeepStrictEqual } from 'node:util';

import type { FaultRule } from '../../local/faults/settings.ts';
import type { FinalState } from './final-state.ts';
import type { Told, ToldWithFault } from './single-fault.ts';

const isNotice = (key: string): boolean => key.startsWith('notices/');

/** What differs between two objects, member by member; `but` names what may be missing from the second. */
const membersThatDiffer = (want: object, found: object, but: (name: string) => boolean = () => false): string[] =>
  [...new Set([...Object.keys(want), ...Object.keys(found)])]
    .filter((name) => {
      const [before, after] = [Reflect.get(want, name), Reflect.get(found, name)];
      return !isDeepStrictEqual(before, after) && !(after === undefined && but(name));
    })
    .map(
      (name) =>
        `${name}: ${JSON.stringify(Reflect.get(want, name))} became ${JSON.stringify(Reflect.get(found, name))}`,
    );

/**
 * A message to a person is the end of the loop: nothing waits for it, so nothing misses it, and EventBridge itself tries
 * its delivery for a day (infrastructure: retryPolicy) before it is a dead letter. An event that vanishes without one is
 * not told again.
 */
const losesNotice = (fault: FaultRule): boolean => fault.fault === 'lose-event' && /-notify$/.test(fault.target ?? '');

/**
 * A person is told twice rather than not at all: when notify dies between sending and recording, and when two of one
 * event are worked off in the same moment (functions/notify/notify.ts).
 */
const repeatsNotice = (fault: FaultRule): boolean =>
  (fault.fault === 'crash' && /-notify$/.test(fault.function)) ||
  (fault.fault === 'double-event' && fault.delayMs === undefined);

/** How a state differs from that without the fault, in words, where it may not. */
const statesThatDiffer = (fault: FaultRule, clean: FinalState, found: FinalState): string[] => {
  const { facts, ...state } = found;
  const { facts: cleanFacts, ...cleanState } = clean;
  return [
    ...membersThatDiffer(cleanState, state),
    ...membersThatDiffer(cleanFacts, facts, (key) => losesNotice(fault) && isNotice(key)),
  ];
};

/** Whether a story with a fault has come to the state it has without, but for what the fault may change. */
export const isSameEnd = (fault: FaultRule, clean: FinalState, found: FinalState): boolean =>
  statesThatDiffer(fault, clean, found).length === 0;

/** @returns What went wrong that may not, in words; empty when the fault changed nothing that counts. */
export const judge = (fault: FaultRule, clean: Told, told: ToldWithFault): string[] => {
  const wrong: string[] = [];
  if (told.strikes !== 1) wrong.push(`the fault struck ${told.strikes} times`);
  wrong.push(...statesThatDiffer(fault, clean.state, told.state));
  for (const event of Object.keys(clean.events)) {
    if (told.events[event] === undefined) wrong.push(`${event} was never told`);
  }
  for (const event of Object.keys(told.events)) {
    if (clean.events[event] === undefined) wrong.push(`${event} is told without the fault never`);
  }
  const most = repeatsNotice(fault) ? 1 : 0;
  for (const subject of new Set([...Object.keys(clean.notices), ...Object.keys(told.notices)])) {
    const [want, found] = [clean.notices[subject] ?? 0, told.notices[subject] ?? 0];
    const least = losesNotice(fault) ? want - 1 : want;
    if (found < least || found > want + most) wrong.push(`a person was told ${found} times, not ${want}: ${subject}`);
  }
  return wrong;
};

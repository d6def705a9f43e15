/** One story after another, each in a world of its own in which one thing goes wrong. */
import { isDeepStrictEqual } from 'node:util';

import type { FaultRule } from '../../local/faults/settings.ts';
import type { TracedEvent, TracedRequest } from '../../local/faults/trace.ts';
import { startInProcessWorld } from '../in-process/world.ts';
import { type DeliveredEvent, hearEvents, hearNotices } from '../loop/deliveries.ts';
import { HOUR_MS, MINUTE_MS, type World } from '../loop/world.ts';
import { type FinalState, finalState } from './final-state.ts';
import { isSameEnd } from './judgement.ts';
import type { Story } from './stories.ts';

/** Early, so that a day's window does not close just because an event came late. */
const START = '2001-03-20T01:30:00Z';

/** Reconcile looks this often (platform.yml). */
const LOOK_MS = 15 * MINUTE_MS;
/** What is not over after so much of the cloud's time never will be: capacity is waited for a day, retries end sooner. */
const PATIENCE_MS = 36 * HOUR_MS;

/** What a story came to. */
export interface Told {
  readonly state: FinalState;
  /** Events of our own by type and id, each with how often it was told. */
  readonly events: Readonly<Record<string, number>>;
  /** Subjects of what people were told, each with how often. */
  readonly notices: Readonly<Record<string, number>>;
}

const countOf = (names: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};

/** Events whose id says when something was looked at: what they say is what they are known by. */
const TOLD_OF_A_MOMENT = new Set(['QualityMeasured.v1', 'RetrainingDeclined.v1', 'RetrainingRequested.v1']);

const nameOf = ({ detail, 'detail-type': type }: DeliveredEvent): string =>
  TOLD_OF_A_MOMENT.has(type)
    ? `${type} ${JSON.stringify(detail.data).replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z|\d{8}T\d{9}Z/g, 'TIME')}`
    : `${type} ${JSON.stringify(Object(detail.metadata).eventId)}`;

/** Lets time pass, a look of reconcile at a time, until something is so. @returns Whether it ever was. */
const waitFor = async (world: World, isSo: () => Promise<boolean>): Promise<boolean> => {
  const until = world.cloud.clock.ms() + PATIENCE_MS;
  while (!(await isSo())) {
    if (world.cloud.clock.ms() >= until) return false;
    await world.cloud.clock.advance(LOOK_MS, () => world.cloud.activity.idle());
    await world.cloud.settle();
  }
  return true;
};

interface Playing {
  readonly world: World;
  readonly events: () => Promise<DeliveredEvent[]>;
  readonly notices: () => Promise<string[]>;
}

/** Starts a world with these models published. */
export type StartWorld = (models: readonly string[], start: string) => Promise<World>;

const inProcess: StartWorld = (models, start) => startInProcessWorld({ models, start });

const begin = async (story: Story, start: StartWorld): Promise<Playing> => {
  const world = await start([story.model], START);
  const [events, notices] = [await hearEvents(world), await hearNotices(world)];
  await story.before?.(world);
  return { world, events, notices };
};

const tellChapters = async ({ chapters }: Story, world: World): Promise<void> => {
  for (const { ready, tell } of chapters) {
    if (ready) await waitFor(world, () => ready(world));
    await tell(world);
  }
};

/** How long nothing must change for a state to count as the end: two looks of reconcile and a retry. */
const QUIET_MS = 2 * LOOK_MS + 5 * MINUTE_MS;

const outcomeOf = async (story: Story, { world, events, notices }: Playing): Promise<Told> => ({
  state: await finalState(world, story.model),
  events: countOf((await events()).filter(({ source }) => source === 'millrace').map(nameOf)),
  notices: countOf(await notices()),
});

/** What passed while a story was told with nothing else going wrong. */
export interface CleanTelling {
  readonly told: Told;
  readonly requests: readonly TracedRequest[];
  readonly events: readonly TracedEvent[];
}

/** Tells a story in which nothing goes wrong but what goes wrong in it anyway. */
export const tellCleanly = async (story: Story, start = inProcess): Promise<CleanTelling> => {
  const playing = await begin(story, start);
  const { world } = playing;
  try {
    world.cloud.faults.set({ rules: [...(story.faults ?? [])] });
    const trace = world.cloud.faults.trace();
    await tellChapters(story, world);
    await waitFor(world, async () => isDeepStrictEqual((await finalState(world, story.model)).ends, story.ends));
    await world.settle();
    trace.stop();
    await world.cloud.settle({ advanceMs: QUIET_MS });
    return { told: await outcomeOf(story, playing), requests: trace.requests, events: trace.events };
  } finally {
    await world.close();
  }
};

export interface ToldWithFault extends Told {
  /** How often the fault struck. */
  readonly strikes: number;
}

/** Tells a story with one fault more. */
export const tellWith = async (
  story: Story,
  fault: FaultRule,
  clean: Told,
  start = inProcess,
): Promise<ToldWithFault> => {
  const playing = await begin(story, start);
  const { world } = playing;
  try {
    const { faults, clock } = world.cloud;
    faults.set({ rules: [fault, ...(story.faults ?? [])] });
    const strikes = () => faults.report().rules[0]?.report.struck ?? 0;
    let struckMs = Number.POSITIVE_INFINITY;
    const noticeStrike = () => {
      if (strikes() > 0) struckMs = Math.min(struckMs, clock.ms());
    };
    await tellChapters(story, world);
    await waitFor(world, async () => {
      noticeStrike();
      return isSameEnd(fault, clean.state, await finalState(world, story.model));
    });
    noticeStrike();
    if ((fault.fault === 'delay-event' || fault.fault === 'double-event') && Number.isFinite(struckMs)) {
      // Nobody works until the late event comes: reconcile has nothing to say, and the night is skipped.
      const dueMs = Math.max(clock.ms(), struckMs + (fault.delayMs ?? 0));
      await clock.jump(dueMs, () => world.cloud.activity.idle());
    }
    await world.cloud.settle({ advanceMs: QUIET_MS });
    return { ...(await outcomeOf(story, playing)), strikes: strikes() };
  } finally {
    await world.close();
  }
};

export interface Case {
  readonly name: string;
  readonly fault: FaultRule;
}

const lastOf = (name: string): string => name.slice(Math.max(name.lastIndexOf(':'), name.lastIndexOf('/')) + 1);

/** Requests that change nothing that outlives the function that asks. */
const READS = /^(Get|List|Describe|Head|Invoke)/;

/**
 * A crash before and after every request of every function. A crash after a request that only reads, and one before a
 * request that another precedes, leave what the one after the last change before them leaves: without `literally` one
 * stands for all of them.
 */
const crashes = (requests: readonly TracedRequest[], literally: boolean): Case[] =>
  requests.flatMap(({ function: name, invocation, request, ordinal, service, operation }) =>
    (['before', 'after'] as const)
      .filter((when) => literally || (when === 'before' ? request === 1 : !READS.test(operation)))
      .map((when) => ({
        name: `${name} crashes ${when} its request ${invocation}.${request}, ${service} ${operation}`,
        fault: { fault: 'crash', function: name, nth: ordinal, when },
      })),
  );

const deliveries = (events: readonly TracedEvent[]): Case[] =>
  events.flatMap(({ bus, rule, target, detailType, ordinal }): Case[] => {
    const one = { bus, rule, target, nth: ordinal };
    const event = `${detailType} ${ordinal} to ${lastOf(target)}`;
    const minutes = 10 * MINUTE_MS;
    const hours = 8 * HOUR_MS;
    return [
      { name: `${event} is lost`, fault: { fault: 'lose-event', ...one } },
      { name: `${event} comes twice at once`, fault: { fault: 'double-event', ...one } },
      { name: `${event} comes again after eight hours`, fault: { fault: 'double-event', ...one, delayMs: hours } },
      { name: `${event} comes ten minutes late`, fault: { fault: 'delay-event', ...one, delayMs: minutes } },
      { name: `${event} comes eight hours late`, fault: { fault: 'delay-event', ...one, delayMs: hours } },
    ];
  });

const SCHEDULED = 'Scheduled Event';

/** Invoking a function is work for it; invoking an endpoint is a question. */
const changes = ({ service, operation }: TracedRequest): boolean => service === 'lambda' || !READS.test(operation);

/**
 * Without the looks of a schedule that found nothing to do, but for the first of each function: the next look comes anyway, and a
 * night has some fifty of them. An event on a schedule begins an invocation, so the k-th event is of the k-th.
 */
const withoutIdleLooks = ({ requests, events }: CleanTelling) => {
  const scheduled = new Map<string, number[]>();
  const woken = new Map<string, number>();
  for (const { target, detailType } of events) {
    const name = lastOf(target);
    const invocation = (woken.get(name) ?? 0) + 1;
    woken.set(name, invocation);
    if (detailType === SCHEDULED) scheduled.set(name, [...(scheduled.get(name) ?? []), invocation]);
  }
  const idle = new Map<string, Set<number>>();
  for (const [name, looks] of scheduled) {
    const busy = new Set(
      requests.filter((request) => request.function === name && changes(request)).map(({ invocation }) => invocation),
    );
    idle.set(name, new Set(looks.filter((look) => !busy.has(look)).slice(1)));
  }
  const seen = new Map<string, number>();
  return {
    requests: requests.filter((request) => !idle.get(request.function)?.has(request.invocation)),
    events: events.filter(({ target }) => {
      const name = lastOf(target);
      const invocation = (seen.get(name) ?? 0) + 1;
      seen.set(name, invocation);
      return !idle.get(name)?.has(invocation);
    }),
  };
};

/** Everything that can go wrong once in a story. */
export const casesOf = (clean: CleanTelling, literally: boolean): Case[] => {
  const { requests, events } = literally ? clean : withoutIdleLooks(clean);
  return [...crashes(requests, literally), ...deliveries(events.filter(({ rule }) => !rule.startsWith('hear-')))];
};

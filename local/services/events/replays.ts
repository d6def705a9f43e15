/**
 * Replays: events of an archive, sent to their bus again. A replay goes by the time in the events, minute after minute,
 * StartReplay (documented). *Assumed*: it starts one second after it was asked for, and replays one minute that holds events
 * per second of the cloud's time.
 */
import type { Timer } from '../../clock.ts';
import { type BusEvent, type Cloud, ServiceError } from '../../contracts.ts';
import type { Archive } from './archives.ts';
import type { EventStore } from './store.ts';

export type ReplayState = 'STARTING' | 'RUNNING' | 'CANCELLING' | 'COMPLETED' | 'CANCELLED' | 'FAILED';
export const REPLAY_STATES = [
  'STARTING',
  'RUNNING',
  'CANCELLING',
  'COMPLETED',
  'CANCELLED',
  'FAILED',
] as const satisfies readonly ReplayState[];

/** What StartReplay asks for; times are epoch milliseconds. */
export interface ReplayRequest {
  readonly name: string;
  readonly description?: string | undefined;
  readonly eventStart: number;
  readonly eventEnd: number;
  readonly busArn: string;
  /** ARNs of the rules to replay to; undefined for all of the bus. */
  readonly ruleArns?: readonly string[] | undefined;
}

export interface Replay extends ReplayRequest {
  readonly arn: string;
  readonly archiveArn: string;
  readonly startedAt: number;
  state: ReplayState;
  reason: string | undefined;
  endedAt: number | undefined;
  /** The time in the event that was replayed last. */
  lastReplayedAt: number | undefined;
}

export interface Replays {
  /** @throws ServiceError ResourceAlreadyExistsException, LimitExceededException. */
  start(archive: Archive, request: ReplayRequest): Replay;
  /** @throws ServiceError ResourceNotFoundException. */
  replay(name: string): Replay;
  all(): Replay[];
  /** @throws ServiceError IllegalStatusException. */
  cancel(replay: Replay): void;
  close(): void;
}

const STEP_MS = 1_000;
const MINUTE_MS = 60_000;
// At most ten replays are active at a time: eb-replay-archived-event (documented).
const MOST_ACTIVE = 10;
// *Assumed*: a replay can be described for 90 days after its end.
const REMEMBERED_MS = 90 * 86_400_000;

/** A replayed event is the event as it was, with the replay's name (recorded). *Assumed*: its id is the old one. */
const replayed = ({ resources, detail, ...envelope }: BusEvent, name: string): BusEvent => ({
  ...envelope,
  ...{ 'replay-name': name },
  resources,
  detail,
});

/** Events by the minute of their time, in order. */
const byMinute = (events: readonly BusEvent[]): BusEvent[][] => [
  ...Map.groupBy(events, ({ time }) => Math.floor(Date.parse(time) / MINUTE_MS)).values(),
];

export const createReplays = (cloud: Cloud, store: EventStore): Replays => {
  const replays = new Map<string, Replay>();
  const timers = new Map<string, Timer>();

  const forget = () => {
    const limit = cloud.clock.ms() - REMEMBERED_MS;
    for (const replay of replays.values())
      if (replay.endedAt !== undefined && replay.endedAt <= limit) replays.delete(replay.name);
  };
  const soon = (replay: Replay, step: () => void) =>
    timers.set(replay.name, cloud.clock.after(STEP_MS, step, `events: replay ${replay.name}`));
  const end = (replay: Replay, state: ReplayState, reason?: string) => {
    timers.delete(replay.name);
    replay.state = state;
    replay.reason = reason;
    replay.endedAt = cloud.clock.ms();
  };
  const run = (replay: Replay, [minute, ...rest]: readonly (readonly BusEvent[])[]) => {
    if (!minute) return end(replay, 'COMPLETED');
    const bus = store.findBus(replay.busArn);
    // *Assumed*: a replay fails when its bus has gone.
    if (!bus) return end(replay, 'FAILED', `Event bus ${replay.busArn} does not exist.`);
    replay.state = 'RUNNING';
    const only = replay.ruleArns && new Set(replay.ruleArns);
    for (const event of minute) {
      store.publish(bus, replayed(event, replay.name), [], only);
      replay.lastReplayedAt = Date.parse(event.time);
    }
    soon(replay, () => run(replay, rest));
  };

  return {
    start(archive, request) {
      forget();
      // The name of a replay is taken whatever archive it is of: StartReplay (recorded).
      if (replays.has(request.name))
        throw new ServiceError('ResourceAlreadyExistsException', `Replay ${request.name} already exists.`);
      if ([...replays.values()].filter(({ endedAt }) => endedAt === undefined).length >= MOST_ACTIVE)
        // Too many active replays are refused in the words of any quota: StartReplay (recorded).
        throw new ServiceError('LimitExceededException', 'The requested resource exceeds the maximum number allowed.');
      const replay: Replay = {
        ...request,
        arn: `arn:aws:events:${cloud.region}:${cloud.account}:replay/${request.name}`,
        archiveArn: archive.arn,
        startedAt: cloud.clock.ms(),
        state: 'STARTING',
        reason: undefined,
        endedAt: undefined,
        lastReplayedAt: undefined,
      };
      replays.set(request.name, replay);
      const minutes = byMinute(archive.events.between(request.eventStart, request.eventEnd));
      soon(replay, () => run(replay, minutes));
      return replay;
    },
    replay(name) {
      forget();
      const found = replays.get(name);
      if (found) return found;
      // A replay that is not there is named in the error: DescribeReplay (recorded).
      throw new ServiceError('ResourceNotFoundException', `Replay ${name} does not exist.`);
    },
    all() {
      forget();
      return [...replays.values()];
    },
    cancel(replay) {
      // Only a replay that is starting or running can be cancelled: CancelReplay (documented); the words are *assumed*.
      if (replay.state !== 'STARTING' && replay.state !== 'RUNNING')
        throw new ServiceError(
          'IllegalStatusException',
          `Replay ${replay.name} is not in a valid state for this operation.`,
        );
      timers.get(replay.name)?.cancel();
      // A cancelled replay is CANCELLING before it is CANCELLED: CancelReplay (recorded).
      replay.state = 'CANCELLING';
      soon(replay, () => end(replay, 'CANCELLED'));
    },
    close() {
      for (const timer of timers.values()) timer.cancel();
      timers.clear();
      replays.clear();
    },
  };
};

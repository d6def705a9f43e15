/** One line of a log group. Times are epoch milliseconds of the cloud's clock. */
export interface LogEvent {
  /** Rises by one per event of the group, across its streams. */
  readonly sequence: number;
  readonly timestamp: number;
  readonly ingestedAt: number;
  readonly stream: string;
  readonly message: string;
}

export interface LogStream {
  readonly name: string;
  readonly createdAt: number;
  firstEventAt?: number;
  lastEventAt?: number;
}

export interface LogGroup {
  readonly name: string;
  readonly createdAt: number;
  readonly retentionInDays?: number;
  readonly streams: Map<string, LogStream>;
  events: LogEvent[];
}

// A cloud that runs for days keeps the newest lines only.
const MAX_EVENTS_PER_GROUP = 20_000;

export interface LogStore {
  readonly groups: ReadonlyMap<string, LogGroup>;
  /** @returns false when there is one already. */
  createGroup(name: string, retentionInDays?: number): boolean;
  /** With its streams and events. @returns false when there is none. */
  deleteGroup(name: string): boolean;
  /** Adds lines at this time; makes group and stream if there are none. */
  append(group: string, stream: string, messages: readonly string[]): void;
  /** @returns false when there is one already. */
  createStream(group: LogGroup, name: string): boolean;
  /** Adds events with times of their own to a stream there is. */
  put(group: LogGroup, stream: LogStream, events: readonly { timestamp: number; message: string }[]): void;
}

/** @param now The cloud's time, epoch milliseconds. */
export const createLogStore = (now: () => number): LogStore => {
  const groups = new Map<string, LogGroup>();
  let sequence = 0;

  const createGroup = (name: string, retentionInDays?: number) => {
    if (groups.has(name)) return false;
    groups.set(name, {
      name,
      createdAt: now(),
      streams: new Map(),
      events: [],
      ...(retentionInDays === undefined ? {} : { retentionInDays }),
    });
    return true;
  };

  const put: LogStore['put'] = (group, stream, events) => {
    const ingestedAt = now();
    for (const { timestamp, message } of events) {
      stream.firstEventAt = Math.min(stream.firstEventAt ?? timestamp, timestamp);
      stream.lastEventAt = Math.max(stream.lastEventAt ?? timestamp, timestamp);
      group.events.push({ sequence: sequence++, timestamp, ingestedAt, stream: stream.name, message });
    }
    if (group.events.length > MAX_EVENTS_PER_GROUP * 1.2) group.events = group.events.slice(-MAX_EVENTS_PER_GROUP);
  };
  const createStream = (group: LogGroup, name: string) => {
    if (group.streams.has(name)) return false;
    group.streams.set(name, { name, createdAt: now() });
    return true;
  };

  return {
    groups,
    createGroup,
    deleteGroup: (name) => groups.delete(name),
    createStream,
    put,
    append(groupName, streamName, messages) {
      createGroup(groupName);
      const group = groups.get(groupName);
      if (!group) return;
      createStream(group, streamName);
      const stream = group.streams.get(streamName);
      const timestamp = now();
      if (stream)
        put(
          group,
          stream,
          messages.map((message) => ({ timestamp, message })),
        );
    },
  };
};

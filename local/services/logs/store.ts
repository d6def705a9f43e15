/** One line of a log group. Times are epoch milliseconds of the cloud's clock. */
export interface LogEvent {
  /** Rises by one per event of the group, across its streams. */
  readonly sequence: number;
  readonly timestamp: number;
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
  append(group: string, stream: string, messages: readonly string[]): void;
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

  return {
    groups,
    createGroup,
    append(groupName, streamName, messages) {
      createGroup(groupName);
      const group = groups.get(groupName);
      if (!group) return;
      const timestamp = now();
      const stream = group.streams.get(streamName) ?? { name: streamName, createdAt: timestamp };
      group.streams.set(streamName, stream);
      if (messages.length === 0) return;
      stream.firstEventAt ??= timestamp;
      stream.lastEventAt = timestamp;
      for (const message of messages)
        group.events.push({ sequence: sequence++, timestamp, stream: streamName, message });
      if (group.events.length > MAX_EVENTS_PER_GROUP * 1.2) group.events = group.events.slice(-MAX_EVENTS_PER_GROUP);
    },
  };
};

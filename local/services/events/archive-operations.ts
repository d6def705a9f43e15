import { type JsonObject, type Operation, ServiceError } from '../../contracts.ts';
import { integer, list, oneOf, optional, present, readInput, structure, text, timestamp } from '../parameters.ts';
import type { Archive, Archives } from './archives.ts';
import { pageOf } from './page.ts';
import { REPLAY_STATES, type Replay, type Replays } from './replays.ts';
import { NAME } from './settings.ts';
import type { EventStore } from './store.ts';

export const archiveName = text({ min: 1, max: 48, pattern: NAME });
const replayName = text({ min: 1, max: 64, pattern: NAME });
const sourceArn = text({
  min: 1,
  max: 1600,
  pattern: 'arn:aws([a-z]|-)*:events:([a-z]|\\d|-)*:([0-9]{12})?:.+\\/.+',
});
const description = optional(text({ max: 512 }));
const paging = {
  Limit: optional(integer({ min: 1, max: 100 })),
  NextToken: optional(text({ min: 1, max: 2048 })),
};
const ARCHIVE_STATES = ['ENABLED', 'DISABLED', 'CREATING', 'UPDATING', 'CREATE_FAILED', 'UPDATE_FAILED'] as const;

/** What is said of an archive's events and their retention, by the operations and by a template. */
export const archiveMembers = {
  Description: description,
  RetentionDays: optional(integer({ min: 0 })),
};

const INPUTS = {
  create: structure({
    ArchiveName: archiveName,
    EventSourceArn: sourceArn,
    EventPattern: optional(text({ max: 4096 })),
    ...archiveMembers,
  }),
  archive: structure({ ArchiveName: archiveName }),
  list: structure({
    NamePrefix: optional(archiveName),
    EventSourceArn: optional(sourceArn),
    State: optional(oneOf(...ARCHIVE_STATES)),
    ...paging,
  }),
  update: structure({ ArchiveName: archiveName, EventPattern: optional(text({ max: 4096 })), ...archiveMembers }),
  start: structure({
    ReplayName: replayName,
    Description: description,
    EventSourceArn: sourceArn,
    EventStartTime: timestamp(),
    EventEndTime: timestamp(),
    Destination: structure({
      Arn: text({ min: 1, max: 1600 }),
      FilterArns: optional(list(text({ min: 1, max: 1600 }))),
    }),
  }),
  replay: structure({ ReplayName: replayName }),
  listReplays: structure({
    NamePrefix: optional(replayName),
    State: optional(oneOf(...REPLAY_STATES)),
    EventSourceArn: optional(sourceArn),
    ...paging,
  }),
};

const seconds = (ms: number) => ms / 1000;
const secondsIf = (ms: number | undefined) => (ms === undefined ? undefined : seconds(ms));

// An archive is ENABLED as soon as it is made: CreateArchive (recorded).
const STATE = 'ENABLED';

const changed = ({ arn, createdAt }: Archive): JsonObject => ({
  ArchiveArn: arn,
  CreationTime: seconds(createdAt),
  State: STATE,
});

const listed = ({ name, sourceArn: source, createdAt, settings, events }: Archive): JsonObject => {
  const { events: count, bytes } = events.count();
  return present({
    ArchiveName: name,
    CreationTime: seconds(createdAt),
    EventCount: count,
    EventSourceArn: source,
    RetentionDays: settings.retentionDays ?? 0,
    SizeBytes: bytes,
    State: STATE,
  });
};

const described = (archive: Archive): JsonObject =>
  present({
    ...listed(archive),
    ArchiveArn: archive.arn,
    Description: archive.settings.description,
    EventPattern: archive.settings.pattern,
  });

const listedReplay = (replay: Replay): JsonObject =>
  present({
    ReplayName: replay.name,
    EventSourceArn: replay.archiveArn,
    State: replay.state,
    StateReason: replay.reason,
    EventStartTime: seconds(replay.eventStart),
    EventEndTime: seconds(replay.eventEnd),
    EventLastReplayedTime: secondsIf(replay.lastReplayedAt),
    ReplayStartTime: seconds(replay.startedAt),
    ReplayEndTime: secondsIf(replay.endedAt),
  });

const describedReplay = (replay: Replay): JsonObject =>
  present({
    ...listedReplay(replay),
    ReplayArn: replay.arn,
    Description: replay.description,
    Destination: present({ Arn: replay.busArn, FilterArns: replay.ruleArns && [...replay.ruleArns] }),
  });

const invalid = (parameter: string, reason: string) =>
  new ServiceError('ValidationException', `Parameter ${parameter} is not valid. Reason: ${reason}`);

/** Archives and replays as EventBridge's clients see them, with the members of its answers (recorded). */
export const archiveOperations = (
  store: EventStore,
  archives: Archives,
  replays: Replays,
): Readonly<Record<string, Operation>> => ({
  CreateArchive(input) {
    const given = readInput('CreateArchive', INPUTS.create, input);
    // An archive is of a bus that exists: CreateArchive (recorded).
    const bus = store.bus(given.EventSourceArn);
    return changed(
      archives.create(given.ArchiveName, bus, {
        description: given.Description,
        pattern: given.EventPattern,
        retentionDays: given.RetentionDays,
      }),
    );
  },
  DescribeArchive: (input) =>
    described(archives.archive(readInput('DescribeArchive', INPUTS.archive, input).ArchiveName)),
  ListArchives(input) {
    const { NamePrefix = '', EventSourceArn, State, Limit, NextToken } = readInput('ListArchives', INPUTS.list, input);
    // Archives of a bus that does not exist are not an empty list but an error: ListArchives (recorded).
    const source = EventSourceArn === undefined ? undefined : store.bus(EventSourceArn).arn;
    const found = archives
      .all()
      .filter((archive) => archive.name.startsWith(NamePrefix))
      .filter((archive) => source === undefined || archive.sourceArn === source)
      .filter(() => State === undefined || State === STATE);
    const { items, next } = pageOf(found, Limit, NextToken);
    return present({ Archives: items.map(listed), NextToken: next });
  },
  UpdateArchive(input) {
    const given = readInput('UpdateArchive', INPUTS.update, input);
    if ([given.EventPattern, given.RetentionDays, given.Description].every((each) => each === undefined))
      // An update without a change is refused, whether or not there is such an archive: UpdateArchive (recorded).
      throw new ServiceError(
        'ValidationException',
        'At least one of EventPattern, RetentionDays or Description must be provided.',
      );
    const archive = archives.archive(given.ArchiveName);
    archives.update(archive, {
      description: given.Description,
      pattern: given.EventPattern,
      retentionDays: given.RetentionDays,
    });
    return changed(archive);
  },
  DeleteArchive(input) {
    archives.remove(archives.archive(readInput('DeleteArchive', INPUTS.archive, input).ArchiveName));
    return undefined;
  },
  StartReplay(input) {
    const given = readInput('StartReplay', INPUTS.start, input);
    const { EventSourceArn, EventStartTime, EventEndTime, Destination } = given;
    // A replay ends after it starts: StartReplay (recorded).
    if (EventEndTime <= EventStartTime) throw invalid('EventEndTime', 'EventStartTime must be before EventEndTime.');
    // A replay goes to a bus that exists: StartReplay (recorded).
    const bus = store.bus(Destination.Arn);
    const archive = archives.find(EventSourceArn);
    // A replay is of an archive that exists: StartReplay (recorded).
    if (!archive) throw invalid('EventSourceArn', `Archive ${EventSourceArn.split('/').at(-1)} does not exist.`);
    // Events are replayed to the bus they came from and to no other: StartReplay (recorded).
    if (archive.sourceArn !== bus.arn) throw invalid('Destination.Arn', 'Cross event bus replay is not permitted.');
    const rules = new Set([...bus.rules.values()].map(({ arn }) => arn));
    const strange = Destination.FilterArns?.find((arn) => !rules.has(arn));
    // *Assumed*: a filter names rules of the bus; AWS does not say what becomes of another one.
    if (strange !== undefined) throw invalid('Destination.FilterArns', `${strange} is not a rule of ${bus.name}.`);
    const replay = replays.start(archive, {
      name: given.ReplayName,
      description: given.Description,
      eventStart: EventStartTime,
      eventEnd: EventEndTime,
      busArn: bus.arn,
      ruleArns: Destination.FilterArns?.length ? Destination.FilterArns : undefined,
    });
    return { ReplayArn: replay.arn, ReplayStartTime: seconds(replay.startedAt), State: replay.state };
  },
  DescribeReplay: (input) =>
    describedReplay(replays.replay(readInput('DescribeReplay', INPUTS.replay, input).ReplayName)),
  ListReplays(input) {
    const given = readInput('ListReplays', INPUTS.listReplays, input);
    const { NamePrefix = '', State, EventSourceArn, Limit, NextToken } = given;
    const found = replays
      .all()
      .filter(({ name }) => name.startsWith(NamePrefix))
      .filter(({ state }) => State === undefined || state === State)
      .filter(({ archiveArn }) => EventSourceArn === undefined || archiveArn === EventSourceArn);
    const { items, next } = pageOf(found, Limit, NextToken);
    return present({ Replays: items.map(listedReplay), NextToken: next });
  },
  CancelReplay(input) {
    const replay = replays.replay(readInput('CancelReplay', INPUTS.replay, input).ReplayName);
    replays.cancel(replay);
    return { ReplayArn: replay.arn, State: replay.state };
  },
});

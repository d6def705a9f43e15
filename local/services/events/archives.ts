/**
 * Archives: what a bus received, kept for replays. An archive takes the events of its source bus that match its pattern,
 * and keeps them for its retention: docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html (documented). The rule
 * that AWS makes and manages for each archive is not shown here: it has no effect but the archive's own. *Assumed*: events
 * are in their archive at once, where AWS may take ten minutes.
 */
import { join } from 'node:path';

import { type BusEvent, type Cloud, type JsonObject, ServiceError } from '../../contracts.ts';
import { createEventLog, type EventLog } from './event-log.ts';
import { compilePattern } from './pattern.ts';
import type { Bus } from './store.ts';

export interface ArchiveSettings {
  readonly description?: string | undefined;
  /** JSON text; undefined for every event. */
  readonly pattern?: string | undefined;
  /** 0 or undefined: for ever. */
  readonly retentionDays?: number | undefined;
}

export interface Archive {
  readonly name: string;
  readonly arn: string;
  /** ARN of the bus. */
  readonly sourceArn: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly events: EventLog;
  settings: ArchiveSettings;
  matches: (event: JsonObject) => boolean;
}

export interface Archives {
  /** @throws ServiceError ResourceAlreadyExistsException, InvalidEventPatternException. */
  create(name: string, bus: Bus, settings: ArchiveSettings): Archive;
  /** @throws ServiceError ResourceNotFoundException. */
  archive(name: string): Archive;
  find(arn: string): Archive | undefined;
  all(): Archive[];
  /** Members that are not given stay. @throws ServiceError InvalidEventPatternException. */
  update(archive: Archive, settings: ArchiveSettings): void;
  remove(archive: Archive): void;
  /** Puts an event that came to a bus into the bus's archives, unless it is a replayed one. */
  take(bus: Bus, event: BusEvent): void;
  close(): void;
}

const DAY_MS = 86_400_000;

const matcher = (pattern: string | undefined) => (pattern === undefined ? () => true : compilePattern(pattern));

export const createArchives = (cloud: Cloud): Archives => {
  const archives = new Map<string, Archive>();
  let made = 0;

  return {
    create(name, bus, settings) {
      // A second archive of the same name is refused: CreateArchive (recorded).
      if (archives.has(name))
        throw new ServiceError('ResourceAlreadyExistsException', `Archive ${name} already exists.`);
      const events = createEventLog(cloud.clock, join(cloud.directory, 'archives'), String(++made), () => {
        const days = archive.settings.retentionDays;
        return days ? days * DAY_MS : undefined;
      });
      const archive: Archive = {
        name,
        arn: `arn:aws:events:${cloud.region}:${cloud.account}:archive/${name}`,
        sourceArn: bus.arn,
        createdAt: cloud.clock.ms(),
        events,
        settings,
        matches: matcher(settings.pattern),
      };
      archives.set(name, archive);
      return archive;
    },
    archive(name) {
      const found = archives.get(name);
      if (found) return found;
      // An archive that is not there is named in the error: DescribeArchive, DeleteArchive (recorded).
      throw new ServiceError('ResourceNotFoundException', `Archive ${name} does not exist.`);
    },
    find: (arn) => [...archives.values()].find((archive) => archive.arn === arn),
    all: () => [...archives.values()],
    update(archive, { description, pattern, retentionDays }) {
      const before = archive.settings;
      const settings = {
        description: description ?? before.description,
        pattern: pattern ?? before.pattern,
        retentionDays: retentionDays ?? before.retentionDays,
      };
      archive.matches = matcher(settings.pattern);
      archive.settings = settings;
    },
    remove(archive) {
      // The events go with their archive: eb-archive-delete (documented).
      archive.events.close();
      archives.delete(archive.name);
    },
    take(bus, event) {
      // A replayed event is not archived again: the managed rule of an archive asks for events without a replay-name,
      // eb-archive (documented).
      if ('replay-name' in event) return;
      for (const archive of archives.values()) {
        if (archive.sourceArn === bus.arn && archive.matches({ ...event, resources: [...event.resources] }))
          archive.events.add(event);
      }
    },
    close() {
      for (const archive of archives.values()) archive.events.close();
      archives.clear();
    },
  };
};

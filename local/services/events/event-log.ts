import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Clock } from '../../clock.ts';
import type { BusEvent } from '../../contracts.ts';

/** The events of one archive. However many there are, only the latest stay in memory: the others lie in files. */
export interface EventLog {
  add(event: BusEvent): void;
  /** What is kept now; `bytes` are those of the events' sources, types, details and resources, and of their times. */
  count(): { readonly events: number; readonly bytes: number };
  /** Events whose time lies in `[start, end)`, epoch milliseconds, in the order of their times, then of their arrival. */
  between(start: number, end: number): BusEvent[];
  /** How many events are in memory: bounded. */
  inMemory(): number;
  /** Forgets everything, files included. */
  close(): void;
}

interface Entry {
  readonly arrivedAt: number;
  readonly event: BusEvent;
}

/** Entries that went to a file together. */
interface Segment {
  readonly file: string;
  readonly events: number;
  readonly bytes: number;
  readonly earliest: number;
  readonly latest: number;
  /** When the last of them arrived: they expire together, and are filtered one by one when read. */
  readonly lastArrival: number;
}

const SEGMENT_EVENTS = 500;

const timeOf = ({ time }: BusEvent) => Date.parse(time);

/**
 * *Assumed*: an archive's SizeBytes counts an event's source, type, detail and resources in UTF-8 and 20 bytes for its
 * time; that gives the 159 bytes an event of a known text took, but for the white space of its detail.
 */
const bytesOf = (event: BusEvent): number =>
  [event.source, event['detail-type'], JSON.stringify(event.detail), event.time, ...event.resources].reduce(
    (total, each) => total + Buffer.byteLength(each),
    0,
  );

/**
 * @param folder Made when the first file is written.
 * @param name Begins the names of the files.
 * @param retentionMs How long events are kept after they arrived; undefined for ever.
 */
export const createEventLog = (
  clock: Clock,
  folder: string,
  name: string,
  retentionMs: () => number | undefined,
): EventLog => {
  let segments: Segment[] = [];
  let recent: Entry[] = [];
  let recentBytes = 0;
  let written = 0;

  const expiredBefore = () => {
    const retention = retentionMs();
    return retention === undefined ? Number.NEGATIVE_INFINITY : clock.ms() - retention;
  };
  const expire = () => {
    const limit = expiredBefore();
    for (const segment of segments) if (segment.lastArrival <= limit) rmSync(segment.file, { force: true });
    segments = segments.filter(({ lastArrival }) => lastArrival > limit);
    const first = recent[0];
    if (!first || first.arrivedAt > limit) return;
    recent = recent.filter(({ arrivedAt }) => arrivedAt > limit);
    recentBytes = recent.reduce((total, { event }) => total + bytesOf(event), 0);
  };
  const spill = () => {
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${name}-${++written}.jsonl`);
    writeFileSync(file, recent.map((entry) => JSON.stringify(entry)).join('\n'));
    const times = recent.map(({ event }) => timeOf(event));
    segments.push({
      file,
      events: recent.length,
      bytes: recentBytes,
      earliest: Math.min(...times),
      latest: Math.max(...times),
      lastArrival: recent.at(-1)?.arrivedAt ?? clock.ms(),
    });
    recent = [];
    recentBytes = 0;
  };
  const read = ({ file }: Segment): Entry[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => JSON.parse(line) as Entry);

  return {
    add(event) {
      expire();
      recent.push({ arrivedAt: clock.ms(), event });
      recentBytes += bytesOf(event);
      if (recent.length >= SEGMENT_EVENTS) spill();
    },
    count() {
      expire();
      return {
        events: recent.length + segments.reduce((total, { events }) => total + events, 0),
        bytes: recentBytes + segments.reduce((total, { bytes }) => total + bytes, 0),
      };
    },
    between(start, end) {
      expire();
      const limit = expiredBefore();
      return [...segments.filter(({ earliest, latest }) => latest >= start && earliest < end).flatMap(read), ...recent]
        .filter(({ arrivedAt, event }) => arrivedAt > limit && timeOf(event) >= start && timeOf(event) < end)
        .map(({ event }) => event)
        .sort((one, other) => timeOf(one) - timeOf(other));
    },
    inMemory: () => recent.length,
    close() {
      for (const { file } of segments) rmSync(file, { force: true });
      segments = [];
      recent = [];
      recentBytes = 0;
    },
  };
};

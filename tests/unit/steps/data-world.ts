/** Two buckets in memory, an engine, a published model and what was told: the world of the steps that touch data. */
import type { MillraceEvent } from '../../../events/define-event.ts';
import type { Tell } from '../../../shared/aws/event-publisher.ts';
import { type Engine, openEngine } from '../../../shared/data/engine.ts';
import type { ReadLimits } from '../../../shared/data/read-limits.ts';
import { publish } from '../../../shared/definition/publish.ts';
import { type PublishedDefinition, publishedDefinitionSchema } from '../../../shared/definition/published.ts';
import { readDefinition } from '../../../shared/definition/read.ts';
import { definitionPointerSchema } from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { memoryObjectStore } from '../../../shared/ledger/memory-object-store.ts';
import type { Woken } from '../../../shared/runtime/woken.ts';
import { freshLedger } from './fresh-ledger.ts';

export const MODEL = 'late-bus';
const DATA_BUCKET = 'data-bucket';
export const NOW = new Date('2001-02-01T00:00:00Z');

/** Buses that come late: with a time, a category and a number. */
export const DEFINITION = `
problem: binary
data:
  label: { name: late, sql: delay > 5 }
  time: at
  key: [at, line]
  features:
    - { name: hour, sql: hour(at) }
    - { name: line, kind: category }
    - load
`;

interface Told {
  readonly type: string;
  readonly about: string;
  readonly data: unknown;
}

/** What one function reads: more than any test has, but for those about it. */
export const LIMITS: ReadLimits = { maxBytes: 1e9, maxColumns: 4096, bytesPerSecond: 1e9, sideBySideBytes: 1e9 };

export function woken<T>(data: T, now = NOW): Woken<T> {
  return { data, now, occurredAt: now, eventId: 'event-1' };
}

export function dataWorld() {
  const store = memoryObjectStore();
  const data = memoryObjectStore();
  const ledger = freshLedger(store);
  const told: Told[] = [];
  const tell: Tell = async <T>(contract: MillraceEvent<T>, about: string, detail: T) => {
    told.push({ type: contract.detailType, about, data: contract.data.parse(detail) });
  };

  return {
    store,
    data,
    ledger,
    told,
    tell,
    limits: LIMITS,
    reserveMs: 0,
    /** No report may fail to be drawn, but in tests about it. */
    reportFailed: (error: unknown): never => {
      throw error;
    },
    openEngine: (directory: string): Promise<Engine> => openEngine({ memoryLimitMb: 256, tempDirectory: directory }),
    /** Publishes a definition of the model and points at it. */
    async publish(yaml = DEFINITION, model = MODEL): Promise<PublishedDefinition> {
      const { definition } = readDefinition(yaml, `models/${model}.yml`);
      const published = publish(model, definition);
      await ledger.record(publishedDefinitionSchema, keys.definition(model, published.digest), published);
      await ledger.point(definitionPointerSchema, keys.definitionPointer(model), () => ({
        model,
        digest: published.digest,
        publishedAt: NOW.toISOString(),
      }));
      return published;
    },
    /** Uploads to the data bucket and gives the event's data. */
    async upload(key: string, body: string | Uint8Array) {
      await data.put(key, body);
      for await (const version of data.currentVersions(key)) {
        if (version.key === key)
          return { bucket: DATA_BUCKET, key, sizeBytes: version.sizeBytes, versionId: version.versionId };
      }
      throw new Error(`${key} was not stored`);
    },
    /** Everything in the store, by key, as text. */
    async contents(): Promise<Record<string, string>> {
      const all: Record<string, string> = {};
      for (const key of store.keys()) all[key] = Buffer.from((await store.get(key))?.body ?? []).toString('latin1');
      return all;
    },
  };
}

/** CSV of bus journeys: `days` days from 1 January 2001, `perDay` rows a day. */
export function journeys(days: number, perDay = 24, from = 1): string {
  const lines = ['at,line,load,delay'];
  for (let day = from; day < from + days; day += 1) {
    for (let i = 0; i < perDay; i += 1) {
      const hour = String(i % 24).padStart(2, '0');
      lines.push(
        `2001-01-${String(day).padStart(2, '0')} ${hour}:00:00,${'ABC'[i % 3]},${(i * 7) % 10}.5,${(day * i) % 11}`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

/**
 * The record of everything on S3: facts, written once and never changed, and a few pointers, changed only from the
 * state their writer saw. What a step decided is recorded here before it acts.
 */
import type * as z from 'zod';

import { ConflictError, DependencyError, NotFoundError } from '../errors.ts';
import { isStanding } from './keys.ts';
import type { ObjectStore } from './object-store.ts';

export interface Ledger {
  /**
   * Writes a fact unless there is one under this key already; gives back the fact that stands, which may be another
   * writer's. Whoever comes second goes on with what the first decided.
   */
  record<T>(schema: z.ZodType<T>, key: string, fact: NoInfer<T>): Promise<T>;
  /**
   * What is read is frozen: who reads the same bytes again gets the same object. A fact that was seen once is not asked
   * of S3 again, for it stands.
   * @throws NotFoundError when the fact is not there (yet).
   */
  read<T>(schema: z.ZodType<T>, key: string): Promise<T>;
  find<T>(schema: z.ZodType<T>, key: string): Promise<T | undefined>;
  /**
   * Changes a pointer by compare-and-swap: `change` gets what stands (undefined if nothing does) and says what shall
   * stand, or undefined to leave it. Tried again when another writer was faster. Gives back what stands afterwards.
   */
  point<T>(
    schema: z.ZodType<T>,
    key: string,
    change: (current: T | undefined) => T | undefined,
  ): Promise<T | undefined>;
  /** The keys below a prefix, in order. */
  keys(prefix: string): Promise<string[]>;
  /** Writes or replaces something derived that can be made again (reports); never facts. */
  write(key: string, text: string): Promise<void>;
}

/** How often a pointer is tried again while others change it. */
const POINTER_TRIES = 20;

/** Characters of facts that are remembered before all are forgotten again. */
const REMEMBERED = 2_000_000;

const freeze = (value: unknown): void => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const member of Object.values(value)) freeze(member);
};

/**
 * What texts say, read once by each schema: a definition, a run and a profile are read by step after step, and what a
 * text says never changes. Nobody can change what another reads, for it is frozen.
 */
const createReader = () => {
  let read = new WeakMap<z.ZodType, Map<string, unknown>>();
  let characters = 0;
  /** @throws ConflictError when it is not what the schema reads. */
  return <T>(schema: z.ZodType<T>, key: string, text: string): T => {
    let texts = read.get(schema);
    const known = texts?.get(text);
    // A schema reads nothing but what it reads: what stands under it is of its type.
    if (known !== undefined) return known as T;
    const parsed = schema.safeParse(JSON.parse(text));
    if (!parsed.success) {
      throw new ConflictError(`${key} is not what this version of Millrace reads: ${parsed.error.message}`, {
        cause: parsed.error,
      });
    }
    freeze(parsed.data);
    characters += text.length;
    if (characters > REMEMBERED) {
      read = new WeakMap();
      characters = text.length;
      texts = undefined;
    }
    if (!texts) {
      texts = new Map();
      read.set(schema, texts);
    }
    texts.set(text, parsed.data);
    return parsed.data;
  };
};

/** A fact as it is written. @throws z.ZodError when it is not what the schema says. */
export const factText = <T>(schema: z.ZodType<T>, fact: T): string => `${JSON.stringify(schema.parse(fact))}\n`;

/** Texts of facts by key, as far as they have been seen: what a fact says never changes. */
const createStanding = () => {
  const texts = new Map<string, string>();
  let characters = 0;
  return {
    get: (key: string): string | undefined => texts.get(key),
    see(key: string, text: string): void {
      if (!isStanding(key) || texts.has(key)) return;
      characters += text.length;
      if (characters > REMEMBERED) {
        texts.clear();
        characters = text.length;
      }
      texts.set(key, text);
    },
  };
};

const readText = createReader();
const decoder = new TextDecoder();

/** @param text In place of {@link factText}: where the same facts are written again and again. */
export const ledgerOn = (store: ObjectStore, text: typeof factText = factText): Ledger => {
  const standing = createStanding();
  /** What is not as the schema says is not remembered either. */
  const parse = <T>(schema: z.ZodType<T>, key: string, text: string): T => {
    const fact = readText(schema, key, text);
    standing.see(key, text);
    return fact;
  };

  const find: Ledger['find'] = async (schema, key) => {
    const seen = standing.get(key);
    if (seen !== undefined) return readText(schema, key, seen);
    const found = await store.get(key);
    return found && parse(schema, key, decoder.decode(found.body));
  };
  const read: Ledger['read'] = async (schema, key) => {
    const found = await find(schema, key);
    if (found === undefined) throw new NotFoundError(`the ledger has no ${key} yet`);
    return found;
  };

  return {
    find,
    read,
    async record(schema, key, fact) {
      const body = text(schema, fact);
      // S3 refuses the second writer (412); the refusal may also answer our own repeated PUT, so what stands decides.
      const outcome = await store.put(key, body, 'absent');
      return outcome === 'written' ? parse(schema, key, body) : read(schema, key);
    },
    async point(schema, key, change) {
      for (let attempt = 0; attempt < POINTER_TRIES; attempt += 1) {
        const found = await store.get(key);
        const current = found && parse(schema, key, decoder.decode(found.body));
        const next = change(current);
        if (next === undefined) return current;
        const outcome = await store.put(key, text(schema, next), found ? { etag: found.etag } : 'absent');
        if (outcome === 'written') return next;
      }
      throw new DependencyError(`${key} changed ${POINTER_TRIES} times while it was to be moved`);
    },
    async keys(prefix) {
      const keys: string[] = [];
      for await (const { key } of store.list(prefix)) keys.push(key);
      return keys;
    },
    async write(key, value) {
      await store.put(key, value);
    },
  };
};

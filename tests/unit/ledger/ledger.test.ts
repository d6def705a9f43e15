import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { ConflictError, DependencyError, NotFoundError } from '../../../shared/errors.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { ledgerOn } from '../../../shared/ledger/ledger.ts';
import { memoryObjectStore } from '../../../shared/ledger/memory-object-store.ts';
import type { ObjectStore } from '../../../shared/ledger/object-store.ts';
import fc from '../../fast-check.ts';

const schema = z.strictObject({ writer: z.int() });
const counter = z.strictObject({ by: z.array(z.int()) });

/** A store that answers when it likes: each call waits for a number of turns of its own. */
const dawdling = (store: ObjectStore, turns: readonly number[]): ObjectStore => {
  let calls = 0;
  const dawdle = async () => {
    calls += 1;
    for (let turn = turns[calls % turns.length] ?? 0; turn > 0; turn -= 1) await Promise.resolve();
  };
  return {
    ...store,
    async get(key) {
      await dawdle();
      return store.get(key);
    },
    async put(...given) {
      await dawdle();
      const outcome = await store.put(...given);
      await dawdle();
      return outcome;
    },
  };
};

const turns = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 9 });

describe('a fact', () => {
  it('is written once: every writer goes on with what the first one wrote', async () => {
    await fc.assert(
      fc.asyncProperty(turns, fc.integer({ min: 2, max: 6 }), async (delays, writers) => {
        const ledger = ledgerOn(dawdling(memoryObjectStore(), delays));

        const went = await Promise.all(
          Array.from({ length: writers }, (_, writer) => ledger.record(schema, 'fact.json', { writer })),
        );

        const stands = await ledger.read(schema, 'fact.json');
        expect(went).toEqual(went.map(() => stands));
      }),
      { numRuns: 60 },
    );
  });

  it('is the same for all who read it, and none of them can change it', async () => {
    const ledger = ledgerOn(memoryObjectStore());
    const written = await ledger.record(counter, 'fact.json', { by: [1] });

    const found = await ledger.read(counter, 'fact.json');

    expect(found).toBe(written);
    expect(() => found.by.push(2)).toThrow(TypeError);
    expect(await ledger.read(counter, 'fact.json')).toEqual({ by: [1] });
  });

  it('is what each schema makes of it', async () => {
    const ledger = ledgerOn(memoryObjectStore());
    await ledger.record(schema, 'fact.json', { writer: 1 });

    expect(await ledger.read(schema, 'fact.json')).toEqual({ writer: 1 });

    expect(await ledger.read(z.object({ writer: z.int().transform(String) }), 'fact.json')).toEqual({ writer: '1' });
    await expect(ledger.read(counter, 'fact.json')).rejects.toBeInstanceOf(ConflictError);
  });

  it('stands against later writers', async () => {
    const ledger = ledgerOn(memoryObjectStore());
    await ledger.record(schema, 'fact.json', { writer: 1 });

    expect(await ledger.record(schema, 'fact.json', { writer: 2 })).toEqual({ writer: 1 });

    expect(await ledger.read(schema, 'fact.json')).toEqual({ writer: 1 });
  });

  it('given back is what a reader would read, not what was handed in', async () => {
    const ledger = ledgerOn(memoryObjectStore());
    const loose = z.strictObject({ a: z.string().optional() });

    expect(Object.keys(await ledger.record(loose, 'fact.json', { a: undefined }))).toEqual([]);
  });

  it('that is not what its schema says is refused before it is written', async () => {
    const store = memoryObjectStore();

    await expect(ledgerOn(store).record(schema, 'fact.json', { writer: 1.5 })).rejects.toThrow();

    expect(store.keys()).toEqual([]);
  });

  it('that is not there is waited for by readers, and undefined to those who look', async () => {
    const ledger = ledgerOn(memoryObjectStore());

    await expect(ledger.read(schema, 'fact.json')).rejects.toThrow(NotFoundError);
    expect(await ledger.find(schema, 'fact.json')).toBeUndefined();
  });

  it('of another version is a conflict, named by its key', async () => {
    const store = memoryObjectStore();
    await store.put('fact.json', '{"author":1}');

    await expect(ledgerOn(store).find(schema, 'fact.json')).rejects.toThrow(ConflictError);
    await expect(ledgerOn(store).find(schema, 'fact.json')).rejects.toThrow('fact.json');
  });
});

/** A store that lists what it was asked for. */
const listening = (store: ObjectStore) => {
  const asked: string[] = [];
  const heard: ObjectStore = {
    ...store,
    get: (key) => {
      asked.push(key);
      return store.get(key);
    },
  };
  return { asked, store: heard };
};

describe('a fact that was seen', () => {
  const KEY = keys.plan('a-model', 'a-run');

  it('is not asked for again, whether it was written or read', async () => {
    const { asked, store } = listening(memoryObjectStore());
    const [writer, reader] = [ledgerOn(store), ledgerOn(store)];
    await writer.record(schema, KEY, { writer: 1 });
    await reader.read(schema, KEY);

    const seen = [await writer.read(schema, KEY), await reader.read(schema, KEY), await reader.find(schema, KEY)];

    expect(seen).toEqual([{ writer: 1 }, { writer: 1 }, { writer: 1 }]);
    expect(asked).toEqual([KEY]);
  });

  it('is the one that stands, where another writer was first', async () => {
    const store = memoryObjectStore();
    const second = ledgerOn(store);
    await ledgerOn(store).record(schema, KEY, { writer: 1 });
    await second.record(schema, KEY, { writer: 2 });

    expect(await second.read(schema, KEY)).toEqual({ writer: 1 });
  });

  it('is looked for again as long as it is not there', async () => {
    const { asked, store } = listening(memoryObjectStore());
    const ledger = ledgerOn(store);
    await ledger.find(schema, KEY);

    await ledgerOn(store).record(schema, KEY, { writer: 1 });

    expect(await ledger.find(schema, KEY)).toEqual({ writer: 1 });
    expect(asked).toEqual([KEY, KEY]);
  });

  it('is read again where it was of another version', async () => {
    const store = memoryObjectStore();
    await store.put(KEY, '{"author":1}');
    const ledger = ledgerOn(store);
    await expect(ledger.find(schema, KEY)).rejects.toThrow(ConflictError);
    await store.put(KEY, '{"writer":1}');

    expect(await ledger.find(schema, KEY)).toEqual({ writer: 1 });
  });

  it('is asked for again when much has been seen since', async () => {
    const { asked, store } = listening(memoryObjectStore());
    const ledger = ledgerOn(store);
    const long = z.strictObject({ text: z.string() });
    const others = ['b', 'c', 'd'].map((run) => keys.plan('a-model', run));
    await ledger.record(schema, KEY, { writer: 1 });
    for (const key of others) await ledger.record(long, key, { text: 'x'.repeat(900_000) });

    expect(await ledger.read(schema, KEY)).toEqual({ writer: 1 });

    expect(asked).toEqual([KEY]);
  });
});

describe('what may change or go', () => {
  it.each([
    keys.definitionPointer('m'),
    keys.dictionary('m'),
    keys.slot('m'),
    keys.champion('m'),
    keys.watch('m'),
    keys.watchedUntil('m'),
    keys.reading('m', 'r'),
    keys.round('m', 'r', 2),
    keys.piece('m', 'r', 1, 0),
    keys.capturedKeys('m', 'a digest', '2001/01/25/10'),
  ])('%s is asked for each time', async (key) => {
    const { asked, store } = listening(memoryObjectStore());
    const ledger = ledgerOn(store);
    await store.put(key, '{"writer":1}');
    await ledger.read(schema, key);
    await store.put(key, '{"writer":2}');

    expect(await ledger.read(schema, key)).toEqual({ writer: 2 });

    expect(asked).toEqual([key, key]);
  });
});

describe('a pointer', () => {
  it('loses no change of concurrent writers', async () => {
    await fc.assert(
      fc.asyncProperty(turns, fc.integer({ min: 2, max: 6 }), async (delays, writers) => {
        const ledger = ledgerOn(dawdling(memoryObjectStore(), delays));

        await Promise.all(
          Array.from({ length: writers }, (_, writer) =>
            ledger.point(counter, 'pointer.json', (current) => ({ by: [...(current?.by ?? []), writer] })),
          ),
        );

        const { by } = await ledger.read(counter, 'pointer.json');
        expect(by.toSorted()).toEqual(Array.from({ length: writers }, (_, writer) => writer));
      }),
      { numRuns: 60 },
    );
  });

  it('stays where its writer says so, and gives what stands', async () => {
    const ledger = ledgerOn(memoryObjectStore());
    await ledger.point(schema, 'pointer.json', () => ({ writer: 1 }));

    expect(await ledger.point(schema, 'pointer.json', () => undefined)).toEqual({ writer: 1 });
    expect(await ledger.point(schema, 'nowhere.json', () => undefined)).toBeUndefined();
  });

  it('that never holds still is tried again later', async () => {
    const store = memoryObjectStore();
    let changes = 0;
    const restless: ObjectStore = {
      ...store,
      async get(key) {
        const found = await store.get(key);
        changes += 1;
        await store.put(key, JSON.stringify({ writer: changes }));
        return found;
      },
    };

    await expect(ledgerOn(restless).point(schema, 'pointer.json', () => ({ writer: 0 }))).rejects.toThrow(
      DependencyError,
    );
  });
});

describe('keys', () => {
  it('are those below the prefix, in order', async () => {
    const ledger = ledgerOn(memoryObjectStore());
    for (const key of ['b/2', 'a/1', 'b/1']) await ledger.write(key, '');

    expect(await ledger.keys('b/')).toEqual(['b/1', 'b/2']);
  });
});

import { describe, expect, it } from 'vitest';

import { watchSchema } from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { ledgerOn } from '../../../shared/ledger/ledger.ts';
import { memoryObjectStore } from '../../../shared/ledger/memory-object-store.ts';
import { moveWatch, watchesOf } from '../../../shared/ledger/watches.ts';

const watch = (dataset: string, day: number, definitionDigest = 'd') => ({
  model: 'bus',
  dataset,
  receivedAt: `2001-01-0${day}T00:00:00.000Z`,
  definitionDigest,
  endpoint: 'live',
  since: '2001-01-09T00:00:00.000Z',
});

const namesOf = async (ledger: ReturnType<typeof ledgerOn>) => {
  const found: string[] = [];
  for await (const { n, dataset } of watchesOf(ledger, 'bus')) found.push(`${n} ${dataset}`);
  return found;
};

describe('what a watched endpoint is held against', () => {
  it('is the newest dataset, in whatever order they are accepted, and each once', async () => {
    const ledger = ledgerOn(memoryObjectStore());

    for (const next of [watch('a', 1), watch('c', 3), watch('b', 2), watch('c', 3)]) await moveWatch(ledger, next);

    expect(await namesOf(ledger)).toEqual(['2 c', '1 a']);
  });

  it('is made anew under another definition', async () => {
    const ledger = ledgerOn(memoryObjectStore());
    await moveWatch(ledger, watch('c', 3));

    const moved = await moveWatch(ledger, watch('c', 3, 'e'));

    expect(moved).toMatchObject({ n: 2, dataset: 'c', definitionDigest: 'e' });
  });

  it('keeps every watch in the history, also where writing it was cut off', async () => {
    const ledger = ledgerOn(memoryObjectStore());
    await ledger.point(watchSchema, keys.watch('bus'), () => ({ ...watch('a', 1), n: 1 }));

    await moveWatch(ledger, watch('b', 2));

    expect(await namesOf(ledger)).toEqual(['2 b', '1 a']);
  });

  it('goes on from what another writer made of it at the same time', async () => {
    const ledger = ledgerOn(memoryObjectStore());

    await Promise.all([watch('a', 1), watch('b', 2), watch('c', 3)].map((next) => moveWatch(ledger, next)));

    const names = await namesOf(ledger);
    expect(names[0]).toMatch(/ c$/);
    expect(names.map((name) => Number(name.split(' ')[0]))).toEqual(names.map((_, at) => names.length - at));
  });
});

/** What is more than one function reads: put off with the reason, told once, and taken up again under other limits. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

import { validateData } from '../../../functions/validate-data/validate-data.ts';
import { limitsDigest, type ReadLimits } from '../../../shared/data/read-limits.ts';
import { arrivalSchema } from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { DEFINITION, dataWorld, journeys, LIMITS, MODEL, woken } from './data-world.ts';
import { partsWorld } from './parts-world.ts';

async function world() {
  const base = dataWorld();
  await base.publish();
  let opened = 0;
  const openEngine: typeof base.openEngine = (directory) => {
    opened += 1;
    return base.openEngine(directory);
  };
  return {
    ...base,
    /** How often data was read. */
    opened: () => opened,
    validate: (
      event: Awaited<ReturnType<typeof base.upload>>,
      limits: Partial<ReadLimits> = {},
      remainingMs?: () => number,
    ) =>
      validateData({ ...base, openEngine, limits: { ...LIMITS, ...limits } })({
        ...woken(event),
        ...(remainingMs && { remainingMs }),
      }),
    putOff: ({ key, versionId }: { key: string; versionId: string }, limits: Partial<ReadLimits> = {}) =>
      base.ledger.find(arrivalSchema, keys.putOff(MODEL, key, versionId, limitsDigest({ ...LIMITS, ...limits }))),
  };
}

/** As journeys, with columns that nobody asked for. */
const wide = (columns: number): string =>
  journeys(3)
    .trimEnd()
    .split('\n')
    .map(
      (line, row) => `${line}${Array.from({ length: columns }, (_, at) => (row === 0 ? `,x${at}` : ',1')).join('')}\n`,
    )
    .join('');

describe('data that is more than one function reads', () => {
  it.each([
    ['of more columns', wide(20), { maxColumns: 20 }, '24 columns; at most 20 are read; deliver fewer columns'],
    [
      'whose text is longer than what was uploaded',
      gzipSync(journeys(20)),
      { maxBytes: 6000 },
      'larger than 6000 bytes',
    ],
    ['of more bytes', journeys(20), { maxBytes: 6000 }, 'more than the 6000 one function takes'],
  ])('%s is put off with the reason, and a person is told how to go on', async (_, body, limits, reason) => {
    const shop = await world();
    const event = await shop.upload(`incoming/${MODEL}/large.csv`, body);

    const outcome = await shop.validate(event, limits);

    expect(outcome).toEqual({ outcome: 'deferred' });
    expect(await shop.putOff(event, limits)).toMatchObject({
      outcome: 'deferred',
      reason: expect.stringContaining(reason),
    });
    expect(shop.told).toMatchObject([
      {
        type: 'DatasetDeferred.v1',
        data: { model: MODEL, key: event.key, reason: expect.stringContaining('platform.yml') },
      },
    ]);
    // Nothing is said of what it is.
    expect(shop.store.keys().filter((key) => key.startsWith('datasets/'))).toEqual([]);
    expect(await shop.ledger.find(arrivalSchema, keys.arrival(MODEL, event.key, event.versionId))).toBeUndefined();
  });

  it('is not read again when its event comes again, and the same is told', async () => {
    const shop = await world();
    const event = await shop.upload(`incoming/${MODEL}/wide.csv`, wide(20));
    await shop.validate(event, { maxColumns: 20 });
    const before = await shop.contents();

    await shop.validate(event, { maxColumns: 20 });

    expect(shop.opened()).toBe(1);
    expect(await shop.contents()).toEqual(before);
    expect(shop.told[1]).toEqual(shop.told[0]);
  });

  it('is judged under greater limits, as if it had just come', async () => {
    const shop = await world();
    const other = await world();
    const event = await shop.upload(`incoming/${MODEL}/wide.csv`, wide(20));
    const same = await other.upload(`incoming/${MODEL}/wide.csv`, wide(20));
    await shop.validate(event, { maxColumns: 20 });

    const outcome = await shop.validate(event, { maxColumns: 24 });

    expect(outcome).toEqual(await other.validate(same, { maxColumns: 24 }));
    expect(outcome.outcome).toBe('accepted');
    expect(shop.told[1]).toEqual(other.told[0]);
  });

  it('is put off once more under limits that are other and still too small, and told once more', async () => {
    const shop = await world();
    const event = await shop.upload(`incoming/${MODEL}/wide.csv`, wide(20));

    await shop.validate(event, { maxColumns: 20 });
    await shop.validate(event, { maxColumns: 21 });

    expect(shop.told.map(({ type }) => type)).toEqual(['DatasetDeferred.v1', 'DatasetDeferred.v1']);
    expect(shop.told[1]?.about).not.toBe(shop.told[0]?.about);
  });

  it('was judged before under other rules, and keeps that judgement', async () => {
    const shop = await world();
    const event = await shop.upload(`incoming/${MODEL}/a.csv`, journeys(3));
    await shop.validate(event);
    const judged = await shop.contents();
    await shop.publish(DEFINITION.replace('delay > 5', 'delay > 7'));

    const outcome = await shop.validate(event, { maxColumns: 3 });

    expect(outcome.outcome).toBe('deferred');
    expect(await shop.contents()).toMatchObject(
      Object.fromEntries(Object.entries(judged).filter(([key]) => !key.startsWith('definitions/'))),
    );
  });
});

describe('the time a function has left', () => {
  const slow = { bytesPerSecond: 100 };

  it('decides whether reading begins, less what is kept for the rest', async () => {
    const shop = await world();
    const body = journeys(20);
    const event = await shop.upload(`incoming/${MODEL}/a.csv`, body);
    const needed = Math.ceil(Buffer.byteLength(body) / slow.bytesPerSecond) * 1000;

    const late = await shop.validate(event, slow, () => needed - 1);
    const reserved = await validateData({ ...shop, limits: { ...LIMITS, ...slow, maxBytes: 1e8 }, reserveMs: 1 })({
      ...woken(event),
      remainingMs: () => needed,
    });
    const other = await world();
    const again = await other.upload(`incoming/${MODEL}/a.csv`, body);
    const inTime = await other.validate(again, slow, () => needed);

    expect([late.outcome, reserved.outcome, inTime.outcome]).toEqual(['deferred', 'deferred', 'accepted']);
    expect(shop.told[0]?.data).toMatchObject({
      reason: expect.stringMatching(/reading them may take \d+ s, more than/),
    });
    expect(shop.opened()).toBe(0);
  });

  it('ends reading that is slower than was thought, with its figures', async () => {
    const shop = await world();
    const event = await shop.upload(`incoming/${MODEL}/a.csv`, journeys(28, 24 * 60));
    let left = 600_000;
    const remainingMs = () => {
      left -= 200_000;
      return left;
    };

    const outcome = await shop.validate(event, {}, remainingMs);

    expect(outcome.outcome).toBe('deferred');
    expect(shop.told[0]?.data).toMatchObject({
      reason: expect.stringMatching(/bytes were read in \d+ s.*deliver it in several parts$/),
    });
  });

  it('of the function that reads a part ends the dataset, not the reading of the others', async () => {
    let left = 1e9;
    const shop = await partsWorld({ remainingMs: () => left });
    const event = await shop.uploadFolder('week', { 'a.csv': journeys(1), 'b.csv': journeys(1, 24, 2) });
    await shop.wake(event);
    const [first, second] = shop.asked.splice(0);
    if (!first || !second) throw new Error('two parts were to be asked for');

    left = 0;
    await shop.readPart(first);
    left = 1e9;
    await shop.readPart(second);
    const outcome = await shop.takeParts(shop.said[0] ?? { model: '', reading: '' });

    expect(outcome.outcome).toBe('deferred');
    expect(shop.told.map(({ type }) => type)).toEqual(['DatasetDeferred.v1']);
    expect(shop.told[0]?.data).toMatchObject({ reason: expect.stringMatching(/^a\.csv: \d+ of \d+ bytes were read/) });
  });
});

it('reads parts anew under other limits, and not what was read of them under those before', async () => {
  const shop = await partsWorld({ limits: { maxColumns: 3 } });
  const other = await partsWorld();
  const parts = { 'a.csv': journeys(1), 'b.csv': journeys(1, 24, 2) };
  const putOff = await shop.sideBySide(parts);
  for (const key of shop.store.keys()) await other.store.put(key, (await shop.store.get(key))?.body ?? '');

  const outcome = await other.sideBySide(parts);

  expect([putOff.outcome, outcome.outcome]).toEqual(['deferred', 'accepted']);
});

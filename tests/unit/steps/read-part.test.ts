import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

import { arrivalSchema } from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { readingRoundSchema, readingSchema } from '../../../shared/ledger/readings.ts';
import { journeys, MODEL } from './data-world.ts';
import { type PartsWorld, partsWorld } from './parts-world.ts';

/** Parts of a day each. */
const days = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, day) => [`day-${day + 1}.csv`, journeys(1, 24, day + 1)]));

const jsonLines = (csv: string, leave: (row: Record<string, unknown>) => void = () => undefined): string => {
  const [header = '', ...lines] = csv.trimEnd().split('\n');
  const names = header.split(',');
  return lines
    .map((line) => {
      const row: Record<string, unknown> = Object.fromEntries(
        line.split(',').map((cell, at) => [names[at] ?? '', at > 1 ? Number(cell) : cell]),
      );
      leave(row);
      return `${JSON.stringify(row)}\n`;
    })
    .join('');
};

const withCells = (csv: string, column: number, every: number, cell: string): string =>
  csv
    .split('\n')
    .map((line, row) =>
      row > 0 && row % every === 0 && line !== ''
        ? line
            .split(',')
            .map((own, at) => (at === column ? cell : own))
            .join(',')
        : line,
    )
    .join('\n');

const damaged = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.byteLength - 9);

/** The outcome of each, and the parts. */
const FOLDERS: Readonly<Record<string, readonly [string, Readonly<Record<string, string | Uint8Array>>]>> = {
  'are alike': ['accepted', days(7)],
  'are JSON Lines of which some lack a column': [
    'accepted',
    {
      'a.jsonl': jsonLines(journeys(1, 24, 1), (row) => Reflect.deleteProperty(row, 'load')),
      'b.jsonl': jsonLines(journeys(1, 24, 2)),
      'c.jsonl': jsonLines(journeys(1, 24, 3), (row) => Object.assign(row, { more: 'x' })),
    },
  ],
  'differ in format': ['accepted', { ...days(2), 'other.jsonl': jsonLines(journeys(1, 24, 5)) }],
  'hold a ragged row': ['rejected', { ...days(2), 'ragged.csv': `${journeys(1, 24, 4)}2001-01-09 00:00:00,A\n` }],
  'hold one that is cut off': ['rejected', { ...days(2), 'cut.csv.gz': damaged(gzipSync(journeys(1, 24, 3))) }],
  'hold one that is no table': ['rejected', { ...days(1), 'z.csv': new Uint8Array(2000).map((_, at) => at % 7) }],
  'differ in their columns': ['rejected', { ...days(2), 'other.csv': journeys(1, 24, 5).replace('load', 'weight') }],
  'have a header and nothing else': ['rejected', { 'a.csv': 'at,line,load,delay\n', 'b.csv': 'at,line,load,delay\n' }],
  'lack labels': ['rejected', { ...days(2), 'unlabelled.csv': withCells(journeys(1, 24, 6), 3, 5, '') }],
  'hold words among numbers': ['rejected', { ...days(2), 'words.csv': withCells(journeys(1, 24, 6), 2, 9, 'many') }],
  'hold labels that are words': ['rejected', { 'a.csv': withCells(journeys(1), 3, 7, 'late'), ...days(3) }],
};

/** A first message that was delivered, and what it came to. */
const begun = async (world: PartsWorld, count: number) => {
  const event = await world.uploadFolder('week', days(count));
  const outcome = await world.wake(event);
  return { event, outcome, reading: world.asked[0]?.reading ?? '' };
};

const arrivalOf = (world: PartsWorld, { key, versionId }: { key: string; versionId: string }) =>
  world.ledger.find(arrivalSchema, keys.arrival(MODEL, key, versionId));

describe('parts that are read side by side', () => {
  it.each(Object.keys(FOLDERS))('come to what one after another does where they %s', async (name) => {
    const [expected, folder] = FOLDERS[name] ?? ['', {}];
    const one = await partsWorld();
    const many = await partsWorld();

    const alone = await one.oneByOne(folder);
    const together = await many.sideBySide(folder, (waiting) => waiting - 1);

    expect(alone.outcome).toBe(expected);
    expect(together).toEqual(alone);
    expect(many.told).toEqual(one.told);
    expect(await many.kept()).toEqual(await one.kept());
  });

  it('are held against the data accepted before, as it was when they were asked for', async () => {
    const one = await partsWorld();
    const many = await partsWorld();
    const changed = { ...days(2), 'changed.csv': withCells(journeys(1, 24, 6), 3, 4, 'no idea') };
    for (const world of [one, many]) await world.oneByOne(days(3), 'before');

    const alone = await one.oneByOne(changed);
    const event = await many.uploadFolder('week', changed);
    await many.wake(event);
    const meanwhile = await many.oneByOne(days(5), 'meanwhile');
    const together = await many.deliver();

    expect(meanwhile.outcome).toBe('accepted');
    expect(together).toEqual(alone);
    const verdicts = Object.entries(await one.kept()).filter(([key]) => key.includes(`${alone.dataset}/verdicts/`));
    expect(verdicts).toHaveLength(1);
    expect(await many.kept()).toMatchObject(Object.fromEntries(verdicts));
  });

  it('are judged when all of them have been read, and not before', async () => {
    const world = await partsWorld();
    const { event, outcome } = await begun(world, 3);

    const [first, second, third] = world.asked.splice(0);
    if (!first || !second || !third) throw new Error('three parts were to be asked for');
    await world.readPart(second);
    await world.readPart(first);
    const early = await world.wake(event);

    expect(outcome).toEqual({ outcome: 'waiting' });
    expect(early).toEqual({ outcome: 'waiting' });
    expect(world.said).toEqual([]);
    expect(await arrivalOf(world, event)).toBeUndefined();
    expect(await world.kept()).toEqual({});
    // Only what is missing is asked for again.
    expect(world.asked).toEqual([third]);
    expect(await world.readPart(third)).toEqual({ outcome: 'read' });
    expect(world.said).toHaveLength(1);
    expect((await world.wake(event)).outcome).toBe('accepted');
  });

  it('are read once, however often they are asked for', async () => {
    const world = await partsWorld();
    await begun(world, 2);
    const [first, second] = world.asked.splice(0);
    if (!first || !second) throw new Error('two parts were to be asked for');
    await world.readPart(first);
    const before = await world.contents();

    expect(await world.readPart(first)).toEqual({ outcome: 'existed' });
    expect(await world.contents()).toEqual(before);
    expect(world.said).toEqual([]);
  });

  it('are read again, those whose types were too narrow, under the types all agree on', async () => {
    const world = await partsWorld();
    const whole = journeys(1, 24, 2).replaceAll('.5,', ',');
    const event = await world.uploadFolder('week', { ...days(1), 'day-2.csv': whole, 'day-3.csv': journeys(1, 24, 3) });
    await world.wake(event);
    const asked = world.asked.splice(0);
    for (const part of asked) await world.readPart(part);

    const outcome = await world.takeParts(world.said[0] ?? { model: '', reading: '' });

    expect(outcome).toEqual({ outcome: 'waiting' });
    expect(world.asked).toEqual([{ ...asked[1], round: 2 }]);
    const { columns } = await world.ledger.read(readingRoundSchema, keys.round(MODEL, asked[0]?.reading ?? '', 2));
    expect(columns.find(({ name }) => name === 'load')).toEqual({ name: 'load', type: 'number' });
  });

  it('keep to the terms of the first look, whatever time it is when they are read', async () => {
    const world = await partsWorld();
    const { event, reading } = await begun(world, 2);
    const later = new Date('2001-02-03T00:00:00Z');

    await world.wake(event, later);
    for (const part of world.asked.splice(0)) await world.readPart(part, later);
    await world.takeParts(world.said[0] ?? { model: '', reading: '' }, later);

    const { startedAt } = await world.ledger.read(readingSchema, keys.reading(MODEL, reading));
    expect(startedAt).toBe('2001-02-01T00:00:00.000Z');
    expect((await arrivalOf(world, event))?.receivedAt).toBe(startedAt);
  });

  it('that were not asked for are refused', async () => {
    const world = await partsWorld();
    const { reading } = await begun(world, 2);

    await expect(world.readPart({ model: MODEL, reading, round: 1, part: 2 })).rejects.toThrow('has no part 2');
    await expect(world.readPart({ model: MODEL, reading, round: 2, part: 0 })).rejects.toThrow('the ledger has no');
  });
});

describe('what is too much for one function', () => {
  it('is a folder in all, where one function reads it, and its largest part where one a part does', async () => {
    const part = journeys(1, 600);
    const folder = { 'a.csv': part, 'b.csv': part };
    const maxBytes = 1.5 * Buffer.byteLength(part);
    const one = await partsWorld({ limits: { maxBytes, sideBySideBytes: 1e9 } });
    const many = await partsWorld({ limits: { maxBytes } });

    const alone = await one.sideBySide(folder);
    const together = await many.sideBySide(folder);
    const large = await many.sideBySide({ ...folder, 'large.csv': part + part }, undefined, 'large');

    expect(alone.outcome).toBe('deferred');
    expect(together.outcome).not.toBe('deferred');
    expect(large.outcome).toBe('deferred');
    expect(many.told.at(-1)?.data).toMatchObject({ reason: expect.stringMatching(/^large\.csv has \d+ bytes, more/) });
    expect(many.asked).toEqual([]);
  });

  it('is what would take too long, by its bytes', async () => {
    const slow = await partsWorld({ limits: { bytesPerSecond: 10 }, remainingMs: () => 60_000 });
    const fast = await partsWorld({ limits: { bytesPerSecond: 1000 }, remainingMs: () => 60_000 });

    expect((await slow.sideBySide(days(2))).outcome).toBe('deferred');
    expect(slow.told.at(-1)?.data).toMatchObject({ reason: expect.stringContaining('may take') });
    expect((await fast.sideBySide(days(2))).outcome).toBe('accepted');
  });

  it('are the typed copies of all parts: the parts are read, and what they came to is not lost', async () => {
    const world = await partsWorld({ limits: { maxBytes: 2500 } });

    const outcome = await world.sideBySide(days(7));

    expect(outcome.outcome).toBe('deferred');
    expect(world.told.at(-1)).toMatchObject({
      type: 'DatasetDeferred.v1',
      data: { reason: expect.stringContaining('what its parts came to') },
    });
  });
});

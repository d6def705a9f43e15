/** Keys as people and programs make them: what lies below `incoming/` is judged or ignored by name, never by accident. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type IncomingKey, incomingKey } from '../../functions/validate-data/incoming-key.ts';
import { arrivalSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { startInProcessWorld } from '../in-process/world.ts';
import { parcels } from '../loop/parcels.ts';
import type { World } from '../loop/world.ts';

const MODEL = 'parcel-late';
/** S3's longest key, in bytes of UTF-8. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const MAX_KEY_BYTES = 1024;
const below = (name: string): string => `incoming/${MODEL}/${name}`;
const longest = (end: string): string => {
  const room = MAX_KEY_BYTES - Buffer.byteLength(below(end));
  return `${'é'.repeat(Math.floor(room / 2))}${room % 2 === 0 ? '' : 'e'}${end}`;
};

const FILES: readonly string[] = [
  'march.csv',
  'march 2001.csv',
  'a+b.csv',
  'a%2Bb.csv',
  'a%20b.csv',
  '%2e%2e%2fsecrets.csv',
  'märz-東京-🛫.csv',
  'cafe\u0301.csv',
  "it's (1) [final] & <new>.csv",
  'a=b;c,d@e:f?g#h.csv',
  '$(rm -rf ~).csv',
  '`id`.csv',
  'a..csv',
  'noending',
  longest('.csv'),
];

const IGNORED: readonly (readonly [key: string, reason: string])[] = [
  ['incoming', 'not below'],
  ['elsewhere/parcel-late/a.csv', 'not below'],
  ['Incoming/parcel-late/a.csv', 'not below'],
  ['incoming/', 'names no model'],
  ['incoming//a.csv', 'names no model'],
  ['incoming/a.csv', 'names no model'],
  [below(''), 'ends with a slash'],
  [below('day/'), 'ends with a slash'],
  [below('../a.csv'), 'begins with .'],
  [below('../../secrets/a.csv'), 'begins with .'],
  [below('./a.csv'), 'begins with .'],
  [below('day//a.csv'), 'empty part'],
  [below('.DS_Store'), 'begins with .'],
  [below('._a.csv'), 'begins with .'],
  [below('_temporary/0/a.csv'), 'begins with _'],
  [below('day/_committed_1'), 'begins with _'],
  [below('day/deeper/_SUCCESS'), 'begins with _'],
];

describe('a key', () => {
  it.each(FILES)('names the file %s as it is written', (name) => {
    expect(incomingKey(below(name))).toEqual({ kind: 'file', model: MODEL, name });
  });

  it.each(IGNORED)('is ignored with a reason: %s', (key, reason) => {
    const meant: IncomingKey = incomingKey(key);

    expect(meant).toMatchObject({ kind: 'ignored', reason: expect.stringContaining(reason) });
  });
});

describe('an upload under an odd key', () => {
  let world: World | undefined;
  beforeAll(async () => {
    world = await startInProcessWorld({ models: [MODEL], start: '2001-03-20T06:00:00Z' });
  });
  afterAll(() => world?.close());

  it('is judged, and its fact names the key as it was uploaded', async () => {
    if (world === undefined) throw new Error('the world is started before the test');
    const odd = ['a+b.csv', 'a%2Bb c.csv', 'märz-東京-🛫.csv', '%2e%2e%2fsecrets.csv', longest('.csv')];

    const outcomes = new Map<string, unknown>();
    for (const [i, name] of odd.entries()) {
      const version = await world.land(below(name), parcels('2001-03-01', 1, 20 + i));
      await world.settle();
      const fact = await world.ledger.find(arrivalSchema, keys.arrival(MODEL, below(name), version));
      outcomes.set(name, { outcome: fact?.outcome, key: fact?.upload.key });
    }

    expect(outcomes).toEqual(new Map(odd.map((name) => [name, { outcome: 'accepted', key: below(name) }])));
  });
});

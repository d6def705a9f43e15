/** Datasets whose parts are read side by side, through the queues and rules of the packaged template. */
import { beforeAll, describe, expect, it } from 'vitest';

import type { FaultRule } from '../../local/faults/settings.ts';
import { verdictSchema } from '../../shared/ledger/facts.ts';
import { PARCELS_HEADER, parcels } from '../loop/parcels.ts';
import { HOUR_MS, objectsOf, type World } from '../loop/world.ts';
import { closeAfterEach, pass, startWorld } from './passing.ts';

const MODEL = 'parcel-late';
const START = '2001-03-20T06:00:00Z';
const NEVER = 10 ** 12;

closeAfterEach();

const start = (sideBySideBytes: number, rules: FaultRule[] = []): Promise<World> =>
  startWorld({ models: [MODEL], start: START, sideBySideBytes, cloud: { faults: { rules } } });

/** Parcels of some days as a folder of parts of so many rows. */
const landFolder = async (world: World, folder: string, csv: string, rows: number): Promise<string> => {
  const [, ...lines] = csv.trimEnd().split('\n');
  for (let at = 0; at < lines.length; at += rows) {
    const name = `part-${String(at / rows).padStart(4, '0')}.csv`;
    const part = [PARCELS_HEADER, ...lines.slice(at, at + rows)].join('\n');
    await world.data.put(`incoming/${MODEL}/${folder}/${name}`, `${part}\n`);
  }
  return world.land(`incoming/${MODEL}/${folder}/_SUCCESS`, '');
};

/** Parcels of two days as twelve parts; of some all weights are whole numbers, so that types differ. */
const landMixed = async (world: World): Promise<void> => {
  const csv = parcels('2001-03-15', 2).replaceAll(/^([^,]*,[^,]*,\d+)\.\d+(,\d+,-?\d*[02468])$/gm, '$1$2');
  const [header, ...lines] = csv.trimEnd().split('\n');
  const whole = lines.filter((line) => /^[^,]*,[^,]*,\d+,/.test(line));
  const others = lines.filter((line) => !whole.includes(line));
  await landFolder(world, 'mixed', [header, ...whole.slice(0, 60), ...others.slice(0, 60)].join('\n'), 10);
};

/** What a dataset came to, but for when. */
const judged = async (world: World) => {
  const found = await datasetsOf(world);
  const files = Object.entries(found).filter(([key]) => /\/(profile\.json|[^/]+\.parquet)$/.test(key));
  const verdicts = Object.keys(found).filter((key) => key.includes('/verdicts/'));
  const said = await Promise.all(verdicts.map((key) => world.ledger.read(verdictSchema, key)));
  return { files, verdicts: said.map(({ judgedAt, ...verdict }) => ({ ...verdict, isDated: judgedAt !== '' })) };
};

const datasetsOf = async (world: World): Promise<Record<string, string>> => {
  const all = await objectsOf(world.s3, world.outputs.StoreBucketName ?? '');
  return Object.fromEntries(Object.entries(all).filter(([key]) => key.startsWith('datasets/')));
};

describe('a dataset of many parts', () => {
  it('of 200 parts comes to the bytes that reading one after another gives', async () => {
    const csv = parcels('2001-03-01', 12);
    const one = await start(NEVER);
    await landFolder(one, 'fortnight', csv, 6);
    const alone = await datasetsOf(one);

    const many = await start(1);
    await landFolder(many, 'fortnight', csv, 6);

    expect(await datasetsOf(many)).toEqual(alone);
    expect(Object.keys(alone).filter((key) => key.endsWith('.parquet'))).toHaveLength(200);
    expect(many.errors()).toEqual([]);
    expect(await many.deadLetters()).toEqual({});
    // Some hundred engines are opened, on as many processors as there are.
  }, 180_000);

  describe('ends the same', () => {
    let alone: Awaited<ReturnType<typeof judged>>;
    beforeAll(async () => {
      const world = await start(NEVER);
      await world.land(`incoming/${MODEL}/before.csv`, parcels('2001-03-01', 12));
      await landMixed(world);
      alone = await judged(world);
    }, 60_000);

    const RULES: Readonly<Record<string, FaultRule>> = {
      'the event that all parts are read is lost': { fault: 'lose-event', detailType: 'PartsRead.v1', nth: [1, 2, 3] },
      'every event comes twice': { fault: 'double-event', delayMs: 1000 },
      'every message comes twice': { fault: 'double-message', queue: '*read-part' },
      'asking for parts stops half way, and is tried again': {
        fault: 'crash',
        function: '*-validate-data',
        service: 'sqs',
        when: 'after',
        nth: 7,
      },
      'asking for parts fails for good': {
        fault: 'crash',
        function: '*-validate-data',
        service: 'sqs',
        when: 'before',
        nth: [1, 2, 3, 4],
      },
      'reading a part ends before it is told': {
        fault: 'crash',
        function: '*-read-part',
        service: 'events',
        when: 'before',
        nth: 1,
      },
      'reading a part ends before its fact is written': {
        fault: 'crash',
        function: '*-read-part',
        service: 's3',
        operation: 'PutObject',
        when: 'before',
        nth: 12,
      },
    };

    it.each(Object.keys(RULES))('when %s', async (name) => {
      const rule = RULES[name];
      const world = await start(1, rule === undefined ? [] : [rule]);

      await world.land(`incoming/${MODEL}/before.csv`, parcels('2001-03-01', 12));
      await landMixed(world);
      await pass(world, 2 * HOUR_MS);

      expect(await judged(world)).toEqual(alone);
      expect(alone.verdicts.map(({ accepted }) => accepted)).toEqual([true, true]);
    });
  });
});

/** Data that is more than one function reads, through the packaged template: who is told, and how it goes on. */
import { describe, expect, it } from 'vitest';

import type { InProcessContext, InProcessFunctions, InvocationContext } from '../../local/in-process/environment.ts';
import { arrivalSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { hearEvents, hearNotices } from '../loop/deliveries.ts';
import { parcels } from '../loop/parcels.ts';
import { HOUR_MS, type World } from '../loop/world.ts';
import { closeAfterEach, pass, startWorld } from './passing.ts';

const MODEL = 'parcel-late';
const KEY = `incoming/${MODEL}/first.csv`;

closeAfterEach();

/** What may change while the stack stands: settings of all functions that have them, and the time each has. */
interface Platform {
  settings: Readonly<Record<string, string>>;
  remainingMs: ((context: InvocationContext) => number) | undefined;
}

const under =
  (platform: Platform) =>
  (steps: InProcessFunctions): InProcessFunctions =>
  (name) => {
    const program = steps(name);
    return (
      program &&
      ((context: InProcessContext) => (event, invocation) => {
        const environment = { ...context.environment, ...platform.settings };
        const { remainingMs } = platform;
        const getRemainingTimeInMillis = () =>
          remainingMs ? remainingMs(invocation) : invocation.getRemainingTimeInMillis();
        return program({ ...context, environment })(event, { ...invocation, getRemainingTimeInMillis });
      })
    );
  };

const start = async (platform: Platform) => {
  const world = await startWorld({ models: [MODEL], start: '2001-03-20T06:00:00Z', functions: under(platform) });
  return { world, heard: await hearEvents(world), notices: await hearNotices(world) };
};

/** The reasons for which uploads were put off. */
const putOff = async (world: World): Promise<(string | undefined)[]> => {
  const found = (await world.ledger.keys(keys.arrivals(MODEL))).filter((key) => key.includes('-put-off-'));
  return Promise.all(found.map(async (key) => (await world.ledger.read(arrivalSchema, key)).reason));
};

describe('data of more columns than one function reads', () => {
  it('is told to a person once, and taken up by itself once the platform reads more', async () => {
    const platform: Platform = { settings: { MAX_COLUMNS: '3' }, remainingMs: undefined };
    const { world, heard, notices } = await start(platform);

    const version = await world.land(KEY, parcels('2001-02-10', 36));
    await pass(world, 2 * HOUR_MS);
    const [before, told] = [await world.runs(MODEL), await notices()];
    platform.settings = {};
    await pass(world, 2 * HOUR_MS);

    expect(told).toEqual([`${MODEL}: a dataset was put off`]);
    expect(await putOff(world)).toEqual([expect.stringContaining('at most 3 are read')]);
    expect(before).toEqual([]);
    expect(await world.arrival(MODEL, KEY, version)).toMatchObject({ outcome: 'accepted' });
    expect((await world.ends(MODEL)).map((end) => end?.end)).toEqual(['promoted']);
    const types = (await heard()).map((event) => event['detail-type']);
    expect(types.filter((type) => type === 'DatasetDeferred.v1')).toHaveLength(1);
    expect(world.errors()).toEqual([]);
    expect(await world.deadLetters()).toEqual({});
  });
});

describe('data that takes longer to read than a function has', () => {
  it('is stopped in time and told to a person with figures, and is not read again and again', async () => {
    let looks = 0;
    const platform: Platform = {
      settings: {},
      remainingMs: ({ functionName }) => {
        if (!functionName.endsWith('-validate-data')) return 900_000;
        looks += 1;
        return 900_000 - looks * 200_000;
      },
    };
    const { world, notices } = await start(platform);

    await world.land(KEY, parcels('2001-02-10', 36));
    const reasons = await putOff(world);
    const looksThen = looks;
    await pass(world, 2 * HOUR_MS);

    expect(reasons).toEqual([
      expect.stringMatching(/^[\d,]+ of [\d,]+ bytes were read in \d+ s.* deliver it in several parts$/),
    ]);
    expect(await notices()).toEqual([`${MODEL}: a dataset was put off`]);
    expect(looks).toBe(looksThen);
    expect(world.errors()).toEqual([]);
    expect(await world.deadLetters()).toEqual({});
  });

  it('is looked at once more after any change of the limits, without an upload, and judged where the time is enough', async () => {
    const platform: Platform = {
      settings: {},
      remainingMs: ({ functionName }) => (functionName.endsWith('-validate-data') ? 300_500 : 900_000),
    };
    const { world, notices } = await start(platform);
    const version = await world.land(KEY, parcels('2001-02-10', 36));
    await pass(world, 2 * HOUR_MS);
    const reasons = await putOff(world);

    // More memory reads faster, and the one who gives it says so.
    platform.remainingMs = undefined;
    await pass(world, 2 * HOUR_MS);
    const unsaid = await world.runs(MODEL);
    platform.settings = { READ_BYTES_PER_SECOND: '20000001' };
    await pass(world, 2 * HOUR_MS);

    expect(reasons).toEqual([expect.stringContaining('this function has left; deliver it in several parts')]);
    expect(unsaid).toEqual([]);
    expect(await world.arrival(MODEL, KEY, version)).toMatchObject({ outcome: 'accepted' });
    expect((await world.ends(MODEL)).map((end) => end?.end)).toEqual(['promoted']);
    expect(await notices()).toContain(`${MODEL}: a dataset was put off`);
    expect(await putOff(world)).toHaveLength(1);
    expect(world.errors()).toEqual([]);
  });
});

/** The packaged steps: predictions through the door, labels a day later, and what both together say. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { keys } from '../../shared/ledger/keys.ts';
import { qualityFactSchema } from '../../shared/monitoring/quality-fact.ts';
import { windowAt, windowName } from '../../shared/monitoring/windows.ts';
import { parcels } from './parcels.ts';
import { DAY_MS, startWorld, type World } from './world.ts';

const MODEL = 'parcel-late';

describe('labels of a packaged model', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld([MODEL], '2001-03-20T06:00:00Z');
  }, 180_000);
  afterAll(() => world?.close());

  it('say how good its answers of the day before were', { timeout: 300_000 }, async () => {
    await world.land(`incoming/${MODEL}/first.csv`, parcels('2001-03-01', 18));
    const rows = parcels('2001-03-20', 1, 80)
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','));
    const records = rows.map(([sent, carrier, weight, distance]) => ({
      sent,
      carrier,
      weight: Number(weight),
      distance: Number(distance),
    }));
    const { body } = await world.predict(MODEL, { records });
    const { predictions }: { predictions: { inferenceId: string }[] } = JSON.parse(JSON.stringify(body));
    const delays = predictions.map(({ inferenceId }, at) => `${inferenceId},${rows[at]?.[4]}`);
    await world.cloud.clock.jump(world.cloud.clock.ms() + DAY_MS, () => world.cloud.activity.idle());

    await world.land(`ground-truth/${MODEL}/delays.csv`, `${['inference_id,delay', ...delays].join('\n')}\n`);
    const window = windowName(windowAt(Date.parse('2001-03-20'), DAY_MS));
    const listed = await world.ledger.keys(`${keys.monitoring(MODEL)}${window}/quality-`);
    const facts = await Promise.all(listed.map((key) => world.ledger.read(qualityFactSchema, key)));

    expect(facts.at(-1)).toMatchObject({ outcome: 'measured', predictions: 80, labelled: 80, labelCoverage: 1 });
    expect(facts.at(-1)?.value).toBeGreaterThan(0.6);
    expect(world.errors()).toEqual([]);
    expect(await world.deadLetters()).toEqual({});
  });
});

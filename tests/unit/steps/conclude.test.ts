/** Judging what was read: the verdict comes before its report, and neither a crash nor a failed drawing loses it. */
import { expect, it } from 'vitest';

import { validateData } from '../../../functions/validate-data/validate-data.ts';
import { verdictSchema } from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { ledgerOn } from '../../../shared/ledger/ledger.ts';
import { type Fuse, finishesAfterAnyCrash, fragileStore } from './crash.ts';
import { DEFINITION, dataWorld, journeys, MODEL, woken } from './data-world.ts';

/** Draws what a page would be about, which takes no time. */
const drawReport = async (report: object): Promise<string> => JSON.stringify(report);
const unbroken: Fuse = { effects: () => 0, guard: (effect) => effect() };

async function world(yaml = DEFINITION) {
  const base = dataWorld();
  const published = await base.publish(yaml);
  const validate = async (event: Awaited<ReturnType<typeof base.upload>>, fuse = unbroken, now?: Date) => {
    const store = fragileStore(base.store, fuse);
    const tell: typeof base.tell = (...given) => fuse.guard(() => base.tell(...given));
    return validateData({ ...base, store, ledger: ledgerOn(store), tell, drawReport })(woken(event, now));
  };
  return { ...base, published, validate };
}

/** Everything that lasts, and what was told: again where it may have been lost, but the same. */
async function lasting(shop: Awaited<ReturnType<typeof world>>) {
  const told = new Map(shop.told.map((event) => [`${event.type} ${event.about}`, event]));
  return { contents: await shop.contents(), told: [...told.values()] };
}

it.each([
  ['accepted', journeys(3)],
  ['rejected', journeys(3).replace(',0.5,0\n', ',0.5\n')],
])('ends the same after a crash at any effect, for data that is %s', async (outcome, body) => {
  const seen: string[] = [];

  const effects = await finishesAfterAnyCrash(async () => {
    const shop = await world();
    // What was accepted before is what this is held against, and not what a crash left of this itself.
    await shop.validate(await shop.upload(`incoming/${MODEL}/before.csv`, journeys(4)));
    const event = await shop.upload(`incoming/${MODEL}/a.csv`, body);
    let looks = 0;
    return {
      wake: async (fuse) => {
        looks += 1;
        // Lambda tries again with the same event; what reconcile says again is of a later time.
        const now = new Date(Date.UTC(2001, 1, 1) + (looks - 1) * 3_600_000);
        seen.push((await shop.validate(event, fuse, now)).outcome);
      },
      state: async () => {
        const { contents, told } = await lasting(shop);
        // When it was noted that it came differs by when the crash was.
        const timeless = Object.entries(contents).map(([key, text]) => [key, text.replaceAll(/2001-02-01T0\d:/g, 'T')]);
        return { contents: Object.fromEntries(timeless), told };
      },
    };
  });

  expect(effects).toBeGreaterThan(4);
  expect(new Set(seen)).toEqual(new Set([outcome]));
});

it.each([
  ['accepted', journeys(3), 'DatasetAccepted.v1'],
  ['rejected', 'at,line\n1\n', 'DatasetRejected.v1'],
])('keeps and tells that data is %s where its report cannot be drawn', async (outcome, body, type) => {
  const shop = await world();
  const event = await shop.upload(`incoming/${MODEL}/a.csv`, body);
  const failed: unknown[] = [];
  const step = validateData({
    ...shop,
    drawReport: async () => {
      throw new RangeError('a plot without a point');
    },
    reportFailed: (error, about) => failed.push(error, about),
  });

  const ended = await step(woken(event));
  const again = await step(woken(event));

  const dataset = ended.dataset ?? '';
  expect(ended.outcome).toBe(outcome);
  expect(again).toEqual(ended);
  const verdict = await shop.ledger.read(verdictSchema, keys.verdict(MODEL, dataset, shop.published.rulesDigest));
  expect(verdict.accepted).toBe(outcome === 'accepted');
  expect(failed).toEqual([new RangeError('a plot without a point'), { model: MODEL, dataset }]);
  expect(shop.told.map((event) => event.type)).toEqual([type, type]);
  // Nobody is sent to a page that is not there.
  expect(shop.told[0]?.data).not.toMatchObject({ reportKey: expect.any(String) });
  expect(shop.store.keys()).not.toContain(keys.datasetReport(MODEL, dataset));
});

it('tells which rules warned of data that is accepted', async () => {
  const rules = `  rules:
    - { rule: values_between, column: load, max: 5, severity: warn }
    - { rule: row_count_between, min: 100000, severity: warn }
    - { rule: completeness, column: load }
  features:`;
  const shop = await world(DEFINITION.replace('  features:', rules));

  await shop.validate(await shop.upload(`incoming/${MODEL}/a.csv`, journeys(20)));

  expect(shop.told[0]).toMatchObject({
    type: 'DatasetAccepted.v1',
    data: { warnings: ['row_count_between', 'values_between'] },
  });
});

/** An endpoint that came from elsewhere is watched: what it captures is held against the newest accepted data. */
import { DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';

import { putInForce, readPublications } from '../../cli/verbs/publish.ts';
import { publish } from '../../shared/definition/publish.ts';
import { watchSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { type DriftFact, driftFactSchema } from '../../shared/monitoring/drift-fact.ts';
import { labelFileSchema } from '../../shared/monitoring/label-store.ts';
import { type QualityFact, qualityFactSchema } from '../../shared/monitoring/quality-fact.ts';
import { windowAt, windowName } from '../../shared/monitoring/windows.ts';
import { parcels } from '../loop/parcels.ts';
import { DAY_MS, HOUR_MS, type World } from '../loop/world.ts';
import { clientsOn } from './clients.ts';
import { startInProcessWorld } from './world.ts';

const MODEL = 'parcel-elsewhere';
const BUCKET = 'parcels-capture';

let open: World | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

const start = async (watchedBuckets: readonly string[] = [BUCKET], model = MODEL): Promise<World> => {
  open = await startInProcessWorld({
    models: [model],
    start: '2001-03-20T06:00:00Z',
    watchedBuckets,
    foreignBuckets: [BUCKET],
  });
  await open.land(`incoming/${model}/first.csv`, parcels('2001-02-10', 36));
  return open;
};

const passUntil = async (world: World, time: string): Promise<void> => {
  const ms = Date.parse(time) - world.cloud.clock.now().getTime();
  await world.cloud.clock.advance(ms, () => world.cloud.activity.idle());
  await world.settle();
};

/** Parcels of a day as the endpoint is asked for them: a line each, carriers by name. */
const asked = (day: string, rows: number, farther = 0): string[] =>
  parcels(day, 1, rows)
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [, carrier, weight, distance] = line.split(',');
      return `${Number(distance) + farther},${weight},"${carrier}"`;
    });

/** Puts a capture file as the endpoint of others writes it. */
const captured = async (world: World, day: string, variant: string, rows: readonly string[]): Promise<void> => {
  const side = (mode: string, data: string) => ({ observedContentType: 'text/csv', mode, data, encoding: 'CSV' });
  const record = {
    captureData: {
      endpointInput: side('INPUT', rows.join('\n')),
      endpointOutput: side('OUTPUT', rows.map(() => '0.5').join('\n')),
    },
    eventMetadata: { eventId: `${day}-${variant}`, inferenceTime: `${day}T10:15:00Z` },
    eventVersion: '0',
  };
  const Key = `monitor/parcels-live/${variant}/${day.replaceAll('-', '/')}/10/15-00-000-0a0b0c0d.jsonl`;
  await world.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: `${JSON.stringify(record)}\n` }));
};

const factOf = (world: World, day: string): Promise<DriftFact | undefined> =>
  world.ledger.find(driftFactSchema, keys.drift(MODEL, windowName(windowAt(Date.parse(day), DAY_MS))));

const alarmsOf = async (world: World, model = MODEL) => {
  const { cloudWatch } = clientsOn(world.cloud.client());
  const { MetricAlarms = [] } = await cloudWatch.send(
    new DescribeAlarmsCommand({ AlarmNamePrefix: `mr-dev-${model}-` }),
  );
  return Object.fromEntries(MetricAlarms.map(({ AlarmName, StateValue }) => [AlarmName, StateValue]));
};

/** A parcel of a day, when the endpoint was asked about it, and what came true. */
interface Asked {
  readonly id: string;
  readonly at: Date;
  readonly sent: string;
  readonly delay: number;
}

/** Parcels of a day, asked all day long, each under an id of the caller's own. */
const ordersOf = (day: string, rows: number): Asked[] =>
  parcels(day, 1, rows)
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line, at) => {
      const [sent = '', carrier, weight, distance, delay] = line.split(',');
      return {
        id: `order ${day} #${at}`,
        at: new Date(`${sent}Z`),
        sent: `${distance},${weight},${carrier}`,
        delay: Number(delay),
      };
    });

/** Captures a day's requests, an hour in a file, each answered with a score. */
const answered = async (world: World, orders: readonly Asked[], scoreOf: (order: Asked) => string): Promise<void> => {
  const side = (mode: string, data: string) => ({ observedContentType: 'text/csv', mode, data, encoding: 'CSV' });
  const hours = Map.groupBy(orders, ({ at }) => at.toISOString().slice(0, 13));
  for (const [hour, some] of hours) {
    const lines = some.map((order) =>
      JSON.stringify({
        captureData: { endpointInput: side('INPUT', order.sent), endpointOutput: side('OUTPUT', scoreOf(order)) },
        eventMetadata: {
          eventId: `event of ${order.id}`,
          inferenceId: order.id,
          inferenceTime: `${order.at.toISOString().slice(0, 19)}Z`,
        },
        eventVersion: '0',
      }),
    );
    const Key = `monitor/parcels-live/AllTraffic/${hour.replaceAll(/[-T]/g, '/')}/00-00-000-0a0b0c0d.jsonl`;
    await world.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: `${lines.join('\n')}\n` }));
  }
};

/** Answers that know, and answers that know the opposite. */
const right = ({ delay }: Asked): string => `${1 / (1 + Math.exp((10 - delay) / 10))}\n`;
const wrong = ({ delay }: Asked): string => `${1 / (1 + Math.exp((delay - 10) / 10))}\n`;

const land = (world: World, model: string, name: string, lines: readonly string[]): Promise<string> =>
  world.land(`ground-truth/${model}/${name}`, `${lines.join('\n')}\n`);

const fileOf = async (world: World, model: string, name: string) => {
  const listed = await world.ledger.keys(keys.labelFiles(model));
  const facts = await Promise.all(listed.map((key) => world.ledger.read(labelFileSchema, key)));
  return facts.find(({ upload }) => upload.key.endsWith(`/${name}`));
};

const qualityOf = async (world: World, model: string, day: string): Promise<QualityFact | undefined> => {
  const listed = await world.ledger.keys(
    `${keys.monitoring(model)}${windowName(windowAt(Date.parse(day), DAY_MS))}/quality-`,
  );
  const last = listed.at(-1);
  return last === undefined ? undefined : world.ledger.read(qualityFactSchema, last);
};

describe('the quality of an endpoint that came from elsewhere', { timeout: 120_000 }, () => {
  const FOREIGN = 'parcel-foreign';
  const asIds = (orders: readonly Asked[]) => [
    'inference_id,delay',
    ...orders.map(({ id, delay }) => `"${id}",${delay}`),
  ];

  it("is measured by labels with the caller's own ids, and two bad days raise an alarm for a person", async () => {
    const world = await start([BUCKET], FOREIGN);
    const [good, bad, worse] = ['2001-03-21', '2001-03-22', '2001-03-23'].map((day) => ordersOf(day, 240)) as [
      Asked[],
      Asked[],
      Asked[],
    ];
    // An order that is asked about a second time, the day after.
    const again = good.slice(0, 1).map((order) => ({ ...order, at: new Date('2001-03-22T09:00:30Z') }));
    await answered(world, good, (order) => (order.id.endsWith('#7') ? 'it will be late' : right(order)));
    await answered(
      world,
      [...bad, ...again].sort((a, b) => a.at.getTime() - b.at.getTime()),
      wrong,
    );
    await answered(world, worse, wrong);
    await passUntil(world, '2001-03-22T12:00:00Z');

    await land(world, FOREIGN, 'good.csv', [...asIds(good), 'nobody asked,1']);
    await passUntil(world, '2001-03-23T12:00:00Z');
    await land(world, FOREIGN, 'bad.csv', asIds(bad));
    await passUntil(world, '2001-03-24T12:00:00Z');
    await land(world, FOREIGN, 'worse.csv', asIds(worse));
    await passUntil(world, '2001-03-24T14:00:00Z');
    const facts = await Promise.all(
      ['2001-03-21', '2001-03-22', '2001-03-23'].map((day) => qualityOf(world, FOREIGN, day)),
    );

    expect(await fileOf(world, FOREIGN, 'good.csv')).toMatchObject({
      outcome: 'taken',
      run: 'watch-1',
      labels: 239,
      counts: { ambiguous: 1, unknown_prediction: 1 },
    });
    expect(facts[0]).toMatchObject({
      outcome: 'measured',
      run: 'watch-1',
      metric: 'roc_auc',
      baseline: 0.95,
      degraded: false,
      predictions: 239,
      labelled: 238,
      counts: { unreadable: 1, unmatched: 1 },
      estimate: null,
    });
    expect(facts[0]?.value).toBe(1);
    expect(facts[0]?.problems.map(({ code }) => code)).toHaveLength(1);
    expect(facts.slice(1).map((fact) => fact?.degraded)).toEqual([true, true]);
    expect(await alarmsOf(world, FOREIGN)).toMatchObject({ [`mr-dev-${FOREIGN}-watch-quality`]: 'ALARM' });
    expect(await world.runs(FOREIGN)).toEqual([]);
    expect(world.errors()).toEqual([]);
    expect(await world.deadLetters()).toEqual({});
  });

  it('is measured by labels with the key, computed from what was sent, and never judged without a figure to hold it against', async () => {
    const KEYED = 'parcel-foreign-key';
    const world = await start([BUCKET], KEYED);
    const orders = ordersOf('2001-03-21', 240);
    await answered(world, orders, right);
    await passUntil(world, '2001-03-22T12:00:00Z');

    // Whoever brings the labels writes numbers otherwise.
    const lines = orders.map(({ sent, delay }) => {
      const [distance, weight, carrier] = sent.split(',');
      return JSON.stringify({ carrier, weight: Number(weight), distance: Number(distance), late: delay > 10 });
    });
    await land(world, KEYED, 'keys.jsonl', lines);
    await passUntil(world, '2001-03-22T14:00:00Z');
    const fact = await qualityOf(world, KEYED, '2001-03-21');

    expect(await fileOf(world, KEYED, 'keys.jsonl')).toMatchObject({ outcome: 'taken', labels: 240, counts: {} });
    expect(fact).toMatchObject({
      outcome: 'measured',
      labelled: 240,
      value: 1,
      baseline: null,
      drop: null,
      score: null,
      degraded: false,
    });
    expect(fact?.reasons.map(({ code }) => code)).toContain('no_baseline');
    expect(Object.keys(await alarmsOf(world, KEYED))).not.toContain(`mr-dev-${KEYED}-watch-quality`);
    expect(world.errors()).toEqual([]);
    expect(await world.deadLetters()).toEqual({});
  });
});

describe('an endpoint that came from elsewhere', () => {
  it('is held against the newest accepted data, alarms when it drifts, and is never trained', {
    timeout: 120_000,
  }, async () => {
    const world = await start();
    await passUntil(world, '2001-03-20T12:00:00Z');
    const [watch, alarms] = [await world.ledger.read(watchSchema, keys.watch(MODEL)), await alarmsOf(world)];
    await captured(world, '2001-03-21', 'AllTraffic', asked('2001-03-21', 200));
    await captured(world, '2001-03-21', 'shadow', asked('2001-03-21', 100));
    await captured(world, '2001-03-22', 'AllTraffic', asked('2001-03-22', 300, 400));
    await captured(world, '2001-03-23', 'AllTraffic', asked('2001-03-23', 300, 400));
    await passUntil(world, '2001-03-24T02:00:00Z');

    const [quiet, usual, second, third] = await Promise.all(
      ['2001-03-20', '2001-03-21', '2001-03-22', '2001-03-23'].map((day) => factOf(world, day)),
    );

    expect(watch).toMatchObject({ n: 1, endpoint: 'parcels-live' });
    expect(Object.keys(alarms).sort()).toEqual([`mr-dev-${MODEL}-watch-drift`, `mr-dev-${MODEL}-watch-silence`]);
    expect(quiet).toMatchObject({ run: 'watch-1', outcome: 'no_traffic', score: null });
    expect(usual).toMatchObject({
      run: 'watch-1',
      outcome: 'measured',
      drifted: [],
      counts: { files: 2, records: 2, rows: 300, unreadable: 0 },
      sampling: null,
      report: { predictions: [] },
    });
    expect(usual?.score).toBeLessThan(1);
    expect(usual?.reasons.map(({ code }) => code)).toContain('no_prediction_baseline');
    expect(second).toMatchObject({ outcome: 'measured', drifted: ['distance'] });
    expect(third?.score).toBeGreaterThan(1);
    expect(await alarmsOf(world)).toMatchObject({
      [`mr-dev-${MODEL}-watch-drift`]: 'ALARM',
      [`mr-dev-${MODEL}-watch-silence`]: 'OK',
    });
    expect(await world.runs(MODEL)).toEqual([]);
    expect(world.errors()).toEqual([]);
    expect(await world.deadLetters()).toEqual({});
  });

  it('is held against newer data from its acceptance on, and under a new definition once it is published', {
    timeout: 120_000,
  }, async () => {
    const world = await start();
    await passUntil(world, '2001-03-20T12:00:00Z');
    await world.land(`incoming/${MODEL}/second.csv`, parcels('2001-03-18', 20));
    const newer = await world.ledger.read(watchSchema, keys.watch(MODEL));
    const [publication] = await readPublications([`tests/fixtures/loop/models/${MODEL}.yml`]);
    const definition = publication?.published.definition;
    if (!definition) throw new Error('nothing to publish');
    const monitoring = { ...definition.monitoring, window: 12 * HOUR_MS };
    await putInForce(world.ledger, publish(MODEL, { ...definition, monitoring }), world.cloud.clock.now());
    await passUntil(world, '2001-03-20T15:00:00Z');

    const renewed = await world.ledger.read(watchSchema, keys.watch(MODEL));

    expect(newer.n).toBe(2);
    expect(renewed).toMatchObject({ n: 3, dataset: newer.dataset });
    expect(renewed.definitionDigest).not.toBe(newer.definitionDigest);
    expect(await world.runs(MODEL)).toEqual([]);
    expect(world.errors()).toEqual([]);
  });

  it('is not watched in a bucket that platform.yml does not name, and the dead letter says so', {
    timeout: 120_000,
  }, async () => {
    const world = await start([]);
    await captured(world, '2001-03-20', 'AllTraffic', asked('2001-03-20', 200));

    await passUntil(world, '2001-03-21T12:00:00Z');

    expect(await factOf(world, '2001-03-20')).toBeUndefined();
    expect(Object.keys(await world.deadLetters())).toEqual(['millrace-dev-detect-drift-dlq']);
  });
});

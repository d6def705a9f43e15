/** An endpoint that came from elsewhere is watched: what it captures is held against the newest accepted data. */
import { DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';

import { putInForce, readPublications } from '../../cli/verbs/publish.ts';
import { publish } from '../../shared/definition/publish.ts';
import { watchSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { type DriftFact, driftFactSchema } from '../../shared/monitoring/drift-fact.ts';
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

const start = async (watchedBuckets: readonly string[] = [BUCKET]): Promise<World> => {
  open = await startInProcessWorld({
    models: [MODEL],
    start: '2001-03-20T06:00:00Z',
    watchedBuckets,
    foreignBuckets: [BUCKET],
  });
  await open.land(`incoming/${MODEL}/first.csv`, parcels('2001-02-10', 36));
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

const alarmsOf = async (world: World) => {
  const { cloudWatch } = clientsOn(world.cloud.client());
  const { MetricAlarms = [] } = await cloudWatch.send(
    new DescribeAlarmsCommand({ AlarmNamePrefix: `mr-dev-${MODEL}-` }),
  );
  return Object.fromEntries(MetricAlarms.map(({ AlarmName, StateValue }) => [AlarmName, StateValue]));
};

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

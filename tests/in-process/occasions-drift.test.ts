/** What a model is asked becomes windows, and windows are held against what it was trained on. */
import { GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { describe, expect, it } from 'vitest';

import { WindowClosedV1 } from '../../events/index.ts';
import { noticeSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { baselineSchema } from '../../shared/monitoring/baseline.ts';
import { type DriftFact, driftFactSchema, watchedUntilSchema } from '../../shared/monitoring/drift-fact.ts';
import { windowAt, windowName, windowText } from '../../shared/monitoring/windows.ts';
import { parcels } from '../loop/parcels.ts';
import { HOUR_MS, type World } from '../loop/world.ts';
import { clientsOn } from './clients.ts';
import { closeAfterEach, pass, passUntil, startInService } from './passing.ts';

const MODEL = 'parcel-late';
const START = '2001-03-20T06:00:00Z';
const DAY_MS = 24 * HOUR_MS;

closeAfterEach();

/** A model in service that was trained on five weeks of parcels. */
const withChampion = (options?: Parameters<typeof startInService>[2]): Promise<World> =>
  startInService(MODEL, START, options);

const windowOf = (day: string): string => windowName(windowAt(Date.parse(day), DAY_MS));

const factOf = (world: World, day: string): Promise<DriftFact | undefined> =>
  world.ledger.find(driftFactSchema, keys.drift(MODEL, windowOf(day)));

/** What a person was told. */
const toldOf = async (world: World): Promise<string[]> => {
  const notices = await world.ledger.keys('notices/');
  return Promise.all(notices.map(async (key) => (await world.ledger.read(noticeSchema, key)).subject));
};

/** Parcels that are sent like those the model was trained on. */
const usual = (from: string, rows: number): Record<string, unknown>[] =>
  parcels(from, 1, rows)
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [sent, carrier, weight, distance] = line.split(',');
      return { sent, carrier, weight: Number(weight), distance: Number(distance) };
    });

/** Asks for all records, a hundred at a time. */
const ask = async (world: World, records: readonly Record<string, unknown>[]): Promise<void> => {
  for (let from = 0; from < records.length; from += 100) {
    const { status } = await world.predict(MODEL, { records: records.slice(from, from + 100) });
    expect(status).toBe(200);
  }
};

/** What SageMaker captures of one request for several parcels. */
const request = (
  eventId: string,
  records: readonly Record<string, unknown>[],
  { at, inferenceId }: { readonly at?: string; readonly inferenceId?: string } = {},
) => ({
  eventId,
  inferenceId,
  at,
  // Encoded as the model takes them: carriers by the codes of their names.
  data: records.map(({ distance, weight, carrier }) => `${distance},${weight},${CODES.indexOf(String(carrier)) + 1}`),
});

const CODES = ['ant', 'bee', 'crow', 'dove'];

/** Puts a capture file of the champion, as SageMaker names and writes it. */
const captured = async (world: World, hour: string, lines: readonly (ReturnType<typeof request> | string)[]) => {
  const { run = '', endpointName = '' } = (await world.champion(MODEL)) ?? {};
  const text = lines.map((line) =>
    typeof line === 'string'
      ? line
      : JSON.stringify({
          captureData: {
            endpointInput: {
              observedContentType: 'text/csv',
              mode: 'INPUT',
              data: line.data.join('\n'),
              encoding: 'CSV',
            },
            endpointOutput: {
              observedContentType: 'text/csv; charset=utf-8',
              mode: 'OUTPUT',
              data: `${line.data.map(() => '0.5').join('\n')}\n`,
              encoding: 'CSV',
            },
          },
          eventMetadata: {
            eventId: line.eventId,
            ...(line.inferenceId && { inferenceId: line.inferenceId }),
            inferenceTime: line.at ?? `${hour}:15:00Z`,
          },
          eventVersion: '0',
        }),
  );
  const folder = `${keys.capture(MODEL, run)}/${endpointName}/main/${hour.replaceAll('-', '/').replace('T', '/')}`;
  await world.store.put(`${folder}/15-00-000-0a0b0c0d.jsonl`, `${text.join('\n')}\n`);
};

/** Says that a window of a day is closed, as `reconcile` does. */
const tellClosed = async (world: World, day: string): Promise<void> => {
  const data = { model: MODEL, window: windowText(windowAt(Date.parse(day), DAY_MS)) };
  const metadata = { eventId: 'by-hand', correlationId: 'by-hand', occurredAt: world.cloud.clock.now().toISOString() };
  await world.events.send(
    new PutEventsCommand({
      Entries: [
        {
          EventBusName: 'millrace-dev',
          Source: WindowClosedV1.source,
          DetailType: WindowClosedV1.detailType,
          Detail: JSON.stringify({ metadata, data }),
        },
      ],
    }),
  );
  await world.settle();
};

/** The values of a metric of the model, by the time they are stamped with. */
const valuesOf = async (world: World, metric: string): Promise<Record<string, number>> => {
  const { cloudWatch } = clientsOn(world.cloud.client());
  const { MetricDataResults: [found] = [] } = await cloudWatch.send(
    new GetMetricDataCommand({
      StartTime: new Date(START),
      EndTime: new Date('2001-04-01T00:00:00Z'),
      MetricDataQueries: [
        {
          Id: 'm',
          MetricStat: {
            Metric: {
              Namespace: 'Millrace',
              MetricName: metric,
              Dimensions: [
                { Name: 'Stage', Value: 'dev' },
                { Name: 'Model', Value: MODEL },
              ],
            },
            Period: 60,
            Stat: 'Maximum',
          },
        },
      ],
    }),
  );
  // A client that crosses no HTTP gives what the wire would carry: seconds.
  const times = found?.Timestamps?.map((time) => new Date(Number(time) * 1000).toISOString()) ?? [];
  return Object.fromEntries(times.map((time, at) => [time, found?.Values?.[at] ?? Number.NaN]));
};

describe('a window of a model in service', () => {
  it('is held against the rows the model was trained on when it has had its time', { timeout: 120_000 }, async () => {
    const world = await withChampion();
    const champion = await world.champion(MODEL);
    await passUntil(world, '2001-03-21T09:00:00Z');
    await ask(world, usual('2001-03-21', 300));
    await passUntil(world, '2001-03-22T09:00:00Z');
    const farther = usual('2001-03-22', 300).map((record) => ({
      ...record,
      distance: 600 + Math.round(Number(record.distance) / 3),
    }));
    await ask(
      world,
      farther.map((record, at) => (at % 5 === 0 ? { ...record, carrier: 'emu' } : record)),
    );
    await passUntil(world, '2001-03-23T00:45:00Z');
    const early = await factOf(world, '2001-03-22');
    await passUntil(world, '2001-03-23T02:00:00Z');

    const baseline = await world.ledger.read(baselineSchema, keys.baseline(MODEL, champion?.run ?? ''));
    const [before, first, second] = [
      await factOf(world, '2001-03-20'),
      await factOf(world, '2001-03-21'),
      await factOf(world, '2001-03-22'),
    ];

    expect(baseline.columns.map(({ name, kind }) => [name, kind])).toEqual([
      ['distance', 'number'],
      ['weight', 'number'],
      ['carrier', 'category'],
    ]);
    expect(early).toBeUndefined();
    expect(before).toMatchObject({ outcome: 'no_traffic', score: null, counts: { records: 0 } });
    expect(first).toMatchObject({
      run: champion?.run,
      outcome: 'measured',
      drifted: [],
      counts: { records: 3, rows: 300, duplicates: 0, unreadable: 0 },
      sampling: 100,
    });
    expect(first?.score).toBeLessThan(1);
    expect(second).toMatchObject({
      outcome: 'measured',
      drifted: expect.arrayContaining(['distance', 'carrier', 'prediction']),
    });
    expect(second?.score).toBeGreaterThan(1);
    expect(second?.reasons.map(({ metric }) => metric)).toContain('carrier.unseen');
    expect(await valuesOf(world, 'Drift')).toEqual({
      '2001-03-22T00:00:00.000Z': first?.score,
      '2001-03-23T00:00:00.000Z': second?.score,
    });
    expect(Object.keys(await valuesOf(world, 'Heartbeat'))).toEqual(
      expect.arrayContaining(['2001-03-21T01:00:00.000Z', '2001-03-22T01:00:00.000Z', '2001-03-23T01:00:00.000Z']),
    );
    expect(await world.ledger.read(watchedUntilSchema, keys.watchedUntil(MODEL))).toMatchObject({
      until: '2001-03-23T00:00:00.000Z',
    });
    expect(world.errors()).toEqual([]);
    expect(await world.deadLetters()).toEqual({});
  });

  it('with too few rows is added to those before it, whichever is told first', { timeout: 120_000 }, async () => {
    const world = await withChampion();
    world.cloud.faults.set({ rules: [{ fault: 'lose-event', source: 'millrace', detailType: 'WindowClosed.v1' }] });
    await captured(world, '2001-03-21T10', [request('one', usual('2001-03-21', 60))]);
    await captured(world, '2001-03-22T10', [
      request('two', usual('2001-03-22', 60)),
      request('three', usual('2001-03-23', 5), { inferenceId: 'probe-1' }),
    ]);
    // A file that comes late, with a record that came before, one of the next window, and one that is none.
    await captured(world, '2001-03-22T11', [
      request('two', usual('2001-03-22', 60)),
      request('next', usual('2001-03-22', 60), { at: '2001-03-23T00:00:00Z' }),
      'half a rec',
    ]);
    await passUntil(world, '2001-03-23T01:01:00Z');
    const unheard = await Promise.all(['2001-03-21', '2001-03-22'].map((day) => factOf(world, day)));
    world.cloud.faults.set({});

    await tellClosed(world, '2001-03-22');
    const waiting = await factOf(world, '2001-03-22');
    await pass(world, HOUR_MS);
    const [first, second] = [await factOf(world, '2001-03-21'), await factOf(world, '2001-03-22')];

    expect(unheard).toEqual([undefined, undefined]);
    expect(waiting).toBeUndefined();
    expect(first).toMatchObject({ outcome: 'insufficient_data', score: null, drifted: [] });
    expect(first?.reasons.map(({ code }) => code)).toContain('insufficient_data');
    expect(second).toMatchObject({
      outcome: 'measured',
      counts: { files: 2, records: 1, rows: 60, duplicates: 1, outside: 1, probes: 1, unreadable: 1 },
      unreadable: { codes: { not_a_record: 1 }, first: [{ line: 3 }] },
      measured: { windows: 2, start: '2001-03-21T00:00:00.000Z', rows: 120 },
    });
    expect(second?.reasons.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['windows_added', 'unreadable_records']),
    );
    expect(await world.deadLetters()).toEqual({});
  });

  it('with more bad records than good is an error and no result', { timeout: 120_000 }, async () => {
    const world = await withChampion();
    await captured(world, '2001-03-20T10', [request('good', usual('2001-03-20', 300)), 'not JSON', '{}']);

    await passUntil(world, '2001-03-21T02:00:00Z');

    expect(await factOf(world, '2001-03-20')).toMatchObject({
      outcome: 'error',
      score: null,
      report: null,
      counts: { records: 1, unreadable: 2 },
      reasons: [{ code: 'unreadable_records', value: 2 }],
    });
    expect(await valuesOf(world, 'Drift')).toEqual({});
    expect(await valuesOf(world, 'Heartbeat')).toMatchObject({ '2001-03-21T01:00:00.000Z': 1 });
    expect(await toldOf(world)).toContain(`${MODEL}: drift could not be measured`);
  });
});

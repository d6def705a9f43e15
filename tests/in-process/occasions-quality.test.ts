/**
 * What a model answered meets what came true: late, in parts, corrected, and about things nobody asked. What is asked of
 * the policies on the way is judged by the test of the grants.
 */
import { DescribeAlarmsCommand, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';

import { keys } from '../../shared/ledger/keys.ts';
import { labelFileSchema } from '../../shared/monitoring/label-store.ts';
import { type QualityFact, qualityFactSchema } from '../../shared/monitoring/quality-fact.ts';
import { METRIC_NAMESPACE, metricDimensions, watchAlarmName } from '../../shared/monitoring/watch-alarms.ts';
import { windowAt, windowName } from '../../shared/monitoring/windows.ts';
import { parcels } from '../loop/parcels.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, type World } from '../loop/world.ts';
import { clientsOn } from './clients.ts';
import { closeAfterEach, pass, passUntil, startInService, startWorld } from './passing.ts';

const MODEL = 'parcel-late';
const START = '2001-03-20T06:00:00Z';

closeAfterEach();

const withChampion = (options?: Parameters<typeof startInService>[2]): Promise<World> =>
  startInService(MODEL, START, options);

/** What was answered to a parcel, and what came true of it. */
interface Answered {
  readonly id: string;
  /** Its line in the file of parcels, without what came true. */
  readonly parcel: string;
  readonly delay: number;
}

/** Asks for a day's parcels, some every two hours. */
const askDay = async (world: World, day: string, perDay = 300, model = MODEL): Promise<Answered[]> => {
  await passUntil(world, `${day}T00:05:00Z`);
  const rows = parcels(day, 1, perDay)
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
  const answered: Answered[] = [];
  const each = Math.ceil(rows.length / 12);
  for (let from = 0; from < rows.length; from += each) {
    const some = rows.slice(from, from + each);
    const records = some.map(([sent, carrier, weight, distance]) => ({
      sent,
      carrier,
      weight: Number(weight),
      distance: Number(distance),
    }));
    const { status, body } = await world.predict(model, { records });
    expect(status).toBe(200);
    const { predictions }: { predictions: { inferenceId: string }[] } = JSON.parse(JSON.stringify(body));
    for (const [at, { inferenceId }] of predictions.entries()) {
      const [parcel = [], delay] = [some[at]?.slice(0, 4), Number(some[at]?.[4])];
      answered.push({ id: inferenceId, parcel: parcel.join(','), delay });
    }
    await pass(world, 110 * MINUTE_MS);
  }
  return answered;
};

/** Uploads without waiting for what follows. */
const upload = (world: World, name: string, lines: readonly string[], model = MODEL) =>
  world.s3.send(
    new PutObjectCommand({
      Bucket: world.dataBucket,
      Key: `ground-truth/${model}/${name}`,
      Body: `${lines.join('\n')}\n`,
    }),
  );

const asCsv = (answered: readonly Answered[], label: (each: Answered) => boolean) => [
  'inference_id,label',
  ...answered.map((each) => `${each.id},${label(each)}`),
];
const asDelays = (answered: readonly Answered[]) => [
  'inference_id,delay',
  ...answered.map(({ id, delay }) => `${id},${delay}`),
];
const asGroundTruth = (answered: readonly Answered[], label: (each: Answered) => boolean) =>
  answered.map((each) =>
    JSON.stringify({
      groundTruthData: { data: label(each) ? '1' : '0', encoding: 'CSV' },
      eventMetadata: { eventId: each.id },
      eventVersion: '0',
    }),
  );

const isLate = ({ delay }: Pick<Answered, 'delay'>) => delay > 10;

const windowOf = (day: string): string => windowName(windowAt(Date.parse(day), DAY_MS));

/** What was found of a day, the first first. */
const factsOf = async (world: World, day: string, model = MODEL): Promise<QualityFact[]> => {
  const listed = await world.ledger.keys(`${keys.monitoring(model)}${windowOf(day)}/quality-`);
  return Promise.all(listed.map((key) => world.ledger.read(qualityFactSchema, key)));
};

const fileOf = async (world: World, name: string, model = MODEL) => {
  const listed = await world.ledger.keys(keys.labelFiles(model));
  const facts = await Promise.all(listed.map((key) => world.ledger.read(labelFileSchema, key)));
  return facts.find(({ upload }) => upload.key.endsWith(`/${name}`));
};

const cloudWatchOf = (world: World) => clientsOn(world.cloud.client()).cloudWatch;

/** The values of the model's metric, each with its day. */
const qualities = async (world: World): Promise<number[]> => {
  const now = world.cloud.clock.now();
  const { MetricDataResults = [] } = await cloudWatchOf(world).send(
    new GetMetricDataCommand({
      StartTime: new Date(now.getTime() - 14 * DAY_MS),
      EndTime: new Date(now.getTime() + HOUR_MS),
      ScanBy: 'TimestampAscending',
      MetricDataQueries: [
        {
          Id: 'quality',
          MetricStat: {
            Metric: {
              Namespace: METRIC_NAMESPACE,
              MetricName: 'Quality',
              Dimensions: Object.entries(metricDimensions('dev', MODEL)).map(([Name, Value]) => ({ Name, Value })),
            },
            Period: 300,
            Stat: 'Maximum',
          },
        },
      ],
    }),
  );
  return MetricDataResults[0]?.Values ?? [];
};

describe('labels that come late', { timeout: 120_000 }, () => {
  it('add up, in whatever parts and forms they come, and the last one counts', async () => {
    const world = await withChampion();
    const answered = await askDay(world, '2001-03-21');
    await passUntil(world, '2001-03-22T12:00:00Z');

    await upload(world, 'part-1.csv', asDelays(answered.slice(0, 100)));
    await pass(world, 20 * MINUTE_MS);
    const [early] = await factsOf(world, '2001-03-21');
    await upload(world, 'part-2.jsonl', [
      ...asGroundTruth(answered.slice(100, 290), isLate),
      ...asGroundTruth([{ id: '20010321T130000Z-00000000000000aa', parcel: '', delay: 0 }], isLate),
      ...asGroundTruth([{ id: 'nobody-knows', parcel: '', delay: 0 }], isLate),
    ]);
    await upload(
      world,
      'part-3.csv',
      asCsv(answered.slice(0, 5), (each) => !isLate(each)),
    );
    await pass(world, 20 * MINUTE_MS);
    const last = (await factsOf(world, '2001-03-21')).at(-1);
    const champion = await world.champion(MODEL);

    expect(early).toMatchObject({ outcome: 'immature', labelled: 100, predictions: 300, score: null });
    expect(last).toMatchObject({
      outcome: 'measured',
      run: champion?.run,
      metric: 'roc_auc',
      mature: 'labels',
      predictions: 300,
      labelled: 290,
      counts: { unmatched: 1, corrected: 5, duplicates: 0 },
    });
    expect(last?.value).toBeGreaterThan(0.5);
    expect(last?.baseline).not.toBeNull();
    expect(await fileOf(world, 'part-2.jsonl')).toMatchObject({
      outcome: 'taken',
      run: champion?.run,
      labels: 191,
      counts: { foreign_id: 1 },
    });
    expect((await fileOf(world, 'part-3.csv'))?.labels).toBe(5);
    expect(await qualities(world)).toEqual([last?.score]);
    expect(world.errors()).toEqual([]);
    expect(await world.deadLetters()).toEqual({});
  });

  it('that never come leave a window without a quality, once they are due', async () => {
    const world = await withChampion();
    await askDay(world, '2001-03-21', 60);
    await passUntil(world, '2001-03-22T23:00:00Z');
    const before = await factsOf(world, '2001-03-21');
    await passUntil(world, '2001-03-23T02:00:00Z');
    const after = await factsOf(world, '2001-03-21');

    expect(before).toEqual([]);
    expect(after).toHaveLength(1);
    expect(after[0]).toMatchObject({ outcome: 'immature', predictions: 60, labelled: 0, degraded: false });
    expect(after[0]?.reasons.map(({ code }) => code)).toEqual(['no_labels']);
    expect(await qualities(world)).toEqual([]);
  });

  it('come to the same when the event of their file is lost', async () => {
    const story = async (options: Parameters<typeof withChampion>[0]) => {
      const world = await withChampion(options);
      const answered = await askDay(world, '2001-03-21', 60);
      await passUntil(world, '2001-03-22T12:00:00Z');
      await upload(world, 'all.csv', asCsv(answered, isLate));
      await pass(world, 10 * MINUTE_MS);
      const isHeard = (await fileOf(world, 'all.csv')) !== undefined;
      await passUntil(world, '2001-03-23T02:00:00Z');
      const last = (await factsOf(world, '2001-03-21')).at(-1);
      const { outcome, value, interval, drop, labelled, mature } = last ?? {};
      return { isHeard, found: { outcome, value, interval, drop, labelled, mature } };
    };

    const heard = await story({});
    const lost = await story({
      cloud: { faults: { rules: [{ fault: 'lose-event', target: '*measure-quality' }] } },
    });

    expect([heard.isHeard, lost.isHeard]).toEqual([true, false]);
    expect(heard.found).toMatchObject({ outcome: 'measured', labelled: 60 });
    expect(lost.found).toEqual(heard.found);
  });

  it('raise the alarm of the quality when two of three days are worse than the margin allows', async () => {
    const world = await withChampion();
    const cloudWatch = cloudWatchOf(world);
    const stateOf = async () => {
      const AlarmNames = [watchAlarmName('dev', MODEL, 'quality')];
      return (await cloudWatch.send(new DescribeAlarmsCommand({ AlarmNames }))).MetricAlarms?.[0]?.StateValue;
    };

    const states: (string | undefined)[] = [];
    for (const day of [21, 22, 23]) {
      const date = `2001-03-${day}`;
      const answered = await askDay(world, date);
      await passUntil(world, `2001-03-${day + 1}T12:00:00Z`);
      // Lateness has turned round.
      await upload(world, `${date}.csv`, asCsv(answered, day === 21 ? isLate : (each) => !isLate(each)));
      await pass(world, 30 * MINUTE_MS);
      states.push(await stateOf());
    }
    const facts = await Promise.all(['2001-03-21', '2001-03-22', '2001-03-23'].map((day) => factsOf(world, day)));

    expect(facts.map((each) => each.at(-1)?.degraded)).toEqual([false, true, true]);
    expect(states.at(-1)).toBe('ALARM');
    expect(states[0]).not.toBe('ALARM');
  });

  it('are not used where more of a file is bad than good, and a person is told', async () => {
    const world = await withChampion();

    await upload(world, 'bad.csv', ['inference_id,label', 'a,1', 'b,2', '20010320T070000Z-00000000000000aa,1']);
    await upload(world, '.hidden', ['anything']);
    await pass(world, 20 * MINUTE_MS);
    const fact = await fileOf(world, 'bad.csv');
    const notices = await world.ledger.keys('notices/');

    expect(fact).toMatchObject({ outcome: 'rejected', labels: 0, counts: { foreign_id: 1, label_invalid: 1 } });
    expect(await fileOf(world, '.hidden')).toMatchObject({ outcome: 'ignored' });
    expect(notices.length).toBeGreaterThan(0);
    expect(await world.deadLetters()).toEqual({});
  });

  it('whose version is gone when they are read end among the dead letters, and nothing else does', async () => {
    const world = await withChampion({
      cloud: { faults: { rules: [{ fault: 'delay-event', target: '*measure-quality', delayMs: HOUR_MS }] } },
    });
    const Key = `ground-truth/${MODEL}/gone.csv`;

    const { VersionId } = await upload(world, 'gone.csv', ['inference_id,label']);
    await world.s3.send(new DeleteObjectCommand({ Bucket: world.dataBucket, Key, VersionId }));
    await pass(world, 24 * HOUR_MS);

    expect(await fileOf(world, 'gone.csv')).toBeUndefined();
    expect(await world.deadLetters()).toEqual({ 'millrace-dev-measure-quality-dlq': 1 });
  });
});

describe('labels that know the row and not its inference id', { timeout: 120_000 }, () => {
  const KEYED = 'parcel-keyed';
  const asKeys = (answered: readonly Answered[]) => [
    'sent,carrier,weight,distance,delay',
    ...answered.map(({ parcel, delay }) => `${parcel},${delay}`),
  ];

  it('find their prediction by its key, and take no side where several have it', async () => {
    const world = await startWorld({ models: [KEYED], start: START });
    await world.land(`incoming/${KEYED}/first.csv`, parcels('2001-02-10', 36));
    await pass(world, 2 * HOUR_MS);
    const answered = await askDay(world, '2001-03-21', 300, KEYED);
    const [twice = { id: '', parcel: '', delay: 0 }] = answered;
    const [sent, carrier, weight, distance] = twice.parcel.split(',');
    const record = { sent, carrier, weight: Number(weight), distance: Number(distance) };
    await world.predict(KEYED, record);
    await passUntil(world, '2001-03-22T12:00:00Z');

    const unasked = { id: '', parcel: '2001-03-21T00:00:01,emu,1.5,10', delay: 0 };
    await upload(world, 'keys.csv', asKeys([...answered, unasked]), KEYED);
    await upload(world, 'strangers.csv', asKeys([unasked]), KEYED);
    await pass(world, 20 * MINUTE_MS);
    const fact = (await factsOf(world, '2001-03-21', KEYED)).at(-1);

    expect(await fileOf(world, 'keys.csv', KEYED)).toMatchObject({
      outcome: 'taken',
      labels: 299,
      counts: { ambiguous: 1, unknown_prediction: 1 },
    });
    expect(fact).toMatchObject({
      outcome: 'measured',
      mature: 'labels',
      labelled: 299,
      counts: { unmatched: 0, ambiguous: 0, duplicates: 0 },
    });
    expect(fact?.value).toBeGreaterThan(0.5);
    // Of a file that finds nothing at all a person is told: its keys may be written otherwise than those that were predicted.
    expect(await fileOf(world, 'strangers.csv', KEYED)).toMatchObject({ outcome: 'rejected', labels: 0 });
    expect(world.errors()).toEqual([]);
    expect(await world.deadLetters()).toEqual({});
  });
});

/** Monitoring proposes a run, or none: from CloudWatch's alarms to what is planned and what a person is told. */
import { DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { describe, expect, it } from 'vitest';

import type { FaultRule } from '../../local/faults/settings.ts';
import { noticeSchema, retrainingSchema, runPlanSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { watchAlarmName, watchAlarmNames } from '../../shared/monitoring/watch-alarms.ts';
import { windowAt } from '../../shared/monitoring/windows.ts';
import { parcels } from '../loop/parcels.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, type World } from '../loop/world.ts';
import { clientsOn } from './clients.ts';
import { publishDrift, recordDrift } from './found-drift.ts';
import { closeAfterEach, pass, startWorld } from './passing.ts';

const MODEL = 'parcel-watched';
const START = '2001-03-20T06:00:00Z';

closeAfterEach();

/** Lets time pass up to so long after the next midnight. */
const passMidnight = (world: World, ms: number): Promise<void> => {
  const now = world.cloud.clock.now().getTime();
  return pass(world, windowAt(now, DAY_MS).endMs + ms - now);
};

/** A model is in service. */
const withChampion = async (rules: FaultRule[] = []): Promise<World> => {
  const world = await startWorld({ models: [MODEL], start: START, cloud: { faults: { rules } } });
  await world.land(`incoming/${MODEL}/first.csv`, parcels('2001-03-01', 12));
  await pass(world, 2 * HOUR_MS);
  return world;
};

const cloudWatch = (world: World) => clientsOn(world.cloud.client()).cloudWatch;

/** Today has drifted, which shows when the day is over. */
const driftToday = async (world: World, score: number): Promise<void> => {
  const found = { model: MODEL, window: windowAt(world.cloud.clock.ms(), DAY_MS), score };
  await recordDrift(world, found);
  await passMidnight(world, HOUR_MS + 10 * MINUTE_MS);
  await publishDrift(world, found);
};

const stateOf = async (world: World, watch: 'drift' | 'quality' | 'silence') => {
  const name = watchAlarmName('dev', MODEL, watch);
  const { MetricAlarms = [] } = await cloudWatch(world).send(new DescribeAlarmsCommand({ AlarmNames: [name] }));
  return MetricAlarms[0]?.StateValue;
};

const answers = async (world: World) =>
  Promise.all((await world.ledger.keys('retraining/')).map((key) => world.ledger.read(retrainingSchema, key)));

/** Subjects of what a person was told. */
const notices = async (world: World) =>
  Promise.all(
    (await world.ledger.keys('notices/')).map(async (key) => (await world.ledger.read(noticeSchema, key)).subject),
  );

const lateness = (world: World) => world.land(`incoming/${MODEL}/second.csv`, parcels('2001-03-13', 5));

describe('drift that goes on for two days', () => {
  it.each<[string, FaultRule[]]>([
    ['heard of', []],
    [
      'looked at on schedule, because the alarm’s event is lost',
      [{ fault: 'lose-event', source: 'aws.cloudwatch', detailType: 'CloudWatch Alarm State Change' }],
    ],
    [
      'told again on schedule, because the request for a run is lost',
      [{ fault: 'lose-event', source: 'millrace', detailType: 'RetrainingRequested.v1', nth: 1 }],
    ],
  ])('is %s: one run is planned, on data that waited for a reason', async (_, rules) => {
    const world = await withChampion(rules);
    const put = (await cloudWatch(world).send(new DescribeAlarmsCommand({ AlarmNames: watchAlarmNames('dev', MODEL) })))
      .MetricAlarms;
    await lateness(world);
    const before = await world.runs(MODEL);

    await driftToday(world, 1.5);
    await pass(world, 2 * HOUR_MS);
    const afterOne = await stateOf(world, 'drift');
    await driftToday(world, 1.2);
    await pass(world, 6 * HOUR_MS);

    const [, second = ''] = await world.runs(MODEL);
    expect(put).toHaveLength(3);
    expect(before).toHaveLength(1);
    expect(afterOne).not.toBe('ALARM');
    expect(await stateOf(world, 'drift')).toBe('ALARM');
    expect(await world.runs(MODEL)).toHaveLength(2);
    expect((await world.ledger.read(runPlanSchema, keys.plan(MODEL, second))).trigger).toMatchObject({
      kind: 'retraining',
      causes: ['drift'],
    });
    expect(await answers(world)).toMatchObject([{ kind: 'drift', look: 0, proposal: 'retrain' }]);
    expect(await world.deadLetters()).toEqual({});
    expect(world.errors()).toEqual([]);
  });

  it('plans no run on the same data: a person is told once, and hears again when there is something to learn', async () => {
    const world = await withChampion();
    await driftToday(world, 1.5);
    await driftToday(world, 1.2);

    await pass(world, 3 * DAY_MS);
    const told = (await notices(world)).filter((subject) => subject.includes('training cannot mend'));
    const looks = (await answers(world)).length;
    await lateness(world);
    await pass(world, DAY_MS);

    expect(told).toEqual([`${MODEL}: drift that training cannot mend`]);
    expect(looks).toBeGreaterThanOrEqual(3);
    expect(await world.runs(MODEL)).toHaveLength(2);
    expect((await answers(world)).filter(({ proposal }) => proposal === 'retrain')).toHaveLength(1);
    expect(world.errors()).toEqual([]);
  });
});

describe('monitoring', () => {
  it('is no silence while it says that nobody asked; falling silent, it pages after two days', async () => {
    const world = await withChampion();
    await pass(world, 4 * DAY_MS);
    const speaking = await stateOf(world, 'silence');

    world.cloud.faults.set({ rules: [{ fault: 'lose-event', source: 'millrace', detailType: 'WindowClosed.v1' }] });
    await pass(world, DAY_MS);
    const after = [await stateOf(world, 'silence')];
    await pass(world, 3 * DAY_MS);
    after.push(await stateOf(world, 'silence'));

    expect(speaking).toBe('OK');
    expect(after).toEqual(['OK', 'ALARM']);
    expect(await answers(world)).toEqual([]);
  });
});

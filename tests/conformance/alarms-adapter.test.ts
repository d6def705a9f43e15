import { SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { alarmsApi } from '../../shared/aws/alarms.ts';
import { watchAlarmNames, watchAlarms } from '../../shared/monitoring/watch-alarms.ts';
import { type MessagingCloud, startMessagingCloud } from './messaging-cloud.ts';

let world: MessagingCloud;
beforeEach(async () => {
  world = await startMessagingCloud();
});
afterEach(() => world.close());

const watched = watchAlarms({
  stage: 'dev',
  model: 'late-bus',
  windowMs: 86_400_000,
  watchDrift: true,
  watchQuality: true,
  pageArns: [],
});
const names = watchAlarmNames('dev', 'late-bus');
const [drift = '', quality = ''] = names;

describe('the alarms of a model, on CloudWatch', () => {
  it('stand once they are put, in the order they are asked for, without data', async () => {
    const alarms = alarmsApi(world.monitoring);
    for (const alarm of watched) await alarms.put(alarm);

    const standing = await alarms.describe([quality, 'nobody', drift]);

    expect(standing.map(({ name, state }) => [name, state])).toEqual([
      [quality, 'INSUFFICIENT_DATA'],
      [drift, 'INSUFFICIENT_DATA'],
    ]);
    expect(standing[0]?.arn).toMatch(/:alarm:mr-dev-late-bus-watch-quality$/);
  });

  it('keep their state when they are put again, and say since when they are in it', async () => {
    const alarms = alarmsApi(world.monitoring);
    for (const alarm of watched) await alarms.put(alarm);
    const StateReason = 'by hand';
    await world.monitoring.send(new SetAlarmStateCommand({ AlarmName: drift, StateValue: 'ALARM', StateReason }));
    const [before] = await alarms.describe([drift]);

    for (const alarm of watched) await alarms.put(alarm);
    const [after] = await alarms.describe([drift]);

    expect(after).toEqual(before);
    expect(after).toMatchObject({ state: 'ALARM', reason: StateReason, since: expect.any(Date) });
  });

  it('go away together, those that are not there not minded', async () => {
    const alarms = alarmsApi(world.monitoring);
    for (const alarm of watched.slice(0, 2)) await alarms.put(alarm);

    await alarms.remove(names);
    await alarms.remove(names);

    expect(await alarms.describe(names)).toEqual([]);
    expect(await alarms.describe([])).toEqual([]);
  });

  it('are asked for and taken away however many they are', async () => {
    const alarms = alarmsApi(world.monitoring);
    const [first] = watched;
    if (!first) throw new Error('no alarm');
    const many = Array.from({ length: 101 }, (_, index) => `many-${index}`);
    for (const AlarmName of many) await alarms.put({ ...first, AlarmName });

    const standing = await alarms.describe(many);
    await alarms.remove(many);

    expect(standing.map(({ name }) => name)).toEqual(many);
    expect(await alarms.describe(many)).toEqual([]);
  });
});

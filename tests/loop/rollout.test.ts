/** A rollout in the packaged stack: a canary that holds, a person who takes it back, and a model that is retired. */
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeEndpointCommand } from '@aws-sdk/client-sagemaker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { deploymentEndSchema, deploymentSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { millrace } from './command.ts';
import { hearNotices } from './deliveries.ts';
import { parcels } from './parcels.ts';
import { HOUR_MS, MINUTE_MS, onSageMaker, startWorld, type World } from './world.ts';

const MODEL = 'parcel-canary';
const QUESTION = { sent: '2001-03-20T10:00:00', carrier: 'crow', weight: 3, distance: 800 };

let world: World;
let notices: () => Promise<string[]>;

beforeAll(async () => {
  world = await startWorld([MODEL], '2001-03-20T06:00:00Z');
  notices = await hearNotices(world);
  await world.land(`incoming/${MODEL}/first.csv`, parcels('2001-03-01', 12));
  await pass(2 * HOUR_MS);
});
afterAll(() => world.close());

/** Lets time pass, and everything that falls due meanwhile. */
const pass = async (ms: number): Promise<void> => {
  await world.cloud.clock.advance(ms, () => world.cloud.activity.idle());
  await world.settle();
};

const alarms = async (): Promise<string[]> => {
  const { MetricAlarms = [] } = await new CloudWatchClient({}).send(
    new DescribeAlarmsCommand({ AlarmNamePrefix: `mr-dev-${MODEL}-` }),
  );
  return MetricAlarms.map(({ AlarmName = '' }) => AlarmName.replace(`mr-dev-${MODEL}-`, '')).sort();
};

describe('a rollout by canary', () => {
  it('that errs while it bakes is turned back by its alarms', async () => {
    const champion = await world.champion(MODEL);
    // The candidate answers batch transform; on an endpoint containers die under every request.
    world.cloud.faults.set({ rules: [{ fault: 'kill-container', endpoint: `mr-dev-${MODEL}-*` }] });

    await world.land(`incoming/${MODEL}/second.csv`, parcels('2001-03-13', 5));
    await pass(HOUR_MS);
    world.cloud.faults.set({});
    const [, run = ''] = await world.runs(MODEL);
    const { outcome, reason } = await world.ledger.read(deploymentEndSchema, keys.deploymentEnd(MODEL, 2));
    const endpoint = await world.sageMaker.send(new DescribeEndpointCommand({ EndpointName: champion?.endpointName }));

    expect(outcome).toBe('rolled-back');
    expect(reason).toMatch(/CloudWatch alarm mr-dev-parcel-canary-rollout-\w+ is in ALARM/);
    expect(endpoint).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: champion?.endpointConfigName });
    expect(await world.champion(MODEL)).toEqual(champion);
    expect(await notices()).toContain(`${MODEL}: the rollout of run ${run} was rolled back`);
  });

  it('that holds is promoted, and says what it could see', async () => {
    await world.land(`incoming/${MODEL}/third.csv`, parcels('2001-03-18', 4));
    await pass(HOUR_MS);
    const deployment = await world.ledger.read(deploymentSchema, keys.deployment(MODEL, 3));
    const told = await millrace(world, 'status', MODEL);

    expect(deployment.rollout).toMatchObject({ type: 'canary', instances: 1, of: 2 });
    expect((await world.champion(MODEL))?.run).toBe(deployment.run);
    expect(told.stdout).toContain(`rollout 3 of run ${deployment.run}  deployed\n    ${deployment.rollout?.says}`);
    expect(await alarms()).toEqual([
      'rollout-5xx',
      'rollout-errors',
      'rollout-latency',
      'rollout-probe',
      'watch-drift',
      'watch-quality',
      'watch-silence',
    ]);
  });
});

describe('a person', () => {
  it('puts the champion before back', async () => {
    const [first = ''] = await world.runs(MODEL);

    const told = await millrace(world, 'rollback', MODEL, '--reason', 'it answers badly');
    await pass(20 * MINUTE_MS);
    const answered = await world.predict(MODEL, QUESTION);

    expect(told, told.stderr).toMatchObject({ exit: 0, stdout: expect.stringContaining(`Run ${first} of ${MODEL}`) });
    expect(await world.champion(MODEL)).toMatchObject({ run: first });
    expect(answered).toMatchObject({ status: 200, body: { run: first } });
    expect(await notices()).toContain(`${MODEL}: the model of run ${first} is in service again`);
  });

  it('cannot go back where there is nothing to go back to', async () => {
    const told = await millrace(world, 'rollback', MODEL);

    expect(told.exit).toBe(1);
    expect(told.stdout).toContain(`npx millrace retire ${MODEL} takes it out of service`);
  });

  it('takes the model out of service', async () => {
    const told = await millrace(world, 'retire', MODEL, '--reason', 'another has taken over');
    await pass(MINUTE_MS);

    expect(told.exit, told.stderr).toBe(0);
    expect((await onSageMaker(world.sageMaker)).endpoints).toEqual([]);
    expect(await alarms()).toEqual([]);
    expect(await world.predict(MODEL, QUESTION)).toMatchObject({ status: 404, body: { error: 'no_model' } });
    expect((await millrace(world, 'status', MODEL)).stdout).toContain(': another has taken over');
    expect((await millrace(world, 'retire', MODEL)).exit).toBe(1);
  });
});

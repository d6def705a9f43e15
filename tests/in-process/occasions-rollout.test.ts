/**
 * Rollouts that are watched: what goes well, what SageMaker turns back, what somebody takes back. What is asked of the
 * policies on the way is judged by the test of the grants.
 */
import { DescribeAlarmsCommand, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeEndpointCommand, DescribeModelPackageCommand } from '@aws-sdk/client-sagemaker';
import { describe, expect, it } from 'vitest';

import { ApprovalGivenV1, RetireRequestedV1, RollbackRequestedV1 } from '../../events/index.ts';
import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { deploymentEndSchema, deploymentSchema, registeredSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { hearNotices } from '../loop/deliveries.ts';
import { parcels } from '../loop/parcels.ts';
import { HOUR_MS, MINUTE_MS, onSageMaker, type World } from '../loop/world.ts';
import { clientsOn } from './clients.ts';
import { type MoodyModel, moodyModel } from './moody-model.ts';
import { closeAfterEach, pass, startWorld } from './passing.ts';

const MODEL = 'parcel-canary';
const START = '2001-03-20T06:00:00Z';

closeAfterEach();

const start = async (model = MODEL): Promise<{ world: World; moody: MoodyModel; notices: () => Promise<string[]> }> => {
  const moody = moodyModel();
  const world = await startWorld({
    models: [model],
    start: START,
    image: moody.image,
  });
  return { world, moody, notices: await hearNotices(world) };
};

const first = (world: World, model = MODEL) => world.land(`incoming/${model}/first.csv`, parcels('2001-03-01', 12));
const second = (world: World, model = MODEL) => world.land(`incoming/${model}/second.csv`, parcels('2001-03-13', 5));

const endsOf = async (world: World, model = MODEL) => (await world.ends(model)).map((end) => end?.end);

const alarmsOf = async (world: World) => {
  const { cloudWatch } = clientsOn(world.cloud.client());
  const { MetricAlarms = [] } = await cloudWatch.send(new DescribeAlarmsCommand({ AlarmNamePrefix: 'mr-dev-' }));
  return MetricAlarms.map(
    ({ AlarmName = '', StateValue }) => `${AlarmName.replace(`mr-dev-${MODEL}-`, '')} ${StateValue}`,
  ).sort();
};

const served = async (world: World, EndpointName: string | undefined) =>
  world.sageMaker.send(new DescribeEndpointCommand({ EndpointName }));

const approvalOf = async (world: World, run: string, model = MODEL) => {
  const { modelPackageArn } = await world.ledger.read(registeredSchema, keys.registered(model, run));
  const version = await world.sageMaker.send(new DescribeModelPackageCommand({ ModelPackageName: modelPackageArn }));
  return version.ModelApprovalStatus;
};

/** What was measured of a metric of the model's own, oldest first. */
const measured = async (world: World, name: string): Promise<number[]> => {
  const { cloudWatch } = clientsOn(world.cloud.client());
  const now = world.cloud.clock.ms();
  const { Datapoints = [] } = await cloudWatch.send(
    new GetMetricStatisticsCommand({
      Namespace: 'Millrace',
      MetricName: name,
      Dimensions: [
        { Name: 'Stage', Value: 'dev' },
        { Name: 'Model', Value: MODEL },
      ],
      StartTime: new Date(now - 12 * HOUR_MS),
      EndTime: new Date(now + MINUTE_MS),
      Period: 60,
      Statistics: ['Sum'],
    }),
  );
  return Datapoints.map(({ Sum }) => Sum ?? Number.NaN);
};

/** Tells deploy-model what a person asks for. */
const ask = async (world: World, contract: typeof RollbackRequestedV1 | typeof RetireRequestedV1, model = MODEL) => {
  const run = (await world.champion(model))?.run ?? '';
  const tell = eventPublisher('millrace-dev', world.events);
  const now = world.cloud.clock.now();
  await tell(
    contract,
    `${model}/${now.getTime()}`,
    { model, run, reason: 'so says the test' },
    { now, correlationId: run },
  );
  await world.settle();
};

const QUESTION = { sent: '2001-03-20T10:00:00', carrier: 'crow', weight: 3, distance: 800 };

/** A first model is in service. */
const withChampion = async (model = MODEL) => {
  const started = await start(model);
  await first(started.world, model);
  await pass(started.world, 2 * HOUR_MS);
  return { ...started, champion: await started.world.champion(model) };
};

describe('a canary', () => {
  it('that holds is watched by four alarms, probed while it bakes, and then promoted', async () => {
    const { world, notices } = await withChampion();

    await second(world);
    await pass(world, 30 * MINUTE_MS);
    const deployment = await world.ledger.read(deploymentSchema, keys.deployment(MODEL, 2));
    const champion = await world.champion(MODEL);

    expect(await endsOf(world)).toEqual(['promoted', 'promoted']);
    expect(deployment).toMatchObject({
      kind: 'update',
      rollout: { type: 'canary', instances: 1, of: 2, waitSeconds: 300 },
    });
    expect(champion).toMatchObject({ n: 2, run: deployment.run });
    expect(await measured(world, 'ProbeMismatch')).toContain(0);
    expect(await alarmsOf(world)).toEqual([
      'rollout-5xx OK',
      'rollout-errors OK',
      'rollout-latency OK',
      'rollout-probe OK',
      'watch-drift INSUFFICIENT_DATA',
      'watch-quality INSUFFICIENT_DATA',
      'watch-silence OK',
    ]);
    expect(await served(world, champion?.endpointName)).toMatchObject({
      EndpointStatus: 'InService',
      EndpointConfigName: champion?.endpointConfigName,
    });
    expect(await notices()).toContain(`${MODEL}: the model of run ${deployment.run} is in service`);
    expect(world.errors()).toEqual([]);
  });

  it.each([
    ['answers otherwise than it was judged', 'wrong', 'rollout-probe', 'neither as by the old model nor as by the new'],
    ['errs', 'errs', 'rollout-5xx', 'refused'],
  ] as const)(
    'whose model %s is turned back by SageMaker, and does not come back by itself',
    async (_what, mood, alarm, why) => {
      const { world, moody, notices, champion } = await withChampion();

      moody.next = mood;
      await second(world);
      await pass(world, 30 * MINUTE_MS);
      moody.next = 'well';
      await pass(world, 12 * HOUR_MS);
      const [, run = ''] = await world.runs(MODEL);
      const { reason } = await world.ledger.read(deploymentEndSchema, keys.deploymentEnd(MODEL, 2));

      expect(await endsOf(world)).toEqual(['promoted', 'rolled-back']);
      expect(await world.champion(MODEL)).toEqual(champion);
      expect(await served(world, champion?.endpointName)).toMatchObject({
        EndpointStatus: 'InService',
        EndpointConfigName: champion?.endpointConfigName,
      });
      expect(reason).toContain(alarm);
      expect(reason).toContain(why);
      expect(await approvalOf(world, run)).toBe('Rejected');
      expect(await notices()).toContain(`${MODEL}: the rollout of run ${run} was rolled back`);
      expect(await world.predict(MODEL, QUESTION)).toMatchObject({ status: 200, body: { run: champion?.run } });
    },
  );

  it('that SageMaker cannot turn back is given up, its version rejected, and the next rollout replaces what is left', async () => {
    const { world, moody, notices, champion } = await withChampion();
    world.cloud.faults.set({ rules: [{ fault: 'fail-rollback', times: 1 }] });

    moody.next = 'errs';
    await second(world);
    await pass(world, 30 * MINUTE_MS);
    moody.next = 'well';
    const left = await served(world, champion?.endpointName);
    const [, run = ''] = await world.runs(MODEL);
    const end = await world.ledger.read(deploymentEndSchema, keys.deploymentEnd(MODEL, 2));
    const told = await notices();
    const approval = await approvalOf(world, run);
    const kept = await world.champion(MODEL);
    await pass(world, 24 * HOUR_MS);
    await world.land(`incoming/${MODEL}/third.csv`, parcels('2001-03-18', 4));
    await pass(world, 2 * HOUR_MS);
    const replaced = await served(world, champion?.endpointName);
    const ends = await endsOf(world);

    expect(left.EndpointStatus).toBe('UpdateRollbackFailed');
    expect(end.outcome).toBe('failed');
    expect(kept).toEqual(champion);
    expect(approval).toBe('Rejected');
    expect(told).toContain(`${MODEL}: the rollout of run ${run} was rolled back`);
    expect(replaced.EndpointStatus).toBe('InService');
    expect(ends.at(-1)).toBe('promoted');
  });

  it('comes to the same when every event about the endpoint is lost', async () => {
    const { world } = await withChampion();
    world.cloud.faults.set({ rules: [{ fault: 'lose-event', source: 'aws.sagemaker', target: '*-track-endpoint' }] });

    await second(world);
    await pass(world, 2 * HOUR_MS);

    expect(await endsOf(world)).toEqual(['promoted', 'promoted']);
  });

  it('of a model that is asked a lot says what it could see', async () => {
    const { world } = await withChampion();
    for (let i = 0; i < 30; i += 1) await world.predict(MODEL, QUESTION);
    await pass(world, MINUTE_MS);

    await second(world);
    const { rollout } = await world.ledger.read(deploymentSchema, keys.deployment(MODEL, 2));

    expect(rollout?.requestsPerHour).toBeGreaterThan(10);
    expect(rollout?.says).toMatch(
      /^this canary sees a 5% error rate with \d+% probability at \d+(\.\d)? requests an hour$/,
    );
  });
});

describe('an approval that comes during the rollout of another', () => {
  it('waits, and is rolled out when the other has been turned back', async () => {
    const model = 'parcel-asked-canary';
    const { world, moody } = await start(model);
    const tell = eventPublisher('millrace-dev', world.events);
    const approve = (run: string) =>
      tell(
        ApprovalGivenV1,
        run,
        { model, run, decision: 'approved', approver: 'ada' },
        { now: world.cloud.clock.now(), correlationId: run },
      );
    await first(world, model);
    await approve((await world.runs(model))[0] ?? '');
    await pass(world, 2 * HOUR_MS);
    await second(world, model);
    await pass(world, 2 * HOUR_MS);
    await world.land(`incoming/${model}/third.csv`, parcels('2001-03-18', 4));
    const [, bad = '', good = ''] = await world.runs(model);

    moody.next = 'wrong';
    await approve(bad);
    await approve(good);
    await world.settle();
    moody.next = 'well';
    await pass(world, HOUR_MS);

    expect(await world.ledger.read(deploymentEndSchema, keys.deploymentEnd(model, 2))).toMatchObject({
      outcome: 'rolled-back',
    });
    expect(await world.champion(model)).toMatchObject({ n: 2, run: good });
    expect(await approvalOf(world, bad, model)).toBe('Rejected');
    expect(world.errors()).toEqual([]);
  });
});

describe('a person who asks', () => {
  it('for a rollback gets the champion before back, and the one that went does not return', async () => {
    const { world, notices, champion } = await withChampion();
    await second(world);
    await pass(world, 30 * MINUTE_MS);
    const [, replaced = ''] = await world.runs(MODEL);

    await ask(world, RollbackRequestedV1);
    await pass(world, 30 * MINUTE_MS);
    const back = await world.champion(MODEL);
    await pass(world, 4 * HOUR_MS);

    expect(back).toMatchObject({ n: 3, run: champion?.run, endpointConfigName: champion?.endpointConfigName });
    expect(await approvalOf(world, replaced)).toBe('Rejected');
    expect(await world.ledger.read(deploymentSchema, keys.deployment(MODEL, 3))).toMatchObject({
      run: champion?.run,
      replaces: { run: replaced },
      rollback: { reason: 'so says the test' },
    });
    expect(await notices()).toContain(`${MODEL}: the model of run ${champion?.run} is in service again`);
    expect(await endsOf(world)).toEqual(['promoted', 'promoted']);
    expect(await world.predict(MODEL, QUESTION)).toMatchObject({ status: 200, body: { run: champion?.run } });
    expect(await world.champion(MODEL)).toEqual(back);
    expect(world.errors()).toEqual([]);
  });

  it('for a model to retire sees endpoint and alarms go, and it come back by a rollback', async () => {
    const { world, champion } = await withChampion();

    await ask(world, RetireRequestedV1);
    const gone = await world.predict(MODEL, QUESTION);
    const meanwhile = await onSageMaker(world.sageMaker);
    const alarms = await alarmsOf(world);
    await pass(world, 2 * HOUR_MS);
    await ask(world, RollbackRequestedV1);
    await pass(world, HOUR_MS);

    expect(gone).toMatchObject({ status: 404, body: { error: 'no_model' } });
    expect(meanwhile.endpoints).toEqual([]);
    expect(alarms).toEqual([]);
    expect(await world.champion(MODEL)).toMatchObject({ n: 2, run: champion?.run });
    expect(await world.champion(MODEL)).not.toHaveProperty('retired');
    expect(await world.predict(MODEL, QUESTION)).toMatchObject({ status: 200, body: { run: champion?.run } });
    expect(world.errors()).toEqual([]);
  });
});

describe('a serverless endpoint', () => {
  it('is created and updated all at once, and predict captures what it is asked', async () => {
    const model = 'parcel-serverless';
    const { world, champion } = await withChampion(model);

    const answered = await world.predict(model, QUESTION);
    const captured = await world.ledger.keys(`capture/${model}/`);
    const [file = ''] = captured;
    const line = JSON.parse(new TextDecoder().decode((await world.store.get(file))?.body));
    await second(world, model);
    await pass(world, HOUR_MS);

    expect(answered).toMatchObject({ status: 200 });
    expect(captured).toHaveLength(1);
    expect(file).toContain(`capture/${model}/${champion?.run}/${champion?.endpointName}/main/2001/03/20/08/`);
    expect(line).toMatchObject({
      captureData: {
        endpointInput: { mode: 'INPUT', encoding: 'CSV', data: expect.stringContaining('800,3,') },
        endpointOutput: { mode: 'OUTPUT', encoding: 'CSV' },
      },
      eventMetadata: { inferenceId: Object(answered.body).inferenceId },
      eventVersion: '0',
    });
    expect(await endsOf(world, model)).toEqual(['promoted', 'promoted']);
    expect(await world.ledger.read(deploymentSchema, keys.deployment(model, 2))).toMatchObject({
      kind: 'update',
      rollout: null,
    });
    expect(world.errors()).toEqual([]);
  });
});

describe('what rollouts leave behind', () => {
  it('is cleared away but for what serves and what a rollback would put back', async () => {
    const { world, moody } = await withChampion();
    moody.next = 'wrong';
    await second(world);
    await pass(world, 2 * HOUR_MS);
    moody.next = 'well';
    await world.land(`incoming/${MODEL}/third.csv`, parcels('2001-03-18', 4));
    await pass(world, 4 * HOUR_MS);
    const [before = '', taken = '', now = ''] = await world.runs(MODEL);
    const { endpointConfigs, models } = await onSageMaker(world.sageMaker);

    expect(await endsOf(world)).toEqual(['promoted', 'rolled-back', 'promoted']);
    expect(endpointConfigs).toEqual([`mr-dev-${MODEL}-${before}-cfg`, `mr-dev-${MODEL}-${now}-cfg`].sort());
    expect(models).not.toContain(`mr-dev-${MODEL}-${taken}-cand`);
    expect(models).toContain(`mr-dev-${MODEL}-${before}-cand`);
    expect(world.errors()).toEqual([]);
  });
});

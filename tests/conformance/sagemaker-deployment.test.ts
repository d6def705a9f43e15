import {
  DeleteEndpointCommand,
  DeleteModelCommand,
  type DeploymentConfig,
  type DesiredWeightAndCapacity,
  UpdateEndpointWeightsAndCapacitiesCommand,
} from '@aws-sdk/client-sagemaker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ROLE, type SageMakerCloud, START, startSageMakerCloud } from './sagemaker-cloud.ts';
import { endpointsOf, variantOf } from './sagemaker-endpoints.ts';
import { putModel } from './sagemaker-model.ts';

let world: SageMakerCloud;
const { model, config, create, update, look, invoke, answers, told } = endpointsOf(() => world);

beforeAll(async () => {
  world = await startSageMakerCloud();
  for (const value of [1, 2]) await putModel(world.s3, `s3://data/models/${value}.tar.gz`, value);
  await model('old', 1);
  await model('new', 2);
  await model('broken', 2, { SERVE_EXIT: '3' });
  await model('never-healthy', 2, { UNHEALTHY_PINGS: '1000000' });
  await config('old', [variantOf('old')]);
  await config('new', [variantOf('new')]);
  await config('one-instance', [variantOf('new', { InitialInstanceCount: 1 })]);
  await config('broken', [variantOf('broken')]);
  world.alarms.set('errors', 'OK');
});
afterAll(() => world.close());

const serving = async (name: string) => {
  await create(name, 'old');
  await world.idle();
  return name;
};
const percent = (Value: number) => ({ Type: 'CAPACITY_PERCENT' as const, Value });
const instances = (Value: number) => ({ Type: 'INSTANCE_COUNT' as const, Value });
const canary = (more: object = {}): DeploymentConfig => ({
  BlueGreenUpdatePolicy: {
    TrafficRoutingConfiguration: { Type: 'CANARY', WaitIntervalInSeconds: 600, CanarySize: percent(25) },
    TerminationWaitInSeconds: 120,
    ...more,
  },
  AutoRollbackConfiguration: { Alarms: [{ AlarmName: 'errors' }] },
});
const rolling = (more: object = {}): DeploymentConfig => ({
  RollingUpdatePolicy: { MaximumBatchSize: instances(1), WaitIntervalInSeconds: 60, ...more },
  AutoRollbackConfiguration: { Alarms: [{ AlarmName: 'errors' }] },
});
const advance = async (seconds: number) => {
  await world.clock.advance(seconds * 1000);
  await world.idle();
};
const shareOfNew = async (name: string, requests = 80) =>
  (await answers(name, requests)).filter((answer) => answer === '2').length / requests;
const stageOf = async (name: string) => {
  const [variant] = (await look(name)).PendingDeploymentSummary?.ProductionVariants ?? [];
  return { status: variant?.VariantStatus?.[0]?.Status, instances: variant?.CurrentInstanceCount };
};

describe('a canary deployment', () => {
  it('lets both fleets answer while the canary bakes, then the new one alone, then ends', async () => {
    const name = await serving('canary');
    await update(name, 'new', { DeploymentConfig: canary() });
    await world.idle();

    const baking = await look(name);
    const early = await shareOfNew(name);
    await advance(599);
    const stillEarly = await shareOfNew(name);
    await advance(1);
    const whole = await shareOfNew(name, 20);
    const waiting = await stageOf(name);
    await advance(120);

    expect(baking).toMatchObject({
      EndpointStatus: 'Updating',
      EndpointConfigName: 'old',
      ProductionVariants: [{ CurrentInstanceCount: 4, DesiredInstanceCount: 4 }],
      PendingDeploymentSummary: {
        EndpointConfigName: 'new',
        StartTime: new Date(START),
        ProductionVariants: [
          {
            VariantName: 'AllTraffic',
            CurrentInstanceCount: 1,
            DesiredInstanceCount: 4,
            CurrentWeight: 1,
            InstanceType: 'ml.m5.large',
            VariantStatus: [
              {
                Status: 'Baking',
                StatusMessage:
                  'Baking for 600 seconds (WaitIntervalInSeconds) with traffic enabled on canary capacity of 1 instance(s).',
              },
            ],
          },
        ],
      },
    });
    for (const share of [early, stillEarly]) {
      expect(share).toBeGreaterThan(0.08);
      expect(share).toBeLessThan(0.45);
    }
    expect(whole).toBe(1);
    expect(waiting).toEqual({ status: 'Baking', instances: 4 });
    const ended = await look(name);
    expect(ended).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: 'new' });
    expect(ended.PendingDeploymentSummary).toBeUndefined();
    expect(ended.FailureReason).toBeUndefined();
    expect(ended.LastDeploymentConfig).toEqual(canary());
    expect(await shareOfNew(name, 10)).toBe(1);
    expect(world.alarms.listening()).toBe(0);
  });

  it('tells every step, with statuses in capitals and times in epoch milliseconds', async () => {
    const name = await serving('canary-told');
    await update(name, 'new', { DeploymentConfig: canary() });
    await world.idle();
    const startMs = world.clock.ms();
    await advance(600);
    await advance(120);

    const deployments = told(name, 'Endpoint Deployment');

    expect(told(name, 'Endpoint').map(({ EndpointStatus }) => EndpointStatus)).toEqual([
      'CREATING',
      'IN_SERVICE',
      'UPDATING',
      'IN_SERVICE',
    ]);
    expect(deployments).toMatchObject([
      ...['Creating', 'ActivatingTraffic', 'Baking', 'ActivatingTraffic', 'Baking'].map((Status) => ({
        EndpointStatus: 'UPDATING',
        EndpointConfigName: 'old',
        PendingDeploymentSummary: {
          EndpointConfigName: 'new',
          StartTime: startMs,
          ProductionVariants: [{ VariantStatus: [{ Status }] }],
        },
      })),
      { EndpointStatus: 'IN_SERVICE', EndpointConfigName: 'new' },
    ]);
    expect(deployments.at(-1)).not.toHaveProperty('PendingDeploymentSummary');
  });

  it('takes all steps in time when the clock is moved over all of them at once', async () => {
    const name = await serving('canary-leap');
    await update(name, 'new', { DeploymentConfig: canary() });
    await world.idle();

    await advance(720);

    expect(await look(name)).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: 'new' });
  });

  it('publishes metrics of each fleet by its configuration', async () => {
    const name = await serving('canary-metrics');
    await update(name, 'new', { DeploymentConfig: canary() });
    await world.idle();
    const found = await answers(name, 40);
    await invoke(name, 'boom').catch(() => undefined);

    const counted = (more: Record<string, string>) =>
      world.metrics.filter(
        ({ name: metric, dimensions }) =>
          metric === 'Invocations' &&
          JSON.stringify(dimensions) === JSON.stringify({ EndpointName: name, VariantName: 'AllTraffic', ...more }),
      ).length;

    expect(counted({})).toBe(41);
    expect(counted({ EndpointConfigName: 'new' })).toBeGreaterThanOrEqual(found.filter((one) => one === '2').length);
    expect(counted({ EndpointConfigName: 'old' }) + counted({ EndpointConfigName: 'new' })).toBe(41);
    expect(counted({ EndpointConfigName: 'new' })).toBeGreaterThan(0);
    await advance(720);
  });

  it('refuses every change while it is under way', async () => {
    const name = await serving('canary-busy');
    await update(name, 'new', { DeploymentConfig: canary() });
    await world.idle();

    for (const change of [
      () => update(name, 'one-instance'),
      () => world.sagemaker.send(new DeleteEndpointCommand({ EndpointName: name })),
      () =>
        world.sagemaker.send(
          new UpdateEndpointWeightsAndCapacitiesCommand({
            EndpointName: name,
            DesiredWeightsAndCapacities: [{ VariantName: 'AllTraffic', DesiredInstanceCount: 2 }],
          }),
        ),
    ]) {
      await expect(change()).rejects.toMatchObject({
        name: 'ValidationException',
        message: expect.stringMatching(/in-progress/),
      });
    }
    await advance(720);
  });
});

describe('a linear deployment', () => {
  it('shifts traffic in equal steps and bakes after each', async () => {
    const name = await serving('linear');
    await update(name, 'new', {
      DeploymentConfig: {
        BlueGreenUpdatePolicy: {
          TrafficRoutingConfiguration: { Type: 'LINEAR', WaitIntervalInSeconds: 60, LinearStepSize: percent(25) },
          TerminationWaitInSeconds: 30,
        },
      },
    });
    await world.idle();

    const seen = [];
    for (let step = 0; step < 4; step++) {
      seen.push((await stageOf(name)).instances);
      await advance(60);
    }

    expect(seen).toEqual([1, 2, 3, 4]);
    expect(await look(name)).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: 'new' });
  });
});

describe('an alarm', () => {
  it('sends all traffic back when it goes off while the canary bakes', async () => {
    const name = await serving('tripped');
    await update(name, 'new', { DeploymentConfig: canary() });
    await world.idle();
    await advance(300);

    world.alarms.set('errors', 'ALARM');
    const during = await look(name);
    const back = await answers(name, 30);
    await world.idle();
    world.alarms.set('errors', 'OK');

    expect(during).toMatchObject({ EndpointStatus: 'RollingBack', EndpointConfigName: 'old' });
    expect(new Set(back)).toEqual(new Set(['1']));
    const ended = await look(name);
    expect(ended).toMatchObject({
      EndpointStatus: 'InService',
      EndpointConfigName: 'old',
      FailureReason: expect.stringMatching(/alarm errors/),
      ProductionVariants: [{ CurrentInstanceCount: 4 }],
    });
    expect(ended.PendingDeploymentSummary).toBeUndefined();
    expect(told(name, 'Endpoint').map(({ EndpointStatus }) => EndpointStatus)).toEqual([
      'CREATING',
      'IN_SERVICE',
      'UPDATING',
      'ROLLING_BACK',
      'IN_SERVICE',
    ]);
    expect(told(name, 'Endpoint Deployment').at(-1)).toMatchObject({
      EndpointStatus: 'IN_SERVICE',
      EndpointConfigName: 'old',
    });
    await advance(2000);
    expect((await look(name)).EndpointConfigName).toBe('old');
    expect(world.alarms.listening()).toBe(0);
  });

  it('sends traffic back in the termination wait, too, and lets the endpoint be updated again', async () => {
    const name = await serving('tripped-late');
    await update(name, 'new', { DeploymentConfig: canary() });
    await world.idle();
    await advance(600);
    expect(await shareOfNew(name, 10)).toBe(1);

    world.alarms.set('errors', 'ALARM');
    await world.idle();
    world.alarms.set('errors', 'OK');
    const rolledBack = await look(name);
    await update(name, 'new', { RetainDeploymentConfig: true });
    await world.idle();
    await advance(720);

    expect(rolledBack).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: 'old' });
    const ended = await look(name);
    expect(ended).toMatchObject({ EndpointConfigName: 'new', LastDeploymentConfig: canary() });
    expect(ended.FailureReason).toBeUndefined();
  });

  it('that is in ALARM from the start keeps the new configuration from any traffic', async () => {
    const name = await serving('tripped-early');
    world.alarms.set('errors', 'ALARM');

    await update(name, 'new', { DeploymentConfig: canary() });
    await world.idle();
    world.alarms.set('errors', 'OK');

    expect(await look(name)).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: 'old' });
    expect(told(name, 'Endpoint Deployment').map((detail) => JSON.stringify(detail))).not.toContainEqual(
      expect.stringMatching(/ActivatingTraffic/),
    );
  });

  it('that is not one of the deployment leaves it alone', async () => {
    const name = await serving('untouched');
    await update(name, 'new', { DeploymentConfig: canary() });
    await world.idle();

    world.alarms.set('another', 'ALARM');
    world.alarms.set('errors', 'INSUFFICIENT_DATA');
    world.alarms.set('errors', 'OK');
    await advance(720);

    expect((await look(name)).EndpointConfigName).toBe('new');
  });

  it('must exist, and be readable under the execution role', async () => {
    const name = await serving('unreadable');
    const missing = { ...canary(), AutoRollbackConfiguration: { Alarms: [{ AlarmName: 'nobody' }] } };

    await expect(update(name, 'new', { DeploymentConfig: missing })).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(/nobody/),
    });
    world.denied.add('cloudwatch:DescribeAlarms');
    await expect(update(name, 'new', { DeploymentConfig: canary() })).rejects.toThrow(/DescribeAlarms/);
    world.denied.clear();

    expect((await look(name)).EndpointStatus).toBe('InService');
    expect(world.asked).toContainEqual({
      by: { role: ROLE, session: 'SageMaker' },
      action: 'cloudwatch:DescribeAlarms',
      resource: 'arn:aws:cloudwatch:eu-west-1:000000000000:alarm:errors',
    });
  });

  it('may be at most one of ten', async () => {
    const Alarms = Array.from({ length: 11 }, () => ({ AlarmName: 'errors' }));

    const sent = update(await serving('eleven'), 'new', {
      DeploymentConfig: { ...canary(), AutoRollbackConfiguration: { Alarms } },
    });

    await expect(sent).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

describe('a deployment out of time', () => {
  it('goes back when its new fleet is not healthy before MaximumExecutionTimeoutInSeconds', async () => {
    const name = await serving('late');
    await config('late', [variantOf('never-healthy', { ContainerStartupHealthCheckTimeoutInSeconds: 3600 })]);
    await update(name, 'late', { DeploymentConfig: canary({ MaximumExecutionTimeoutInSeconds: 1000 }) });
    await expect
      .poll(() => world.lines.some(({ group, line }) => group.endsWith('/late') && line === 'serving'), {
        timeout: 60_000,
      })
      .toBe(true);

    await advance(1000);

    expect(await look(name)).toMatchObject({
      EndpointStatus: 'InService',
      EndpointConfigName: 'old',
      FailureReason: expect.stringMatching(/MaximumExecutionTimeoutInSeconds/),
    });
    expect(await shareOfNew(name, 5)).toBe(0);
  });
});

describe('a rolling deployment', () => {
  it('terminates the old fleet batch by batch as the new one comes', async () => {
    const name = await serving('rolling');
    await update(name, 'new', { DeploymentConfig: rolling() });
    await world.idle();

    const seen = [];
    for (let batch = 0; batch < 4; batch++) {
      const found = await look(name);
      seen.push([
        found.ProductionVariants?.[0]?.CurrentInstanceCount,
        found.PendingDeploymentSummary?.ProductionVariants?.[0]?.CurrentInstanceCount,
      ]);
      await advance(60);
    }

    expect(seen).toEqual([
      [4, 1],
      [3, 2],
      [2, 3],
      [1, 4],
    ]);
    expect(await look(name)).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: 'new' });
  });

  it('brings the old fleet back in batches when an alarm goes off', async () => {
    const name = await serving('rolled-back');
    await update(name, 'new', { DeploymentConfig: rolling({ RollbackMaximumBatchSize: instances(1) }) });
    await world.idle();
    await advance(120);

    world.alarms.set('errors', 'ALARM');
    await world.idle();
    const during = await look(name);
    world.alarms.set('errors', 'OK');
    await advance(60);

    expect(during).toMatchObject({
      EndpointStatus: 'RollingBack',
      ProductionVariants: [{ CurrentInstanceCount: 3, DesiredInstanceCount: 4 }],
    });
    expect(await look(name)).toMatchObject({
      EndpointStatus: 'InService',
      EndpointConfigName: 'old',
      ProductionVariants: [{ CurrentInstanceCount: 4 }],
    });
    expect(await shareOfNew(name, 10)).toBe(0);
  });
});

describe('a DeploymentConfig', () => {
  const routing = (more: object, policy: object = {}): DeploymentConfig => ({
    BlueGreenUpdatePolicy: {
      TrafficRoutingConfiguration: { Type: 'CANARY', WaitIntervalInSeconds: 60, ...more },
      ...policy,
    },
  });

  it.each([
    ['a canary of more than half', routing({ CanarySize: percent(60) }), /CanarySize.*50%/],
    ['a canary of more than half of the instances', routing({ CanarySize: instances(3) }), /CanarySize.*50%/],
    ['a canary without its size', routing({}), /CanarySize must be given/],
    ['a linear step without its size', routing({ Type: 'LINEAR' }), /LinearStepSize must be given/],
    ['a linear step below 10 %', routing({ Type: 'LINEAR', LinearStepSize: percent(9) }), /10-50%/],
    ['a size of another type', routing({ Type: 'ALL_AT_ONCE', CanarySize: percent(10) }), /CanarySize/],
    ['two policies', { ...routing({ CanarySize: percent(25) }), ...rolling() }, /Only one/],
    [
      'a timeout that its waits use up',
      routing({ CanarySize: percent(25), WaitIntervalInSeconds: 600 }, { MaximumExecutionTimeoutInSeconds: 600 }),
      /larger than the total waiting time of 600/,
    ],
    ['a batch below 5 %', rolling({ MaximumBatchSize: percent(4) }), /5-50%/],
  ] as [string, DeploymentConfig, RegExp][])('with %s is refused', async (title, deployment, message) => {
    const name = await serving(title.replace(/[^a-z]+/g, '-').replace(/-$/, ''));

    const error = await update(name, 'new', { DeploymentConfig: deployment }).catch((thrown: Error) => thrown);

    expect(error).toMatchObject({ name: 'ValidationException', message: expect.stringMatching(message) });
    expect((await look(name)).EndpointStatus).toBe('InService');
  });

  it('with a canary needs two instances at least', async () => {
    const name = await serving('lonely');

    await expect(update(name, 'one-instance', { DeploymentConfig: canary() })).rejects.toThrow(/at least 2 instances/);
  });

  it('is refused for serverless configurations', async () => {
    const serverless = {
      VariantName: 'AllTraffic',
      ModelName: 'old',
      ServerlessConfig: { MemorySizeInMB: 2048, MaxConcurrency: 5 },
    };
    await config('serverless-1', [serverless]);
    await config('serverless-2', [serverless]);
    await create('serverless', 'serverless-1');
    await world.idle();

    await expect(update('serverless', 'serverless-2', { DeploymentConfig: canary() })).rejects.toThrow(/serverless/);
    await update('serverless', 'serverless-2');
    await world.idle();

    expect((await look('serverless')).EndpointConfigName).toBe('serverless-2');
    expect(told('serverless', 'Endpoint Deployment')).toEqual([]);
  });

  it('needs the same variants in both configurations', async () => {
    await config('renamed', [variantOf('new', { VariantName: 'Other' })]);
    const name = await serving('renaming');

    await expect(update(name, 'renamed', { DeploymentConfig: canary() })).rejects.toThrow(/same variant names/);
    await update(name, 'renamed');
    await world.idle();

    expect((await look(name)).ProductionVariants?.map(({ VariantName }) => VariantName)).toEqual(['Other']);
  });
});

describe('an update', () => {
  it('is refused to the configuration the endpoint has', async () => {
    const name = await serving('same');

    await expect(update(name, 'old')).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('whose container does not come up leaves no trace but its reason', async () => {
    const name = await serving('unhealthy');

    await update(name, 'broken', { DeploymentConfig: canary() });
    await world.idle();

    const ended = await look(name);
    expect(ended).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: 'old' });
    expect(ended.FailureReason).toMatch(/ping health check/);
    expect(world.alarms.listening()).toBe(0);
  });

  it('can fail without any trace when faults say so', async () => {
    const name = await serving('silent');
    world.faults.hosting = ({ endpointConfig }) =>
      endpointConfig === 'new' ? { failure: 'capacity', silent: true } : undefined;

    await update(name, 'new');
    await world.idle();
    delete world.faults.hosting;

    const ended = await look(name);
    expect(ended).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: 'old' });
    expect(ended.FailureReason).toBeUndefined();
  });

  it('finishes the requests that the old fleet has begun', async () => {
    const name = await serving('draining');
    const begun = Promise.all(Array.from({ length: 20 }, () => invoke(name, '1')));

    await update(name, 'new');
    await world.idle();

    for (const { Body } of await begun) expect(Buffer.from(Body).toString()).toMatch(/^[12]\n$/);
  });
});

describe('a change of weights and capacities', () => {
  const change = (name: string, ...wanted: DesiredWeightAndCapacity[]) =>
    world.sagemaker.send(
      new UpdateEndpointWeightsAndCapacitiesCommand({ EndpointName: name, DesiredWeightsAndCapacities: wanted }),
    );

  it('scales a variant, and tells of it by both events', async () => {
    const name = await serving('scaled');

    await change(name, { VariantName: 'AllTraffic', DesiredInstanceCount: 6 });
    await world.idle();

    const [scaling] = told(name, 'Endpoint Deployment');
    expect(scaling).toMatchObject({
      EndpointStatus: 'UPDATING',
      ProductionVariants: [
        {
          CurrentInstanceCount: 4,
          DesiredInstanceCount: 6,
          VariantStatus: [{ Status: 'Updating', StatusMessage: 'Scaling out desired instance count to 6.' }],
        },
      ],
    });
    const ended = await look(name);
    expect(ended).toMatchObject({ EndpointStatus: 'InService', ProductionVariants: [{ CurrentInstanceCount: 6 }] });
    expect(ended.ProductionVariants?.[0]?.VariantStatus).toBeUndefined();
    expect(told(name, 'Endpoint Deployment').map(({ EndpointStatus }) => EndpointStatus)).toEqual([
      'UPDATING',
      'IN_SERVICE',
    ]);
  });

  it('moves traffic between variants', async () => {
    await config('two-variants', [
      variantOf('old', { VariantName: 'Blue' }),
      variantOf('new', { VariantName: 'Green', InitialVariantWeight: 0 }),
    ]);
    await create('weighted', 'two-variants');
    await world.idle();
    const before = await shareOfNew('weighted', 10);

    await change('weighted', { VariantName: 'Blue', DesiredWeight: 0 }, { VariantName: 'Green', DesiredWeight: 1 });
    await world.idle();

    expect(before).toBe(0);
    expect(await shareOfNew('weighted', 10)).toBe(1);
  });

  it.each([
    ['a variant that is not there', { VariantName: 'Nobody', DesiredWeight: 1 }, /Nobody/],
    ['no instance at all', { VariantName: 'AllTraffic', DesiredInstanceCount: 0 }, /at least 1/],
    ['no weight at all', { VariantName: 'AllTraffic', DesiredWeight: 0 }, /weight above 0/],
    [
      'serverless capacity for instances',
      { VariantName: 'AllTraffic', ServerlessUpdateConfig: { MaxConcurrency: 3 } },
      /ServerlessUpdateConfig/,
    ],
  ] as [string, DesiredWeightAndCapacity, RegExp][])('is refused for %s', async (title, wanted, message) => {
    const name = await serving(`refusing-${title.replaceAll(' ', '-')}`);

    const error = await change(name, wanted).catch((thrown: Error) => thrown);

    expect(error).toMatchObject({ name: 'ValidationException', message: expect.stringMatching(message) });
  });
});

describe('what was made just before', () => {
  it('is not found by CreateEndpointConfig and CreateEndpoint while faults hide it', async () => {
    const hidden = new Set(['model/fresh', 'endpoint-config/fresh']);
    world.faults.settled = (arn, createdAtMs) => !hidden.has(arn.split(':').at(-1) ?? '') || createdAtMs === 0;
    await model('fresh', 1);

    const early = await config('fresh', [variantOf('fresh')]).catch((error: Error) => error);
    hidden.delete('model/fresh');
    await config('fresh', [variantOf('fresh')]);
    const stillEarly = await create('fresh', 'fresh').catch((error: Error) => error);
    hidden.clear();
    await create('fresh', 'fresh');
    await world.idle();
    delete world.faults.settled;

    expect(early).toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(/Could not find model/),
    });
    expect(stillEarly).toMatchObject({ message: expect.stringMatching(/Could not find endpoint configuration/) });
    expect((await look('fresh')).EndpointStatus).toBe('InService');
  });
});

describe('the quota of instances', () => {
  it('has to hold both fleets of a blue/green deployment, and one batch more of a rolling one', async () => {
    const other = await startSageMakerCloud({ quotas: { instances: { 'ml.m5.large for endpoint usage': 6 } } });
    const few = endpointsOf(() => other);
    const endpoint = (name: string) => few.create(name, 'old').catch((error: Error) => error);
    await putModel(other.s3, 's3://data/models/1.tar.gz', 1);
    await few.model('old', 1);
    await few.config('old', [variantOf('old')]);
    await few.config('new', [variantOf('old')]);
    await few.create('first', 'old');
    await other.idle();
    other.alarms.set('errors', 'OK');

    const second = await endpoint('second');
    const blueGreen = await few.update('first', 'new').catch((error: Error) => error);
    await few.update('first', 'new', { DeploymentConfig: rolling() });
    await other.idle();
    await other.clock.advance(240_000);
    await other.idle();
    const ended = await few.look('first');
    await other.sagemaker.send(new DeleteEndpointCommand({ EndpointName: 'first' }));
    await other.idle();
    const third = await endpoint('third');
    await other.close();

    for (const refused of [second, blueGreen]) expect(refused).toMatchObject({ name: 'ResourceLimitExceeded' });
    expect(ended.EndpointConfigName).toBe('new');
    expect(third).toMatchObject({ EndpointArn: expect.stringMatching(/third$/) });
  });
});

describe('a serverless variant', () => {
  it('throttles invocations beyond its concurrency', async () => {
    await model('slow', 1, { ECHO_COLUMNS: 'true' });
    await config('narrow', [
      {
        VariantName: 'AllTraffic',
        ModelName: 'slow',
        ServerlessConfig: { MemorySizeInMB: 1024, MaxConcurrency: 1 },
      },
    ]);
    await create('narrow', 'narrow');
    await world.idle();

    const results = await Promise.allSettled(Array.from({ length: 20 }, () => invoke('narrow', '1')));

    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    expect(failures.length).toBeGreaterThan(0);
    expect(failures.length).toBeLessThan(20);
    for (const failure of failures) expect(failure).toMatchObject({ name: 'ThrottlingException' });
  });
});

describe('a model that is deleted', () => {
  it('keeps its endpoint configuration from being deployed', async () => {
    await model('gone', 1);
    await config('gone', [variantOf('gone')]);
    await world.sagemaker.send(new DeleteModelCommand({ ModelName: 'gone' }));

    await expect(create('gone', 'gone')).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(/Could not find model/),
    });
    await expect(update(await serving('kept'), 'gone')).rejects.toThrow(/Could not find model/);
  });
});

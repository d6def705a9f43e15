import { describe, expect, it } from 'vitest';

import { type DeployRequest, deployModel } from '../../../functions/deploy-model/deploy-model.ts';
import { CapacityError, NotFoundError } from '../../../shared/errors.ts';
import {
  deploymentEndSchema,
  deploymentSchema,
  deploymentStartedSchema,
  refusalSchema,
  runEndSchema,
  slotSchema,
} from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { ledgerOn } from '../../../shared/ledger/ledger.ts';
import { endpointName } from '../../../shared/sagemaker/names.ts';
import { type Fuse, finishesAfterAnyCrash } from './crash.ts';
import {
  CHAMPION_RUN,
  DAYS_LATER,
  DEFINITION,
  INPUT_DIGEST,
  loopWorld,
  MODEL,
  NOW,
  RUN,
  STAGE,
  STORE_URI,
  woken,
} from './loop-world.ts';

const ENDPOINT = endpointName(STAGE, MODEL, INPUT_DIGEST, 'instance');
const CONFIG = `mr-dev-${MODEL}-${RUN}-cfg`;
const OLD_CONFIG = `mr-dev-${MODEL}-${CHAMPION_RUN}-cfg`;

const world = async ({ champion = false, status = 'Approved', definition = DEFINITION } = {}) => {
  const loop = loopWorld();
  const published = await loop.publish(definition);
  const reigning = champion ? await loop.champion({ endpointName: ENDPOINT, endpointConfigName: OLD_CONFIG }) : null;
  if (champion) await loop.endpoint(ENDPOINT, OLD_CONFIG);
  await loop.planned(published, reigning);
  await loop.prepared();
  const packageArn = await loop.registered(status);
  const wake = (data: DeployRequest = { packageArn }, now = NOW, through?: Fuse, eventId = 'event-1') =>
    deployModel({ ...loop.deps(through), stage: STAGE, storeUri: STORE_URI })(woken(data, { now, eventId }));
  const ended = (n: number, outcome: 'deployed' | 'rolled-back') =>
    loop.ledger.record(deploymentEndSchema, keys.deploymentEnd(MODEL, n), {
      model: MODEL,
      n,
      outcome,
      reason: '',
      endedAt: NOW.toISOString(),
    });
  return {
    ...loop,
    packageArn,
    wake,
    ended,
    deployment: (n = 1) => loop.ledger.find(deploymentSchema, keys.deployment(MODEL, n)),
    started: (n = 1) => loop.ledger.find(deploymentStartedSchema, keys.deploymentStarted(MODEL, n)),
    deployments: () => loop.store.keys().filter((key) => key.startsWith(`deployments/${MODEL}/`)),
  };
};

describe('deploying an approved candidate', () => {
  it('creates the endpoint of its input where there is none, capture on, and tells', async () => {
    const run = await world();

    const outcome = await run.wake();

    expect(outcome).toEqual({ outcome: 'started' });
    expect(await run.sageMaker.describe('endpointConfig', CONFIG)).toMatchObject({
      ProductionVariants: [
        { ModelName: `mr-dev-${MODEL}-${RUN}-cand`, InstanceType: 'ml.m5.large', InitialInstanceCount: 2 },
      ],
      DataCaptureConfig: { EnableCapture: true, DestinationS3Uri: `s3://store/capture/${MODEL}/${RUN}` },
    });
    expect(await run.sageMaker.describe('endpoint', ENDPOINT)).toMatchObject({ EndpointConfigName: CONFIG });
    expect(await run.deployment()).toMatchObject({ kind: 'create', run: RUN, replaces: null, trigger: run.packageArn });
    expect(await run.started()).toEqual({ model: MODEL, n: 1, startedAt: NOW.toISOString() });
    expect(run.told).toEqual([
      {
        type: 'DeploymentStarted.v1',
        about: `${MODEL}/1`,
        data: { model: MODEL, run: RUN, deployment: 1, endpointName: ENDPOINT },
      },
    ]);
  });

  it('updates the endpoint that serves the champion', async () => {
    const run = await world({ champion: true });

    await run.wake();

    expect(run.sageMaker.effects).toEqual([
      `create endpointConfig ${CONFIG}`,
      `update endpoint ${ENDPOINT} to ${CONFIG}`,
    ]);
    expect(await run.deployment()).toMatchObject({
      kind: 'update',
      replaces: { run: CHAMPION_RUN, endpointName: ENDPOINT, endpointConfigName: OLD_CONFIG },
    });
  });

  it('captures nothing where the definition asks for none', async () => {
    const run = await world({ definition: `${DEFINITION}deployment: { capture: 0, count: 1 }\n` });

    await run.wake();

    expect(await run.sageMaker.describe('endpointConfig', CONFIG)).not.toHaveProperty('DataCaptureConfig');
  });

  it('is asked for by the name of the run as well', async () => {
    const run = await world();

    expect(await run.wake({ model: MODEL, run: RUN })).toEqual({ outcome: 'started' });

    expect(await run.deployment()).toMatchObject({ trigger: 'event-1' });
  });

  it.each([
    ['creating', false],
    ['updating', true],
  ])('changes nothing when the event comes again, at once or days later: %s', async (_what, champion) => {
    const run = await world({ champion });
    await run.wake();
    const [before, effects] = [await run.state(), [...run.sageMaker.effects]];

    expect(await run.wake()).toEqual({ outcome: 'started' });
    expect(await run.wake(undefined, DAYS_LATER)).toEqual({ outcome: 'started' });

    expect(await run.state()).toEqual(before);
    expect(run.sageMaker.effects).toEqual(effects);
  });

  it('does not send the update again when the endpoint has come back on its old configuration', async () => {
    const run = await world({ champion: true });
    await run.wake();
    run.sageMaker.settle(ENDPOINT, 'rolled back');
    const effects = [...run.sageMaker.effects];

    await run.wake(undefined, DAYS_LATER);

    expect(run.sageMaker.effects).toEqual(effects);
  });

  it('changes nothing when the event comes again after the rollout has ended', async () => {
    const run = await world({ champion: true });
    await run.wake();
    run.sageMaker.settle(ENDPOINT, 'rolled back');
    await run.ended(1, 'rolled-back');
    const before = await run.state();

    expect(await run.wake(undefined, DAYS_LATER)).toEqual({ outcome: 'over' });

    expect(await run.state()).toEqual(before);
  });

  it.each([
    ['creating', false, 7],
    ['updating', true, 7],
  ])('comes to the same after a crash at any effect: %s', async (_what, champion, expected) => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await world({ champion });
      return { wake: (through) => run.wake(undefined, NOW, through), state: run.state };
    });

    expect(effects).toBe(expected);
  });
});

describe('an approval', () => {
  it('is only a hint: the registry is asked', async () => {
    const run = await world({ status: 'PendingManualApproval' });

    expect(await run.wake()).toEqual({ outcome: 'not_approved' });
    expect(await run.wake({ model: MODEL, run: RUN })).toEqual({ outcome: 'not_approved' });

    expect(run.sageMaker.effects).toEqual([]);
    expect(run.deployments()).toEqual([]);
  });

  it('of a version that somebody else registered is left alone', async () => {
    const run = await world();
    const theirs = await run.sageMaker.createPackage({
      ModelPackageDescription: 'our own',
      ModelApprovalStatus: 'Approved',
    });

    expect(await run.wake({ packageArn: theirs })).toEqual({ outcome: 'not_ours' });
    expect(await run.wake({ packageArn: 'arn:gone' })).toEqual({ outcome: 'not_ours' });
  });

  it('is tried again where it is earlier than the fact of the registration', async () => {
    const loop = loopWorld();
    const arn = await loop.sageMaker.createPackage({
      ModelPackageDescription: `Millrace run ${RUN} of ${MODEL}`,
      ModelApprovalStatus: 'Approved',
    });
    const deploy = deployModel({ ...loop.deps(), stage: STAGE, storeUri: STORE_URI });

    await expect(deploy(woken({ packageArn: arn }))).rejects.toThrow(NotFoundError);
  });

  it('of what is in service changes nothing', async () => {
    const run = await world();
    await run.champion({ run: RUN });

    expect(await run.wake()).toEqual({ outcome: 'in_service' });

    expect(run.sageMaker.effects).toEqual([]);
  });
});

describe('a candidate judged against another champion', () => {
  const outdated = async () => {
    const run = await world();
    await run.champion({ endpointName: ENDPOINT });
    return run;
  };

  it('is not deployed: it is held, the run ends, and the reason is told', async () => {
    const run = await outdated();

    const outcome = await run.wake();

    expect(outcome).toEqual({ outcome: 'champion_changed' });
    expect(run.sageMaker.effects).toEqual([]);
    expect(run.deployments()).toEqual([]);
    expect(run.told).toMatchObject([
      {
        type: 'CandidateHeld.v1',
        about: `${MODEL}/${RUN}/champion_changed`,
        data: {
          reasons: [
            {
              code: 'champion_changed',
              message: `judged against no champion, but ${CHAMPION_RUN} is in service now: start a new run`,
            },
          ],
        },
      },
      { type: 'RunEnded.v1', data: { end: 'held' } },
    ]);
    expect(await run.ledger.read(runEndSchema, keys.end(MODEL, RUN))).toMatchObject({ end: 'held' });
    expect(await run.ledger.read(slotSchema, keys.slot(MODEL))).toMatchObject({ flight: null });
  });

  it('stays refused, in the same words, whoever is champion when the event comes again', async () => {
    const run = await outdated();
    await run.wake();
    await run.champion({ n: 2, run: '20010131-aaaaaaaaaa' });
    const before = await run.state();

    expect(await run.wake(undefined, DAYS_LATER)).toEqual({ outcome: 'champion_changed' });

    expect(await run.state()).toEqual(before);
    expect(await run.ledger.read(refusalSchema, keys.refusal(MODEL, RUN))).toMatchObject({
      reason: expect.stringContaining(CHAMPION_RUN),
    });
  });

  it('is refused whole after a crash at any effect', async () => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await outdated();
      return { wake: (through) => run.wake(undefined, NOW, through), state: run.state };
    });

    expect(effects).toBe(5);
  });
});

describe('one rollout of a model at a time', () => {
  it('lets a second approval wait while another run is rolled out', async () => {
    const run = await world();
    await run.wake();
    const first = await run.ledger.read(deploymentSchema, keys.deployment(MODEL, 1));
    await run.store.put(
      keys.deployment(MODEL, 1),
      JSON.stringify({ ...first, run: CHAMPION_RUN, trigger: 'arn:another' }),
    );
    const before = await run.state();

    await expect(run.wake()).rejects.toThrow(CapacityError);

    expect(await run.state()).toEqual(before);
    await run.ended(1, 'rolled-back');
    run.sageMaker.settle(ENDPOINT, 'served');
    expect(await run.wake()).toEqual({ outcome: 'started' });
    expect(await run.deployment(2)).toMatchObject({ run: RUN, kind: 'update' });
  });

  it('takes a request for the run that is being rolled out for that rollout', async () => {
    const run = await world();
    await run.wake();
    const effects = [...run.sageMaker.effects];

    expect(await run.wake({ model: MODEL, run: RUN }, DAYS_LATER, undefined, 'a-request')).toEqual({
      outcome: 'started',
    });

    expect(run.sageMaker.effects).toEqual(effects);
    expect(await run.deployment(2)).toBeUndefined();
  });

  it('lets one of two approvals at the same moment have the number', async () => {
    const run = await world();
    const ledger = ledgerOn(run.store);
    const overtaken = deployModel({
      ...run.deps(),
      stage: STAGE,
      storeUri: STORE_URI,
      ledger: {
        ...ledger,
        record: async (schema, key, fact) => {
          if (key === keys.deployment(MODEL, 1)) {
            await run.store.put(
              key,
              JSON.stringify({ ...Object(fact), run: CHAMPION_RUN, trigger: 'arn:faster' }),
              'absent',
            );
          }
          return ledger.record(schema, key, fact);
        },
      },
    });

    await expect(overtaken(woken({ packageArn: run.packageArn }))).rejects.toThrow(CapacityError);

    expect(run.sageMaker.effects).toEqual([]);
  });

  it('waits while the endpoint is busy with something else', async () => {
    const run = await world({ champion: true });
    await run.sageMaker.updateEndpoint({ EndpointName: ENDPOINT, EndpointConfigName: 'by-hand' });

    await expect(run.wake()).rejects.toThrow(CapacityError);

    expect(await run.started()).toBeUndefined();
    run.sageMaker.settle(ENDPOINT, 'served');
    expect(await run.wake(undefined, DAYS_LATER)).toEqual({ outcome: 'started' });
    expect(await run.started()).toBeDefined();
  });
});

import { describe, expect, it } from 'vitest';

import type { BakeProbed } from '../../../functions/track-endpoint/bake-probe.ts';
import { goldenProbe } from '../../../functions/track-endpoint/probe.ts';
import { trackEndpoint } from '../../../functions/track-endpoint/track-endpoint.ts';
import { ConflictError, DependencyError, RefusedError } from '../../../shared/errors.ts';
import {
  championSchema,
  type Deployment,
  deploymentEndSchema,
  deploymentMismatchSchema,
  deploymentSchema,
  deploymentStartedSchema,
  runEndSchema,
  slotSchema,
} from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { endRun } from '../../../shared/ledger/run-end.ts';
import { watchAlarmNames } from '../../../shared/monitoring/watch-alarms.ts';
import { type Fuse, finishesAfterAnyCrash } from './crash.ts';
import {
  CHAMPION_RUN,
  CONFIG,
  DAYS_LATER,
  ENDPOINT,
  INPUT_DIGEST,
  loopWorld,
  MODEL,
  NOW,
  OLD_CONFIG,
  RUN,
  STAGE,
  woken,
} from './loop-world.ts';

type How = Parameters<ReturnType<typeof loopWorld>['sageMaker']['settle']>[1] | 'under way';

/** A rollout that was sent: the first of the model, or an update of the endpoint the champion is served on. */
const world = async ({
  kind = 'create' as Deployment['kind'],
  how = 'served' as How,
  reason = undefined as string | undefined,
  started = true,
  rollback = undefined as Deployment['rollback'],
  /** What the probe finds; null: it asks the endpoint. */
  probe = { ok: true, reason: 'the endpoint answered as the candidate did' } as { ok: boolean; reason: string } | null,
} = {}) => {
  const loop = loopWorld();
  const published = await loop.publish();
  const champion =
    kind === 'update' ? await loop.champion({ endpointName: ENDPOINT, endpointConfigName: OLD_CONFIG }) : null;
  await loop.planned(published, champion);
  await loop.prepared();
  const modelPackageArn = await loop.registered();
  await loop.ledger.record(deploymentSchema, keys.deployment(MODEL, 1), {
    model: MODEL,
    n: 1,
    run: RUN,
    kind,
    endpointName: ENDPOINT,
    endpointConfigName: CONFIG,
    modelName: `mr-dev-${MODEL}-${RUN}-cand`,
    modelPackageArn,
    inputDigest: INPUT_DIGEST,
    definitionDigest: published.digest,
    replaces: champion && { run: champion.run, endpointName: ENDPOINT, endpointConfigName: OLD_CONFIG },
    trigger: modelPackageArn,
    ...(rollback && { rollback }),
    decidedAt: NOW.toISOString(),
  });
  if (kind === 'update') {
    await loop.endpoint(ENDPOINT, OLD_CONFIG);
    await loop.sageMaker.updateEndpoint({ EndpointName: ENDPOINT, EndpointConfigName: CONFIG });
  } else await loop.sageMaker.create('endpoint', { EndpointName: ENDPOINT, EndpointConfigName: CONFIG });
  if (started) {
    await loop.ledger.record(deploymentStartedSchema, keys.deploymentStarted(MODEL, 1), {
      model: MODEL,
      n: 1,
      startedAt: NOW.toISOString(),
    });
  }
  if (how !== 'under way') loop.sageMaker.settle(ENDPOINT, how, reason);
  loop.sageMaker.effects.length = 0;
  const probed: Deployment[] = [];
  const answers = { probe, baking: 'baking' as BakeProbed['outcome'] };
  const baked: Deployment[] = [];
  const wake = (now = NOW, name = ENDPOINT, through?: Fuse) =>
    trackEndpoint({
      ...loop.deps(through),
      stage: STAGE,
      pageArns: ['arn:notices'],
      region: 'eu-west-1',
      bakeProbe: async (deployment) => {
        baked.push(deployment);
        return { outcome: answers.baking };
      },
      probe: async (deployment) => {
        probed.push(deployment);
        return answers.probe ?? goldenProbe(loop.ledger, loop.store, loop.sageMaker)(deployment);
      },
    })(woken({ name }, { now }));
  return {
    ...loop,
    modelPackageArn,
    probed,
    baked,
    answers,
    wake,
    champion: () => loop.ledger.find(championSchema, keys.champion(MODEL)),
    end: () => loop.ledger.find(deploymentEndSchema, keys.deploymentEnd(MODEL, 1)),
    runEnd: () => loop.ledger.find(runEndSchema, keys.end(MODEL, RUN)),
    approval: async () => (await loop.sageMaker.describePackage(modelPackageArn))?.ModelApprovalStatus,
  };
};

describe('a rollout that serves what was asked for', () => {
  it('makes the candidate champion, ends the run, and tells', async () => {
    const run = await world();

    const outcome = await run.wake();

    expect(outcome).toEqual({ outcome: 'deployed' });
    expect(run.probed).toHaveLength(1);
    expect(await run.champion()).toMatchObject({
      n: 1,
      run: RUN,
      endpointName: ENDPOINT,
      endpointConfigName: CONFIG,
      trainedBefore: '2001-01-20T00:00:00.000Z',
      since: NOW.toISOString(),
    });
    expect(await run.ledger.read(championSchema, keys.championHistory(MODEL, 1))).toEqual(await run.champion());
    expect(await run.end()).toMatchObject({ outcome: 'deployed' });
    expect(await run.runEnd()).toMatchObject({ end: 'promoted' });
    expect(await run.ledger.read(slotSchema, keys.slot(MODEL))).toMatchObject({ flight: null });
    expect(run.types()).toEqual(['ModelDeployed.v1', 'RunEnded.v1']);
  });

  it('replaces the champion whose endpoint was updated', async () => {
    const run = await world({ kind: 'update' });

    await run.wake();

    expect(await run.champion()).toMatchObject({ n: 2, run: RUN });
    expect(await run.ledger.read(championSchema, keys.championHistory(MODEL, 1))).toMatchObject({ run: CHAMPION_RUN });
  });

  it('leaves the end of a run alone that was held, and approved later', async () => {
    const run = await world();
    await endRun(run.ledger, { model: MODEL, run: RUN, end: 'held', reason: 'a person', endedAt: NOW.toISOString() });

    await run.wake(DAYS_LATER);

    expect(run.types()).toEqual(['ModelDeployed.v1']);
    expect(await run.runEnd()).toMatchObject({ end: 'held' });
  });

  it('moves no champion that changed meanwhile', async () => {
    const run = await world();
    await run.ledger.point(championSchema, keys.champion(MODEL), () => ({
      model: MODEL,
      n: 1,
      run: '20010131-aaaaaaaaaa',
      definitionDigest: 'd',
      inputDigest: 'i',
      modelName: 'm',
      modelPackageArn: 'arn',
      endpointName: 'e',
      endpointConfigName: 'c',
      trainedBefore: null,
      since: NOW.toISOString(),
    }));

    await expect(run.wake()).rejects.toThrow(ConflictError);

    expect(await run.champion()).toMatchObject({ run: '20010131-aaaaaaaaaa' });
    expect(run.told).toEqual([]);
  });
});

describe('a rollout that does not hold', () => {
  it('is not believed for `InService`: what is served is compared with what was asked for', async () => {
    const run = await world({ kind: 'update', how: 'rolled back', reason: 'image could not be pulled' });

    const outcome = await run.wake();

    expect(outcome).toEqual({ outcome: 'rolled-back' });
    expect(run.probed).toEqual([]);
    expect(await run.champion()).toMatchObject({ run: CHAMPION_RUN });
    expect(await run.approval()).toBe('Rejected');
    expect(await run.end()).toMatchObject({
      outcome: 'rolled-back',
      reason: `the endpoint came back in service on ${OLD_CONFIG}: image could not be pulled`,
    });
    expect(await run.runEnd()).toMatchObject({ end: 'rolled-back' });
    expect(run.types()).toEqual(['DeploymentRolledBack.v1', 'RunEnded.v1']);
    expect(run.sageMaker.effects).toEqual([`update package ${run.modelPackageArn} to Rejected`]);
  });

  it('by failing to be created deletes the endpoint, which could never be updated', async () => {
    const run = await world({ how: 'failed', reason: 'no capacity' });

    const outcome = await run.wake();

    expect(outcome).toEqual({ outcome: 'failed' });
    expect(await run.end()).toMatchObject({ outcome: 'failed', reason: 'no capacity' });
    expect(await run.sageMaker.describe('endpoint', ENDPOINT)).toBeUndefined();
    expect(await run.champion()).toBeUndefined();
  });

  it('by being deleted by somebody is said to be gone', async () => {
    const run = await world();
    await run.sageMaker.deleteEndpoint(ENDPOINT);
    // Straight after it was made it may only not be seen yet.
    expect(await run.wake()).toEqual({ outcome: 'unseen' });

    expect(await run.wake(DAYS_LATER)).toEqual({ outcome: 'failed' });

    expect(await run.end()).toMatchObject({ reason: 'the endpoint is gone' });
  });

  const wrong = { ok: false, reason: '3 of 20 golden rows were not answered as the candidate did' };

  it('by answering wrongly puts the old configuration back', async () => {
    const run = await world({ kind: 'update', probe: wrong });

    const outcome = await run.wake();

    expect(outcome).toEqual({ outcome: 'rolled-back' });
    expect(run.sageMaker.effects).toContain(`update endpoint ${ENDPOINT} to ${OLD_CONFIG}`);
    expect(await run.champion()).toMatchObject({ run: CHAMPION_RUN });
    expect(await run.end()).toMatchObject({ reason: wrong.reason });
  });

  it('by answering wrongly on a new endpoint deletes it: nobody asks it, and it costs', async () => {
    const run = await world({ probe: wrong });

    expect(await run.wake()).toEqual({ outcome: 'rolled-back' });

    expect(await run.sageMaker.describe('endpoint', ENDPOINT)).toBeUndefined();
  });
});

describe('a rollout that bakes', () => {
  const baking = async (mood: 'baking' | 'mismatch' = 'baking') => {
    const run = await world({ kind: 'update', how: 'under way' });
    const variant = { VariantName: 'main', VariantStatus: [{ Status: 'Baking' }] };
    run.sageMaker.set('endpoint', ENDPOINT, {
      PendingDeploymentSummary: { EndpointConfigName: CONFIG, ProductionVariants: [variant] },
    });
    run.answers.baking = mood;
    return run;
  };

  it.each(['baking', 'mismatch'] as const)('is asked, and nothing is decided by that: %s', async (mood) => {
    const run = await baking(mood);
    const before = await run.state();

    expect(await run.wake()).toEqual({ outcome: mood });

    expect(run.baked).toHaveLength(1);
    expect(run.probed).toEqual([]);
    expect(await run.state()).toEqual(before);
  });

  it('is not asked before the new fleet takes traffic', async () => {
    const run = await world({ kind: 'update', how: 'under way' });

    expect(await run.wake()).toEqual({ outcome: 'running' });

    expect(run.baked).toEqual([]);
  });

  it('and is turned back says what was seen', async () => {
    const run = await world({ kind: 'update', how: 'rolled back', reason: 'the alarm a is in ALARM' });
    await run.ledger.record(deploymentMismatchSchema, keys.deploymentMismatch(MODEL, 1), {
      model: MODEL,
      n: 1,
      wrong: 3,
      asked: 7,
      reason: 'refused: out of order',
      seenAt: NOW.toISOString(),
    });

    await run.wake();

    expect((await run.end())?.reason).toBe(
      `the endpoint came back in service on ${OLD_CONFIG}: the alarm a is in ALARM; while it baked, 3 of 7 requests of golden rows were refused: out of order`,
    );
  });

  it('for longer than SageMaker lets a rollout take is ended and told', async () => {
    const run = await baking();
    const hours = (count: number) => new Date(NOW.getTime() + count * 3_600_000);

    expect(await run.wake(hours(8))).toEqual({ outcome: 'baking' });
    expect(await run.wake(hours(10))).toEqual({ outcome: 'failed' });

    expect((await run.end())?.reason).toMatch(/is Updating after 10 hours, longer than SageMaker lets a rollout take/);
    expect(run.types()).toEqual(['DeploymentRolledBack.v1', 'RunEnded.v1']);
    expect(await run.approval()).toBe('Rejected');
  });
});

describe('a rollout that was taken back', () => {
  it('is taken back again where the endpoint serves it after all', async () => {
    const run = await world({ kind: 'update', probe: { ok: false, reason: 'wrong' } });
    await run.wake();
    // The update that was to put the old configuration back failed, silently as any other.
    run.sageMaker.settle(ENDPOINT, 'rolled back');
    run.sageMaker.effects.length = 0;

    expect(await run.wake(DAYS_LATER)).toEqual({ outcome: 'taken_back_again' });

    expect(run.sageMaker.effects).toEqual([`update endpoint ${ENDPOINT} to ${OLD_CONFIG}`]);
  });
});

describe('a champion of the past that is put back', () => {
  const rollback = { reason: 'it answers badly' };

  it('becomes champion once more, and no run of long ago is ended', async () => {
    const run = await world({ kind: 'update', rollback });

    expect(await run.wake()).toEqual({ outcome: 'deployed' });

    expect(await run.champion()).toMatchObject({ n: 2, run: RUN });
    expect(run.told).toMatchObject([{ type: 'ModelDeployed.v1', data: { rollback: rollback.reason } }]);
  });

  it('and does not answer as it did leaves the other in service, and keeps its version', async () => {
    const run = await world({ kind: 'update', rollback, probe: { ok: false, reason: 'wrong' } });

    expect(await run.wake()).toEqual({ outcome: 'rolled-back' });

    expect(await run.approval()).toBe('Approved');
    expect(run.types()).toEqual(['DeploymentRolledBack.v1']);
    expect(run.sageMaker.effects).toEqual([`update endpoint ${ENDPOINT} to ${OLD_CONFIG}`]);
  });
});

describe('a champion', () => {
  it('is watched from its first moment: a heartbeat, then the alarms', async () => {
    const run = await world();

    await run.wake();

    expect(run.cloudWatch.published).toMatchObject([{ name: 'Heartbeat', value: 1, at: NOW }]);
    expect([...run.cloudWatch.standing.keys()].sort()).toEqual(watchAlarmNames(STAGE, MODEL).sort());
    expect(run.cloudWatch.standing.get(`mr-dev-${MODEL}-watch-silence`)).toMatchObject({
      AlarmActions: ['arn:notices'],
    });
    expect(await run.champion()).not.toHaveProperty('predictCaptures');
    const { widgets } = JSON.parse(run.cloudWatch.shown.get(`mr-${STAGE}-${MODEL}`) ?? '{}');
    expect(widgets).toHaveLength(6);
    expect(widgets[0].properties.metrics[0]).toContain(ENDPOINT);
  });
});

describe('an endpoint that is asked with the golden rows', () => {
  const asked = async (error: Error) => {
    const run = await world({ kind: 'update', probe: null });
    await run.golden();
    run.sageMaker.refuse('invoke', error);
    return run;
  };

  it('and refuses them is rolled back, and the old configuration put back', async () => {
    const run = await asked(new RefusedError('the container answered 500'));

    const outcome = await run.wake();

    expect(outcome).toEqual({ outcome: 'rolled-back' });
    expect(run.sageMaker.effects).toContain(`update endpoint ${ENDPOINT} to ${OLD_CONFIG}`);
    expect(await run.champion()).toMatchObject({ run: CHAMPION_RUN });
    expect(await run.end()).toMatchObject({
      outcome: 'rolled-back',
      reason: 'the endpoint does not answer the golden rows: the container answered 500',
    });
    expect(run.types()).toEqual(['DeploymentRolledBack.v1', 'RunEnded.v1']);
  });

  it('and is slow is asked again, and nothing is said until it answers', async () => {
    const run = await asked(new DependencyError('ThrottlingException'));
    const before = await run.state();

    await expect(run.wake()).rejects.toThrow(DependencyError);

    expect(await run.state()).toEqual(before);
    run.sageMaker.refuse('invoke', undefined);
    run.sageMaker.answer = () => '0.25\n0.5\n0.75';
    expect(await run.wake(DAYS_LATER)).toEqual({ outcome: 'deployed' });
  });
});

const cases = [
  ['deployed', {}, 11],
  ['deployed by an update', { kind: 'update' as const }, 11],
  ['rolled back by SageMaker', { kind: 'update' as const, how: 'rolled back' as const }, 7],
  ['rolled back by the probe', { kind: 'update' as const, probe: { ok: false, reason: 'wrong' } }, 8],
  ['failed', { how: 'failed' as const }, 8],
] as const;

describe('the same event about an endpoint', () => {
  it.each(cases)('changes nothing when it comes again, at once or days later: %s', async (_what, settings) => {
    const run = await world(settings);
    await run.wake();
    const [before, effects, told] = [await run.state(), [...run.sageMaker.effects], run.told.length];

    expect(await run.wake()).toEqual({ outcome: 'over' });
    expect(await run.wake(DAYS_LATER)).toEqual({ outcome: 'over' });

    expect(await run.state()).toEqual(before);
    expect(run.sageMaker.effects).toEqual(effects);
    expect(run.told).toHaveLength(told);
  });

  it.each(cases)('comes to the same after a crash at any effect: %s', async (_what, settings, expected) => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await world(settings);
      return { wake: (through) => run.wake(NOW, ENDPOINT, through), state: run.state };
    });

    expect(effects).toBe(expected);
  });

  it('goes on with what was found, whatever the endpoint answers after a crash', async () => {
    const run = await world();
    const crash = {
      effects: () => 0,
      guard: <T>(effect: () => Promise<T>) => effect().then(() => Promise.reject(new Error('crash'))),
    };
    await expect(run.wake(NOW, ENDPOINT, crash)).rejects.toThrow('crash');
    run.answers.probe = { ok: false, reason: 'wrong' };

    expect(await run.wake(DAYS_LATER)).toEqual({ outcome: 'deployed' });

    expect(await run.champion()).toMatchObject({ run: RUN });
  });

  it('says nothing of a rollout that was not sent yet, however well the endpoint is', async () => {
    const run = await world({ kind: 'update', how: 'rolled back', started: false });

    expect(await run.wake()).toEqual({ outcome: 'not_sent' });

    expect(await run.approval()).toBe('Approved');
    expect(await run.end()).toBeUndefined();
  });

  it('knows by what the endpoint serves that a rollout was sent, though a crash came before that was recorded', async () => {
    const run = await world({ kind: 'update', started: false });

    expect(await run.wake()).toEqual({ outcome: 'deployed' });

    expect(await run.champion()).toMatchObject({ run: RUN });
  });

  it('says nothing while the endpoint is on its way', async () => {
    const run = await world({ how: 'under way' });
    const before = await run.state();

    expect(await run.wake()).toEqual({ outcome: 'running' });

    expect(await run.state()).toEqual(before);
  });

  it('is left alone where the endpoint is another stage’s, or nothing was asked of it', async () => {
    const run = await world();

    expect(await run.wake(NOW, `mr-prod-${MODEL}-abcdef`)).toEqual({ outcome: 'not_ours' });
    expect(await run.wake(NOW, `mr-dev-${MODEL}-abcdef`)).toEqual({ outcome: 'nothing_asked' });
  });
});

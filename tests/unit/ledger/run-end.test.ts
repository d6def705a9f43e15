import { describe, expect, it } from 'vitest';
import { rolloutsOf } from '../../../shared/ledger/deployments.ts';
import { runEndSchema, slotSchema } from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { endRun } from '../../../shared/ledger/run-end.ts';
import { canReach, NEXT, RUN_ENDS, type RunFacts, type RunState, stateOf } from '../../../shared/ledger/run-states.ts';
import fc from '../../fast-check.ts';
import { loopWorld, MODEL, NOW, RUN } from '../steps/loop-world.ts';

const end = (some: { run?: string; reason?: string; endedAt?: string } = {}) => ({
  model: MODEL,
  run: RUN,
  end: 'failed' as const,
  reason: 'the container said so',
  endedAt: NOW.toISOString(),
  ...some,
});

const inFlight = async () => {
  const loop = loopWorld();
  await loop.planned(await loop.publish());
  return { ...loop, slot: () => loop.ledger.read(slotSchema, keys.slot(MODEL)) };
};

describe('ending a run', () => {
  it('writes the end and frees the slot, which remembers the run', async () => {
    const run = await inFlight();

    await endRun(run.ledger, end());

    expect(await run.ledger.read(runEndSchema, keys.end(MODEL, RUN))).toEqual(end());
    expect(await run.slot()).toMatchObject({
      flight: null,
      history: [{ run: RUN, endedAt: NOW.toISOString(), end: 'failed' }],
    });
  });

  it('lets the first end stand', async () => {
    const run = await inFlight();
    await endRun(run.ledger, end());
    const before = await run.state();

    expect(await endRun(run.ledger, end({ reason: 'another', endedAt: '2001-03-01T00:00:00.000Z' }))).toEqual(end());

    expect(await run.state()).toEqual(before);
  });

  it('leaves the slot to another run that has it', async () => {
    const run = await inFlight();
    const before = await run.slot();

    await endRun(run.ledger, end({ run: '20010131-aaaaaaaaaa' }));

    expect(await run.slot()).toEqual(before);
  });

  it('forgets runs that no budget period can count any more', async () => {
    const run = await inFlight();
    const ago = (days: number) => ({
      run: `run-${days}`,
      startedAt: new Date(NOW.getTime() - days * 86_400_000).toISOString(),
      endedAt: null,
      end: null,
    });
    await run.ledger.point(slotSchema, keys.slot(MODEL), (slot) =>
      slot ? { ...slot, history: [ago(367), ago(366), ...slot.history] } : undefined,
    );

    await endRun(run.ledger, end());

    expect((await run.slot()).history.map((one) => one.run)).toEqual(['run-366', RUN]);
  });
});

describe('the state of a run', () => {
  const facts: fc.Arbitrary<RunFacts> = fc.record({
    prepared: fc.boolean(),
    attempts: fc.nat(3),
    trained: fc.boolean(),
    evaluated: fc.boolean(),
    decided: fc.constantFrom(undefined, 'promote' as const, 'hold' as const, 'reject' as const),
    end: fc.constantFrom(undefined, ...RUN_ENDS),
  });
  const none: RunFacts = {
    prepared: false,
    attempts: 0,
    trained: false,
    evaluated: false,
    decided: undefined,
    end: undefined,
  };

  it('moves on legally with each fact a step adds', () => {
    const steps: Partial<RunFacts>[] = [
      {},
      { prepared: true },
      { attempts: 1 },
      { trained: true },
      { evaluated: true },
      { decided: 'promote' },
      { end: 'promoted' },
    ];
    let known = none;
    const states = steps.map((fact) => {
      known = { ...known, ...fact };
      return stateOf(known);
    });

    expect(states).toEqual(['planned', 'preparing', 'training', 'evaluating', 'deciding', 'deploying', 'promoted']);
    for (const [index, state] of states.entries()) expect(canReach('planned', state), `${index}`).toBe(true);
  });

  it('is the end, whatever else is known, and nothing follows an end', () => {
    fc.assert(
      fc.property(facts, (known) => {
        const state = stateOf(known);
        if (known.end) expect(state).toBe(known.end);
        else expect(NEXT[state].length).toBeGreaterThan(0);
      }),
    );
    for (const over of RUN_ENDS) expect(NEXT[over]).toEqual([]);
  });

  it('goes no way back', () => {
    const states = Object.keys(NEXT) as RunState[];
    for (const from of states) {
      for (const to of states) if (from !== to && canReach(from, to)) expect(canReach(to, from)).toBe(false);
    }
  });
});

describe('the rollouts of a model', () => {
  it('are told by number, with how far each has come, beyond nine', async () => {
    const loop = loopWorld();
    for (const n of [10, 2, 1]) {
      await loop.store.put(
        keys.deployment(MODEL, n),
        JSON.stringify({
          model: MODEL,
          n,
          run: RUN,
          kind: 'create',
          endpointName: 'e',
          endpointConfigName: 'c',
          modelName: 'm',
          modelPackageArn: 'arn',
          inputDigest: 'i',
          definitionDigest: 'd',
          replaces: null,
          trigger: 't',
          decidedAt: NOW.toISOString(),
        }),
      );
    }
    await loop.store.put(keys.deploymentStarted(MODEL, 1), '{}');
    await loop.store.put(keys.deploymentVerdict(MODEL, 1), '{}');
    await loop.store.put(keys.deploymentEnd(MODEL, 1), '{}');
    await loop.store.put(keys.deploymentStarted(MODEL, 2), '{}');

    const rollouts = await rolloutsOf(loop.ledger, MODEL);

    expect(rollouts.map(({ deployment, started, ended }) => [deployment.n, started, ended])).toEqual([
      [1, true, true],
      [2, true, false],
      [10, false, false],
    ]);
  });
});

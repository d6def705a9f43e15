import { describe, expect, it } from 'vitest';

import { bakeProbe } from '../../../functions/track-endpoint/bake-probe.ts';
import { DependencyError, RefusedError } from '../../../shared/errors.ts';
import { goldenSchema } from '../../../shared/evaluation/golden.ts';
import { type Deployment, deploymentMismatchSchema } from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { CHAMPION_RUN, loopWorld, MODEL, NOW, ROLLOUT, RUN, STAGE } from './loop-world.ts';

const ENDPOINT = 'the-endpoint';
const NEW = '0.25\n0.5\n0.75\n';
const OLD = '0.3\n0.4\n0.9\n';

const BAKING: Deployment = {
  ...ROLLOUT,
  kind: 'update',
  replaces: { run: CHAMPION_RUN, endpointName: ENDPOINT, endpointConfigName: 'old' },
  rollout: {
    type: 'canary',
    instances: 1,
    of: 2,
    waitSeconds: 600,
    requestsPerHour: null,
    probability: null,
    says: '',
    latencyLimitMs: 5000,
    alarms: ['an-alarm'],
  },
};

/** @param lines The gate rows as the champion reads them; those of the candidate are `row,10 x row`. */
const world = async (answers: readonly string[], lines = ['0,0', '1,10', '2,20'], championRun = CHAMPION_RUN) => {
  const loop = loopWorld();
  await loop.prepared({ gateChampion: true });
  await loop.store.put(`${keys.splitData(MODEL, RUN, 'gate')}part-00000.csv`, '0,0\n1,10\n2,20\n');
  await loop.store.put(`${keys.splitData(MODEL, RUN, 'gate-champion')}part-00000.csv`, `${lines.join('\n')}\n`);
  await loop.ledger.record(goldenSchema, keys.golden(MODEL, RUN), {
    model: MODEL,
    run: RUN,
    championRun,
    rows: [
      { part: 0, ordinal: 0, candidate: 0.25, champion: 0.3 },
      { part: 0, ordinal: 1, candidate: 0.5, champion: 0.4 },
      { part: 0, ordinal: 2, candidate: 0.75, champion: 0.9 },
    ],
  });
  await loop.endpoint(ENDPOINT, 'old');
  let asked = 0;
  loop.sageMaker.answer = () => {
    asked += 1;
    return answers[(asked - 1) % answers.length] ?? '';
  };
  const { ledger, store, sageMaker, cloudWatch } = loop;
  const probe = (deployment = BAKING) =>
    bakeProbe({ ledger, store, sageMaker, publish: cloudWatch.publish, stage: STAGE })(deployment, NOW);
  return {
    ...loop,
    probe,
    mismatch: () => loop.ledger.find(deploymentMismatchSchema, keys.deploymentMismatch(MODEL, ROLLOUT.n)),
  };
};

describe('a rollout that bakes', () => {
  it('is asked often enough to meet the new fleet, and believed for answers of either model', async () => {
    const run = await world([OLD, NEW]);

    expect(await run.probe()).toEqual({ outcome: 'baking' });

    expect(run.sageMaker.asked).toHaveLength(7);
    expect(run.sageMaker.asked[0]).toEqual({
      endpointName: ENDPOINT,
      csv: '0,0\n1,10\n2,20',
      inferenceId: `probe-${RUN}-${ROLLOUT.n}-bake-0`,
    });
    expect(run.cloudWatch.published).toEqual([
      { name: 'ProbeMismatch', value: 0, unit: 'Count', dimensions: { Stage: STAGE, Model: MODEL }, at: NOW },
    ]);
    expect(await run.mismatch()).toBeUndefined();
  });

  it.each([
    ['of a third model', '0.25\n0.5\n0.76'],
    ['that mix both models in one request', '0.25\n0.4\n0.75'],
    ['that are too few', '0.25\n0.5'],
    ['that are no numbers', 'sorry'],
  ])('is not believed for answers %s', async (_what, answer) => {
    const run = await world([OLD, answer]);

    expect(await run.probe()).toEqual({ outcome: 'mismatch' });

    expect(run.cloudWatch.published).toMatchObject([{ name: 'ProbeMismatch', value: 3 }]);
    expect(await run.mismatch()).toMatchObject({ wrong: 3, asked: 7, seenAt: NOW.toISOString() });
  });

  it('leaves refusals to the alarm that knows which fleet refused, and remembers what was said', async () => {
    const run = await world([NEW]);
    run.sageMaker.refuse('invoke', new RefusedError('the container answered 500'));

    expect(await run.probe()).toEqual({ outcome: 'baking_refused' });

    expect(run.cloudWatch.published).toMatchObject([{ value: 0 }]);
    expect(await run.mismatch()).toMatchObject({ wrong: 7, reason: 'refused: the container answered 500' });
  });

  it('is asked again where the endpoint is slow: that shows nothing of its model', async () => {
    const run = await world([NEW]);
    run.sageMaker.refuse('invoke', new DependencyError('ThrottlingException'));

    await expect(run.probe()).rejects.toThrow(DependencyError);

    expect(run.cloudWatch.published).toEqual([]);
  });

  it('is asked only with rows that both models read alike', async () => {
    // The champion's dictionary does not have the category of the second row.
    const run = await world(['0.25\n0.75'], ['0,0', ',10', '2,20']);

    expect(await run.probe()).toEqual({ outcome: 'baking' });

    expect(run.sageMaker.asked[0]?.csv).toBe('0,0\n2,20');
  });

  it.each([
    ['no row is read alike', ['', '', ''], CHAMPION_RUN, BAKING],
    ['the scores are another champion’s', ['0,0', '1,10', '2,20'], '20001224-0f0f0f0f0f', BAKING],
    ['there is no old fleet', ['0,0', '1,10', '2,20'], CHAMPION_RUN, { ...BAKING, replaces: null }],
  ])('is not asked, and that is said, where %s', async (_what, lines, championRun, deployment) => {
    const run = await world([NEW], lines, championRun);

    expect(await run.probe(deployment)).toEqual({ outcome: 'baking_unprobed' });

    expect(run.sageMaker.asked).toEqual([]);
    expect(run.cloudWatch.published).toEqual([]);
  });
});

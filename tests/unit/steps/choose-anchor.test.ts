import { describe, expect, it } from 'vitest';

import { bestServed, chooseAnchor, type Served } from '../../../functions/plan-run/choose-anchor.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { loopWorld, MODEL } from './loop-world.ts';

const DAY_MS = 86_400_000;

/** Models that served, newest first, by what each gained over the one before it; null where they were not compared. */
const served = (...gains: readonly (number | null)[]): Served[] =>
  gains.map((gain, age) => ({
    run: `run-${age}`,
    modelName: `model-${age}`,
    untilMs: age === 0 ? null : -age * DAY_MS,
    against: gain === null ? null : { run: `run-${age + 1}`, metric: 'roc_auc', gain },
  }));

describe('the best model of the past', () => {
  it('is the one before many small losses', () => {
    const best = bestServed(served(-0.004, -0.004, -0.004, 0.02, null), 'roc_auc', Number.NEGATIVE_INFINITY);

    expect(best?.run).toBe('run-3');
  });

  it('is nobody where the one in service is the best, and of equal ones the one in service', () => {
    expect(bestServed(served(0.01, -0.005, null), 'roc_auc', Number.NEGATIVE_INFINITY)).toBeNull();
    expect(bestServed(served(0, 0, null), 'roc_auc', Number.NEGATIVE_INFINITY)).toBeNull();
    expect(bestServed([], 'roc_auc', Number.NEGATIVE_INFINITY)).toBeNull();
  });

  it('is not looked for before the configured past', () => {
    const all = served(-0.004, -0.004, -0.004, null);

    expect(bestServed(all, 'roc_auc', -2 * DAY_MS)?.run).toBe('run-2');
    expect(bestServed(all, 'roc_auc', -DAY_MS / 2)).toBeNull();
  });

  it('is not looked for beyond neighbours that were not compared, or by another metric', () => {
    const [first, second, ...others] = served(-0.004, -0.004, -0.004, null);
    if (first === undefined || second === undefined) throw new Error('two are there');

    expect(bestServed([first, { ...second, against: null }, ...others], 'roc_auc', -9 * DAY_MS)?.run).toBe('run-1');
    expect(bestServed(served(-0.004, null), 'average_precision', -9 * DAY_MS)).toBeNull();
    // A rollback put an older one back: what it was compared with is not what came before it.
    expect(
      bestServed(
        [{ ...first, against: { run: 'run-7', metric: 'roc_auc', gain: -1 } }, second],
        'roc_auc',
        -9 * DAY_MS,
      ),
    ).toBeNull();
  });
});

describe('the anchor of a run', () => {
  it('is read from the champions and what their evaluations found', async () => {
    const world = loopWorld();
    const champion = (n: number) =>
      world.champion({ n, run: `2001010${n}-0000000000`, modelName: `m${n}`, since: `2001-01-0${n}T00:00:00.000Z` });
    await champion(1);
    await champion(2);
    const current = await champion(3);
    for (const [n, gain] of [
      [2, -0.004],
      [3, -0.003],
    ] as const) {
      const evaluation = {
        champion: { run: `2001010${n - 1}-0000000000` },
        againstChampion: { metric: 'roc_auc', gain },
      };
      await world.store.put(keys.evaluation(MODEL, `2001010${n}-0000000000`), JSON.stringify(evaluation));
    }
    const wanted = { metric: 'roc_auc', sinceMs: 0 };

    expect(await chooseAnchor(world.ledger, MODEL, current, wanted)).toEqual({
      run: '20010101-0000000000',
      modelName: 'm1',
    });
    expect(
      await chooseAnchor(world.ledger, MODEL, current, { ...wanted, sinceMs: Date.parse('2001-01-02T12:00:00Z') }),
    ).toEqual({ run: '20010102-0000000000', modelName: 'm2' });
    expect(await chooseAnchor(world.ledger, MODEL, undefined, wanted)).toBeNull();
  });
});

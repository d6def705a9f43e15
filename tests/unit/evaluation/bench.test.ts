import { describe, expect, it } from 'vitest';

import { hasScikitLearn, run, scikitLearn, timeOurs } from '../../../bench/evaluation.ts';
import { scoredRows } from '../../../bench/scored-rows.ts';
import { timeJudgement } from '../../../bench/whole-judgement.ts';
import { expectFigures } from './vectors.ts';

describe('the benchmark of the evaluation', () => {
  it('compares the same figures of the same rows', async () => {
    const rows = scoredRows(5_000);
    const ours = timeOurs(rows);
    expect(run).toBeTypeOf('function');
    if (!hasScikitLearn()) {
      console.info('scikit-learn is not here; only our own side of the benchmark was run');
      return;
    }
    const peer = await scikitLearn(rows);
    const theirs = await peer.measure();
    await peer.close();

    expectFigures(theirs.figures, ours.figures, { abs: 1e-12, rel: 1e-12 });
    expect(theirs.seconds).toBeGreaterThan(0);
  });

  it('judges candidate and champion whole: twenty slices, days that move together, an interval for each figure', () => {
    const { evaluation, seconds } = timeJudgement(scoredRows(20_000));

    expect(evaluation.champion?.outcome).toBe('scored');
    expect(evaluation.slices).toHaveLength(20);
    expect(evaluation.cluster?.clusters).toBe(100);
    expect(evaluation.againstChampion?.lower).toBeTypeOf('number');
    expect(seconds).toBeGreaterThan(0);
  });
});

import { describe, expect, it } from 'vitest';

import { evaluateModel } from '../../../functions/evaluate-model/evaluate-model.ts';
import type { ReadGateRows } from '../../../functions/evaluate-model/read-gate-rows.ts';
import { evaluationSchema } from '../../../shared/evaluation/evaluation.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { CANDIDATE_JOB, CHAMPION_RUN, gateRowsOf, MODEL, RUN, scoredRun, woken } from './scored-run.ts';

const readGateRows: ReadGateRows = async (wanted) => gateRowsOf(wanted, (row) => row % 2);

const evaluated = async () => {
  const run = await scoredRun();
  const evaluate = evaluateModel({ ...run, readGateRows, stage: 'dev' });
  return { ...run, evaluate: () => evaluate(woken({ name: CANDIDATE_JOB })) };
};

describe("the champion's figures", () => {
  it('are those of the same rows now, whatever is stored of it', async () => {
    const before = await evaluated();
    await before.evaluate();
    const like = await before.ledger.read(evaluationSchema, keys.evaluation(MODEL, RUN));
    const run = await evaluated();
    await run.ledger.record(evaluationSchema, keys.evaluation(MODEL, CHAMPION_RUN), {
      ...like,
      run: CHAMPION_RUN,
      candidate: { ...like.candidate, run: CHAMPION_RUN },
      champion: null,
      againstChampion: null,
    });

    await run.evaluate();

    // What is stored of it is the candidate's perfect ranking.
    expect(like.candidate).toMatchObject({ figures: { roc_auc: 1 } });
    expect(await run.ledger.read(evaluationSchema, keys.evaluation(MODEL, RUN))).toMatchObject({
      champion: { outcome: 'scored', run: CHAMPION_RUN, figures: { roc_auc: 0.75 } },
    });
  });
});

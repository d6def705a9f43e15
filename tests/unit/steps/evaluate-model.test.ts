import { describe, expect, it } from 'vitest';

import { evaluateModel } from '../../../functions/evaluate-model/evaluate-model.ts';
import { NotFoundError } from '../../../shared/errors.ts';
import { evaluationSchema } from '../../../shared/evaluation/evaluation.ts';
import { goldenSchema } from '../../../shared/evaluation/golden.ts';
import { runEndSchema, slotSchema } from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { CANDIDATE_JOB, CHAMPION_JOB, CHAMPION_RUN, MODEL, NOW, RUN, scoredRun, woken } from './scored-run.ts';

const LABELS = new Map([
  ['part-00000.parquet', [0, 1]],
  ['part-00001.parquet', [0, 1]],
]);

const world = async (...settings: Parameters<typeof scoredRun>) => {
  const run = await scoredRun(...settings);
  const readLabels = async (rowsKeys: readonly string[]) =>
    Float64Array.from(rowsKeys.flatMap((key) => LABELS.get(key.slice(key.lastIndexOf('/') + 1)) ?? []));
  const evaluate = evaluateModel({ ...run, readLabels, stage: 'dev' });
  return { ...run, evaluate: (name = CANDIDATE_JOB) => evaluate(woken({ name })) };
};

const found = async ({ ledger }: Awaited<ReturnType<typeof world>>) =>
  ledger.find(evaluationSchema, keys.evaluation(MODEL, RUN));

describe('evaluating a model', () => {
  it('measures both models once both are scored, keeps golden rows and tells it', async () => {
    const run = await world();

    const outcome = await run.evaluate();

    expect(outcome).toEqual({ outcome: 'evaluated' });
    expect(await found(run)).toMatchObject({
      rows: 4,
      candidate: { outcome: 'scored', run: RUN, figures: { roc_auc: 1 } },
      champion: { outcome: 'scored', run: CHAMPION_RUN, figures: { roc_auc: 0.75 } },
    });
    const golden = await run.ledger.read(goldenSchema, keys.golden(MODEL, RUN));
    expect(golden.rows).toContainEqual({ part: 1, ordinal: 0, candidate: 0.3, champion: 0.7 });
    expect(run.told).toEqual([
      { type: 'ModelEvaluated.v1', about: `${MODEL}/${RUN}`, data: { model: MODEL, run: RUN } },
    ]);
  });

  it('changes nothing when the event comes again, for either job, and tells the same', async () => {
    const run = await world();
    await run.evaluate();
    const before = await run.contents();

    const outcomes = [await run.evaluate(), await run.evaluate(CHAMPION_JOB)];

    expect(outcomes).toEqual([{ outcome: 'existed' }, { outcome: 'existed' }]);
    expect(await run.contents()).toEqual(before);
    expect(new Set(run.told.map(({ type, about }) => `${type} ${about}`)).size).toBe(1);
  });

  it('keeps the first evaluation where the scores change under it', async () => {
    const run = await world();
    await run.evaluate();
    await run.store.put(`${keys.scores(MODEL, RUN, 'cand')}data/part-00000.csv.out`, '0.9\n0.1\n');

    await run.evaluate();

    expect(await found(run)).toMatchObject({ candidate: { figures: { roc_auc: 1 } } });
  });

  it('waits while one of the jobs is running, whatever the event says', async () => {
    const run = await world();
    run.jobs.set(CHAMPION_JOB, { TransformJobStatus: 'InProgress' });

    const outcome = await run.evaluate();

    expect(outcome).toEqual({ outcome: 'waiting' });
    expect(await found(run)).toBeUndefined();
    expect(run.told).toEqual([]);
  });

  it('ends the run in the words of SageMaker where the candidate cannot be scored', async () => {
    const run = await world();
    run.jobs.set(CANDIDATE_JOB, { TransformJobStatus: 'Failed', FailureReason: 'AlgorithmError: no model' });
    run.jobs.set(CHAMPION_JOB, { TransformJobStatus: 'InProgress' });

    const outcomes = [await run.evaluate(), await run.evaluate()];

    expect(outcomes).toEqual([{ outcome: 'failed' }, { outcome: 'over' }]);
    expect(await run.ledger.read(runEndSchema, keys.end(MODEL, RUN))).toMatchObject({
      end: 'failed',
      reason: 'the candidate could not be scored: AlgorithmError: no model',
    });
    expect(await run.ledger.read(slotSchema, keys.slot(MODEL))).toMatchObject({ flight: null });
    expect(new Set(run.told.map(({ type, about }) => `${type} ${about}`))).toEqual(
      new Set([`RunEnded.v1 ${MODEL}/${RUN}`]),
    );
  });

  it('releases the slot of a run whose end a crash kept from releasing it, and tells the end', async () => {
    const run = await world();
    const end = { model: MODEL, run: RUN, end: 'failed' as const, reason: 'broken', endedAt: NOW.toISOString() };
    await run.ledger.record(runEndSchema, keys.end(MODEL, RUN), end);

    const outcome = await run.evaluate();

    expect(outcome).toEqual({ outcome: 'over' });
    expect(await run.ledger.read(slotSchema, keys.slot(MODEL))).toMatchObject({ flight: null });
    expect(run.told).toMatchObject([{ type: 'RunEnded.v1', data: { end: 'failed', reason: 'broken' } }]);
  });

  it('goes on without the scores of a champion that cannot be scored, and says why', async () => {
    const run = await world();
    run.jobs.set(CHAMPION_JOB, { TransformJobStatus: 'Failed', FailureReason: 'ClientError: gone' });

    await run.evaluate();

    expect(await found(run)).toMatchObject({
      candidate: { outcome: 'scored' },
      champion: { outcome: 'refused', run: CHAMPION_RUN, message: 'ClientError: gone' },
    });
  });

  it('compares with nobody where no model was in service, or its label meant something else', async () => {
    const [first, relabelled] = [await world({ champion: false }), await world({ comparable: false })];

    await first.evaluate();
    await relabelled.evaluate();

    expect((await found(first))?.champion).toBeNull();
    expect((await found(relabelled))?.champion).toEqual({
      outcome: 'not_comparable',
      run: CHAMPION_RUN,
      message: 'the label was delay > 30',
    });
  });

  it.each([
    ['a part is missing', ['0.1\n0.8\n'], 'missing_rows'],
    ['a row is missing', ['0.1\n0.8\n', '0.3\n'], 'missing_rows'],
    ['there is a row too many', ['0.1\n0.8\n', '0.3\n0.6\n0.5\n'], 'extra_rows'],
    ['there is a part too many', ['0.1\n0.8\n', '0.3\n0.6\n', '0.5\n'], 'extra_rows'],
    ['one is not a number', ['0.1\n0.8\n', '0.3\nnan\n'], 'not_a_number'],
    ['one is no probability', ['0.1\n0.8\n', '0.3\n-2.5\n'], 'out_of_range'],
  ])('refuses the scores of a candidate where %s', async (_what, cand, code) => {
    const run = await world({ scores: { cand, champ: ['0.1\n0.8\n', '0.7\n0.6\n'] } });

    await run.evaluate();

    expect(await found(run)).toMatchObject({
      candidate: { outcome: 'refused', code },
      champion: { outcome: 'scored' },
    });
  });

  it('refuses a part that is there twice', async () => {
    const run = await world();
    await run.store.put(`${keys.scores(MODEL, RUN, 'cand')}part-00000.csv.out`, '0.9\n0.1\n');

    await run.evaluate();

    expect(await found(run)).toMatchObject({ candidate: { outcome: 'refused', code: 'extra_rows' } });
  });

  it('is tried again where the event is earlier than the fact or the job', async () => {
    const run = await world();
    run.jobs.delete(CHAMPION_JOB);

    await expect(run.evaluate()).rejects.toThrow(NotFoundError);
    await expect(run.evaluate(`mr-dev-${MODEL}-20010126-ffffffffff-cand`)).rejects.toThrow(NotFoundError);
  });

  it("leaves other people's jobs alone", async () => {
    const run = await world();

    expect(await run.evaluate('somebody-elses-job')).toEqual({ outcome: 'not_ours' });
  });
});

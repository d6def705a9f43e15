import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';

import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { evaluateModel } from '../../../functions/evaluate-model/evaluate-model.ts';
import { featureImportance } from '../../../functions/evaluate-model/feature-importance.ts';
import {
  GateRowsError,
  type GateRowsWanted,
  type ReadGateRows,
} from '../../../functions/evaluate-model/read-gate-rows.ts';
import { runInputSchema } from '../../../shared/data/run-input.ts';
import { NotFoundError } from '../../../shared/errors.ts';
import { circumstancesSchema } from '../../../shared/evaluation/circumstances.ts';
import { evaluationSchema } from '../../../shared/evaluation/evaluation.ts';
import { goldenSchema } from '../../../shared/evaluation/golden.ts';
import {
  championSchema,
  gateUseSchema,
  judgingSchema,
  runEndSchema,
  runPlanSchema,
  slotSchema,
} from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { importanceSchema } from '../../../shared/monitoring/importance.ts';
import { recordedModel } from '../xgboost/fixtures.ts';
import {
  ANCHOR_JOB,
  ANCHOR_RUN,
  CANDIDATE_JOB,
  CHAMPION_JOB,
  CHAMPION_RUN,
  gateRowsOf,
  MODEL,
  NOW,
  RUN,
  scoredRun,
  woken,
} from './scored-run.ts';

const world = async (...settings: Parameters<typeof scoredRun>) => {
  const run = await scoredRun(...settings);
  const asked: GateRowsWanted[] = [];
  const readGateRows: ReadGateRows = async (wanted) => {
    asked.push(wanted);
    // Labels of classes are their places.
    return gateRowsOf(wanted, (row) => row % 2);
  };
  const evaluate = evaluateModel({ ...run, readGateRows, stage: 'dev' });
  return {
    asked,
    ...run,
    evaluate: (name = CANDIDATE_JOB, some: Parameters<typeof woken>[1] = {}) => evaluate(woken({ name }, some)),
  };
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

  it('is done once where several jobs have ended together, by the event that sees it first', async () => {
    const run = await world();

    const outcomes = await Promise.all([
      run.evaluate(CANDIDATE_JOB, { eventId: 'of the candidate' }),
      run.evaluate(CHAMPION_JOB, { eventId: 'of the champion' }),
    ]);

    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['evaluated', 'left_to_another']);
    expect(run.asked).toHaveLength(1);
    expect(run.told).toHaveLength(1);
  });

  it('is done by the same event again after a crash, and by any other once nobody can be at work', async () => {
    const run = await world();
    const begun = { model: MODEL, run: RUN, eventId: 'of the candidate', begunAt: NOW.toISOString() };
    await run.ledger.record(judgingSchema, keys.judging(MODEL, RUN), begun);
    const other = await world();
    await other.ledger.record(judgingSchema, keys.judging(MODEL, RUN), begun);
    const [soon, late] = [14, 15].map((minutes) => ({
      eventId: 'other',
      now: new Date(NOW.getTime() + minutes * 60_000),
    }));

    const outcomes = [
      await run.evaluate(CHAMPION_JOB, soon),
      await run.evaluate(CANDIDATE_JOB, { eventId: 'of the candidate' }),
      await other.evaluate(CHAMPION_JOB, late),
    ];

    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['left_to_another', 'evaluated', 'evaluated']);
    expect(run.asked).toHaveLength(1);
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
    // Nobody waits for what the champion says.
    expect(run.jobs.get(CHAMPION_JOB)).toEqual({ TransformJobStatus: 'Stopping' });
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

/** The run input of a model that was taught these classes. */
const taught = async ({ ledger, published }: Awaited<ReturnType<typeof world>>, run: string, classes: string[]) =>
  ledger.record(runInputSchema, keys.runInput(MODEL, run), {
    model: MODEL,
    run,
    definitionDigest: published.digest,
    inputDigest: 'a'.repeat(64),
    problem: 'multiclass',
    label: { name: 'late', type: 'string', expression: published.expressions.label },
    classes,
    features: [],
    inputColumns: [],
    columnTypes: {},
    dictionary: { features: {} },
  });

describe('evaluating a model of classes', () => {
  it('reads one probability for each class, and gives none to a class that a model was not taught', async () => {
    const run = await world({
      problem: 'multiclass',
      scores: {
        cand: ['0.7,0.2,0.1\n0.1,0.8,0.1\n', '[0.6, 0.3, 0.1]\n[0.3, 0.4, 0.3]\n'],
        champ: ['0.6,0.4\n0.7,0.3\n', '0.6,0.4\n0.2,0.8\n'],
      },
    });
    await taught(run, RUN, ['early', 'late', 'lost']);
    await taught(run, CHAMPION_RUN, ['early', 'late']);

    expect(await run.evaluate()).toEqual({ outcome: 'evaluated' });

    expect(run.asked[0]?.classes).toEqual(['early', 'late', 'lost']);
    expect(await found(run)).toMatchObject({
      problem: 'multiclass',
      candidate: { outcome: 'scored', figures: { accuracy: 1 } },
      champion: { outcome: 'scored', figures: { accuracy: 0.75 } },
    });
    const golden = await run.ledger.read(goldenSchema, keys.golden(MODEL, RUN));
    expect(golden.rows).toContainEqual({ part: 0, ordinal: 1, candidate: [0.1, 0.8, 0.1], champion: [0.7, 0.3, 0] });
  });

  it.each([
    ['a row lacks a class', '0.7,0.2,0.1\n0.1,0.9\n', 'wrong_columns'],
    ['there is a class too many', '0.7,0.1,0.1,0.1\n0.1,0.7,0.1,0.1\n', 'wrong_columns'],
  ])('refuses the scores of a candidate where %s', async (_what, first, code) => {
    const run = await world({
      problem: 'multiclass',
      champion: false,
      scores: { cand: [first, '1,0,0\n1,0,0\n'], champ: [] },
    });
    await taught(run, RUN, ['early', 'late', 'lost']);

    await run.evaluate();

    expect(await found(run)).toMatchObject({ candidate: { outcome: 'refused', code } });
  });
});

describe('the anchor', () => {
  it('is judged on the same rows as the others', async () => {
    const run = await world({ anchor: 'scored' });

    await run.evaluate(ANCHOR_JOB);

    expect(await found(run)).toMatchObject({
      anchor: { outcome: 'scored', run: ANCHOR_RUN },
      againstAnchor: { metric: 'roc_auc' },
    });
  });

  it('is waited for', async () => {
    const run = await world({ anchor: 'scored' });
    run.jobs.set(ANCHOR_JOB, { TransformJobStatus: 'InProgress' });

    expect(await run.evaluate()).toEqual({ outcome: 'waiting' });
  });

  it('whose label meant something else is said not to be comparable, and why', async () => {
    const run = await world({ anchor: 'not_comparable' });

    await run.evaluate();

    const message = 'its label was delay > 40';
    expect((await found(run))?.anchor).toEqual({ outcome: 'not_comparable', run: ANCHOR_RUN, message });
  });

  it.each([
    ['gone', 'its model is no longer on SageMaker'],
    ['unprepared', 'its gate rows were not prepared'],
  ] as const)(
    'that is %s is refused, so that a person decides: nobody else sees small steps add up',
    async (anchor, why) => {
      const run = await world({ anchor });

      await run.evaluate();

      const evaluation = await found(run);
      expect(evaluation?.anchor).toMatchObject({
        outcome: 'refused',
        run: ANCHOR_RUN,
        code: 'missing_rows',
        message: expect.stringContaining(why),
      });
      expect(evaluation?.againstAnchor).toBeNull();
    },
  );
});

describe('what the candidate makes of each feature', () => {
  const importance = ({ ledger }: Awaited<ReturnType<typeof world>>) =>
    ledger.read(importanceSchema, keys.importance(MODEL, RUN));

  it('is its share of the gain of all splits, by the names of the features', async () => {
    const run = await world({ champion: false });
    const archive = pack();
    archive.entry({ name: 'xgboost-model' }, Buffer.from(recordedModel('regression', '3.2.0').ubj));
    archive.finalize();
    const bytes = gzipSync(await buffer(archive));
    const features = ['a', 'b', 'c', 'd'].map((name) => ({
      name,
      kind: 'number' as const,
      type: 'number' as const,
      expression: { op: 'column' as const, name },
    }));
    const artifact = 's3://store/model.tar.gz';
    await run.store.put('model.tar.gz', bytes);
    await run.ledger.record(runInputSchema, keys.runInput(MODEL, RUN), {
      model: MODEL,
      run: RUN,
      definitionDigest: 'd',
      inputDigest: 'i',
      problem: 'regression',
      label: { name: 'y', type: 'number', expression: { op: 'column', name: 'y' } },
      features,
      inputColumns: ['a', 'b', 'c', 'd'],
      columnTypes: { a: 'number', b: 'number', c: 'number', d: 'number', y: 'number' },
      dictionary: { features: {} },
    });

    const found = await featureImportance(run, { model: MODEL, run: RUN, artifact });

    expect(found.unknown).toBeNull();
    expect(found.shares?.map(({ feature }) => feature)).toEqual(['a', 'b', 'c', 'd']);
    expect(found.shares?.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
    expect(found.shares?.[0]?.share).toBeGreaterThan(0.5);
  });

  it('is unknown, with the reason, where its artefact cannot be read', async () => {
    const run = await world({ champion: false });
    await run.store.put('model.tar.gz', 'twelve bytes');

    await run.evaluate();

    expect(await importance(run)).toMatchObject({ shares: null, unknown: expect.stringContaining('gzip') });
  });
});

describe('the circumstances', () => {
  const circumstances = ({ ledger }: Awaited<ReturnType<typeof world>>) =>
    ledger.read(circumstancesSchema, keys.circumstances(MODEL, RUN));

  it('say how large the candidate is, what gives the label away, and how often these rows have judged', async () => {
    const run = await world({ champion: false });
    await run.store.put('model.tar.gz', 'twelve bytes');
    const use = { model: MODEL, run: '20010124-0000000000', judgedAt: NOW.toISOString() };
    await run.ledger.record(gateUseSchema, keys.gateUse(MODEL, 'd'.repeat(64), use.run), use);
    await run.ledger.record(gateUseSchema, keys.gateUse(MODEL, 'e'.repeat(64), use.run), use);

    await run.evaluate();

    expect(await circumstances(run)).toEqual({
      model: MODEL,
      run: RUN,
      trigger: 'new_data',
      champion: null,
      gateUses: 2,
      taught: [
        { name: '0', rows: 60 },
        { name: '1', rows: 40 },
      ],
      modelBytes: 12,
      latencyP95Ms: null,
      strongestFeatures: [{ feature: 'hour', strength: 0.75 }],
    });
  });

  it('say how old the champion is, whether it learned alike, and how often it contradicted labels back then', async () => {
    const run = await world();
    const champion = {
      model: MODEL,
      n: 1,
      run: CHAMPION_RUN,
      definitionDigest: run.published.digest,
      inputDigest: 'a'.repeat(64),
      modelName: 'champion-model',
      modelPackageArn: 'arn',
      endpointName: 'e',
      endpointConfigName: 'c',
      trainedBefore: null,
      since: '2001-01-20T12:00:00.000Z',
    };
    await run.ledger.record(championSchema, keys.championHistory(MODEL, 1), champion);
    // It is no longer in service by the time of judging.
    await run.ledger.point(championSchema, keys.champion(MODEL), () => ({ ...champion, n: 2, run: ANCHOR_RUN }));
    await run.store.put(keys.evaluation(MODEL, CHAMPION_RUN), '{"candidate":{"figures":{"accuracy":0.75}}}');

    await run.evaluate();

    expect((await circumstances(run)).champion).toEqual({
      run: CHAMPION_RUN,
      since: '2001-01-20T12:00:00.000Z',
      ageMs: 5 * 86_400_000,
      maxAgeMs: 30 * 86_400_000,
      sameDefinition: true,
      contradictedAtPromotion: 0.25,
    });
  });

  it.each([
    ['max_age', 'age'],
    ['drift', 'drift'],
    ['live_quality', 'quality'],
    ['somebody_said', 'requested'],
  ] as const)('tell of a run that monitoring asked for by %s that it is %s', async (code, trigger) => {
    const run = await world({ champion: false });
    const plan = await run.ledger.read(runPlanSchema, keys.plan(MODEL, RUN));
    const asked = { ...plan, trigger: { ...plan.trigger, kind: 'retraining', causes: [code] } };
    await run.store.put(keys.plan(MODEL, RUN), JSON.stringify(asked));

    await run.evaluate();

    expect((await circumstances(run)).trigger).toBe(trigger);
  });
});

describe('gate rows that cannot be judged as the definition asks', () => {
  it('end the run, with the reason', async () => {
    const run = await scoredRun();
    const readGateRows: ReadGateRows = async () => {
      throw new GateRowsError('parcel has more than 10,000 values');
    };
    const evaluate = () => evaluateModel({ ...run, readGateRows, stage: 'dev' })(woken({ name: CANDIDATE_JOB }));

    expect([await evaluate(), await evaluate()]).toEqual([{ outcome: 'failed' }, { outcome: 'over' }]);

    expect((await run.ledger.read(runEndSchema, keys.end(MODEL, RUN))).reason).toContain('parcel has more than');
  });
});

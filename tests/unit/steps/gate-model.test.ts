import { describe, expect, it } from 'vitest';

import { evaluateModel } from '../../../functions/evaluate-model/evaluate-model.ts';
import type { ReadGateRows } from '../../../functions/evaluate-model/read-gate-rows.ts';
import { gateModel } from '../../../functions/gate-model/gate-model.ts';
import { type ApprovalAnswer, giveApproval } from '../../../functions/gate-model/give-approval.ts';
import { NotFoundError } from '../../../shared/errors.ts';
import { decisionSchema } from '../../../shared/evaluation/decision.ts';
import {
  championSchema,
  preparedSchema,
  registeredSchema,
  runEndSchema,
  runPlanSchema,
  slotSchema,
} from '../../../shared/ledger/facts.ts';
import { keys } from '../../../shared/ledger/keys.ts';
import { CANDIDATE_JOB, CHAMPION_RUN, gateRowsOf, MODEL, NOW, RUN, scoredRun, woken } from './scored-run.ts';

/** Every gate row so many times over: no figure changes by it, and there are enough of them to judge on. */
const COPIES = 60;

/** The made-up candidate is perfect, which a person would have to look at. */
const SURE = 'evaluation: { suspicion: { jump: null, perfect: null, flips: null } }\n';

const world = async (settings: Parameters<typeof scoredRun>[0] = {}, copies = COPIES) => {
  const run = await scoredRun({ definition: SURE, ...settings, copies });
  const serve = (championRun: string, n = 1) =>
    run.ledger.point(championSchema, keys.champion(MODEL), () => ({
      model: MODEL,
      n,
      run: championRun,
      definitionDigest: 'd',
      inputDigest: 'i',
      modelName: 'champion-model',
      modelPackageArn: 'arn',
      endpointName: 'endpoint',
      endpointConfigName: 'config',
      trainedBefore: null,
      since: '2001-01-20T12:00:00.000Z',
    }));
  await serve(CHAMPION_RUN);
  const readGateRows: ReadGateRows = async (wanted) => gateRowsOf(wanted, (row) => row % 2);
  await evaluateModel({ ...run, readGateRows, stage: 'dev' })(woken({ name: CANDIDATE_JOB }));
  run.told.length = 0;
  const gate = gateModel({ ...run, stage: 'dev', storeUri: 's3://store', image: 'registry/xgboost:3.0-5' });
  const answer = giveApproval(run);
  return {
    ...run,
    serve,
    gate: (now = NOW) => gate(woken({ model: MODEL, run: RUN }, { now })),
    answer: (some: Partial<ApprovalAnswer> = {}, now = NOW, eventId = 'answer-1') =>
      answer(woken({ model: MODEL, run: RUN, decision: 'approved', approver: 'ada', ...some }, { now, eventId })),
    status: () => run.versions[0]?.ModelApprovalStatus,
    types: () => run.told.map(({ type }) => type),
  };
};

const manual = { definition: `approval: manual\n${SURE}` };
const unreachable = { definition: 'evaluation: { metric: roc_auc, thresholds: { log_loss: 0.01 } }\n' };

describe('the gate', () => {
  it('promotes a better candidate: registers it as approved, with its figures, and tells it', async () => {
    const run = await world();

    const outcome = await run.gate();
    const plan = await run.ledger.read(runPlanSchema, keys.plan(MODEL, RUN));
    const prepared = await run.ledger.read(preparedSchema, keys.prepared(MODEL, RUN));

    expect(outcome).toEqual({ outcome: 'promote' });
    expect(plan.definitionDigest).not.toBe(prepared.inputDigest);
    expect(run.versions).toMatchObject([
      {
        ModelPackageGroupName: `mr-dev-${MODEL}`,
        ModelPackageDescription: `Millrace run ${RUN} of ${MODEL}`,
        ModelApprovalStatus: 'Approved',
        InferenceSpecification: {
          Containers: [{ Image: 'registry/xgboost:3.0-5', ModelDataUrl: 's3://store/model.tar.gz' }],
        },
        ModelMetrics: {
          ModelQuality: { Statistics: { S3Uri: `s3://store/${keys.modelQuality(MODEL, RUN)}` } },
        },
        CustomerMetadataProperties: {
          run: RUN,
          definition_digest: plan.definitionDigest,
          input_digest: prepared.inputDigest,
          gate_rows: '240',
          roc_auc: '1',
          decision: 'promote',
          because: 'better_than_trivial better_than_champion',
          gain: '0.25',
        },
      },
    ]);
    expect(run.told).toMatchObject([
      {
        type: 'CandidatePromoted.v1',
        about: `${MODEL}/${RUN}`,
        data: { reasons: [{}, { code: 'better_than_champion' }] },
      },
    ]);
    expect(await run.ledger.find(runEndSchema, keys.end(MODEL, RUN))).toBeUndefined();
  });

  it('has the figures in S3 before it registers them, for they cannot be changed later', async () => {
    const run = await world();
    const register = run.sageMaker.createPackage;
    const before: string[][] = [];
    run.sageMaker.createPackage = async (request) => {
      before.push(run.store.keys());
      return register(request);
    };

    await run.gate();

    expect(before).toEqual([expect.arrayContaining([keys.modelQuality(MODEL, RUN), keys.runReport(MODEL, RUN)])]);
    const quality = (await run.contents())[keys.modelQuality(MODEL, RUN)] ?? '';
    expect(JSON.parse(quality)).toMatchObject({
      binary_classification_metrics: {
        confusion_matrix: { '0': { '0': 120, '1': 0 }, '1': { '0': 0, '1': 120 } },
        auc: { value: 1, standard_deviation: 0 },
        precision: { standard_deviation: expect.any(Number) },
      },
    });
  });

  it('writes a report of the run', async () => {
    const run = await world();

    await run.gate();

    const page = (await run.contents())[keys.runReport(MODEL, RUN)] ?? '';
    expect(page).toContain('Promoted');
    expect(page).toContain('0123456789abcdef0123');
  });

  it('rejects a candidate that misses a threshold, and ends the run with the reason', async () => {
    const run = await world(unreachable);

    const outcome = await run.gate();

    expect(outcome).toEqual({ outcome: 'reject' });
    expect(run.status()).toBe('Rejected');
    expect(run.types()).toEqual(['CandidateRejected.v1', 'RunEnded.v1']);
    const end = await run.ledger.read(runEndSchema, keys.end(MODEL, RUN));
    expect(end).toMatchObject({ end: 'rejected', reason: expect.stringContaining('log loss is') });
    expect(await run.ledger.read(slotSchema, keys.slot(MODEL))).toMatchObject({ flight: null });
  });

  it('holds a candidate that was judged on a handful of rows, however good it looks there', async () => {
    const run = await world({}, 1);

    const outcome = await run.gate();

    expect(outcome).toEqual({ outcome: 'hold' });
    expect(run.status()).toBe('PendingManualApproval');
    expect(run.told[0]).toMatchObject({
      type: 'CandidateHeld.v1',
      data: { reasons: [{ code: 'too_few_gate_rows' }, {}, {}, {}, {}] },
    });
  });

  it('gives two deliveries in one moment the same token, so that the registry makes one version of them', async () => {
    const run = await world();
    const requests: unknown[] = [];
    const register = run.sageMaker.createPackage;
    run.sageMaker.createPackage = async (request) => {
      requests.push(request);
      return register(request);
    };
    run.sageMaker.listPackages = async function* () {};

    await Promise.all([run.gate(), run.gate()]);

    const [first, second] = requests;
    expect(first).toMatchObject({ ClientToken: expect.stringMatching(/^[a-zA-Z0-9-]{1,36}$/) });
    expect(second).toEqual(first);
  });

  it('registers a candidate without scores as rejected, without figures', async () => {
    const run = await world({ scores: { cand: [], champ: [] } });

    const outcome = await run.gate();

    expect(outcome).toEqual({ outcome: 'reject' });
    expect(run.status()).toBe('Rejected');
    expect(run.versions[0]).not.toHaveProperty('ModelMetrics');
  });

  it('holds a candidate where a person has to approve, asks for it, and releases the slot', async () => {
    const run = await world(manual);

    const outcome = await run.gate();

    expect(outcome).toEqual({ outcome: 'hold' });
    expect(run.status()).toBe('PendingManualApproval');
    expect(run.types()).toEqual(['CandidateHeld.v1', 'ApprovalRequested.v1', 'RunEnded.v1']);
    expect(run.told[1]?.data).toMatchObject({
      champion: CHAMPION_RUN,
      modelPackageArn: run.versions[0]?.ModelPackageArn,
      reportUri: `s3://store/${keys.runReport(MODEL, RUN)}`,
      evaluationUri: `s3://store/${keys.evaluation(MODEL, RUN)}`,
      answerBefore: '2001-02-24T12:00:00.000Z',
    });
    expect(await run.ledger.read(runEndSchema, keys.end(MODEL, RUN))).toMatchObject({ end: 'held' });
    expect(await run.ledger.read(slotSchema, keys.slot(MODEL))).toMatchObject({ flight: null });
  });

  it.each([
    ['promoting', {}],
    ['holding', manual],
    ['rejecting', unreachable],
  ])('changes nothing when the event comes again days later: %s', async (_what, settings) => {
    const run = await world(settings);
    await run.gate();
    const [before, versions] = [await run.contents(), structuredClone(run.versions)];
    const told = new Set(run.told.map(({ type, about }) => `${type} ${about}`));

    await run.gate(new Date('2001-02-25T12:00:00Z'));

    expect(await run.contents()).toEqual(before);
    expect(run.versions).toEqual(versions);
    expect(new Set(run.told.map(({ type, about }) => `${type} ${about}`))).toEqual(told);
  });

  it('keeps the first decision, even where the evidence is another one now', async () => {
    const run = await world();
    await run.gate();
    const first = await run.ledger.read(decisionSchema, keys.decision(MODEL, RUN));
    const evaluation = JSON.parse((await run.contents())[keys.evaluation(MODEL, RUN)] ?? '');
    evaluation.candidate.figures.roc_auc = 0.1;
    await run.store.put(keys.evaluation(MODEL, RUN), JSON.stringify(evaluation));

    const outcome = await run.gate();

    expect(outcome).toEqual({ outcome: 'promote' });
    expect(await run.ledger.read(decisionSchema, keys.decision(MODEL, RUN))).toEqual(first);
    expect(run.versions).toHaveLength(1);
  });

  it('finds the version again that it registered before a crash', async () => {
    const run = await world();
    const register = run.sageMaker.createPackage;
    run.sageMaker.createPackage = async (request) => {
      await register(request);
      throw new Error('the answer was lost');
    };
    await expect(run.gate()).rejects.toThrow('the answer was lost');
    run.sageMaker.createPackage = register;

    await run.gate();

    expect(run.versions).toHaveLength(1);
    expect(await run.ledger.read(registeredSchema, keys.registered(MODEL, RUN))).toMatchObject({
      modelPackageArn: run.versions[0]?.ModelPackageArn,
    });
  });

  it('tells the end of a run whose end was written before a crash', async () => {
    const run = await world(unreachable);
    const tell = run.tell;
    let crashed = false;
    const gate = gateModel({
      ...run,
      stage: 'dev',
      storeUri: 's3://store',
      image: 'image',
      tell: async (contract, ...rest) => {
        if (contract.detailType === 'RunEnded.v1' && !crashed) {
          crashed = true;
          throw new Error('crash');
        }
        return tell(contract, ...rest);
      },
    });
    await expect(gate(woken({ model: MODEL, run: RUN }))).rejects.toThrow('crash');

    await gate(woken({ model: MODEL, run: RUN }));

    expect(run.types()).toEqual(['CandidateRejected.v1', 'RunEnded.v1']);
  });

  it('is tried again where the event is earlier than the evaluation', async () => {
    const run = await scoredRun();
    const gate = gateModel({ ...run, stage: 'dev', storeUri: 's3://store', image: 'image' });

    await expect(gate(woken({ model: MODEL, run: RUN }))).rejects.toThrow(NotFoundError);
  });
});

describe('the answer about a held candidate', () => {
  it('approves it in the registry, with who and why', async () => {
    const run = await world(manual);
    await run.gate();

    const outcome = await run.answer({ reference: 'CHG-17' });

    expect(outcome).toEqual({ outcome: 'approved' });
    expect(run.versions[0]).toMatchObject({
      ModelApprovalStatus: 'Approved',
      ApprovalDescription: 'approved by ada (CHG-17)',
    });
  });

  it('rejects it in the registry, and tells it', async () => {
    const run = await world(manual);
    await run.gate();

    const outcome = await run.answer({ decision: 'rejected' });

    expect(outcome).toEqual({ outcome: 'rejected' });
    expect(run.status()).toBe('Rejected');
    expect(run.told.at(-1)).toMatchObject({
      type: 'CandidateRejected.v1',
      data: { reasons: [{ code: 'approval_refused', message: 'ada rejected the held candidate' }] },
    });
  });

  it('stands as first given: another answer, or the same one again, changes nothing', async () => {
    const run = await world(manual);
    await run.gate();
    await run.answer();
    const [before, versions] = [await run.contents(), structuredClone(run.versions)];
    run.told.length = 0;

    await run.answer({ decision: 'rejected', approver: 'bob' }, NOW, 'answer-2');
    await run.answer({ expiresAt: '2001-01-26T00:00:00.000Z' }, new Date('2001-02-01T00:00:00Z'));

    expect(await run.contents()).toEqual(before);
    expect(run.versions).toEqual(versions);
    expect(run.told).toEqual([]);
  });

  it('leaves alone what a person decided in the registry since', async () => {
    const run = await world(manual);
    await run.gate();
    await run.answer();
    Object.assign(run.versions[0] ?? {}, { ModelApprovalStatus: 'Rejected' });

    await run.answer();

    expect(run.status()).toBe('Rejected');
  });

  it('counts for nothing once it has expired, which is told, and a later one does', async () => {
    const run = await world(manual);
    await run.gate();
    run.told.length = 0;

    const late = await run.answer({ expiresAt: NOW.toISOString() });

    expect(late).toEqual({ outcome: 'approval_expired' });
    expect(run.status()).toBe('PendingManualApproval');
    expect(run.told).toMatchObject([{ type: 'CandidateHeld.v1', data: { reasons: [{ code: 'approval_expired' }] } }]);
    expect(await run.answer({}, NOW, 'answer-2')).toEqual({ outcome: 'approved' });
    expect(run.status()).toBe('Approved');
  });

  it('that would approve for a champion that has gone changes nothing, and says why', async () => {
    const run = await world(manual);
    await run.gate();
    run.told.length = 0;
    await run.serve('20010124-0000000000', 2);

    expect(await run.answer()).toEqual({ outcome: 'champion_changed' });

    expect(run.status()).toBe('PendingManualApproval');
    expect(run.told).toMatchObject([
      {
        type: 'CandidateHeld.v1',
        about: `${MODEL}/${RUN}/champion_changed`,
        data: { reasons: [{ message: expect.stringContaining('20010124-0000000000 is in service now') }] },
      },
    ]);
    expect(await run.answer({ decision: 'rejected' }, NOW, 'answer-2')).toEqual({ outcome: 'rejected' });
  });

  it('that comes when the evidence is old approves nothing', async () => {
    const run = await world(manual);
    await run.gate();

    expect(await run.answer({}, new Date('2001-02-24T12:00:00.000Z'))).toEqual({ outcome: 'evidence_too_old' });
    expect(run.status()).toBe('PendingManualApproval');
    expect(await run.answer({}, new Date('2001-02-24T11:59:59.999Z'))).toEqual({ outcome: 'approved' });
  });

  it.each([
    ['Approved', 'approved', []],
    ['Approved', 'rejected', ['CandidateHeld.v1']],
    ['Rejected', 'approved', ['CandidateHeld.v1']],
  ] as const)('after a person made it %s in the registry changes nothing: %s', async (status, decision, told) => {
    const run = await world(manual);
    await run.gate();
    run.told.length = 0;
    Object.assign(run.versions[0] ?? {}, { ModelApprovalStatus: status });

    expect(await run.answer({ decision })).toEqual({ outcome: 'decided_in_registry' });

    expect(run.status()).toBe(status);
    expect(run.types()).toEqual(told);
    expect(run.store.keys()).not.toContain(keys.approval(MODEL, RUN));
  });

  it('cannot approve a rejected candidate', async () => {
    const run = await world(unreachable);
    await run.gate();

    const outcome = await run.answer();

    expect(outcome).toEqual({ outcome: 'nothing_held' });
    expect(run.status()).toBe('Rejected');
  });

  it('is tried again where there is no decision yet', async () => {
    const run = await world(manual);

    await expect(run.answer()).rejects.toThrow(NotFoundError);
  });
});

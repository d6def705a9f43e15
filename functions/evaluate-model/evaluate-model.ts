import { ModelEvaluatedV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { policyOf } from '../../shared/definition/policy.ts';
import { publishedDefinitionSchema } from '../../shared/definition/published.ts';
import { NotFoundError } from '../../shared/errors.ts';
import { circumstancesSchema } from '../../shared/evaluation/circumstances.ts';
import { evaluateGate } from '../../shared/evaluation/evaluate-gate.ts';
import { evaluationSchema } from '../../shared/evaluation/evaluation.ts';
import { goldenSchema } from '../../shared/evaluation/golden.ts';
import {
  judgingSchema,
  preparedSchema,
  runEndSchema,
  runPlanSchema,
  trainedSchema,
} from '../../shared/ledger/facts.ts';
import { keys, type Scoring, scoringOf } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { baselineSchema } from '../../shared/monitoring/baseline.ts';
import { importanceSchema } from '../../shared/monitoring/importance.ts';
import { AT_WORK_MS } from '../../shared/runtime/at-work.ts';
import { concludeRun } from '../../shared/runtime/conclude-run.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { parseRunName } from '../../shared/sagemaker/names.ts';
import { type JobOutcome, jobOutcome } from '../../shared/sagemaker/outcomes.ts';
import type { SageMakerApi } from '../../shared/sagemaker/resources.ts';
import { type JobsOf, stopTransforms } from '../../shared/sagemaker/stop-jobs.ts';
import { gatherCircumstances } from './circumstances.ts';
import { featureImportance } from './feature-importance.ts';
import { classesOf, judgedModels } from './judged-models.ts';
import { predictionBaseline } from './prediction-baseline.ts';
import { clusterWanted, GateRowsError, type ReadGateRows } from './read-gate-rows.ts';

export interface EvaluateModelDeps {
  readonly ledger: Ledger;
  /** The store bucket: batch transform writes the scores there. */
  readonly store: ObjectStore;
  readonly readGateRows: ReadGateRows;
  readonly sageMaker: Pick<SageMakerApi, 'describe' | 'stop'>;
  readonly tell: Tell;
  readonly stage: string;
  /** In place of the arithmetic of this step, which is pure: where the same rows are judged again and again. */
  readonly evaluate?: typeof evaluateGate;
  readonly profileScores?: typeof predictionBaseline;
}

/**
 * Measures candidate, champion and anchor on the gate rows, once the scores of all are there: whoever first sees that
 * they are does it, once. A candidate that cannot be
 * scored ends the run. A champion that cannot be scored does not: the gate holds the candidate for a person, who
 * would else have no way forward.
 *
 * @throws NotFoundError when a fact or a job is not there yet.
 */
export const evaluateModel =
  ({
    ledger,
    store,
    readGateRows,
    sageMaker,
    tell,
    stage,
    evaluate = evaluateGate,
    profileScores = predictionBaseline,
  }: EvaluateModelDeps) =>
  async ({ data, now, eventId }: Woken<{ readonly name: string }>): Promise<Outcome> => {
    const named = parseRunName(stage, data.name);
    if (named === undefined) return { outcome: 'not_ours' };
    const { model, run } = named;
    const concluding = { ledger, tell, stopJobs: (of: JobsOf) => stopTransforms({ ledger, sageMaker }, of) };
    const end = await ledger.find(runEndSchema, keys.end(model, run));
    if (end !== undefined) {
      // The end may not be told, nor the slot released, nor all jobs stopped: a crash came between.
      await concludeRun(concluding, end, now);
      return { outcome: 'over' };
    }

    const tellEvaluated = () => tell(ModelEvaluatedV1, `${model}/${run}`, { model, run }, { now, correlationId: run });

    if (await ledger.find(evaluationSchema, keys.evaluation(model, run))) {
      await tellEvaluated();
      return { outcome: 'existed' };
    }

    const trained = await ledger.read(trainedSchema, keys.trained(model, run));
    const jobState = async (jobName: string): Promise<JobOutcome> => {
      const job = await sageMaker.describe('transformJob', jobName);
      if (job !== undefined) return jobOutcome('Transform', job);
      // The jobs of the folds are many, and some end while others wait to be started.
      if (trained.folds !== undefined) return { state: 'running' };
      throw new NotFoundError(`SageMaker has no transform job ${jobName} yet`);
    };
    const jobs = new Map<Scoring, JobOutcome>();
    let failed: Extract<JobOutcome, { state: 'failed' }> | undefined;
    for (const { role, fold, jobName } of trained.transforms) {
      const job = await jobState(jobName);
      jobs.set(scoringOf(role, fold), job);
      if (role === 'cand' && job.state === 'failed') failed ??= job;
    }
    if (failed !== undefined) {
      const reason = `the candidate could not be scored: ${failed.reason}`;
      await concludeRun(concluding, { model, run, end: 'failed', reason }, now);
      return { outcome: 'failed' };
    }
    if ([...jobs.values()].some(({ state }) => state === 'running')) return { outcome: 'waiting' };
    // Jobs that end together each wake this step, and what it does takes minutes. The same event again is a repeat after
    // a crash; where that does not come either, reconcile wakes it by an event of its own when nobody can be at work.
    const judging = await ledger.record(judgingSchema, keys.judging(model, run), {
      model,
      run,
      eventId,
      begunAt: now.toISOString(),
    });
    if (judging.eventId !== eventId && now.getTime() - Date.parse(judging.begunAt) < AT_WORK_MS)
      return { outcome: 'left_to_another' };

    const [plan, prepared] = await Promise.all([
      ledger.read(runPlanSchema, keys.plan(model, run)),
      ledger.read(preparedSchema, keys.prepared(model, run)),
    ]);
    const published = await ledger.read(publishedDefinitionSchema, keys.definition(model, plan.definitionDigest));
    const { problem, evaluation: asked, data: columns, monitoring } = published.definition;

    const rows = await readGateRows({
      parts: prepared.splits.gate.parts,
      classes: await classesOf(ledger, problem, model, run),
      cluster: clusterWanted(asked.cluster),
      isWeighted: columns.weight !== null,
      isTimed: columns.time !== null && monitoring.drift !== null,
      slices: asked.slices.map(({ column }) => column),
      protected: asked.fairness.map(({ column }) => column),
    }).catch((error: unknown) => {
      if (error instanceof GateRowsError) return error;
      throw error;
    });
    if (rows instanceof GateRowsError) {
      const reason = `the gate rows cannot be judged as the definition asks: ${rows.message}`;
      await concludeRun(concluding, { model, run, end: 'failed', reason }, now);
      return { outcome: 'failed' };
    }

    const judged = await judgedModels({ ledger, store }, { plan, prepared, problem, jobs }, rows.classes);
    const { evaluation, golden } = evaluate({
      model,
      run,
      problem,
      rows,
      policy: policyOf(published.definition),
      ...judged,
      evaluatedAt: now,
    });
    const circumstances = await gatherCircumstances({ ledger, store }, { plan, prepared, trained, published }, now);
    await ledger.record(circumstancesSchema, keys.circumstances(model, run), circumstances);
    if (monitoring.drift !== null) {
      const importance = await featureImportance({ ledger, store }, trained);
      await ledger.record(importanceSchema, keys.importance(model, run), importance);
    }
    if (monitoring.drift !== null && judged.candidate.outcome === 'read') {
      const baseline = profileScores(judged.candidate.scores, rows.times, monitoring.window);
      await ledger.record(baselineSchema, keys.predictionBaseline(model, run), baseline);
    }
    // The evaluation last: whoever finds it finds circumstances and golden rows too.
    await ledger.record(goldenSchema, keys.golden(model, run), golden);
    await ledger.record(evaluationSchema, keys.evaluation(model, run), evaluation);
    await tellEvaluated();
    return { outcome: 'evaluated' };
  };

import { decisionSchema } from '../../shared/evaluation/decision.ts';
import { evaluationSchema } from '../../shared/evaluation/evaluation.ts';
import { rolloutsOf } from '../../shared/ledger/deployments.ts';
import {
  type Attempt,
  attemptSchema,
  judgingSchema,
  preparedSchema,
  type RunPlan,
  registeredSchema,
  runEndSchema,
  trainedSchema,
} from '../../shared/ledger/facts.ts';
import { keys, lastAttemptOf } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { type JobOutcome, jobOutcome } from '../../shared/sagemaker/outcomes.ts';
import { type SageMakerApi, text } from '../../shared/sagemaker/resources.ts';
import type { OpenRun } from './next-move.ts';
import { waitingSince, waits } from './waiting.ts';

/** How a job stands on SageMaker; undefined when there is none of this name. */
const job = async (
  sageMaker: SageMakerApi,
  kind: 'trainingJob' | 'transformJob',
  name: string,
): Promise<{ state: JobOutcome['state']; endedAt: string | undefined } | undefined> => {
  const described = await sageMaker.describe(kind, name);
  if (!described) return undefined;
  const of = kind === 'trainingJob' ? 'Training' : 'Transform';
  return { state: jobOutcome(of, described).state, endedAt: text(described, `${of}EndTime`) };
};

/** An open run, and the names of its jobs. */
export type FoundRun = OpenRun & { readonly attemptJob?: string; readonly transforms: readonly string[] };

/** The last attempt of a model of the run, and its job. */
interface Training {
  /** Of which fold's; undefined of the one that may serve. */
  readonly fold: number | undefined;
  readonly last: number;
  readonly attempt: Attempt | undefined;
  readonly job: { readonly state: JobOutcome['state']; readonly endedAt: string | undefined } | undefined;
}

/**
 * Of several trainings the one by which the run stands: a failed one, else one that has no job, else one at work; the
 * first where all have completed.
 */
const awaitedTraining = (trainings: readonly Training[]): Training | undefined =>
  trainings.find(({ job: found }) => found?.state === 'failed') ??
  trainings.find(({ job: found }) => found === undefined) ??
  trainings.find(({ job: found }) => found?.state === 'running') ??
  trainings[0];

/** Reads what the ledger has of an open run, and asks SageMaker where the ledger waits for it. */
export const openRun = async (
  { ledger, sageMaker, patienceMs }: { ledger: Ledger; sageMaker: SageMakerApi; patienceMs: number },
  plan: RunPlan,
  now: Date,
): Promise<FoundRun> => {
  const { model, run } = plan;
  const [end, prepared, trained, judging, evaluation, decision, registered, rollouts] = await Promise.all([
    ledger.find(runEndSchema, keys.end(model, run)),
    ledger.find(preparedSchema, keys.prepared(model, run)),
    ledger.find(trainedSchema, keys.trained(model, run)),
    ledger.find(judgingSchema, keys.judging(model, run)),
    ledger.find(evaluationSchema, keys.evaluation(model, run)),
    ledger.find(decisionSchema, keys.decision(model, run)),
    ledger.find(registeredSchema, keys.registered(model, run)),
    rolloutsOf(ledger, model),
  ]);
  const folds = prepared?.folds?.map((_, index) => index + 1) ?? [];
  const trainings = await Promise.all(
    [undefined, ...folds].map(async (fold): Promise<Training> => {
      const last = lastAttemptOf(await ledger.keys(keys.attempts(model, run, fold)));
      if (last === 0) return { fold, last, attempt: undefined, job: undefined };
      const attempt = await ledger.read(attemptSchema, keys.attempt(model, run, last, fold));
      return { fold, last, attempt, job: trained ? undefined : await job(sageMaker, 'trainingJob', attempt.jobName) };
    }),
  );
  const lastAttempt = trainings[0]?.last ?? 0;
  const awaited = awaitedTraining(trainings);
  const rollout = rollouts.findLast(({ deployment }) => deployment.run === run);
  const transformJobs =
    trained && !evaluation
      ? await Promise.all(trained.transforms.map((transform) => job(sageMaker, 'transformJob', transform.jobName)))
      : [];
  // The end of a job that ran for hours is news, whatever the ledger has heard of it.
  const newest = [
    plan.plannedAt,
    prepared?.preparedAt,
    ...trainings.flatMap(({ attempt, job: trainingJob }) => [attempt?.decidedAt, trainingJob?.endedAt]),
    trained?.trainedAt,
    ...transformJobs.map((transform) => transform?.endedAt),
    judging?.begunAt,
    evaluation?.evaluatedAt,
    decision?.decidedAt,
    registered?.registeredAt,
  ].filter((time) => time !== undefined);
  const waiting = async (): Promise<Date | undefined> => {
    if (registered) return waitingSince(ledger, 'deploy-model', { model, run, decidedAt: registered.registeredAt });
    // Where its job is there, the waiting is over.
    if (!awaited?.attempt || trained || awaited.job) return undefined;
    const step = awaited.fold === undefined ? 'launch-training' : (`launch-training-f${awaited.fold}` as const);
    return waitingSince(ledger, step, { model, run, decidedAt: awaited.attempt.decidedAt });
  };
  return {
    hasEnd: end !== undefined,
    prepared: prepared !== undefined,
    lastAttempt,
    trained: trained !== undefined,
    evaluated: evaluation !== undefined,
    decision: decision?.outcome,
    registered: registered !== undefined,
    rollout: rollout ? (rollout.ended ? 'ended' : rollout.started ? 'open' : 'decided') : 'none',
    trainingJob: awaited?.job?.state,
    transformJobs: transformJobs.map((transform) => transform?.state),
    waiting: waits(await waiting(), patienceMs, now),
    quietMs: now.getTime() - Math.max(...newest.map((time) => Date.parse(time))),
    ...(awaited?.attempt && { attemptJob: awaited.attempt.jobName }),
    transforms: trained?.transforms.map((transform) => transform.jobName) ?? [],
  };
};

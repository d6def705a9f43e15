import { createHash } from 'node:crypto';

import {
  AttemptRequestedV1,
  DatasetAcceptedV1,
  ModelEvaluatedV1,
  RunPreparedV1,
  S3ObjectCreated,
  SageMakerEndpoint,
  SageMakerModelPackage,
  SageMakerTrainingJob,
  SageMakerTransformJob,
} from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { decisionSchema } from '../../shared/evaluation/decision.ts';
import { evaluationSchema } from '../../shared/evaluation/evaluation.ts';
import { rolloutsOf } from '../../shared/ledger/deployments.ts';
import {
  arrivalSchema,
  attemptSchema,
  championSchema,
  preparedSchema,
  type RunPlan,
  registeredSchema,
  runEndSchema,
  type Slot,
  slotSchema,
  trainedSchema,
  type Upload,
  verdictSchema,
  waitingSchema,
} from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { readPublished } from '../../shared/ledger/published.ts';
import { concludeRun } from '../../shared/runtime/conclude-run.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { type JobOutcome, jobOutcome } from '../../shared/sagemaker/outcomes.ts';
import { type SageMakerApi, text } from '../../shared/sagemaker/resources.ts';
import { AT_WORK_MS, type Move, nextMove, type OpenRun } from './next-move.ts';

/** The steps that AWS's own events wake. */
export type WokenByAws = 'validate-data' | 'track-training' | 'evaluate-model' | 'deploy-model' | 'track-endpoint';

/** Hands a step the event it should have been woken with. */
export type Wake = (step: WokenByAws, event: object) => Promise<void>;

export interface ReconcileDeps {
  readonly ledger: Ledger;
  /** The uploaders' bucket. */
  readonly data: ObjectStore;
  readonly dataBucket: string;
  readonly sageMaker: SageMakerApi;
  readonly tell: Tell;
  readonly wake: Wake;
  /** After so long without a new fact, with nothing at work, a run is given up. */
  readonly stuckMs: number;
  /** How long steps wait for capacity by themselves. */
  readonly patienceMs: number;
}

/** An upload younger than this may still be on its way through validate-data. */
const ARRIVING_MS = 15 * 60_000;

/** How many datasets are judged anew in one look, when the rules have changed. */
const JUDGED_AT_ONCE = 20;

/** An endpoint that another has replaced is kept this long: callers that began with it finish with it. */
const RETIRE_AFTER_MS = 60 * 60_000;

/** An event in the form EventBridge would have had it; its id says what it is about. */
const envelope = (contract: { source: string; detailType: string }, about: string, now: Date, detail: object) => ({
  version: '0',
  id: createHash('sha256').update(`${contract.detailType}\n${about}`).digest('hex').slice(0, 32),
  source: contract.source,
  'detail-type': contract.detailType,
  time: now.toISOString(),
  resources: [],
  detail,
});

/**
 * Looks over what an event may have failed to move: arrivals without a fact, open runs, rollouts, free slots with data
 * waiting, endpoints nobody needs. O(models and their open runs), and one listing of what has landed. It decides
 * nothing itself: it says again what should have been heard.
 */
export const reconcile = (deps: ReconcileDeps) => {
  const { ledger, data, dataBucket, sageMaker, tell, wake, stuckMs, patienceMs } = deps;

  /**
   * Since when a step of a run has waited; undefined when it never has. The fact is of its first waiting: what it waits
   * for now may have been decided later.
   */
  const waitingSince = async (
    step: 'launch-training' | 'deploy-model',
    { model, run, decidedAt }: { model: string; run: string; decidedAt: string },
  ): Promise<Date | undefined> => {
    const fact = await ledger.find(waitingSchema, keys.waiting(model, run, step));
    return fact && new Date(Math.max(Date.parse(fact.since), Date.parse(decidedAt)));
  };

  /** A message that waits comes back by itself; one that has not ended its waiting by now is lost. */
  const waits = (since: Date | undefined, now: Date): boolean =>
    since !== undefined && now.getTime() - since.getTime() < patienceMs + AT_WORK_MS * 2;

  const job = async (
    kind: 'trainingJob' | 'transformJob',
    name: string,
  ): Promise<{ state: JobOutcome['state']; endedAt: string | undefined } | undefined> => {
    const described = await sageMaker.describe(kind, name);
    if (!described) return undefined;
    const of = kind === 'trainingJob' ? 'Training' : 'Transform';
    return { state: jobOutcome(of, described).state, endedAt: text(described, `${of}EndTime`) };
  };

  const wakeValidateData = ({ bucket, key, versionId }: Upload, sizeBytes: number, now: Date) =>
    wake(
      'validate-data',
      envelope(S3ObjectCreated, `${key}\n${versionId}`, now, {
        bucket: { name: bucket },
        object: { key, size: sizeBytes, etag: '', 'version-id': versionId },
      }),
    );

  const takeInArrivals = async (model: string, now: Date): Promise<number> => {
    const known = new Set(await ledger.keys(`arrivals/${model}/`));
    let missed = 0;
    for await (const upload of data.currentVersions(`incoming/${model}/`)) {
      if (known.has(keys.arrival(model, upload.key, upload.versionId))) continue;
      if (now.getTime() - upload.writtenAt.getTime() < ARRIVING_MS) continue;
      missed += 1;
      await wakeValidateData({ bucket: dataBucket, ...upload }, upload.sizeBytes, now);
    }
    return missed;
  };

  const openRun = async (
    plan: RunPlan,
    now: Date,
  ): Promise<OpenRun & { attemptJob?: string; transforms: string[] }> => {
    const { model, run } = plan;
    const [end, prepared, trained, evaluation, decision, registered, attemptKeys, rollouts] = await Promise.all([
      ledger.find(runEndSchema, keys.end(model, run)),
      ledger.find(preparedSchema, keys.prepared(model, run)),
      ledger.find(trainedSchema, keys.trained(model, run)),
      ledger.find(evaluationSchema, keys.evaluation(model, run)),
      ledger.find(decisionSchema, keys.decision(model, run)),
      ledger.find(registeredSchema, keys.registered(model, run)),
      ledger.keys(keys.attempts(model, run)),
      rolloutsOf(ledger, model),
    ]);
    const lastAttempt = Math.max(0, ...attemptKeys.map((key) => Number(/\/(\d+)\.json$/.exec(key)?.[1] ?? 0)));
    const attempt =
      lastAttempt > 0 ? await ledger.read(attemptSchema, keys.attempt(model, run, lastAttempt)) : undefined;
    const rollout = rollouts.findLast(({ deployment }) => deployment.run === run);
    const trainingJob = attempt && !trained ? await job('trainingJob', attempt.jobName) : undefined;
    const transformJobs =
      trained && !evaluation
        ? await Promise.all(trained.transforms.map((transform) => job('transformJob', transform.jobName)))
        : [];
    // The end of a job that ran for hours is news, whatever the ledger has heard of it.
    const newest = [
      plan.plannedAt,
      prepared?.preparedAt,
      attempt?.decidedAt,
      trainingJob?.endedAt,
      trained?.trainedAt,
      ...transformJobs.map((transform) => transform?.endedAt),
      evaluation?.evaluatedAt,
      decision?.decidedAt,
      registered?.registeredAt,
    ].filter((time) => time !== undefined);
    const waiting = async (): Promise<Date | undefined> => {
      if (registered) return waitingSince('deploy-model', { model, run, decidedAt: registered.registeredAt });
      // Where its job is there, the waiting is over.
      if (!attempt || trained || trainingJob) return undefined;
      return waitingSince('launch-training', { model, run, decidedAt: attempt.decidedAt });
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
      trainingJob: trainingJob?.state,
      transformJobs: transformJobs.map((transform) => transform?.state),
      waiting: waits(await waiting(), now),
      quietMs: now.getTime() - Math.max(...newest.map((time) => Date.parse(time))),
      ...(attempt && { attemptJob: attempt.jobName }),
      transforms: trained?.transforms.map((transform) => transform.jobName) ?? [],
    };
  };

  const tellAccepted = async (model: string, dataset: string, rulesDigest: string, now: Date) => {
    const { rows } = await ledger.read(verdictSchema, keys.verdict(model, dataset, rulesDigest));
    await tell(
      DatasetAcceptedV1,
      `${model}/${dataset}/${rulesDigest}`,
      { model, dataset, rows: rows ?? 0 },
      { now, correlationId: dataset },
    );
  };

  const moveOn = async (plan: RunPlan, now: Date): Promise<Move> => {
    const { model, run } = plan;
    const context = { now, correlationId: run };
    const open = await openRun(plan, now);
    const move = nextMove(open, stuckMs);
    const about = `${model}/${run}`;
    switch (move) {
      case 'conclude': {
        const end = await ledger.read(runEndSchema, keys.end(model, run));
        await concludeRun({ ledger, tell }, end, now);
        break;
      }
      case 'tell_accepted': {
        // Whatever wakes plan-run makes it finish the run in the slot: facts that a crash left out, then RunPlanned.
        const dataset = plan.datasets[0] ?? '';
        await tellAccepted(model, dataset, plan.rulesDigest, now);
        break;
      }
      case 'tell_prepared':
        if (open.lastAttempt > 1) {
          const attempt = open.lastAttempt;
          await tell(AttemptRequestedV1, `${about}/${attempt}`, { model, run, attempt }, context);
        } else await tell(RunPreparedV1, about, { model, run }, context);
        break;
      case 'tell_evaluated':
        await tell(ModelEvaluatedV1, about, { model, run }, context);
        break;
      case 'wake_track_training': {
        const name = open.attemptJob ?? '';
        await wake(
          'track-training',
          envelope(SageMakerTrainingJob, name, now, { TrainingJobName: name, TrainingJobStatus: 'Completed' }),
        );
        break;
      }
      case 'wake_evaluate_model': {
        const name = open.transforms[0] ?? '';
        await wake(
          'evaluate-model',
          envelope(SageMakerTransformJob, name, now, { TransformJobName: name, TransformJobStatus: 'Completed' }),
        );
        break;
      }
      case 'wake_deploy_model': {
        const { modelPackageArn } = await ledger.read(registeredSchema, keys.registered(model, run));
        await wakeDeployModel(modelPackageArn, now);
        break;
      }
      case 'give_up': {
        const hours = Math.round(open.quietMs / 3_600_000);
        const reason = `nothing has come of it for ${hours} hours; the dead-letter queues and logs say why`;
        await concludeRun({ ledger, tell }, { model, run, end: 'failed', reason }, now);
        break;
      }
      case 'wait':
        break;
    }
    return move;
  };

  /** @param since Since when the message that is lost had waited: the new one goes on, so that patience ends once. */
  const wakeDeployModel = (arn: string, now: Date, since?: Date) =>
    wake('deploy-model', {
      ...envelope(SageMakerModelPackage, arn, now, { ModelPackageArn: arn }),
      ...(since && { waitingSince: since.toISOString() }),
    });

  /** A rollout is open with or without a run in flight: a held candidate is deployed after its run has ended. */
  const followRollout = async (model: string, now: Date): Promise<boolean> => {
    const open = (await rolloutsOf(ledger, model)).find(({ ended }) => !ended);
    if (!open) return false;
    const { run, endpointName, modelPackageArn, decidedAt } = open.deployment;
    if (!open.started) {
      const since = await waitingSince('deploy-model', { model, run, decidedAt });
      if (now.getTime() - Date.parse(decidedAt) < AT_WORK_MS || waits(since, now)) return false;
      await wakeDeployModel(modelPackageArn, now, since);
      return true;
    }
    await wake(
      'track-endpoint',
      envelope(SageMakerEndpoint, endpointName, now, { EndpointName: endpointName, EndpointStatus: 'IN_SERVICE' }),
    );
    return true;
  };

  /** Data that was judged under rules no longer in force, and not under those that are: it is judged anew. */
  const judgeAnew = async (model: string, now: Date): Promise<number> => {
    const published = await readPublished(ledger, model);
    if (!published) return 0;
    const listed = await ledger.keys(keys.datasets(model));
    const verdictKeys = new Set(listed.filter((key) => key.includes('/verdicts/')));
    const ids = new Set([...verdictKeys].map((key) => key.split('/')[2] ?? ''));
    const stale = new Set(
      [...ids]
        .filter((id) => !verdictKeys.has(keys.verdict(model, id, published.rulesDigest)))
        .slice(0, JUDGED_AT_ONCE),
    );
    let woken = 0;
    for (const key of await ledger.keys(`arrivals/${model}/`)) {
      if (stale.size === 0) break;
      if (key.endsWith('-parts.json')) continue;
      const { dataset, upload, sizeBytes } = await ledger.read(arrivalSchema, key);
      if (dataset === undefined || !stale.delete(dataset)) continue;
      await wakeValidateData(upload, sizeBytes, now);
      woken += 1;
    }
    return woken;
  };

  /** Data that was accepted while the slot was taken, or while cooldown or budget forbade a run. */
  const offerData = async (model: string, slot: Slot | undefined, now: Date): Promise<boolean> => {
    const published = await readPublished(ledger, model);
    if (!published || slot?.flight) return false;
    const listed = new Set(await ledger.keys(keys.datasets(model)));
    for (const id of new Set([...listed].map((key) => key.split('/')[2] ?? ''))) {
      const verdictKey = keys.verdict(model, id, published.rulesDigest);
      if (!listed.has(verdictKey) || listed.has(keys.taken(model, id))) continue;
      const verdict = await ledger.read(verdictSchema, verdictKey);
      if (!verdict.accepted) continue;
      await tellAccepted(model, id, published.rulesDigest, now);
      return true;
    }
    return false;
  };

  /** Champions before the present one may have had endpoints of their own, for another input. */
  const retireEndpoints = async (model: string, now: Date): Promise<number> => {
    const champion = await ledger.find(championSchema, keys.champion(model));
    if (!champion || champion.n === 1 || now.getTime() - Date.parse(champion.since) < RETIRE_AFTER_MS) return 0;
    // A rollout may be on its way back to an older endpoint.
    if ((await rolloutsOf(ledger, model)).some(({ ended }) => !ended)) return 0;
    let retired = 0;
    const seen = new Set([champion.endpointName]);
    for (let n = champion.n - 1; n >= 1; n -= 1) {
      const previous = await ledger.find(championSchema, keys.championHistory(model, n));
      if (!previous || seen.has(previous.endpointName)) continue;
      seen.add(previous.endpointName);
      const endpoint = await sageMaker.describe('endpoint', previous.endpointName);
      // What went before an endpoint that is gone went before it.
      if (!endpoint) break;
      // One in any other state cannot be deleted yet, or is being deleted. Source: DeleteEndpoint, API reference.
      if (!['InService', 'Failed', 'UpdateRollbackFailed'].includes(text(endpoint, 'EndpointStatus') ?? '')) continue;
      await sageMaker.deleteEndpoint(previous.endpointName);
      retired += 1;
    }
    return retired;
  };

  return async ({ now }: Pick<Woken<unknown>, 'now'>): Promise<Outcome & { said: string[] }> => {
    const models = (await ledger.keys('definitions/'))
      .map((key) => /^definitions\/([^/]+)\.json$/.exec(key)?.[1])
      .filter((model) => model !== undefined);
    const said: string[] = [];
    const lookOver = async (model: string) => {
      const missed = await takeInArrivals(model, now);
      if (missed > 0) said.push(`${model}: ${missed} arrivals`);
      const slot = await ledger.find(slotSchema, keys.slot(model));
      if (slot?.flight) {
        const move = await moveOn(slot.flight, now);
        if (move !== 'wait') said.push(`${model}: ${move}`);
      }
      if (await followRollout(model, now)) said.push(`${model}: rollout`);
      const stale = await judgeAnew(model, now);
      if (stale > 0) said.push(`${model}: ${stale} datasets judged anew`);
      if (await offerData(model, slot, now)) said.push(`${model}: data`);
      const retired = await retireEndpoints(model, now);
      if (retired > 0) said.push(`${model}: ${retired} endpoints retired`);
    };
    const failures: unknown[] = [];
    // One model's trouble does not keep the others waiting.
    for (const model of models) await lookOver(model).catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, `${failures.length} models could not be looked over`);
    return { outcome: said.length === 0 ? 'quiet' : 'moved', said };
  };
};

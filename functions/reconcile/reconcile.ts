import { AttemptRequestedV1, ModelEvaluatedV1, RunPreparedV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import type { ReadLimits } from '../../shared/data/read-limits.ts';
import { type RunPlan, registeredSchema, runEndSchema, slotSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { howMany } from '../../shared/report/how-many.ts';
import { concludeRun } from '../../shared/runtime/conclude-run.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import type { SageMakerApi } from '../../shared/sagemaker/resources.ts';
import { type JobsOf, stopTrainings, stopTransforms } from '../../shared/sagemaker/stop-jobs.ts';
import { endpoints } from './endpoints.ts';
import { heldCandidates } from './held.ts';
import { lostEvents, type Wake } from './lost-events.ts';
import { type Move, nextMove } from './next-move.ts';
import { openRun } from './open-run.ts';
import { unmeasuredQuality } from './quality.ts';
import { waitingData } from './waiting-data.ts';
import { type WatchingDeps, watching } from './watching.ts';
import { unansweredWindows } from './windows.ts';

export interface ReconcileDeps extends Omit<WatchingDeps, 'lost'> {
  readonly ledger: Ledger;
  /** The uploaders' bucket. */
  readonly data: ObjectStore;
  readonly dataBucket: string;
  readonly sageMaker: SageMakerApi;
  readonly tell: Tell;
  readonly wake: Wake;
  /** What one function reads of data: what was put off under other limits is looked at again. */
  readonly readLimits: ReadLimits;
  /** After so long without a new fact, with nothing at work, a run is given up. */
  readonly stuckMs: number;
  /** How long steps wait for capacity by themselves. */
  readonly patienceMs: number;
}

/**
 * Looks over what an event may have failed to move: arrivals without a fact, open runs, rollouts, free slots with data
 * waiting, endpoints nobody needs. O(models and their open runs), and one listing of what has landed. It decides
 * nothing itself: it says again what should have been heard.
 */
export const reconcile = (deps: ReconcileDeps) => {
  const { ledger, sageMaker, tell, stuckMs, patienceMs } = deps;
  const lost = lostEvents(deps.wake);
  const waiting = waitingData({ ...deps, lost });
  const serving = endpoints({ ...deps, lost });
  const held = heldCandidates({ ...deps, lost });
  const watched = watching({ ...deps, lost });
  const windows = unansweredWindows(deps);
  const quality = unmeasuredQuality({ ...deps, lost });

  const stopJobs = async (of: JobsOf) => {
    await stopTrainings({ ledger, sageMaker }, of);
    await stopTransforms({ ledger, sageMaker }, of);
  };
  const concluding = { ledger, tell, stopJobs };

  const moveOn = async (plan: RunPlan, now: Date): Promise<Move> => {
    const { model, run } = plan;
    const context = { now, correlationId: run };
    const open = await openRun({ ledger, sageMaker, patienceMs }, plan, now);
    const move = nextMove(open, stuckMs);
    const about = `${model}/${run}`;
    switch (move) {
      case 'conclude': {
        const end = await ledger.read(runEndSchema, keys.end(model, run));
        await concludeRun(concluding, end, now);
        break;
      }
      case 'tell_accepted': {
        // Whatever wakes plan-run makes it finish the run in the slot: facts that a crash left out, then RunPlanned.
        const dataset = plan.datasets[0] ?? '';
        await waiting.tellAccepted(model, dataset, plan.rulesDigest, now);
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
      case 'wake_track_training':
        await lost.trainingJobEnded(open.attemptJob ?? '', now);
        break;
      case 'wake_evaluate_model':
        await lost.transformJobEnded(open.transforms[0] ?? '', now);
        break;
      case 'wake_deploy_model': {
        const { modelPackageArn } = await ledger.read(registeredSchema, keys.registered(model, run));
        await lost.packageApproved(modelPackageArn, now);
        break;
      }
      case 'give_up': {
        const hours = Math.round(open.quietMs / 3_600_000);
        const reason = `nothing has come of it for ${howMany(hours, 'hour')}; the dead-letter queues and logs say why`;
        await concludeRun(concluding, { model, run, end: 'failed', reason }, now);
        break;
      }
      case 'wait':
        break;
    }
    return move;
  };

  return async ({ now }: Pick<Woken<unknown>, 'now'>): Promise<Outcome & { said: string[] }> => {
    const models = (await ledger.keys('definitions/'))
      .map((key) => /^definitions\/([^/]+)\.json$/.exec(key)?.[1])
      .filter((model) => model !== undefined);
    const said: string[] = [];
    const lookOver = async (model: string) => {
      const missed = await waiting.takeInArrivals(model, now);
      if (missed > 0) said.push(`${model}: ${howMany(missed, 'arrival')}`);
      const slot = await ledger.find(slotSchema, keys.slot(model));
      if (slot?.flight) {
        const move = await moveOn(slot.flight, now);
        if (move !== 'wait') said.push(`${model}: ${move}`);
      }
      if (await serving.followRollout(model, now)) said.push(`${model}: rollout`);
      const approved = await held.followApprovals(model, slot, now);
      if (approved > 0) said.push(`${model}: ${howMany(approved, 'approval')}`);
      const stale = await waiting.judgeAnew(model, now);
      if (stale > 0) said.push(`${model}: ${howMany(stale, 'dataset')} judged anew`);
      if (await waiting.offerData(model, slot, now)) said.push(`${model}: data`);
      if (await watched.renew(model, now)) said.push(`${model}: a baseline`);
      if (await watched.putAlarms(model, now)) said.push(`${model}: alarms`);
      const closed = await windows.tellClosed(model, now);
      if (closed > 0) said.push(`${model}: ${howMany(closed, 'window')} closed`);
      const labels = await quality.takeInLabels(model, now);
      if (labels > 0) said.push(`${model}: ${howMany(labels, 'file')} of labels`);
      const due = await quality.measureDue(model, now);
      if (due > 0) said.push(`${model}: ${howMany(due, 'window')} whose labels are due`);
      const retired = await serving.retireEndpoints(model, now);
      if (retired > 0) said.push(`${model}: ${howMany(retired, 'endpoint')} retired`);
      const cleared = await serving.clearRollouts(model, now);
      if (cleared > 0) said.push(`${model}: ${howMany(cleared, 'rollout')} cleared`);
    };
    const failures: unknown[] = [];
    // One model's trouble does not keep the others waiting.
    for (const model of models) await lookOver(model).catch((error: unknown) => failures.push(error));
    if (failures.length > 0)
      throw new AggregateError(failures, `${howMany(failures.length, 'model')} could not be looked over`);
    return { outcome: said.length === 0 ? 'quiet' : 'moved', said };
  };
};

import { AT_WORK_MS } from '../../shared/runtime/at-work.ts';
import type { JobOutcome } from '../../shared/sagemaker/outcomes.ts';

/** What the ledger has of an open run, and what SageMaker says where the ledger waits for it. */
export interface OpenRun {
  readonly hasEnd: boolean;
  readonly prepared: boolean;
  /** 0: none was started. */
  readonly lastAttempt: number;
  readonly trained: boolean;
  readonly evaluated: boolean;
  readonly decision: 'promote' | 'hold' | 'reject' | undefined;
  readonly registered: boolean;
  /** `decided`: recorded, and not known to have been sent. */
  readonly rollout: 'none' | 'decided' | 'open' | 'ended';
  /** The last attempt's job; undefined when there is none on SageMaker. */
  readonly trainingJob: JobOutcome['state'] | undefined;
  /** The batch transforms that were decided on; undefined where one is not there. */
  readonly transformJobs: readonly (JobOutcome['state'] | undefined)[];
  /** A step waits for capacity; its message comes back by itself. */
  readonly waiting: boolean;
  /** How long the newest fact has stood. */
  readonly quietMs: number;
}

/** What to say or do again, because it may have been lost. Each is harmless when it was not. */
export type Move =
  | 'conclude'
  | 'tell_accepted'
  | 'tell_prepared'
  | 'tell_evaluated'
  | 'wake_track_training'
  | 'wake_evaluate_model'
  | 'wake_deploy_model'
  /** Nothing has come of it for too long: the run ends. */
  | 'give_up'
  | 'wait';

/**
 * The event that an open run lacks. Where a step may still be at work nothing is said; where SageMaker is, its own
 * answer decides.
 *
 * @param stuckMs After so long without a new fact, with nothing at work, a run is given up.
 */
export const nextMove = (run: OpenRun, stuckMs: number): Move => {
  if (run.hasEnd) return 'conclude';
  const atSageMaker =
    run.trainingJob === 'running' || run.transformJobs.includes('running') || ['decided', 'open'].includes(run.rollout);
  if (run.quietMs >= stuckMs && !run.waiting && !atSageMaker) return 'give_up';
  const patient = run.quietMs < AT_WORK_MS;
  if (!run.prepared) return patient ? 'wait' : 'tell_accepted';
  if (run.lastAttempt === 0) return patient ? 'wait' : 'tell_prepared';
  if (!run.trained) {
    if (run.trainingJob === undefined) return patient || run.waiting ? 'wait' : 'tell_prepared';
    return run.trainingJob === 'running' ? 'wait' : 'wake_track_training';
  }
  if (!run.evaluated) {
    if (run.transformJobs.includes(undefined)) return patient ? 'wait' : 'wake_track_training';
    // Judging takes minutes, and begins when the last job ends.
    return patient || run.transformJobs.includes('running') ? 'wait' : 'wake_evaluate_model';
  }
  if (!run.decision || !run.registered || run.decision !== 'promote') return patient ? 'wait' : 'tell_evaluated';
  // A rollout is followed by itself: a held candidate has one without an open run.
  if (run.rollout === 'none') return patient || run.waiting ? 'wait' : 'wake_deploy_model';
  return 'wait';
};

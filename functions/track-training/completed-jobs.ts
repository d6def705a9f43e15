/** Whether all that a run trains is there: the model that may serve, and those that are blind to a fold. */
import { attemptSchema, type Prepared } from '../../shared/ledger/facts.ts';
import { keys, lastAttemptOf } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { jobOutcome } from '../../shared/sagemaker/outcomes.ts';
import type { Description, SageMakerApi } from '../../shared/sagemaker/resources.ts';

/** A training job and what SageMaker says of it. */
export interface CompletedJob {
  readonly name: string;
  readonly job: Description;
}

/** The jobs of a run that are all over and well. */
export interface CompletedJobs {
  /** Of the model that is trained on all rows. */
  readonly whole: CompletedJob;
  /** Of each fold's, in their order; none where there are no folds. */
  readonly folds: readonly CompletedJob[];
}

/**
 * The jobs of a run, once the last of them has completed; undefined while one is missing, at work or to be tried again:
 * its own end is another event.
 *
 * @param known the job that is known to have completed
 */
export async function completedJobs(
  { ledger, sageMaker }: { readonly ledger: Ledger; readonly sageMaker: Pick<SageMakerApi, 'describe'> },
  { model, run, folds = [] }: Pick<Prepared, 'model' | 'run' | 'folds'>,
  known: CompletedJob & { readonly fold: number | undefined },
): Promise<CompletedJobs | undefined> {
  const jobOf = async (fold: number | undefined): Promise<CompletedJob | undefined> => {
    if (fold === known.fold) return known;
    const last = lastAttemptOf(await ledger.keys(keys.attempts(model, run, fold)));
    if (last === 0) return undefined;
    const { jobName } = await ledger.read(attemptSchema, keys.attempt(model, run, last, fold));
    const job = await sageMaker.describe('trainingJob', jobName);
    return job && jobOutcome('Training', job).state === 'completed' ? { name: jobName, job } : undefined;
  };
  const whole = await jobOf(undefined);
  if (whole === undefined) return undefined;
  const found: CompletedJob[] = [];
  for (const [index] of folds.entries()) {
    const job = await jobOf(index + 1);
    if (job === undefined) return undefined;
    found.push(job);
  }
  return { whole, folds: found };
}

import { AttemptRequestedV1, ModelTrainedV1, TrainingFailedV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { publishedDefinitionSchema } from '../../shared/definition/published.ts';
import { CapacityError, RefusedError } from '../../shared/errors.ts';
import {
  attemptSchema,
  preparedSchema,
  runEndSchema,
  runPlanSchema,
  trainedSchema,
} from '../../shared/ledger/facts.ts';
import { attemptName, keys, scoringOf } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { concludeRun } from '../../shared/runtime/conclude-run.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { xgboostImage } from '../../shared/sagemaker/images.ts';
import { parseAttemptRole, parseRunName, runName } from '../../shared/sagemaker/names.ts';
import { finalMetrics, jobOutcome } from '../../shared/sagemaker/outcomes.ts';
import { type Description, type SageMakerApi, text } from '../../shared/sagemaker/resources.ts';
import { type JobsOf, stopTrainings, stopTransforms } from '../../shared/sagemaker/stop-jobs.ts';
import { type CompletedJob, completedJobs } from './completed-jobs.ts';
import { scoringsOf, startScoring } from './scoring.ts';

export interface TrackTrainingDeps {
  readonly ledger: Ledger;
  readonly sageMaker: SageMakerApi;
  readonly tell: Tell;
  readonly stage: string;
  readonly region: string;
  /** `s3://bucket` of the store. */
  readonly storeUri: string;
  readonly roleArn: string;
}

/** How many attempts a model gets when SageMaker, and not the container, fails them. */
const MAX_ATTEMPTS = 3;

const trainingSeconds = (job: Description): number | null => {
  const seconds = job.TrainingTimeInSeconds;
  return typeof seconds === 'number' ? Math.round(seconds) : null;
};

const artifactOf = ({ name, job }: CompletedJob): string => {
  const artifact = text(Object(job.ModelArtifacts), 'S3ModelArtifacts');
  if (!artifact) throw new Error(`${name} completed without a model artefact`);
  return artifact;
};

/**
 * On a training job's end: success of it, and of the folds' where there are any, makes the models and starts the batch
 * transforms of the gate rows, the candidate's, the champion's and the anchor's; failure of one asks for its next
 * attempt or ends the run in the container's own words, and with it the jobs that are still at work. The event is a hint; SageMaker's answer decides.
 */
export const trackTraining =
  ({ ledger, sageMaker, tell, stage, region, storeUri, roleArn }: TrackTrainingDeps) =>
  async ({ data: { name }, now }: Woken<{ name: string }>): Promise<Outcome> => {
    const parsed = parseRunName(stage, name);
    const attempt = parsed && parseAttemptRole(parsed.role);
    if (!parsed || !attempt) return { outcome: 'not_ours' };
    const { model, run } = parsed;
    const { fold } = attempt;
    const context = { now, correlationId: run };
    const tellTrained = (jobName: string) => tell(ModelTrainedV1, `${model}/${run}`, { model, run, jobName }, context);
    const stopJobs = async (of: JobsOf) => {
      await stopTrainings({ ledger, sageMaker }, of);
      await stopTransforms({ ledger, sageMaker }, of);
    };
    const conclude = (end: Parameters<typeof concludeRun>[1]) => concludeRun({ ledger, tell, stopJobs }, end, now);
    const end = await ledger.find(runEndSchema, keys.end(model, run));
    if (end) {
      // Scoring may have begun and not been told: a crash came between, and the run is over by now.
      const trained = await ledger.find(trainedSchema, keys.trained(model, run));
      const scored = trained?.transforms.at(-1);
      if (trained && scored && (await sageMaker.describe('transformJob', scored.jobName)))
        await tellTrained(trained.jobName);
      // The end may be ours and not told, nor the slot released, nor all jobs stopped: a crash came between.
      if (end.end === 'failed') await conclude(end);
      return { outcome: 'over' };
    }
    const fail = async (reason: string) => {
      await tell(TrainingFailedV1, `${model}/${run}`, { model, run, jobName: name, reason }, context);
      await conclude({ model, run, end: 'failed', reason });
    };
    await ledger.read(attemptSchema, keys.attempt(model, run, attempt.attempt, fold));
    // What was stopped in favour of the next attempt, or failed before it, says nothing of the run any more.
    if (await ledger.find(attemptSchema, keys.attempt(model, run, attempt.attempt + 1, fold)))
      return { outcome: 'superseded' };

    const job = await sageMaker.describe('trainingJob', name);
    if (!job) return { outcome: 'no_such_job' };
    const outcome = jobOutcome('Training', job);
    if (outcome.state === 'running') return { outcome: 'running' };
    if (outcome.state === 'failed') {
      if (outcome.retry && attempt.attempt < MAX_ATTEMPTS) {
        const next = { model, run, ...(fold !== undefined && { fold }), attempt: attempt.attempt + 1 };
        await tell(AttemptRequestedV1, attemptName(next), next, context);
        return { outcome: 'next_attempt' };
      }
      await fail(fold === undefined ? outcome.reason : `the model without fold ${fold}: ${outcome.reason}`);
      return { outcome: 'failed' };
    }

    const [plan, prepared] = await Promise.all([
      ledger.read(runPlanSchema, keys.plan(model, run)),
      ledger.read(preparedSchema, keys.prepared(model, run)),
    ]);
    const completed = await completedJobs({ ledger, sageMaker }, prepared, { fold, name, job });
    if (completed === undefined) return { outcome: 'waits_for_folds' };
    const { definition } = await ledger.read(publishedDefinitionSchema, keys.definition(model, plan.definitionDigest));
    const candidate = runName(stage, model, run, 'cand');
    const { whole, folds } = completed;
    const models = folds.map((each, index) => ({
      jobName: each.name,
      artifact: artifactOf(each),
      modelName: runName(stage, model, run, scoringOf('cand', index + 1)),
    }));
    const seconds = [whole, ...folds].flatMap((each) => trainingSeconds(each.job) ?? []);
    const trained = await ledger.record(trainedSchema, keys.trained(model, run), {
      model,
      run,
      jobName: whole.name,
      artifact: artifactOf(whole),
      modelName: candidate,
      metrics: finalMetrics(whole.job),
      trainingSeconds: seconds.length === 0 ? null : Math.max(...seconds),
      ...(models.length > 0 && { folds: models }),
      transforms: await scoringsOf({ ledger, sageMaker, stage }, plan, prepared, [
        candidate,
        ...models.map(({ modelName }) => modelName),
      ]),
      trainedAt: now.toISOString(),
    });

    try {
      await startScoring(
        { ledger, sageMaker },
        {
          place: { stage, model, run, store: storeUri },
          image: xgboostImage(region),
          roleArn,
          instance: definition.training.instance[0] ?? '',
        },
        trained,
        now,
      );
    } catch (error) {
      if (error instanceof RefusedError) {
        await fail(error.message);
        return { outcome: 'refused' };
      }
      // Waiting is not failing: reconcile looks again in a while, and ends the run when nothing comes of it.
      if (error instanceof CapacityError) return { outcome: 'waits' };
      throw error;
    }
    await tellTrained(trained.jobName);
    // A transform that failed may have ended the run before the last was started.
    const over = await ledger.find(runEndSchema, keys.end(model, run));
    if (over?.end === 'failed') await conclude(over);
    return { outcome: 'trained' };
  };

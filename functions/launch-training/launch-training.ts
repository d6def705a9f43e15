import { AttemptRequestedV1, TrainingFailedV1, TrainingStartedV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { runInputSchema } from '../../shared/data/run-input.ts';
import { publishedDefinitionSchema } from '../../shared/definition/published.ts';
import { CapacityError, InvalidEventError, RefusedError } from '../../shared/errors.ts';
import {
  attemptSchema,
  preparedSchema,
  runEndSchema,
  runPlanSchema,
  waitingSchema,
} from '../../shared/ledger/facts.ts';
import { attemptName, keys, lastAttemptOf, splitOfFold } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { howMany } from '../../shared/report/how-many.ts';
import { concludeRun } from '../../shared/runtime/conclude-run.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { type Created, createOnce } from '../../shared/sagemaker/create-once.ts';
import { xgboostImage } from '../../shared/sagemaker/images.ts';
import { attemptRole, runName } from '../../shared/sagemaker/names.ts';
import { trainingJobRequest } from '../../shared/sagemaker/requests.ts';
import type { SageMakerApi } from '../../shared/sagemaker/resources.ts';
import { type JobsOf, stopJob, stopTrainings } from '../../shared/sagemaker/stop-jobs.ts';
import { untrainable, xgboostHyperparameters } from './hyperparameters.ts';

export interface LaunchTrainingDeps {
  readonly ledger: Ledger;
  readonly sageMaker: SageMakerApi;
  readonly tell: Tell;
  readonly stage: string;
  readonly region: string;
  /** `s3://bucket` of the store. */
  readonly storeUri: string;
  readonly roleArn: string;
  /** How long to wait for capacity before the run fails. */
  readonly patienceMs: number;
}

/** Which attempt to start: the first when a run is prepared, a further one when track-training asks for it. */
export interface LaunchRequest {
  readonly model: string;
  readonly run: string;
  /** Of the model that is blind to this fold; not there: of the one that may serve. */
  readonly fold?: number | undefined;
  readonly attempt: number;
}

/**
 * Starts attempt n of a training job. Waiting for capacity is not failing: the message waits in the queue until there
 * is some, or patience ends and with it the run. The job of the model that may serve comes first; once a job is there,
 * that of the next fold is asked for.
 *
 * The last attempt that is recorded is the one that counts. So the next is recorded before it is asked for, and an
 * earlier one that is asked for again, or was being started meanwhile, starts nothing and lets no job run.
 *
 * @throws CapacityError to wait.
 */
export const launchTraining =
  ({ ledger, sageMaker, tell, stage, region, storeUri, roleArn, patienceMs }: LaunchTrainingDeps) =>
  async ({ data, now, waitingSince }: Woken<LaunchRequest>): Promise<Outcome> => {
    const { model, run, fold } = data;
    const context = { now, correlationId: run };
    const jobName = runName(stage, model, run, attemptRole(data.attempt, fold));
    const concluding = { ledger, tell, stopJobs: (of: JobsOf) => stopTrainings({ ledger, sageMaker }, of) };
    const tellStarted = () =>
      tell(
        TrainingStartedV1,
        attemptName({ model, run, fold, attempt: data.attempt }),
        { model, run, ...(fold !== undefined && { fold }), attempt: data.attempt, jobName },
        context,
      );
    const next = { model, run, ...(fold !== undefined && { fold }), attempt: data.attempt + 1 };
    const askForNextAttempt = () => tell(AttemptRequestedV1, attemptName(next), next, context);
    /** What is left to do where the run is over or another attempt counts; undefined where this one is wanted. */
    const unwanted = async (): Promise<Outcome | undefined> => {
      const [end, later] = await Promise.all([
        ledger.find(runEndSchema, keys.end(model, run)),
        ledger.find(attemptSchema, keys.attempt(model, run, next.attempt, fold)),
      ]);
      if (!end && !later) return undefined;
      // Started before and perhaps not told: a crash came between.
      if (await sageMaker.describe('trainingJob', jobName)) await tellStarted();
      if (!end) {
        await stopJob(sageMaker, 'trainingJob', jobName);
        // It was recorded, and perhaps never asked for.
        await askForNextAttempt();
        return { outcome: 'superseded' };
      }
      // The end may be ours and not told, nor the slot released, nor all jobs stopped: a crash came between.
      if (end.end === 'failed') await concludeRun(concluding, end, now);
      return { outcome: 'over' };
    };
    const before = await unwanted();
    if (before) return before;
    const fail = async (failed: string | null, reason: string) => {
      await tell(TrainingFailedV1, `${model}/${run}`, { model, run, jobName: failed, reason }, context);
      await concludeRun(concluding, { model, run, end: 'failed', reason }, now);
    };

    const [plan, prepared] = await Promise.all([
      ledger.read(runPlanSchema, keys.plan(model, run)),
      ledger.read(preparedSchema, keys.prepared(model, run)),
    ]);
    const { definition } = await ledger.read(publishedDefinitionSchema, keys.definition(model, plan.definitionDigest));
    const unsupported = untrainable(definition);
    if (unsupported !== undefined) {
      await fail(null, unsupported);
      return { outcome: 'unsupported' };
    }
    const { problem, training } = definition;
    const classes =
      problem === 'multiclass'
        ? ((await ledger.read(runInputSchema, keys.runInput(model, run))).classes?.length ?? null)
        : null;
    const input = fold === undefined ? prepared.splits : prepared.folds?.[fold - 1];
    if (input === undefined) throw new InvalidEventError(`${model}/${run} has no fold ${fold}`);
    const instances = training.instance;
    const recordAttempt = (n: number) =>
      ledger.record(attemptSchema, keys.attempt(model, run, n, fold), {
        model,
        run,
        ...(fold !== undefined && { fold }),
        attempt: n,
        jobName: runName(stage, model, run, attemptRole(n, fold)),
        // In order of preference; a further attempt tries the next.
        instance: instances[(n - 1) % instances.length] ?? '',
        decidedAt: now.toISOString(),
      });
    const attempt = await recordAttempt(data.attempt);
    let outcome: Created;
    try {
      outcome = await createOnce(
        { ledger, sageMaker },
        {
          kind: 'trainingJob',
          name: attempt.jobName,
          requestKey: keys.request(model, run, attempt.jobName),
          request: trainingJobRequest({
            place: { stage, model, run, store: storeUri },
            jobName: attempt.jobName,
            image: xgboostImage(region),
            roleArn,
            instance: attempt.instance,
            hyperparameters: xgboostHyperparameters(definition, classes),
            trainKey: keys.splitData(model, run, fold === undefined ? 'train' : splitOfFold('train', fold)),
            validationKey:
              input.validation.rows > 0
                ? keys.splitData(model, run, fold === undefined ? 'validation' : splitOfFold('validation', fold))
                : null,
            outputKey: keys.output(model, run),
            maxRuntimeSeconds: Math.ceil(training.max_runtime / 1000),
            spot: training.spot,
          }),
          now,
        },
      );
    } catch (error) {
      if (error instanceof RefusedError) {
        await fail(attempt.jobName, error.message);
        return { outcome: 'refused' };
      }
      if (!(error instanceof CapacityError)) throw error;
      if (data.attempt < instances.length) {
        await recordAttempt(next.attempt);
        await askForNextAttempt();
        return { outcome: 'next_instance' };
      }
      const waitedMs = waitingSince ? now.getTime() - waitingSince.getTime() : 0;
      if (waitedMs < patienceMs) {
        // So that nobody takes the waiting for a lost message.
        const step = fold === undefined ? 'launch-training' : `launch-training-f${fold}`;
        await ledger.record(waitingSchema, keys.waiting(model, run, step), {
          model,
          run,
          step,
          for: error.message,
          since: now.toISOString(),
        });
        throw error;
      }
      const reason = `no capacity for ${attempt.instance} in ${howMany(Math.round(waitedMs / 3_600_000), 'hour')}: ${error.message}`;
      await fail(attempt.jobName, reason);
      return { outcome: 'gave_up' };
    }
    const meanwhile = await unwanted();
    if (meanwhile) return meanwhile;
    await tellStarted();
    await askForFold((fold ?? 0) + 1);
    return { outcome };

    /**
     * One job after the other, for SageMaker takes one a second: CreateTrainingJob, SageMaker's rate quotas. A fold that is
     * asked for again goes on with its last attempt, and finds the job there.
     */
    async function askForFold(later: number): Promise<void> {
      if (later > (prepared.folds?.length ?? 0)) return;
      const last = lastAttemptOf(await ledger.keys(keys.attempts(model, run, later)));
      const asked = { model, run, fold: later, attempt: Math.max(1, last) };
      await tell(AttemptRequestedV1, attemptName(asked), asked, context);
    }
  };

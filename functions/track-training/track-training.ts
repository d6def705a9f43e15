import { AttemptRequestedV1, ModelTrainedV1, TrainingFailedV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { publishedDefinitionSchema } from '../../shared/definition/published.ts';
import { CapacityError, RefusedError } from '../../shared/errors.ts';
import {
  attemptSchema,
  preparedSchema,
  runEndSchema,
  runPlanSchema,
  type Trained,
  trainedSchema,
} from '../../shared/ledger/facts.ts';
import { keys, type ScoredRole, type Split } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { concludeRun } from '../../shared/runtime/conclude-run.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { createOnce } from '../../shared/sagemaker/create-once.ts';
import { xgboostImage } from '../../shared/sagemaker/images.ts';
import { parseRunName, runName } from '../../shared/sagemaker/names.ts';
import { finalMetrics, jobOutcome } from '../../shared/sagemaker/outcomes.ts';
import { modelRequest, transformJobRequest } from '../../shared/sagemaker/requests.ts';
import { type Description, type SageMakerApi, text } from '../../shared/sagemaker/resources.ts';

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

/** How many attempts a run gets when SageMaker, and not the container, fails them. */
const MAX_ATTEMPTS = 3;

/** Which input each model scores. */
const GATE_SPLITS = {
  cand: 'gate',
  champ: 'gate-champion',
  anch: 'gate-anchor',
} as const satisfies Record<ScoredRole, Split>;

const trainingSeconds = (job: Description): number | null => {
  const seconds = job.TrainingTimeInSeconds;
  return typeof seconds === 'number' ? Math.round(seconds) : null;
};

/**
 * On a training job's end: success makes the model and starts the batch transforms of the gate rows, the candidate's,
 * the champion's and the anchor's; failure asks for the next attempt or ends the run in the container's own words. The event is a
 * hint; SageMaker's answer decides.
 */
export const trackTraining =
  ({ ledger, sageMaker, tell, stage, region, storeUri, roleArn }: TrackTrainingDeps) =>
  async ({ data: { name }, now }: Woken<{ name: string }>): Promise<Outcome> => {
    const parsed = parseRunName(stage, name);
    const attemptNumber = Number(/^try(\d+)$/.exec(parsed?.role ?? '')?.[1]);
    if (!parsed || !Number.isInteger(attemptNumber)) return { outcome: 'not_ours' };
    const { model, run } = parsed;
    const context = { now, correlationId: run };
    const tellTrained = () => tell(ModelTrainedV1, `${model}/${run}`, { model, run, jobName: name }, context);
    const end = await ledger.find(runEndSchema, keys.end(model, run));
    if (end) {
      // Scoring may have begun and not been told: a crash came between, and the run is over by now.
      const scored = (await ledger.find(trainedSchema, keys.trained(model, run)))?.transforms.at(-1);
      if (scored && (await sageMaker.describe('transformJob', scored.jobName))) await tellTrained();
      // The end may be ours and not told, nor the slot released: a crash came between.
      if (end.end === 'failed') await concludeRun({ ledger, tell }, end, now);
      return { outcome: 'over' };
    }
    const fail = async (reason: string) => {
      await tell(TrainingFailedV1, `${model}/${run}`, { model, run, jobName: name, reason }, context);
      await concludeRun({ ledger, tell }, { model, run, end: 'failed', reason }, now);
    };
    await ledger.read(attemptSchema, keys.attempt(model, run, attemptNumber));

    const job = await sageMaker.describe('trainingJob', name);
    if (!job) return { outcome: 'no_such_job' };
    const outcome = jobOutcome('Training', job);
    if (outcome.state === 'running') return { outcome: 'running' };
    if (outcome.state === 'failed') {
      if (outcome.retry && attemptNumber < MAX_ATTEMPTS) {
        const attempt = attemptNumber + 1;
        await tell(AttemptRequestedV1, `${model}/${run}/${attempt}`, { model, run, attempt }, context);
        return { outcome: 'next_attempt' };
      }
      await fail(outcome.reason);
      return { outcome: 'failed' };
    }

    const [plan, prepared] = await Promise.all([
      ledger.read(runPlanSchema, keys.plan(model, run)),
      ledger.read(preparedSchema, keys.prepared(model, run)),
    ]);
    const { definition } = await ledger.read(publishedDefinitionSchema, keys.definition(model, plan.definitionDigest));
    const artifact = text(Object(job.ModelArtifacts), 'S3ModelArtifacts');
    if (!artifact) throw new Error(`${name} completed without a model artefact`);
    const candidate = runName(stage, model, run, 'cand');
    const { anchor, champion } = plan;
    // A model of the past may have been deleted since; then there is nothing to score, and the evaluation says so.
    const isAnchorThere =
      anchor && prepared.gateAnchor?.outcome === 'prepared'
        ? (await sageMaker.describe('model', anchor.modelName)) !== undefined
        : false;
    const trained = await ledger.record(trainedSchema, keys.trained(model, run), {
      model,
      run,
      jobName: name,
      artifact,
      modelName: candidate,
      metrics: finalMetrics(job),
      trainingSeconds: trainingSeconds(job),
      transforms: [
        { role: 'cand', jobName: candidate, modelName: candidate },
        ...(prepared.gateChampion && champion ? [scoring('champ', champion.modelName)] : []),
        ...(anchor && isAnchorThere ? [scoring('anch', anchor.modelName)] : []),
      ],
      trainedAt: now.toISOString(),
    });

    try {
      await startTransforms();
    } catch (error) {
      if (error instanceof RefusedError) {
        await fail(error.message);
        return { outcome: 'refused' };
      }
      // Waiting is not failing: reconcile looks again in a while, and ends the run when nothing comes of it.
      if (error instanceof CapacityError) return { outcome: 'waits' };
      throw error;
    }
    await tellTrained();
    return { outcome: 'trained' };

    function scoring(role: 'champ' | 'anch', modelName: string): Trained['transforms'][number] {
      return { role, jobName: runName(stage, model, run, role), modelName };
    }

    async function startTransforms(): Promise<void> {
      const place = { stage, model, run, store: storeUri };
      await createOnce(
        { ledger, sageMaker },
        {
          kind: 'model',
          name: candidate,
          // The transform job has the same name as the model; their requests lie apart.
          requestKey: keys.request(model, run, `${candidate}-model`),
          request: modelRequest({
            place,
            modelName: candidate,
            image: xgboostImage(region),
            artifact: trained.artifact,
            roleArn,
          }),
          now,
        },
      );
      await Promise.all(
        trained.transforms.map((transform: Trained['transforms'][number]) =>
          createOnce(
            { ledger, sageMaker },
            {
              kind: 'transformJob',
              name: transform.jobName,
              requestKey: keys.request(model, run, transform.jobName),
              request: transformJobRequest({
                place,
                jobName: transform.jobName,
                modelName: transform.modelName,
                inputKey: keys.splitData(model, run, GATE_SPLITS[transform.role]),
                outputKey: keys.scores(model, run, transform.role),
                instance: definition.training.instance[0] ?? '',
              }),
              now,
            },
          ),
        ),
      );
    }
  };

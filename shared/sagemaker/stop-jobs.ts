/** Stops what of a run is at work on SageMaker and nobody waits for any more: it is paid by the second. */
import { boundedMap } from '../data/bounded-map.ts';
import { attemptSchema, trainedSchema } from '../ledger/facts.ts';
import { keys } from '../ledger/keys.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type SageMakerApi, text } from './resources.ts';

type Stopping = Pick<SageMakerApi, 'describe' | 'stop'>;

/** Few calls to SageMaker at once: what it takes in a second is not told. *assumed* */
const CALLS_AT_ONCE = 4;

const STATUSES = { trainingJob: 'TrainingJobStatus', transformJob: 'TransformJobStatus' } as const;

/**
 * Stops a job if it is at work. Harmless to repeat: one that is over, is stopping or was never there stays as it is.
 */
export const stopJob = async (sageMaker: Stopping, kind: keyof typeof STATUSES, name: string): Promise<void> => {
  const isAtWork = async () => text(await sageMaker.describe(kind, name), STATUSES[kind]) === 'InProgress';
  if (!(await isAtWork())) return;
  try {
    await sageMaker.stop(kind, name);
  } catch (cause) {
    // It may have ended in between, which SageMaker refuses to stop; whether it did is asked, and not read in an error.
    if (await isAtWork()) throw cause;
  }
};

interface StopDeps {
  readonly ledger: Pick<Ledger, 'keys' | 'read' | 'find'>;
  readonly sageMaker: Stopping;
}

/** Whose jobs. */
export interface JobsOf {
  readonly model: string;
  readonly run: string;
}

/** Stops every training of a run that is at work: each attempt, that of the model that may serve and those of the folds. */
export const stopTrainings = async ({ ledger, sageMaker }: StopDeps, { model, run }: JobsOf): Promise<void> => {
  const listed = [
    ...(await ledger.keys(keys.attempts(model, run))),
    ...(await ledger.keys(keys.folds(model, run))).filter((key) => /\/attempts\/\d+\.json$/.test(key)),
  ];
  await boundedMap(
    listed,
    async (key) => {
      const { jobName } = await ledger.read(attemptSchema, key);
      await stopJob(sageMaker, 'trainingJob', jobName);
    },
    CALLS_AT_ONCE,
  );
};

/** Stops every batch transform of a run that is at work. */
export const stopTransforms = async ({ ledger, sageMaker }: StopDeps, { model, run }: JobsOf): Promise<void> => {
  const trained = await ledger.find(trainedSchema, keys.trained(model, run));
  await boundedMap(
    trained?.transforms ?? [],
    ({ jobName }) => stopJob(sageMaker, 'transformJob', jobName),
    CALLS_AT_ONCE,
  );
};

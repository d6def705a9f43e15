import { ModelEvaluatedV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { publishedDefinitionSchema } from '../../shared/definition/published.ts';
import { NotFoundError } from '../../shared/errors.ts';
import { evaluateGate, type GateInput } from '../../shared/evaluation/evaluate-gate.ts';
import { evaluationSchema } from '../../shared/evaluation/evaluation.ts';
import { goldenSchema } from '../../shared/evaluation/golden.ts';
import type { ScoresRead } from '../../shared/evaluation/scores.ts';
import { preparedSchema, runEndSchema, runPlanSchema, type Trained, trainedSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { concludeRun } from '../../shared/runtime/conclude-run.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { parseRunName } from '../../shared/sagemaker/names.ts';
import { type JobOutcome, jobOutcome } from '../../shared/sagemaker/outcomes.ts';
import type { SageMakerApi } from '../../shared/sagemaker/resources.ts';
import { readGateScores } from './read-gate-scores.ts';

export interface EvaluateModelDeps {
  readonly ledger: Ledger;
  /** The store bucket: batch transform writes the scores there. */
  readonly store: ObjectStore;
  /** The labels of rows files, part after part; NaN where a row has none. */
  readonly readLabels: (rowsKeys: readonly string[]) => Promise<Float64Array>;
  readonly sageMaker: Pick<SageMakerApi, 'describe'>;
  readonly tell: Tell;
  readonly stage: string;
}

/** A score at or above it is answered 1; definitions have no word for another threshold yet. */
const THRESHOLD = 0.5;

type Role = Trained['transforms'][number]['role'];

/**
 * Measures candidate and champion on the gate rows, once the scores of both are there. A candidate that cannot be
 * scored ends the run. A champion that cannot be scored does not: the gate holds the candidate for a person, who
 * would else have no way forward.
 *
 * @throws NotFoundError when a fact or a job is not there yet.
 */
export const evaluateModel =
  ({ ledger, store, readLabels, sageMaker, tell, stage }: EvaluateModelDeps) =>
  async ({ data, now }: Woken<{ readonly name: string }>): Promise<Outcome> => {
    const named = parseRunName(stage, data.name);
    if (named === undefined) return { outcome: 'not_ours' };
    const { model, run } = named;
    const end = await ledger.find(runEndSchema, keys.end(model, run));
    if (end !== undefined) {
      // The end may not be told, nor the slot released: a crash came between.
      await concludeRun({ ledger, tell }, end, now);
      return { outcome: 'over' };
    }

    const tellEvaluated = () => tell(ModelEvaluatedV1, `${model}/${run}`, { model, run }, { now, correlationId: run });

    if (await ledger.find(evaluationSchema, keys.evaluation(model, run))) {
      await tellEvaluated();
      return { outcome: 'existed' };
    }

    const jobState = async (jobName: string): Promise<JobOutcome> => {
      const job = await sageMaker.describe('transformJob', jobName);
      if (job === undefined) throw new NotFoundError(`SageMaker has no transform job ${jobName} yet`);
      return jobOutcome('Transform', job);
    };

    const trained = await ledger.read(trainedSchema, keys.trained(model, run));
    const jobs = new Map<Role, JobOutcome>();
    for (const { role, jobName } of trained.transforms) jobs.set(role, await jobState(jobName));
    const candidateJob = jobs.get('cand');
    if (candidateJob?.state === 'failed') {
      const reason = `the candidate could not be scored: ${candidateJob.reason}`;
      await concludeRun({ ledger, tell }, { model, run, end: 'failed', reason }, now);
      return { outcome: 'failed' };
    }
    if ([...jobs.values()].some(({ state }) => state === 'running')) return { outcome: 'waiting' };

    const [plan, prepared] = await Promise.all([
      ledger.read(runPlanSchema, keys.plan(model, run)),
      ledger.read(preparedSchema, keys.prepared(model, run)),
    ]);
    const { definition } = await ledger.read(publishedDefinitionSchema, keys.definition(model, plan.definitionDigest));
    const { problem } = definition;
    const { gate } = prepared.splits;

    const scoresOf = async (role: Role, split: typeof gate): Promise<ScoresRead> => {
      const job = jobs.get(role);
      if (job?.state !== 'completed') {
        const message = job?.state === 'failed' ? job.reason : 'no job was started to score it';
        return { outcome: 'refused', fault: { code: 'missing_rows', message, part: role } };
      }
      // A probability is checked to be one; a regression may answer any finite number.
      const range = problem === 'regression' ? 'finite' : 'probability';
      return readGateScores(store, split, keys.scores(model, run, role), range);
    };

    const championOf = async (): Promise<GateInput['champion']> => {
      if (plan.champion === null) return null;
      const { run: of } = plan.champion;
      if (prepared.gateChampion !== null) return { run: of, scores: await scoresOf('champ', prepared.gateChampion) };
      return { run: of, notComparable: prepared.notComparable ?? 'its gate rows were not prepared' };
    };

    const { evaluation, golden } = evaluateGate({
      model,
      run,
      problem,
      threshold: THRESHOLD,
      parts: gate.parts.map(({ rows }) => rows),
      labels: await readLabels(gate.parts.map(({ rowsKey }) => rowsKey)),
      candidate: await scoresOf('cand', gate),
      champion: await championOf(),
      evaluatedAt: now,
    });
    // Golden rows first: whoever finds the evaluation finds them too.
    await ledger.record(goldenSchema, keys.golden(model, run), golden);
    await ledger.record(evaluationSchema, keys.evaluation(model, run), evaluation);
    await tellEvaluated();
    return { outcome: 'evaluated' };
  };

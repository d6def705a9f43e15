/** What each model of a run answered for the gate rows: candidate, champion and anchor. */
import { runInputSchema } from '../../shared/data/run-input.ts';
import type { PublishedDefinition } from '../../shared/definition/published.ts';
import type { GateInput } from '../../shared/evaluation/evaluate-gate.ts';
import type { ScoresRead } from '../../shared/evaluation/scores.ts';
import type { Prepared, RunPlan } from '../../shared/ledger/facts.ts';
import { keys, type ScoredRole } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import type { JobOutcome } from '../../shared/sagemaker/outcomes.ts';
import { expectedScores, forClasses, readGateScores } from './read-gate-scores.ts';

type Problem = PublishedDefinition['definition']['problem'];

/** The run whose models are judged, and how the jobs that scored the rows ended. */
export interface ScoredRun {
  readonly plan: RunPlan;
  readonly prepared: Prepared;
  readonly problem: Problem;
  readonly jobs: ReadonlyMap<ScoredRole, JobOutcome>;
}

/** What a run's model answers for a row: a number for each class it was taught; null where it is one number. */
export async function classesOf(
  ledger: Ledger,
  problem: Problem,
  model: string,
  run: string,
): Promise<readonly string[] | null> {
  if (problem !== 'multiclass') return null;
  return (await ledger.read(runInputSchema, keys.runInput(model, run))).classes ?? [];
}

const unscored = (role: ScoredRole, message: string): ScoresRead => ({
  outcome: 'refused',
  fault: { code: 'missing_rows', message, part: role },
});

/**
 * Reads the scores of all models. One whose label means something else, or that cannot read these rows, is not to be
 * compared with; one that should have been scored and was not is refused, and the candidate goes to a person: without
 * the anchor nobody would see that small steps down add up.
 *
 * @param classes of the gate rows; null where labels are numbers
 */
export async function judgedModels(
  { ledger, store }: { readonly ledger: Ledger; readonly store: ObjectStore },
  { plan, prepared, problem, jobs }: ScoredRun,
  classes: readonly string[] | null,
): Promise<Pick<GateInput, 'candidate' | 'champion' | 'anchor'>> {
  const { model, run } = plan;
  const { gate } = prepared.splits;

  const scoresOf = async (role: ScoredRole, of: string, split: typeof gate): Promise<ScoresRead> => {
    const job = jobs.get(role);
    if (job?.state !== 'completed') {
      return unscored(role, job?.state === 'failed' ? job.reason : 'no job was started to score it');
    }
    const expected = expectedScores(problem, await classesOf(ledger, problem, model, of));
    return forClasses(await readGateScores(store, split, keys.scores(model, run, role), expected), classes);
  };

  const championOf = async (): Promise<GateInput['champion']> => {
    if (plan.champion === null) return null;
    const { run: of } = plan.champion;
    if (prepared.gateChampion === null)
      return { run: of, notComparable: prepared.notComparable ?? 'its gate rows were not prepared' };
    return { run: of, scores: await scoresOf('champ', of, prepared.gateChampion) };
  };

  const anchorOf = async (): Promise<GateInput['anchor']> => {
    if (!plan.anchor) return null;
    const { run: of } = plan.anchor;
    const { gateAnchor } = prepared;
    if (gateAnchor === undefined) return { run: of, scores: unscored('anch', 'its gate rows were not prepared') };
    if (gateAnchor.outcome === 'not_comparable') return { run: of, notComparable: gateAnchor.message };
    if (!jobs.has('anch')) {
      const gone =
        'its model is no longer on SageMaker; a shorter evaluation.anchor.past, or anchor: null, does not ask for it';
      return { run: of, scores: unscored('anch', gone) };
    }
    return { run: of, scores: await scoresOf('anch', of, gateAnchor.split) };
  };

  return {
    candidate: await scoresOf('cand', run, gate),
    champion: await championOf(),
    anchor: await anchorOf(),
  };
}

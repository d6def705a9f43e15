/** What each model of a run answered for the gate rows: candidate, champion and anchor. */
import { runInputSchema } from '../../shared/data/run-input.ts';
import type { PublishedDefinition } from '../../shared/definition/published.ts';
import type { GateInput } from '../../shared/evaluation/evaluate-gate.ts';
import type { ScoresRead } from '../../shared/evaluation/scores.ts';
import type { Prepared, RunPlan } from '../../shared/ledger/facts.ts';
import { keys, type ScoredRole, type Scoring, scoringOf } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import type { JobOutcome } from '../../shared/sagemaker/outcomes.ts';
import { expectedScores, forClasses, pooled, readGateScores } from './read-gate-scores.ts';

type Problem = PublishedDefinition['definition']['problem'];

/** The run whose models are judged, and how the jobs that scored the rows ended. */
export interface ScoredRun {
  readonly plan: RunPlan;
  readonly prepared: Prepared;
  readonly problem: Problem;
  readonly jobs: ReadonlyMap<Scoring, JobOutcome>;
}

type GateSplit = Prepared['splits']['gate'];
type Fold = NonNullable<Prepared['folds']>[number];

const GONE = 'one of the models that never saw a fold is no longer on SageMaker';

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

const unscored = (role: Scoring, message: string): ScoresRead => ({
  outcome: 'refused',
  fault: { code: 'missing_rows', message, part: role },
});

/**
 * Reads the scores of all models. One whose label means something else, or that cannot read these rows, is not to be
 * compared with; one that should have been scored and was not is refused, and the candidate goes to a person: without
 * the anchor nobody would see that small steps down add up.
 *
 * With folds each row is judged by what the model says of it that never saw its fold, whoever's it is.
 *
 * @param classes of the gate rows; null where labels are numbers
 */
export async function judgedModels(
  { ledger, store }: { readonly ledger: Ledger; readonly store: ObjectStore },
  { plan, prepared, problem, jobs }: ScoredRun,
  classes: readonly string[] | null,
): Promise<Pick<GateInput, 'candidate' | 'champion' | 'anchor' | 'serving'>> {
  const { model, run } = plan;
  const { folds } = prepared;

  const scoresOf = async (scoring: Scoring, of: string, split: GateSplit | null): Promise<ScoresRead> => {
    const job = jobs.get(scoring);
    if (job?.state !== 'completed' || split === null) {
      return unscored(scoring, job?.state === 'failed' ? job.reason : 'no job was started to score it');
    }
    const expected = expectedScores(problem, await classesOf(ledger, problem, model, of));
    return forClasses(await readGateScores(store, split, keys.scores(model, run, scoring), expected), classes);
  };

  /** What is said of rows that were never seen: by the model itself, or by those of the folds. */
  const blind = async (
    role: ScoredRole,
    of: string,
    split: GateSplit,
    ofFold: (fold: Fold) => GateSplit | null,
  ): Promise<ScoresRead> => {
    if (folds === undefined) return scoresOf(role, of, split);
    const said = folds.map((fold, index) => scoresOf(scoringOf(role, index + 1), of, ofFold(fold)));
    return pooled(await Promise.all(said));
  };

  const championOf = async (): Promise<GateInput['champion']> => {
    if (plan.champion === null) return null;
    const { run: of } = plan.champion;
    if (prepared.gateChampion === null)
      return { run: of, notComparable: prepared.notComparable ?? 'its gate rows were not prepared' };
    if (folds !== undefined && !jobs.has('champ')) return { run: of, scores: unscored('champ', GONE) };
    return {
      run: of,
      scores: await blind('champ', of, prepared.gateChampion, ({ gateChampion }) => gateChampion),
    };
  };

  const anchorOf = async (): Promise<GateInput['anchor']> => {
    if (!plan.anchor) return null;
    const { run: of } = plan.anchor;
    const { gateAnchor } = prepared;
    if (gateAnchor === undefined) return { run: of, scores: unscored('anch', 'its gate rows were not prepared') };
    if (gateAnchor.outcome === 'not_comparable') return { run: of, notComparable: gateAnchor.message };
    if (!jobs.has(folds === undefined ? 'anch' : scoringOf('anch', 1))) {
      const gone =
        'its model is no longer on SageMaker; a shorter evaluation.anchor.past, or anchor: null, does not ask for it';
      return { run: of, scores: unscored('anch', gone) };
    }
    return { run: of, scores: await blind('anch', of, gateAnchor.split, (fold) => fold.gateAnchor) };
  };

  const { gate } = prepared.splits;
  const [champion, anchor] = [await championOf(), await anchorOf()];
  const candidate = await blind('cand', run, gate, (fold) => fold.gate);
  if (folds === undefined) return { candidate, champion, anchor };

  const ofChampion =
    plan.champion !== null && prepared.gateChampion !== null
      ? await scoresOf('champ', plan.champion.run, prepared.gateChampion)
      : null;
  return {
    candidate,
    champion,
    anchor,
    serving: { folds: folds.length, candidate: await scoresOf('cand', run, gate), champion: ofChampion },
  };
}

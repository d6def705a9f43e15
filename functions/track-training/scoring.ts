/** Which models score which gate rows, and the batch transforms that do it. */
import { boundedMap } from '../../shared/data/bounded-map.ts';
import { type Prepared, type RunPlan, type Trained, trainedSchema } from '../../shared/ledger/facts.ts';
import { keys, type ScoredRole, scoringOf, splitOfFold } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { createOnce } from '../../shared/sagemaker/create-once.ts';
import { runName } from '../../shared/sagemaker/names.ts';
import { modelRequest, type RunPlace, transformJobRequest } from '../../shared/sagemaker/requests.ts';
import type { SageMakerApi } from '../../shared/sagemaker/resources.ts';

type Transform = Trained['transforms'][number];

/** Which input each model scores. */
const GATE_SPLITS = { cand: 'gate', champ: 'gate-champion', anch: 'gate-anchor' } as const satisfies Record<
  ScoredRole,
  string
>;

/**
 * The batch transforms of a run. With folds each fold's rows are scored by the models that never saw them; those that
 * were trained on all rows score them too, for the endpoint is held against what they say.
 *
 * @param models the candidate's: the one that may serve, then the folds'
 */
export async function scoringsOf(
  {
    ledger,
    sageMaker,
    stage,
  }: {
    readonly ledger: Ledger;
    readonly sageMaker: Pick<SageMakerApi, 'describe'>;
    readonly stage: string;
  },
  { model, run, champion, anchor }: RunPlan,
  { gateChampion, gateAnchor, folds }: Prepared,
  models: readonly string[],
): Promise<Transform[]> {
  const [whole = '', ...blind] = models;
  const scoring = (role: ScoredRole, modelName: string, fold?: number): Transform => ({
    role,
    ...(fold !== undefined && { fold }),
    jobName: runName(stage, model, run, scoringOf(role, fold)),
    modelName,
  });
  const ofFolds = (role: ScoredRole, names: readonly string[]) =>
    names.map((name, index) => scoring(role, name, index + 1));
  // A model of the past may have been deleted since; then there is nothing to score, and the evaluation says so.
  const areThere = async (names: readonly string[]) =>
    !(await boundedMap(names, (name) => sageMaker.describe('model', name))).includes(undefined);
  const blindOf = async (of: string): Promise<readonly string[]> => {
    const made = (await ledger.find(trainedSchema, keys.trained(model, of)))?.folds ?? [];
    const names = made.map(({ modelName }) => modelName);
    return names.length === folds?.length && (await areThere(names)) ? names : [];
  };
  const ofChampion = async (): Promise<Transform[]> => {
    if (gateChampion === null || !champion) return [];
    const judging = folds === undefined ? [] : await blindOf(champion.run);
    if (folds !== undefined && judging.length === 0) return [];
    return [scoring('champ', champion.modelName), ...ofFolds('champ', judging)];
  };
  const ofAnchor = async (): Promise<Transform[]> => {
    if (!anchor || gateAnchor?.outcome !== 'prepared') return [];
    if (folds !== undefined) return ofFolds('anch', await blindOf(anchor.run));
    return (await areThere([anchor.modelName])) ? [scoring('anch', anchor.modelName)] : [];
  };
  return [scoring('cand', whole), ...ofFolds('cand', blind), ...(await ofChampion()), ...(await ofAnchor())];
}

/** Few calls to SageMaker at once: what it takes in a second is not told but for training. *assumed* */
const CALLS_AT_ONCE = 4;

/** How the models and transforms of a run are asked for. */
export interface ScoringSettings {
  readonly place: RunPlace;
  readonly image: string;
  readonly roleArn: string;
  readonly instance: string;
}

/**
 * Makes the candidate's models and starts the transforms of a run, each once.
 *
 * @throws CapacityError, RefusedError as SageMaker answers.
 */
export async function startScoring(
  deps: { readonly ledger: Ledger; readonly sageMaker: SageMakerApi },
  { place, image, roleArn, instance }: ScoringSettings,
  { artifact, modelName: whole, folds = [], transforms }: Trained,
  now: Date,
): Promise<void> {
  const { model, run } = place;
  await boundedMap(
    [{ modelName: whole, artifact }, ...folds],
    (made) =>
      createOnce(deps, {
        kind: 'model',
        name: made.modelName,
        // The transform job has the same name as the model; their requests lie apart.
        requestKey: keys.request(model, run, `${made.modelName}-model`),
        request: modelRequest({ place, modelName: made.modelName, image, artifact: made.artifact, roleArn }),
        now,
      }),
    CALLS_AT_ONCE,
  );
  await boundedMap(
    transforms,
    ({ role, fold, jobName, modelName }) =>
      createOnce(deps, {
        kind: 'transformJob',
        name: jobName,
        requestKey: keys.request(model, run, jobName),
        request: transformJobRequest({
          place,
          jobName,
          modelName,
          inputKey: keys.splitData(
            model,
            run,
            fold === undefined ? GATE_SPLITS[role] : splitOfFold(GATE_SPLITS[role], fold),
          ),
          outputKey: keys.scores(model, run, scoringOf(role, fold)),
          instance,
        }),
        now,
      }),
    CALLS_AT_ONCE,
  );
}

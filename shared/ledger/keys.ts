/** Where each fact and pointer lies in the store bucket. */
import { createHash } from 'node:crypto';

const hex = (text: string, digits: number) => createHash('sha256').update(text).digest('hex').slice(0, digits);

/** What an event about an attempt is about. */
export const attemptName = (of: { model: string; run: string; fold?: number | undefined; attempt: number }): string =>
  `${of.model}/${of.run}/${of.fold === undefined ? '' : `f${of.fold}/`}${of.attempt}`;

/** The last of a listing of attempts; 0 where there is none. */
export const lastAttemptOf = (attempts: readonly string[]): number =>
  Math.max(0, ...attempts.map((key) => Number(/\/(\d+)\.json$/.exec(key)?.[1] ?? 0)));

const run = (model: string, id: string) => `runs/${model}/${id}`;

const foldOf = (model: string, id: string, fold: number | undefined) =>
  fold === undefined ? run(model, id) : `${run(model, id)}/folds/${fold}`;

/** The id of a reading: one of an upload under rules. */
export const readingId = (objectKey: string, versionId: string, terms: string): string =>
  hex(`${objectKey}\n${versionId}\n${terms}`, 32);

const readingOf = (model: string, reading: string) => `readings/${model}/${reading}`;

const pieceOf = (model: string, reading: string, round: number, part: number) =>
  `${readingOf(model, reading)}/${round}/${String(part).padStart(5, '0')}`;

type WholeSplit = 'train' | 'validation' | 'gate' | 'gate-champion' | 'gate-anchor';

/**
 * The parts a run's input is split into; `gate-champion` and `gate-anchor` are the gate rows as those models read them.
 * With folds there are those of each: what its model is trained on, and the rows of the fold as that model reads them.
 */
export type Split = WholeSplit | `${WholeSplit}-f${number}`;

/** Whose scores of the gate rows: the candidate's, the champion's, the anchor's. */
export type ScoredRole = 'cand' | 'champ' | 'anch';

/** Which model's scores: with folds those of a fold, the first is 1. */
export type Scoring = ScoredRole | `f${number}${ScoredRole}`;

/** The scores of a model that judges; without a fold of the one that may serve. */
export const scoringOf = (role: ScoredRole, fold?: number): Scoring => (fold === undefined ? role : `f${fold}${role}`);

/** A fold's own part of the input. */
export const splitOfFold = (split: WholeSplit, fold: number): Split => `${split}-f${fold}`;

export const keys = {
  definition: (model: string, digest: string) => `definitions/${model}/${digest}.json`,
  definitionPointer: (model: string) => `definitions/${model}.json`,
  arrivals: (model: string) => `arrivals/${model}/`,
  /** `model` is `-` where the key names no published model. */
  arrival: (model: string, objectKey: string, versionId: string) =>
    `arrivals/${model}/${hex(`${objectKey}\n${versionId}`, 32)}.json`,
  /** What became of the same upload when it was judged again, under other rules. */
  arrivalUnder: (model: string, objectKey: string, versionId: string, rulesDigest: string) =>
    `arrivals/${model}/${hex(`${objectKey}\n${versionId}`, 32)}-${hex(rulesDigest, 16)}.json`,
  /** That the same upload was put off as more than one function reads, under certain limits. */
  putOff: (model: string, objectKey: string, versionId: string, limits: string) =>
    `arrivals/${model}/${hex(`${objectKey}\n${versionId}`, 32)}-put-off-${limits}.json`,
  /** What a folder held when the `_SUCCESS` of this key and version closed it. */
  folderPin: (model: string, objectKey: string, versionId: string) =>
    `arrivals/${model}/${hex(`${objectKey}\n${versionId}`, 32)}-parts.json`,
  /** Of an upload whose parts are read side by side under rules: what is read, and what came of each part. */
  reading: (model: string, reading: string) => `${readingOf(model, reading)}/reading.json`,
  /** Which parts are read again, as which types; of the first round, that reads all, there is none. */
  round: (model: string, reading: string, round: number) => `${readingOf(model, reading)}/${round}.json`,
  pieces: (model: string, reading: string, round: number) => `${readingOf(model, reading)}/${round}/`,
  piece: (model: string, reading: string, round: number, part: number) =>
    `${pieceOf(model, reading, round, part)}.json`,
  /** What was counted of a part's rows. */
  pieceCounts: (model: string, reading: string, round: number, part: number) =>
    `${pieceOf(model, reading, round, part)}/counts.json`,
  /** The typed copies of a part's rows, and where in it their lines are. */
  pieceData: (model: string, reading: string, round: number, part: number) =>
    `${pieceOf(model, reading, round, part)}/`,
  datasets: (model: string) => `datasets/${model}/`,
  dataset: (model: string, dataset: string) => `datasets/${model}/${dataset}/dataset.json`,
  profile: (model: string, dataset: string) => `datasets/${model}/${dataset}/profile.json`,
  /** The rows of each day, of a dataset whose profile counts runs of days. */
  datasetDays: (model: string, dataset: string) => `datasets/${model}/${dataset}/days.json`,
  verdict: (model: string, dataset: string, rulesDigest: string) =>
    `datasets/${model}/${dataset}/verdicts/${rulesDigest}.json`,
  taken: (model: string, dataset: string) => `datasets/${model}/${dataset}/taken.json`,
  datasetReport: (model: string, dataset: string) => `datasets/${model}/${dataset}/report.html`,
  datasetData: (model: string, dataset: string) => `datasets/${model}/${dataset}/data/`,
  dictionary: (model: string) => `dictionaries/${model}.json`,
  slot: (model: string) => `slots/${model}.json`,
  plan: (model: string, id: string) => `${run(model, id)}/run.json`,
  /** What the run's model takes as input: label, features, dictionary. `predict` reads nothing else of a run. */
  runInput: (model: string, id: string) => `${run(model, id)}/input.json`,
  /** The profile of the rows a run's model learned from, and of their consecutive chunks. */
  baseline: (model: string, id: string) => `${run(model, id)}/baseline.json`,
  /** The same of what the model answered on the gate rows. */
  predictionBaseline: (model: string, id: string) => `${run(model, id)}/prediction-baseline.json`,
  /** How much the run's model makes of each feature. */
  importance: (model: string, id: string) => `${run(model, id)}/importance.json`,
  /** The same of the model that never saw a fold. */
  foldInput: (model: string, id: string, fold: number) => `${foldOf(model, id, fold)}/input.json`,
  prepared: (model: string, id: string) => `${run(model, id)}/prepared.json`,
  /** Those of the model that may serve, or of a fold's. */
  attempts: (model: string, id: string, fold?: number) => `${foldOf(model, id, fold)}/attempts/`,
  /** What the ledger has of each fold. */
  folds: (model: string, id: string) => `${run(model, id)}/folds/`,
  attempt: (model: string, id: string, n: number, fold?: number) => `${foldOf(model, id, fold)}/attempts/${n}.json`,
  waiting: (model: string, id: string, step: string) => `${run(model, id)}/waiting/${step}.json`,
  trained: (model: string, id: string) => `${run(model, id)}/trained.json`,
  judging: (model: string, id: string) => `${run(model, id)}/judging.json`,
  evaluation: (model: string, id: string) => `${run(model, id)}/evaluation.json`,
  /** What a decision needs to know beside the evidence of the rows. */
  circumstances: (model: string, id: string) => `${run(model, id)}/circumstances.json`,
  /** Which runs' candidates were judged on the same gate rows. */
  gateUses: (model: string, gateDigest: string) => `gates/${model}/${gateDigest}/`,
  gateUse: (model: string, gateDigest: string, id: string) => `gates/${model}/${gateDigest}/${id}.json`,
  golden: (model: string, id: string) => `${run(model, id)}/golden.json`,
  decision: (model: string, id: string) => `${run(model, id)}/decision.json`,
  /** The figures in the registry's own shape; a version points at it. */
  modelQuality: (model: string, id: string) => `${run(model, id)}/model-quality.json`,
  /** The fairness in the shape of SageMaker Clarify's report; a version points at it. */
  biasReport: (model: string, id: string) => `${run(model, id)}/bias-report.json`,
  /** What a person answered about a held candidate. */
  approval: (model: string, id: string) => `${run(model, id)}/approval.json`,
  registered: (model: string, id: string) => `${run(model, id)}/registered.json`,
  refusal: (model: string, id: string) => `${run(model, id)}/refusal.json`,
  end: (model: string, id: string) => `${run(model, id)}/end.json`,
  /** The answer to a request for a run that was not started; by the request's event. */
  declined: (model: string, eventId: string) => `runs/${model}/declined/${hex(eventId, 32)}.json`,
  runReport: (model: string, id: string) => `${run(model, id)}/report.html`,
  /** Ends with a slash: SageMaker takes an S3 prefix as a prefix of the key, so `train` would also match `train-2`. */
  splitData: (model: string, id: string, split: Split) => `${run(model, id)}/input/${split}/data/`,
  splitRows: (model: string, id: string, split: Split) => `${run(model, id)}/input/${split}/rows/`,
  request: (model: string, id: string, name: string) => `${run(model, id)}/requests/${name}.json`,
  output: (model: string, id: string) => `${run(model, id)}/output/`,
  scores: (model: string, id: string, of: Scoring) => `${run(model, id)}/output/scores/${of}/`,
  deployments: (model: string) => `deployments/${model}/`,
  deployment: (model: string, n: number) => `deployments/${model}/${n}.json`,
  deploymentStarted: (model: string, n: number) => `deployments/${model}/${n}.started.json`,
  /** Wrong answers of golden rows while a rollout baked: the first that were seen. */
  deploymentMismatch: (model: string, n: number) => `deployments/${model}/${n}.mismatch.json`,
  /** What was found of a rollout, before anything follows from it; `deploymentEnd` says that all of it has followed. */
  deploymentVerdict: (model: string, n: number) => `deployments/${model}/${n}.verdict.json`,
  deploymentEnd: (model: string, n: number) => `deployments/${model}/${n}.end.json`,
  deploymentCleared: (model: string, n: number) => `deployments/${model}/${n}.cleared.json`,
  champion: (model: string) => `champions/${model}.json`,
  championHistory: (model: string, n: number) => `champions/${model}/${n}.json`,
  /** Of an endpoint that came from elsewhere: what it is held against now, and was. */
  watch: (model: string) => `watches/${model}.json`,
  watchHistory: (model: string, n: number) => `watches/${model}/${n}.json`,
  watchAlarmed: (model: string, n: number) => `watches/${model}/${n}.alarmed.json`,
  /** The profile of a dataset's rows as a definition has them, for endpoints that came from elsewhere. */
  watchedRows: (model: string, dataset: string, definitionDigest: string) =>
    `datasets/${model}/${dataset}/watched/${definitionDigest}.json`,
  capture: (model: string, id: string) => `capture/${model}/${id}`,
  /** What is measured of a window of a model; the names of windows sort by time. */
  drift: (model: string, window: string) => `monitoring/${model}/${window}/drift.json`,
  /** What a run's rows of a window held. */
  windowProfile: (model: string, window: string, id: string) => `monitoring/${model}/${window}/profile-${id}.json`,
  /** Up to when every closed window has been answered. */
  watchedUntil: (model: string) => `monitoring/${model}.json`,
  /** What is found of each window; the next folder is the window's name. */
  monitoring: (model: string) => `monitoring/${model}/`,
  /** What labels say of a window by a moment; the names of moments sort by time. */
  quality: (model: string, window: string, asOf: Date) =>
    `monitoring/${model}/${window}/quality-${asOf.toISOString().replaceAll(/[-:.]/g, '')}.json`,
  /** What became of each label file; `model` is `-` where the key names no published model. */
  labelFiles: (model: string) => `labels/${model}/files/`,
  labelFile: (model: string, objectKey: string, versionId: string) =>
    `labels/${model}/files/${hex(`${objectKey}\n${versionId}`, 32)}.json`,
  /** The labels of an hour of predictions, `2001/01/25/10`, or of a day of them. */
  labelHours: (model: string, folder: string) => `labels/${model}/hours/${folder}/`,
  /** Which keys were predicted, below the day or hour of the prediction, `2001/01/25/10/`; names say the rest. */
  predictedKeys: (model: string, folder: string) => `predicted/${model}/${folder}`,
  /** The same of what others captured, read from it once as a definition has it. */
  capturedKeys: (model: string, definitionDigest: string, hour: string) =>
    `predicted/${model}/captured/${definitionDigest.slice(0, 16)}/${hour}.json`,
  /** All answers to triggers of retraining. */
  retrainings: (model: string) => `retraining/${model}/`,
  /** The answers to one trigger of retraining: a look at it each time the cooldown has passed. */
  retrainingLooks: (model: string, kind: string, since: string) =>
    `retraining/${model}/${hex(`${kind}\n${since}`, 32)}-`,
  retraining: (model: string, kind: string, since: string, look: number) =>
    `retraining/${model}/${hex(`${kind}\n${since}`, 32)}-${String(look).padStart(5, '0')}.json`,
  notice: (eventId: string) => `notices/${hex(eventId, 32)}.json`,
} as const;

/** Folders of facts that are kept for good; readings, what was captured and what was predicted are cleared away in time. */
const STANDING = /^(?:arrivals|champions|datasets|definitions|deployments|runs)\/[^/]+\/.+\.json$/;

/** Whether what lies under a key never changes once it is there. Pointers lie beside the folders of facts, not in them. */
export const isStanding = (key: string): boolean => STANDING.test(key);

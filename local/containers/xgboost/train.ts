import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { iterationCount, type Model } from '../../../shared/xgboost/model.ts';
import { writeModel } from '../../../shared/xgboost/model-file.ts';
import { boost, type RoundScore } from './boosting.ts';
import { type ChannelConfig, checkChannels, readChannel } from './channels.ts';
import { openCheckpoints } from './checkpoints.ts';
import { type ConfigObject, containerPaths, isConfigObject, readConfig } from './container-root.ts';
import { readHyperparameters } from './hyperparameters.ts';
import { notImplemented, UserError } from './user-error.ts';

/** What the program needs of the world besides files. */
export interface TrainWorld {
  /** The folder that stands for `/`. */
  readonly root: string;
  readonly print: (line: string) => void;
  /** True once the container was told to stop. */
  readonly isStopped: () => boolean;
}

const textsOf = (object: ConfigObject, what: string): Record<string, string> => {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(object)) {
    // SageMaker passes every hyperparameter as text.
    if (typeof value !== 'string') throw new UserError(`${what} ${name}: ${JSON.stringify(value)} is not a string`);
    texts[name] = value;
  }
  return texts;
};

const channelsOf = (config: ConfigObject): Record<string, ChannelConfig> => {
  const channels: Record<string, ChannelConfig> = {};
  for (const [name, value] of Object.entries(config)) {
    if (!isConfigObject(value)) throw new UserError(`Channel ${name} of inputdataconfig.json is not an object`);
    channels[name] = textsOf(value, `Channel ${name}:`);
  }
  return channels;
};

/** XGBoost's evaluation line: a tab before each score, five decimals (its `EvaluationMonitor`). */
const scoreLine = (round: number, scores: readonly RoundScore[]): string =>
  [`[${round}]`, ...scores.map(({ data, metric, value }) => `${data}-${metric}:${printScore(value)}`)].join('\t');

const printScore = (value: number): string => (Number.isNaN(value) ? 'nan' : value.toFixed(5));

const saveModel = (folder: string, model: Model): void => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'xgboost-model'), writeModel(model, 'ubj'));
};

/**
 * Runs a training job as SageMaker's built-in XGBoost image runs it: reads `/opt/ml/input`, prints a line of metrics
 * after each round, leaves one file, `/opt/ml/model/xgboost-model`.
 *
 * Told to stop, it ends early; it then leaves a model only if `save_model_on_termination` is `true`.
 *
 * @throws UserError for what the user can put right, in the image's words where they are known.
 */
export const train = async ({ root, print, isStopped }: TrainWorld): Promise<void> => {
  const paths = containerPaths(root);
  const channels = channelsOf(readConfig(paths.config('inputdataconfig.json')) ?? {});
  const given = textsOf(readConfig(paths.config('hyperparameters.json')) ?? {}, 'Hyperparameter');
  const hasValidation = channels.validation !== undefined;
  const hyperparameters = readHyperparameters(given, hasValidation);
  checkChannels(channels);
  const hosts = readConfig(paths.config('resourceconfig.json'))?.hosts;
  if (Array.isArray(hosts) && hosts.length > 1) throw notImplemented(`Training on ${hosts.length} hosts`);

  const training = readChannel(paths.channel('train'), 'train', hyperparameters.csvWeights);
  // The image reads weights of the training channel only (algorithm_mode/train.py, get_validated_dmatrices).
  const validation = hasValidation ? readChannel(paths.channel('validation'), 'validation', false) : undefined;
  const columns = training.features.columns;
  if (validation && validation.features.columns > columns) {
    throw new UserError(
      `Number of columns does not match number of features in booster. (${columns} vs. ${validation.features.columns})`,
    );
  }
  print('Single node training.');
  print(`Train matrix has ${training.features.rows} rows and ${columns} columns`);
  if (validation) print(`Validation matrix has ${validation.features.rows} rows`);

  const checkpointFolder = readConfig(paths.config('checkpointconfig.json'))?.LocalPath;
  const checkpoints =
    typeof checkpointFolder === 'string' && checkpointFolder !== ''
      ? openCheckpoints(paths.inside(checkpointFolder))
      : undefined;
  const initial = checkpoints?.latest();
  if (initial) print(`Resuming from iteration ${iterationCount(initial)}`);

  const rounds = boost(training, validation, hyperparameters, initial);
  let step = rounds.next();
  while (!step.done) {
    const { round, scores, model } = step.value;
    print(scoreLine(round, scores));
    checkpoints?.save(round, model());
    // Lets a signal in between two rounds.
    await setImmediate();
    if (isStopped()) {
      if (hyperparameters.saveModelOnTermination) saveModel(paths.model, model());
      return;
    }
    step = rounds.next();
  }
  saveModel(paths.model, step.value);
};

/** Leaves the reason where SageMaker looks for it; the first 1024 characters become the job's FailureReason. */
export const reportFailure = (root: string, error: unknown): string => {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const { failure } = containerPaths(root);
  mkdirSync(dirname(failure), { recursive: true });
  writeFileSync(failure, text);
  return text;
};

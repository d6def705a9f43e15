import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';

import type { Matrix } from '../../shared/xgboost/predict.ts';

const PROGRAM = join(import.meta.dirname, 'xgboost_oracle.py');

const Scores = z.record(z.string(), z.record(z.string(), z.array(z.number())));
const TrainAnswer = z.object({
  version: z.string(),
  seconds: z.number(),
  cpuSeconds: z.number(),
  evals: Scores,
  attributes: z.record(z.string(), z.string()),
});
const PredictAnswer = z.object({ version: z.string(), rounds: z.array(z.number()) });

export interface TrainRequest {
  readonly train: Matrix;
  readonly labels: Float32Array;
  readonly weights?: Float32Array;
  readonly validation?: Matrix;
  readonly validationLabels?: Float32Array;
  readonly parameters: Readonly<Record<string, string | number | readonly string[]>>;
  readonly rounds: number;
  readonly earlyStoppingRounds?: number;
  /** Score the training data, too, after each round. */
  readonly evaluate?: boolean;
  readonly test?: Matrix;
}

export interface Scored {
  readonly margins: Float32Array;
  readonly answers: Float32Array;
}

/** What real XGBoost made of a request. `seconds` and `cpuSeconds` are from a matrix in memory to a model. */
export interface TrainResult extends z.infer<typeof TrainAnswer> {
  readonly ubj: Uint8Array;
  readonly json: Uint8Array;
  /** Of the `test` rows, if there were any. */
  readonly scored: Scored | undefined;
}

/** The version of XGBoost that Python imports; undefined if there is no Python or no XGBoost. */
export const installedXgboost = (): string | undefined => {
  const { status, stdout } = spawnSync('python3', ['-c', 'import xgboost; print(xgboost.__version__)'], {
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : undefined;
};

const floatsOf = (path: string): Float32Array => {
  const bytes = readFileSync(path);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
};

const scoredAt = (stem: string): Scored => ({
  margins: floatsOf(`${stem}.margins`),
  answers: floatsOf(`${stem}.answers`),
});

const ask = (request: object): unknown => {
  const { status, stdout, stderr, error } = spawnSync('python3', [PROGRAM], {
    input: JSON.stringify(request),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`real XGBoost failed:\n${stderr}`);
  return JSON.parse(stdout);
};

const inFolder = <T>(
  use: (write: (name: string, values: Float32Array | Uint8Array) => string, path: (name: string) => string) => T,
): T => {
  const folder = mkdtempSync(join(tmpdir(), 'xgboost-oracle-'));
  const path = (name: string) => join(folder, name);
  try {
    return use((name, values) => {
      writeFileSync(path(name), values);
      return path(name);
    }, path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Trains with real XGBoost, on one thread. */
export const trainWithXgboost = (request: TrainRequest): TrainResult =>
  inFolder((write, path) => {
    const matrix = (name: string, { rows, columns, values }: Matrix) => ({ file: write(name, values), rows, columns });
    const { train, labels, weights, validation, validationLabels, test, ...rest } = request;
    const answer = TrainAnswer.parse(
      ask({
        operation: 'train',
        ...rest,
        train: matrix('train', train),
        labels: write('labels', labels),
        ...(weights && { weights: write('weights', weights) }),
        ...(validation && { validation: matrix('validation', validation) }),
        ...(validationLabels && { validationLabels: write('validation-labels', validationLabels) }),
        ...(test && { test: matrix('test', test), scores: path('scores') }),
        model: path('model'),
      }),
    );
    return {
      ...answer,
      ubj: readFileSync(path('model.ubj')),
      json: readFileSync(path('model.json')),
      scored: test && scoredAt(path('scores')),
    };
  });

/** Loads models, as UBJSON and as JSON, into real XGBoost and predicts with each. */
export const predictWithXgboost = (
  models: { readonly ubj: Uint8Array; readonly json: Uint8Array },
  data: Matrix,
): { ubj: Scored; json: Scored; rounds: readonly number[] } =>
  inFolder((write, path) => {
    const { rounds } = PredictAnswer.parse(
      ask({
        operation: 'predict',
        models: [
          { file: write('model.ubj', models.ubj), scores: path('ubj') },
          { file: write('model.json', models.json), scores: path('json') },
        ],
        data: { file: write('data', data.values), rows: data.rows, columns: data.columns },
      }),
    );
    return { ubj: scoredAt(path('ubj')), json: scoredAt(path('json')), rounds };
  });

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
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

type Write = (name: string, values: Float32Array | Uint8Array) => string;

const inFolder = async <T>(use: (write: Write, path: (name: string) => string) => Promise<T>): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), 'xgboost-oracle-'));
  const path = (name: string) => join(folder, name);
  const write: Write = (name, values) => {
    writeFileSync(path(name), values);
    return path(name);
  };
  try {
    return await use(write, path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

type Ask = (request: object) => Promise<unknown>;

const trainBy = (ask: Ask, request: TrainRequest): Promise<TrainResult> =>
  inFolder(async (write, path) => {
    const matrix = (name: string, { rows, columns, values }: Matrix) => ({ file: write(name, values), rows, columns });
    const { train, labels, weights, validation, validationLabels, test, ...rest } = request;
    const answer = TrainAnswer.parse(
      await ask({
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

export interface Written {
  readonly ubj: Uint8Array;
  readonly json: Uint8Array;
}

const predictBy = (ask: Ask, models: Written, data: Matrix): Promise<PredictResult> =>
  inFolder(async (write, path) => {
    const { rounds } = PredictAnswer.parse(
      await ask({
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

interface PredictResult {
  readonly ubj: Scored;
  readonly json: Scored;
  readonly rounds: readonly number[];
}

export interface RealXgboost {
  /** Trains on one thread. */
  train(request: TrainRequest): Promise<TrainResult>;
  /** Loads a model, as UBJSON and as JSON, and predicts with each. */
  predict(models: Written, data: Matrix): Promise<PredictResult>;
  stop(): Promise<void>;
}

/** One Python process for all questions: to import XGBoost takes longer than to answer most of them. */
export const startXgboost = (): RealXgboost => {
  const python = spawn('python3', [PROGRAM]);
  let errors = '';
  python.stderr.on('data', (chunk) => {
    errors += String(chunk);
  });
  const waiting: PromiseWithResolvers<string>[] = [];
  createInterface({ input: python.stdout }).on('line', (line) => waiting.shift()?.resolve(line));
  const ended = new Promise<void>((resolve) => {
    python.on('close', (code) => {
      for (const each of waiting.splice(0)) each.reject(new Error(`real XGBoost ended with ${code}:\n${errors}`));
      resolve();
    });
  });
  const ask: Ask = async (request) => {
    const answered = Promise.withResolvers<string>();
    waiting.push(answered);
    python.stdin.write(`${JSON.stringify(request)}\n`);
    return JSON.parse(await answered.promise);
  };
  return {
    train: (request) => trainBy(ask, request),
    predict: (models, data) => predictBy(ask, models, data),
    stop: async () => {
      python.stdin.end();
      await ended;
    },
  };
};

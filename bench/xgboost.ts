/**
 * The local stand-in's trainer beside real XGBoost on one thread: seconds from a matrix in memory to a model, and the
 * quality of what comes out, on real flights.
 */
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

import { type BoostingParameters, boost, type Dataset } from '../local/containers/xgboost/boosting.ts';
import { metricOf } from '../local/containers/xgboost/metrics.ts';
import type { Model } from '../shared/xgboost/model.ts';
import { type Matrix, predict } from '../shared/xgboost/predict.ts';
import { installedXgboost, type RealXgboost, startXgboost } from '../tests/oracle/xgboost-oracle.ts';
import { BINARY_DEFAULTS } from './binary-boosting.ts';

export const ROUNDS = 100;
const DEPTH = 6;
const RUNS = 5;

/** The parameters both trainers get, XGBoost's names on the right. */
const PARAMETERS: BoostingParameters = { ...BINARY_DEFAULTS, rounds: ROUNDS, eta: 0.1, maxDepth: DEPTH };
const XGBOOST_PARAMETERS = {
  objective: 'binary:logistic',
  max_depth: DEPTH,
  eta: 0.1,
  tree_method: 'hist',
  max_bin: 256,
};

/** Runs the boosting to its end. */
const trainOurs = (train: Dataset, parameters: BoostingParameters = PARAMETERS): Model => {
  const rounds = boost(train, undefined, parameters);
  let step = rounds.next();
  while (!step.done) step = rounds.next();
  return step.value;
};

/** Flights of January 2001: learned from the 1st to the 24th, judged on the 25th to the 31st. */
export const readFlights = async (): Promise<{ train: Dataset; test: Dataset }> => {
  const folder = join(import.meta.dirname, '..', 'node_modules', 'vega-datasets', 'data');
  const file = join(folder, 'flights-3m.parquet').replaceAll("'", "''");
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    const read = async (from: string, before: string): Promise<Dataset> => {
      const reader = await connection.runAndReadAll(`
        with flights as (
          select *, dense_rank() over (order by origin) as origin_code, dense_rank() over (order by destination) as destination_code
          from '${file}' where date >= '2001-01-01' and date < '2001-02-01')
        select hour(date)::float, dayofweek(date)::float, distance::float, origin_code::float, destination_code::float,
          (delay > 15)::int::float
        from flights where date >= '${from}' and date < '${before}' and delay is not null
        order by date, origin, destination, distance, delay`);
      const columns = reader.getColumnsJS();
      const rows = reader.currentRowCount;
      const features = new Float32Array(rows * 5);
      columns.slice(0, 5).forEach((column, at) => {
        for (let row = 0; row < rows; row++) features[row * 5 + at] = Number(column[row] ?? Number.NaN);
      });
      const labels = Float32Array.from(columns[5] ?? [], Number);
      return { features: { rows, columns: 5, values: features }, labels, weights: undefined };
    };
    return { train: await read('2001-01-01', '2001-01-25'), test: await read('2001-01-25', '2001-02-01') };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
};

/** 100,000 flights with ten columns: the five real ones, and five made of them so that bins are many and some missing. */
export const tenColumns = (flights: Dataset, rows: number): Dataset => {
  const from = flights.features;
  const step = Math.max(1, Math.floor(from.rows / rows));
  const values = new Float32Array(rows * 10);
  const labels = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const source = (row * step) % from.rows;
    const [hour = 0, weekday = 0, distance = 0, origin = 0, destination = 0] = from.values.subarray(
      source * 5,
      source * 5 + 5,
    );
    labels[row] = flights.labels[source]!;
    // Multiplicative hashing by the golden ratio: spread values without a random generator.
    const spread = (row * 0.6180339887498949) % 1;
    values.set(
      [
        hour,
        weekday,
        distance,
        origin,
        destination,
        row % 50 === 0 ? Number.NaN : distance * spread,
        hour + spread,
        origin * 37 + destination,
        Math.sin(row * 0.7) + labels[row]! * 0.2,
        (row * 7919) % 1000,
      ],
      row * 10,
    );
  }
  return { features: { rows, columns: 10, values }, labels, weights: undefined };
};

/** The area under the ROC curve of probabilities. */
export const aucOf = (scores: Float32Array, labels: Float32Array): number =>
  metricOf('auc')?.compute({ margins: scores, labels, weights: undefined, objective: 'reg:squarederror' }) ??
  Number.NaN;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const spreadOf = (values: readonly number[]): string =>
  `${Math.min(...values).toFixed(2)}-${Math.max(...values).toFixed(2)}`;

const timingRow = (trainer: string, durations: readonly Duration[]) => {
  const seconds = durations.map((duration) => duration.seconds);
  const cpuSeconds = durations.map((duration) => duration.cpuSeconds);
  return {
    trainer,
    'median s': median(seconds).toFixed(2),
    'range s': spreadOf(seconds),
    'median CPU s': median(cpuSeconds).toFixed(2),
    'range CPU s': spreadOf(cpuSeconds),
  };
};

/** Seconds of the clock, and of the processor: on a busy machine only the latter can be compared. */
export interface Duration {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

const measure = (work: () => void): Duration => {
  const started = performance.now();
  const busy = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(busy);
  return { seconds: (performance.now() - started) / 1000, cpuSeconds: (user + system) / 1e6 };
};

/** Interleaved runs, so that a busy machine slows both. Without real XGBoost only ours. */
export const timeTraining = async (
  train: Dataset,
  runs: number,
  xgboost: RealXgboost | undefined,
): Promise<{ ours: Duration[]; theirs: Duration[] }> => {
  const ours: Duration[] = [];
  const theirs: Duration[] = [];
  for (let run = 0; run < runs; run++) {
    if (xgboost) {
      theirs.push(
        await xgboost.train({
          train: train.features,
          labels: train.labels,
          parameters: XGBOOST_PARAMETERS,
          rounds: ROUNDS,
        }),
      );
    }
    ours.push(measure(() => trainOurs(train)));
  }
  return { ours, theirs };
};

/** Quality on the same unseen rows. */
export const compareAuc = async (
  train: Dataset,
  test: Dataset,
  xgboost: RealXgboost | undefined,
): Promise<{ ours: number; theirs: number | undefined }> => {
  const features: Matrix = test.features;
  const ours = aucOf(predict(trainOurs(train), features), test.labels);
  if (!xgboost) return { ours, theirs: undefined };
  const { scored } = await xgboost.train({
    train: train.features,
    labels: train.labels,
    parameters: XGBOOST_PARAMETERS,
    rounds: ROUNDS,
    test: features,
  });
  return { ours, theirs: scored && aucOf(scored.answers, test.labels) };
};

/** Prints the tables. */
export const run = async (): Promise<void> => {
  const version = installedXgboost();
  if (version === undefined) console.info('Python with XGBoost is not installed: only the stand-in is measured.');
  else
    console.info(
      `Real XGBoost ${version}, tree_method hist, one thread, beside the local stand-in; ${RUNS} runs, interleaved.`,
    );
  const { train, test } = await readFlights();
  const xgboost = version === undefined ? undefined : startXgboost();

  const data = tenColumns(train, 100_000);
  const { ours, theirs } = await timeTraining(data, RUNS, xgboost);
  console.info(`\nTraining: 100,000 rows x 10 features, ${ROUNDS} rounds, depth ${DEPTH}`);
  console.table([
    timingRow('stand-in', ours),
    ...(version === undefined ? [] : [timingRow(`XGBoost ${version}`, theirs)]),
  ]);
  if (version !== undefined) {
    const ratio = (of: keyof Duration) => median(ours.map((d) => d[of])) / median(theirs.map((d) => d[of]));
    console.info(
      `stand-in / XGBoost: ${ratio('seconds').toFixed(2)} by the clock, ${ratio('cpuSeconds').toFixed(2)} of CPU`,
    );
  }

  const auc = await compareAuc(train, test, xgboost);
  await xgboost?.stop();
  console.info(
    `\nFlights: learned from ${train.features.rows} of 1-24 January 2001, judged on ${test.features.rows} of 25-31`,
  );
  console.table([
    { trainer: 'stand-in', 'ROC AUC': auc.ours.toFixed(4) },
    ...(auc.theirs === undefined ? [] : [{ trainer: `XGBoost ${version}`, 'ROC AUC': auc.theirs.toFixed(4) }]),
  ]);
};

import { type BoostingParameters, boost, type Dataset } from '../../local/containers/xgboost/boosting.ts';
import type { RandomStream } from '../../shared/evaluation/random.ts';
import type { Model } from '../../shared/xgboost/model.ts';
import { predictMargins } from '../../shared/xgboost/predict.ts';
import { BINARY_DEFAULTS } from '../binary-boosting.ts';
import { type Day, type Flights, HOUR } from './flights.ts';

/** The recipe every model of the study is trained by; the names are XGBoost's. */
export const RECIPE = { rows: 30_000, rounds: 30, maxDepth: 5, eta: 0.2, minChildWeight: 5 } as const;

const PARAMETERS: BoostingParameters = {
  ...BINARY_DEFAULTS,
  rounds: RECIPE.rounds,
  eta: RECIPE.eta,
  maxDepth: RECIPE.maxDepth,
  minChildWeight: RECIPE.minChildWeight,
};

/** Flights drawn from the days without replacement. */
export function drawFlights({ cells }: Flights, days: readonly Day[], { below }: RandomStream): Dataset {
  const total = days.reduce((sum, day) => sum + day.cells.length, 0);
  const [from, late] = [new Uint32Array(total), new Float64Array(total)];
  let start = 0;
  for (const day of days) {
    from.set(day.cells, start);
    late.set(day.labels, start);
    start += day.cells.length;
  }
  const rows = Math.min(RECIPE.rows, total);
  const values = new Float32Array(rows * cells.columns);
  const labels = new Float32Array(rows);
  for (let row = 0; row < rows; row += 1) {
    // Fisher and Yates, the first `rows` steps of it.
    const other = row + below(total - row);
    const [cell, label] = [from[other] ?? 0, late[other] ?? 0];
    from[other] = from[row] ?? 0;
    late[other] = late[row] ?? 0;
    values.set(cells.values.subarray(cell * cells.columns, (cell + 1) * cells.columns), row * cells.columns);
    labels[row] = label;
  }
  return { features: { rows, columns: cells.columns, values }, labels, weights: undefined };
}

/** The same flights at no hour of the day: a model trained on them cannot use it. */
export function withoutHour(train: Dataset): Dataset {
  const { columns } = train.features;
  const values = train.features.values.map((value, at) => (at % columns === HOUR ? 0 : value));
  return { ...train, features: { ...train.features, values } };
}

function trained(train: Dataset): Model {
  const rounds = boost(train, undefined, PARAMETERS);
  let step = rounds.next();
  while (!step.done) step = rounds.next();
  return step.value;
}

/** Trains one model and answers with its log odds for each cell. */
export function retrain({ cells }: Flights, train: Dataset): Float64Array {
  return Float64Array.from(predictMargins(trained(train), cells));
}

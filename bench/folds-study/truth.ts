import { randomStream } from '../../shared/evaluation/random.ts';
import type { Flights } from '../aa-study/flights.ts';
import { logLoss, type Population, populationAuc, populationLoss, probabilities } from '../aa-study/population.ts';
import { labelsOf } from './training.ts';

export type MetricName = 'roc_auc' | 'log_loss' | 'mse';

/** All flights of the half year by what a model sees of them. */
export interface Reference extends Population {
  /** Of the delays in minutes. */
  readonly sums: Float64Array;
}

/** Counts all flights: what is true of two models is their gain here. */
export function referenceOf({ days, cells }: Flights): Reference {
  const counts = (): Float64Array => new Float64Array(cells.rows);
  const reference = { onTime: counts(), late: counts(), sums: counts() };
  for (const day of days) {
    const labels = labelsOf({ cells: day.cells, delays: day.labels }, 'binary');
    day.cells.forEach((cell, row) => {
      const of = labels[row] === 1 ? reference.late : reference.onTime;
      of[cell] = (of[cell] ?? 0) + 1;
      reference.sums[cell] = (reference.sums[cell] ?? 0) + (day.labels[row] ?? 0);
    });
  }
  return reference;
}

/** A mean squared error less that of the delays themselves, which is the same for every model. */
function meanSquare(answers: Float64Array, { onTime, late, sums }: Reference): number {
  let [total, rows] = [0, 0];
  answers.forEach((answer, cell) => {
    const count = (onTime[cell] ?? 0) + (late[cell] ?? 0);
    rows += count;
    total += answer * (count * answer - 2 * (sums[cell] ?? 0));
  });
  return total / rows;
}

/** How good a model is on all flights, higher is better; of its answers before they are made probabilities. */
export function goodness(metric: MetricName, margins: Float64Array, reference: Reference): number {
  switch (metric) {
    case 'roc_auc':
      return populationAuc(margins, reference);
    case 'log_loss':
      return -populationLoss(probabilities(margins), reference, logLoss);
    case 'mse':
      return -meanSquare(margins, reference);
  }
}

/** Normal numbers, one for each cell. */
export function noiseOf(cells: number, seed: number): Float64Array {
  const { uniform } = randomStream(seed);
  return Float64Array.from(
    { length: cells },
    () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

/** A model whose log odds are blurred, every flight of a cell alike. */
export const blurred = (margins: Float64Array, noise: Float64Array, amount: number): Float64Array =>
  margins.map((margin, at) => margin + amount * (noise[at] ?? 0));

/** Standard deviations of log odds: where the search begins, and where next to nothing is left of a model. */
const [FIRST, MOST] = [0.5, 4];
const STEPS = 3;

/**
 * How much a model must be blurred to fall about as low as `wanted`; null where next to nothing is left of it then. What
 * a small blur costs goes by its square, so that a few steps come within a twentieth of the way.
 */
export function blurTo(
  wanted: number,
  metric: MetricName,
  margins: Float64Array,
  noise: Float64Array,
  reference: Reference,
): number | null {
  const lost = (amount: number): number => whole - goodness(metric, blurred(margins, noise, amount), reference);
  const whole = goodness(metric, margins, reference);
  let amount = FIRST;
  for (let step = 0; step < STEPS; step += 1) {
    amount *= Math.sqrt((whole - wanted) / lost(amount));
    if (!(amount < MOST)) return null;
  }
  return amount;
}

import { LOG_LOSS_EPSILON, type Ranking, rocAuc } from '../../shared/evaluation/binary-metrics.ts';
import { orderAscending } from '../../shared/evaluation/radix-sort.ts';
import type { Day } from './flights.ts';

/** How many flights of each cell were on time and late over some days. */
export interface Population {
  readonly onTime: Float64Array;
  readonly late: Float64Array;
}

/** Counts the flights of the days. */
export function populationOf(days: readonly Day[], cells: number): Population {
  const population = { onTime: new Float64Array(cells), late: new Float64Array(cells) };
  for (const day of days) {
    for (let row = 0; row < day.cells.length; row += 1) {
      const [cell, counts] = [day.cells[row] ?? 0, day.labels[row] === 1 ? population.late : population.onTime];
      counts[cell] = (counts[cell] ?? 0) + 1;
    }
  }
  return population;
}

/** The scores of each cell, from its log odds. */
export const probabilities = (logOdds: Float64Array): Float64Array =>
  logOdds.map((value) => 1 / (1 + Math.exp(-value)));

/** The loss of a row by its score and label. */
export type RowLoss = (score: number, label: number) => number;

/** The logarithmic loss, clipped as the product's. */
export const logLoss: RowLoss = (score, label) => {
  const clipped = Math.min(Math.max(score, LOG_LOSS_EPSILON), 1 - LOG_LOSS_EPSILON);
  return -Math.log(label === 1 ? clipped : 1 - clipped);
};

/** About the share of late flights: at 0.5 no model of these features calls a flight late. */
export const THRESHOLD = 0.2;

/** 1 where the answer at the threshold is wrong. */
export const wrong: RowLoss = (score, label) => (score >= THRESHOLD === (label === 1) ? 0 : 1);

/** The ROC AUC of a model over the whole population. */
export function populationAuc(scores: Float64Array, { onTime, late }: Population): number {
  const order = orderAscending(scores);
  const ranking: Ranking = (visit) => {
    for (let at = order.length - 1; at >= 0; ) {
      const score = scores[order[at] ?? 0] ?? 0;
      let [positives, negatives] = [0, 0];
      for (; at >= 0 && scores[order[at] ?? 0] === score; at -= 1) {
        positives += late[order[at] ?? 0] ?? 0;
        negatives += onTime[order[at] ?? 0] ?? 0;
      }
      visit(score, positives, negatives);
    }
  };
  const auc = rocAuc(ranking);
  if (auc === null) throw new RangeError('a population of one class has no ROC AUC');
  return auc;
}

/** The mean loss of a model over the whole population. */
export function populationLoss(scores: Float64Array, { onTime, late }: Population, loss: RowLoss): number {
  let [sum, rows] = [0, 0];
  for (let cell = 0; cell < scores.length; cell += 1) {
    const [score, negatives, positives] = [scores[cell] ?? 0, onTime[cell] ?? 0, late[cell] ?? 0];
    rows += negatives + positives;
    sum += (negatives > 0 ? negatives * loss(score, 0) : 0) + (positives > 0 ? positives * loss(score, 1) : 0);
  }
  return sum / rows;
}

/** The F1 of a model over the whole population, at the threshold. */
export function populationF1(scores: Float64Array, { onTime, late }: Population): number {
  let [hits, misses, falseAlarms] = [0, 0, 0];
  for (let cell = 0; cell < scores.length; cell += 1) {
    if ((scores[cell] ?? 0) < THRESHOLD) misses += late[cell] ?? 0;
    else {
      hits += late[cell] ?? 0;
      falseAlarms += onTime[cell] ?? 0;
    }
  }
  return (2 * hits) / (2 * hits + misses + falseAlarms);
}

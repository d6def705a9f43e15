import { LEAST_TIME_BLOCKS } from '../../shared/evaluation/neighbours.ts';
import { randomStream } from '../../shared/evaluation/random.ts';
import { type Blocks, drawDays } from './draws.ts';
import type { Day, Flights } from './flights.ts';
import { assertSame, byAuc, byF1, byLoss, type Gate, gateOf, type Measured, type Pair } from './judging.ts';
import {
  logLoss,
  type Population,
  populationAuc,
  populationF1,
  populationLoss,
  populationOf,
  probabilities,
  wrong,
} from './population.ts';
import { drawFlights, retrain, withoutHour } from './retrain.ts';

export type MetricName = 'roc_auc' | 'log_loss' | 'accuracy' | 'f1';

/** Days in a gate. */
export const GATES = [3, 6, 10, 14, 20] as const;

/** How much worse a handicapped candidate is in truth. */
export const MARGINS = { roc_auc: 0.01, log_loss: 0.003 } as const;

/** One comparison of a candidate with a champion on one gate, and what is true of the two. */
export interface Judgement extends Measured {
  readonly replication: number;
  readonly blocks: Blocks;
  /** The gate's first day. */
  readonly start: number;
  readonly days: number;
  readonly rows: number;
  readonly metric: MetricName;
  /**
   * `consecutive`: the days as they came; `drawn`: as many days, each drawn by itself from the reference, so that one
   * tells nothing of the next.
   */
  readonly gate: 'consecutive' | 'drawn';
  /** `equal`: both by one recipe; `handicapped`: the candidate is worse by the margin. */
  readonly candidate: 'equal' | 'handicapped';
  /** The gain over all days of the reference: half a year. */
  readonly truth: number;
}

/** The gain of a pair by one metric over a population. */
function trueGain(metric: MetricName, { candidate, champion }: Pair, population: Population): number {
  switch (metric) {
    case 'roc_auc':
      return populationAuc(candidate, population) - populationAuc(champion, population);
    case 'log_loss':
      return populationLoss(champion, population, logLoss) - populationLoss(candidate, population, logLoss);
    case 'accuracy':
      return populationLoss(champion, population, wrong) - populationLoss(candidate, population, wrong);
    case 'f1':
      return populationF1(candidate, population) - populationF1(champion, population);
  }
}

function judged(metric: MetricName, gate: Gate, pair: Pair, seed: number): Measured {
  switch (metric) {
    case 'roc_auc':
      return byAuc(gate, pair);
    case 'log_loss':
      return byLoss(gate, pair, logLoss);
    case 'accuracy':
      return byLoss(gate, pair, wrong);
    case 'f1':
      return byF1(gate, pair, seed);
  }
}

/** Log odds of a model that has lost a share of what it knew of the hour. */
const blended = (whole: Float64Array, crippled: Float64Array, share: number): Float64Array =>
  whole.map((value, cell) => (1 - share) * value + share * (crippled[cell] ?? 0));

/** Leaves less than a hundredth of the margin. */
const HALVINGS = 14;

/**
 * A model made worse than its opponent by the margin, neither more nor less. Null where even without the hour it is
 * not that much worse.
 */
function handicapped(
  metric: 'roc_auc' | 'log_loss',
  better: Float64Array,
  crippled: Float64Array,
  champion: Float64Array,
  reference: Population,
): Pair | null {
  const pairAt = (share: number): Pair => ({ candidate: probabilities(blended(better, crippled, share)), champion });
  const spare = (share: number): number => trueGain(metric, pairAt(share), reference) + MARGINS[metric];
  let [low, high] = [0, 1];
  if (spare(low) < 0 || spare(high) > 0) return null;
  for (let step = 0; step < HALVINGS; step += 1) {
    const middle = (low + high) / 2;
    if (spare(middle) > 0) low = middle;
    else high = middle;
  }
  return pairAt((low + high) / 2);
}

/** Trains a pair and judges it on all gates. The same number gives the same judgements. */
export function replicate(flights: Flights, replication: number, blocks: Blocks): Judgement[] {
  const stream = randomStream(replication);
  const draw = drawDays(flights.days.length, blocks, stream);
  const daysOf = (indices: readonly number[]): Day[] => indices.map((at) => flights.days[at]!);
  const trainingOf = (indices: readonly number[]) => drawFlights(flights, daysOf(indices), stream);
  const rows = { champion: trainingOf(draw.champion), candidate: trainingOf(draw.candidate) };
  const odds = { champion: retrain(flights, rows.champion), candidate: retrain(flights, rows.candidate) };
  const equal: Pair = { candidate: probabilities(odds.candidate), champion: probabilities(odds.champion) };
  const [gate, reference] = [daysOf(draw.gate), daysOf(draw.reference)];
  const population = populationOf(reference, flights.cells.rows);
  const start = draw.gate[0] ?? 0;

  const gates = GATES.flatMap((length) => [
    { gate: 'consecutive' as const, of: gateOf(gate.slice(0, length)) },
    {
      gate: 'drawn' as const,
      of: gateOf(Array.from({ length }, () => reference[stream.below(reference.length)]!)),
    },
  ]);
  for (const { of } of gates) if (of.days === LEAST_TIME_BLOCKS) assertSame(of, equal, logLoss);

  const judgements: Judgement[] = [];
  const add = (metric: MetricName, candidate: Judgement['candidate'], pair: Pair): void => {
    const truth = trueGain(metric, pair, population);
    for (const { gate: kind, of } of gates) {
      judgements.push({
        replication,
        blocks,
        start,
        metric,
        candidate,
        truth,
        gate: kind,
        days: of.days,
        rows: of.cells.length,
        ...judged(metric, of, pair, replication),
      });
    }
  };
  for (const metric of ['roc_auc', 'log_loss', 'accuracy', 'f1'] as const) add(metric, 'equal', equal);
  // The better of the two is made the worse one, so that nothing has to be added to what it knows.
  const betterOf = trueGain('roc_auc', equal, population) >= 0 ? 'candidate' : 'champion';
  const other = betterOf === 'candidate' ? 'champion' : 'candidate';
  const crippled = retrain(flights, withoutHour(rows[betterOf]));
  for (const metric of ['roc_auc', 'log_loss'] as const) {
    const pair = handicapped(metric, odds[betterOf], crippled, equal[other], population);
    if (pair !== null) add(metric, 'handicapped', pair);
  }
  return judgements;
}

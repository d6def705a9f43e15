import { bootstrap } from '../../shared/evaluation/bootstrap.ts';
import { type Gain, gainOf } from '../../shared/evaluation/comparison.ts';
import type { MeasuredModel } from '../../shared/evaluation/figure-intervals.ts';
import { measure } from '../../shared/evaluation/metrics.ts';
import { type ClusteredError, errorOfParts, widestError } from '../../shared/evaluation/neighbours.ts';
import { orderAscending } from '../../shared/evaluation/radix-sort.ts';
import type { Day } from './flights.ts';
import { type RowLoss, THRESHOLD } from './population.ts';

/** The probabilities of two models for each cell. */
export interface Pair {
  readonly candidate: Float64Array;
  readonly champion: Float64Array;
}

/** What a gate says of a pair by one metric; a gain above zero speaks for the candidate. */
export interface Measured {
  readonly gain: number;
  /** The standard error as if rows were independent; null where it is not asked for (F1). */
  readonly rowError: number | null;
  /** The standard error by day. F1: the bootstrap's. */
  readonly dayError: number;
  /** F1: the 5 % quantile of the gain when days are drawn again. */
  readonly percentileLower: number | null;
  /** Each day's part in the gain's deviation: their sum is zero, their spread gives the error by day. */
  readonly parts: readonly number[];
}

/** The rows of a gate, day after day. */
export interface Gate {
  readonly days: number;
  readonly labels: Float64Array;
  readonly cells: Uint32Array;
  readonly day: Uint32Array;
}

/** Puts days together. */
export function gateOf(days: readonly Day[]): Gate {
  const rows = days.reduce((sum, day) => sum + day.cells.length, 0);
  const [labels, cells, dayOf] = [new Float64Array(rows), new Uint32Array(rows), new Uint32Array(rows)];
  let start = 0;
  days.forEach((day, at) => {
    labels.set(day.labels, start);
    cells.set(day.cells, start);
    dayOf.fill(at, start, start + day.cells.length);
    start += day.cells.length;
  });
  return { days: days.length, labels, cells, day: dayOf };
}

/** The cells by rising score, cells of one score together. */
interface Ranks {
  readonly rank: Uint32Array;
  readonly count: number;
}

const known = new WeakMap<Float64Array, Ranks>();

/** The ranks of a model's scores; sorted once, for the same model is judged on many gates. */
function ranksOf(scores: Float64Array): Ranks {
  const found = known.get(scores);
  if (found !== undefined) return found;
  const rank = new Uint32Array(scores.length);
  let count = 0;
  let last: number | undefined;
  for (const cell of orderAscending(scores)) {
    const score = scores[cell] ?? 0;
    if (last !== undefined && score !== last) count += 1;
    rank[cell] = count;
    last = score;
  }
  const ranks = { rank, count: count + 1 };
  known.set(scores, ranks);
  return ranks;
}

/**
 * DeLong's structural components, not of each row but of each rank: for a late flight the share of the others it
 * beats, for another the share of the late ones that beat it.
 */
function componentsOf({ labels, cells }: Gate, { rank, count }: Ranks) {
  const [late, onTime] = [new Float64Array(count), new Float64Array(count)];
  for (let row = 0; row < cells.length; row += 1) {
    const at = rank[cells[row] ?? 0] ?? 0;
    const counts = labels[row] === 1 ? late : onTime;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  const total = (counts: Float64Array): number => counts.reduce((sum, rows) => sum + rows, 0);
  const [positives, negatives] = [total(late), total(onTime)];
  const [beaten, beatenBy] = [new Float64Array(count), new Float64Array(count)];
  let [lateBelow, onTimeBelow, won] = [0, 0, 0];
  for (let at = 0; at < count; at += 1) {
    const [p, n] = [late[at] ?? 0, onTime[at] ?? 0];
    beaten[at] = (onTimeBelow + n / 2) / negatives;
    beatenBy[at] = (positives - lateBelow - p / 2) / positives;
    won += p * (onTimeBelow + n / 2);
    lateBelow += p;
    onTimeBelow += n;
  }
  return { auc: won / positives / negatives, beaten, beatenBy, positives, negatives };
}

/** The error of a gain whose deviation is the sum of independent parts. */
export function errorOf(parts: ArrayLike<number>): number {
  let squares = 0;
  for (let at = 0; at < parts.length; at += 1) squares += (parts[at] ?? 0) ** 2;
  return Math.sqrt((parts.length / (parts.length - 1)) * squares);
}

/** The gate's error of what is the sum of the days' parts. */
export function widestOf(parts: readonly number[]): ClusteredError {
  const days = { count: parts.length, inTime: Uint32Array.from(parts.keys()) };
  const found = widestError(days, errorOfParts(Float64Array.from(parts)));
  if (found === null) throw new RangeError('a gate has no error');
  return found;
}

/**
 * Compares by ROC AUC: DeLong row by row, Obuchowski's form of it by day. From counts of cells, many times as fast as
 * from rows; `assertSame` holds it to what the gate itself computes.
 */
export function byAuc(gate: Gate, pair: Pair): Measured {
  const [ourRanks, theirRanks] = [ranksOf(pair.candidate), ranksOf(pair.champion)];
  const [ours, theirs] = [componentsOf(gate, ourRanks), componentsOf(gate, theirRanks)];
  const { positives, negatives } = ours;
  const gain = ours.auc - theirs.auc;
  const parts = new Float64Array(gate.days);
  let [lateSquares, onTimeSquares] = [0, 0];
  for (let row = 0; row < gate.cells.length; row += 1) {
    const [cell, day] = [gate.cells[row] ?? 0, gate.day[row] ?? 0];
    const [our, their] = [ourRanks.rank[cell] ?? 0, theirRanks.rank[cell] ?? 0];
    if (gate.labels[row] === 1) {
      const deviation = (ours.beaten[our] ?? 0) - (theirs.beaten[their] ?? 0) - gain;
      lateSquares += deviation * deviation;
      parts[day] = (parts[day] ?? 0) + deviation / positives;
    } else {
      const deviation = (ours.beatenBy[our] ?? 0) - (theirs.beatenBy[their] ?? 0) - gain;
      onTimeSquares += deviation * deviation;
      parts[day] = (parts[day] ?? 0) + deviation / negatives;
    }
  }
  const variance = lateSquares / (positives - 1) / positives + onTimeSquares / (negatives - 1) / negatives;
  return { gain, rowError: Math.sqrt(variance), dayError: errorOf(parts), percentileLower: null, parts: [...parts] };
}

/** Compares by the mean of a loss, row by row and by day. */
export function byLoss({ days, labels, cells, day }: Gate, { candidate, champion }: Pair, loss: RowLoss): Measured {
  const gains = [0, 1].map((label) =>
    champion.map((score, cell) => loss(score, label) - loss(candidate[cell] ?? 0, label)),
  );
  const [onTime = new Float64Array(), late = new Float64Array()] = gains;
  const rows = cells.length;
  const [sums, counts] = [new Float64Array(days), new Float64Array(days)];
  let [total, squares] = [0, 0];
  for (let row = 0; row < rows; row += 1) {
    const gained = (labels[row] === 1 ? late : onTime)[cells[row] ?? 0] ?? 0;
    const of = day[row] ?? 0;
    total += gained;
    squares += gained * gained;
    sums[of] = (sums[of] ?? 0) + gained;
    counts[of] = (counts[of] ?? 0) + 1;
  }
  const gain = total / rows;
  const parts = Array.from(sums, (sum, of) => (sum - gain * (counts[of] ?? 0)) / rows);
  const variance = (squares / rows - gain * gain) / (rows - 1);
  return { gain, rowError: Math.sqrt(variance), dayError: errorOf(parts), percentileLower: null, parts };
}

/** The value of each row by that of its cell. */
function gathered(values: Float64Array, cells: Uint32Array): Float64Array {
  const rows = new Float64Array(cells.length);
  for (let row = 0; row < cells.length; row += 1) rows[row] = values[cells[row] ?? 0] ?? 0;
  return rows;
}

/** What the gate itself says of a pair by one metric. */
function judgedByGate({ labels, cells, day, days }: Gate, pair: Pair, metric: 'roc_auc' | 'log_loss'): Gain {
  const clusters = { ids: day, count: days, inTime: Uint32Array.from({ length: days }, (_, at) => at) };
  const sample = { problem: 'binary', labels, classes: 0, weights: null, clusters, operatingPoint: THRESHOLD } as const;
  const measured = (scores: Float64Array): MeasuredModel => {
    const answers = [gathered(scores, cells)];
    return { answers, figures: measure({ problem: 'binary', labels, answers, operatingPoint: THRESHOLD }).figures };
  };
  const draws = (): never => {
    throw new RangeError(`${metric} is not compared by rows drawn again`);
  };
  return gainOf({ sample, metric, ours: measured(pair.candidate), theirs: measured(pair.champion), draws });
}

/**
 * Holds what the study says of a gate to what the gate itself says of the rows: the gain, its error by row and the
 * widest of its errors by blocks of days.
 * @throws Error where they differ by more than rounding
 */
export function assertSame(gate: Gate, pair: Pair, loss: RowLoss): void {
  for (const [metric, ours] of [
    ['roc_auc', byAuc(gate, pair)],
    ['log_loss', byLoss(gate, pair, loss)],
  ] as const) {
    const { gain, estimate } = judgedByGate(gate, pair, metric);
    if ('undefinedBecause' in estimate) throw new Error(`${metric}: ${estimate.undefinedBecause}`);
    const widest = widestOf(ours.parts);
    const compared = {
      gain: [ours.gain, gain],
      'error by row': [ours.rowError, estimate.independentError],
      'widest error': [widest.standardError, estimate.standardError],
      'degrees of freedom': [widest.degreesOfFreedom, estimate.degreesOfFreedom],
    };
    for (const [what, [study, product]] of Object.entries(compared)) {
      if (!(Math.abs((study ?? Number.NaN) - (product ?? Number.NaN)) < 1e-9)) {
        throw new Error(`${metric}, ${what}: ${study} by the study, ${product} by the gate itself`);
      }
    }
  }
}

const DRAWS = 1_000;

/** Compares by F1 at the threshold as the gate does: days drawn again, whole. */
export function byF1(gate: Gate, pair: Pair, seed: number): Measured {
  // Of each day and model: hits, misses and false alarms, all that F1 is made of.
  const counts = (scores: Float64Array) => {
    const of = Array.from({ length: gate.days }, (): [number, number, number] => [0, 0, 0]);
    for (let row = 0; row < gate.cells.length; row += 1) {
      const counted = of[gate.day[row] ?? 0]!;
      if ((scores[gate.cells[row] ?? 0] ?? 0) < THRESHOLD) counted[1] += gate.labels[row] ?? 0;
      else counted[gate.labels[row] === 1 ? 0 : 2] += 1;
    }
    return of;
  };
  const [ours, theirs] = [counts(pair.candidate), counts(pair.champion)];
  const f1 = (of: typeof ours, drawn: Iterable<number>): number => {
    let [hits, errors] = [0, 0];
    for (const day of drawn) {
      const [hit = 0, misses = 0, falseAlarms = 0] = of[day] ?? [];
      hits += hit;
      errors += misses + falseAlarms;
    }
    return (2 * hits) / (2 * hits + errors);
  };
  const gainOn = (drawn: Uint32Array): number => f1(ours, drawn) - f1(theirs, drawn);
  const all = Uint32Array.from(ours.keys());
  const spread = bootstrap({ rows: gate.days, seed, draws: DRAWS }, gainOn);
  if (spread.standardError === null || spread.lower95OneSided === null) throw new RangeError('F1 is undefined');
  const total = (of: typeof ours): number =>
    of.reduce((sum, [hits, misses, falseAlarms]) => sum + 2 * hits + misses + falseAlarms, 0);
  const partOf = (of: typeof ours, score: number, denominator: number, day: number): number => {
    const [hits = 0, misses = 0, falseAlarms = 0] = of[day] ?? [];
    return (2 * hits - score * (2 * hits + misses + falseAlarms)) / denominator;
  };
  const [ourF1, theirF1, ourTotal, theirTotal] = [f1(ours, all), f1(theirs, all), total(ours), total(theirs)];
  return {
    gain: ourF1 - theirF1,
    rowError: null,
    dayError: spread.standardError,
    percentileLower: spread.lower95OneSided,
    parts: ours.map((_, day) => partOf(ours, ourF1, ourTotal, day) - partOf(theirs, theirF1, theirTotal, day)),
  };
}

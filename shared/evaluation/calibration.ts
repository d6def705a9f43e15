import { orderAscending } from './radix-sort.ts';
import { ratio, sumOf } from './sums.ts';

/** Rows that share a bin: what the model said on average, and what was true. Empty bins are left out. */
export interface ReliabilityBin {
  readonly bin: number;
  readonly rows: number;
  readonly meanScore: number;
  readonly observedRate: number;
}

/** How far probabilities are from what happened. */
export interface Calibration {
  /** Expected calibration error: the bins' |mean score - observed rate|, weighted by their rows. */
  readonly ece: number;
  /** The largest of them. */
  readonly mce: number;
  readonly bins: readonly ReliabilityBin[];
}

interface Probabilities {
  readonly labels: Float64Array;
  readonly scores: Float64Array;
}

function assertProbabilities({ labels, scores }: Probabilities): void {
  if (labels.length !== scores.length) throw new RangeError(`${labels.length} labels, ${scores.length} scores`);
  const wrong = scores.find((score) => !(score >= 0 && score <= 1));
  if (wrong !== undefined) throw new RangeError(`${wrong} is not a probability`);
}

function binned({ labels, scores }: Probabilities, count: number, binOf: Uint32Array): readonly ReliabilityBin[] {
  const [rows, said, happened] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  for (let row = 0; row < scores.length; row += 1) {
    const bin = binOf[row] ?? 0;
    rows[bin] = (rows[bin] ?? 0) + 1;
    said[bin] = (said[bin] ?? 0) + (scores[row] ?? 0);
    happened[bin] = (happened[bin] ?? 0) + (labels[row] ?? 0);
  }
  return Array.from(rows, (inBin, bin) => ({
    bin,
    rows: inBin,
    meanScore: (said[bin] ?? 0) / inBin,
    observedRate: (happened[bin] ?? 0) / inBin,
  })).filter((bin) => bin.rows > 0);
}

function calibrationOf(bins: readonly ReliabilityBin[]): Calibration | null {
  const rows = sumOf(bins.length, (at) => bins[at]?.rows ?? 0);
  if (rows === 0) return null;
  const gaps = bins.map(({ meanScore, observedRate }) => Math.abs(meanScore - observedRate));
  return {
    ece: sumOf(bins.length, (at) => ((bins[at]?.rows ?? 0) / rows) * (gaps[at] ?? 0)),
    mce: Math.max(...gaps),
    bins,
  };
}

/**
 * Reliability by bins of equal width: `min(floor(p * bins), bins - 1)` in float64. Null without rows.
 * @throws RangeError where the columns differ in length, or a score is no probability
 */
export function equalWidthCalibration(input: Probabilities, bins = 10): Calibration | null {
  assertProbabilities(input);
  const { scores } = input;
  const binOf = new Uint32Array(scores.length);
  for (let row = 0; row < scores.length; row += 1) {
    binOf[row] = Math.min(Math.floor((scores[row] ?? 0) * bins), bins - 1);
  }
  return calibrationOf(binned(input, bins, binOf));
}

/**
 * Reliability by bins of equal mass: rows in ascending order of score, equal ones in the order they came, bin
 * `floor(rank * bins / rows)`. Less noisy than equal width where scores crowd. Null with fewer rows than bins.
 * @throws RangeError where the columns differ in length, or a score is no probability
 */
export function equalMassCalibration(input: Probabilities, bins = 10): Calibration | null {
  assertProbabilities(input);
  const rows = input.scores.length;
  if (rows < bins) return null;
  const binOf = new Uint32Array(rows);
  orderAscending(input.scores).forEach((row, rank) => {
    binOf[row] = Math.floor((rank * bins) / rows);
  });
  return calibrationOf(binned(input, bins, binOf));
}

/** Mean score, base rate, and their difference: calibration in the large. Null without rows. */
export function calibrationInTheLarge({ labels, scores }: Probabilities): {
  readonly meanScore: number | null;
  readonly baseRate: number | null;
  readonly difference: number | null;
} {
  const rows = scores.length;
  const mean = (column: Float64Array): number | null =>
    ratio(
      sumOf(rows, (row) => column[row] ?? 0),
      rows,
    );
  const [meanScore, baseRate] = [mean(scores), mean(labels)];
  return { meanScore, baseRate, difference: meanScore === null || baseRate === null ? null : meanScore - baseRate };
}

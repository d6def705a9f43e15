import { comparisonOf } from '../../shared/evaluation/comparison.ts';
import type { MeasuredModel } from '../../shared/evaluation/figure-intervals.ts';
import { measure } from '../../shared/evaluation/metrics.ts';
import type { Sample } from '../../shared/evaluation/sample.ts';
import { probabilities } from '../aa-study/population.ts';
import type { Problem } from './training.ts';
import type { MetricName } from './truth.ts';

/** What the blind models of two runs say of the same rows, before it is made probabilities. */
export interface BlindPair {
  readonly problem: Problem;
  readonly labels: Float64Array;
  /** The fold of each row. */
  readonly folds: Uint32Array;
  readonly candidate: Float64Array;
  readonly champion: Float64Array;
}

interface Bounds {
  readonly lower: number;
  readonly upper: number;
}

/** What the product says of a pair by one metric; a gain above zero speaks for the candidate. */
export interface Judged {
  readonly gain: number;
  /** The standard error of independent rows, were the models that judge those that serve. */
  readonly rowError: number;
  /** The one-sided bounds of 95 %: by that error, and as the gate has them. */
  readonly byRows: Bounds;
  readonly byGate: Bounds;
  /** The standard error with each fold as a cluster. */
  readonly foldError: number;
}

const TERMS = { margin: 0, mode: 'superior', confidence: 0.95 } as const;
/** No figure of the study asks for it. */
const OPERATING_POINT = 0.5;

const draws = (): never => {
  throw new RangeError('no metric of the study is compared by rows drawn again');
};

/**
 * Compares as the gate does.
 * @throws RangeError where the rows are too few to tell an error: one class has one row
 */
export function judge(metric: MetricName, { problem, labels, folds, candidate, champion }: BlindPair): Judged {
  const count = folds.reduce((most, fold) => Math.max(most, fold + 1), 0);
  const measured = (margins: Float64Array): MeasuredModel => {
    const answers = [problem === 'binary' ? probabilities(margins) : margins];
    return { answers, figures: measure({ problem, labels, answers, operatingPoint: OPERATING_POINT }).figures };
  };
  const [ours, theirs] = [measured(candidate), measured(champion)];
  const sample: Sample = {
    problem,
    labels,
    classes: 0,
    weights: null,
    clusters: null,
    operatingPoint: OPERATING_POINT,
  };
  const boundsIn = (of: Partial<Sample>): Bounds & { readonly gain: number; readonly standardError: number } => {
    const input = { sample: { ...sample, ...of }, metric, ours, theirs, draws };
    const { gain, lower, upper, standardError, undefinedBecause } = comparisonOf(input, TERMS);
    if (gain === null || lower === null || upper === null || standardError === null) {
      throw new RangeError(`${metric}: ${undefinedBecause}`);
    }
    return { gain, lower, upper, standardError };
  };
  const [byRows, byGate] = [boundsIn({}), boundsIn({ folds: count })];
  return {
    gain: byRows.gain,
    rowError: byRows.standardError,
    byRows: { lower: byRows.lower, upper: byRows.upper },
    byGate: { lower: byGate.lower, upper: byGate.upper },
    foldError: boundsIn({ clusters: { ids: folds, count } }).standardError,
  };
}

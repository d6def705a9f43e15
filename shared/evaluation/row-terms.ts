import { LOG_LOSS_EPSILON } from './binary-metrics.ts';
import type { RowTerms } from './estimate.ts';
import { onlyColumn } from './metrics.ts';
import { answerOf, placesBefore } from './multiclass-metrics.ts';
import { type Answers, type Sample, weightIn } from './sample.ts';
import { sumOf } from './sums.ts';

/** A row's term, and whether the row counts at all. */
interface Term {
  readonly of: (row: number) => number;
  readonly counts?: (row: number) => boolean;
}

const hit = (yes: boolean): number => (yes ? 1 : 0);

function binaryTerm(metric: string, sample: Sample, answers: Answers): Term | undefined {
  const { labels, operatingPoint } = sample;
  const scores = onlyColumn(answers);
  const answered = (row: number): boolean => (scores[row] ?? 0) >= operatingPoint;
  const squared = (row: number): number => ((scores[row] ?? 0) - (labels[row] ?? 0)) ** 2;
  switch (metric) {
    case 'accuracy':
      return { of: (row) => hit(answered(row) === (labels[row] === 1)) };
    case 'recall':
      return { of: (row) => hit(answered(row)), counts: (row) => labels[row] === 1 };
    case 'specificity':
      return { of: (row) => hit(!answered(row)), counts: (row) => labels[row] === 0 };
    case 'precision':
      return { of: (row) => labels[row] ?? 0, counts: answered };
    case 'prevalence':
      return { of: (row) => labels[row] ?? 0 };
    case 'brier':
      return { of: squared };
    case 'brier_skill_score': {
      const weight = (row: number): number => weightIn(sample.weights, row);
      const total = sumOf(labels.length, weight);
      const share = sumOf(labels.length, (row) => weight(row) * (labels[row] ?? 0)) / total;
      // The base rate is the rows' own and the same for both models, so it is taken as it is.
      return { of: (row) => 1 - squared(row) / (share * (1 - share)) };
    }
    case 'log_loss':
      return {
        of: (row) => {
          const score = Math.min(Math.max(scores[row] ?? 0, LOG_LOSS_EPSILON), 1 - LOG_LOSS_EPSILON);
          return -Math.log(labels[row] === 1 ? score : 1 - score);
        },
      };
  }
  return undefined;
}

function multiclassTerm(metric: string, { labels }: Sample, answers: Answers): Term | undefined {
  switch (metric) {
    case 'accuracy':
    case 'f1_micro':
    case 'recall_weighted':
      return { of: (row) => hit(answerOf(answers, row) === labels[row]) };
    case 'top2_accuracy':
      return { of: (row) => hit(placesBefore(answers, labels[row] ?? 0, row) < 2) };
    case 'log_loss':
      return {
        of: (row) => {
          const said = answers[labels[row] ?? 0]?.[row] ?? 0;
          return -Math.log(Math.min(Math.max(said, LOG_LOSS_EPSILON), 1 - LOG_LOSS_EPSILON));
        },
      };
    case 'brier_sum':
      return {
        of: (row) =>
          answers.reduce((sum, column, label) => sum + ((column[row] ?? 0) - hit(labels[row] === label)) ** 2, 0),
      };
  }
  return undefined;
}

function regressionTerm(metric: string, { labels }: Sample, answers: Answers): Term | undefined {
  const scores = onlyColumn(answers);
  const truth = (row: number): number => labels[row] ?? 0;
  const error = (row: number): number => (scores[row] ?? 0) - truth(row);
  switch (metric) {
    case 'bias':
      return { of: error };
    case 'mse':
      return { of: (row) => error(row) ** 2 };
    case 'mae':
      return { of: (row) => Math.abs(error(row)) };
    case 'mape_nonzero':
      return {
        of: (row) => (truth(row) === 0 ? 0 : Math.abs(error(row) / truth(row))),
        counts: (row) => truth(row) !== 0,
      };
    case 'smape_0_2':
      return {
        of: (row) => {
          const scale = Math.abs(truth(row)) + Math.abs(scores[row] ?? 0);
          return scale === 0 ? 0 : (2 * Math.abs(error(row))) / scale;
        },
      };
  }
  return undefined;
}

const TERMS = { binary: binaryTerm, multiclass: multiclassTerm, regression: regressionTerm } as const;

/** Columns to write terms into, of the sample's rows: for ten million rows figure after figure would leave its own. */
export interface TermColumns {
  readonly terms: Float64Array;
  readonly weights: Float64Array;
}

/** Columns for the terms of so many rows. */
export const termColumns = (rows: number): TermColumns => ({
  terms: new Float64Array(rows),
  weights: new Float64Array(rows),
});

/**
 * The terms whose mean is the metric; undefined where it is no mean over rows. Written into `columns` where given: they
 * hold until those are used again.
 */
export function rowTerms(
  metric: string,
  sample: Sample,
  answers: Answers,
  columns?: TermColumns,
): RowTerms | undefined {
  const term = TERMS[sample.problem](metric, sample, answers);
  if (term === undefined) return undefined;
  const rows = sample.labels.length;
  const terms = columns?.terms ?? new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) terms[row] = term.of(row);
  const { counts } = term;
  if (counts === undefined) return { terms, weights: sample.weights };
  const weights = columns?.weights ?? new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) weights[row] = counts(row) ? weightIn(sample.weights, row) : 0;
  return { terms, weights };
}

/** Metrics that are shares of rows, so that Wilson's interval holds them. */
const SHARES: ReadonlySet<string> = new Set([
  'accuracy',
  'recall',
  'specificity',
  'precision',
  'prevalence',
  'f1_micro',
  'recall_weighted',
  'top2_accuracy',
]);

/** Whether a metric is a share of rows. */
export const isShare = (metric: string): boolean => SHARES.has(metric);

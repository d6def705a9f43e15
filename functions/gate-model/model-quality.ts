import { normalCritical } from '../../shared/evaluation/distributions.ts';
import type { Evaluation, Scored } from '../../shared/evaluation/evaluation.ts';

/**
 * SageMaker's shape of one figure. The deviation is the text "NaN" where it was not computed; ours is the standard error
 * that a normal interval of the same width would have.
 */
function figures({ candidate, confidence }: { readonly candidate: Scored; readonly confidence: number }) {
  const widths = 2 * normalCritical((1 - confidence) / 2);
  return (name: string, turned = false) => {
    const value = candidate.figures[name] ?? null;
    const interval = candidate.intervals[name] ?? null;
    return {
      // `turned`: the rate of what the named one leaves over; its error is the same.
      value: value === null ? null : turned ? 1 - value : value,
      standard_deviation: interval === null ? 'NaN' : (interval[1] - interval[0]) / widths,
    };
  };
}

function binary(candidate: Scored, confidence: number) {
  const { confusion, roc } = candidate;
  const figure = figures({ candidate, confidence });
  return {
    // Outer: the truth; inner: the answer. *Assumed*; the sample on AWS's page agrees with it.
    ...(confusion !== null && {
      confusion_matrix: {
        '0': { '0': confusion.tn, '1': confusion.fp },
        '1': { '0': confusion.fn, '1': confusion.tp },
      },
    }),
    accuracy: figure('accuracy'),
    precision: figure('precision'),
    recall: figure('recall'),
    true_positive_rate: figure('recall'),
    true_negative_rate: figure('specificity'),
    false_positive_rate: figure('specificity', true),
    false_negative_rate: figure('recall', true),
    auc: figure('roc_auc'),
    f1: figure('f1'),
    ...(roc !== null && {
      receiver_operating_characteristic_curve: {
        false_positive_rates: roc.map(([rate]) => rate),
        true_positive_rates: roc.map(([, rate]) => rate),
      },
    }),
  };
}

function multiclass(candidate: Scored, confidence: number) {
  const { classes } = candidate;
  const figure = figures({ candidate, confidence });
  const names = (classes ?? []).map(({ name }) => name);
  return {
    // By class names as in the binary shape, outer the truth, inner the answer. *Assumed*: the page numbers its classes.
    ...(classes !== null && {
      confusion_matrix: Object.fromEntries(
        classes.map(({ name, answers }) => [
          name,
          Object.fromEntries(names.map((answer, n) => [answer, answers[n] ?? 0])),
        ]),
      ),
    }),
    accuracy: figure('accuracy'),
    weighted_precision: figure('precision_weighted'),
    weighted_recall: figure('recall_weighted'),
    weighted_f1: figure('f1_weighted'),
  };
}

function regression(candidate: Scored, confidence: number) {
  const figure = figures({ candidate, confidence });
  return { mae: figure('mae'), mse: figure('mse'), rmse: figure('rmse'), r2: figure('r2') };
}

/**
 * The candidate's figures in the shape the model registry shows, or null where there are none. Source: SageMaker
 * developer guide, "Model quality metrics and Amazon CloudWatch monitoring".
 */
export function modelQuality({ candidate, problem, confidence }: Evaluation): Readonly<Record<string, unknown>> | null {
  if (candidate.outcome !== 'scored') return null;
  switch (problem) {
    case 'binary':
      return { binary_classification_metrics: binary(candidate, confidence) };
    case 'multiclass':
      return { multiclass_classification_metrics: multiclass(candidate, confidence) };
    case 'regression':
      return { regression_metrics: regression(candidate, confidence) };
  }
}

import type { Evaluation, Scored } from '../../shared/evaluation/evaluation.ts';

/**
 * SageMaker's shape of one figure. The deviation is the text "NaN" where it was not computed; ours come with the
 * intervals.
 */
const figure = (value: number | null | undefined) => ({ value: value ?? null, standard_deviation: 'NaN' });

function binary({ figures, confusion, roc }: Scored) {
  const falsePositiveRate = typeof figures.specificity === 'number' ? 1 - figures.specificity : null;
  const falseNegativeRate = typeof figures.recall === 'number' ? 1 - figures.recall : null;
  return {
    // Outer: the truth; inner: the answer. *Assumed*; the sample on AWS's page agrees with it.
    ...(confusion !== null && {
      confusion_matrix: {
        '0': { '0': confusion.tn, '1': confusion.fp },
        '1': { '0': confusion.fn, '1': confusion.tp },
      },
    }),
    accuracy: figure(figures.accuracy),
    precision: figure(figures.precision),
    recall: figure(figures.recall),
    true_positive_rate: figure(figures.recall),
    true_negative_rate: figure(figures.specificity),
    false_positive_rate: figure(falsePositiveRate),
    false_negative_rate: figure(falseNegativeRate),
    auc: figure(figures.roc_auc),
    f1: figure(figures.f1),
    ...(roc !== null && {
      receiver_operating_characteristic_curve: {
        false_positive_rates: roc.map(([rate]) => rate),
        true_positive_rates: roc.map(([, rate]) => rate),
      },
    }),
  };
}

const regression = ({ figures }: Scored) => ({
  mae: figure(figures.mae),
  mse: figure(figures.mse),
  rmse: figure(figures.rmse),
  r2: figure(figures.r2),
});

/**
 * The candidate's figures in the shape the model registry shows, or null where there are none. Source: SageMaker
 * developer guide, "Model quality metrics and Amazon CloudWatch monitoring".
 */
export function modelQuality({ candidate, problem }: Evaluation): Readonly<Record<string, unknown>> | null {
  if (candidate.outcome !== 'scored') return null;
  return problem === 'regression'
    ? { regression_metrics: regression(candidate) }
    : { binary_classification_metrics: binary(candidate) };
}

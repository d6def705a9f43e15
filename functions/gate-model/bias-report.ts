import type { Evaluation } from '../../shared/evaluation/evaluation.ts';

/** What SageMaker Clarify calls its metrics of a model's answers. Source: developer guide, "Measure Post-training Data and Model Bias". */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  DPPL: 'Difference in Positive Proportions in Predicted Labels (DPPL)',
  DI: 'Disparate Impact (DI)',
  AD: 'Accuracy Difference (AD)',
  RD: 'Recall Difference (RD)',
  SD: 'Specificity Difference (SD)',
  DAR: 'Difference in Acceptance Rates (DAR)',
  DRR: 'Difference in Rejection Rates (DRR)',
  DCA: 'Difference in Conditional Acceptance (DCAcc)',
  DCR: 'Difference in Conditional Rejection (DCR)',
  TE: 'Treatment Equality (TE)',
};

/** Clarify's own name where it differs from the letters of its formula. */
const NAMES: Readonly<Record<string, string>> = { DCA: 'DCAcc' };

/**
 * The fairness of a candidate in the shape of Clarify's `analysis.json`, which the model registry shows as a bias report;
 * null where none was judged. A metric that is undefined has null and says so, where Clarify's own code would answer 0 or
 * infinity. Source: SageMaker developer guide, "Analysis Results".
 */
export function biasReport(evaluation: Evaluation, label: string): Readonly<Record<string, unknown>> | null {
  if (evaluation.candidate.outcome !== 'scored' || evaluation.fairness.length === 0) return null;
  const facets = evaluation.fairness.map(({ column, clarify }) => [
    column,
    clarify.map(({ facet, metrics }) => ({
      value_or_threshold: facet,
      metrics: Object.entries(metrics).map(([name, value]) => ({
        name: NAMES[name] ?? name,
        description: DESCRIPTIONS[name] ?? name,
        value,
        ...(value === null && { error: 'undefined: a denominator is zero' }),
      })),
    })),
  ]);
  return {
    version: '1.0',
    post_training_bias_metrics: { label, label_value_or_threshold: '1', facets: Object.fromEntries(facets) },
  };
}

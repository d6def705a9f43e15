import type { ModelDefinition } from '../../shared/definition/schema.ts';
import type { Policy } from '../../shared/evaluation/decision.ts';

/** What a definition asks of a candidate, as the decision reads it. */
export const policyOf = ({ evaluation, approval }: ModelDefinition): Policy => ({
  metric: evaluation.metric,
  thresholds: { ...evaluation.thresholds },
  champion: { mode: evaluation.champion.mode, margin: evaluation.champion.margin },
  approval,
});

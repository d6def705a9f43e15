import type { Policy } from '../evaluation/policy.ts';
import { type Margin, relativeMargin } from './evaluation-schema.ts';
import type { ModelDefinition } from './schema.ts';

const amount = (margin: Margin): number => relativeMargin(margin) ?? Number(margin);

/** What a definition asks of a candidate, as judging and deciding read it. */
export const policyOf = ({ evaluation, approval }: Pick<ModelDefinition, 'evaluation' | 'approval'>): Policy => {
  const { champion, anchor, suspicion } = evaluation;
  return {
    metric: evaluation.metric,
    thresholds: { ...evaluation.thresholds },
    operatingPoint: evaluation.threshold ?? 0.5,
    // All margins of a definition are of one kind; another one is refused when it is read.
    relativeMargins: relativeMargin(champion.margin) !== undefined,
    confidence: evaluation.confidence,
    champion: { mode: champion.mode, margin: amount(champion.margin) },
    anchor: anchor === null ? null : { margin: amount(anchor.margin), pastMs: anchor.past },
    refresh: evaluation.refresh,
    slices: evaluation.slices.map((slice) => ({
      column: slice.column,
      required: slice.required,
      margin: amount(slice.margin),
      floors: { ...slice.floors },
      minRows: slice.min_rows,
      minPositives: slice.min_positives,
    })),
    fairness: evaluation.fairness.map(({ column, limits, required }) => ({ column, limits: { ...limits }, required })),
    limits: { modelBytes: evaluation.limits.model_bytes, latencyP95Ms: evaluation.limits.latency_p95_ms },
    gateUses: evaluation.gate_uses,
    suspicion: {
      jump: suspicion.jump === null ? null : amount(suspicion.jump),
      perfect: suspicion.perfect,
      flips: suspicion.flips,
      giveaway: suspicion.giveaway,
    },
    approval,
  };
};

import type { Circumstances } from '../../shared/evaluation/circumstances.ts';
import type { Decision } from '../../shared/evaluation/decision.ts';
import type { Evaluation } from '../../shared/evaluation/evaluation.ts';
import { datasetProfileSchema, type Prepared, type RunPlan } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { type ReportedSplit, runReport } from '../../shared/report/run-report.ts';

/** When each split's rows begin and end; all null where rows have no time. */
function splitsOf({ cut }: RunPlan, { splits }: Prepared): ReportedSplit[] {
  const [from, validation, gate] = [cut?.from ?? null, cut?.validation ?? null, cut?.gate ?? null];
  return [
    { name: 'train', rows: splits.train.rows, from, until: validation },
    { name: 'validation', rows: splits.validation.rows, from: validation, until: gate },
    { name: 'gate', rows: splits.gate.rows, from: gate, until: null },
  ];
}

/** Draws the page. */
export type DrawRunReport = typeof runReport;

/** Writes the run's report beside its facts. It is made of facts alone, so a repeat writes the same page. */
export async function writeRunReport(
  ledger: Ledger,
  facts: {
    readonly plan: RunPlan;
    readonly prepared: Prepared;
    readonly evaluation: Evaluation;
    readonly circumstances: Circumstances;
    readonly decision: Decision;
  },
  draw: DrawRunReport = runReport,
): Promise<void> {
  const { plan, prepared, evaluation, circumstances, decision } = facts;
  const { model, run } = plan;
  const datasets = await Promise.all(
    plan.datasets.map(async (dataset) => {
      const profile = await ledger.find(datasetProfileSchema, keys.profile(model, dataset));
      return { dataset, fresh: plan.fresh.includes(dataset), rows: profile?.rows ?? null };
    }),
  );
  const page = draw({
    model,
    run,
    plannedAt: plan.plannedAt,
    datasets,
    splits: splitsOf(plan, prepared),
    dropped: prepared.dropped,
    features: prepared.features,
    evaluation,
    circumstances,
    decision,
  });
  await ledger.write(keys.runReport(model, run), page);
}

import type { RunPlan } from '../../shared/ledger/facts.ts';
import { dollarsPerHour } from '../../shared/sagemaker/prices.ts';

/** What decides what a run's training may cost. */
export interface CostEvidence {
  /** Any of them may be the one that has capacity. */
  readonly instances: readonly string[];
  readonly maxRuntimeMs: number;
  /** How long the trainings of earlier runs took. */
  readonly pastSeconds: readonly number[];
  /** Of the split, and how many models are judged beside the candidate; null where one model is trained. */
  readonly folds: { readonly count: number; readonly others: number } | null;
}

/** What a batch transform of few rows takes, most of it until there is an instance. *assumed* */
const TRANSFORM_SECONDS = 300;

/**
 * What a run is expected to cost at most: as long as the longest training before it, or as long as it may take where
 * there was none, on the dearest of its instances, at the price on demand (spot costs less). The few minutes of its batch
 * transforms are left out, unless there are folds: then there are many. Null dollars where a price is unknown: then runs alone are counted, and the plan says so.
 */
export function estimateCost({
  instances,
  maxRuntimeMs,
  pastSeconds,
  folds,
}: CostEvidence): NonNullable<RunPlan['cost']> {
  const unknown = instances.filter((instance) => dollarsPerHour(instance) === undefined);
  if (unknown.length > 0) {
    return { dollars: null, basis: `no price of ${unknown.join(', ')} is known: runs are counted and dollars are not` };
  }
  const prices = instances.map((instance) => ({ instance, price: dollarsPerHour(instance) ?? 0 }));
  const dearest = prices.reduce((most, one) => (one.price > most.price ? one : most), { instance: '', price: 0 });
  const longest = pastSeconds.length > 0 ? Math.max(...pastSeconds) : null;
  const seconds = longest ?? maxRuntimeMs / 1000;
  const took = longest === null ? `max_runtime, ${seconds} s` : `the longest training so far, ${seconds} s`;
  const on = `on ${dearest.instance} at $${dearest.price} an hour on demand`;
  if (folds === null) return { dollars: (seconds / 3600) * dearest.price, basis: `${took}, ${on}` };
  const trainings = folds.count + 1;
  const transforms = trainings * (folds.others + 1);
  return {
    dollars: ((seconds * trainings + TRANSFORM_SECONDS * transforms) / 3600) * dearest.price,
    basis: `${trainings} trainings of ${took}, and ${transforms} transforms of ${TRANSFORM_SECONDS} s, ${on}`,
  };
}

import type { RunPlan } from '../../shared/ledger/facts.ts';
import { dollarsPerHour } from '../../shared/sagemaker/prices.ts';

/** What decides what a run's training may cost. */
export interface CostEvidence {
  /** Any of them may be the one that has capacity. */
  readonly instances: readonly string[];
  readonly maxRuntimeMs: number;
  /** How long the trainings of earlier runs took. */
  readonly pastSeconds: readonly number[];
}

/**
 * What a run is expected to cost at most: as long as the longest training before it, or as long as it may take where
 * there was none, on the dearest of its instances, at the price on demand (spot costs less). The few minutes of its batch
 * transforms are left out. Null dollars where a price is unknown: then runs alone are counted, and the plan says so.
 */
export function estimateCost({ instances, maxRuntimeMs, pastSeconds }: CostEvidence): NonNullable<RunPlan['cost']> {
  const unknown = instances.filter((instance) => dollarsPerHour(instance) === undefined);
  if (unknown.length > 0) {
    return { dollars: null, basis: `no price of ${unknown.join(', ')} is known: runs are counted and dollars are not` };
  }
  const prices = instances.map((instance) => ({ instance, price: dollarsPerHour(instance) ?? 0 }));
  const dearest = prices.reduce((most, one) => (one.price > most.price ? one : most), { instance: '', price: 0 });
  const longest = pastSeconds.length > 0 ? Math.max(...pastSeconds) : null;
  const seconds = longest ?? maxRuntimeMs / 1000;
  const took = longest === null ? `max_runtime, ${seconds} s` : `the longest training so far, ${seconds} s`;
  return {
    dollars: (seconds / 3600) * dearest.price,
    basis: `${took}, on ${dearest.instance} at $${dearest.price} an hour on demand`,
  };
}

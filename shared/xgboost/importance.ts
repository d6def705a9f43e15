import { firstIterations, iterationCount, type Model } from './model.ts';

/** Marks a leaf in `leftChildren`. */
const LEAF = -1;

/** The rounds a model answers with: up to the best one, where early stopping noted it, as SageMaker's container serves. */
function answering(model: Model): Model {
  const best = Number(model.attributes.best_iteration ?? Number.NaN);
  const rounds =
    Number.isInteger(best) && best >= 0 ? Math.min(best + 1, iterationCount(model)) : iterationCount(model);
  return firstIterations(model, rounds);
}

/**
 * Each feature's share of the gain of all splits, by its place in the input: XGBoost's importance of type `total_gain`, made
 * to add up to 1. All 0 where no tree splits.
 *
 * Source: https://xgboost.readthedocs.io/en/stable/python/python_api.html#xgboost.Booster.get_score
 */
export function gainShares(model: Model): Float64Array {
  const gains = new Float64Array(model.featureCount);
  for (const { leftChildren, splitIndices, lossChanges } of answering(model).trees) {
    for (const [node, left] of leftChildren.entries()) {
      if (left === LEAF) continue;
      const feature = splitIndices[node] ?? 0;
      gains[feature] = (gains[feature] ?? 0) + (lossChanges[node] ?? 0);
    }
  }
  const all = gains.reduce((sum, gain) => sum + gain, 0);
  return all > 0 ? gains.map((gain) => gain / all) : gains.fill(0);
}

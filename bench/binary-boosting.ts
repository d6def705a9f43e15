import type { BoostingParameters } from '../local/containers/xgboost/boosting.ts';

/** XGBoost's own defaults for a probability, where a bench asks for nothing else. */
export const BINARY_DEFAULTS: Omit<BoostingParameters, 'rounds' | 'eta' | 'maxDepth'> = {
  objective: 'binary:logistic',
  maxBins: 256,
  gamma: 0,
  maxLeaves: 0,
  growPolicy: 'depthwise',
  minChildWeight: 1,
  maxDeltaStep: 0,
  lambda: 1,
  alpha: 0,
  subsample: 1,
  colsampleByTree: 1,
  colsampleByLevel: 1,
  colsampleByNode: 1,
  scalePosWeight: 1,
  baseScore: undefined,
  seed: 0,
  metrics: [],
  earlyStopping: undefined,
};

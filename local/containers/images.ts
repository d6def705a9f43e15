import { fileURLToPath } from 'node:url';

import type { ContainerImage } from '../contracts.ts';

// The metrics that the built-in XGBoost reports for tuning; each is found with the same expression, in which the log
// shows a TAB as #011. Source: aws/sagemaker-xgboost-container v1.7-1, metrics.py and xgb_constants.py; *assumed* for
// the 3.0 line.
const XGBOOST_METRICS = [
  'accuracy',
  'auc',
  'aucpr',
  'balanced_accuracy',
  'error',
  'f1',
  'f1_binary',
  'f1_macro',
  'gamma-nloglik',
  'logloss',
  'mae',
  'map',
  'merror',
  'mlogloss',
  'mse',
  'ndcg',
  'poisson-nloglik',
  'precision',
  'r2',
  'recall',
  'rmse',
];

const xgboost: ContainerImage = {
  pattern: /^sagemaker-xgboost:\d+\.\d+-\d+(-\d+)?(-cpu-py3)?$/,
  command: [process.execPath, fileURLToPath(new URL('./xgboost/main.ts', import.meta.url))],
  metricDefinitions: XGBOOST_METRICS.map((metric) => ({
    name: `validation:${metric}`,
    regex: `.*\\[[0-9]+\\].*#011validation-${metric}:(\\S+)`,
  })),
};

/** The container images the local cloud has programs for, unless it is given others. */
export const defaultImages: readonly ContainerImage[] = [xgboost];

/**
 * The image a URI names: its registry host is left out, so that every region's and account's copy is the same image.
 *
 * @param uri `683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5`
 * @returns undefined when no program stands in for this image.
 */
export const findImage = (images: readonly ContainerImage[], uri: string): ContainerImage | undefined => {
  const [first = '', ...rest] = uri.split('/');
  // A first part with a dot or a colon is a registry host, anything else part of the repository's name:
  // https://distribution.github.io/distribution/spec/api/ (the rule `docker pull` follows).
  const repository = rest.length > 0 && /[.:]/.test(first) ? rest.join('/') : uri;
  return images.find((image) => image.pattern.test(repository));
};

import type { Ranking } from './binary-metrics.ts';
import { equalWidthCalibration } from './calibration.ts';

/** A point of the ROC curve: the share of negatives and of positives answered 1. */
export type RocPoint = readonly [falsePositiveRate: number, truePositiveRate: number];

/**
 * The ROC curve, thinned to about `points`: each point kept lies on the curve, and so do both ends. Null with one
 * class only.
 */
export function rocCurve(ranking: Ranking, points = 100): readonly RocPoint[] | null {
  let positives = 0;
  let negatives = 0;
  ranking((_score, p, n) => {
    positives += p;
    negatives += n;
  });
  if (positives === 0 || negatives === 0) return null;
  const curve: RocPoint[] = [[0, 0]];
  let [truePositives, falsePositives, travelled] = [0, 0, 0];
  ranking((_score, p, n) => {
    truePositives += p;
    falsePositives += n;
    // Measured along the curve, so that its steep beginning keeps as many points as its flat end.
    const distance = truePositives / positives + falsePositives / negatives;
    const last = truePositives === positives && falsePositives === negatives;
    if (!last && distance - travelled < 2 / points) return;
    travelled = distance;
    curve.push([falsePositives / negatives, truePositives / positives]);
  });
  return curve;
}

/** Rows whose scores lie within one bin: what the model said on average, and what was true. */
export interface CalibrationBin {
  readonly rows: number;
  readonly meanScore: number;
  readonly positiveShare: number;
}

/** Reliability by ten bins of equal width, the last closed at 1; empty bins are left out. */
export function calibrationBins(labels: Float64Array, scores: Float64Array): readonly CalibrationBin[] {
  const { bins } = equalWidthCalibration({ labels, scores }) ?? { bins: [] };
  return bins.map(({ rows, meanScore, observedRate }) => ({ rows, meanScore, positiveShare: observedRate }));
}

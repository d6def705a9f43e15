import type { RoundScore } from './boosting.ts';

/** What decides when to stop. */
export interface EarlyStopping {
  readonly rounds: number;
  readonly data: string;
  readonly metric: string;
  readonly maximize: boolean;
}

/**
 * Remembers the best round and says when it lies too far back, as XGBoost's own `EarlyStopping` callback does: only a
 * strictly better score counts, and `rounds` rounds without one end the training.
 */
export const createEarlyStopping = (settings: EarlyStopping) => {
  let best: { round: number; score: number } | undefined;
  let waited = 0;
  return {
    best: () => best,
    /** True: stop. */
    observe: (round: number, scores: readonly RoundScore[]): boolean => {
      const score = scores.findLast(({ data, metric }) => data === settings.data && metric === settings.metric)?.value;
      if (score === undefined) throw new Error(`no score of ${settings.metric} on ${settings.data} in round ${round}`);
      const isBetter = best === undefined || (settings.maximize ? score > best.score : score < best.score);
      if (isBetter) {
        best = { round, score };
        waited = 0;
      } else {
        waited++;
      }
      return waited >= settings.rounds;
    },
  };
};

import type { Gain } from './comparison.ts';

/**
 * By how much the error of a comparison is larger where each row is judged by a model that never saw its fold. Rows know
 * nothing of how trainings differ: the models of the folds learned from much the same rows, and another model serves.
 * Nadeau and Bengio 2003 ("Inference for the generalization error", Machine Learning 52): the mean of J splits varies by
 * (1/J + n2/n1) times what one split varies, n2 rows judged and n1 learned from; of k folds, whose variance by rows is the
 * 1/k, that is 1 + k/(k - 1) times as much. `docs/false-promotions.md` measures it.
 */
export const foldsWidening = (folds: number): number => Math.sqrt(1 + folds / (folds - 1));

/** The gain as sure as models of so many folds make it. */
export function widenedByFolds({ estimate, sorted, ...about }: Gain, folds: number): Gain {
  if ('undefinedBecause' in estimate) return { ...about, estimate, sorted };
  const factor = foldsWidening(folds);
  const { value, standardError } = estimate;
  return {
    ...about,
    estimate: { ...estimate, standardError: standardError * factor },
    sorted: sorted?.map((draw) => value + factor * (draw - value)) ?? null,
  };
}

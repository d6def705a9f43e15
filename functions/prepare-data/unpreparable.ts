import type { WrittenSplits } from './write-splits.ts';

/** The run cannot be prepared, for a reason of its own making: it ends. */
export class UnpreparableError extends Error {
  override readonly name = 'UnpreparableError';
}

/** @throws UnpreparableError where no model can be made of what was written to train on. */
export function refuseNothingToLearn(
  { train, trainLabels, dropped }: Pick<WrittenSplits, 'train' | 'trainLabels' | 'dropped'>,
  problem: 'binary' | 'multiclass' | 'regression',
  classes: readonly string[] | null,
  where = '',
): void {
  if (train.length === 0) throw new UnpreparableError(`no row is left to train on${where}${leftOut(dropped)}`);
  if (problem !== 'regression' && trainLabels.size < 2) {
    const only = [...trainLabels.keys()].map((label) => classes?.[label] ?? String(label)).join();
    throw new UnpreparableError(`all rows to train on${where} have the label ${only}: there is nothing to tell apart`);
  }
}

/** @throws UnpreparableError where no row judges. */
export function refuseNothingToJudge({ gate, dropped }: Pick<WrittenSplits, 'gate' | 'dropped'>): void {
  if (gate.length === 0) throw new UnpreparableError(`no row is left to judge on${leftOut(dropped)}`);
}

const leftOut = (dropped: WrittenSplits['dropped']): string => {
  const left = Object.entries(dropped).map(([reason, count]) => `${count} ${reason}`);
  return left.length > 0 ? ` (left out: ${left.join(', ')})` : '';
};

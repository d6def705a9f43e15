import type { Rollout } from '../ledger/deployments.ts';
import { type Champion, championSchema } from '../ledger/facts.ts';
import { keys } from '../ledger/keys.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** Runs whose models somebody has taken out of service by a rollback: they do not come back by another one. */
const takenBack = (rollouts: readonly Rollout[]): ReadonlySet<string> =>
  new Set(
    rollouts.flatMap(({ deployment: { rollback, replaces, run } }) =>
      rollback && replaces && replaces.run !== run ? [replaces.run] : [],
    ),
  );

/**
 * The champion that a rollback puts back: the latest before this one that no rollback has taken out of service and that
 * nobody has rejected since. Of a retired champion it is the champion itself.
 *
 * @param isRejected Whether the registry says so of a version.
 */
export const previousChampion = async (
  ledger: Ledger,
  champion: Champion,
  rollouts: readonly Rollout[],
  isRejected: (packageArn: string) => Promise<boolean>,
): Promise<Champion | undefined> => {
  const { retired, ...itself } = champion;
  if (retired) return itself;
  const gone = takenBack(rollouts);
  for (let n = champion.n - 1; n >= 1; n -= 1) {
    const before = await ledger.find(championSchema, keys.championHistory(champion.model, n));
    if (!before || before.run === champion.run || gone.has(before.run)) continue;
    if (!(await isRejected(before.modelPackageArn))) return before;
  }
  return undefined;
};

/** Whether the champion may have been trained on a run's gate rows: it would then be judged on what it knows. */
import type { ResolvedInput } from '../../shared/definition/resolve.ts';
import type { ColumnType } from '../../shared/features/columns.ts';
import type { Prepared, RunPlan, SplitMethod } from '../../shared/ledger/facts.ts';

/** How one side's rows were split, and the types of the columns they were split by. */
export interface SplitRows {
  readonly split: SplitMethod;
  readonly columnTypes: ResolvedInput['columnTypes'];
}

/** What is known of the champion's split; `split` is missing where it was not recorded. */
export interface ChampionSplit extends Pick<Prepared, 'split' | 'trainedBefore'> {
  readonly columnTypes: ResolvedInput['columnTypes'];
}

const named = (split: SplitMethod): string =>
  split.by === 'time'
    ? `the time in ${split.column}`
    : `a hash of ${split.key.join(', ')}${split.by === 'folds' ? ` into ${split.folds} folds` : ''}`;

const MAY_HAVE_SEEN = 'so it may have been trained on some of the gate rows';

/** Whole numbers and others hash alike, for their shortest text is the same; a date and a time do not, nor does text. */
const hashKind = (type: ColumnType | undefined): string | undefined => (type === 'integer' ? 'number' : type);

/**
 * Why the champion may have been trained on the gate rows, as the end of "it cannot be compared with, because …"; null
 * when its split rules that out: the same time column with the gate later than all it was trained on, or the same hashed
 * key with a gate that lies within the champion's own, or with as many folds, of each of which it has a model that never
 * saw its rows.
 */
export function championExposure(
  ours: SplitRows,
  champion: ChampionSplit,
  cut: Pick<NonNullable<RunPlan['cut']>, 'gate'> | null,
): string | null {
  const { split } = ours;
  const theirs = champion.split;
  if (theirs === undefined) return `how its rows were split was not recorded, ${MAY_HAVE_SEEN}`;
  if (split.by === 'time' && theirs.by === 'time' && split.column === theirs.column) {
    const { trainedBefore } = champion;
    if (cut !== null && trainedBefore !== null && Date.parse(cut.gate) >= Date.parse(trainedBefore)) return null;
    return `it was trained on rows up to ${trainedBefore ?? 'an unknown time'} and the gate rows begin at ${cut?.gate ?? 'no time'}, ${MAY_HAVE_SEEN}`;
  }
  if (split.by !== 'time' && theirs.by !== 'time' && sameColumns(split.key, theirs.key)) {
    const changed = split.key.find((name) => hashKind(ours.columnTypes[name]) !== hashKind(champion.columnTypes[name]));
    if (changed !== undefined) {
      const types = [champion.columnTypes[changed], ours.columnTypes[changed]].map((type) => type ?? 'not there');
      return `${changed} of the key was of type ${types[0]} and is of type ${types[1]} now, ${MAY_HAVE_SEEN}`;
    }
    if (split.by === 'hash' && theirs.by === 'hash') {
      if (split.gate <= theirs.gate) return null;
      return `its gate was a share of ${theirs.gate} of the rows and is ${split.gate} now, ${MAY_HAVE_SEEN}`;
    }
    if (split.by === 'folds' && theirs.by === 'folds' && split.folds === theirs.folds) return null;
  }
  return `its rows were split by ${named(theirs)} and these by ${named(split)}, ${MAY_HAVE_SEEN}`;
}

const sameColumns = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, index) => name === b[index]);

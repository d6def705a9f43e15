/** How rows are divided, so that there are enough to judge on. */
import type { DraftLabel } from './draft-label.ts';

/** Shares of the rows, or folds of them, and what is to be known about it. */
export interface DraftSplit {
  readonly shares: { readonly validation: number; readonly gate: number } | { readonly folds: number };
  /** Why it is not the usual one. */
  readonly why: string | null;
  /** Why a candidate will be held for a person however it is split; null where it can be judged. */
  readonly tooFew: string | null;
}

/** What the gate asks for before it trusts figures: so many rows, and of a binary label so many of each answer. */
const GATE_ROWS = 100;
const GATE_ROWS_OF_AN_ANSWER = 10;
/** And before it trusts a model, so many of each answer to learn from. */
const ROWS_TO_TEACH_AN_ANSWER = 20;

/** A hash does not divide exactly: three standard deviations of a binomial share more than is needed. */
const withSlack = (needed: number): number => needed + 3 * Math.sqrt(needed);

const USUAL_GATE = 0.2;
/** Half of the rows have to be left to learn from. */
const LARGEST_GATE = 0.4;
/** Where no share is enough, most rows are better learned from. */
const RESIGNED_GATE = 0.3;

const counted = (n: number): string => n.toLocaleString('en-US');

/** Where a gate would be too small: each fold is judged by a model that has learned from four fifths. */
const FOLDS = 5;

/**
 * Chooses the shares for so many rows with an answer.
 *
 * @param hasTime with one, rows are not split into folds
 */
export function splitOf(
  rows: number,
  { problem, rarest }: Pick<DraftLabel, 'problem' | 'rarest'>,
  hasTime: boolean,
): DraftSplit {
  const rarestShare = problem === 'binary' ? rarest : null;
  const ofAnswers = rarestShare !== null ? withSlack(GATE_ROWS_OF_AN_ANSWER) / rarestShare : 0;
  const needed = Math.max(withSlack(GATE_ROWS), ofAnswers) / rows;
  if (needed <= USUAL_GATE) return { shares: { validation: 0.1, gate: USUAL_GATE }, why: null, tooFew: null };
  if (needed <= LARGEST_GATE) {
    const gate = Math.ceil(needed * 100) / 100;
    const why = `${counted(rows)} rows are few: so many must be judged on that figures mean something`;
    return { shares: { validation: 0.1, gate }, why, tooFew: null };
  }
  // Every row judges: no slack is needed for what falls into a share.
  const isEnoughOfAll = rows >= GATE_ROWS && rows * (rarestShare ?? 1) >= GATE_ROWS_OF_AN_ANSWER;
  if (!hasTime && isEnoughOfAll) {
    const why = `${counted(rows)} rows are few: each is judged, by one of ${FOLDS} models that never saw it`;
    const ofRarest = Math.round(rows * (rarestShare ?? 1));
    const untaught = `${counted(ofRarest)} rows of the rarer answer are too few to learn it from: ${ROWS_TO_TEACH_AN_ANSWER} are asked for. A candidate is held for a person`;
    return { shares: { folds: FOLDS }, why, tooFew: ofRarest < ROWS_TO_TEACH_AN_ANSWER ? untaught : null };
  }
  const why = ofAnswers > withSlack(GATE_ROWS) ? `${GATE_ROWS_OF_AN_ANSWER} of each answer` : `${GATE_ROWS} rows`;
  return {
    shares: { validation: 0.1, gate: RESIGNED_GATE },
    why: null,
    tooFew: `${counted(rows)} rows with an answer are too few to judge a model by itself: ${why} to judge on are asked for, and most rows have to be learned from. A candidate is held for a person`,
  };
}

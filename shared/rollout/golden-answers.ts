/** What endpoints answer to golden rows, held against what the models said of them. */

/** Scores pass through decimal text and float32: equal to about seven digits. */
const TOLERANCE = 1e-5;

const isNear = (score: number, want: number): boolean =>
  Math.abs(score - want) <= TOLERANCE * Math.max(1, Math.abs(want));

/**
 * The rows (the first is 0) that were not answered as wanted.
 * @param scores One answer after another, `perRow` numbers each.
 * @param wanted Of each row at least `perRow` numbers: classes that a model was not taught come after those it was.
 */
export const wrongRows = (
  scores: readonly number[],
  wanted: readonly (readonly number[])[],
  perRow: number,
): number[] =>
  wanted.flatMap((want, row) => {
    const answered = scores.slice(row * perRow, (row + 1) * perRow);
    const isRight =
      answered.length === perRow && answered.every((score, place) => isNear(score, want[place] ?? Number.NaN));
    return isRight ? [] : [row];
  });

/** The answers of one request, of all rows, as one model gives them. */
export const isAnsweredBy = (
  scores: readonly number[],
  wanted: readonly (readonly number[])[],
  perRow: number,
): boolean => scores.length === wanted.length * perRow && wrongRows(scores, wanted, perRow).length === 0;

/** How surely the new fleet is among those that are asked. */
const SURENESS = 0.99;

/**
 * How many requests, each of which goes to the new fleet with the probability of its share of the traffic, meet it at least
 * once with 99 % probability. Who answered a request is nowhere told: both fleets have the same variant.
 */
export const requestsToMeet = (share: number): number => {
  if (!(share > 0 && share <= 1)) throw new RangeError(`a share of the traffic lies between 0 and 1: ${share}`);
  return share === 1 ? 1 : Math.ceil(Math.log(1 - SURENESS) / Math.log(1 - share));
};

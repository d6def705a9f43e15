/** What became of each p-value, in the order they came in. */
export interface Adjusted {
  /** To be held against the level as a single p-value would be; at most 1. */
  readonly adjusted: readonly number[];
  readonly reject: readonly boolean[];
}

function assertProbabilities(p: readonly number[], alpha: number): void {
  const wrong = [...p, alpha].find((value) => !(value >= 0 && value <= 1));
  if (wrong !== undefined) throw new RangeError(`${wrong} is not a probability`);
}

/** The positions of the p-values from the smallest up; equal ones keep their order. */
function ascending(p: readonly number[]): readonly number[] {
  return p.map((_, at) => at).sort((a, b) => (p[a] ?? 0) - (p[b] ?? 0) || a - b);
}

/**
 * Bonferroni: every p-value times their number. Holds the chance of any false rejection at `alpha`.
 * @throws RangeError where a p-value or the level is no probability
 */
export function bonferroni(p: readonly number[], alpha: number): Adjusted {
  assertProbabilities(p, alpha);
  return {
    adjusted: p.map((value) => Math.min(value * p.length, 1)),
    reject: p.map((value) => value <= alpha / p.length),
  };
}

/**
 * Holm's step-down (1979): the k-th smallest of n against `alpha / (n - k + 1)`, until one stands. The same promise
 * as Bonferroni, never weaker.
 * @throws RangeError where a p-value or the level is no probability
 */
export function holm(p: readonly number[], alpha: number): Adjusted {
  assertProbabilities(p, alpha);
  const adjusted = new Array<number>(p.length).fill(1);
  const reject = new Array<boolean>(p.length).fill(false);
  let largest = 0;
  let stands = false;
  ascending(p).forEach((position, rank) => {
    const value = p[position] ?? 1;
    largest = Math.max(largest, Math.min(value * (p.length - rank), 1));
    adjusted[position] = largest;
    stands ||= value > alpha / (p.length - rank);
    reject[position] = !stands;
  });
  return { adjusted, reject };
}

/**
 * Benjamini and Hochberg's step-up (1995): holds the expected share of false ones among the rejections at `alpha`. For
 * exploring, never for a gate.
 * @throws RangeError where a p-value or the level is no probability
 */
export function benjaminiHochberg(p: readonly number[], alpha: number): Adjusted {
  assertProbabilities(p, alpha);
  const adjusted = new Array<number>(p.length).fill(1);
  const reject = new Array<boolean>(p.length).fill(false);
  let smallest = 1;
  let falls = false;
  const order = ascending(p);
  for (let rank = order.length - 1; rank >= 0; rank -= 1) {
    const position = order[rank] ?? 0;
    const value = p[position] ?? 1;
    const share = (rank + 1) / p.length;
    smallest = Math.min(smallest, value / share);
    adjusted[position] = smallest;
    falls ||= value <= share * alpha;
    reject[position] = falls;
  }
  return { adjusted, reject };
}

import type { RandomStream } from '../../shared/evaluation/random.ts';
import type { Cells } from '../../shared/monitoring/baseline.ts';
import { isCoded } from '../../shared/monitoring/category-profile.ts';
import type { Window } from './streams.ts';

/** What is done to a window, with how much of it. */
export interface Shift {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly shown: (size: number) => string;
  readonly apply: (window: Window, size: number, truth: Truth, random: RandomStream) => Window;
}

/** What is known of the rows before they are shifted. */
export interface Truth {
  /** Mean and standard deviation of the scores. */
  readonly mean: number;
  readonly deviation: number;
  /** The code of the most frequent destination, and one that never came. */
  readonly mostFrequent: number;
  readonly unseen: number;
}

const numbers = (cells: Cells | undefined): Float64Array => {
  if (!(cells instanceof Float64Array)) throw new RangeError('not a column of numbers');
  return cells;
};

const scoresMade =
  (make: (score: number, size: number, truth: Truth, random: RandomStream) => number): Shift['apply'] =>
  (window, size, truth, random) => ({
    ...window,
    cells: { ...window.cells, score: numbers(window.cells.score).map((score) => make(score, size, truth, random)) },
  });

const destinationsMade =
  (make: (truth: Truth) => number): Shift['apply'] =>
  (window, size, truth, { uniform }) => {
    const { destination } = window.cells;
    if (destination === undefined || destination instanceof Float64Array || !isCoded(destination)) {
      throw new RangeError('destinations are codes');
    }
    const codes = Int32Array.from(destination.codes, (code) => (uniform() < size ? make(truth) : code));
    return { ...window, cells: { ...window.cells, destination: { codes, names: destination.names } } };
  };

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const SHARES = [0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6];

/** The shifts whose detection is measured, each from too small to plain. */
export const SHIFTS: readonly Shift[] = [
  {
    name: 'mean of the scores',
    sizes: [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1],
    shown: (size) => `${size} sd`,
    apply: scoresMade((score, size, { deviation }) => score + size * deviation),
  },
  {
    name: 'spread of the scores',
    sizes: [1.1, 1.2, 1.3, 1.4, 1.5, 1.75, 2, 3],
    shown: (size) => `x ${size}`,
    apply: scoresMade((score, size, { mean }) => mean + size * (score - mean)),
  },
  {
    name: 'rows 3 sd higher',
    sizes: SHARES,
    shown: percent,
    apply: scoresMade((score, size, { deviation }, { uniform }) => (uniform() < size ? score + 3 * deviation : score)),
  },
  {
    name: 'scores missing',
    sizes: SHARES,
    shown: percent,
    apply: scoresMade((score, size, _truth, { uniform }) => (uniform() < size ? Number.NaN : score)),
  },
  {
    name: 'rows moved to the most frequent category',
    sizes: SHARES,
    shown: percent,
    apply: destinationsMade(({ mostFrequent }) => mostFrequent),
  },
  {
    name: 'rows of an unseen category',
    sizes: SHARES,
    shown: percent,
    apply: destinationsMade(({ unseen }) => unseen),
  },
];

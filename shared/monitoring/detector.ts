import { normalCritical } from '../evaluation/distributions.ts';
import { wilson } from '../evaluation/intervals.ts';
import { randomStream } from '../evaluation/random.ts';
import { assertSameCategories, type CategoryProfile } from './category-profile.ts';
import { histogramDistances } from './distances.ts';
import { jensenShannonNoise } from './numeric-drift.ts';
import { binnedWasserstein, momentsOf, type NumericProfile, profileDistances } from './profile.ts';

/** A distance, the limit it is held against, and whether it reaches it. */
export interface DriftKey {
  readonly value: number;
  /** The larger of the effect that matters and the noise of so many rows. */
  readonly limit: number;
  readonly drifted: boolean;
}

/** What can be said of one column in one window. */
export type DriftFinding =
  | {
      readonly outcome: 'insufficient_data';
      /** Rows of the window that have a value. */
      readonly present: number;
      /** The least Jensen-Shannon distance so many rows could show; null where there are none. */
      readonly minimumDetectable: number | null;
    }
  | {
      readonly outcome: 'drift' | 'no_drift';
      readonly keys: Readonly<Record<string, DriftKey>>;
      readonly minimumDetectable: number;
    };

/** How the detector weighs. */
export interface Detection {
  /** How many columns are tested together: the level is shared out among them (Bonferroni). */
  readonly columns: number;
  /** The chance of any false alarm over all columns; 0.01 unless told otherwise. */
  readonly alpha?: number;
}

/** Effects that matter, however many rows show them. */
const LEAST = { distance: 0.1, nulls: 0.02, outside: 0.01 } as const;
/** Fewer rows, or more noise, show nothing: that is never "no drift". */
const LEAST_ROWS = 100;
const MOST_NOISE = 0.5;
const LEAST_DEVIATION = 0.001;
const NOISE = { draws: 200, rows: 2_000, deviations: 4 } as const;

const key = (value: number, limit: number): DriftKey => ({ value, limit, drifted: value >= limit });

interface Rows {
  readonly rows: number;
  readonly nulls: number;
}

/** The difference of the shares of missing values against its standard error under no drift. */
function nullKey(baseline: Rows, window: Rows, alpha: number): DriftKey {
  const both = (baseline.nulls + window.nulls) / (baseline.rows + window.rows);
  const error = Math.sqrt(both * (1 - both) * (1 / baseline.rows + 1 / window.rows));
  return key(
    Math.abs(window.nulls / window.rows - baseline.nulls / baseline.rows),
    Math.max(LEAST.nulls, normalCritical(alpha / 2) * error),
  );
}

/** A share of values the baseline does not know; drifted where even its Wilson lower bound lies above the limit. */
function outsideKey(outside: number, present: number, alpha: number): DriftKey {
  const [lower] = wilson({ hits: outside, rows: present }, 1 - 2 * alpha) ?? [0];
  return { value: outside / present, limit: LEAST.outside, drifted: lower > LEAST.outside };
}

function concluded(keys: Readonly<Record<string, DriftKey>>, minimumDetectable: number): DriftFinding {
  const drifted = Object.values(keys).some((one) => one.drifted);
  return { outcome: drifted ? 'drift' : 'no_drift', keys, minimumDetectable };
}

/**
 * What the clamped Wasserstein distance of M rows drawn from the baseline itself, in its standard deviations and times
 * sqrt(M), stays below: mean and four standard deviations over 200 seeded draws of 2,000 rows. Computed once with the
 * baseline. Null where it holds no values.
 */
export function wassersteinNoise(baseline: NumericProfile, seed: number): number | null {
  const { counts, edges, min, max } = baseline;
  const moments = momentsOf(baseline);
  if (moments === null || min === null || max === null) return null;
  const divisor = Math.max(Math.sqrt(moments.m2 / moments.n), LEAST_DEVIATION);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const { below } = randomStream(seed);
  let [sum, squares] = [0, 0];
  for (let draw = 0; draw < NOISE.draws; draw += 1) {
    const drawn = new Float64Array(counts.length);
    for (let row = 0; row < NOISE.rows; row += 1) {
      let left = below(total);
      let bin = 0;
      while (left >= (counts[bin] ?? total)) {
        left -= counts[bin] ?? total;
        bin += 1;
      }
      drawn[bin] = (drawn[bin] ?? 0) + 1;
    }
    const distance = (Math.sqrt(NOISE.rows) * binnedWasserstein([min, ...edges, max], counts, drawn)) / divisor;
    sum += distance;
    squares += distance * distance;
  }
  const mean = sum / NOISE.draws;
  return mean + NOISE.deviations * Math.sqrt(Math.max(squares / NOISE.draws - mean * mean, 0));
}

/**
 * Whether a column of numbers has drifted, from profiles alone. Two keys each turn only where the effect matters and is
 * no noise of so many rows: the Jensen-Shannon distance, which sees a moved middle, and the clamped Wasserstein
 * distance, which sees a rare tail; beside them the share of missing values and of values outside the range.
 * @throws RangeError where the edges differ
 */
export function detectNumericDrift(
  baseline: NumericProfile,
  window: NumericProfile,
  noise: number | null,
  { columns, alpha = 0.01 }: Detection,
): DriftFinding {
  const level = alpha / columns;
  const [n, m] = [baseline.rows - baseline.nulls, window.rows - window.nulls];
  const minimumDetectable = jensenShannonNoise(Math.max(baseline.counts.length, 2), n, m, level);
  const measured = profileDistances(baseline, window);
  if (
    m < LEAST_ROWS ||
    minimumDetectable === null ||
    minimumDetectable > MOST_NOISE ||
    measured === null ||
    noise === null
  ) {
    return { outcome: 'insufficient_data', present: m, minimumDetectable };
  }
  const keys = {
    jensen_shannon: key(measured.distances.js_distance_base2, Math.max(LEAST.distance, minimumDetectable)),
    wasserstein: key(measured.wassersteinClampedNormed, Math.max(LEAST.distance, noise / Math.sqrt((n * m) / (n + m)))),
    nulls: nullKey(baseline, window, level),
    out_of_range: outsideKey(window.below + window.above, m, level),
  };
  return concluded(keys, minimumDetectable);
}

/**
 * Whether a column of categories has drifted, from profiles alone: by the Jensen-Shannon distance, by the share of
 * values the baseline does not name, or by that of missing values. A column of numbers with ten distinct values or
 * fewer belongs here too: bins do not see below a constant.
 * @throws RangeError where the categories differ
 */
export function detectCategoricalDrift(
  baseline: CategoryProfile,
  window: CategoryProfile,
  { columns, alpha = 0.01 }: Detection,
): DriftFinding {
  assertSameCategories(baseline, window);
  const level = alpha / columns;
  const [n, m] = [baseline.rows - baseline.nulls, window.rows - window.nulls];
  const minimumDetectable = jensenShannonNoise(baseline.categories.length + 1, n, m, level);
  const distances = histogramDistances([...baseline.counts, baseline.other], [...window.counts, window.other]);
  if (m < LEAST_ROWS || minimumDetectable === null || minimumDetectable > MOST_NOISE || distances === null) {
    return { outcome: 'insufficient_data', present: m, minimumDetectable };
  }
  const grown = Math.max(window.other / m - baseline.other / n, 0) * m;
  return concluded(
    {
      jensen_shannon: key(distances.js_distance_base2, Math.max(LEAST.distance, minimumDetectable)),
      unseen: outsideKey(grown, m, level),
      nulls: nullKey(baseline, window, level),
    },
    minimumDetectable,
  );
}

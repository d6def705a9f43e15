import * as z from 'zod';

import { categoricalDrift, type TableTests } from '../../shared/monitoring/categorical-drift.ts';
import { estimatePerformance } from '../../shared/monitoring/cbpe.ts';
import { type BinnedDistances, jensenShannonNoise, numericDrift } from '../../shared/monitoring/numeric-drift.ts';
import {
  mergeProfiles,
  momentsOf,
  type NumericProfile,
  profileBaseline,
  profileDistances,
  profileWindow,
} from '../../shared/monitoring/profile.ts';
import { column, listed } from './columns.ts';
import type { Figures } from './compare.ts';
import type { ReferenceCase } from './reference-file.ts';

const binned = ({ referenceCounts, currentCounts, distances }: Omit<BinnedDistances, 'edges'>): Figures => ({
  counts_ref: listed(referenceCounts),
  counts_cur: listed(currentCounts),
  ...distances,
});

const NOISE = 'js_noise_critical_base2_alpha_';
/** The effect below which a Jensen-Shannon distance is no drift, however sure. */
const LEAST_DISTANCE = 0.1;

function tailedFigures(tailed: BinnedDistances, present: readonly [number, number], asked: unknown): Figures {
  const names = Object.keys(z.record(z.string(), z.unknown()).catch({}).parse(asked));
  const alphas = names.filter((name) => name.startsWith(NOISE)).map((name) => Number(name.slice(NOISE.length)));
  const noise = alphas.map((alpha) => jensenShannonNoise(tailed.edges.length + 1, present[0], present[1], alpha));
  const critical = noise[0] ?? Number.POSITIVE_INFINITY;
  return {
    edges: listed(tailed.edges),
    ...binned(tailed),
    ...Object.fromEntries(alphas.map((alpha, at) => [`${NOISE}${alpha}`, noise[at]])),
    drift: tailed.distances.js_distance_base2 >= Math.max(LEAST_DISTANCE, critical),
  };
}

/** How a column of numbers moved. */
export function numeric({ input, expected }: ReferenceCase): Figures {
  const { reference, current } = z.strictObject({ reference: column, current: column }).parse(input);
  const drift = numericDrift(reference, current);
  const sides = {
    n_ref: drift.reference.rows,
    n_cur: drift.current.rows,
    null_ref: drift.reference.nulls,
    null_cur: drift.current.nulls,
    null_fraction_ref: drift.reference.rows === 0 ? null : drift.reference.nulls / drift.reference.rows,
    null_fraction_cur: drift.current.rows === 0 ? null : drift.current.nulls / drift.current.rows,
  };
  const { measured } = drift;
  if (measured === null) return { ...sides, undefined: true };
  const present = [sides.n_ref - sides.null_ref, sides.n_cur - sides.null_cur] as const;
  return {
    ...sides,
    ks: {
      statistic: measured.ks.statistic,
      p_stephens: measured.ks.pStephens,
      p_kolmogorov_limit: measured.ks.pLimit,
    },
    wasserstein: {
      raw: measured.wasserstein.raw,
      normed_std: measured.wasserstein.normedByDeviation,
      normed_iqr: measured.wasserstein.normedByQuartiles,
      clamped_normed_std: measured.wasserstein.clampedNormed,
      ref_std_population: measured.deviation,
    },
    decile: { edges: listed(measured.deciles.edges), ...binned(measured.deciles) },
    decile_with_null_bin: binned(measured.decilesWithNulls),
    q14: tailedFigures(measured.tailed, present, expected.q14),
    discrete: measured.discrete && {
      categories: [...measured.discrete.values, '__OTHER__'],
      ...binned(measured.discrete),
    },
    out_of_range_share: measured.outOfRangeShare,
    mean_shift_in_ref_std: measured.meanShiftInDeviations,
    mann_whitney_auc: measured.exceedance,
  };
}

function testFigures(tests: TableTests | null): Figures {
  if (tests === null) return { chi2: null };
  return {
    chi2: {
      ...tests.chiSquare,
      dof: tests.degrees,
      min_expected: tests.leastExpected,
      share_expected_below_5: tests.shareExpectedBelow5,
      cramers_v: tests.cramersV,
    },
    g_test: tests.gTest,
    chi2_yates: tests.yates,
    fisher_exact_p: tests.fisherP,
  };
}

const categories = z.array(z.string().nullable());

/** How a column of categories moved. */
export function categorical({ input }: ReferenceCase): Figures {
  const { reference, current } = z.strictObject({ reference: categories, current: categories }).parse(input);
  const drift = categoricalDrift(reference, current);
  const sides = {
    null_ref: drift.referenceNulls,
    null_cur: drift.currentNulls,
    categories: drift.categories,
    counts_ref: listed(drift.referenceCounts),
    counts_cur: listed(drift.currentCounts),
  };
  if (drift.measured === null) return { ...sides, undefined: true };
  const { distances, newCategories, newCategoryShare, missingCategories, tests } = drift.measured;
  return {
    ...sides,
    ...distances,
    new_categories: newCategories,
    new_category_share: newCategoryShare,
    missing_categories: missingCategories,
    ...testFigures(tests),
  };
}

function profileMoments(profile: NumericProfile): Figures | null {
  const moments = momentsOf(profile);
  return moments && { ...moments, min: profile.min, max: profile.max };
}

/** A baseline profile, windows that add up, and distances from both alone. */
export function profile({ input }: ReferenceCase): Figures {
  const { reference, windows, bins } = z
    .strictObject({ reference: column, windows: z.array(column).min(1), bins: z.int().min(2) })
    .parse(input);
  const baseline = profileBaseline(reference, bins);
  const taken = windows.map((window) => profileWindow(window, baseline));
  const merged = taken.reduce(mergeProfiles);
  const measured = profileDistances(baseline, merged);
  if (measured === null) return { edges: baseline.edges, undefined: true };
  const raw = numericDrift(reference, Float64Array.from(windows.flatMap(listed))).measured;
  return {
    edges: baseline.edges,
    counts_ref: baseline.counts,
    counts_windows: taken.map(({ counts }) => counts),
    counts_merged: merged.counts,
    moments_windows: taken.map(profileMoments),
    moments_merged: profileMoments(merged),
    ref_std_population: measured.deviation,
    out_of_range_share: measured.outOfRangeShare,
    binned: {
      ...measured.distances,
      ks_lower_bound: measured.ksLowerBound,
      wasserstein_linear_cdf: measured.wasserstein,
      wasserstein_linear_cdf_normed: measured.wassersteinNormed,
      wasserstein_clamped_linear_cdf_normed: measured.wassersteinClampedNormed,
    },
    exact_from_raw: raw && {
      ks: raw.ks.statistic,
      wasserstein: raw.wasserstein.raw,
      wasserstein_normed: raw.wasserstein.normedByDeviation,
      wasserstein_clamped_normed: raw.wasserstein.clampedNormed,
    },
  };
}

/** Performance estimated without labels. */
export function cbpe({ input }: ReferenceCase): Figures {
  const { calibrated_proba, threshold } = z
    .strictObject({ calibrated_proba: column, threshold: z.number() })
    .parse(input);
  return { ...estimatePerformance(calibrated_proba, threshold) };
}

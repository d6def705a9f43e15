import { sumOf } from '../evaluation/sums.ts';

/** Distances between two histograms over the same bins; reference first, current second. */
export interface Distances {
  /** Population stability index: sum (q-p) ln(q/p), shares floored at 1e-4 and not normalised again. */
  readonly psi: number;
  /** The same with shares (count + 0.5) / (rows + 0.5 bins) in place of the floor: calmer in small windows. */
  readonly psi_laplace_half: number;
  readonly kl_cur_given_ref_nats_floored: number;
  readonly kl_ref_given_cur_nats_floored: number;
  /** The square root of the Jensen-Shannon divergence in bits: 0 to 1. */
  readonly js_distance_base2: number;
  readonly js_divergence_base2: number;
  readonly js_distance_base_e: number;
  readonly hellinger: number;
  readonly total_variation: number;
  readonly l_infinity: number;
}

/** Evidently's floor for empty bins. */
const FLOOR = 1e-4;

type Term = (p: number, q: number) => number;

const relativeEntropy: Term = (p, q) => (p === 0 ? 0 : p * Math.log(p / q));

/**
 * All distances between two histograms; null where either holds nothing.
 * @throws RangeError where the histograms have different bins, or a count is negative
 */
export function histogramDistances(reference: ArrayLike<number>, current: ArrayLike<number>): Distances | null {
  const bins = reference.length;
  if (current.length !== bins) throw new RangeError(`${bins} bins against ${current.length}`);
  const at = (counts: ArrayLike<number>, bin: number): number => counts[bin] ?? 0;
  const total = (counts: ArrayLike<number>): number => sumOf(bins, (bin) => at(counts, bin));
  for (let bin = 0; bin < bins; bin += 1) {
    if (!(at(reference, bin) >= 0 && at(current, bin) >= 0)) throw new RangeError(`bin ${bin} holds no count`);
  }
  const [n, m] = [total(reference), total(current)];
  if (n === 0 || m === 0) return null;
  const over = (term: Term): number => sumOf(bins, (bin) => term(at(reference, bin) / n, at(current, bin) / m));
  const floored = (term: Term): number => over((p, q) => term(Math.max(p, FLOOR), Math.max(q, FLOOR)));
  const smoothed = (count: number, rows: number): number => (count + 0.5) / (rows + 0.5 * bins);
  const stability: Term = (p, q) => (q - p) * Math.log(q / p);
  // Rounding can leave a little less than nothing where the histograms agree.
  const divergence = Math.max(
    over((p, q) => (relativeEntropy(p, (p + q) / 2) + relativeEntropy(q, (p + q) / 2)) / 2),
    0,
  );
  return {
    psi: floored(stability),
    psi_laplace_half: sumOf(bins, (bin) => stability(smoothed(at(reference, bin), n), smoothed(at(current, bin), m))),
    kl_cur_given_ref_nats_floored: floored((p, q) => relativeEntropy(q, p)),
    kl_ref_given_cur_nats_floored: floored(relativeEntropy),
    js_distance_base2: Math.sqrt(divergence / Math.LN2),
    js_divergence_base2: divergence / Math.LN2,
    js_distance_base_e: Math.sqrt(divergence),
    // As half the squared differences of the roots: 1 - sum sqrt(pq) would leave rounding where shares agree.
    hellinger: Math.sqrt(over((p, q) => (Math.sqrt(p) - Math.sqrt(q)) ** 2) / 2),
    total_variation: over((p, q) => Math.abs(p - q)) / 2,
    l_infinity: Array.from({ length: bins }, (_, bin) =>
      Math.abs(at(reference, bin) / n - at(current, bin) / m),
    ).reduce((largest, gap) => Math.max(largest, gap), 0),
  };
}

/**
 * The Jensen-Shannon distance (base 2) alone, for the many comparisons of a baseline with its own parts; null where
 * either holds nothing.
 */
export function jensenShannonDistance(reference: ArrayLike<number>, current: ArrayLike<number>): number | null {
  let [n, m] = [0, 0];
  for (let bin = 0; bin < reference.length; bin += 1) {
    n += reference[bin] ?? 0;
    m += current[bin] ?? 0;
  }
  if (n === 0 || m === 0) return null;
  let divergence = 0;
  for (let bin = 0; bin < reference.length; bin += 1) {
    const [p, q] = [(reference[bin] ?? 0) / n, (current[bin] ?? 0) / m];
    const middle = (p + q) / 2;
    divergence += (relativeEntropy(p, middle) + relativeEntropy(q, middle)) / 2;
  }
  return Math.sqrt(Math.max(divergence, 0) / Math.LN2);
}

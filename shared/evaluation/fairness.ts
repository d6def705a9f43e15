import type { Confusion } from './binary-metrics.ts';
import { type Count, type Interval, newcombe, ratioInterval } from './intervals.ts';
import { ratio } from './sums.ts';

/** The shares of one group; null where a denominator is zero. */
export interface GroupRates {
  readonly n: number;
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
  readonly tn: number;
  readonly selection_rate: number | null;
  readonly tpr: number | null;
  readonly fpr: number | null;
  readonly tnr: number | null;
  readonly ppv: number | null;
  readonly npv: number | null;
  readonly accuracy: number | null;
  readonly base_rate: number | null;
}

/**
 * How far groups are treated alike: differences are largest minus smallest, ratios smallest by largest (fairlearn's
 * `between_groups`); null as soon as a group's rate is undefined, and a null fails.
 */
export interface FairnessMetrics {
  readonly demographic_parity_difference: number | null;
  readonly demographic_parity_ratio: number | null;
  readonly equal_opportunity_difference: number | null;
  readonly equal_opportunity_ratio: number | null;
  readonly false_positive_rate_difference: number | null;
  readonly equalized_odds_difference: number | null;
  readonly equalized_odds_ratio: number | null;
  readonly predictive_parity_difference: number | null;
  readonly accuracy_difference: number | null;
  /** Smallest by largest selection rate is at least 0.8, whichever group is which: a screening rule, no proof. */
  readonly passes_80_percent_rule: boolean | null;
}

/**
 * SageMaker Clarify's post-training metrics by their names there, `a` the advantaged facet, `d` the disadvantaged
 * (https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-measure-post-training-bias.html). Clarify's own code answers
 * 0 for 0/0 and infinity for x/0, which makes an undefined rate look fair; here it is null.
 */
export interface ClarifyMetrics {
  readonly DPPL: number | null;
  readonly DI: number | null;
  readonly AD: number | null;
  readonly RD: number | null;
  readonly SD: number | null;
  readonly DAR: number | null;
  readonly DRR: number | null;
  readonly DCA: number | null;
  readonly DCR: number | null;
  readonly TE: number | null;
}

/** Labels and answers, 0 or 1, and each row's group. */
export interface GroupedAnswers {
  readonly labels: Float64Array;
  readonly answers: Float64Array;
  readonly groups: readonly string[];
}

const FOUR_FIFTHS = 0.8;

/** The shares that follow from a group's confusion matrix. */
export function groupRates({ tn, fp, fn, tp }: Confusion): GroupRates {
  const n = tn + fp + fn + tp;
  return {
    n,
    tp,
    fp,
    fn,
    tn,
    selection_rate: ratio(tp + fp, n),
    tpr: ratio(tp, tp + fn),
    fpr: ratio(fp, fp + tn),
    tnr: ratio(tn, fp + tn),
    ppv: ratio(tp, tp + fp),
    npv: ratio(tn, tn + fn),
    accuracy: ratio(tp + tn, n),
    base_rate: ratio(tp + fn, n),
  };
}

/**
 * Each group's shares, groups in the order of their names.
 * @throws RangeError where columns differ in length, or a label or an answer is neither 0 nor 1
 */
export function ratesByGroup({ labels, answers, groups }: GroupedAnswers): ReadonlyMap<string, GroupRates> {
  if (answers.length !== labels.length || groups.length !== labels.length) {
    throw new RangeError(`${labels.length} labels, ${answers.length} answers, ${groups.length} groups`);
  }
  const cells = new Map<string, Float64Array>();
  groups.forEach((group, row) => {
    const cell = 2 * (labels[row] ?? Number.NaN) + (answers[row] ?? Number.NaN);
    if (![0, 1, 2, 3].includes(cell) || (answers[row] !== 0 && answers[row] !== 1)) {
      throw new RangeError(`row ${row}: a label or an answer is neither 0 nor 1`);
    }
    const counts = cells.get(group) ?? new Float64Array(4);
    counts[cell] = (counts[cell] ?? 0) + 1;
    cells.set(group, counts);
  });
  const named = [...cells].sort(([a], [b]) => (a < b ? -1 : 1));
  return new Map(named.map(([group, [tn = 0, fp = 0, fn = 0, tp = 0]]) => [group, groupRates({ tn, fp, fn, tp })]));
}

interface Range {
  readonly difference: number | null;
  readonly ratio: number | null;
}

const UNDEFINED: Range = { difference: null, ratio: null };

function rangeOf(rates: readonly (number | null)[]): Range {
  const defined = rates.filter((rate) => rate !== null);
  if (defined.length === 0 || defined.length < rates.length) return UNDEFINED;
  const [least, most] = [Math.min(...defined), Math.max(...defined)];
  return { difference: most - least, ratio: ratio(least, most) };
}

const both = (a: number | null, b: number | null, choose: (a: number, b: number) => number | null): number | null =>
  a === null || b === null ? null : choose(a, b);

/** How far the groups are treated alike. */
export function fairnessMetrics(groups: readonly GroupRates[]): FairnessMetrics {
  const across = (rate: (group: GroupRates) => number | null): Range => rangeOf(groups.map(rate));
  const selection = across((group) => group.selection_rate);
  const [truePositive, falsePositive] = [across((group) => group.tpr), across((group) => group.fpr)];
  return {
    demographic_parity_difference: selection.difference,
    demographic_parity_ratio: selection.ratio,
    equal_opportunity_difference: truePositive.difference,
    equal_opportunity_ratio: truePositive.ratio,
    false_positive_rate_difference: falsePositive.difference,
    equalized_odds_difference: both(truePositive.difference, falsePositive.difference, Math.max),
    equalized_odds_ratio: both(truePositive.ratio, falsePositive.ratio, Math.min),
    predictive_parity_difference: across((group) => group.ppv).difference,
    accuracy_difference: across((group) => group.accuracy).difference,
    passes_80_percent_rule: selection.ratio === null ? null : selection.ratio >= FOUR_FIFTHS,
  };
}

/** The rows of several groups as one. */
export function pooled(groups: readonly GroupRates[]): GroupRates {
  const sum = (cell: (group: GroupRates) => number): number => groups.reduce((total, group) => total + cell(group), 0);
  return groupRates({ tn: sum((g) => g.tn), fp: sum((g) => g.fp), fn: sum((g) => g.fn), tp: sum((g) => g.tp) });
}

/** Clarify's metrics of a disadvantaged facet against an advantaged one (all the others pooled, where several). */
export function clarifyMetrics(a: GroupRates, d: GroupRates): ClarifyMetrics {
  const less = (first: number | null, second: number | null): number | null => both(first, second, (x, y) => x - y);
  const acceptance = (group: GroupRates): number | null => ratio(group.tp + group.fn, group.tp + group.fp);
  const rejection = (group: GroupRates): number | null => ratio(group.tn + group.fp, group.tn + group.fn);
  const errors = (group: GroupRates): number | null => ratio(group.fn, group.fp);
  return {
    DPPL: less(a.selection_rate, d.selection_rate),
    DI: both(d.selection_rate, a.selection_rate, ratio),
    AD: less(a.accuracy, d.accuracy),
    RD: less(a.tpr, d.tpr),
    // The sign is Clarify's: specificity difference is the one metric it takes the other way round.
    SD: less(d.tnr, a.tnr),
    DAR: less(a.ppv, d.ppv),
    DRR: less(d.npv, a.npv),
    DCA: less(acceptance(a), acceptance(d)),
    DCR: less(rejection(d), rejection(a)),
    TE: less(errors(d), errors(a)),
  };
}

/** What can be said of a limit on a difference or ratio between two groups. */
export type Parity = 'kept' | 'broken' | 'insufficient';

/** From this many rows in the smaller group the figure itself is believed, whatever its interval. */
const ENOUGH_ROWS = 300;

/**
 * Whether the selection rates of two groups keep a least ratio (0.8 unless told otherwise), whichever way round: broken
 * where the interval excludes it, or the figure does and both groups have 300 rows; insufficient, for a person to
 * decide, where the figure breaks it on fewer; also where nobody is selected, for then there is no ratio.
 */
export function ratioParity(
  first: GroupRates,
  second: GroupRates,
  least = FOUR_FIFTHS,
  confidence = 0.95,
): {
  readonly parity: Parity;
  readonly ratio: number | null;
  readonly interval: Interval | null;
} {
  const selected = (group: GroupRates): Count => ({ hits: group.tp + group.fp, rows: group.n });
  return shareRatioParity(selected(first), selected(second), least, confidence);
}

/** {@link ratioParity} of any share of two groups. */
export function shareRatioParity(
  first: Count,
  second: Count,
  least: number,
  confidence = 0.95,
): {
  readonly parity: Parity;
  readonly ratio: number | null;
  readonly interval: Interval | null;
} {
  const [p, q] = [ratio(first.hits, first.rows), ratio(second.hits, second.rows)];
  if (p === null || q === null || Math.max(p, q) === 0) return { parity: 'insufficient', ratio: null, interval: null };
  const [low, high] = p <= q ? [first, second] : [second, first];
  const found = Math.min(p, q) / Math.max(p, q);
  const interval = ratioInterval(low, high, confidence);
  return {
    parity: parityOf(found >= least, interval !== null && interval[1] < least, { n: first.rows }, { n: second.rows }),
    ratio: found,
    interval,
  };
}

/**
 * Whether two shares (`tpr` of positives, say) differ by no more than `most`; Newcombe's interval, and the same rule
 * as {@link ratioParity}. Null without rows on either side.
 */
export function differenceParity(
  first: Count,
  second: Count,
  most: number,
  confidence = 0.95,
): {
  readonly parity: Parity;
  readonly difference: number | null;
  readonly interval: Interval | null;
} {
  const interval = newcombe(first, second, confidence);
  if (interval === null) return { parity: 'insufficient', difference: null, interval };
  const difference = first.hits / first.rows - second.hits / second.rows;
  const excluded = interval[0] > most || interval[1] < -most;
  return {
    parity: parityOf(Math.abs(difference) <= most, excluded, { n: first.rows }, { n: second.rows }),
    difference,
    interval,
  };
}

function parityOf(
  within: boolean,
  excluded: boolean,
  first: { readonly n: number },
  second: { readonly n: number },
): Parity {
  if (within) return 'kept';
  return excluded || Math.min(first.n, second.n) >= ENOUGH_ROWS ? 'broken' : 'insufficient';
}

import type { Confusion } from './binary-metrics.ts';
import { meanEstimate } from './estimate.ts';
import type { FairnessEvidence } from './evaluation.ts';
import {
  clarifyMetrics,
  differenceParity,
  fairnessMetrics,
  type GroupRates,
  groupRates,
  type Parity,
  pooled,
  shareRatioParity,
} from './fairness.ts';
import type { Grouping } from './gate-rows.ts';
import { rowsOfEach } from './group-rows.ts';
import type { Count, Interval } from './intervals.ts';
import { measure, onlyColumn } from './metrics.ts';
import { answerOf } from './multiclass-metrics.ts';
import { FAIRNESS_LIMITS, type Policy } from './policy.ts';
import { type Answers, answersAt, type Sample, sampleAt } from './sample.ts';

type LimitName = (typeof FAIRNESS_LIMITS)[number];
type Limit = FairnessEvidence['limits'][number];
type Rate = 'selection_rate' | 'tpr' | 'fpr' | 'ppv' | 'accuracy';

/** Which shares of the groups a limit compares, and how. */
const COMPARED: Readonly<Record<LimitName, { readonly rates: readonly Rate[]; readonly by: 'ratio' | 'difference' }>> =
  {
    demographic_parity_ratio: { rates: ['selection_rate'], by: 'ratio' },
    demographic_parity_difference: { rates: ['selection_rate'], by: 'difference' },
    equal_opportunity_ratio: { rates: ['tpr'], by: 'ratio' },
    equal_opportunity_difference: { rates: ['tpr'], by: 'difference' },
    false_positive_rate_difference: { rates: ['fpr'], by: 'difference' },
    equalized_odds_ratio: { rates: ['tpr', 'fpr'], by: 'ratio' },
    equalized_odds_difference: { rates: ['tpr', 'fpr'], by: 'difference' },
    predictive_parity_difference: { rates: ['ppv'], by: 'difference' },
    accuracy_difference: { rates: ['accuracy'], by: 'difference' },
  };

const limitNamed = (name: string): LimitName | undefined => FAIRNESS_LIMITS.find((known) => known === name);

/** For each share, which rows it is of and which of them it counts. */
const SHARES: Readonly<
  Record<
    Rate,
    {
      readonly of: (label: number, answer: number) => boolean;
      readonly hit: (label: number, answer: number) => boolean;
    }
  >
> = {
  selection_rate: { of: () => true, hit: (_, answer) => answer === 1 },
  tpr: { of: (label) => label === 1, hit: (_, answer) => answer === 1 },
  fpr: { of: (label) => label === 0, hit: (_, answer) => answer === 1 },
  ppv: { of: (_, answer) => answer === 1, hit: (label) => label === 1 },
  accuracy: { of: () => true, hit: (label, answer) => label === answer },
};

interface Group {
  readonly value: string;
  readonly sample: Sample;
  /** Binary: 0 or 1; multiclass: the class answered. */
  readonly answered: Float64Array;
}

/**
 * A share of a group as a count of rows, of so many fewer as rows that move together tell less: with two clusters of
 * a thousand rows a difference between groups may be a difference between two days.
 */
function countOf({ sample: { labels, clusters }, answered }: Group, rate: Rate): Count {
  const { of, hit } = SHARES[rate];
  const [terms, weights] = [new Float64Array(labels.length), new Float64Array(labels.length)];
  let [hits, rows] = [0, 0];
  for (let row = 0; row < labels.length; row += 1) {
    const [label, answer] = [labels[row] ?? 0, answered[row] ?? 0];
    if (!of(label, answer)) continue;
    weights[row] = 1;
    rows += 1;
    if (!hit(label, answer)) continue;
    terms[row] = 1;
    hits += 1;
  }
  if (clusters === null || rows === 0) return { hits, rows };
  const estimate = meanEstimate({ terms, weights }, clusters);
  const share = hits / rows;
  const effective =
    'undefinedBecause' in estimate || estimate.standardError === 0
      ? Math.min(clusters.count, rows)
      : Math.min((share * (1 - share)) / estimate.standardError ** 2, rows);
  return { hits: share * effective, rows: effective };
}

interface PairVerdict {
  readonly parity: Parity | 'undefined';
  readonly value: number | null;
  readonly interval: Interval | null;
  readonly between: readonly [string, string];
}

/** What speaks most against parity comes first. */
const GRAVITY = ['broken', 'undefined', 'insufficient', 'kept'] as const;

/** From this many rows on a share without a denominator is no matter of too few rows. */
const ENOUGH_ROWS = 300;

function limitOf(
  [name, limit]: readonly [string, number],
  groups: readonly Group[],
  policy: Policy,
  binary: boolean,
): Limit {
  const known = limitNamed(name);
  const nothing = { metric: name, limit, value: null, interval: null, between: null, verdict: 'undefined' } as const;
  if (known === undefined || groups.length < 2 || (!binary && known !== 'accuracy_difference')) return nothing;
  const { rates, by } = COMPARED[known];
  const counts = rates.map((rate) => groups.map((group) => countOf(group, rate)));
  const pairs = groups.flatMap((_, a) => groups.slice(a + 1).map((_, more) => [a, a + 1 + more] as const));
  // Every pair is looked at, so each at a level that leaves all of them together the policy's (Bonferroni).
  const confidence = 1 - (1 - policy.confidence) / (pairs.length * rates.length);
  const verdicts = counts.flatMap((ofRate) =>
    pairs.map(([a, b]): PairVerdict => {
      const [first, second] = [ofRate[a] ?? { hits: 0, rows: 0 }, ofRate[b] ?? { hits: 0, rows: 0 }];
      const between = [groups[a]?.value ?? '', groups[b]?.value ?? ''] as const;
      const large = Math.min(groups[a]?.sample.labels.length ?? 0, groups[b]?.sample.labels.length ?? 0) >= ENOUGH_ROWS;
      const lacking = first.rows === 0 || second.rows === 0;
      if (by === 'ratio') {
        const { parity, ratio, interval } = shareRatioParity(first, second, limit, confidence);
        return { parity: ratio === null && large ? 'undefined' : parity, value: ratio, interval, between };
      }
      const { parity, difference, interval } = differenceParity(first, second, limit, confidence);
      const value = difference === null ? null : Math.abs(difference);
      const turned: Interval | null =
        interval !== null && difference !== null && difference < 0 ? [-interval[1], -interval[0]] : interval;
      return { parity: lacking && large ? 'undefined' : parity, value, interval: turned, between };
    }),
  );
  const worse = (a: PairVerdict, b: PairVerdict): number =>
    GRAVITY.indexOf(a.parity) - GRAVITY.indexOf(b.parity) ||
    (by === 'ratio' ? (a.value ?? 0) - (b.value ?? 0) : (b.value ?? 0) - (a.value ?? 0));
  const [worst] = [...verdicts].sort(worse);
  if (worst === undefined) return nothing;
  return {
    metric: name,
    limit,
    value: worst.value,
    interval: worst.interval === null ? null : [worst.interval[0], worst.interval[1]],
    between: [worst.between[0], worst.between[1]],
    verdict: worst.parity,
  };
}

function confusionOf({ sample: { labels }, answered }: Group): Confusion {
  const cells = new Float64Array(4);
  for (let row = 0; row < labels.length; row += 1) {
    const at = 2 * (labels[row] ?? 0) + (answered[row] ?? 0);
    cells[at] = (cells[at] ?? 0) + 1;
  }
  const [tn = 0, fp = 0, fn = 0, tp = 0] = cells;
  return { tn, fp, fn, tp };
}

function answeredBy({ problem, labels, operatingPoint }: Sample, answers: Answers): Float64Array {
  switch (problem) {
    case 'binary':
      return onlyColumn(answers).map((score) => (score >= operatingPoint ? 1 : 0));
    case 'multiclass':
      return labels.map((_, row) => answerOf(answers, row));
    case 'regression':
      return onlyColumn(answers);
  }
}

function ratesOf(group: Group, answers: Answers): Readonly<Record<string, number | null>> {
  const { problem, labels, operatingPoint } = group.sample;
  if (problem === 'binary') return { ...groupRates(confusionOf(group)) };
  // Every row once, whatever its weight: what people are told is counted by people.
  const { figures } = measure({ problem, labels, answers, operatingPoint });
  const names = problem === 'multiclass' ? ['accuracy', 'balanced_accuracy'] : ['mae', 'rmse', 'bias'];
  return Object.fromEntries(names.map((name) => [name, figures[name] ?? null]));
}

/** What fairness is judged on. */
export interface FairnessInput {
  readonly sample: Sample;
  readonly candidate: Answers;
  readonly groupings: readonly Grouping[];
  readonly policy: Policy;
}

/**
 * How the candidate treats the groups of each protected column. A limit is broken where an interval excludes it (or the
 * figure does on 300 rows a side), insufficient, for a person to decide, where only a figure of fewer rows does, and
 * undefined, which fails, where there is no figure. Rows count once, whatever their weight.
 */
export function fairnessEvidence({ sample, candidate, groupings, policy }: FairnessInput): FairnessEvidence[] {
  return policy.fairness.map(({ column, required, limits }) => {
    const grouping = groupings.find((known) => known.column === column);
    if (grouping === undefined) throw new RangeError(`the rows have no column ${column}`);
    const groups = Array.from(rowsOfEach(grouping), ({ value, rows }) => {
      const part = sampleAt(sample, rows);
      const answers = answersAt(candidate, rows);
      const group: Group = { value, sample: part, answered: answeredBy(part, answers) };
      return { group, rates: ratesOf(group, answers) };
    });
    const binary = sample.problem === 'binary';
    const shares: readonly GroupRates[] = binary ? groups.map(({ group }) => groupRates(confusionOf(group))) : [];
    const { passes_80_percent_rule, ...across } = fairnessMetrics(shares);
    return {
      column,
      required,
      groups: groups.map(({ group, rates }) => ({
        value: group.value,
        rows: group.sample.labels.length,
        rates: { ...rates },
      })),
      metrics: binary
        ? { ...across, passes_80_percent_rule: passes_80_percent_rule === null ? null : Number(passes_80_percent_rule) }
        : {},
      clarify:
        shares.length < 2
          ? []
          : shares.map((facet, at) => ({
              facet: groups[at]?.group.value ?? '',
              metrics: { ...clarifyMetrics(pooled(shares.filter((other) => other !== facet)), facet) },
            })),
      limits: Object.entries(limits).map((limit) =>
        limitOf(
          limit,
          groups.map(({ group }) => group),
          policy,
          binary,
        ),
      ),
    };
  });
}

import * as z from 'zod';

import type { Evaluation, Scored } from './evaluation.ts';
import { apart, counted } from './figure-text.ts';
import { type Metric, metricNamed } from './metrics.ts';

/** Why something was decided: the same in the decision, the events, the notices and the reports. */
export const reasonSchema = z.strictObject({
  code: z.string(),
  message: z.string(),
  metric: z.string().optional(),
  value: z.number().nullable().optional(),
  limit: z.number().nullable().optional(),
});
export type Reason = z.infer<typeof reasonSchema>;

/** What a definition asks of a candidate. */
const policySchema = z.strictObject({
  /** The metric candidate, champion and trivial model are compared by. */
  metric: z.string(),
  /** Least (or, where lower is better, greatest) values of any metrics. */
  thresholds: z.record(z.string(), z.number()),
  champion: z.strictObject({
    /** `non_inferior`: not worse by the margin or more; `superior`: better; `threshold`: not compared. */
    mode: z.enum(['non_inferior', 'superior', 'threshold']),
    /** In units of the metric. */
    margin: z.number().min(0),
  }),
  approval: z.enum(['automatic', 'manual']),
});
export type Policy = z.infer<typeof policySchema>;

/** What the gate decided about a run's candidate, and on what terms. `decision.json`; the first one stands. */
export const decisionSchema = z.strictObject({
  model: z.string(),
  run: z.string(),
  outcome: z.enum(['promote', 'hold', 'reject']),
  /** What speaks against the candidate first, then what asks for a person, then what speaks for it. */
  reasons: z.array(reasonSchema).min(1),
  policy: policySchema,
  decidedAt: z.iso.datetime(),
});
export type Decision = z.infer<typeof decisionSchema>;

/** All a decision depends on. */
export interface Evidence {
  readonly evaluation: Evaluation;
  readonly policy: Policy;
}

/** Reasons by what they call for. */
interface Findings {
  readonly against: readonly Reason[];
  readonly toPerson: readonly Reason[];
  readonly inFavour: readonly Reason[];
}

const findings = (some: Partial<Findings>): Findings => ({ against: [], toPerson: [], inFavour: [], ...some });

/** By how much `value` is better than `other`; below zero where it is worse. */
const gainOver = (metric: Metric, value: number, other: number): number =>
  metric.direction === 'higher' ? value - other : other - value;

function checkThreshold(evaluation: Evaluation, candidate: Scored, name: string, limit: number): Findings {
  const metric = metricNamed(evaluation.problem, name);
  if (metric === undefined) return findings({ against: [unknownMetric(evaluation, name)] });
  const value = candidate.figures[name] ?? null;
  if (value === null) {
    const message = `${metric.title} is undefined on the ${counted(evaluation.rows)} gate rows, so its threshold is not met`;
    return findings({ against: [{ code: 'threshold_undefined', message, metric: name, value, limit }] });
  }
  const [shown, asked] = apart(value, limit);
  const bound = metric.direction === 'higher' ? 'at least' : 'at most';
  // NaN is met by no comparison: a limit that is no number lets nothing pass.
  const met = gainOver(metric, value, limit) >= 0;
  const message = `${metric.title} is ${shown}; ${bound} ${asked} is asked for`;
  const reason = { code: met ? 'threshold_met' : 'threshold_not_met', message, metric: name, value, limit };
  return findings(met ? { inFavour: [reason] } : { against: [reason] });
}

function unknownMetric({ problem }: Evaluation, name: string): Reason {
  return { code: 'unknown_metric', message: `${name} is not a metric of a ${problem} model`, metric: name };
}

function checkTrivial(evaluation: Evaluation, candidate: Scored, { metric: name }: Policy): Findings {
  const baseline = metricNamed(evaluation.problem, name)?.baseline;
  const metric = baseline === undefined ? undefined : metricNamed(evaluation.problem, baseline);
  if (metric === undefined) return findings({ against: [unknownMetric(evaluation, name)] });
  const value = candidate.figures[metric.name] ?? null;
  const limit = evaluation.trivial[metric.name] ?? null;
  const about = { metric: metric.name, value, limit };
  if (value === null || limit === null) {
    const message = `${metric.title} is undefined on the ${counted(evaluation.rows)} gate rows, so the candidate cannot be told from a guess`;
    return findings({ against: [{ code: 'metric_undefined', message, ...about }] });
  }
  const [shown, guess] = apart(value, limit);
  const above = gainOver(metric, value, limit) > 0;
  const message = above
    ? `${metric.title} is ${shown}, better than the ${guess} of always giving the same answer`
    : `${metric.title} is ${shown}, no better than the ${guess} of always giving the same answer`;
  const reason = { code: above ? 'better_than_trivial' : 'not_better_than_trivial', message, ...about };
  return findings(above ? { inFavour: [reason] } : { against: [reason] });
}

function compareScored(evaluation: Evaluation, candidate: Scored, champion: Scored, policy: Policy): Findings {
  const { mode, margin } = policy.champion;
  const metric = metricNamed(evaluation.problem, policy.metric);
  // Said already, by the comparison with the trivial model.
  if (metric === undefined) return findings({});
  const value = candidate.figures[metric.name] ?? null;
  const other = champion.figures[metric.name] ?? null;
  if (value === null) {
    const message = `${metric.title} is undefined on the ${counted(evaluation.rows)} gate rows, so the candidate cannot be compared with the champion`;
    return findings({ against: [{ code: 'metric_undefined', message, metric: metric.name, value, limit: other }] });
  }
  if (other === null) {
    const message = `the champion's ${metric.title} is undefined on the ${counted(evaluation.rows)} gate rows, so there is nothing to compare with`;
    return findings({
      toPerson: [{ code: 'champion_metric_undefined', message, metric: metric.name, value, limit: null }],
    });
  }
  const gain = gainOver(metric, value, other);
  // Equal is not worse, even where no margin is given.
  const passes = mode === 'superior' ? gain > 0 : gain >= 0 || -gain < margin;
  const allowed = mode === 'superior' ? other : metric.direction === 'higher' ? other - margin : other + margin;
  const [ours, theirs] = apart(value, other);
  const difference = Number(Math.abs(gain).toPrecision(2));
  const compared = `${metric.title} is ${ours}, the champion's ${theirs} on the same ${counted(evaluation.rows)} rows`;
  const verdict = gain > 0 ? `better by ${difference}` : gain < 0 ? `worse by ${difference}` : 'the same';
  const asked = mode === 'superior' ? 'it has to be better' : `less than ${margin} worse is allowed`;
  const code = passes
    ? gain > 0
      ? 'better_than_champion'
      : 'no_worse_than_champion'
    : mode === 'superior'
      ? 'not_better_than_champion'
      : 'worse_than_champion';
  const message = passes && gain >= 0 ? `${compared}: ${verdict}` : `${compared}: ${verdict}; ${asked}`;
  const reason = { code, message, metric: metric.name, value, limit: allowed };
  return findings(passes ? { inFavour: [reason] } : { against: [reason] });
}

function checkChampion(evaluation: Evaluation, candidate: Scored, policy: Policy): Findings {
  const { champion } = evaluation;
  if (champion === null) {
    return findings({ inFavour: [{ code: 'no_champion', message: 'no model is in service to compare with' }] });
  }
  if (policy.champion.mode === 'threshold') {
    const message = 'the definition asks for thresholds only, so the champion was not compared';
    return findings({ inFavour: [{ code: 'champion_not_compared', message }] });
  }
  switch (champion.outcome) {
    case 'scored':
      return compareScored(evaluation, candidate, champion, policy);
    case 'not_comparable':
      return findings({
        toPerson: [
          { code: 'champion_not_comparable', message: `the champion cannot be compared with: ${champion.message}` },
        ],
      });
    case 'refused':
      return findings({
        toPerson: [
          { code: 'champion_not_scored', message: `the champion's scores cannot be used: ${champion.message}` },
        ],
      });
  }
}

/** A figure of fewer gate rows says little, whatever it is. */
const LEAST_ROWS = 100;

/** So many rows of each answer have to be in the gate. With fewer a ranking turns on single rows. */
const LEAST_ROWS_OF_A_CLASS = 10;

function checkRows({ rows, problem }: Evaluation, { confusion }: Scored): Findings {
  const few: Reason[] = [];
  const hold = (message: string, value: number | null, limit: number) =>
    few.push({ code: 'too_few_gate_rows', message, value, limit });
  if (rows < LEAST_ROWS) {
    hold(
      `the candidate was judged on ${rows === 1 ? '1 row' : `${rows} rows`} alone, too few to trust its figures: at least ${LEAST_ROWS} are asked for`,
      rows,
      LEAST_ROWS,
    );
  }
  if (problem !== 'binary') return findings({ toPerson: few });
  if (confusion === null) {
    hold('it is not known how many of the gate rows have each answer', null, LEAST_ROWS_OF_A_CLASS);
    return findings({ toPerson: few });
  }
  const { tn, fp, fn, tp } = confusion;
  for (const [answer, count] of [
    ['yes', tp + fn],
    ['no', tn + fp],
  ] as const) {
    if (count >= LEAST_ROWS_OF_A_CLASS) continue;
    hold(
      `the true answer is ${answer} in ${count} of the ${counted(rows)} rows the candidate was judged on, too few to trust its figures: at least ${LEAST_ROWS_OF_A_CLASS} are asked for`,
      count,
      LEAST_ROWS_OF_A_CLASS,
    );
  }
  return findings({ toPerson: few });
}

/**
 * Decides about a candidate. Fails closed: what is undefined, unknown or missing is never a pass. One reason against
 * is enough to reject; without one, one that asks for a person holds; else the candidate is promoted.
 *
 * The same evidence gives the same decision; nothing else is read.
 */
export function decide({ evaluation, policy }: Evidence): Pick<Decision, 'outcome' | 'reasons'> {
  const { candidate } = evaluation;
  if (candidate.outcome === 'refused') {
    const message = `the candidate's scores cannot be used: ${candidate.message}`;
    return { outcome: 'reject', reasons: [{ code: candidate.code, message }] };
  }
  if (evaluation.rows === 0) {
    return {
      outcome: 'reject',
      reasons: [{ code: 'no_gate_rows', message: 'there is not one row to judge the candidate on' }],
    };
  }
  const all = [
    checkRows(evaluation, candidate),
    ...Object.entries(policy.thresholds).map(([name, limit]) => checkThreshold(evaluation, candidate, name, limit)),
    checkTrivial(evaluation, candidate, policy),
    checkChampion(evaluation, candidate, policy),
  ];
  const against = all.flatMap((found) => found.against);
  const toPerson = all.flatMap((found) => found.toPerson);
  const inFavour = all.flatMap((found) => found.inFavour);
  if (against.length > 0) return { outcome: 'reject', reasons: [...against, ...toPerson] };
  if (toPerson.length > 0) return { outcome: 'hold', reasons: [...toPerson, ...inFavour] };
  if (policy.approval === 'manual') {
    const asked: Reason = {
      code: 'approval_required',
      message: 'the definition asks for a person to approve each candidate',
    };
    return { outcome: 'hold', reasons: [asked, ...inFavour] };
  }
  return { outcome: 'promote', reasons: inFavour };
}

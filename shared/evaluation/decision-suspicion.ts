/** What the rows alone do not say: size, latency, how often the rows were used, and what is too good to be believed. */
import type { Circumstances } from './circumstances.ts';
import type { Evaluation, Scored } from './evaluation.ts';
import { apart, counted, figureText } from './figure-text.ts';
import { type Findings, findings, gainOver, metricOr, sizeText } from './findings.ts';
import type { Metric } from './metrics.ts';
import { marginAgainst, type Policy } from './policy.ts';
import type { Reason } from './reason.ts';

const MEGABYTE = 1_000_000;
const megabytes = (bytes: number): string => `${figureText(Number((bytes / MEGABYTE).toPrecision(3)))} MB`;

/** One limit on what was measured. What was not measured keeps no limit. */
function checkLimit(
  value: number | null,
  limit: number | null,
  say: { readonly code: string; readonly what: string; readonly unit: (amount: number) => string },
): Findings {
  if (limit === null) return findings();
  const asked = `at most ${say.unit(limit)} is asked for`;
  if (value === null) {
    const reason = { code: `${say.code}_unknown`, message: `${say.what} is not known; ${asked}`, value, limit };
    return findings({ toPerson: [reason] });
  }
  const message = `${say.what} is ${say.unit(value)}; ${asked}`;
  // Not `>`: what is no number keeps no limit.
  return value <= limit
    ? findings({ inFavour: [{ code: `${say.code}_kept`, message, value, limit }] })
    : findings({ against: [{ code: `${say.code}_exceeded`, message, value, limit }] });
}

/**
 * Size and latency. A batch job's time says nothing of a single request, so that latency may be left to be measured on
 * the endpoint, before the champion moves.
 */
export const checkLimits = ({ modelBytes, latencyP95Ms }: Circumstances, { limits }: Policy): readonly Findings[] => {
  const size = checkLimit(modelBytes, limits.modelBytes, {
    code: 'model_size',
    what: "the size of the model's artefact",
    unit: megabytes,
  });
  const unit = (ms: number): string => `${figureText(ms)} ms`;
  if (latencyP95Ms === null && limits.latencyP95Ms !== null) {
    const message = `how fast it answers is to be measured on its endpoint, before it takes the champion's place: 95 of 100 requests within ${unit(limits.latencyP95Ms)}`;
    return [size, findings({ notes: [{ code: 'latency_not_measured', message, limit: limits.latencyP95Ms }] })];
  }
  const what = 'the time within which 95 of 100 requests are answered';
  return [size, checkLimit(latencyP95Ms, limits.latencyP95Ms, { code: 'latency', what, unit })];
};

/** Rows that have chosen between many candidates have been fitted to: the best of many is lucky. */
export function checkGateUses({ gateUses }: Circumstances, policy: Policy): Findings {
  if (gateUses <= policy.gateUses) return findings();
  const message = `the same gate rows have judged ${counted(gateUses)} candidates, this one included, and ${counted(policy.gateUses)} are allowed: the best of many may be lucky, so new data is needed`;
  return findings({ toPerson: [{ code: 'gate_rows_used_up', message, value: gateUses, limit: policy.gateUses }] });
}

/** So few of them as the definition allows, or the run would have ended before it trained. */
export function checkSharedRows({ rows }: Evaluation, { sharedRows = 0 }: Circumstances): Findings {
  if (sharedRows === 0) return findings();
  const message = `${counted(sharedRows)} of the ${counted(rows)} gate rows equal a row that was trained on in all but what names them, which data.split.max_shared allows: there the model may know the answer by heart`;
  return findings({ notes: [{ code: 'shared_gate_rows', message, value: sharedRows }] });
}

/** How far of the way from a guess to perfection a figure comes; undefined where there is no way to go. */
function wayToPerfect(metric: Metric, value: number | null, trivial: number | null): number | undefined {
  if (value === null || trivial === null) return undefined;
  const best = metric.direction === 'higher' ? 1 : 0;
  return best === trivial ? undefined : gainOver(metric, value, trivial) / gainOver(metric, best, trivial);
}

function checkGain(evaluation: Evaluation, candidate: Scored, policy: Policy): Reason[] {
  const metric = metricOr(evaluation.problem, policy.metric);
  const champion = evaluation.champion?.outcome === 'scored' ? evaluation.champion : null;
  const { jump, perfect } = policy.suspicion;
  if ('code' in metric) return [];
  const found: Reason[] = [];
  const value = candidate.figures[metric.name] ?? null;
  const other = champion?.figures[metric.name] ?? null;
  const most = jump === null ? null : marginAgainst(jump, other, policy);
  if (most !== null && value !== null && other !== null && gainOver(metric, value, other) > most) {
    const [ours, theirs] = apart(value, other);
    found.push({
      code: 'suspicious_jump',
      message: `${metric.title} is ${ours}, the champion's ${theirs}: a gain of ${sizeText(value - other)} is too good to be believed unseen, over ${sizeText(most)} a person looks for a leak first`,
      metric: metric.name,
      value,
      limit: other,
    });
  }
  const plain = metricOr(evaluation.problem, metric.baseline);
  if (perfect === null || perfect === undefined || 'code' in plain) return found;
  const trivial = evaluation.trivial[plain.name] ?? null;
  const ours = wayToPerfect(plain, candidate.figures[plain.name] ?? null, trivial);
  const theirs = wayToPerfect(plain, champion?.figures[plain.name] ?? null, trivial);
  if (ours !== undefined && ours >= perfect && !(theirs !== undefined && theirs >= perfect)) {
    const reached = candidate.figures[plain.name] ?? null;
    found.push({
      code: 'too_good',
      message: `${plain.title} is ${reached === null ? 'undefined' : figureText(reached)}, which is all but perfect: a person looks for a leak of the label first`,
      metric: plain.name,
      value: reached,
      limit: null,
    });
  }
  return found;
}

function checkFlips(evaluation: Evaluation, { champion }: Circumstances, { suspicion: { flips } }: Policy): Reason[] {
  if (flips === null || champion === null || evaluation.champion?.outcome !== 'scored') return [];
  if (evaluation.problem === 'regression') return [];
  const [now, then] = [evaluation.championContradicts, champion.contradictedAtPromotion];
  const percent = (share: number): string => `${Number((100 * share).toFixed(1))}%`;
  if (now === null || then === null) {
    const message =
      'whether the labels have changed is not known: how often they contradict the champion, now or at its promotion, is missing';
    return [{ code: 'label_flips_unknown', message, value: now, limit: flips }];
  }
  if (now - then <= flips) return [];
  const message = `the labels contradict the champion in ${percent(now)} of the gate rows, and did in ${percent(then)} at its promotion: labels may have been changed or mixed up`;
  return [{ code: 'label_flips', message, value: now - then, limit: flips }];
}

function checkGiveaway({ strongestFeatures }: Circumstances, { suspicion: { giveaway } }: Policy): Reason[] {
  if (giveaway === null) return [];
  return strongestFeatures
    .flatMap(({ feature, strength }) => (strength !== null && strength >= giveaway ? [{ feature, strength }] : []))
    .map(({ feature, strength }) => ({
      code: 'giveaway_feature',
      message: `the feature ${feature} alone tells the label almost fully (${figureText(strength)} of 1): it may be known only once the answer is`,
      value: strength,
      limit: giveaway,
    }));
}

/** What nobody should believe before a person has looked. */
export const checkSuspicion = (
  evaluation: Evaluation,
  candidate: Scored,
  circumstances: Circumstances,
  policy: Policy,
): Findings =>
  findings({
    toPerson: [
      ...checkGain(evaluation, candidate, policy),
      ...checkFlips(evaluation, circumstances, policy),
      ...checkGiveaway(circumstances, policy),
    ],
  });

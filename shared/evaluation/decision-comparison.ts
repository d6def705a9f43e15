/** What the comparisons say: with the champion, with the best champion of the past, and whether a change is worth it. */
import type { Circumstances } from './circumstances.ts';
import type { Comparison, Evaluation, Scored } from './evaluation.ts';
import { apart, counted, zeroWithin } from './figure-text.ts';
import { clustersText, confidenceText, type Findings, findings, metricOr, sizeText, worseBy } from './findings.ts';
import type { Metric } from './metrics.ts';
import { marginAgainst, type Policy } from './policy.ts';
import type { Reason } from './reason.ts';

/** With fewer clusters their spread, and so every interval, is a guess. */
const LEAST_CLUSTERS = 5;

/** Whom the candidate is held against, and under what names that is told. */
interface Opponent {
  readonly scored: Scored;
  readonly comparison: Comparison | null;
  /** `champion's`. */
  readonly whose: string;
  readonly mode: 'non_inferior' | 'superior';
  readonly margin: number;
  readonly codes: {
    readonly better: string;
    readonly noWorse: string;
    readonly worse: string;
    readonly notBetter: string;
    readonly inconclusive: string;
    readonly undefined: string;
  };
}

/** The outcome of a comparison, and whether a gain was shown. */
interface Compared {
  readonly found: Findings;
  readonly verdict: 'better' | 'no_worse' | 'worse' | 'open';
}

const open = (reason: Reason): Compared => ({ found: findings({ toPerson: [reason] }), verdict: 'open' });

const neededText = ({ needed }: Comparison, by: string | null): string => {
  if (needed === null) return '';
  const enough =
    needed.unit === 'clusters' ? clustersText(by ?? 'cluster', needed.count) : `${counted(needed.count)} rows`;
  return `; about ${enough} would be enough`;
};

/** Holds the candidate against another model on the same rows, by the interval of the gain and never by the figures alone. */
function compare(
  evaluation: Evaluation,
  candidate: Scored,
  metric: Metric,
  opponent: Opponent,
  policy: Policy,
): Compared {
  const { comparison, whose, mode, codes } = opponent;
  const value = candidate.figures[metric.name] ?? null;
  const other = opponent.scored.figures[metric.name] ?? null;
  const rows = `${counted(evaluation.rows)} gate rows`;
  const about = { metric: metric.name, value, limit: other };
  if (value === null) {
    const message = `${metric.title} is undefined on the ${rows}, so the candidate cannot be compared with the ${whose} model`;
    return { found: findings({ against: [{ code: 'metric_undefined', message, ...about }] }), verdict: 'worse' };
  }
  const margin = marginAgainst(opponent.margin, other, policy);
  if (other === null || margin === null) {
    const message = `the ${whose} ${metric.title} is undefined on the ${rows}, so there is nothing to compare with`;
    return open({ code: codes.undefined, message, ...about });
  }
  const by = evaluation.cluster?.by ?? null;
  const [ours, theirs] = apart(value, other);
  const of =
    evaluation.cluster === null ? '' : ` of ${clustersText(evaluation.cluster.by, evaluation.cluster.clusters)}`;
  const compared = `${metric.title} is ${ours}, the ${whose} ${theirs} on the same ${counted(evaluation.rows)} rows${of}`;
  const reason = (code: string, message: string): Reason => ({
    code,
    message: `${compared}${message}`,
    metric: metric.name,
    value,
    limit: mode === 'superior' ? other : worseBy(metric, other, margin),
  });
  if (
    comparison === null ||
    comparison.metric !== metric.name ||
    comparison.gain === null ||
    comparison.lower === null
  ) {
    const why = comparison?.undefinedBecause ?? 'the difference was not tested';
    const more = comparison === null ? '' : neededText(comparison, by);
    return open(reason(codes.inconclusive, `, and how sure the difference is cannot be told: ${why}${more}`));
  }
  const { clusters } = comparison;
  // Models that answer alike differ by what summing left, and are neither better nor worse for it.
  const scale = Math.max(Math.abs(value), Math.abs(other));
  const [gain, lower] = [zeroWithin(comparison.gain, scale), zeroWithin(comparison.lower, scale)];
  if (evaluation.cluster !== null && clusters === null) {
    const doubt = `, but the test took each row for itself, and rows move together by ${evaluation.cluster.by}`;
    return open(reason(codes.inconclusive, doubt));
  }
  if (clusters !== null && clusters < LEAST_CLUSTERS) {
    const least = clustersText(by ?? 'cluster', LEAST_CLUSTERS);
    return open(
      reason(codes.inconclusive, `: too little to tell a difference from chance, at least ${least} are asked for`),
    );
  }
  const sure = `with ${confidenceText(policy.confidence)} confidence it is`;
  const bound =
    lower < 0 ? `at most ${sizeText(lower)} worse` : lower > 0 ? `at least ${sizeText(lower)} better` : 'no worse';
  const allowed = mode === 'superior' ? 'it has to be better' : `less than ${sizeText(margin)} worse is allowed`;
  // Equal is not worse, even where no margin is given.
  const passes = mode === 'superior' ? lower > 0 : lower >= 0 || lower > -margin;
  if (passes) {
    const verdict = lower > 0 ? 'better' : 'no_worse';
    const message = lower >= 0 ? `; ${sure} ${bound}` : `; ${sure} ${bound}, and ${allowed}`;
    const code = verdict === 'better' ? codes.better : codes.noWorse;
    return { found: findings({ inFavour: [reason(code, message)] }), verdict };
  }
  const difference = gain < 0 ? `worse by ${sizeText(gain)}` : gain > 0 ? `better by ${sizeText(gain)}` : 'the same';
  if (mode === 'superior' ? gain <= 0 : gain < 0 && gain <= -margin) {
    const code = mode === 'superior' ? codes.notBetter : codes.worse;
    return { found: findings({ against: [reason(code, `: ${difference}; ${allowed}`)] }), verdict: 'worse' };
  }
  // NaN comes here too: no comparison holds for it.
  const doubt = `: ${difference}, but it may be up to ${sizeText(lower)} worse, and ${allowed}`;
  return open(
    reason(
      codes.inconclusive,
      `${doubt}: too little data to be ${confidenceText(policy.confidence)} sure${neededText(comparison, by)}`,
    ),
  );
}

const DAY_MS = 86_400_000;
const days = (ms: number): string => {
  const whole = Math.floor(ms / DAY_MS);
  return `${counted(whole)} day${whole === 1 ? '' : 's'}`;
};

/** What, besides a gain, asks for a new model: in words, or undefined where nothing does. */
function reasonToChange({ trigger, champion }: Circumstances): string | undefined {
  if (trigger === 'drift') return 'the data has drifted away from what the champion was trained on';
  if (trigger === 'quality') return "the champion's live quality has dropped";
  if (trigger === 'age') return 'the champion has grown old';
  if (trigger === 'requested') return 'a person asked for this run';
  if (champion === null) return undefined;
  if (champion.ageMs >= champion.maxAgeMs) {
    return `the champion has served ${days(champion.ageMs)}, and ${days(champion.maxAgeMs)} are its age`;
  }
  return champion.sameDefinition ? undefined : 'the definition has changed since the champion was trained';
}

/** A model that is no gain still takes the champion's place where there is a reason; without one, change is only risk. */
function checkRefresh(circumstances: Circumstances): Findings {
  const why = reasonToChange(circumstances);
  if (why !== undefined) {
    return findings({
      inFavour: [{ code: 'reason_to_change', message: `no gain is shown, and a new model is due: ${why}` }],
    });
  }
  const { champion } = circumstances;
  const age =
    champion === null ? '' : `; the champion has served ${days(champion.ageMs)} of ${days(champion.maxAgeMs)}`;
  const message = `no reason to change: the candidate is as good as the champion and no gain is shown${age}, and neither drift nor a drop of quality asked for it`;
  return findings({ toPerson: [{ code: 'no_reason_to_change', message }] });
}

/** The candidate against the model in service. */
export function checkChampion(
  evaluation: Evaluation,
  candidate: Scored,
  circumstances: Circumstances,
  policy: Policy,
): readonly Findings[] {
  const { champion } = evaluation;
  if (champion === null) {
    return [findings({ inFavour: [{ code: 'no_champion', message: 'no model is in service to compare with' }] })];
  }
  const { mode, margin } = policy.champion;
  if (mode === 'threshold') {
    const message = 'the definition asks for thresholds only, so the champion was not compared';
    return [findings({ inFavour: [{ code: 'champion_not_compared', message }] })];
  }
  if (champion.outcome !== 'scored') {
    const [code, what] =
      champion.outcome === 'refused'
        ? ['champion_not_scored', "the champion's scores cannot be used"]
        : ['champion_not_comparable', 'the champion cannot be compared with'];
    return [findings({ toPerson: [{ code, message: `${what}: ${champion.message}` }] })];
  }
  const metric = metricOr(evaluation.problem, policy.metric);
  // Said already, by the comparison with the trivial model.
  if ('code' in metric) return [];
  const { found, verdict } = compare(
    evaluation,
    candidate,
    metric,
    {
      scored: champion,
      comparison: evaluation.againstChampion,
      whose: "champion's",
      mode,
      margin,
      codes: {
        better: 'better_than_champion',
        noWorse: 'no_worse_than_champion',
        worse: 'worse_than_champion',
        notBetter: 'not_better_than_champion',
        inconclusive: 'inconclusive',
        undefined: 'champion_metric_undefined',
      },
    },
    policy,
  );
  return verdict === 'no_worse' && policy.refresh === 'reason' ? [found, checkRefresh(circumstances)] : [found];
}

/** The candidate against the best champion of the past: many small steps down are one large one. */
export function checkAnchor(evaluation: Evaluation, candidate: Scored, policy: Policy): Findings {
  const { anchor } = evaluation;
  if (policy.anchor === null || anchor === null) return findings();
  if (anchor.outcome === 'not_comparable') {
    const message = `the best model of the past, of run ${anchor.run}, cannot be compared with: ${anchor.message}`;
    return findings({ notes: [{ code: 'anchor_not_comparable', message }] });
  }
  if (anchor.outcome === 'refused') {
    const message = `the scores of the best model of the past, of run ${anchor.run}, cannot be used: ${anchor.message}`;
    return findings({ toPerson: [{ code: 'anchor_not_scored', message }] });
  }
  const metric = metricOr(evaluation.problem, policy.metric);
  if ('code' in metric) return findings();
  return compare(
    evaluation,
    candidate,
    metric,
    {
      scored: anchor,
      comparison: evaluation.againstAnchor,
      whose: "best past champion's",
      mode: 'non_inferior',
      margin: policy.anchor.margin,
      codes: {
        better: 'better_than_anchor',
        noWorse: 'no_worse_than_anchor',
        worse: 'worse_than_anchor',
        notBetter: 'worse_than_anchor',
        inconclusive: 'anchor_inconclusive',
        undefined: 'anchor_metric_undefined',
      },
    },
    policy,
  ).found;
}

/** What single groups of rows say: slices, and fairness towards the groups of protected columns. */
import type { Evaluation, FairnessEvidence, SliceEvidence } from './evaluation.ts';
import { apart, counted, figureText } from './figure-text.ts';
import { type Findings, findings, metricOr, sizeText, together } from './findings.ts';
import type { Metric } from './metrics.ts';
import { marginAgainst, type Policy } from './policy.ts';
import type { Reason } from './reason.ts';

type SlicePolicy = Policy['slices'][number];

/** A required slice may not be so many margins worse, whatever its interval. */
const FAR_BELOW = 3;

/** How many slices are named in one sentence. */
const NAMED = 5;

const byValue = (a: { readonly value: string }, b: { readonly value: string }): number =>
  a.value < b.value ? -1 : a.value > b.value ? 1 : 0;

const listed = (values: readonly string[]): string =>
  values.length <= NAMED ? values.join(', ') : `${values.slice(0, NAMED).join(', ')} and ${values.length - NAMED} more`;

/** What one slice that was tested says. */
function checkSlice(
  evaluation: Evaluation,
  slice: SliceEvidence,
  asked: SlicePolicy,
  metric: Metric,
  policy: Policy,
): Findings {
  const { column, value, rows } = slice;
  const where = `where ${column} is ${value}`;
  const found: Findings[] = [];
  const undefinedHere = (what: string, name: string, limit: number | null): Findings => {
    const message = `${where} (${counted(rows)} rows) ${what}`;
    const reason = { code: 'slice_undefined', message, metric: name, value: null, limit };
    return findings(asked.required ? { against: [reason] } : { toPerson: [reason] });
  };
  if (slice.candidate === null) found.push(undefinedHere(`${metric.title} is undefined`, metric.name, null));
  const isCompared = evaluation.champion?.outcome === 'scored' && policy.champion.mode !== 'threshold';
  if (slice.candidate !== null && isCompared) {
    const margin = marginAgainst(asked.margin, slice.champion, policy);
    if (slice.champion === null || slice.gain === null || slice.pHolm === null || margin === null) {
      found.push(undefinedHere('the candidate cannot be compared with the champion', metric.name, slice.champion));
    } else {
      const [ours, theirs] = apart(slice.candidate, slice.champion);
      const compared = `${where}, ${metric.title} is ${ours}, the champion's ${theirs} on the same ${counted(rows)} rows: worse by ${sizeText(slice.gain)}`;
      const about = { metric: metric.name, value: slice.candidate, limit: slice.champion };
      const far = asked.required && slice.gain < 0 && slice.gain <= -FAR_BELOW * margin;
      // Not `<`: what is no number is no pass.
      if (!(slice.pHolm >= 1 - policy.confidence)) {
        const message = `${compared}, which is more than the ${sizeText(margin)} allowed and no chance`;
        found.push(findings({ against: [{ code: 'slice_worse', message, ...about }] }));
      } else if (far) {
        const message = `${compared}, which is ${FAR_BELOW} times the ${sizeText(margin)} allowed or more`;
        found.push(findings({ against: [{ code: 'slice_far_below', message, ...about }] }));
      }
    }
  }
  for (const name of Object.keys(asked.floors).sort()) {
    const limit = asked.floors[name] ?? Number.NaN;
    const floorMetric = metricOr(evaluation.problem, name);
    if ('code' in floorMetric) {
      found.push(findings({ against: [floorMetric] }));
      continue;
    }
    const floor = slice.floors.find((each) => each.metric === name && each.limit === limit);
    if (floor === undefined || floor.value === null || floor.bound === null) {
      found.push(undefinedHere(`${floorMetric.title} is undefined, so its limit is not kept`, name, limit));
    } else if (floor.broken) {
      const bound = floorMetric.direction === 'higher' ? 'at least' : 'at most';
      const message = `${where}, ${floorMetric.title} is ${figureText(floor.value)} on ${counted(rows)} rows; ${bound} ${figureText(limit)} is asked for, which even the better end of its interval (${figureText(floor.bound)}) misses`;
      found.push(
        findings({ against: [{ code: 'slice_below_floor', message, metric: name, value: floor.value, limit }] }),
      );
    }
  }
  return together(found);
}

function checkColumn(evaluation: Evaluation, asked: SlicePolicy, metric: Metric, policy: Policy): Findings {
  const slices = evaluation.slices.filter(({ column }) => column === asked.column).sort(byValue);
  if (slices.length === 0) {
    const message = `the definition asks for slices by ${asked.column}, and none was judged`;
    return findings({ toPerson: [{ code: 'slices_not_judged', message }] });
  }
  const tested = slices.filter(({ outcome }) => outcome === 'tested');
  const insufficient = slices.filter(({ outcome }) => outcome !== 'tested');
  const found = together(tested.map((slice) => checkSlice(evaluation, slice, asked, metric, policy)));
  const said: Findings[] = [found];
  if (insufficient.length > 0) {
    const names = listed(insufficient.map(({ value }) => value));
    const least = [
      `${counted(asked.minRows)} rows`,
      ...(asked.minPositives > 0 ? [`${counted(asked.minPositives)} of the rarer answer`] : []),
    ].join(' and ');
    const message = `too few rows to judge ${insufficient.length === 1 ? 'the slice' : `${insufficient.length} slices`} where ${asked.column} is ${names}: at least ${least} are asked for`;
    const reason: Reason = { code: 'slice_insufficient', message };
    said.push(findings(asked.required ? { toPerson: [reason] } : { notes: [reason] }));
  }
  if (tested.length > 0 && found.against.length === 0 && found.toPerson.length === 0) {
    const message = `none of the ${tested.length === 1 ? 'one slice' : `${tested.length} slices`} by ${asked.column} that were judged falls behind`;
    said.push(findings({ inFavour: [{ code: 'slices_kept', message }] }));
  }
  return together(said);
}

/** Every slice the definition asks for; whatever was not judged is said, never skipped. */
export function checkSlices(evaluation: Evaluation, policy: Policy): Findings {
  const metric = metricOr(evaluation.problem, policy.metric);
  if ('code' in metric) return findings();
  return together(policy.slices.map((asked) => checkColumn(evaluation, asked, metric, policy)));
}

/** Fairness metrics in words. */
const TITLES: Readonly<Record<string, string>> = {
  demographic_parity_ratio: 'the share answered yes, of the smallest group by the largest (80% rule),',
  demographic_parity_difference: 'the difference between the shares answered yes',
  equal_opportunity_ratio: 'the share of true yes that is found, smallest group by largest,',
  equal_opportunity_difference: 'the difference between the shares of true yes that are found',
  false_positive_rate_difference: 'the difference between the shares of true no answered yes',
  equalized_odds_ratio: 'the smaller ratio of true and of false yes',
  equalized_odds_difference: 'the larger difference of true and of false yes',
  predictive_parity_difference: 'the difference between the shares of yes that come true',
  accuracy_difference: 'the difference between the shares of right answers',
};

type FairnessPolicy = Policy['fairness'][number];

function checkLimit(
  asked: FairnessPolicy,
  name: string,
  limit: number,
  evidence: FairnessEvidence | undefined,
): Findings {
  const verdict = evidence?.limits.find((each) => each.metric === name && each.limit === limit);
  const bound = name.endsWith('_ratio') ? 'at least' : 'at most';
  const title = TITLES[name] ?? name;
  const value = verdict?.value ?? null;
  const about = { metric: name, value, limit };
  if (verdict === undefined || verdict.verdict === 'undefined' || value === null) {
    const why = verdict === undefined ? 'was not judged' : 'is undefined';
    const reason = {
      code: 'fairness_undefined',
      message: `by ${asked.column}, ${title} ${why}; ${bound} ${figureText(limit)} is asked for`,
      ...about,
    };
    return findings(asked.required ? { against: [reason] } : { toPerson: [reason] });
  }
  const between = verdict.between === null ? '' : ` between ${verdict.between[0]} and ${verdict.between[1]}`;
  const message = `by ${asked.column}, ${title} is ${apart(value, limit)[0]}${between}; ${bound} ${figureText(limit)} is asked for`;
  switch (verdict.verdict) {
    case 'kept':
      return findings({ inFavour: [{ code: 'fairness_kept', message, ...about }] });
    case 'insufficient': {
      const reason = {
        code: 'fairness_insufficient',
        message: `${message}, and the groups are too small to tell`,
        ...about,
      };
      return findings(asked.required ? { toPerson: [reason] } : { notes: [reason] });
    }
    case 'broken': {
      const reason = { code: 'unfair', message, ...about };
      return findings(asked.required ? { against: [reason] } : { toPerson: [reason] });
    }
  }
}

/** Every limit of every protected column the definition asks for. */
export const checkFairness = (evaluation: Evaluation, policy: Policy): Findings =>
  together(
    policy.fairness.flatMap((asked) => {
      const evidence = evaluation.fairness.find(({ column }) => column === asked.column);
      return Object.keys(asked.limits)
        .sort()
        .map((name) => checkLimit(asked, name, asked.limits[name] ?? Number.NaN, evidence));
    }),
  );

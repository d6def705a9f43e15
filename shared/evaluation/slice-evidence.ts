import { gainOf, worseByMoreThan } from './comparison.ts';
import type { SliceEvidence } from './evaluation.ts';
import { intervalOf, type MeasuredModel } from './figure-intervals.ts';
import type { Grouping } from './gate-rows.ts';
import { rowsOfEach } from './group-rows.ts';
import { measure, metricNamed } from './metrics.ts';
import { holm } from './multiple-testing.ts';
import { marginAgainst, type Policy } from './policy.ts';
import { type Draws, drawFigures } from './resampling.ts';
import { type Answers, answersAt, type Sample, sampleAt } from './sample.ts';

type SlicePolicy = Policy['slices'][number];
type Floor = SliceEvidence['floors'][number];

/** What slices are judged on. */
export interface SliceInput {
  readonly sample: Sample;
  readonly candidate: Answers;
  /** Null without a champion that can be compared. */
  readonly champion: Answers | null;
  readonly groupings: readonly Grouping[];
  readonly policy: Policy;
  readonly seed: number;
}

function measured(sample: Sample, answers: Answers): MeasuredModel {
  const { problem, labels, operatingPoint, weights } = sample;
  return {
    answers,
    figures: measure({ problem, labels, answers, operatingPoint, weights: weights ?? undefined }).figures,
  };
}

/** Rows of the rarer class. */
function rarer(labels: Float64Array): number {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  return Math.min(positives, labels.length - positives);
}

/**
 * Whether a slice keeps a floor: broken only where even the better end of the interval is beyond it, so that a slice is
 * not failed for being small. What is undefined breaks it.
 */
function floorOf(
  [name, limit]: readonly [string, number],
  sample: Sample,
  model: MeasuredModel,
  draws: () => Draws,
  confidence: number,
): Floor {
  const metric = metricNamed(sample.problem, name);
  const value = model.figures[name] ?? null;
  if (metric === undefined || value === null) return { metric: name, value, limit, bound: null, broken: true };
  const interval = intervalOf(name, { sample, model, draws: () => ({ from: draws(), model: 0 }), confidence });
  const higher = metric.direction === 'higher';
  const bound = interval === null ? value : interval[higher ? 1 : 0];
  return { metric: name, value, limit, bound, broken: !(higher ? bound >= limit : bound <= limit) };
}

function sliceOf(
  { column, required, margin, floors, minRows, minPositives }: SlicePolicy,
  value: string,
  rows: Uint32Array,
  { sample, candidate, champion, policy, seed }: SliceInput,
): Omit<SliceEvidence, 'pHolm'> {
  const slice = sampleAt(sample, rows);
  const ours = measured(slice, answersAt(candidate, rows));
  const theirs = champion === null ? null : measured(slice, answersAt(champion, rows));
  let drawn: Draws | undefined;
  const draws = (): Draws => {
    drawn ??= drawFigures(slice, theirs === null ? [ours.answers] : [ours.answers, theirs.answers], { seed });
    return drawn;
  };
  const positives = sample.problem === 'binary' ? rarer(slice.labels) : null;
  const { metric, confidence } = policy;
  const other = theirs?.figures[metric] ?? null;
  const about = {
    column,
    value,
    required,
    rows: rows.length,
    positives,
    candidate: ours.figures[metric] ?? null,
    champion: other,
    // Of a figure that is undefined no share can be taken; such a slice is not tested, and its margin is nothing.
    margin: (theirs === null ? margin : marginAgainst(margin, other, policy)) ?? 0,
  };
  const untested: Omit<SliceEvidence, 'pHolm'> = {
    ...about,
    outcome: 'insufficient',
    gain: null,
    pValue: null,
    floors: [],
  };
  if (rows.length < minRows || (positives !== null && positives < minPositives)) return untested;
  const kept = Object.entries(floors).map((floor) => floorOf(floor, slice, ours, draws, confidence));
  if (theirs === null) return { ...about, outcome: 'tested', gain: null, pValue: null, floors: kept };
  const gain = gainOf({
    sample: slice,
    metric,
    ours,
    theirs,
    draws: () => ({ from: draws(), ours: 0, theirs: 1 }),
  });
  const pValue = worseByMoreThan(gain, about.margin);
  return { ...about, outcome: pValue === null ? 'insufficient' : 'tested', gain: gain.gain, pValue, floors: kept };
}

/**
 * Every slice that the policy names: those with enough rows are tested, the rest are listed as insufficient. Each test
 * asks whether the candidate is worse than the champion by more than the slice's margin; Holm's correction goes over
 * all slices tested, of all columns.
 */
export function sliceEvidence(input: SliceInput): SliceEvidence[] {
  const found = input.policy.slices.flatMap((policy) => {
    const grouping = input.groupings.find(({ column }) => column === policy.column);
    if (grouping === undefined) throw new RangeError(`the rows have no column ${policy.column}`);
    const slices: Omit<SliceEvidence, 'pHolm'>[] = [];
    for (const { value, rows } of rowsOfEach(grouping)) slices.push(sliceOf(policy, value, rows, input));
    return slices;
  });
  const tested = found.flatMap(({ pValue }, at) => (pValue === null ? [] : [{ pValue, at }]));
  const { adjusted } = holm(
    tested.map(({ pValue }) => pValue),
    1 - input.policy.confidence,
  );
  const byPlace = new Map(tested.map(({ at }, rank) => [at, adjusted[rank] ?? 1]));
  return found.map((slice, at) => ({ ...slice, pHolm: byPlace.get(at) ?? null }));
}

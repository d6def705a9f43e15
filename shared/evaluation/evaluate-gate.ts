import { type ComparisonInput, comparisonOf } from './comparison.ts';
import { calibrationBins, rocCurve } from './curves.ts';
import type { RankContributions } from './delong.ts';
import type { Comparison, Evaluation, Refused, Scored } from './evaluation.ts';
import { fairnessEvidence } from './fairness-evidence.ts';
import { figureSpread, intervalOf, type MeasuredModel } from './figure-intervals.ts';
import { answersOf, type Fault, rowsFault } from './gate-faults.ts';
import { type GateRows, rowCount } from './gate-rows.ts';
import { chooseGolden, type Golden } from './golden.ts';
import { measure, onlyColumn, type Problem, trivialFigures } from './metrics.ts';
import { answerOf } from './multiclass-metrics.ts';
import { operatingPoints } from './operating-points.ts';
import { marginAgainst, type Policy } from './policy.ts';
import { rankingFigure } from './rank-figures.ts';
import { type Draws, drawFigures } from './resampling.ts';
import { type TermColumns, termColumns } from './row-terms.ts';
import type { Answers, Sample } from './sample.ts';
import type { ScoresRead } from './scores.ts';
import { sliceEvidence } from './slice-evidence.ts';

/** A model to compare with: its scores of the same rows, or why there are none. */
export type ComparedWith =
  | { readonly run: string; readonly scores: ScoresRead }
  | { readonly run: string; readonly notComparable: string }
  | null;

/** The gate rows, what is asked, and what each model answered. */
export interface GateInput {
  readonly model: string;
  readonly run: string;
  readonly problem: Problem;
  readonly rows: GateRows;
  readonly policy: Policy;
  readonly candidate: ScoresRead;
  /** Null where no model is in service. */
  readonly champion: ComparedWith;
  /** The best champion of the past; null where there is none beside the champion, or none is asked for. */
  readonly anchor: ComparedWith;
  /**
   * Where other models judge in their place, each blind to its fold: what the models say that serve, of rows they were
   * trained on. An endpoint is held against it, and nothing is judged by it.
   */
  readonly serving?: { readonly folds: number; readonly candidate: ScoresRead; readonly champion: ScoresRead | null };
  readonly evaluatedAt: Date;
}

type PlainInterval = Scored['intervals'][string];

/** One model that can be judged. */
interface Side extends MeasuredModel {
  readonly run: string;
  readonly measured: Omit<Scored, 'run' | 'intervals'>;
}

/** The same model and run always draw alike: FNV-1a of their names (http://www.isthe.com/chongo/tech/comp/fnv/). */
function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

function sideOf(run: string, answers: Answers, sample: Sample, classes: readonly string[] | null): Side {
  const { problem, labels, operatingPoint, weights } = sample;
  const found = measure({ problem, labels, answers, operatingPoint, weights: weights ?? undefined });
  const curve = found.ranking === null ? null : rocCurve(found.ranking);
  return {
    run,
    answers,
    figures: found.figures,
    measured: {
      outcome: 'scored',
      figures: { ...found.figures },
      confusion: found.confusion,
      classes:
        found.classes?.map(({ answers: given, ...of }, at) => ({
          name: classes?.[at] ?? '',
          ...of,
          answers: [...given],
        })) ?? null,
      roc: curve?.map(([falsePositives, truePositives]) => [falsePositives, truePositives]) ?? null,
      calibration: problem === 'binary' ? [...calibrationBins(labels, onlyColumn(answers))] : null,
      operatingPoints: found.ranking === null ? null : operatingPoints(found.ranking),
    },
  };
}

/** The share of rows whose label a model contradicts; null for a regression, whose every row is off by something. */
function contradicted({ problem, labels, operatingPoint }: Sample, { answers }: Side): number | null {
  if (problem === 'regression' || labels.length === 0) return null;
  const answered = (row: number): number =>
    problem === 'multiclass' ? answerOf(answers, row) : (onlyColumn(answers)[row] ?? 0) >= operatingPoint ? 1 : 0;
  let wrong = 0;
  for (let row = 0; row < labels.length; row += 1) if (answered(row) !== labels[row]) wrong += 1;
  return wrong / labels.length;
}

/** The largest cluster's rows. */
function largest({ ids, count }: NonNullable<Sample['clusters']>): number {
  const rows = new Uint32Array(count);
  for (const id of ids) rows[id] = (rows[id] ?? 0) + 1;
  return rows.reduce((most, found) => Math.max(most, found), 0);
}

const NO_ROWS: Fault = { code: 'no_gate_rows', message: 'there is not one row to judge on' };

const isFault = (found: Answers | Fault): found is Fault => 'code' in found;

const isSide = (found: Side | Exclude<Evaluation['champion'], Scored>): found is Side =>
  found !== null && 'measured' in found;

const refused = (run: string, { code, message }: Fault): Refused => ({ outcome: 'refused', run, code, message });

/**
 * All evidence of the gate rows: figures with intervals, comparisons, slices, fairness. Whatever cannot be judged is
 * evidence too: it stands as refused, with its fault, and the decision lets nothing pass on it. Pure, and the same
 * input gives the same evidence: what is drawn at random has its seed from model and run.
 *
 * Weights weigh figures, intervals and tests; calibration, fairness and counts take every row once.
 */
export function evaluateGate(input: GateInput): { readonly evaluation: Evaluation; readonly golden: Golden } {
  const { model, run, problem, rows, policy } = input;
  const count = rowCount(rows);
  const fault = rowsFault(rows, problem, policy);
  const seed = seedOf(`${model}/${run}`);
  const sample: Sample = {
    problem,
    labels: rows.labels,
    classes: rows.classes?.length ?? 0,
    weights: rows.weights,
    clusters: rows.cluster?.clusters ?? null,
    operatingPoint: policy.operatingPoint,
    folds: input.serving?.folds,
  };

  const judged = (of: string, scores: ScoresRead): Side | Refused => {
    const found = fault ?? (count === 0 ? NO_ROWS : answersOf(scores, rows, problem));
    return isFault(found) ? refused(of, found) : sideOf(of, found, sample, rows.classes);
  };
  const other = (of: ComparedWith): Side | Exclude<Evaluation['champion'], Scored> => {
    if (of === null) return null;
    if ('notComparable' in of) return { outcome: 'not_comparable', run: of.run, message: of.notComparable };
    return judged(of.run, of.scores);
  };
  const served = input.serving && answersOf(input.serving.candidate, rows, problem);
  const judgedCandidate =
    served !== undefined && isFault(served) && fault === undefined && count > 0
      ? refused(run, { ...served, message: `of the model that would serve: ${served.message}` })
      : judged(run, input.candidate);
  const judgedChampion = other(input.champion);
  const judgedAnchor = other(input.anchor);
  const candidate = isSide(judgedCandidate) ? judgedCandidate : null;
  const champion = isSide(judgedChampion) ? judgedChampion : null;
  const anchor = isSide(judgedAnchor) ? judgedAnchor : null;
  const sides = [candidate, champion, anchor].filter((side) => side !== null);

  let drawn: Draws | undefined;
  const draws = (): Draws => {
    drawn ??= drawFigures(
      sample,
      sides.map(({ answers }) => answers),
      { seed },
    );
    return drawn;
  };
  const { confidence } = policy;
  let columns: TermColumns | undefined;
  const intervalFor = (side: Side, figure: string, ranking?: RankContributions | null): PlainInterval => {
    const interval = intervalOf(figure, {
      sample,
      model: side,
      draws: () => ({ from: draws(), model: sides.indexOf(side) }),
      ranking,
      confidence,
      columns,
    });
    return interval === null ? null : [interval[0], interval[1]];
  };
  // A ranking takes eight bytes a row; what needs it comes first, and then it goes.
  const rankings = new Map<Side, RankContributions | null>();
  for (const side of sides) {
    const ranking = rankingFigure('roc_auc', sample, side.answers);
    if (ranking !== undefined) rankings.set(side, ranking);
  }
  const areas = new Map(
    Array.from(rankings, ([side, ranking]) => [side, intervalFor(side, 'roc_auc', ranking)] as const),
  );

  const against = (them: Side | null, margin: number, mode: Policy['champion']['mode']): Comparison | null => {
    if (candidate === null || them === null) return null;
    const place = (from: Draws, of: readonly Side[]) => ({
      from,
      ours: of.indexOf(candidate),
      theirs: of.indexOf(them),
    });
    const [first, second] = [rankings.get(candidate), rankings.get(them)];
    const comparison: ComparisonInput = {
      sample,
      metric: policy.metric,
      ours: candidate,
      theirs: them,
      rankings:
        policy.metric === 'roc_auc' && first !== undefined && second !== undefined ? [first, second] : undefined,
      draws: () => place(draws(), sides),
      independentDraws: () =>
        place(drawFigures({ ...sample, clusters: null }, [candidate.answers, them.answers], { seed }), [
          candidate,
          them,
        ]),
    };
    const inUnits = marginAgainst(margin, them.figures[policy.metric] ?? null, policy);
    return comparisonOf(comparison, { margin: inUnits, mode, confidence });
  };

  const againstChampion = against(champion, policy.champion.margin, policy.champion.mode);
  const againstAnchor = policy.anchor === null ? null : against(anchor, policy.anchor.margin, 'non_inferior');
  const candidateSpread =
    candidate === null
      ? null
      : figureSpread(policy.metric, {
          sample,
          model: candidate,
          draws: () => ({ from: draws(), model: sides.indexOf(candidate) }),
          ranking: rankings.get(candidate),
        });
  rankings.clear();
  columns = termColumns(count);
  const scored = (side: Side): Scored => ({
    ...side.measured,
    run: side.run,
    intervals: Object.fromEntries(
      Object.keys(side.figures).map((figure) => [
        figure,
        figure === 'roc_auc' ? (areas.get(side) ?? null) : intervalFor(side, figure),
      ]),
    ),
  });
  const results = {
    candidate: isSide(judgedCandidate) ? scored(judgedCandidate) : judgedCandidate,
    champion: isSide(judgedChampion) ? scored(judgedChampion) : judgedChampion,
    anchor: isSide(judgedAnchor) ? scored(judgedAnchor) : judgedAnchor,
  };
  drawn = undefined;
  columns = undefined;

  const evaluation: Evaluation = {
    model,
    run,
    problem,
    rows: count,
    ...(input.serving && { folds: input.serving.folds }),
    operatingPoint: policy.operatingPoint,
    confidence,
    cluster:
      fault !== undefined || rows.cluster === null
        ? null
        : { by: rows.cluster.by, clusters: rows.cluster.clusters.count, largest: largest(rows.cluster.clusters) },
    ...results,
    candidateSpread: candidateSpread && { metric: policy.metric, ...candidateSpread },
    againstChampion,
    againstAnchor,
    championContradicts: champion ? contradicted(sample, champion) : null,
    slices: candidate
      ? sliceEvidence({
          sample,
          candidate: candidate.answers,
          champion: champion?.answers ?? null,
          groupings: rows.slices,
          policy,
          seed,
        })
      : [],
    fairness: candidate
      ? fairnessEvidence({ sample, candidate: candidate.answers, groupings: rows.protected, policy })
      : [],
    trivial:
      fault === undefined
        ? {
            ...trivialFigures({
              problem,
              labels: rows.labels,
              weights: rows.weights ?? undefined,
              classes: sample.classes,
            }),
          }
        : {},
    evaluatedAt: input.evaluatedAt.toISOString(),
  };
  return { evaluation, golden: goldenOf() };

  function goldenOf(): Golden {
    const { serving } = input;
    const said = (side: Side | null, scores: ScoresRead | null): Answers | null => {
      if (side === null) return null;
      if (serving === undefined) return side.answers;
      const found = scores === null ? NO_ROWS : answersOf(scores, rows, problem);
      return isFault(found) ? null : found;
    };
    const ours = said(candidate, serving?.candidate ?? null);
    const theirs = said(champion, serving?.champion ?? null);
    return {
      model,
      run,
      championRun: theirs === null ? null : (champion?.run ?? null),
      rows: ours === null ? [] : chooseGolden({ parts: rows.parts, candidate: ours, champion: theirs }),
    };
  }
}

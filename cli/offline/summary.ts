/** What was judged, as a person reads it in a terminal. */

import type { Comparison, Evaluation } from '../../shared/evaluation/evaluation.ts';
import { counted, figureText } from '../../shared/evaluation/figure-text.ts';
import { clustersText, confidenceText } from '../../shared/evaluation/findings.ts';
import { howMany } from '../../shared/report/how-many.ts';
import { textTable } from '../text-table.ts';
import type { Judged } from './judge.ts';

const OUTCOMES = { promote: 'promote', hold: 'hold: a person has to decide', reject: 'reject' } as const;

const text = (value: number | null | undefined): string =>
  value === null || value === undefined ? 'undefined' : figureText(value);

type Side = Evaluation['champion'];
const scored = (side: Side) => (side?.outcome === 'scored' ? side : null);

function figuresTable(evaluation: Evaluation): string[] {
  const sides = [
    ['candidate', scored(evaluation.candidate)],
    ['champion', scored(evaluation.champion)],
    ['anchor', scored(evaluation.anchor)],
  ] as const;
  const shown = sides.flatMap(([name, side]) => (side === null ? [] : [{ name, side }]));
  const [first] = shown;
  if (first === undefined) return [];
  const rows = Object.keys(first.side.figures).map((figure) => [
    figure,
    ...shown.flatMap(({ side }) => {
      const interval = side.intervals[figure] ?? null;
      return [text(side.figures[figure]), interval === null ? '' : `${text(interval[0])} to ${text(interval[1])}`];
    }),
  ]);
  const within = confidenceText(evaluation.confidence);
  return ['', ...textTable([['', ...shown.flatMap(({ name }) => [name, within])], ...rows])];
}

/** The test of one comparison, on one line. */
function comparisonLine(whose: string, of: Comparison | null, { cluster }: Evaluation): string[] {
  if (of === null) return [];
  const { metric, gain, lower, pValue, test, effectiveRows } = of;
  const figures = [
    `gain in ${metric} over the ${whose} ${text(gain)}`,
    `at least ${text(lower)}`,
    `p ${text(pValue)}`,
    test,
    ...(cluster === null || of.clusters === null
      ? []
      : [clustersText(cluster.by, of.clusters) + ((of.neighbours ?? 1) > 1 ? ` in blocks of ${of.neighbours}` : '')]),
    ...(effectiveRows === null ? [] : [`as much as ${counted(Math.round(effectiveRows))} independent rows tell`]),
  ];
  return [figures.join(', ')];
}

function slicesTable({ slices, champion }: Evaluation): string[] {
  if (slices.length === 0) return [];
  const rows = slices.map((of) => [
    `${of.column}=${of.value}`,
    counted(of.rows),
    text(of.candidate),
    ...(champion === null ? [] : [text(of.champion), text(of.pHolm)]),
    of.outcome,
  ]);
  return [
    '',
    ...textTable([['slice', 'rows', 'candidate', ...(champion === null ? [] : ['champion', "Holm's p"]), ''], ...rows]),
  ];
}

function fairnessTable({ fairness }: Evaluation): string[] {
  const rows = fairness.flatMap(({ column, limits }) =>
    limits.map(({ metric, value, limit, verdict, between }) => [
      `${column}: ${metric}`,
      text(value),
      text(limit),
      verdict,
      between === null ? '' : between.join(' and '),
    ]),
  );
  return rows.length === 0 ? [] : ['', ...textTable([['fairness', 'value', 'limit', '', ''], ...rows])];
}

/** The decision with its reasons, then the evidence. */
export function summary({ evaluation, decision, problem }: Judged): string {
  const { cluster, rows } = evaluation;
  const of = cluster === null ? '' : ` of ${clustersText(cluster.by, cluster.clusters)}`;
  return [
    `${evaluation.model}: ${OUTCOMES[decision.outcome]}`,
    ...decision.reasons.map(({ code, message }) => `  - ${message} (${code})`),
    ...(problem === null ? [] : ['', `could not tell: ${problem.file}: ${problem.message} (${problem.code})`]),
    '',
    `${howMany(rows, 'row')}${of}`,
    ...comparisonLine('champion', evaluation.againstChampion, evaluation),
    ...comparisonLine('anchor', evaluation.againstAnchor, evaluation),
    ...figuresTable(evaluation),
    ...slicesTable(evaluation),
    ...fairnessTable(evaluation),
  ].join('\n');
}

/** What came of a try, as a person reads it. */

import { figureText } from '../../shared/evaluation/figure-text.ts';
import { confidenceText } from '../../shared/evaluation/findings.ts';
import { howMany } from '../../shared/report/how-many.ts';
import { problemLines } from '../offline/problems-text.ts';
import { textTable } from '../text-table.ts';
import type { Followed } from './served.ts';

/** A served model, asked once. */
export interface Asked {
  readonly record: Readonly<Record<string, unknown>>;
  readonly answer: unknown;
  readonly status: number;
  /** What the file says of the same row. */
  readonly truth: unknown;
  readonly line: string;
}

const OUTCOMES = {
  promote: 'promoted',
  hold: 'held for a person to decide',
  reject: 'rejected',
} as const;

/** How many problems of rejected data are told. */
const TOLD = 10;

/** How many figures are told; the report has them all. */
const SHOWN = 5;

const text = (value: number | null | undefined): string =>
  value === null || value === undefined ? '-' : figureText(value);

/** The candidate's figures beside those of always giving the same answer. */
function figures({ evaluation, decision }: Followed): string[] {
  if (evaluation?.candidate.outcome !== 'scored') return [];
  const { candidate, trivial, confidence, rows, folds } = evaluation;
  const judgedBy = decision?.policy.metric ?? '';
  const lines = Object.keys(candidate.figures)
    .filter((name) => typeof trivial[name] === 'number' && typeof candidate.figures[name] === 'number')
    .toSorted((a, b) => Number(b === judgedBy) - Number(a === judgedBy))
    .slice(0, SHOWN)
    .map((name) => {
      const interval = candidate.intervals[name] ?? null;
      return [
        `  ${name}`,
        text(candidate.figures[name]),
        interval === null ? '' : `${text(interval[0])} to ${text(interval[1])}`,
        text(trivial[name]),
      ];
    });
  return [
    '',
    ...textTable([
      [
        folds === undefined
          ? `on ${howMany(rows, 'row')} it has not seen`
          : `on ${howMany(rows, 'row')}, in ${folds} folds`,
        'model',
        confidenceText(confidence),
        'always the same answer',
      ],
      ...lines,
    ]),
  ];
}

/** What the loop decided and why; where it stopped before, why it did. */
export function decisionText(model: string, followed: Followed): string[] {
  const { arrival, verdict, decision, end, isApproved } = followed;
  if (verdict === undefined)
    return [`${model}: nothing was judged: ${arrival?.reason ?? arrival?.outcome ?? 'the upload was not seen'}`];
  if (!verdict.accepted) {
    return [`${model}: the data is rejected`, ...problemLines(verdict.problems, '', TOLD).map((line) => `  ${line}`)];
  }
  if (decision === undefined) return [`${model}: no model was made: ${end?.reason ?? 'no run began'}`];
  return [
    `${model}: ${OUTCOMES[decision.outcome]}`,
    ...decision.reasons.map(({ message }) => `  - ${message}`),
    ...(isApproved
      ? ['  You are the person who decides: this is a try, so it is approved in your name and served.']
      : []),
    ...(decision.reasons.some(({ code }) => code === 'giveaway_feature')
      ? ['  What a model knows without a column, --without COLUMN shows.']
      : []),
    ...(decision.outcome === 'promote' && end !== undefined && end.end !== 'promoted'
      ? [`  ${end.end}: ${end.reason}`]
      : []),
    ...figures(followed),
  ];
}

/** The answer to one row of the file, and the line that asks again. */
export const askedText = ({ answer, status, truth, line }: Asked): string[] => [
  '',
  status === 200
    ? `One row of the file is answered with ${JSON.stringify(answer)}; the file says ${JSON.stringify(truth)}.`
    : `The model did not answer: ${status} ${JSON.stringify(answer)}`,
  '',
  line,
];

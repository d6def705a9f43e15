import { describe, expect, it } from 'vitest';

import { decide, type Policy } from '../../../shared/evaluation/decision.ts';
import { type Evaluation, scored } from '../../../shared/evaluation/evaluation.ts';
import { trivialFigures } from '../../../shared/evaluation/metrics.ts';
import { type RunReport, runReport } from '../../../shared/report/run-report.ts';

/** Six rows, as often as the gate needs to trust its figures. */
const COPIES = 20;
const repeated = (values: number[]) => Float64Array.from(Array.from({ length: COPIES }, () => values).flat());
const labels = repeated([0, 0, 1, 0, 1, 1]);
const policy: Policy = {
  metric: 'roc_auc',
  thresholds: { roc_auc: 0.6 },
  champion: { mode: 'non_inferior', margin: 0.01 },
  approval: 'automatic',
};

const judged = (scores: number[]) => ({ problem: 'binary', labels, scores: repeated(scores), threshold: 0.5 }) as const;

const evaluation = (some: Partial<Evaluation> = {}): Evaluation => ({
  model: 'flight-delay',
  run: '20010125-0000000001',
  problem: 'binary',
  rows: labels.length,
  threshold: 0.5,
  candidate: scored('20010125-0000000001', judged([0.1, 0.6, 0.7, 0.2, 0.4, 0.9])),
  champion: scored('20010120-0000000000', judged([0.1, 0.6, 0.7, 0.8, 0.4, 0.9])),
  trivial: { ...trivialFigures({ problem: 'binary', labels }) },
  evaluatedAt: '2001-01-25T12:00:00.000Z',
  ...some,
});

const report = (found: Evaluation = evaluation(), some: Partial<RunReport> = {}): RunReport => ({
  model: 'flight-delay',
  run: '20010125-0000000001',
  plannedAt: '2001-01-25T11:00:00.000Z',
  datasets: [
    { dataset: '0123456789abcdef0123', fresh: false, rows: 1200 },
    { dataset: 'fedcba98765432100123', fresh: true, rows: 345 },
  ],
  splits: [
    { name: 'train', rows: 1000, from: null, until: '2001-01-20T00:00:00.000Z' },
    { name: 'validation', rows: 200, from: '2001-01-20T00:00:00.000Z', until: '2001-01-22T00:00:00.000Z' },
    { name: 'gate', rows: labels.length, from: '2001-01-22T00:00:00.000Z', until: null },
  ],
  dropped: { 'label missing': 339, 'within the embargo': 0 },
  features: ['hour', 'weekday'],
  evaluation: found,
  decision: {
    model: 'flight-delay',
    run: '20010125-0000000001',
    ...decide({ evaluation: found, policy }),
    policy,
    decidedAt: '2001-01-25T12:00:00.000Z',
  },
  ...some,
});

/** The text of a page, as a reader sees it. */
const textOf = (page: string) =>
  page
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

describe("a run's report", () => {
  it('tells the decision and its reasons, and sets candidate beside champion', () => {
    const text = textOf(runReport(report()));

    expect(text).toContain('Promoted');
    expect(text).toContain('ROC AUC is 0.8889; at least 0.6 is asked for threshold_met');
    expect(text).toContain('ROC AUC is 0.8889, the champion&#39;s 0.6667 on the same 120 rows: better by 0.22');
    expect(text).toContain('ROC AUC 0.8889 0.6667 0.5 ≥ 0.6 higher');
    expect(text).toContain('gate (the models are judged on these) 120 2001-01-22T00:00:00.000Z to the end');
    expect(text).toContain('Left out: 339 label missing.');
  });

  it('shows right and wrong answers, the ranking and the calibration of both', () => {
    const page = runReport(report());

    expect(page.match(/<svg /g)).toHaveLength(2);
    expect(page.match(/<path class="curve"/g)).toHaveLength(4);
    expect(textOf(page)).toContain('candidate at 0.5 answered 0 answered 1 is 0 40 20 is 1 20 40');
  });

  it('of scores that cannot be used says so and shows no figure', () => {
    const refused = {
      outcome: 'refused',
      run: '20010125-0000000001',
      code: 'extra_rows',
      message: 'one row too many',
    } as const;

    const page = runReport(report(evaluation({ candidate: refused, champion: null, trivial: {} })));

    expect(textOf(page)).toContain('Rejected the candidate&#39;s scores cannot be used: one row too many');
    expect(textOf(page)).toContain('No model was in service');
    expect(page).not.toContain('<svg');
  });

  it('of a regression has figures and no curves', () => {
    const some = {
      problem: 'regression',
      labels,
      scores: repeated([0, 0, 1, 0, 1, 0.9]),
      threshold: 0.5,
    } as const;
    const found = evaluation({
      problem: 'regression',
      candidate: scored('20010125-0000000001', some),
      champion: null,
      trivial: { ...trivialFigures(some) },
    });

    const page = runReport(report(found));

    expect(textOf(page)).toContain('RMSE 0.04082');
    expect(page).not.toContain('<svg');
  });

  it('shows names and reasons as text, whatever they hold', () => {
    const page = runReport(report(evaluation(), { features: ['<img src=x onerror=alert(1)>'], dropped: { '<b>': 1 } }));

    expect(page).not.toContain('<img');
    expect(page).not.toContain('<b>');
  });

  it('is the same page for the same facts, and loads nothing', () => {
    const page = runReport(report());

    expect(runReport(report())).toBe(page);
    expect(page).not.toMatch(/https?:|<script|<link|url\(|\ssrc=/);
    expect(page).toContain('prefers-color-scheme: dark');
  });
});

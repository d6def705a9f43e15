import { describe, expect, it } from 'vitest';

import type { Circumstances } from '../../../shared/evaluation/circumstances.ts';
import { decide, type Policy } from '../../../shared/evaluation/decision.ts';
import { evaluateGate, type GateInput } from '../../../shared/evaluation/evaluate-gate.ts';
import type { Evaluation } from '../../../shared/evaluation/evaluation.ts';
import { pValueText, zeroWithin } from '../../../shared/evaluation/figure-text.ts';
import { groupingOf } from '../../../shared/evaluation/gate-rows.ts';
import { type RunReport, runReport } from '../../../shared/report/run-report.ts';

/** Six rows, as often as the gate needs to trust its figures. */
const COPIES = 20;
const repeated = (values: number[]) => Float64Array.from(Array.from({ length: COPIES }, () => values).flat());
const labels = repeated([0, 0, 1, 0, 1, 1]);
const places = Array.from(labels, (_, row) => (row < 60 ? 'ORD' : '<DFW>'));
const groups = Array.from(labels, (_, row) => (row % 4 < 2 ? 'f' : 'm'));
const policy: Policy = {
  metric: 'roc_auc',
  thresholds: { roc_auc: 0.6 },
  operatingPoint: 0.5,
  confidence: 0.95,
  champion: { mode: 'non_inferior', margin: 0.01 },
  anchor: { margin: 0.02, pastMs: 1 },
  refresh: 'reason',
  slices: [{ column: 'origin', required: false, margin: 0.01, floors: { recall: 0.1 }, minRows: 50, minPositives: 10 }],
  fairness: [{ column: 'sex', limits: { demographic_parity_ratio: 0.5 }, required: false }],
  limits: { modelBytes: null, latencyP95Ms: null },
  gateUses: 20,
  suspicion: { jump: null, perfect: null, flips: null, giveaway: null },
  approval: 'automatic',
};

const read = (scores: number[]): GateInput['candidate'] => ({
  outcome: 'read',
  scores: { rows: labels.length, columns: [{ name: 'score', values: repeated(scores) }] },
});

const evaluation = (some: Partial<GateInput> = {}): Evaluation =>
  evaluateGate({
    model: 'flight-delay',
    run: '20010125-0000000001',
    problem: 'binary',
    rows: {
      parts: [labels.length],
      labels,
      classes: null,
      weights: null,
      cluster: null,
      slices: [groupingOf('origin', places)],
      protected: [groupingOf('sex', groups)],
    },
    policy,
    candidate: read([0.1, 0.6, 0.7, 0.2, 0.4, 0.9]),
    champion: { run: '20010120-0000000000', scores: read([0.1, 0.6, 0.7, 0.8, 0.4, 0.9]) },
    anchor: null,
    evaluatedAt: new Date('2001-01-25T12:00:00.000Z'),
    ...some,
  }).evaluation;

const circumstances: Circumstances = {
  model: 'flight-delay',
  run: '20010125-0000000001',
  trigger: 'new_data',
  champion: null,
  gateUses: 1,
  modelBytes: 12_345,
  latencyP95Ms: null,
  strongestFeatures: [{ feature: 'hour', strength: 0.61 }],
};

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
  circumstances,
  decision: {
    model: 'flight-delay',
    run: '20010125-0000000001',
    ...decide({ evaluation: found, circumstances, policy }),
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
    expect(text).toContain(
      'ROC AUC is 0.8889, the champion&#39;s 0.6667 on the same 120 rows; with 95% confidence it is at least',
    );
    expect(text).toMatch(/ROC AUC 0\.8889 0\.\d+ to 0\.\d+ 0\.6667 0\.5 ≥ 0\.6 higher/);
    expect(text).toContain('gate (the models are judged on these) 120 2001-01-22 to the end');
    expect(text).toContain('Left out: 339 label missing.');
  });

  it('shows right and wrong answers, the ranking, the calibration and what other thresholds would give', () => {
    const page = runReport(report());

    expect(page.match(/<svg /g)).toHaveLength(4);
    expect(textOf(page)).toContain('candidate at 0.5 answered 0 answered 1 is 0 40 20 is 1 20 40');
    expect(textOf(page)).toContain('Other thresholds');
  });

  it('draws what the difference may be, and names the test', () => {
    const text = textOf(runReport(report()));

    expect(text).toMatch(/Against the champion: better by 0\.22, between 0\.\d+ and 0\.\d+/);
    expect(text).toContain('DeLong&#39;s test');
  });

  it('lists slices, groups and circumstances', () => {
    const text = textOf(runReport(report()));

    expect(text).toContain('origin &lt;DFW&gt;');
    expect(text).toContain('By sex');
    expect(text).toContain('demographic parity ratio');
    expect(text).toContain('candidates judged on these rows 1 of 20');
    expect(text).toContain('what hour alone tells of the label (0 to 1) 0.61');
  });

  it('shows what is nothing but for arithmetic as 0, and a p-value nobody could tell from 0 as less than 0.0001', () => {
    const found = evaluation();
    const { againstChampion } = found;
    if (againstChampion === null || found.candidate.outcome !== 'scored') throw new Error('nobody to compare with');
    const shown = runReport(
      report({
        ...found,
        candidate: { ...found.candidate, intervals: { ...found.candidate.intervals, roc_auc: [2.22e-16, 0.5] } },
        againstChampion: {
          ...againstChampion,
          gain: 2.22e-16,
          interval: [-0.01, 2.22e-16],
          lower: -2.22e-16,
          pValue: 3.3e-9,
        },
        slices: found.slices.map((slice) => ({ ...slice, gain: 1.11e-16, pHolm: 0.5 })),
      }),
    );

    expect(shown).not.toMatch(/\de-\d/);
    expect(shown.match(/&lt; 0\.0001/g)).toHaveLength(1);
    expect([pValueText(2.22e-16), pValueText(0.0001), pValueText(0)]).toEqual(['< 0.0001', '0.0001', '< 0.0001']);
    expect(shown).toContain('<span class="quiet">0 to 0.5</span>');
  });

  it('keeps a small figure of a regression, whose label says how large it is', () => {
    expect(zeroWithin(3e-13, 5e-13)).toBe(3e-13);
    expect([zeroWithin(-2.22e-16, 0.65), zeroWithin(2.22e-16, 1), zeroWithin(1e-9, 1)]).toEqual([0, 0, 1e-9]);
  });

  it('leaves columns without content out: nobody to compare with has none', () => {
    const first = runReport(report(evaluation({ champion: null })));

    expect(first).not.toContain('>champion</th>');
    expect(first).not.toContain('>gain</th>');
    expect(first).toContain('>candidate</th>');
    expect(runReport(report())).toContain('>champion</th>');
  });

  it('of scores that cannot be used says so and shows no figure', () => {
    const fault = { code: 'extra_rows', message: 'one row too many', part: 'part-0' } as const;

    const page = runReport(report(evaluation({ candidate: { outcome: 'refused', fault }, champion: null })));

    expect(textOf(page)).toContain('Rejected the candidate&#39;s scores cannot be used: one row too many');
    expect(textOf(page)).toContain('No model was in service');
    expect(page).not.toContain('<svg');
  });

  it('of a regression has figures and no curves', () => {
    const found = evaluation({
      problem: 'regression',
      policy: { ...policy, metric: 'rmse', slices: [], fairness: [] },
      candidate: read([0, 0, 1, 0, 1, 0.9]),
      champion: null,
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

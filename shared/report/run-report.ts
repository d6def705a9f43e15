import type { Decision } from '../evaluation/decision.ts';
import type { Evaluation, Scored } from '../evaluation/evaluation.ts';
import { counted, figureText } from '../evaluation/figure-text.ts';
import { metricsOf } from '../evaluation/metrics.ts';
import { unitChart } from './charts.ts';
import { type Content, type Html, html, page, table } from './html.ts';

/** One split of a run's rows and, where rows have a time, when it begins (inclusive) and ends (exclusive). */
export interface ReportedSplit {
  readonly name: 'train' | 'validation' | 'gate';
  readonly rows: number;
  readonly from: string | null;
  readonly until: string | null;
}

/** All a run's report says; the same facts give the same page. */
export interface RunReport {
  readonly model: string;
  readonly run: string;
  readonly plannedAt: string;
  readonly datasets: readonly { readonly dataset: string; readonly fresh: boolean; readonly rows: number | null }[];
  readonly splits: readonly ReportedSplit[];
  /** Rows left out of every split, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  readonly features: readonly string[];
  readonly evaluation: Evaluation;
  readonly decision: Decision;
}

const VERDICTS = {
  promote: { tone: 'good', text: 'Promoted' },
  hold: { tone: 'wait', text: 'Held: a person has to decide' },
  reject: { tone: 'bad', text: 'Rejected' },
} as const;

const SPLITS = {
  train: 'training (the model learns from these)',
  validation: 'validation (training stops by these)',
  gate: 'gate (the models are judged on these)',
} as const;

function verdict({ outcome, reasons }: Decision): Html {
  const { tone, text } = VERDICTS[outcome];
  return html`<div class="verdict ${tone}"><strong>${text}</strong>
<ul>
${reasons.map(({ code, message }) => html`<li>${message} <code class="quiet">${code}</code></li>\n`)}</ul></div>`;
}

function dataSection({ datasets, splits, dropped, features }: RunReport): Html {
  const left = Object.entries(dropped).filter(([, rows]) => rows > 0);
  const period = (from: string | null, until: string | null): Content =>
    from === null && until === null ? 'all' : [from ?? 'the beginning', ' to ', until ?? 'the end'];
  return html`<h2>Data</h2>
<div class="scroll">${table(
    ['dataset', 'rows', ''],
    datasets.map(({ dataset, rows, fresh }) => [
      html`<code>${dataset}</code>`,
      rows === null ? '' : counted(rows),
      fresh ? 'new in this run' : '',
    ]),
    (column) => column === 1,
  )}</div>
<div class="scroll">${table(
    ['rows', 'count', 'time'],
    splits.map(({ name, rows, from, until }) => [SPLITS[name], counted(rows), period(from, until)]),
    (column) => column === 1,
  )}</div>
${left.length > 0 ? html`<p class="quiet">Left out: ${left.map(([why, rows]) => `${counted(rows)} ${why}`).join('; ')}.</p>` : null}
<p class="quiet">Features: ${features.join(', ')}.</p>`;
}

const figure = (value: number | null | undefined): Content =>
  value === null || value === undefined ? html`<span class="quiet">undefined</span>` : figureText(value);

function figuresSection({ evaluation, decision }: RunReport): Html {
  const { candidate, champion, trivial, problem } = evaluation;
  const scored = (side: Evaluation['champion'] | Evaluation['candidate']): Scored | null =>
    side?.outcome === 'scored' ? side : null;
  const [ours, theirs] = [scored(candidate), scored(champion)];
  const beside = (name: string, side: Scored | null): Content => (side === null ? '' : figure(side.figures[name]));
  const wanted = decision.policy.thresholds;
  const rows = metricsOf(problem).map(({ name, title, direction }) => {
    const limit = wanted[name];
    return [
      name === decision.policy.metric ? html`<strong>${title}</strong>` : title,
      beside(name, ours),
      beside(name, theirs),
      name in trivial ? figure(trivial[name]) : '',
      limit === undefined ? '' : html`${direction === 'higher' ? '≥' : '≤'} ${figureText(limit, 15)}`,
      direction,
    ];
  });
  const note = (side: Evaluation['champion'] | Evaluation['candidate'], who: string): Html | null =>
    side !== null && side.outcome !== 'scored' ? html`<p>The ${who} has no figures: ${side.message}.</p>` : null;
  return html`<h2>Candidate and champion</h2>
<p>Both scored now, on the same ${counted(evaluation.rows)} gate rows, which neither was trained on.
${champion === null ? 'No model was in service when the run was planned.' : html`The champion is the model of run <code>${champion.run}</code>.`}</p>
${note(candidate, 'candidate')}${note(champion, 'champion')}
<div class="scroll">${table(
    ['metric', 'candidate', 'champion', 'same answer always', 'threshold', 'better'],
    rows,
    (column) => column > 0 && column < 5,
  )}</div>
<p class="quiet">They are compared by the metric in bold.</p>`;
}

function confusionSection(who: string, { confusion }: Scored, threshold: number): Html | null {
  if (confusion === null) return null;
  const { tn, fp, fn, tp } = confusion;
  return html`<div><p>${who}</p>${table(
    [`at ${figureText(threshold)}`, 'answered 0', 'answered 1'],
    [
      ['is 0', counted(tn), counted(fp)],
      ['is 1', counted(fn), counted(tp)],
    ],
  )}</div>`;
}

function binarySection({ candidate, champion, problem, threshold }: Evaluation): Html | null {
  if (problem !== 'binary') return null;
  const sides = [
    { side: candidate, name: 'candidate', colour: 'first' },
    { side: champion, name: 'champion', colour: 'second' },
  ] as const;
  const shown = sides.flatMap(({ side, name, colour }) =>
    side?.outcome === 'scored' ? [{ scored: side, name, colour }] : [],
  );
  if (shown.length === 0) return null;
  return html`<h2>Right and wrong</h2>
<div class="charts">${shown.map(({ scored, name }) => confusionSection(name, scored, threshold))}</div>
<h2>Ranking and calibration</h2>
<div class="charts">${unitChart(
    {
      title: 'ROC curve',
      x: 'share of 0 answered 1',
      y: 'share of 1 answered 1',
      caption: 'ROC: the further above the dashes, the better the ranking.',
    },
    shown.map(({ scored, name, colour }) => ({ name, colour, points: scored.roc ?? [] })),
  )}
${unitChart(
  {
    title: 'Calibration',
    x: 'mean score',
    y: 'share of 1',
    caption: 'Calibration: on the dashes a score of 0.3 comes true three times in ten.',
  },
  shown.map(({ scored, name, colour }) => ({
    name,
    colour,
    points: (scored.calibration ?? []).map(({ meanScore, positiveShare }) => [meanScore, positiveShare] as const),
    marked: true,
  })),
)}</div>`;
}

/** The report of a decided run as one HTML page that needs nothing else. */
export function runReport(report: RunReport): string {
  const { model, run, plannedAt, evaluation, decision } = report;
  return page(
    `${model} ${run}`,
    html`<h1>${model}</h1>
<p class="quiet">Run <code>${run}</code>, planned ${plannedAt}, judged ${decision.decidedAt}</p>
${verdict(decision)}
${figuresSection(report)}
${binarySection(evaluation)}
${dataSection(report)}`,
  );
}

import type { Circumstances } from '../evaluation/circumstances.ts';
import type { Decision } from '../evaluation/decision.ts';
import type { Comparison, Evaluation, Scored } from '../evaluation/evaluation.ts';
import { counted, figureText, pValueText, zeroWithin } from '../evaluation/figure-text.ts';
import { clustersText, confidenceText } from '../evaluation/findings.ts';
import { metricsOf } from '../evaluation/metrics.ts';
import { marginAgainst } from '../evaluation/policy.ts';
import { unitChart } from './charts.ts';
import { type Content, type Html, html, page, table } from './html.ts';
import { type IntervalBar, intervalChart } from './interval-chart.ts';

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
  readonly circumstances: Circumstances;
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

const splitText = (name: ReportedSplit['name'], { folds }: Evaluation): string =>
  name === 'gate' && folds !== undefined
    ? `gate (each is judged by the one of ${folds} models that never saw its fold, not by the one that would serve)`
    : SPLITS[name];

function verdict({ outcome, reasons }: Decision): Html {
  const { tone, text } = VERDICTS[outcome];
  return html`<div class="verdict ${tone}"><strong>${text}</strong>
<ul>
${reasons.map(({ code, message }) => html`<li>${message} <code class="quiet">${code}</code></li>\n`)}</ul></div>`;
}

/** A time as people read it: to the second, and a midnight as its day. */
const moment = (time: string | null): string | null =>
  time === null
    ? null
    : time
        .slice(0, 19)
        .replace('T', ' ')
        .replace(/ 00:00:00$/, '');

function dataSection({ datasets, splits, dropped, features, evaluation }: RunReport): Html {
  const left = Object.entries(dropped).filter(([, rows]) => rows > 0);
  const period = (from: string | null, until: string | null): Content =>
    from === null && until === null ? 'all' : [moment(from) ?? 'the beginning', ' to ', moment(until) ?? 'the end'];
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
    splits.map(({ name, rows, from, until }) => [splitText(name, evaluation), counted(rows), period(from, until)]),
    (column) => column === 1,
  )}</div>
${left.length > 0 ? html`<p class="quiet">Left out: ${left.map(([why, rows]) => `${counted(rows)} ${why}`).join('; ')}.</p>` : null}
<p class="quiet">Features: ${features.join(', ')}.</p>`;
}

const UNDEFINED = html`<span class="quiet">undefined</span>`;

/** @param scale as {@link zeroWithin} takes it; 0: the figure says how large it is itself */
const figure = (value: number | null | undefined, scale = 1): Content =>
  value === null || value === undefined ? UNDEFINED : figureText(zeroWithin(value, scale));

const pFigure = (p: number | null): Content => (p === null ? UNDEFINED : pValueText(p));

/** The larger of some figures, whichever there are; 0 without any. */
const largest = (...values: readonly (number | null | undefined)[]): number =>
  Math.max(0, ...values.map((value) => Math.abs(value ?? 0)));

const scoredOnly = (side: Evaluation['champion'] | Evaluation['candidate']): Scored | null =>
  side?.outcome === 'scored' ? side : null;

function figuresSection({ evaluation, decision }: RunReport): Html {
  const { candidate, champion, anchor, trivial, problem, cluster } = evaluation;
  const [ours, theirs, best] = [scoredOnly(candidate), scoredOnly(champion), scoredOnly(anchor)];
  // Shares and scores are of the order of 1; what a regression measures has the label's unit.
  const scaleOf = (name: string): number =>
    problem === 'regression' ? largest(...[ours, theirs, best].map((side) => side?.figures[name])) : 1;
  const beside = (name: string, side: Scored | null): Content =>
    side === null ? '' : figure(side.figures[name], scaleOf(name));
  const between = (name: string): Content => {
    const interval = ours?.intervals[name] ?? null;
    return interval === null
      ? ''
      : html`<span class="quiet">${figure(interval[0], scaleOf(name))} to ${figure(interval[1], scaleOf(name))}</span>`;
  };
  const wanted = decision.policy.thresholds;
  const rows = metricsOf(problem).map(({ name, title, direction }) => {
    const limit = wanted[name];
    return [
      name === decision.policy.metric ? html`<strong>${title}</strong>` : title,
      beside(name, ours),
      between(name),
      beside(name, theirs),
      ...(best === null ? [] : [beside(name, best)]),
      name in trivial ? figure(trivial[name], scaleOf(name)) : '',
      limit === undefined ? '' : html`${direction === 'higher' ? '≥' : '≤'} ${figureText(limit, 15)}`,
      direction,
    ];
  });
  const note = (side: Evaluation['champion'] | Evaluation['candidate'], who: string): Html | null =>
    side !== null && side.outcome !== 'scored' ? html`<p>The ${who} has no figures: ${side.message}.</p>` : null;
  const head = [
    'metric',
    'candidate',
    confidenceText(evaluation.confidence),
    'champion',
    ...(best === null ? [] : ['best of the past']),
    'same answer always',
    'threshold',
    'better',
  ];
  return html`<h2>Candidate and champion</h2>
<p>All scored now, on the same ${counted(evaluation.rows)} gate rows, which none was trained on.
${champion === null ? 'No model was in service when the run was planned.' : html`The champion is the model of run <code>${champion.run}</code>.`}
${anchor === null ? null : html`The best model of the past is of run <code>${anchor.run}</code>.`}
${cluster === null ? 'Every row is taken for itself.' : html`Rows move together by ${cluster.by}, so that they tell as much as ${clustersText(cluster.by, cluster.clusters)} do.`}</p>
${note(candidate, 'candidate')}${note(champion, 'champion')}${note(anchor, 'best model of the past')}
${comparisonSection(evaluation, decision)}
<div class="scroll">${table(head, rows, (column) => column > 0 && column < head.length - 1)}</div>
<p class="quiet">They are compared by the metric in bold.</p>`;
}

/** What each test is called by those who know it. */
const TESTS: Readonly<Record<Comparison['test'], string>> = {
  delong: "DeLong's test",
  clustered_delong: "DeLong's test for clustered rows (Obuchowski)",
  paired_difference: 'paired differences row by row',
  clustered_paired_difference: 'paired differences cluster by cluster',
  paired_bootstrap: 'paired bootstrap of the rows',
  cluster_bootstrap: 'paired bootstrap of whole clusters',
};

function comparisonSection(evaluation: Evaluation, { policy }: Decision): Html | null {
  const sides = [
    {
      who: 'Against the champion',
      comparison: evaluation.againstChampion,
      other: scoredOnly(evaluation.champion),
      margin: policy.champion.mode === 'superior' ? 0 : policy.champion.margin,
    },
    {
      who: 'Against the best of the past',
      comparison: evaluation.againstAnchor,
      other: scoredOnly(evaluation.anchor),
      margin: policy.anchor?.margin ?? 0,
    },
  ].flatMap(({ comparison, ...rest }) => (comparison === null ? [] : [{ comparison, ...rest }]));
  if (sides.length === 0) return null;
  const candidate = scoredOnly(evaluation.candidate);
  const comparedOf = ({ metric }: Comparison, other: Scored | null): number =>
    largest(candidate?.figures[metric], other?.figures[metric]);
  const bars = sides.flatMap(({ who, comparison, other, margin }): IntervalBar[] => {
    const { gain, interval, lower, metric } = comparison;
    const allowed = marginAgainst(margin, other?.figures[metric] ?? null, policy);
    if (gain === null || interval === null || lower === null || allowed === null) return [];
    const clean = (value: number) => zeroWithin(value, comparedOf(comparison, other));
    return [
      {
        name: who,
        gain: clean(gain),
        interval: [clean(interval[0]), clean(interval[1])],
        lower: clean(lower),
        margin: allowed,
      },
    ];
  });
  const rows = sides.map(({ who, comparison, other }) => [
    who,
    TESTS[comparison.test],
    figure(comparison.gain, comparedOf(comparison, other)),
    figure(comparison.lower, comparedOf(comparison, other)),
    pFigure(comparison.pValue),
    comparison.effectiveRows === null ? '' : counted(Math.round(comparison.effectiveRows)),
    comparison.needed === null ? '' : `${counted(comparison.needed.count)} ${comparison.needed.unit}`,
  ]);
  return html`${intervalChart('Gain over the champion', bars)}
<div class="scroll">${table(['', 'test', 'gain', 'at least', 'p of no gain', 'effective rows', 'enough would be'], rows, (column) => column > 1)}</div>`;
}

/** At most so many slices are listed; the worst first. */
const SLICES_SHOWN = 200;

function slicesSection({ slices, champion, problem }: Evaluation): Html | null {
  if (slices.length === 0) return null;
  const worst = [...slices].sort(
    (a, b) =>
      (a.pHolm ?? 2) - (b.pHolm ?? 2) ||
      (a.gain ?? 0) - (b.gain ?? 0) ||
      (`${a.column} ${a.value}` < `${b.column} ${b.value}` ? -1 : 1),
  );
  const rows = worst.slice(0, SLICES_SHOWN).map((slice) => [
    slice.column,
    slice.value,
    slice.outcome === 'tested' ? '' : html`<span class="wait">too few rows</span>`,
    counted(slice.rows),
    slice.positives === null ? '' : counted(slice.positives),
    figure(slice.candidate, problem === 'regression' ? 0 : 1),
    // Of a first model there is nobody to compare with.
    ...(champion === null
      ? ['', '', '']
      : [
          figure(slice.champion, problem === 'regression' ? 0 : 1),
          figure(slice.gain, largest(slice.candidate, slice.champion)),
          pFigure(slice.pHolm),
        ]),
    slice.floors.map(
      ({ metric, value, limit, broken }) =>
        html`<span class="${broken ? 'bad' : 'quiet'}">${metric} ${figure(value)} (${figureText(limit)})</span> `,
    ),
  ]);
  return html`<h2>Slices</h2>
<p>The worst first; p is after Holm, over all slices that were tested.${slices.length > SLICES_SHOWN ? ` The first ${SLICES_SHOWN} of ${counted(slices.length)}.` : ''}</p>
<div class="scroll">${table(
    ['column', 'value', '', 'rows', 'of the rarer answer', 'candidate', 'champion', 'gain', 'p', 'limits'],
    rows,
    (column) => column > 2 && column < 9,
  )}</div>`;
}

const FAIRNESS_TONES = { kept: 'good', broken: 'bad', insufficient: 'wait', undefined: 'bad' } as const;

function fairnessSection({ fairness }: Evaluation): Html | null {
  if (fairness.length === 0) return null;
  return html`<h2>Fairness</h2>
${fairness.map(({ column, groups, limits, clarify }) => {
  const shares = [...new Set(groups.flatMap(({ rates }) => Object.keys(rates)))];
  const measures = [...new Set(clarify.flatMap(({ metrics }) => Object.keys(metrics)))];
  return html`<h3>By ${column}</h3>
<div class="scroll">${table(
    ['limit', 'value', 'interval', 'asked', 'between', ''],
    limits.map(({ metric, value, interval, limit, between, verdict: found }) => [
      metric.replaceAll('_', ' '),
      figure(value),
      interval === null ? '' : `${figureText(interval[0])} to ${figureText(interval[1])}`,
      html`${metric.endsWith('_ratio') ? '≥' : '≤'} ${figureText(limit)}`,
      between === null ? '' : `${between[0]} and ${between[1]}`,
      html`<span class="${FAIRNESS_TONES[found]}">${found}</span>`,
    ]),
    (at) => at > 0 && at < 4,
  )}</div>
<div class="scroll">${table(
    ['group', 'rows', ...shares.map((name) => name.replaceAll('_', ' '))],
    groups.map(({ value, rows, rates }) => [value, counted(rows), ...shares.map((name) => figure(rates[name]))]),
  )}</div>
<p class="quiet">As SageMaker Clarify names them, each group against all others:</p>
<div class="scroll">${table(
    ['group', ...measures],
    clarify.map(({ facet, metrics }) => [facet, ...measures.map((name) => figure(metrics[name]))]),
  )}</div>`;
})}`;
}

function classesSection({ candidate, problem }: Evaluation): Html | null {
  const classes = candidate.outcome === 'scored' ? candidate.classes : null;
  if (problem !== 'multiclass' || classes === null) return null;
  return html`<h2>Right and wrong</h2>
<div class="scroll">${table(
    ['is', 'rows', 'precision', 'recall', 'F1', ...classes.map(({ name }) => html`answered ${name}`)],
    classes.map(({ name, support, precision, recall, f1, answers }) => [
      name,
      counted(support),
      figure(precision),
      figure(recall),
      figure(f1),
      ...answers.map((rows) => counted(rows)),
    ]),
  )}</div>`;
}

function tradeOffSection({ candidate, operatingPoint }: Evaluation): Html | null {
  const points = candidate.outcome === 'scored' ? candidate.operatingPoints : null;
  if (points === null || points.length === 0) return null;
  const line = (name: 'precision' | 'recall', colour: 'first' | 'second') => ({
    name,
    colour,
    points: points.flatMap(({ threshold, [name]: value }) => (value === null ? [] : [[threshold, value] as const])),
  });
  const near = [...points].sort(
    (a, b) => Math.abs(a.threshold - operatingPoint) - Math.abs(b.threshold - operatingPoint),
  );
  const shown = near.slice(0, 11).sort((a, b) => a.threshold - b.threshold);
  return html`<h2>Other thresholds</h2>
<div class="charts">${unitChart(
    {
      title: 'Precision and recall by threshold',
      x: 'threshold',
      y: 'share',
      diagonal: false,
      caption: 'A higher threshold says yes less often: fewer of them are wrong, and more are missed.',
    },
    [line('precision', 'first'), line('recall', 'second')],
  )}
<div class="scroll">${table(
    ['threshold', 'answered 1', 'precision', 'recall', 'specificity', 'F1'],
    shown.map(({ threshold, flagged, precision, recall, specificity, f1 }) => [
      figureText(threshold),
      figureText(flagged),
      figure(precision),
      figure(recall),
      figure(specificity),
      figure(f1),
    ]),
    () => true,
  )}</div></div>`;
}

const DAY_MS = 86_400_000;

function circumstancesSection({ circumstances, decision: { policy } }: RunReport): Html {
  const { trigger, champion, gateUses, modelBytes, strongestFeatures } = circumstances;
  const days = (ms: number): string => figureText(Number((ms / DAY_MS).toFixed(1)));
  const rows: (readonly Content[])[] = [
    ['begun because of', trigger.replaceAll('_', ' ')],
    ...(champion === null
      ? []
      : [['days the champion has served', `${days(champion.ageMs)} of ${days(champion.maxAgeMs)}`]]),
    ['candidates judged on these rows', `${counted(gateUses)} of ${counted(policy.gateUses)}`],
    ['bytes of the artefact', modelBytes === null ? figure(null) : counted(modelBytes)],
    ...strongestFeatures
      .slice(0, 5)
      .map(({ feature, strength }) => [
        html`what <code>${feature}</code> alone tells of the label (0 to 1)`,
        figure(strength),
      ]),
  ];
  return html`<h2>Circumstances</h2>
<div class="scroll">${table(['', ''], rows)}</div>`;
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

function binarySection({ candidate, champion, problem, operatingPoint }: Evaluation): Html | null {
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
<div class="charts">${shown.map(({ scored, name }) => confusionSection(name, scored, operatingPoint))}</div>
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
<p class="quiet">Run <code>${run}</code>, planned ${moment(plannedAt)}, judged ${moment(decision.decidedAt)}, UTC</p>
${verdict(decision)}
${figuresSection(report)}
${binarySection(evaluation)}
${classesSection(evaluation)}
${tradeOffSection(evaluation)}
${slicesSection(evaluation)}
${fairnessSection(evaluation)}
${circumstancesSection(report)}
${dataSection(report)}`,
  );
}

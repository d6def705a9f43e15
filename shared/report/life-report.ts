import type { TopLevelSpec } from 'vega-lite';
import type { Reason } from '../evaluation/reason.ts';
import { howMany } from './how-many.ts';
import { type Content, type Html, html, page, table } from './html.ts';
import { COLOURS, plot } from './plot.ts';

/** A model in service, from its promotion to the next one's; times are ISO 8601, UTC. */
export interface Reign {
  readonly run: string;
  readonly since: string;
  /** Null while it is in service. */
  readonly until: string | null;
}

/** Something that happened once. */
export interface Incident {
  readonly at: string;
  readonly kind: 'deployed' | 'rolled back' | 'retraining requested' | 'retraining declined' | 'rejected' | 'held';
  readonly run: string | null;
  readonly reasons: readonly Reason[];
}

/** What was found of the drift of one window. */
export interface DriftPoint {
  readonly start: string;
  readonly end: string;
  readonly run: string;
  readonly outcome: 'measured' | 'insufficient_data' | 'no_traffic' | 'error';
  readonly rows: number;
  /** The largest of value by limit; from 1 on it drifted. Null unless measured. */
  readonly score: number | null;
  /** The same for each column. */
  readonly columns: Readonly<Record<string, number>>;
}

/** What late labels showed of one window. */
export interface QualityPoint {
  readonly start: string;
  readonly end: string;
  readonly run: string;
  readonly metric: string;
  readonly value: number | null;
  readonly interval: readonly [number, number] | null;
  /** What the model was promoted with. */
  readonly baseline: number | null;
  readonly degraded: boolean;
  /** Share of the predictions with a label. */
  readonly coverage: number | null;
  /** Mean predicted probability and share of what came true; null where the problem has none. */
  readonly calibration: { readonly predicted: number; readonly actual: number } | null;
  /** The metric without labels, where it is shown at all. */
  readonly estimate: number | null;
}

/** One column's shares in the same bins, in the baseline and in the last measured window. */
export interface Distribution {
  readonly column: string;
  readonly bins: readonly { readonly name: string; readonly baseline: number; readonly window: number }[];
}

/** All a model's life report says; the same facts give the same page. */
export interface LifeReport {
  readonly model: string;
  /** The moment the report looks back from. */
  readonly asOf: string;
  readonly reigns: readonly Reign[];
  readonly incidents: readonly Incident[];
  readonly drift: readonly DriftPoint[];
  readonly quality: readonly QualityPoint[];
  readonly distributions: { readonly window: string; readonly columns: readonly Distribution[] } | null;
}

const WIDTH = 880;
/** Columns that never came near their limit say little: so many rows of the heat map at most, the worst first. */
const COLUMNS_SHOWN = 20;
/** A share of the limit beyond this is drawn as this: one wild column leaves the others' colours alone. */
const MOST_SHOWN = 3;

const time = (title: string) => ({
  field: 'at',
  type: 'temporal' as const,
  title,
  scale: { type: 'utc' as const },
  axis: { format: '%-d %b %Y', labelOverlap: true, grid: false },
});

const TONES: Readonly<Record<Incident['kind'], string>> = {
  deployed: COLOURS.good,
  'rolled back': COLOURS.bad,
  'retraining requested': COLOURS.first,
  'retraining declined': COLOURS.quiet,
  rejected: COLOURS.bad,
  held: COLOURS.wait,
};

async function lifeSection({ reigns, incidents, asOf }: LifeReport): Promise<Html> {
  if (reigns.length === 0) return html`<p>No model has come into service yet.</p>`;
  const served = reigns.map(({ run, since, until }) => ({ run, at: since, until: until ?? asOf }));
  const lines = new Set([...served, ...incidents].map(({ run }) => run).filter((run) => run !== null));
  const kinds = [...new Set(incidents.map(({ kind }) => kind))];
  const spec: TopLevelSpec = {
    width: WIDTH,
    height: 28 * lines.size,
    layer: [
      {
        data: { values: served },
        mark: { type: 'bar', height: 12, cornerRadius: 3, color: COLOURS.first, opacity: 0.55 },
        encoding: {
          x: time(''),
          x2: { field: 'until' },
          y: { field: 'run', type: 'nominal', sort: null, title: null },
        },
      },
      {
        data: {
          values: incidents.map((incident) => ({ ...incident, run: incident.run ?? reignAt(reigns, incident.at) })),
        },
        mark: { type: 'point', filled: true, size: 90, opacity: 1 },
        encoding: {
          x: time(''),
          y: { field: 'run', type: 'nominal', sort: null, title: null },
          color: { field: 'kind', type: 'nominal', scale: { domain: kinds, range: kinds.map((kind) => TONES[kind]) } },
          shape: { field: 'kind', type: 'nominal' },
        },
      },
    ],
  };
  const told = incidents.map(({ at, kind, run, reasons }) => [
    html`<span class="keep">${at.slice(0, 16).replace('T', ' ')}</span>`,
    html`<span class="keep">${kind}</span>`,
    run === null ? '' : html`<code class="keep">${run}</code>`,
    reasons.map(({ message }) => message).join('; '),
  ]);
  return html`${await plot('Who was in service when', spec, 'A bar is a model in service; a mark is something that happened to it or to the run named beside it.')}
<div class="scroll">${table(['when (UTC)', 'what', 'run', 'why'], told, () => false)}</div>`;
}

/** Who was in service at a moment; the first one before there was any. */
function reignAt(reigns: readonly Reign[], at: string): string {
  return (reigns.findLast(({ since }) => since <= at) ?? reigns[0])?.run ?? '';
}

const OUTCOMES: Readonly<Record<DriftPoint['outcome'], string>> = {
  measured: 'measured',
  insufficient_data: 'too few rows to tell',
  no_traffic: 'no traffic',
  error: 'could not be read',
};

async function driftSection({ drift }: LifeReport): Promise<Html> {
  if (drift.length === 0) return html`<p>No window has closed yet.</p>`;
  const silent = drift.filter(({ outcome }) => outcome !== 'measured');
  const values = drift.flatMap(({ start, score }) =>
    score === null ? [] : [{ at: start, score: Math.min(score, 10) }],
  );
  const lines: TopLevelSpec = {
    width: WIDTH,
    height: 160,
    layer: [
      {
        data: { values },
        mark: { type: 'line', color: COLOURS.first, point: { color: COLOURS.first, size: 20 } },
        encoding: {
          x: time(''),
          y: { field: 'score', type: 'quantitative', title: 'share of the limit', scale: { domainMin: 0 } },
        },
      },
      {
        data: { values: [{ limit: 1 }] },
        mark: { type: 'rule', color: COLOURS.bad, strokeDash: [4, 4] },
        encoding: { y: { field: 'limit', type: 'quantitative' } },
      },
    ],
  };
  const worst = new Map<string, number>();
  for (const { columns } of drift) {
    for (const [column, share] of Object.entries(columns)) worst.set(column, Math.max(worst.get(column) ?? 0, share));
  }
  const shown = [...worst]
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, COLUMNS_SHOWN)
    .map(([column]) => column);
  const cells = drift.flatMap(({ start, end, columns }) =>
    shown.flatMap((column) => {
      const share = columns[column];
      return share === undefined ? [] : [{ at: start, end, column, share: Math.min(share, MOST_SHOWN) }];
    }),
  );
  const map: TopLevelSpec = {
    width: WIDTH,
    height: 18 * shown.length,
    data: { values: cells },
    mark: { type: 'rect', color: COLOURS.bad },
    encoding: {
      x: time(''),
      x2: { field: 'end' },
      y: { field: 'column', type: 'nominal', sort: shown, title: null },
      opacity: {
        field: 'share',
        type: 'quantitative',
        title: 'share of the limit',
        scale: { domain: [0, MOST_SHOWN], range: [0.04, 1] },
        legend: { title: 'share of the limit', values: [0, 1, 2, 3] },
      },
    },
  };
  const counts = [...new Set(silent.map(({ outcome }) => outcome))].map(
    (outcome) => `${silent.filter((point) => point.outcome === outcome).length} ${OUTCOMES[outcome]}`,
  );
  return html`${values.length === 0 ? null : await plot('Drift of each window', lines, 'The worst column of each window by its own limit; from the dashed line on it drifted.')}
${cells.length === 0 ? null : await plot('Drift of each column', map, 'Each column of each window; the stronger the colour, the nearer to its limit or beyond it.')}
<p>${howMany(values.length, 'window')} measured${counts.length > 0 ? `; ${counts.join(', ')}` : ''}. A window that was not measured is never taken for one without drift.</p>`;
}

async function qualitySection({ quality }: LifeReport): Promise<Html> {
  const [first] = quality;
  if (first === undefined) return html`<p>No window has labels enough yet.</p>`;
  const values = quality.flatMap(({ start, value, interval, degraded, estimate }) =>
    value === null
      ? []
      : [{ at: start, value, low: interval?.[0] ?? value, high: interval?.[1] ?? value, degraded, estimate }],
  );
  const base = quality.flatMap(({ start, baseline }) => (baseline === null ? [] : [{ at: start, value: baseline }]));
  const estimates = quality.flatMap(({ start, estimate }) =>
    estimate === null ? [] : [{ at: start, value: estimate }],
  );
  const y = { type: 'quantitative' as const, title: first.metric, scale: { zero: false, nice: true } };
  const live: TopLevelSpec = {
    width: WIDTH,
    height: 180,
    layer: [
      {
        data: { values },
        mark: { type: 'rule', color: COLOURS.first },
        encoding: { x: time(''), y: { field: 'low', ...y }, y2: { field: 'high' } },
      },
      {
        data: { values },
        mark: { type: 'point', filled: true, size: 45, opacity: 1 },
        encoding: {
          x: time(''),
          y: { field: 'value', ...y },
          color: {
            field: 'degraded',
            type: 'nominal',
            scale: { domain: [false, true], range: [COLOURS.first, COLOURS.bad] },
            legend: { labelExpr: "datum.value ? 'worse than promoted' : 'as promoted'" },
          },
        },
      },
      {
        data: { values: base },
        mark: { type: 'line', color: COLOURS.quiet, strokeDash: [4, 4], interpolate: 'step-after' },
        encoding: { x: time(''), y: { field: 'value', ...y } },
      },
      {
        data: { values: estimates },
        mark: { type: 'line', color: COLOURS.second, strokeDash: [1, 3] },
        encoding: { x: time(''), y: { field: 'value', ...y } },
      },
    ],
  };
  const rates = quality.flatMap(({ start, calibration }) =>
    calibration === null
      ? []
      : [
          { at: start, share: calibration.predicted, of: 'predicted' },
          { at: start, share: calibration.actual, of: 'came true' },
        ],
  );
  const calibration: TopLevelSpec = {
    width: WIDTH,
    height: 140,
    data: { values: rates },
    mark: { type: 'line', point: { size: 20 } },
    encoding: {
      x: time(''),
      y: { field: 'share', type: 'quantitative', title: 'share', axis: { format: '%' } },
      color: {
        field: 'of',
        type: 'nominal',
        scale: { domain: ['predicted', 'came true'], range: [COLOURS.first, COLOURS.second] },
      },
    },
  };
  const estimated = estimates.length === 0 ? null : ' The dotted line is estimated without labels.';
  return html`${await plot(`Live ${first.metric}`, live, html`Each window with labels enough, and what it may truly be; the dashed line is what the model was promoted with.${estimated}`)}
${rates.length === 0 ? null : await plot('Predicted and come true', calibration, 'How many were predicted, and how many came true: they part before the ranking suffers.')}`;
}

async function distributionsSection({ distributions }: LifeReport): Promise<Html | null> {
  if (distributions === null || distributions.columns.length === 0) return null;
  const drawn: Content[] = [];
  for (const { column, bins } of distributions.columns) {
    const values = bins.flatMap(({ name, baseline, window }) => [
      { bin: name, share: baseline, of: 'baseline' },
      { bin: name, share: window, of: 'window' },
    ]);
    const spec: TopLevelSpec = {
      width: 300,
      height: 120,
      data: { values },
      mark: { type: 'bar' },
      encoding: {
        x: { field: 'bin', type: 'nominal', sort: null, title: null, axis: { labelAngle: -40, labelLimit: 80 } },
        xOffset: { field: 'of' },
        y: { field: 'share', type: 'quantitative', title: null, axis: { format: '%', tickCount: 4 } },
        color: {
          field: 'of',
          type: 'nominal',
          scale: { domain: ['baseline', 'window'], range: [COLOURS.quiet, COLOURS.first] },
        },
      },
    };
    drawn.push(await plot(column, spec, html`<code>${column}</code>`));
  }
  return html`<h2>Distributions</h2>
<p>What the model was trained on, and the window of ${distributions.window}, in the same bins.</p>
<div class="charts">${drawn}</div>`;
}

/** A model's life as a page: who was in service, what happened, drift, live quality, distributions. It loads nothing. */
export async function lifeReport(report: LifeReport): Promise<string> {
  const now = report.reigns.findLast(({ until }) => until === null);
  const worse = report.quality.filter(({ degraded }) => degraded).length;
  const body = html`<h1>${report.model}</h1>
<p class="quiet">Its life until ${report.asOf.slice(0, 16).replace('T', ' ')} UTC.
${now === undefined ? 'Nothing is in service.' : html`In service: run <code>${now.run}</code> since ${now.since.slice(0, 10)}.`}
${worse === 0 ? null : `${worse} ${worse === 1 ? 'window was' : 'windows were'} worse than what the model was promoted with.`}</p>
<h2>The champion's life</h2>
${await lifeSection(report)}
<h2>Drift</h2>
${await driftSection(report)}
<h2>Quality by late labels</h2>
${await qualitySection(report)}
${await distributionsSection(report)}`;
  return page(`${report.model}: its life`, body);
}

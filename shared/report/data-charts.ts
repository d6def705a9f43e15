/** The charts of a data report. */
import type { TopLevelSpec } from 'vega-lite';
import { counted, figureText } from '../evaluation/figure-text.ts';
import type { DatasetProfile } from '../ledger/facts.ts';
import { percent } from './data-changes.ts';
import type { Html } from './html.ts';
import { asName, COLOURS, plot } from './plot.ts';

type Column = DatasetProfile['columns'][number];

const CARD_WIDTH = 264;
const PAGE_WIDTH = 860;
const HEIGHT = 96;
const BAR = 17;
const MOST_BARS = 8;
const MOST_POINTS = 120;
/** Bars of less cannot be told apart. */
const LEAST_SHARE = 0.005;

const QUIET_AXIS = { title: null, grid: false, ticks: false, domain: false } as const;

/** How a column's values lie; null where a profile shows no more of them than their number. */
export async function distributionChart(column: Column, rows: number): Promise<Html | null> {
  const { histogram, top, days } = column;
  if (days !== undefined && days.length > 1) return daysChart(column.name, days);
  if (column.type === 'string' || column.type === 'boolean')
    return (top[0]?.[1] ?? 0) >= LEAST_SHARE * rows ? barChart(column.name, top, rows - column.nulls) : null;
  return histogram ? histogramChart(column.name, histogram) : null;
}

/** How ticks are written, by the largest of them, in d3-format's words. */
const formatOf = (largest: number): string =>
  largest >= 1e15 || largest < 1e-3 ? '~e' : largest >= 1e5 ? '~s' : largest >= 1000 ? ',~r' : '~r';

/** Bars as high as values are dense, since bins may differ in width. */
async function histogramChart(
  name: string,
  { edges, counts, below, above }: NonNullable<Column['histogram']>,
): Promise<Html> {
  const values = counts.map((count, at) => {
    const [from = 0, to = 0] = [edges[at], edges[at + 1]];
    return { from, to, density: count / (to - from) };
  });
  const largest = Math.max(...edges.map(Math.abs));
  const spec: TopLevelSpec = {
    width: CARD_WIDTH,
    height: HEIGHT,
    data: { values },
    mark: { type: 'bar', color: COLOURS.first, binSpacing: 1 },
    encoding: {
      x: {
        field: 'from',
        type: 'quantitative',
        scale: { domain: [edges[0] ?? 0, edges.at(-1) ?? 1], nice: false },
        axis: { ...QUIET_AXIS, tickCount: 4, format: formatOf(largest), labelFlush: true },
      },
      x2: { field: 'to' },
      y: { field: 'density', type: 'quantitative', axis: null, scale: { zero: true } },
      y2: { datum: 0 },
    },
  };
  const outside = [
    ...(below > 0 ? [`${counted(below)} below ${figureText(edges[0] ?? 0)}`] : []),
    ...(above > 0 ? [`${counted(above)} above ${figureText(edges.at(-1) ?? 0)}`] : []),
  ];
  return plot(`How ${name} lies`, spec, outside.length > 0 ? `Not drawn: ${outside.join(', ')}.` : null);
}

/** The most frequent values; what share of the rows all others have is said. */
export async function barChart(name: string, top: readonly (readonly [string, number])[], rows: number): Promise<Html> {
  const shown = top.slice(0, MOST_BARS);
  const values = shown.map(([value, count], at) => ({ at, value, share: count / rows, text: percent(count / rows) }));
  const names = values.map(({ value }) => (value === '' ? '(empty)' : value));
  const others = rows - shown.reduce((sum, [, count]) => sum + count, 0);
  const spec: TopLevelSpec = {
    width: CARD_WIDTH,
    height: values.length * BAR,
    data: { values },
    encoding: {
      y: {
        field: 'at',
        type: 'ordinal',
        axis: { ...QUIET_AXIS, labelLimit: 110, labelExpr: `${JSON.stringify(names)}[datum.value]` },
      },
      x: {
        field: 'share',
        type: 'quantitative',
        axis: null,
        // Room for the figure beside the longest bar.
        scale: { domain: [0, Math.max(...values.map(({ share }) => share)) * 1.35] },
      },
    },
    layer: [
      { mark: { type: 'bar', height: BAR - 5, color: COLOURS.first } },
      { mark: { type: 'text', align: 'left', dx: 4, color: COLOURS.quiet }, encoding: { text: { field: 'text' } } },
    ],
  };
  return plot(
    `The most frequent values of ${name}`,
    spec,
    others > 0 ? `All others: ${percent(others / rows)}.` : null,
  );
}

/** How days are written, by how many there are. */
const dayFormat = (days: number): string => (days < 120 ? '%-d %b' : days < 3000 ? '%b %Y' : '%Y');

/** Rows over time: days, or runs of days where there are many. */
async function daysChart(name: string, days: readonly (readonly [string, number])[]): Promise<Html> {
  const dayOf = (day: string): number => Date.parse(`${day}T00:00:00Z`) / 86_400_000;
  const [first, last] = [dayOf(days[0]?.[0] ?? ''), dayOf(days.at(-1)?.[0] ?? '')];
  const step = Math.ceil((last - first + 1) / MOST_POINTS);
  const counts = new Array<number>(Math.ceil((last - first + 1) / step)).fill(0);
  for (const [day, rows] of days) {
    const at = Math.floor((dayOf(day) - first) / step);
    counts[at] = (counts[at] ?? 0) + rows;
  }
  const spec: TopLevelSpec = {
    width: CARD_WIDTH,
    height: HEIGHT,
    data: {
      values: counts.map((rows, at) => ({
        from: new Date((first + at * step) * 86_400_000).toISOString(),
        to: new Date((first + (at + 1) * step) * 86_400_000).toISOString(),
        rows,
      })),
    },
    mark: { type: 'bar', color: COLOURS.first, binSpacing: counts.length > 60 ? 0 : 1 },
    encoding: {
      x: {
        field: 'from',
        type: 'temporal',
        scale: { type: 'utc' },
        axis: { ...QUIET_AXIS, tickCount: 3, labelFlush: true, format: dayFormat(last - first) },
      },
      x2: { field: 'to' },
      y: {
        field: 'rows',
        type: 'quantitative',
        scale: { zero: true },
        axis: { ...QUIET_AXIS, tickCount: 2, format: '~s' },
      },
      y2: { datum: 0 },
    },
  };
  return plot(`Rows of each day of ${name}`, spec, step > 1 ? `Rows in every ${step} days.` : 'Rows of each day.');
}

/** A bar for each name, from 0 to 1, with its figure behind it. */
const shareBars = (
  bars: readonly { readonly name: string; readonly share: number; readonly text: string }[],
  color: string,
  axis: object,
): TopLevelSpec => ({
  width: PAGE_WIDTH,
  height: bars.length * BAR,
  data: { values: bars.map((bar) => ({ ...bar, name: asName(bar.name) })) },
  encoding: { y: { field: 'name', type: 'nominal', sort: null, axis: { ...QUIET_AXIS, labelLimit: 200 } } },
  layer: [
    {
      mark: { type: 'bar', height: BAR - 5, color },
      encoding: {
        x: {
          field: 'share',
          type: 'quantitative',
          scale: { domain: [0, 1] },
          axis: { ...QUIET_AXIS, tickCount: 5, ...axis },
        },
      },
    },
    {
      mark: { type: 'text', align: 'left', dx: 4, color: COLOURS.quiet },
      encoding: { x: { field: 'share', type: 'quantitative' }, text: { field: 'text' } },
    },
  ],
});

/** Which columns lack values, the worst first. */
export function missingChart(columns: readonly { readonly name: string; readonly share: number }[]): Promise<Html> {
  const bars = columns.map(({ name, share }) => ({ name, share, text: percent(share) }));
  const spec = shareBars(bars, COLOURS.wait, { format: '%' });
  return plot('Missing values by column', spec, 'The share of rows that lack a value.');
}

/** How well each feature alone tells the label. */
export function strengthChart(
  features: readonly { readonly feature: string; readonly strength: number }[],
): Promise<Html> {
  const bars = features.map(({ feature, strength }) => ({
    name: feature,
    share: strength,
    text: figureText(strength, 2),
  }));
  return plot('What each feature alone tells of the label', shareBars(bars, COLOURS.second, {}), null);
}

const MOST_CELL = 44;

/** How columns move together: the stronger the colour, the more. */
export async function correlationChart(
  columns: readonly string[],
  values: readonly (readonly (number | null)[])[],
): Promise<Html> {
  const names = columns.map(asName);
  const cells = values.flatMap((row, at) =>
    row.flatMap((value, to) =>
      value === null || at === to
        ? []
        : [
            {
              a: names[at],
              b: names[to],
              size: Math.abs(value),
              sign: value < 0 ? 'against' : 'with',
              text: short(value),
            },
          ],
    ),
  );
  const cell = Math.min(MOST_CELL, Math.floor((PAGE_WIDTH - 120) / columns.length));
  const axis = { ...QUIET_AXIS, labelLimit: 110 };
  const spec: TopLevelSpec = {
    width: cell * columns.length + 120,
    height: cell * 0.6 * columns.length,
    data: { values: cells },
    encoding: {
      x: { field: 'b', type: 'nominal', sort: names, axis: { ...axis, labelAngle: -40, orient: 'top' } },
      y: { field: 'a', type: 'nominal', sort: names, axis },
    },
    layer: [
      {
        mark: { type: 'rect' },
        encoding: {
          color: {
            field: 'sign',
            type: 'nominal',
            scale: { domain: ['with', 'against'], range: [COLOURS.first, COLOURS.wait] },
            legend: null,
          },
          opacity: { field: 'size', type: 'quantitative', scale: { domain: [0, 1], range: [0, 0.6] }, legend: null },
        },
      },
      { mark: { type: 'text', color: 'var(--text)', fontSize: 10 }, encoding: { text: { field: 'text' } } },
    ],
  };
  return plot('How columns move together', spec, null);
}

/** Two digits; nothing where it is next to nothing. */
const short = (value: number): string => (Math.abs(value) < 0.05 ? '' : value.toFixed(2).replace('0.', '.'));

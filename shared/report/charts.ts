import { type Content, type Html, html } from './html.ts';

/** A point within the unit square. */
type Point = readonly [x: number, y: number];

/** One model's line in a chart; `first` and `second` are its colours. */
export interface Series {
  readonly name: string;
  readonly colour: 'first' | 'second';
  readonly points: readonly Point[];
  /** Whether each point is marked. */
  readonly marked?: boolean;
}

const [LEFT, TOP, SIDE, WIDTH, HEIGHT] = [52, 10, 250, 312, 310];

const x = (value: number): string => (LEFT + value * SIDE).toFixed(1);
const y = (value: number): string => (TOP + (1 - value) * SIDE).toFixed(1);

const TICKS = [0, 0.25, 0.5, 0.75, 1];

/**
 * A square chart from 0 to 1 both ways, with the diagonal that stands for knowing nothing (ROC) or being right
 * (calibration), unless it stands for nothing.
 */
export function unitChart(
  labels: {
    readonly title: string;
    readonly x: string;
    readonly y: string;
    readonly caption: Content;
    readonly diagonal?: boolean;
  },
  series: readonly Series[],
): Html {
  const drawn = series.filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return html``;
  return html`<figure>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${labels.title}">
<rect class="axis" x="${x(0)}" y="${y(1)}" width="${SIDE}" height="${SIDE}"></rect>
${TICKS.map(
  (tick) => html`<text x="${x(tick)}" y="${TOP + SIDE + 15}" text-anchor="middle">${tick}</text>
<text x="${LEFT - 6}" y="${y(tick - 0.015)}" text-anchor="end">${tick}</text>
`,
)}<text x="${x(0.5)}" y="${TOP + SIDE + 32}" text-anchor="middle">${labels.x}</text>
<text transform="translate(10 ${y(0.5)}) rotate(-90)" text-anchor="middle">${labels.y}</text>
${labels.diagonal === false ? null : html`<path class="guide" d="M${x(0)} ${y(0)}L${x(1)} ${y(1)}"></path>`}
${drawn.map(
  ({ name, colour, points, marked }) => html`<g class="${colour}">
<path class="curve" d="M${points.map(([px, py]) => `${x(px)} ${y(py)}`).join('L')}"><title>${name}</title></path>
${marked ? points.map(([px, py]) => html`<circle cx="${x(px)}" cy="${y(py)}" r="3"></circle>`) : null}</g>
`,
)}</svg>
<figcaption>${drawn.map(({ name, colour }) => html`<span class="${colour}">&#9632;</span> ${name} `)}${labels.caption}</figcaption>
</figure>`;
}

import { figureText } from '../evaluation/figure-text.ts';
import { type Html, html } from './html.ts';

/** One comparison as a bar: what the gain may be, and what it is taken for. */
export interface IntervalBar {
  readonly name: string;
  readonly gain: number;
  /** Two-sided. */
  readonly interval: readonly [number, number];
  /** The one-sided bound the gate goes by. */
  readonly lower: number;
  /** How much worse is allowed. */
  readonly margin: number;
}

const [LEFT, WIDTH, ROW, TOP] = [20, 560, 46, 24];

/**
 * Bars on one scale with zero and each bar's own margin marked: a bar right of its margin is as good, right of zero
 * better.
 */
export function intervalChart(label: string, bars: readonly IntervalBar[]): Html {
  const drawn = bars.filter(({ gain, interval, margin }) => [gain, ...interval, margin].every(Number.isFinite));
  if (drawn.length === 0) return html``;
  const ends = drawn.flatMap(({ gain, interval, margin }) => [gain, ...interval, -margin, 0]);
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  const span = most - least || 1;
  const x = (value: number): string => (LEFT + ((value - least) / span) * WIDTH).toFixed(1);
  const height = TOP + drawn.length * ROW + 24;
  return html`<figure class="wide">
<svg viewBox="0 0 ${LEFT * 2 + WIDTH} ${height}" role="img" aria-label="${label}">
<path class="guide" d="M${x(0)} ${TOP - 8}V${height - 20}"></path>
<text x="${x(0)}" y="${height - 6}" text-anchor="middle">0: as good</text>
${drawn.map(({ name, gain, interval, lower, margin }, n) => {
  const y = TOP + n * ROW + 18;
  const tone = lower > 0 ? 'good' : lower > -margin ? 'first' : 'wait';
  return html`<text x="${LEFT}" y="${y - 12}">${name}: ${gain < 0 ? 'worse' : 'better'} by ${figureText(Math.abs(gain), 2)}, between ${figureText(interval[0], 2)} and ${figureText(interval[1], 2)}</text>
<path class="limit" d="M${x(-margin)} ${y - 7}v14"><title>${figureText(-margin, 2)}: what is allowed</title></path>
<g class="${tone}"><path class="curve" d="M${x(interval[0])} ${y}H${x(interval[1])}"></path><circle cx="${x(gain)}" cy="${y}" r="4"></circle></g>
`;
})}</svg>
<figcaption>The dot is the difference on these rows, the bar what it may truly be; the short line is the most that is allowed to be lost.</figcaption>
</figure>`;
}

import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

import { type Content, Html, html } from './html.ts';

/**
 * The page's own colours stand in the drawing by name, so that the reader's light or dark scheme colours it: the drawing
 * is text, and browsers resolve the names.
 */
export const COLOURS = {
  first: 'var(--first)',
  second: 'var(--second)',
  good: 'var(--good)',
  bad: 'var(--bad)',
  wait: 'var(--wait)',
  quiet: 'var(--quiet)',
  line: 'var(--line)',
} as const;

const CONFIG: NonNullable<TopLevelSpec['config']> = {
  background: 'transparent',
  // Labels count as width, so that all charts of a page end at the same edge.
  autosize: { type: 'fit-x', contains: 'padding' },
  font: 'system-ui, sans-serif',
  view: { stroke: null },
  axis: {
    labelColor: COLOURS.quiet,
    titleColor: COLOURS.quiet,
    gridColor: COLOURS.line,
    domainColor: COLOURS.line,
    tickColor: COLOURS.line,
    titleFontWeight: 'normal',
  },
  legend: { labelColor: COLOURS.quiet, titleColor: COLOURS.quiet, orient: 'top', title: null },
  header: { labelColor: COLOURS.quiet, titleColor: COLOURS.quiet },
  title: { color: COLOURS.quiet, fontWeight: 'normal', anchor: 'start' },
};

const MARK = '\u2060';

/** A name as data of a chart: the library looks names up in objects, where `constructor` is something already. */
export const asName = (name: string): string => `${MARK}${name}`;

/**
 * A chart drawn by vega-lite as markup that stands alone: no script, no font, no image. The same data gives the same
 * drawing.
 */
export async function plot(label: string, spec: TopLevelSpec, caption: Content): Promise<Html> {
  // Nothing is rendered: the drawing is asked for as text. https://vega.github.io/vega/docs/api/view/#view_toSVG
  const view = new View(parse(compile({ ...spec, config: CONFIG }).spec), { renderer: 'none' });
  try {
    const drawn = new Html((await view.toSVG()).replaceAll(MARK, ''));
    return html`<figure class="plot" aria-label="${label}">
${drawn}
<figcaption>${caption}</figcaption>
</figure>`;
  } finally {
    view.finalize();
  }
}

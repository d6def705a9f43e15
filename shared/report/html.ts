/** Markup that is safe to stand in a page; only {@link html} makes it. */
export class Html {
  readonly #markup: string;

  constructor(markup: string) {
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }
}

/**
 * What may stand in a template: text and numbers are escaped, markup is taken as it is, null and undefined are left
 * out.
 */
export type Content = string | number | Html | null | undefined | readonly Content[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** The text as it may stand between tags and within quoted attributes. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
}

function markupOf(content: Content): string {
  if (content === null || content === undefined) return '';
  if (content instanceof Html) return content.toString();
  if (typeof content === 'string') return escapeHtml(content);
  if (typeof content === 'number') return escapeHtml(String(content));
  return content.map(markupOf).join('');
}

/**
 * Markup with values put in; every value is escaped unless it is markup itself. Attributes must stand in double
 * quotes.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(parts.map((part, at) => part + markupOf(values[at])).join(''));
}

/** A table with a head; cells of `numeric` columns stand flush right. A column in which no row has anything is left out. */
export function table(
  head: readonly Content[],
  rows: readonly (readonly Content[])[],
  numeric: (column: number) => boolean = (column) => column > 0,
): Html {
  const align = (column: number): Html => html`class="${numeric(column) ? 'number' : 'text'}"`;
  const columns = head
    .map((_, column) => column)
    .filter((column) => rows.length === 0 || rows.some((row) => markupOf(row[column]) !== ''));
  return html`<table>
<thead><tr>${columns.map((column) => html`<th scope="col" ${align(column)}>${head[column]}</th>`)}</tr></thead>
<tbody>
${rows.map((row) => html`<tr>${columns.map((column) => html`<td ${align(column)}>${row[column]}</td>`)}</tr>\n`)}</tbody>
</table>`;
}

/** One style for all reports: the reader's light or dark scheme, no font, image or script from anywhere. */
const STYLE = new Html(`
:root { color-scheme: light dark; --text: #1b1f24; --quiet: #59636e; --line: #d1d9e0; --panel: #f6f8fa; --page: #fff;
  --good: #1a7f37; --bad: #cf222e; --wait: #9a6700; --first: #0969da; --second: #8250df; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --quiet: #9198a1; --line: #3d444d; --panel: #151b23; --page: #0d1117;
    --good: #3fb950; --bad: #f85149; --wait: #d29922; --first: #4493f8; --second: #ab7df8; } }
* { box-sizing: border-box; }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; background: var(--page); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; } .quiet { color: var(--quiet); } .good { color: var(--good); } .bad { color: var(--bad); }
.wait { color: var(--wait); } .first { color: var(--first); } .second { color: var(--second); }
.verdict { border: 1px solid var(--line); border-left: .4rem solid currentColor; border-radius: .3rem;
  background: var(--panel); padding: .75rem 1rem; margin: 1rem 0; }
.verdict > * { color: var(--text); } .verdict > strong { color: inherit; font-size: 1.15rem; }
.scroll { overflow-x: auto; } .scroll table { font-size: .85rem; } .scroll th, .scroll td { padding: .3rem .45rem; }
table { border-collapse: collapse; margin: .5rem 0; } th, td { border-bottom: 1px solid var(--line); padding: .3rem .75rem; }
th { color: var(--quiet); font-weight: 600; } .text { text-align: left; } .number { text-align: right; font-variant-numeric: tabular-nums; }
.keep { white-space: nowrap; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
.charts { display: flex; flex-wrap: wrap; gap: 2rem; } figure { margin: 0; } figcaption { color: var(--quiet); font-size: .9rem; max-width: 20rem; }
svg { width: 20rem; max-width: 100%; height: auto; } svg text { fill: var(--quiet); font: 11px system-ui, sans-serif; }
svg .axis { stroke: var(--line); fill: none; } svg .guide { stroke: var(--quiet); stroke-dasharray: 4 4; fill: none; }
svg .curve { fill: none; stroke: currentColor; stroke-width: 2; } svg circle { fill: currentColor; } svg .limit { stroke: var(--bad); stroke-width: 2; }
figure.wide svg { width: 100%; max-width: 40rem; } figure.wide figcaption { max-width: 40rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); gap: 1rem; margin: .5rem 0; }
.card { border: 1px solid var(--line); border-radius: .3rem; padding: .6rem .75rem; min-width: 0; }
.card h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; } .card p { font-size: .85rem; } .card figure.plot { margin: .5rem 0 0; }
.card figcaption { font-size: .8rem; } summary { cursor: pointer; color: var(--quiet); }
figure.plot { margin: 1rem 0; overflow-x: auto; } figure.plot svg { width: auto; max-width: none; } figure.plot figcaption { max-width: 48rem; }
`);

/** A page that stands alone: it loads nothing, so its policy forbids loading anything. */
export function page(title: string, body: Content): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
${body}
</body>
</html>
`.toString();
}

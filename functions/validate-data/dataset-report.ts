/** The page an uploader reads: what came of the data, and where what is wrong with it is. */
import type { DatasetProfile, Problem } from '../../shared/ledger/facts.ts';
import { type Content, html, page, table } from '../../shared/report/html.ts';

/** What the report tells. */
export interface DatasetReport {
  readonly model: string;
  readonly dataset: string | null;
  readonly sources: readonly { readonly key: string; readonly sizeBytes: number }[];
  readonly accepted: boolean;
  readonly rows: number | null;
  readonly problems: readonly Problem[];
  readonly columns: DatasetProfile['columns'];
  readonly judgedAt: string;
}

const MAX_SOURCES = 20;

/** Renders the report of one dataset; it stands alone and loads nothing. */
export function datasetReport(report: DatasetReport): string {
  const { model, dataset, accepted, rows, problems } = report;
  const total = problems.reduce((sum, { count }) => sum + (count ?? 1), 0);
  const title = `${model}: data ${accepted ? 'accepted' : 'rejected'}`;
  return page(
    title,
    html`<h1>${title}</h1>
<p class="quiet">Dataset ${dataset ?? 'without an id'}, judged ${report.judgedAt}</p>
<div class="verdict ${accepted ? 'good' : 'bad'}"><strong>${accepted ? 'Accepted' : 'Rejected'}</strong>
<p>${summary(accepted, rows, total)}</p></div>
<h2>Delivered</h2>
${table(
  ['File', 'Bytes'],
  report.sources
    .slice(0, MAX_SOURCES)
    .map(({ key, sizeBytes }) => [html`<code>${key}</code>`, sizeBytes.toLocaleString('en-US')]),
)}
${report.sources.length > MAX_SOURCES ? html`<p class="quiet">and ${report.sources.length - MAX_SOURCES} more</p>` : null}
${problems.length > 0 ? problemTable(problems) : null}
${report.columns.length > 0 ? columnTable(report.columns) : null}`,
  );
}

function summary(accepted: boolean, rows: number | null, total: number): string {
  const read =
    rows === null
      ? 'The data could not be read as rows.'
      : `${rows.toLocaleString('en-US')} ${rows === 1 ? 'row' : 'rows'} read.`;
  if (accepted) return `${read} Nothing is wrong with it.`;
  return `${read} ${total.toLocaleString('en-US')} ${total === 1 ? 'problem' : 'problems'} found. The upload is as it was; mend it and deliver it again.`;
}

function problemTable(problems: readonly Problem[]): Content {
  const parts = problems.some(({ part }) => part !== undefined);
  const head = [...(parts ? ['Part'] : []), 'Line', 'Column', 'What is wrong', 'Kind'];
  return html`<h2>Problems</h2>
<div class="scroll">${table(
    head,
    problems.map(({ part, line, column, message, code }) => [
      ...(parts ? [part === undefined ? '' : html`<code>${part}</code>`] : []),
      line === undefined ? '' : line.toLocaleString('en-US'),
      column === undefined ? '' : html`<code>${column}</code>`,
      message,
      html`<code>${code}</code>`,
    ]),
    (column) => column === (parts ? 1 : 0),
  )}</div>
<p class="quiet">Lines are counted from 1, the header's; of a Parquet file the rows are. Values are never shown.</p>`;
}

function columnTable(columns: DatasetProfile['columns']): Content {
  const figure = (value: number | string | null): string =>
    value === null ? '' : typeof value === 'number' ? String(Number(value.toPrecision(6))) : value;
  return html`<h2>Columns</h2>
<div class="scroll">${table(
    ['Column', 'Type', 'Missing', 'Distinct', 'Least', 'Greatest', 'Mean'],
    columns.map(({ name, type, nulls, distinct, min, max, mean }) => [
      html`<code>${name}</code>`,
      type,
      nulls.toLocaleString('en-US'),
      distinct === null ? 'many' : distinct.toLocaleString('en-US'),
      figure(min),
      figure(max),
      figure(mean),
    ]),
    (column) => column > 1,
  )}</div>`;
}

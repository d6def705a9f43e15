/** The page about a delivery of data: what came of it, where what is wrong with it is, what it holds and what has changed. */

import type { Correlations } from '../data/profile/correlations.ts';
import type { LabelClasses } from '../data/rules/label-checks.ts';
import type { RuleResult } from '../data/rules/result.ts';
import { counted, figureText } from '../evaluation/figure-text.ts';
import type { DatasetProfile, Problem } from '../ledger/facts.ts';
import { type Change, type ComparedData, changesOf, percent } from './data-changes.ts';
import { barChart, correlationChart, distributionChart, missingChart, strengthChart } from './data-charts.ts';
import { type Content, type Html, html, page, table } from './html.ts';

type Column = DatasetProfile['columns'][number];

/** What the report tells. */
export interface DataReport {
  /** The model, or the file where there is none. */
  readonly name: string;
  readonly dataset: string | null;
  readonly sources: readonly { readonly key: string; readonly sizeBytes: number }[];
  /** Null where the data was looked at and not judged. */
  readonly accepted: boolean | null;
  readonly judgedAt: string | null;
  readonly rows: number | null;
  readonly problems: readonly Problem[];
  /** What came of each rule and standing check. */
  readonly checks: readonly RuleResult[];
  readonly columns: readonly Column[];
  /** Whose values stand nowhere on the page. */
  readonly protectedColumns: readonly string[];
  /** The dataset that was accepted last; null without one. */
  readonly before: ComparedData | null;
  /** Null without a label. */
  readonly label: {
    readonly name: string;
    /** Null of a number. */
    readonly classes: LabelClasses | null;
    /** How well each feature alone tells it. */
    readonly strengths: readonly { readonly feature: string; readonly strength: number | null }[] | null;
  } | null;
  readonly correlations: Correlations | null;
}

/** A name on one line, unless that would be a long one. */
const keptCode = (name: string): Html =>
  name.length <= LONGEST_KEPT ? html`<code class="keep">${name}</code>` : html`<code>${name}</code>`;

const LONGEST_KEPT = 32;
const MAX_SOURCES = 20;
/** A chart takes some 10 ms and 10 KB. */
const MAX_CHARTS = 60;
const MAX_CHANGES = 60;
const MAX_BARS = 25;
const LEAST_NAMED = 5;

/** Renders the report of one dataset; it stands alone and loads nothing. */
export async function dataReport(report: DataReport): Promise<string> {
  const { name, dataset, accepted, judgedAt, columns } = report;
  const title = accepted === null ? name : `${name}: data ${accepted ? 'accepted' : 'rejected'}`;
  const about = [
    ...(dataset === null ? [] : [html`Dataset <code>${dataset}</code>`]),
    ...(judgedAt === null ? [] : [html`judged ${judgedAt.slice(0, 19).replace('T', ' ')} UTC`]),
  ];
  return page(
    title,
    html`<h1>${title}</h1>
${about.length > 0 ? html`<p class="quiet">${about.flatMap((part, at) => (at === 0 ? [part] : [', ', part]))}</p>` : null}
${verdictSection(report)}
${problemSection(report.problems)}
${checkSection(report.checks)}
${changeSection(report)}
${await labelSection(report)}
${await missingSection(report)}
${await columnSection(report)}
${await correlationSection(report.correlations)}
${columns.length > 0 ? columnTable(report) : null}
${deliveredSection(report.sources)}`,
  );
}

function verdictSection({ accepted, rows, columns, problems, checks }: DataReport): Html {
  const read =
    rows === null
      ? 'The data could not be read as rows.'
      : `${counted(rows)} ${rows === 1 ? 'row' : 'rows'}${columns.length > 0 ? ` of ${counted(columns.length)} ${columns.length === 1 ? 'column' : 'columns'}` : ''} read.`;
  const total = problems.reduce((sum, { count }) => sum + (count ?? 1), 0);
  const warned = checks.filter(({ result }) => result === 'warn').length;
  const found = [
    ...(total > 0 ? [`${counted(total)} ${total === 1 ? 'problem' : 'problems'} found.`] : []),
    ...(warned > 0 ? [`${counted(warned)} ${warned === 1 ? 'check warns' : 'checks warn'}.`] : []),
    ...(total === 0 && warned === 0 && accepted !== null ? ['Nothing is wrong with it.'] : []),
    ...(accepted === false ? ['The upload is as it was; mend it and deliver it again.'] : []),
  ];
  const tone = accepted === null ? 'first' : accepted ? (warned > 0 ? 'wait' : 'good') : 'bad';
  const verdict = accepted === null ? 'Read' : accepted ? 'Accepted' : 'Rejected';
  return html`<div class="verdict ${tone}"><strong>${verdict}</strong>
<p>${[read, ...found].join(' ')}</p></div>`;
}

function problemSection(problems: readonly Problem[]): Html | null {
  if (problems.length === 0) return null;
  const parts = problems.some(({ part }) => part !== undefined);
  const head = [...(parts ? ['Part'] : []), 'Line', 'Column', 'What is wrong', 'Kind'];
  return html`<h2>Problems</h2>
<div class="scroll">${table(
    head,
    problems.map(({ part, line, column, message, code }) => [
      ...(parts ? [part === undefined ? '' : html`<code>${part}</code>`] : []),
      line === undefined ? '' : counted(line),
      column === undefined ? '' : keptCode(column),
      message,
      keptCode(code),
    ]),
    (column) => column === (parts ? 1 : 0),
  )}</div>
<p class="quiet">Lines are counted from 1, the header's; of a Parquet file the rows are. Values are never shown.</p>`;
}

const RESULTS = {
  error: { tone: 'bad', text: 'could not tell', order: 0 },
  fail: { tone: 'bad', text: 'failed', order: 1 },
  warn: { tone: 'wait', text: 'warns', order: 2 },
  pass: { tone: 'good', text: 'passed', order: 3 },
} as const;

function checkTable(checks: readonly RuleResult[]): Html {
  const sampled = checks.some(({ samples }) => samples.length > 0);
  return html`<div class="scroll">${table(
    ['', 'Rule', 'Column', 'Found', 'Asked', 'Of', ...(sampled ? ['First rows'] : []), 'In words'],
    checks.map(({ rule, column, result, value, threshold, evaluated, samples, message }) => [
      html`<span class="${RESULTS[result].tone} keep">${RESULTS[result].text}</span>`,
      keptCode(rule),
      column === undefined ? '' : keptCode(column),
      value === null ? '' : figureText(value),
      threshold === null ? '' : html`<span class="keep">${threshold}</span>`,
      counted(evaluated),
      ...(sampled
        ? [samples.map(({ part, line }) => (part === undefined ? counted(line) : `${part}:${line}`)).join(', ')]
        : []),
      message,
    ]),
    (column) => column === 3 || column === 5,
  )}</div>`;
}

function checkSection(checks: readonly RuleResult[]): Html | null {
  if (checks.length === 0) return null;
  const sorted = [...checks].sort((a, b) => RESULTS[a.result].order - RESULTS[b.result].order);
  const [told, passed] = [
    sorted.filter(({ result }) => result !== 'pass'),
    sorted.filter(({ result }) => result === 'pass'),
  ];
  return html`<h2>Rules</h2>
<p>${told.length === 0 ? `All ${counted(passed.length)} passed.` : `${counted(told.length)} of ${counted(checks.length)} did not pass.`}</p>
${told.length > 0 ? checkTable(told) : null}
${passed.length > 0 ? html`<details><summary>${counted(passed.length)} passed</summary>${checkTable(passed)}</details>` : null}`;
}

function changeSection({ before, rows, columns, protectedColumns }: DataReport): Html | null {
  if (before === null || rows === null || columns.length === 0) return null;
  const changes = changesOf(before, { rows, columns }, protectedColumns);
  const told = changes.slice(0, MAX_CHANGES);
  return html`<h2>Since the last accepted dataset</h2>
${
  changes.length === 0
    ? html`<p>Nothing has changed that would be worth a word.</p>`
    : html`<div class="scroll">${table(
        ['Column', 'What', 'Before', 'Now'],
        told.map(({ column, what, before: from, now }: Change) => [
          column === null ? '' : keptCode(column),
          what,
          from,
          now,
        ]),
        () => false,
      )}</div>`
}
${changes.length > told.length ? html`<p class="quiet">and ${counted(changes.length - told.length)} more</p>` : null}`;
}

async function labelSection({ label, columns, rows, protectedColumns }: DataReport): Promise<Html | null> {
  if (label === null || rows === null) return null;
  const { name, classes, strengths } = label;
  // A class that few rows show may name a person.
  const named = classes
    ?.filter(([, count]) => count >= LEAST_NAMED)
    .map(([value, count]): [string, number] => [value, count])
    .sort(([, a], [, b]) => b - a);
  const total = classes?.reduce((sum, [, count]) => sum + count, 0) ?? 0;
  const own = columns.find((column) => column.name === name);
  const drawn = protectedColumns.includes(name)
    ? null
    : named?.length
      ? await barChart(name, named, total)
      : own === undefined
        ? null
        : await distributionChart(own, rows);
  const known = (strengths ?? [])
    .flatMap(({ feature, strength }) => (strength === null ? [] : [{ feature, strength }]))
    .slice(0, MAX_BARS);
  if (drawn === null && known.length === 0) return null;
  return html`<h2>Label <code>${name}</code></h2>
${drawn}
${
  known.length === 0
    ? null
    : html`<p>What each feature alone tells of it: 0 is nothing, 1 everything. Next to 1 it may be the label itself in disguise.</p>
${await strengthChart(known)}`
}`;
}

async function missingSection({ columns, rows }: DataReport): Promise<Html | null> {
  if (rows === null || rows === 0 || columns.length === 0) return null;
  const lacking = columns
    .filter(({ nulls }) => nulls > 0)
    .map(({ name, nulls }) => ({ name, share: nulls / rows }))
    .sort((a, b) => b.share - a.share);
  if (lacking.length === 0) return html`<h2>Missing</h2><p>No column lacks a value.</p>`;
  const full = columns.length - lacking.length;
  return html`<h2>Missing</h2>
${await missingChart(lacking.slice(0, MAX_BARS))}
<p class="quiet">${lacking.length > MAX_BARS ? `${counted(lacking.length - MAX_BARS)} more columns lack values. ` : ''}${full === 0 ? 'No column is complete.' : `${counted(full)} ${full === 1 ? 'column is' : 'columns are'} complete.`}</p>`;
}

const distinctText = ({ distinct, distinctEstimate }: Column): string =>
  distinct !== null ? counted(distinct) : distinctEstimate === undefined ? 'many' : `≈ ${rough(distinctEstimate)}`;

/** An estimate is good for two digits. */
const rough = (count: number): string => counted(Number(count.toPrecision(2)));

async function columnSection({ columns, rows, protectedColumns }: DataReport): Promise<Html | null> {
  if (rows === null || rows === 0 || columns.length === 0) return null;
  const cards: Html[] = [];
  for (const column of columns.slice(0, MAX_CHARTS)) {
    const hidden = protectedColumns.includes(column.name);
    const missing = column.nulls === 0 ? '' : `, ${percent(column.nulls / rows)} missing`;
    cards.push(html`<section class="card"><h3><code>${column.name}</code></h3>
<p class="quiet">${column.type}, ${distinctText(column)} distinct${missing}</p>
${hidden ? html`<p class="quiet">Protected: its values are not shown.</p>` : ((await distributionChart(column, rows)) ?? wordsFor(column))}
</section>
`);
  }
  return html`<h2>Distributions</h2>
${columns.length > MAX_CHARTS ? html`<p class="quiet">The first ${MAX_CHARTS} of ${counted(columns.length)} columns; all are in the table below.</p>` : null}
<div class="cards">${cards}</div>`;
}

/** What stands where there is no chart. */
function wordsFor({ type, distinct, nulls, lengths, min, max }: Column): Html {
  if (distinct === 0) return html`<p>No row has a value${nulls > 0 ? '' : ', there being no rows'}.</p>`;
  if (type === 'string')
    return html`<p>${lengths === undefined ? 'Texts.' : lengths.min === lengths.max ? `Texts of ${counted(lengths.min)} characters.` : `Texts of ${counted(lengths.min)} to ${counted(lengths.max)} characters, ${figureText(lengths.mean, 3)} on average.`}</p>
<p class="quiet">No value is shown: there are too many, or each is rare.</p>`;
  return html`<p>${min !== null && min === max ? `Always ${shown(min)}.` : ''}</p>`;
}

const GROUPED = { from: 1000, below: 1e15 } as const;

function shown(value: number | string | null, digits = 6): string {
  if (value === null) return '';
  if (typeof value === 'string') return value.slice(0, 16).replace('T', ' ');
  const size = Math.abs(value);
  if (size < GROUPED.from || size >= GROUPED.below) return figureText(value, digits);
  return Number.isInteger(value) ? counted(value) : counted(Number(value.toPrecision(digits)));
}

async function correlationSection(correlations: Correlations | null): Promise<Html | null> {
  if (correlations === null) return null;
  const { columns, rows, values } = correlations;
  return html`<h2>Correlations</h2>
${await correlationChart(columns, values)}
<p class="quiet">On ${counted(rows)} rows. Between numbers, times and truth values Spearman's rank correlation (below zero where one falls as the other rises); with a category the correlation ratio, between categories Cramér's V, which have no sign.</p>`;
}

function columnTable({ columns, protectedColumns }: DataReport): Html {
  const at = ({ quantiles }: Column, permille: number): string =>
    shown(quantiles?.find(([thousandth]) => thousandth === permille)?.[1] ?? null, 4);
  return html`<h2>Columns</h2>
<div class="scroll">${table(
    [
      'Column',
      'Type',
      'Missing',
      'Distinct',
      'Least',
      '5 %',
      'Median',
      '95 %',
      'Greatest',
      'Mean',
      'Deviation',
      'Zeros',
    ],
    columns.map((column) => {
      const { name, type, nulls, min, max, mean, stdev, zeros } = column;
      const hidden = protectedColumns.includes(name);
      const figures = [
        shown(min),
        at(column, 50),
        at(column, 500),
        at(column, 950),
        shown(max),
        shown(mean, 4),
        shown(stdev, 4),
        zeros === undefined ? '' : counted(zeros),
      ];
      return [
        keptCode(name),
        type,
        counted(nulls),
        html`<span class="keep">${distinctText(column)}</span>`,
        ...figures.map((figure): Content => (hidden ? '' : html`<span class="keep">${figure}</span>`)),
      ];
    }),
    (column) => column > 1,
  )}</div>`;
}

function deliveredSection(sources: DataReport['sources']): Html | null {
  if (sources.length === 0) return null;
  return html`<h2>Delivered</h2>
<div class="scroll">${table(
    ['File', 'Bytes'],
    sources.slice(0, MAX_SOURCES).map(({ key, sizeBytes }) => [html`<code>${key}</code>`, counted(sizeBytes)]),
  )}</div>
${sources.length > MAX_SOURCES ? html`<p class="quiet">and ${counted(sources.length - MAX_SOURCES)} more</p>` : null}`;
}

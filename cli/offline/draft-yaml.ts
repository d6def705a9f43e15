/** A draft as the YAML file a person goes on with: every guess with its reason beside it. */

import { stringify } from 'yaml';
import type { SuggestedRule } from '../../shared/data/rules/suggest.ts';
import { type StandIn, standInEvidence } from '../../shared/data/stand-ins.ts';
import { howMany } from '../../shared/report/how-many.ts';
import type { Draft } from './draft.ts';
import type { EqualRows } from './find-equal-rows.ts';
import type { Giveaway } from './find-giveaways.ts';
import { declaredNotation, type SuggestedNotation } from './suggest-notation.ts';

/** Where a draft comes from. */
export interface DraftOrigin {
  /** The file's own name. */
  readonly file: string;
  readonly model: string;
  /** The first line that tells editors where the schema lies; null where it lies nowhere near. */
  readonly schema: string | null;
  /** What is declared of the files. */
  readonly source: Readonly<Record<string, string>> | undefined;
  /** How columns are written, which is declared of each. */
  readonly written: readonly SuggestedNotation[];
  readonly suggested: readonly SuggestedRule[];
  /** Numbers that may stand for no value. */
  readonly standIns: readonly StandIn[];
  /** Columns that tell the label by themselves. */
  readonly giveaways: readonly Giveaway[];
  /** Rows that equal others in all but their key; null where there are none, or they stay together. */
  readonly equalRows: EqualRows | null;
}

/** Texts that mean themselves wherever they stand. */
const PLAIN = /^[A-Za-z_][A-Za-z0-9_ .$%()/='"-]*$/;

/** A value on one line: as people write it, and where that could be misread as JSON, which YAML contains. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([name, member]) => `${inline(name)}: ${inline(member)}`);
    return `{ ${members.join(', ')} }`;
  }
  if (typeof value === 'string' && PLAIN.test(value) && stringify(value).trimEnd() === value) return value;
  return JSON.stringify(value);
}

/** Text that cannot end the comment it stands in. */
const comment = (text: string): string => text.replaceAll(/\s+/g, ' ');

/** A line with what is to be said of it. */
const said = (line: string, why?: string | null): string =>
  why === undefined || why === null ? line : `${line}  # ${comment(why)}`;

/** What may have to be declared: it is for a person to say whether a number is one. */
const standInLines = ({ standIns }: DraftOrigin): string[] =>
  standIns.length === 0
    ? []
    : [
        '  # Numbers that may stand for no value. Those that do are declared below source: columns:',
        ...standIns.map((each) =>
          said(
            `  #   ${comment(inline(each.column))}: ${inline({ missing: [String(each.code)] })}`,
            standInEvidence(each),
          ),
        ),
      ];

/** What is declared of the files and of how their columns are written. */
function sourceLines({ source, written }: DraftOrigin): string[] {
  if (written.length === 0) return source === undefined ? [] : [`  source: ${inline(source)}`];
  return [
    '  source:',
    ...Object.entries(source ?? {}).map(([name, value]) => `    ${name}: ${inline(value)}`),
    '    columns:',
    ...written.map(({ column, notation, why }) =>
      said(`      ${inline(column)}: ${inline(declaredNotation(notation))}`, why),
    ),
  ];
}

/** What gives the label away may have been written down after it: that is for a person to say. */
const postEventLines = (giveaways: readonly Giveaway[]): string[] =>
  giveaways.length === 0
    ? []
    : [
        '  # What is known only once the event is over gives its label away. If that is so here, take it out of the features:',
        said(
          `  # post_event: ${comment(inline([...new Set(giveaways.map(({ column }) => column))]))}`,
          giveaways.map(({ evidence }) => evidence).join('; '),
        ),
      ];

/** The usual split is not written; nor is how much of it may be shared. */
function splitLines({ shares, why, tooFew }: Draft['split'], equalRows: EqualRows | null): string[] {
  if (why === null && tooFew === null && equalRows === null) return [];
  const split = { ...shares, ...(equalRows !== null && { max_shared: equalRows.maxShared }) };
  const told = [why, equalRows?.evidence].filter((each) => typeof each === 'string');
  return [said(`  split: ${inline(split)}`, told.length === 0 ? null : told.join('; '))];
}

function dataLines(
  { label, time, key, entity, features, leftOut, sensitive, split }: Draft,
  source: readonly string[],
  { giveaways, equalRows }: Pick<DraftOrigin, 'giveaways' | 'equalRows'>,
): string[] {
  const { name, sql } = label;
  const missing =
    label.missing === 0
      ? []
      : [
          `  # ${howMany(label.missing, 'row')} ${label.missing === 1 ? 'has' : 'have'} no ${comment(name)}: data with such rows is rejected, so leave them out before it lands`,
        ];
  return [
    'data:',
    ...source,
    ...missing,
    said(`  label: ${inline(sql === null ? name : { name, sql })}`, label.why),
    ...(time === null ? [] : [said(`  time: ${inline(time.column)}`, `${time.why}; the newest rows judge`)]),
    ...(key === null ? [] : [said(`  key: ${inline(key.columns)}`, key.why)]),
    ...(entity === null ? [] : [said(`  entity: ${inline(entity.column)}`, `${entity.why}; its rows stay together`)]),
    ...(features.length === 0 ? [] : ['  features:']),
    ...features.map(({ name: feature, sql: expression, kind, why }) =>
      said(`    - ${inline({ name: feature, ...(expression !== undefined && { sql: expression }), kind })}`, why),
    ),
    ...(leftOut.length === 0 ? [] : ['  # No features:']),
    ...leftOut.map(({ name: column, why }) => `  #   ${comment(inline(column))}: ${comment(why)}`),
    ...postEventLines(giveaways),
    ...(sensitive.length === 0
      ? []
      : [
          `  # If answers must not depend on who a person is, take these out of the features and protect them:`,
          `  # protected: ${comment(inline(sensitive))}`,
        ]),
    ...splitLines(split, equalRows),
    ...(split.tooFew === null ? [] : [`  # ${comment(split.tooFew)}.`]),
  ];
}

function ruleLines(texts: readonly string[], suggested: readonly SuggestedRule[]): string[] {
  const needed = texts.map((column) =>
    said(
      `    - ${inline({ rule: 'column_type', column, type: 'string' })}`,
      'whole numbers beyond 2^53: a number would round them',
    ),
  );
  const begun = needed.length === 0 ? [] : ['  rules:', ...needed];
  if (suggested.length === 0) return begun;
  return [
    ...begun,
    '  # Suggested by what the file shows. Take the # away from what should hold for every delivery.',
    ...(needed.length === 0 ? ['  # rules:'] : []),
    ...suggested.map(({ rule, evidence }) => `  #   - ${comment(inline(rule))}  # ${comment(evidence)}`),
  ];
}

/** Writes the draft down. */
export function draftYaml(draft: Draft, origin: DraftOrigin): string {
  const { file, model, schema, suggested } = origin;
  const { label, rows, time, maxDepth } = draft;
  return `${[
    ...(schema === null ? [] : [`# yaml-language-server: $schema=${schema}`]),
    `# The model ${model}, as guessed from the ${howMany(rows, 'row')} of ${comment(file)}. docs/definition.md lists every setting.`,
    said(`problem: ${label.problem}`, label.why),
    ...dataLines(draft, [...sourceLines(origin), ...standInLines(origin)], origin),
    ...ruleLines(draft.texts, suggested),
    'training:',
    said(
      `  hyperparameters: ${inline({ num_round: 100, max_depth: maxDepth, eta: 0.1 })}`,
      maxDepth < 6 ? 'shallow trees: deep ones would learn few rows by heart' : null,
    ),
    '# evaluation:',
    `#   thresholds: { … }  # least figures a candidate must reach; without any it must beat a guess and the champion`,
    ...(time === null
      ? []
      : [
          'retraining:',
          said('  data: { mode: expanding }', 'all the time there is; or { mode: sliding, window: 180d }'),
        ]),
  ].join('\n')}\n`;
}

/** What to do when data and definition do not meet: a column that is not there, a label that is text. */

import { clusterColumn } from '../definition/cluster.ts';
import type { PublishedDefinition } from '../definition/published.ts';
import { columnsRead, toSql } from '../features/expression.ts';
import { howMany } from '../report/how-many.ts';
import { declareEpoch, epochUnitOf } from './counted-times.ts';
import type { ReadDataset } from './read-dataset.ts';

/** A column that a definition names, and where. */
export interface NeededColumn {
  readonly name: string;
  /** In the definition, such as `data.features[2]`. */
  readonly path: string;
}

/** The columns a definition names, as it spells them, each where it is named first. */
export function neededPlaces({ definition: { data, evaluation }, expressions }: PublishedDefinition): NeededColumn[] {
  const cluster = clusterColumn(evaluation.cluster);
  const named: [path: string, names: readonly (string | null | undefined)[]][] = [
    ['data.label', columnsRead(expressions.label)],
    ...(expressions.features ?? []).map(({ expression }, i): [string, string[]] => [
      `data.features[${i}]`,
      columnsRead(expression),
    ]),
    ['data.time', [data.time]],
    ['data.source.columns', Object.keys(data.source.columns)],
    ['data.entity', [data.entity]],
    ['data.weight', [data.weight]],
    ['data.key', data.key ?? []],
    ['data.protected', data.protected],
    ['data.post_event', data.post_event],
    ['evaluation.slices', evaluation.slices.map(({ column }) => column)],
    ['evaluation.cluster', [cluster]],
  ];
  const first = new Map<string, string>();
  for (const [path, names] of named) {
    for (const name of names) if (typeof name === 'string' && !first.has(name)) first.set(name, path);
  }
  return [...first].map(([name, path]) => ({ name, path }));
}

const partsOf = (name: string): string[] =>
  name
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, ' ')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((part) => part !== '');

/** Of some columns, those that share a word with a name: `is_late` with `late`, `Flight Date` with `flight_date`. */
function sharingWords(name: string, columns: readonly string[]): string[] {
  const wanted = partsOf(name);
  const scored = columns.map((column) => {
    const parts = partsOf(column);
    const shared = wanted.filter((part) => parts.includes(part)).length;
    return { column, score: shared / Math.max(wanted.length, parts.length, 1) };
  });
  return scored
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, 3)
    .map(({ column }) => column);
}

/** What else may be the matter when `columns` lack a name, given what is said of it already. */
export function missingColumnHint(name: string, columns: readonly string[], said: string): string {
  const [only] = columns;
  if (only !== undefined && columns.length === 1 && /[^\p{L}\p{N}_ .-]/u.test(only)) {
    return '; the whole header was taken for one name: declare what is between the fields, as in data.source: { delimiter: "~" }';
  }
  if (said.includes('did you mean')) return '';
  const near = sharingWords(name, columns);
  return near.length === 0 ? '' : `; did you mean ${near.join(' or ')}?`;
}

/** Words for what a binary model is to find, in the order in which they are looked for. */
const POSITIVE =
  /^(?:y|yes|true|t|on|pos|positive|late|bad|churn|churned|left|fraud|default|defaulted|fail|failed|failure|sick|disease|malignant|spam|attrition|ja|si|oui)$/i;

/**
 * What to write in a definition whose label is text, as far as the data shows. Values are named only where the published
 * profile has them: where so many rows show a value that it names nobody.
 *
 * @param column the label's column, as the data has it
 */
export function labelAdvice(dataset: ReadDataset, column: string, problem: string): string {
  const profile = dataset.profile?.columns.find(({ name }) => name === column);
  if (profile === undefined) return '';
  if (profile.nulls === dataset.rows) return `; no row has a value in ${column}`;
  if (profile.type !== 'string' || problem !== 'binary') return '';
  const [first, second] = profile.top;
  if (profile.distinct !== 2 || first === undefined || second === undefined) {
    return profile.distinct !== null && profile.distinct > 2 && profile.distinct <= 50
      ? `; ${column} has ${profile.distinct} values: say which of them are meant, or problem: multiclass`
      : '';
  }
  const words = POSITIVE.test(first[0]) && !POSITIVE.test(second[0]) ? first[0] : second[0];
  const sql = toSql({
    op: '=',
    args: [
      { op: 'column', name: column },
      { op: 'literal', type: 'string', value: words },
    ],
  });
  const shown = [first, second].map(([value, rows]) => `${value} in ${howMany(rows, 'row')}`).join(', ');
  return `; ${column} has two values (${shown}): write data.label: { name: ${column}, sql: ${sql.slice(1, -1)} } if that one is meant`;
}

/** What to declare of a column of whole numbers that count time, where a time is wanted of it. */
export function timeAdvice({ profile }: Pick<ReadDataset, 'profile'>, column: string): string {
  const found = profile?.columns.find(({ name }) => name === column);
  const unit = found && epochUnitOf(found);
  return unit === undefined ? '' : `; it looks like times, counted in ${unit} from 1970: ${declareEpoch(column, unit)}`;
}

/** What a file shows about the model one could make of it: pure guesses, each with its reason, for a person to correct. */

import type { ColumnType } from '../../shared/features/columns.ts';
import { howMany } from '../../shared/report/how-many.ts';
import { type DraftLabel, labelOf, type ProblemType } from './draft-label.ts';
import { type DraftSplit, splitOf } from './draft-split.ts';
import { type DraftFeature, isTime, timeFeatures, timeOf } from './draft-time.ts';
import type { SeenColumn, ValueCount } from './seen.ts';

export type { DraftFeature } from './draft-time.ts';

/** A definition as it is guessed. */
export interface Draft {
  readonly rows: number;
  readonly label: DraftLabel;
  readonly time: { readonly column: string; readonly why: string } | null;
  readonly key: { readonly columns: readonly string[]; readonly why: string } | null;
  readonly entity: { readonly column: string; readonly why: string } | null;
  readonly features: readonly DraftFeature[];
  /** Columns that are no features, and why. */
  readonly leftOut: readonly { readonly name: string; readonly why: string }[];
  /** Columns of digits that are text: a number would not hold them. */
  readonly texts: readonly string[];
  /** Columns that may be about who a person is: a question for their reader. */
  readonly sensitive: readonly string[];
  readonly split: DraftSplit;
  /** How deep trees go: little data is learned by heart by deep ones. */
  readonly maxDepth: number;
}

/** What a draft is made from. */
export interface DraftInput {
  readonly rows: number;
  readonly columns: readonly SeenColumn[];
  readonly label: string;
  /** Rows by value of the label. */
  readonly labelCounts: readonly ValueCount[];
  /** Where the type of problem is known. */
  readonly problem?: ProblemType | undefined;
  /** Columns that are not to be features. */
  readonly without: readonly string[];
}

/** Names of columns that say which one, not what kind. */
const NAMES_ONE = /(^|[ _.-])(id|uuid|guid|key|index|idx|nr|rownum|serial)$|^unnamed/i;
/** The same of names in camel case; `humid` is none. */
const NAMES_ONE_IN_CAMEL_CASE = /[a-z](Id|ID)$/;
/** Names of whole numbers that stand for kinds. */
const NAMES_A_KIND = /(^|[ _.-])(code|type|class|category|group|zip|zipcode|postcode)$/i;
const SENSITIVE = /(^|[ _.-])(sex|gender|race|ethnicity|religion|nationality|disability|age|marital[ _.-]?status)$/i;
/** A category seen in fewer rows than this teaches nothing. */
const LEAST_ROWS_OF_A_VALUE = 2;
/** Entities that are fewer cannot be split into parts that are alike. */
const LEAST_ENTITIES = 30;

const counted = (n: number): string => n.toLocaleString('en-US');
const isWhole = (type: ColumnType): boolean => type === 'string' || type === 'integer';

const namesOne = (name: string): boolean => NAMES_ONE.test(name) || NAMES_ONE_IN_CAMEL_CASE.test(name);

/** Whether every row has its own value. */
const isUnique = ({ nulls, distinct }: SeenColumn, rows: number): boolean => nulls === 0 && distinct === rows;

function keyOf(columns: readonly SeenColumn[], rows: number): Draft['key'] {
  const found = columns.find((column) => isWhole(column.type) && isUnique(column, rows) && namesOne(column.name));
  return found === undefined ? null : { columns: [found.name], why: 'every row has its own value' };
}

/** Rows that are about the same one are alike: on both sides of a split they would give the answers away. */
function entityOf(columns: readonly SeenColumn[], rows: number): Draft['entity'] {
  const found = columns.find(
    ({ name, type, nulls, distinct }) =>
      isWhole(type) &&
      nulls === 0 &&
      namesOne(name) &&
      distinct !== null &&
      distinct >= LEAST_ENTITIES &&
      distinct * 2 <= rows,
  );
  if (found === undefined) return null;
  return { column: found.name, why: `${counted(found.distinct ?? 0)} of them in ${howMany(rows, 'row')}` };
}

/** Why a column is no feature; undefined where it is one. */
function whyNot(column: SeenColumn, rows: number): string | undefined {
  const { name, type, nulls, distinct, unread } = column;
  if (nulls === rows) return 'it is empty';
  if (unread !== null) return unread;
  if (distinct === 1) return 'it is always the same';
  if (isWhole(type) && isUnique(column, rows) && (type === 'string' || namesOne(name)))
    return 'every row has its own value';
  if (namesOne(name)) return 'by its name it says which one, not what kind';
  if (type === 'string' && (distinct === null || distinct * LEAST_ROWS_OF_A_VALUE > rows - nulls))
    return `${distinct === null ? 'very many' : counted(distinct)} different texts: a name or free text, not a category`;
  return undefined;
}

function featureOf({ name, type, distinct }: SeenColumn): DraftFeature {
  if (type === 'string') return { name, kind: 'category' };
  if (type === 'integer' && NAMES_A_KIND.test(name) && distinct !== null && distinct <= 200)
    return { name, kind: 'category', why: 'by its name the numbers stand for kinds' };
  return { name, kind: 'number' };
}

/**
 * Guesses the definition of a model of one column of a file.
 *
 * @throws DraftError where no model can be made of it
 */
export function draftFrom({ rows, columns, label: name, labelCounts, problem, without }: DraftInput): Draft {
  const column = columns.find((each) => each.name === name);
  if (column === undefined) throw new RangeError(`no column ${name}`);
  const label = labelOf(column, labelCounts, problem);
  const others = columns.filter((each) => each.name !== name);
  const time = timeOf(others);
  const key = keyOf(others, rows);
  const entity = entityOf(others, rows);
  const features: DraftFeature[] = [];
  const leftOut: { name: string; why: string }[] = [];
  for (const each of others) {
    if (without.includes(each.name)) leftOut.push({ name: each.name, why: 'as it was asked for' });
    else if (isTime(each.type)) {
      const parts = timeFeatures(each, each.name === time?.column);
      features.push(...parts);
      if (parts.length === 0)
        leftOut.push({ name: each.name, why: whyNot(each, rows) ?? 'a time as it is says nothing' });
    } else if (each.name === entity?.column) leftOut.push({ name: each.name, why: 'it tells who the row is about' });
    else {
      const why = whyNot(each, rows);
      if (why === undefined) features.push(featureOf(each));
      else leftOut.push({ name: each.name, why });
    }
  }
  const usable = rows - column.nulls;
  const isLeftOut = (each: string): boolean =>
    leftOut.some((left) => left.name === each) && each !== entity?.column && key?.columns.includes(each) !== true;
  return {
    rows,
    label,
    time,
    key,
    entity: time === null ? entity : null,
    features,
    leftOut,
    texts: columns.filter((each) => each.isDigits && !isLeftOut(each.name)).map((each) => each.name),
    sensitive: others.map((each) => each.name).filter((each) => SENSITIVE.test(each)),
    split: splitOf(usable, label, time !== null),
    maxDepth: usable < 2000 ? 4 : 6,
  };
}

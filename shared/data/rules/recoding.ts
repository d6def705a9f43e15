/** Whether values mean something else than in the dataset accepted last: another unit, or another code for each class. */
import { howMany } from '../../report/how-many.ts';
import { figure } from './check.ts';
import type { EvolvingColumn, EvolvingDataset } from './evolution.ts';
import type { LabelClasses } from './label-checks.ts';
import type { RuleResult } from './result.ts';

/** Thousandths of the rows by which two distributions are held against each other. */
const COMPARED = [50, 250, 500, 750, 950];
/** Of few rows quantiles lie anywhere. */
const MIN_ROWS = 100;
/** What a level may rise or fall by, from one delivery to the next, without a word: miles to kilometres is more. */
const MAX_FACTOR = 1.5;
/** The greatest quotient of two quantiles is at most so many times the least: the shape is the same, and the scale is not. */
const SAME_SHAPE = 1.1;
/** So many of the quantiles differ, so that there is a shape. */
const MIN_DIFFERENT = 3;

/** What people change between; the first is so many of the second. */
const UNITS: readonly (readonly [factor: number, units: string])[] = [
  [1.609344, 'miles and kilometres'],
  [3.28084, 'metres and feet'],
  [2.54, 'inches and centimetres'],
  [2.204623, 'kilograms and pounds'],
  [7, 'weeks and days'],
  [24, 'days and hours'],
  [60, 'hours and minutes, or minutes and seconds'],
  [1440, 'days and minutes'],
  [3600, 'hours and seconds'],
  [86_400, 'days and seconds'],
  [10, 'a unit and its tenth'],
  [100, 'a unit and its hundredth'],
  [1000, 'a unit and its thousandth'],
  [1e6, 'a unit and its millionth'],
];

const valueAt = ({ quantiles }: EvolvingColumn, permille: number): number | undefined =>
  quantiles?.find(([thousandth]) => thousandth === permille)?.[1];

/** Whether a column counts from about 1 to the number of rows: it grows with them, and is in no unit. */
const numbersRows = (column: EvolvingColumn, rows: number): boolean =>
  column.type === 'integer' && Math.abs((valueAt(column, 500) ?? 0) / rows - 0.5) < 0.01;

/**
 * By what a column's values are multiplied, where they have kept their shape and changed their scale: each of five
 * quantiles is the same number of times what it was. Null where it is not so. That is a guess (everything may have become
 * dearer), so it warns.
 */
function scaleOf(was: EvolvingColumn, is: EvolvingColumn): number | null {
  const quotients: number[] = [];
  const different = new Set<number>();
  for (const permille of COMPARED) {
    const [before, now] = [valueAt(was, permille), valueAt(is, permille)];
    if (before === undefined || now === undefined || (before === 0) !== (now === 0)) return null;
    if (before === 0) continue;
    quotients.push(now / before);
    different.add(before);
  }
  const sorted = quotients.sort((a, b) => a - b);
  const [least = 0, most = 0, middle = 0] = [sorted[0], sorted.at(-1), sorted[Math.floor(sorted.length / 2)]];
  if (different.size < MIN_DIFFERENT || least <= 0 || most > SAME_SHAPE * least) return null;
  return middle > MAX_FACTOR || middle < 1 / MAX_FACTOR ? middle : null;
}

function unitsOf(scale: number): string {
  const factor = scale < 1 ? 1 / scale : scale;
  const found = UNITS.find(([each]) => Math.abs(factor / each - 1) < 0.02);
  return found === undefined ? '' : `, as between ${found[1]}`;
}

/** Warns of columns that are written in another unit than before, as far as it shows. `read`: what the model is made of. */
export function rescaledColumns(
  before: EvolvingDataset,
  now: EvolvingDataset,
  read: ReadonlySet<string>,
): RuleResult[] {
  const past = new Map(before.columns.map((column) => [column.name, column]));
  return now.columns.flatMap((column): RuleResult[] => {
    const was = past.get(column.name);
    if (was === undefined || !read.has(column.name)) return [];
    const present = now.rows - column.nulls;
    if (Math.min(before.rows - was.nulls, present) < MIN_ROWS || numbersRows(column, present)) return [];
    const scale = scaleOf(was, column);
    if (scale === null) return [];
    return [
      {
        rule: 'column_rescaled',
        index: null,
        column: column.name,
        severity: 'warn',
        result: 'warn',
        value: scale,
        threshold: `${figure(1 / MAX_FACTOR)} .. ${MAX_FACTOR}`,
        evaluated: present,
        samples: [],
        message: `every quantile of ${column.name} is about ${Number(scale.toPrecision(3))} times that of the data accepted before${unitsOf(scale)}: if its unit has changed, deliver it in the old one, or under another name`,
      },
    ];
  });
}

/** Fails a label of several classes none of which was there before: it says the same in other words, or something else. */
export function recodedLabel(label: string, before: LabelClasses | null, now: LabelClasses | null): RuleResult[] {
  if (before === null || now === null || before.length < 2 || now.length < 2) return [];
  const known = new Set(before.map(([name]) => name));
  if (now.some(([name]) => known.has(name))) return [];
  const rows = now.reduce((sum, [, count]) => sum + count, 0);
  return [
    {
      rule: 'label_recoded',
      index: null,
      column: label,
      severity: 'fail',
      result: 'fail',
      value: now.length,
      threshold: '<= 0',
      evaluated: rows,
      failed: rows,
      samples: [],
      message: `none of the ${howMany(now.length, 'class', 'classes')} of ${label} was in the data accepted before: a model would learn old and new names as different answers; deliver it as it was, or publish what it is now made of as data.label`,
    },
  ];
}

/** A profile as a table for people. */

import type { ReadDataset } from '../../shared/data/read-dataset.ts';
import { howMany } from '../../shared/report/how-many.ts';
import { textTable } from '../text-table.ts';

type Profile = NonNullable<ReadDataset['profile']>;

const counted = (n: number): string => n.toLocaleString('en-US');
const LONGEST = 24;
const short = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);

const figure = (value: number | string | null): string => {
  if (value === null) return '';
  if (typeof value === 'string') return value.replace(/T00:00:00(\.0+)?Z$/, '');
  return Number.isInteger(value) && Math.abs(value) < 1e12 ? counted(value) : String(Number(value.toPrecision(4)));
};

const percent = (share: number): string => {
  if (share === 0) return '';
  const shown = 100 * share;
  return shown < 0.1 ? '< 0.1%' : `${shown >= 10 ? shown.toFixed(0) : shown.toFixed(1)}%`;
};

/** One line per column: type, missing, different values, range, mean, and the most frequent values. */
export function profileText(file: string, { rows, columns }: Profile): string {
  const head = ['column', 'type', 'missing', 'different', 'least', 'greatest', 'mean', 'stdev', 'most frequent'];
  const lines = columns.map(({ name, type, nulls, distinct, min, max, mean, stdev, top }) => [
    short(name),
    type,
    percent(rows === 0 ? 0 : nulls / rows),
    distinct === null ? 'very many' : counted(distinct),
    figure(min),
    figure(max),
    figure(mean),
    figure(stdev),
    top
      .slice(0, 3)
      .map(([value, n]) => `${short(value)} ${percent(n / rows)}`)
      .join(', '),
  ]);
  return [
    `${file}: ${howMany(rows, 'row')}, ${howMany(columns.length, 'column')}`,
    ...textTable([head, ...lines], (column) => column < 2 || column === 8),
  ].join('\n');
}

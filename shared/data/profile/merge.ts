/** Puts working profiles of parts of the rows together. */
import type { ColumnType } from '../../features/columns.ts';
import { mergeDistinct } from './distinct.ts';
import { mergeNumbers } from './number-column.ts';
import { mergeTexts } from './text-column.ts';
import { mergeTimes } from './time-column.ts';
import type { WorkingColumn, WorkingProfile } from './working.ts';

/** Types that hold the values of a narrower one, counted alike. */
const COUNTED_ALIKE: Readonly<Partial<Record<ColumnType, ColumnType>>> = { integer: 'number', date: 'timestamp' };

/**
 * The profile of the rows of both: the same bytes in whatever order and grouping profiles are merged.
 * @throws RangeError where their columns differ
 */
export function mergeProfiles(a: WorkingProfile, b: WorkingProfile): WorkingProfile {
  if (a.columns.length !== b.columns.length)
    throw new RangeError(`${a.columns.length} columns and ${b.columns.length} do not add up`);
  if (a.valuesCap !== b.valuesCap)
    throw new RangeError(`profiles that count up to ${a.valuesCap} and ${b.valuesCap} values do not add up`);
  return {
    rows: a.rows + b.rows,
    valuesCap: a.valuesCap,
    columns: a.columns.map((column, at) => mergeColumns(column, b.columns[at], a.valuesCap)),
  };
}

function mergeColumns(a: WorkingColumn, b: WorkingColumn | undefined, cap: number): WorkingColumn {
  if (b === undefined || a.name !== b.name || a.type !== b.type)
    throw new RangeError(`column ${a.name} (${a.type}) and ${b?.name} (${b?.type}) do not add up`);
  return {
    name: a.name,
    type: a.type,
    nulls: a.nulls + b.nulls,
    distinct: mergeDistinct(a.distinct, b.distinct, cap),
    ...(a.numbers && b.numbers && { numbers: mergeNumbers(a.numbers, b.numbers) }),
    ...(a.times && b.times && { times: mergeTimes(a.times, b.times) }),
    ...(a.texts && b.texts && { texts: mergeTexts(a.texts, b.texts) }),
  };
}

/**
 * The profile with a column's type widened, from integers to numbers or from dates to timestamps: what counting the rows
 * as the wider type gives.
 * @throws RangeError where the rows have to be read again
 */
export function widened(profile: WorkingProfile, name: string, type: ColumnType): WorkingProfile {
  return {
    ...profile,
    columns: profile.columns.map((column) => {
      if (column.name !== name || column.type === type) return column;
      if (COUNTED_ALIKE[column.type] !== type)
        throw new RangeError(`column ${name} was counted as ${column.type}: as ${type} it has to be read again`);
      return { ...column, type };
    }),
  };
}

/** What a column of times holds, in microseconds since 1970, counted batch by batch. */
import { type ColumnTally, chosen } from './number-column.ts';
import { numberTally } from './number-tally.ts';
import { MOST_DAYS, type TimeCounts } from './working.ts';

const DAY_US = 86_400_000_000;

/** Takes times, in microseconds since 1970, each so often. */
interface DayTally {
  readonly add: (value: number, rows: number) => void;
  readonly addAll: (values: Float64Array) => void;
  readonly counts: () => TimeCounts;
}

function dayTally(): DayTally {
  let days: Map<number, number> | null = new Map();
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const addDay = (day: number, rows: number): void => {
    if (days === null) return;
    days.set(day, (days.get(day) ?? 0) + rows);
    if (days.size > MOST_DAYS) days = null;
  };
  return {
    add: (value, rows) => {
      min = Math.min(min, value);
      max = Math.max(max, value);
      addDay(Math.floor(value / DAY_US), rows);
    },
    addAll: (values) => {
      let [least, most] = [min, max];
      // Rows mostly come by time: a day is looked up once for all that follow each other.
      let [day, from, to, rows] = [0, 0, DAY_US, 0];
      for (let at = 0; at < values.length; at += 1) {
        const value = values[at] ?? 0;
        if (value < least) least = value;
        if (value > most) most = value;
        if (value < from || value >= to) {
          if (rows > 0) addDay(day, rows);
          day = Math.floor(value / DAY_US);
          [from, to, rows] = [day * DAY_US, (day + 1) * DAY_US, 0];
        }
        rows += 1;
      }
      if (rows > 0) addDay(day, rows);
      [min, max] = [least, most];
    },
    counts: () => ({
      min: min <= max ? min : null,
      max: min <= max ? max : null,
      days: days && [...days].sort(([a], [b]) => a - b),
    }),
  };
}

/** Begins to count a column of times, in microseconds since 1970. What few times come to is known from their counts. */
export function timesTally(cap: number): ColumnTally<TimeCounts> {
  const distinct = numberTally(cap);
  const many = dayTally();
  return {
    add: (values) => {
      const counted = distinct.add(values, (counts) => {
        for (const [value, rows] of counts) many.add(value, rows);
      });
      if (counted < values.length) many.addAll(values.subarray(counted));
    },
    distinct: distinct.distinct,
    counts: () => {
      const counts = distinct.counts();
      if (counts === null) return many.counts();
      const few = dayTally();
      for (const [value, rows] of counts) few.add(value, rows);
      return few.counts();
    },
  };
}

const daysOf = (days: ReadonlyMap<number, number> | null): TimeCounts['days'] =>
  days === null || days.size > MOST_DAYS ? null : [...days].sort(([a], [b]) => a - b);

/** The counts of both. */
export function mergeTimes(a: TimeCounts, b: TimeCounts): TimeCounts {
  const days = a.days && b.days && new Map(a.days);
  for (const [day, rows] of b.days ?? []) days?.set(day, (days.get(day) ?? 0) + rows);
  return {
    min: chosen(a.min, b.min, Math.min),
    max: chosen(a.max, b.max, Math.max),
    days: daysOf(days),
  };
}

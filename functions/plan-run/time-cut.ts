/** Rows of one UTC day: `[yyyy-mm-dd, rows]`. */
export type DayCount = readonly [day: string, rows: number];

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** With fewer days than this, cuts fall within a day, on the hour. */
const WHOLE_DAYS = 5;

/** Adds up the rows of each day, oldest first, leaving out what ends before `from`. */
export const mergeDays = (
  counts: readonly (readonly DayCount[])[],
  from: number,
): { start: number; rows: number }[] => {
  const total = new Map<number, number>();
  for (const [day, rows] of counts.flat()) {
    const start = Date.parse(`${day}T00:00:00Z`);
    if (start + DAY_MS > from && rows > 0) total.set(start, (total.get(start) ?? 0) + rows);
  }
  return [...total].sort(([a], [b]) => a - b).map(([start, rows]) => ({ start, rows }));
};

/**
 * The time from which on the newest `rows` rows lie, as far as counts by day can tell. A cut falls between days, because
 * the rows of a day belong together (a storm delays all of its flights); never after `before`.
 */
const newestRows = (days: readonly { start: number; rows: number }[], rows: number, before: number): number => {
  let left = rows;
  const older = days.filter((day) => day.start < before);
  for (const day of older.toReversed()) {
    const end = Math.min(day.start + DAY_MS, before);
    // Of a day that is cut, as many rows as its hours are.
    const within = day.rows * ((end - day.start) / DAY_MS);
    if (left <= within) {
      if (days.length >= WHOLE_DAYS) return day.start;
      return Math.max(day.start, end - Math.ceil(((end - day.start) * (left / within)) / HOUR_MS) * HOUR_MS);
    }
    left -= within;
  }
  return older[0]?.start ?? before;
};

/** How many rows lie at or after a time, as far as counts by day can tell (a day that holds the time counts whole). */
const rowsFrom = (days: readonly { start: number; rows: number }[], time: number): number =>
  days.reduce((sum, day) => sum + (day.start + DAY_MS > time ? day.rows : 0), 0);

export interface TimeCut {
  /** Epoch milliseconds. Training: from … < validation; validation: … < gate; gate: the rest. */
  readonly validation: number;
  readonly gate: number;
}

/**
 * Where training ends and validation begins, and where the gate rows begin: the newest share of the window, and in any
 * case later than anything the champion was trained on. Rows within the embargo before the gate are in no part:
 * validation ends where it begins, and has its share of the rows that are in one. Undefined when no row is as new as
 * that, or none is left to train on.
 *
 * @param shares Of all rows; gate and validation together below 1.
 * @param trainedBefore The champion saw nothing at or after this; -Infinity without a champion.
 * @param embargoMs How long before the gate rows are left out.
 */
export const timeCut = (
  days: readonly { start: number; rows: number }[],
  shares: { validation: number; gate: number },
  trainedBefore: number,
  embargoMs: number,
): TimeCut | undefined => {
  const total = days.reduce((sum, day) => sum + day.rows, 0);
  if (total === 0) return undefined;
  const gate = Math.max(newestRows(days, total * shares.gate, Number.POSITIVE_INFINITY), trainedBefore);
  if (rowsFrom(days, gate) === 0) return undefined;
  const end = gate - embargoMs;
  const kept = days.filter(({ start }) => start < end || start >= gate);
  const rows = kept.reduce((sum, day) => sum + day.rows, 0);
  const validation = newestRows(kept, rows * shares.validation, end);
  const first = days[0]?.start ?? gate;
  return first < validation ? { validation, gate } : undefined;
};

/**
 * How often drift is told of consecutive real windows in which nothing was changed, and how small a shift is seen: ours
 * beside the usual fixed thresholds, on half a year of real flights, whole and by airport, and on a year of another table
 * where it can be installed. `docs/drift.md` tells of it.
 *
 * `--quick`: all flights and four airports, one baseline. `--new-york`: the other table alone.
 */
import { parseArgs } from 'node:util';

import { randomStream } from '../shared/evaluation/random.ts';
import { type Flights, readFlights } from './aa-study/flights.ts';
import { readNewYork } from './drift-study/new-york.ts';
import { type Judged, judgeAfter } from './drift-study/procedures.ts';
import { type Detected, type Followed, type OfTime, report, secondReport } from './drift-study/report.ts';
import { SHIFTS, type Shift, type Truth } from './drift-study/shifts.ts';
import {
  OF_TIME,
  type Stream,
  sampled,
  scoresAfter,
  streamsOf,
  type Window,
  windowsOf,
} from './drift-study/streams.ts';

const LEAST_ROWS = 100;
const SEED = 1;
/** Which days a baseline is of, from the first of January. */
const BASELINES = [
  { name: 'January to March', from: 0, to: 90 },
  { name: 'January', from: 0, to: 31 },
  { name: 'February', from: 31, to: 59 },
  { name: 'March', from: 59, to: 90 },
  { name: 'April', from: 90, to: 120 },
  { name: '1 to 14 January', from: 0, to: 14 },
] as const;
/** The same of a year: each watches all that follows. */
const BASELINES_OF_A_YEAR = [
  { name: 'January to March', from: 0, to: 90 },
  { name: 'January', from: 0, to: 31 },
  { name: 'April to June', from: 90, to: 181 },
  { name: 'June', from: 151, to: 181 },
  { name: 'July to September', from: 181, to: 273 },
  { name: '1 to 14 January', from: 0, to: 14 },
] as const;
/** So many windows follow a baseline: a quarter. */
const FOLLOWING = 91;
const [QUARTER] = BASELINES;
/** Rows a window of the shifts. */
const SIZES = [100, 250, 500, 1_000, 2_500, 10_000] as const;
const SIZES_OF_NEW_YORK = [100, 250, 500, 1_000] as const;
/** Windows of a shift: the first days after the baseline. */
const SHIFTED_WINDOWS = 30;

/** Days of a baseline. */
interface Stretch {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

type Make = ReturnType<typeof windowsOf>;

/** Windows scored by a model that learned from the days of a baseline. */
const makeAfter = (flights: Flights, { from, to }: Stretch): Make =>
  windowsOf(flights, scoresAfter(flights, flights.days.slice(from, to), SEED));

/** Windows of a stream after each baseline, as they were. */
function followed(
  streams: readonly Stream[],
  { name, from, to }: Stretch,
  make: Make,
  following: number,
): readonly Followed[] {
  return streams.map((stream, rank) => {
    const { judge } = judgeAfter(stream.days.slice(from, to).map(make), stream.features, true);
    const judged = stream.days.slice(to, to + following).map((day) => judge(make(day)));
    return { stream: stream.name, rank, baseline: name, judged };
  });
}

function truthOf(windows: readonly Window[]): Truth {
  const scores = windows.flatMap(({ cells: { score } }) => (score instanceof Float64Array ? [score] : []));
  const total = scores.reduce((sum, { length }) => sum + length, 0);
  const sum = (term: (score: number) => number): number =>
    scores.reduce((all, some) => some.reduce((part, score) => part + term(score), all), 0);
  const mean = sum((score) => score) / total;
  const counts = new Map<number, number>();
  let names = 0;
  for (const { cells } of windows) {
    const { destination } = cells;
    if (destination === undefined || !('codes' in destination)) throw new RangeError('destinations are codes');
    names = destination.names.length;
    for (const code of Array.from(destination.codes)) counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  const [[mostFrequent] = [0]] = [...counts].sort((a, b) => b[1] - a[1]);
  // The study's makers of windows name one code more than any flight has.
  return { mean, deviation: Math.sqrt(sum((score) => (score - mean) ** 2) / total), mostFrequent, unseen: names - 1 };
}

/** Windows of so many rows, shifted, held against the quarter's whole traffic. */
function detected(
  all: Stream,
  make: Make,
  sizes: readonly number[],
  heard: (rows: number) => void,
): readonly Detected[] {
  const before = all.days.slice(QUARTER.from, QUARTER.to).map(make);
  const truth = truthOf(before);
  const { judge } = judgeAfter(before, all.features, true);
  return sizes.flatMap((rows) => {
    const random = randomStream(rows);
    const windows = sampled(all, rows, random)
      .days.slice(QUARTER.to, QUARTER.to + FOLLOWING)
      .map(make);
    const unshifted = windows.map(judge);
    const judgedAt = (shift: Shift, size: number): readonly Judged[] =>
      windows.slice(0, SHIFTED_WINDOWS).map((window) => judge(shift.apply(window, size, truth, random)));
    const found = SHIFTS.map((shift) => ({ shift, judged: shift.sizes.map((size) => judgedAt(shift, size)) }));
    heard(rows);
    return [{ rows, unshifted, found }];
  });
}

/** Functions of time, watched as if nobody knew that they are: all flights, the quarter's baseline. */
function ofTime(all: Stream, make: Make): OfTime {
  const { judge } = judgeAfter(all.days.slice(QUARTER.from, QUARTER.to).map(make), OF_TIME, false);
  return { judged: all.days.slice(QUARTER.to, QUARTER.to + FOLLOWING).map((day) => judge(make(day))) };
}

/** The study of a table on which no rule was chosen; says so where it is not to be had. */
async function second(heard: (what: string) => void): Promise<string> {
  const flights = await readNewYork();
  if (typeof flights === 'string') return `The second table is left out: ${flights}`;
  const streams = streamsOf(flights, LEAST_ROWS);
  const [all] = streams;
  if (all === undefined) throw new RangeError('no flights');
  const follow = BASELINES_OF_A_YEAR.flatMap((baseline) => {
    const some = followed(streams, baseline, makeAfter(flights, baseline), flights.days.length);
    heard(`New York, ${baseline.name}`);
    return some;
  });
  const power = detected(all, makeAfter(flights, QUARTER), SIZES_OF_NEW_YORK, (rows) =>
    heard(`New York, ${rows} rows`),
  );
  return secondReport('Flights that left New York in 2013', follow, power);
}

/** Runs the study and prints its tables in Markdown. */
export const run = async (args: readonly string[] = process.argv.slice(3)): Promise<void> => {
  const { values } = parseArgs({
    args: [...args],
    options: { quick: { type: 'boolean' }, 'new-york': { type: 'boolean' } },
  });
  const started = performance.now();
  const heard = (what: string): void => console.error(`${Math.round((performance.now() - started) / 1000)} s: ${what}`);
  if (!values['new-york']) console.info(await first(values.quick ?? false, heard));
  if (!values.quick) console.info(await second(heard));
};

/** The study of the flights of 2001. */
async function first(isQuick: boolean, heard: (what: string) => void): Promise<string> {
  const flights: Flights = await readFlights();
  const streams = streamsOf(flights, LEAST_ROWS).slice(0, isQuick ? 5 : undefined);
  const [all] = streams;
  if (all === undefined) throw new RangeError('no flights');
  heard(`${streams.length} streams`);
  const follow = BASELINES.slice(0, isQuick ? 1 : undefined).flatMap((baseline) => {
    const some = followed(streams, baseline, makeAfter(flights, baseline), FOLLOWING);
    heard(baseline.name);
    return some;
  });
  const make = makeAfter(flights, QUARTER);
  const power = detected(all, make, isQuick ? SIZES.slice(0, 2) : SIZES, (rows) => heard(`${rows} rows a window`));
  return report(follow, power, ofTime(all, make));
}

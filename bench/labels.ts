/** `npm run bench -- labels`: labels that land ninety days after their predictions. */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type LabelsTook, writeLabelledWindow } from './labelled-window.ts';

const counted = (count: number): string => count.toLocaleString('en-US');

function measured(folder: string): Promise<LabelsTook> {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'labelled-window.ts'), [folder]);
    child.once('message', (told: LabelsTook) => resolve(told));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the measuring process ended with ${code}`)));
  });
}

/** Joins a million labels to the requests of a day, of twenty features each, in a process of its own. */
export async function run(): Promise<void> {
  const records = Number(process.env.BENCH_LABELS ?? 1_000_000);
  const folder = mkdtempSync(join(tmpdir(), 'labels-'));
  try {
    writeLabelledWindow(folder, records);
    const { takeSeconds, measureSeconds, cpuSeconds, peakMiB, fact } = await measured(folder);
    const [low, high] = fact.interval ?? [Number.NaN, Number.NaN];
    console.log(`${counted(fact.labelled)} labels, 90 days late, of ${counted(fact.predictions)} predictions of a day`);
    console.log(`  read and put down by hour   ${takeSeconds.toFixed(1)} s`);
    console.log(`  joined, measured            ${measureSeconds.toFixed(1)} s`);
    console.log(`  processor time of both      ${cpuSeconds.toFixed(1)} s`);
    console.log(`  peak memory                 ${Math.round(peakMiB)} MiB, what is put down included`);
    console.log(`  ROC AUC ${fact.value?.toFixed(4)} (${low.toFixed(4)} to ${high.toFixed(4)}), ${fact.outcome}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

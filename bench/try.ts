/** `npm run bench -- try`: `millrace try` on public tables, told nothing but the label; what came of each. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as z from 'zod';

import { packageService, packagingReason } from '../cli/local/package.ts';
import { PUBLIC_TABLES, type PublicTable } from './try/tables.ts';

const CLI = join(import.meta.dirname, '..', 'cli', 'millrace.ts');

/** What is read of `try --json`. */
const answerSchema = z.object({
  problem: z.string(),
  decision: z.string().nullable(),
  approved: z.boolean(),
  reasons: z.array(z.object({ code: z.string() })),
  end: z.object({ reason: z.string() }).nullable(),
  rows: z.number().nullable(),
  metric: z.string().nullable(),
  figures: z.record(z.string(), z.number().nullable()).nullable(),
  trivial: z.record(z.string(), z.number().nullable()).nullable(),
  served: z.boolean(),
  seconds: z.number(),
});

const LONGEST_MS = 300_000;

const figure = (value: number | null | undefined): string =>
  value === null || value === undefined ? '-' : String(Number(value.toPrecision(4)));

/** Why a person had to decide. */
const HOLDS = ['too_few_gate_rows', 'too_good', 'giveaway_feature', 'suspicious_jump'];

interface Tried {
  readonly works: boolean;
  readonly cells: readonly string[];
}

async function tried(table: PublicTable, folder: string): Promise<Tried> {
  const about = [table.name, `${table.from}; ${table.licence}`, table.label];
  let file: string;
  try {
    file = await table.write(folder);
  } catch {
    return { works: false, cells: [...about, 'not here', '', '', '', '', ''] };
  }
  const { out, err } = await new Promise<{ out: string; err: string }>((resolve) => {
    const args = [CLI, 'try', file, '--label', table.label, '--once', '--json', '--packaged'];
    execFile(process.execPath, args, { cwd: folder, timeout: LONGEST_MS }, (_, stdout, stderr) =>
      resolve({ out: stdout, err: stderr }),
    );
  });
  const said = answerSchema.safeParse(out.startsWith('{') ? JSON.parse(out) : undefined);
  if (!said.success) {
    console.error(`${table.name}: ${out}${err}`);
    return { works: false, cells: [...about, 'no answer', '', '', '', 'no', ''] };
  }
  const { problem, decision, approved, reasons, end, rows, metric, figures, trivial, served, seconds } = said.data;
  const held = reasons.map(({ code }) => code).filter((code) => HOLDS.includes(code));
  const outcome =
    decision === null ? `none: ${end?.reason ?? ''}` : approved ? `held (${held.join(', ')}), approved` : decision;
  return {
    works: served && problem === table.problem,
    cells: [
      ...about,
      problem === table.problem ? problem : `${problem}, not ${table.problem}`,
      String(rows ?? '-'),
      metric === null ? '-' : `${metric} ${figure(figures?.[metric])} (${figure(trivial?.[metric])})`,
      outcome,
      served ? 'yes' : 'no',
      seconds.toFixed(0),
    ],
  };
}

const HEAD = [
  'table',
  'from; licence',
  'label',
  'problem found',
  'gate rows',
  'figure (a guess)',
  'decision',
  'served',
  's',
];

/** Prints a line per table, as Markdown. */
export const run = async (): Promise<void> => {
  if (packagingReason() !== undefined) await packageService();
  const folder = await mkdtemp(join(tmpdir(), 'try-tables-'));
  try {
    console.log(`| ${HEAD.join(' | ')} |\n|${HEAD.map(() => '---').join('|')}|`);
    let works = 0;
    for (const table of PUBLIC_TABLES) {
      const { works: did, cells } = await tried(table, folder);
      if (did) works += 1;
      console.log(`| ${cells.join(' | ')} |`);
    }
    console.log(`\n${works} of ${PUBLIC_TABLES.length} were served, with the problem found that was meant.`);
    if (works < PUBLIC_TABLES.length - 1) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

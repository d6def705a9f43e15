/**
 * Reading a delivery of data as `validate-data` does, scan, types, profile, rules and typed copy together, from CSV, gzip,
 * JSON Lines and Parquet; beside `cat`, `wc -l`, the engine's bare casts of all columns, and those who read and check data
 * in Python, where they are installed. Each run is a process of its own; runs are interleaved, so that a busy machine slows
 * all alike, and the median counts.
 *
 * `--threads` is the engine's, in the casts too; JavaScript has a thread of its own beside them.
 *
 * `npm run bench -- data [--rows N] [--runs N] [--threads N] [--peers pandas,…] [--write]`; `--write` makes
 * docs/data-speed.md. Evidently is asked for by name, with fewer rows: it takes minutes for 200,000.
 */
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import * as z from 'zod';

import { openEngine } from '../shared/data/engine.ts';
import { COLUMNS, FILES, type FileKind, writeFiles } from './data-files.ts';
import { coldStart, oneRecord } from './data-functions.ts';

const PEERS = ['pandas', 'pandera', 'great_expectations', 'evidently'];
const READING = new URL('./data-reading.ts', import.meta.url);
const CASTING = new URL('./data-casting.ts', import.meta.url);
const SCRIPT = fileURLToPath(new URL('./data_peers.py', import.meta.url));

const measured = z.object({
  seconds: z.number(),
  cpuSeconds: z.number().optional(),
  peakMiB: z.number().optional(),
  failed: z.union([z.number(), z.array(z.string())]).optional(),
  version: z.string().optional(),
});
type Measured = z.infer<typeof measured>;

interface Contender {
  readonly name: string;
  readonly bytes: number;
  readonly measure: () => Promise<Measured> | Measured;
}

/** With what options of Node.js the function reads; they decide how much of its memory is garbage. */
function nodeOptions(): string {
  const functionYml = new URL('../functions/validate-data/function.yml', import.meta.url);
  const settings = z.object({ validateData: z.object({ environment: z.object({ NODE_OPTIONS: z.string() }) }) });
  // The tags of CloudFormation mean nothing here.
  const { validateData } = settings.parse(parse(readFileSync(functionYml, 'utf8'), { logLevel: 'silent' }));
  return validateData.environment.NODE_OPTIONS;
}

async function forked(script: URL, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Measured> {
  const child = fork(fileURLToPath(script), [...args], { env: { ...process.env, ...env } });
  const [[message]] = await Promise.all([once(child, 'message'), once(child, 'exit')]);
  return measured.parse(message);
}

function command(name: string, args: readonly string[]): Measured {
  const started = performance.now();
  const { status } = spawnSync(name, [...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`${name} ended with ${status}`);
  return { seconds: (performance.now() - started) / 1000 };
}

function peerRun(peer: string, path: string): Measured {
  const { status, stdout, stderr } = spawnSync('python3', [SCRIPT, peer, path], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`${peer} could not measure: ${stderr.slice(-2000)}`);
  return measured.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
}

const isInstalled = (peer: string): boolean =>
  spawnSync('python3', ['-c', `import pandas, ${peer}${peer === 'pandas' ? ', sklearn' : ''}`], { stdio: 'ignore' })
    .status === 0;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const OURS = 'millrace, CSV';
const castsWith = (threads: number): string => `DuckDB, count(try_cast) of all columns, ${threadsOf(threads)}`;
const threadsOf = (threads: number): string => (threads === 1 ? '1 thread' : `${threads} threads`);

/** As many threads as ours has, and as many as there are cores. */
const enginesOf = (threads: number): number[] => [...new Set([threads, cpus().length])];

const casts = (path: string, bytes: number, threads: number): Contender => ({
  name: castsWith(threads),
  bytes,
  measure: () => forked(CASTING, [path, String(threads)]),
});

/** @throws RangeError for one that is not known. */
function peersOf(named: string): string[] {
  const peers = named.split(',').filter((peer) => peer !== 'no');
  for (const peer of peers)
    if (!PEERS.includes(peer)) throw new RangeError(`--peers ${peer}: one of ${PEERS.join(', ')}, or no`);
  return peers;
}

function contenders(folder: string, threads: number, peers: readonly string[]): Contender[] {
  const path = (kind: FileKind): string => join(folder, FILES[kind]);
  const bytes = statSync(path('csv')).size;
  const asFunction = { NODE_OPTIONS: nodeOptions() };
  const ours = (name: string, kind: FileKind): Contender => ({
    name,
    bytes,
    measure: () => forked(READING, [path(kind), String(threads)], asFunction),
  });
  const missing = peers.filter((peer) => !isInstalled(peer));
  for (const peer of missing)
    console.info(`python3 with pandas and ${peer} is not installed: ${peer} is not measured.`);
  return [
    { name: 'cat', bytes, measure: () => command('cat', [path('csv')]) },
    { name: 'wc -l', bytes, measure: () => command('wc', ['-l', path('csv')]) },
    ...enginesOf(threads).map((of) => casts(path('csv'), bytes, of)),
    ours(OURS, 'csv'),
    ours('millrace, the same as gzip', 'csv.gz'),
    ours('millrace, the same as JSON Lines', 'jsonl'),
    ours('millrace, the same as Parquet', 'parquet'),
    ...peers
      .filter((peer) => !missing.includes(peer))
      .map((peer): Contender => ({ name: peer, bytes, measure: () => peerRun(peer, path('csv')) })),
  ];
}

interface Row {
  readonly by: string;
  readonly cells: readonly string[];
}

const HEADINGS = ['seconds', 'CPU s', 'MB/s of the CSV', 'peak MiB', 'times ours'];

function rowsOf(all: readonly Contender[], runs: ReadonlyMap<string, readonly Measured[]>): Row[] {
  const seconds = (name: string): number => median((runs.get(name) ?? []).map((run) => run.seconds));
  return all.map(({ name, bytes }) => {
    const of = runs.get(name) ?? [];
    const cpu = of.flatMap(({ cpuSeconds }) => cpuSeconds ?? []);
    const peak = of.flatMap(({ peakMiB }) => peakMiB ?? []);
    const version = of[0]?.version;
    return {
      by: version === undefined ? name : `${name} ${version}`,
      cells: [
        seconds(name).toFixed(2),
        cpu.length === 0 ? '' : median(cpu).toFixed(2),
        (bytes / 1e6 / seconds(name)).toFixed(1),
        peak.length === 0 ? '' : Math.max(...peak).toFixed(0),
        (seconds(name) / seconds(OURS)).toFixed(2),
      ],
    };
  });
}

const markdown = (rows: readonly Row[]): string =>
  [
    `| | ${HEADINGS.join(' | ')} |`,
    `|---|${HEADINGS.map(() => '---:').join('|')}|`,
    ...rows.map(({ by, cells }) => `| ${by} | ${cells.join(' | ')} |`),
  ].join('\n');

/** Prints the tables, and writes them when asked. */
export async function run(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      rows: { type: 'string', default: '6000000' },
      runs: { type: 'string', default: '5' },
      threads: { type: 'string', default: '1' },
      peers: { type: 'string', default: 'pandas,pandera,great_expectations' },
      write: { type: 'boolean', default: false },
    },
  });
  const [rows, runs, threads] = [Number(values.rows), Number(values.runs), Number(values.threads)];
  const peers = peersOf(values.peers);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-data-'));
  try {
    const engine = await openEngine({ memoryLimitMb: 1024, tempDirectory: folder, threads: 2 });
    await writeFiles(engine, folder, rows);
    engine.close();
    const all = contenders(folder, threads, peers);
    const found = new Map<string, Measured[]>(all.map(({ name }) => [name, []]));
    for (let at = 0; at < runs; at += 1) {
      for (const { name, measure } of all) found.get(name)?.push(await measure());
    }
    for (const [name, [first]] of found) {
      const failed = first?.failed;
      if (Array.isArray(failed) ? failed.length > 0 : (failed ?? 0) > 0) {
        console.info(`${name} finds that checks fail: ${String(failed)}`);
      }
    }
    const table = rowsOf(all, found);
    const sizes = Object.entries(FILES).map(
      ([kind, name]) => `${kind} ${(statSync(join(folder, name)).size / 1e6).toFixed(0)} MB`,
    );
    const seconds = (name: string): number => median((found.get(name) ?? []).map((each) => each.seconds));
    const cpuSeconds = (name: string): number =>
      median((found.get(name) ?? []).flatMap(({ cpuSeconds: own }) => own ?? []));
    const ratio = (of: number, measure: (name: string) => number): string =>
      (measure(castsWith(of)) / measure(OURS)).toFixed(2);
    const text = [
      `${rows.toLocaleString('en-US')} rows of ${Object.keys(COLUMNS).length} mixed columns (${sizes.join(', ')}); median of ${runs} interleaved runs, ours with ${threadsOf(threads)} of the engine beside its own, as validate-data has it, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}).`,
      markdown(table),
      enginesOf(threads)
        .map(
          (of) =>
            `${ratio(of, seconds)} of the speed of bare casts with ${threadsOf(of)}, ${ratio(of, cpuSeconds)} by CPU seconds`,
        )
        .join('; ')
        .concat(': reading, types, profile, rules and typed copy.'),
      await oneRecord(),
      await coldStart(folder),
    ].join('\n\n');
    console.info(text);
    if (values.write) {
      const head =
        '# How fast data is read\n\nMade by `npm run bench -- data --write`. What is measured, and what each peer does, is said in bench/data.ts and bench/data_peers.py.';
      writeFileSync(new URL('../docs/data-speed.md', import.meta.url), `${head}\n\n${text}\n`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

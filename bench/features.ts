/**
 * Three million flights, read from Parquet and made features of by the compiled expressions; beside DuckDB doing the same
 * SQL itself, on one thread of the same process. Seconds are the processor's, the median of interleaved runs.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { countCategories } from '../shared/data/dictionary.ts';
import { type Engine, identifier, literal, openEngine } from '../shared/data/engine.ts';
import { compile } from '../shared/features/compile.ts';
import { columnsRead } from '../shared/features/expression.ts';
import { parseExpression } from '../shared/features/parse.ts';

const RUNS = 5;
const BATCH_ROWS = 16_384;
const TYPES = {
  date: 'timestamp',
  delay: 'integer',
  distance: 'integer',
  origin: 'string',
  destination: 'string',
} as const;

interface Case {
  readonly name: string;
  readonly features: readonly string[];
  /** Each feature's values are counted, as those of categories are; else they are made and no more. */
  readonly isCounted: boolean;
}

const CASES: readonly Case[] = [
  { name: 'two numbers', features: ['hour(date)', 'distance'], isCounted: false },
  {
    name: 'six numbers',
    features: [
      'hour(date)',
      'dayofweek(date)',
      'distance / 100.0',
      'CASE WHEN distance > 1500 THEN 1 ELSE 0 END',
      'ln(distance + 1)',
      'sin(2 * pi() * hour(date) / 24)',
    ],
    isCounted: false,
  },
  { name: 'two texts, counted', features: ['origin', 'destination'], isCounted: true },
  {
    name: 'two made texts, counted',
    features: ["origin || '-' || destination", "lower(coalesce(origin, ''))"],
    isCounted: true,
  },
];

/** Processor seconds of something, and what it gives. */
async function timed(work: () => Promise<number>): Promise<{ seconds: number; rows: number }> {
  const before = process.cpuUsage();
  const rows = await work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (user + system) / 1e6, rows };
}

/** By the product's own reader, compiled expressions and counting of categories. */
async function ours(engine: Engine, path: string, { features, isCounted }: Case): Promise<number> {
  const trees = features.map(parseExpression);
  const evaluate = compile(trees, TYPES);
  const columns = [...new Set(trees.flatMap(columnsRead))].map(identifier).join(', ');
  const counts = features.map(() => new Map<string, number>());
  let rows = 0;
  for await (const batch of engine.columns(`SELECT ${columns} FROM ${literal(path)}`, BATCH_ROWS)) {
    rows += batch.rows;
    for (const [at, values] of evaluate(batch).entries()) {
      const into = counts[at];
      if (isCounted && into !== undefined) countCategories(into, values, batch.rows);
    }
  }
  return rows;
}

/** The same SQL by DuckDB: values added up, or grouped where they are counted. */
async function byDuckDb(engine: Engine, path: string, { features, isCounted }: Case): Promise<number> {
  if (!isCounted) {
    const sums = features.map((sql, at) => `sum(${sql}) AS s${at}`).join(', ');
    const [row] = await engine.query(`SELECT count(*) AS n, ${sums} FROM ${literal(path)}`);
    return Number(row?.n);
  }
  let rows = 0;
  for (const sql of features) {
    const found = await engine.query(
      `SELECT sum(n)::BIGINT AS n FROM (SELECT ${sql} AS v, count(*) AS n FROM ${literal(path)} GROUP BY v)`,
    );
    rows = Number(found[0]?.n);
  }
  return rows;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Runs the benchmark and prints its table. */
export async function run(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-features-'));
  const engine = await openEngine({ memoryLimitMb: 400, tempDirectory: directory });
  try {
    const source = fileURLToPath(new URL('../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url));
    const path = join(directory, 'flights.parquet');
    await engine.copyToParquet(`SELECT * FROM ${literal(source)}`, path);
    console.info('| features of 3,000,000 rows | CPU s | million values a CPU second | DuckDB, CPU s | ratio |');
    console.info('|---|---|---|---|---|');
    for (const each of CASES) {
      const [mine, theirs]: [number[], number[]] = [[], []];
      for (let run = 0; run < RUNS; run += 1) {
        const one = await timed(() => ours(engine, path, each));
        const other = await timed(() => byDuckDb(engine, path, each));
        if (one.rows !== other.rows) throw new Error(`${one.rows} rows here, ${other.rows} by DuckDB`);
        mine.push(one.seconds);
        theirs.push(other.seconds);
      }
      const [seconds, peer] = [median(mine), median(theirs)];
      const values = (3_000_000 * each.features.length) / seconds / 1e6;
      console.info(
        `| ${each.name} | ${seconds.toFixed(2)} | ${values.toFixed(1)} | ${peer.toFixed(2)} | ${(seconds / peer).toFixed(1)} |`,
      );
    }
    console.info(`\npeak memory of the process ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`);
  } finally {
    engine.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

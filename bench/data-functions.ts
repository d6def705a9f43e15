/** What waits on data: one record through `predict`, and the start of `validate-data`. */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { predict } from '../functions/predict/predict.ts';
import { bundle } from '../scripts/bundle.ts';
import { runInputSchema } from '../shared/data/run-input.ts';
import { championSchema } from '../shared/ledger/facts.ts';
import { keys } from '../shared/ledger/keys.ts';
import { ledgerOn } from '../shared/ledger/ledger.ts';
import { memoryObjectStore } from '../shared/ledger/memory-object-store.ts';
import { CHAMPION, INPUT } from './capture-window.ts';

const WARM_UP = 2000;
const ASKED = 5000;

const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;

/** One record of twenty features through the whole of predict, with an endpoint that answers at once. */
export async function oneRecord(): Promise<string> {
  const ledger = ledgerOn(memoryObjectStore());
  await ledger.record(championSchema, keys.champion(CHAMPION.model), CHAMPION);
  await ledger.record(runInputSchema, keys.runInput(CHAMPION.model, CHAMPION.run), INPUT);
  const answer = predict({
    ledger,
    sageMaker: { invoke: async () => '0.25' },
    capture: async () => undefined,
    index: async () => undefined,
  });
  const body = JSON.stringify(
    Object.fromEntries(INPUT.inputColumns.map((name, at) => [name, name.startsWith('c') ? 'bee' : at + 0.5])),
  );
  const took: number[] = [];
  for (let at = 0; at < WARM_UP + ASKED; at += 1) {
    const started = performance.now();
    const { status } = await answer({
      method: 'POST',
      path: CHAMPION.model,
      body,
      now: new Date('2001-01-25T10:15:00Z'),
      requestId: String(at),
    });
    if (status !== 200) throw new Error(`predict answered ${status}`);
    if (at >= WARM_UP) took.push(performance.now() - started);
  }
  const ms = (share: number): string => quantile(took, share).toFixed(3);
  return `One record of ${INPUT.features.length} features through predict's checks, features and encoding, warm: median ${ms(0.5)} ms, 99 % within ${ms(0.99)} ms.`;
}

const STARTS = 7;

/** The bundle of validate-data, and what a process takes until its handler is there; and until the engine is open. */
export async function coldStart(folder: string): Promise<string> {
  const into = join(folder, 'validate-data');
  await bundle('validate-data', into);
  const file = join(into, 'index.js');
  const env = {
    ...process.env,
    AWS_REGION: 'us-east-1',
    STEP: 'validate-data',
    STORE_BUCKET: 'store',
    DATA_BUCKET: 'data',
    BUS_NAME: 'bus',
    STAGE: 'dev',
    PART_QUEUE_URL: 'http://127.0.0.1/queue',
    MAX_DATASET_BYTES: '1',
    SIDE_BY_SIDE_BYTES: '1',
    READ_BYTES_PER_SECOND: '1',
    RESERVE_SECONDS: '1',
    MAX_COLUMNS: '1',
    ENGINE_MEMORY_MB: '300',
    NODE_PATH: resolve('node_modules'),
  };
  const started = (script: string): number => {
    const times = Array.from({ length: STARTS }, () => {
      const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', script], { env, encoding: 'utf8' });
      if (status !== 0) throw new Error(`the bundle does not start: ${stderr.slice(-1000)}`);
      return Number(stdout.trim());
    });
    return quantile(times, 0.5);
  };
  const load = `const t = performance.now(); require(${JSON.stringify(file)});`;
  const said = 'console.log(performance.now() - t);';
  const handler = started(`${load} ${said}`);
  const engine = started(
    `${load} (async () => { const { DuckDBInstance } = require('@duckdb/node-api'); await (await DuckDBInstance.create(':memory:')).connect(); ${said} process.exit(0); })();`,
  );
  return `The bundle of validate-data has ${(statSync(file).size / 1024).toFixed(0)} KiB; a new process has its handler after ${handler.toFixed(0)} ms and the engine open after ${engine.toFixed(0)} ms (median of ${STARTS}; Lambda's own start is not in it, nor the layer's loading).`;
}

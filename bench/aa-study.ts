/**
 * How often the gate would promote a candidate that is no better (worse by the margin): hundreds of pairs of models
 * trained by one recipe on different days of real flights, judged on days neither has seen, held against what is true
 * of the two on the rest of half a year. `docs/false-promotions.md` tells of it.
 *
 * `--quick`: 20 pairs. `--pairs N`: so many. `--apart`: champion and candidate learn from unrelated seasons.
 */
import { parseArgs } from 'node:util';

import type { Blocks } from './aa-study/draws.ts';
import { readFlights } from './aa-study/flights.ts';
import { type Judgement, replicate } from './aa-study/replication.ts';
import { report } from './aa-study/report.ts';

const PAIRS = 300;
const QUICK = 20;

/** Judgements of pairs 1 to `pairs`, each from its own seed. */
export async function study(pairs: number, blocks: Blocks, heard: (pair: number) => void): Promise<Judgement[]> {
  const flights = await readFlights();
  const judgements: Judgement[] = [];
  for (let pair = 1; pair <= pairs; pair += 1) {
    // One by one: hundreds of thousands of arguments are more than a call takes.
    for (const judgement of replicate(flights, pair, blocks)) judgements.push(judgement);
    heard(pair);
  }
  return judgements;
}

/** Runs the study and prints its tables in Markdown. */
export const run = async (args: readonly string[] = process.argv.slice(3)): Promise<void> => {
  const { values } = parseArgs({
    args: [...args],
    options: { quick: { type: 'boolean' }, pairs: { type: 'string' }, apart: { type: 'boolean' } },
  });
  const pairs = values.pairs === undefined ? (values.quick ? QUICK : PAIRS) : Number(values.pairs);
  if (!Number.isInteger(pairs) || pairs < 2)
    throw new RangeError(`--pairs ${values.pairs}: at least 2 pairs are needed`);
  const blocks: Blocks = values.apart ? 'apart' : 'beside';
  const started = performance.now();
  const judgements = await study(pairs, blocks, (pair) => {
    if (pair % 20 !== 0) return;
    console.error(`${pair} of ${pairs} pairs, ${Math.round((performance.now() - started) / 1000)} s`);
  });
  console.info(report(judgements));
};

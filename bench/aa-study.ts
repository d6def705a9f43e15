/**
 * How often the gate would promote a candidate that is no better (worse by the margin): hundreds of pairs of models
 * trained by one recipe on different days of real flights, judged on days neither has seen, held against what is true
 * of the two on the rest of half a year. `docs/false-promotions.md` tells of it.
 *
 * `--quick`: 20 pairs. `--pairs N`: so many. `--from N`: the first of them. `--apart`: champion and candidate learn from unrelated seasons.
 */
import { parseArgs } from 'node:util';

import type { Blocks } from './aa-study/draws.ts';
import { readFlights } from './aa-study/flights.ts';
import { type Judgement, replicate } from './aa-study/replication.ts';
import { report } from './aa-study/report.ts';

const PAIRS = 500;
const QUICK = 20;

/** The gate's rule was chosen by a look at these: what they say of it is told apart from what the others say. */
const LOOKED_AT = 300;

/** Judgements of so many pairs, each from its own seed. */
export async function study(
  first: number,
  pairs: number,
  blocks: Blocks,
  heard: (done: number) => void,
): Promise<Judgement[]> {
  const flights = await readFlights();
  const judgements: Judgement[] = [];
  for (let done = 0; done < pairs; done += 1) {
    // One by one: hundreds of thousands of arguments are more than a call takes.
    for (const judgement of replicate(flights, first + done, blocks)) judgements.push(judgement);
    heard(done + 1);
  }
  return judgements;
}

/** Runs the study and prints its tables in Markdown. */
export const run = async (args: readonly string[] = process.argv.slice(3)): Promise<void> => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean' },
      pairs: { type: 'string' },
      from: { type: 'string' },
      apart: { type: 'boolean' },
    },
  });
  const pairs = values.pairs === undefined ? (values.quick ? QUICK : PAIRS) : Number(values.pairs);
  if (!Number.isInteger(pairs) || pairs < 2)
    throw new RangeError(`--pairs ${values.pairs}: at least 2 pairs are needed`);
  const first = values.from === undefined ? 1 : Number(values.from);
  if (!Number.isInteger(first) || first < 1) throw new RangeError(`--from ${values.from}: pairs are counted from 1`);
  const blocks: Blocks = values.apart ? 'apart' : 'beside';
  const started = performance.now();
  const judgements = await study(first, pairs, blocks, (done) => {
    if (done % 20 !== 0) return;
    console.error(`${done} of ${pairs} pairs, ${Math.round((performance.now() - started) / 1000)} s`);
  });
  console.info(report(judgements, LOOKED_AT));
};

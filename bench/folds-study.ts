/**
 * How often the gate would promote by mistake where few rows are judged in folds: pairs of models trained by one recipe
 * on a few hundred real flights, judged each row by a model that never saw it, held against what is true of the two
 * models that would serve on three million flights. `docs/false-promotions.md` tells of it.
 *
 * `--quick`: 5 pairs. `--pairs N`: so many. `--from N`: the first of them.
 */
import { parseArgs } from 'node:util';

import { readDelays } from './aa-study/flights.ts';
import { type Judgement, replicate, SETTINGS } from './folds-study/replication.ts';
import { report } from './folds-study/tables.ts';
import { referenceOf } from './folds-study/truth.ts';

const PAIRS = 68;
const QUICK = 5;

/** The gate's rule was chosen after a look at these. */
const LOOKED_AT = 20;

/** Runs the study and prints its tables in Markdown. */
export const run = async (args: readonly string[] = process.argv.slice(3)): Promise<void> => {
  const { values } = parseArgs({
    args: [...args],
    options: { quick: { type: 'boolean' }, pairs: { type: 'string' }, from: { type: 'string' } },
  });
  const pairs = values.pairs === undefined ? (values.quick ? QUICK : PAIRS) : Number(values.pairs);
  if (!Number.isInteger(pairs) || pairs < 1) throw new RangeError(`--pairs ${values.pairs}: at least 1 pair is needed`);
  const first = values.from === undefined ? 1 : Number(values.from);
  if (!Number.isInteger(first) || first < 1) throw new RangeError(`--from ${values.from}: pairs are counted from 1`);
  const started = process.cpuUsage();
  const flights = await readDelays();
  const reference = referenceOf(flights);
  const judgements: Judgement[] = [];
  for (let done = 0; done < pairs; done += 1) {
    for (const setting of SETTINGS) judgements.push(...replicate(flights, reference, first + done, setting));
    if ((done + 1) % 20 !== 0) continue;
    const { user, system } = process.cpuUsage(started);
    console.error(`${done + 1} of ${pairs} pairs, ${Math.round((user + system) / 1e6)} CPU seconds`);
  }
  console.info(report(judgements, LOOKED_AT));
};

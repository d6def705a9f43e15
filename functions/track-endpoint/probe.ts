import { createInterface } from 'node:readline';
import { NotFoundError, RefusedError } from '../../shared/errors.ts';
import { goldenSchema } from '../../shared/evaluation/golden.ts';
import { type Deployment, preparedSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { predictionsIn } from '../../shared/sagemaker/answers.ts';
import type { SageMakerApi } from '../../shared/sagemaker/resources.ts';

/** Asks the endpoint of a rollout with the golden rows of its run. */
export type Probe = (deployment: Deployment) => Promise<{ ok: boolean; reason: string }>;

/** Scores pass through decimal text and float32: equal to about seven digits. */
const TOLERANCE = 1e-5;

/** The lines of a text object at these places (the first is 0). */
const linesAt = async (store: ObjectStore, key: string, places: ReadonlySet<number>): Promise<Map<number, string>> => {
  const { body } = await store.open(key);
  const found = new Map<number, string>();
  let place = 0;
  for await (const line of createInterface({ input: body, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (places.has(place)) found.set(place, line);
    place += 1;
    if (found.size === places.size) break;
  }
  body.destroy();
  return found;
};

/**
 * Every answer must be what batch transform said of the same row. The inference id begins `probe-`, so that what is
 * captured of it stays out of windows.
 */
export const goldenProbe =
  (ledger: Ledger, store: ObjectStore, sageMaker: SageMakerApi): Probe =>
  async ({ model, run, n, endpointName }) => {
    const [golden, { splits }] = await Promise.all([
      ledger.read(goldenSchema, keys.golden(model, run)),
      ledger.read(preparedSchema, keys.prepared(model, run)),
    ]);
    const lines: string[] = [];
    const expected: number[] = [];
    for (const [index, part] of splits.gate.parts.entries()) {
      const rows = golden.rows.filter((row) => row.part === index);
      if (rows.length === 0) continue;
      const found = await linesAt(store, part.dataKey, new Set(rows.map((row) => row.ordinal)));
      for (const row of rows) {
        const line = found.get(row.ordinal);
        if (line === undefined) throw new NotFoundError(`${part.dataKey} has no row ${row.ordinal}`);
        lines.push(line);
        expected.push(row.candidate);
      }
    }
    // Nothing to ask with is nothing shown: a rollout is believed for answers, not for the lack of questions.
    if (lines.length === 0) return { ok: false, reason: 'the run has no golden rows to ask the endpoint with' };
    let answer: string;
    try {
      answer = await sageMaker.invoke(endpointName, lines.join('\n'), `probe-${run}-${n}`);
    } catch (error) {
      // An endpoint that is in service and refuses has a model that does not work.
      if (!(error instanceof RefusedError)) throw error;
      return { ok: false, reason: `the endpoint does not answer the golden rows: ${error.message}` };
    }
    const scores = predictionsIn(answer);
    if (scores.length !== expected.length) {
      return { ok: false, reason: `the endpoint gave ${scores.length} answers to ${expected.length} golden rows` };
    }
    const wrong = scores.filter((score, i) => {
      const want = expected[i] ?? Number.NaN;
      return !(Math.abs(score - want) <= TOLERANCE * Math.max(1, Math.abs(want)));
    });
    return wrong.length === 0
      ? { ok: true, reason: `the endpoint answered ${expected.length} golden rows as the candidate did` }
      : {
          ok: false,
          reason: `${wrong.length} of ${expected.length} golden rows were not answered as the candidate did`,
        };
  };

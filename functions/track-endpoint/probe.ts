import { runInputSchema } from '../../shared/data/run-input.ts';
import { RefusedError } from '../../shared/errors.ts';
import type { Deployment } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { wrongRows } from '../../shared/rollout/golden-answers.ts';
import { predictionsIn } from '../../shared/sagemaker/answers.ts';
import type { SageMakerApi } from '../../shared/sagemaker/resources.ts';
import { goldenLines } from './golden-lines.ts';

/** Asks the endpoint of a rollout something, and says whether its answer is good enough. */
export type Probe = (deployment: Deployment) => Promise<{ ok: boolean; reason: string }>;

/** One probe after another, as long as they are content; what all of them found. */
export const inTurn =
  (...probes: readonly Probe[]): Probe =>
  async (deployment) => {
    const reasons: string[] = [];
    for (const probe of probes) {
      const { ok, reason } = await probe(deployment);
      if (!ok) return { ok, reason };
      if (reason !== '') reasons.push(reason);
    }
    return { ok: true, reason: reasons.join('; ') };
  };

/**
 * Every answer must be what batch transform said of the same row, of several classes for each of them. The inference id
 * begins `probe-`, so that what is captured of it stays out of windows.
 */
export const goldenProbe =
  (ledger: Ledger, store: ObjectStore, sageMaker: Pick<SageMakerApi, 'invoke'>): Probe =>
  async ({ model, run, n, endpointName }) => {
    const golden = await goldenLines(ledger, store, { model, run });
    // Nothing to ask with is nothing shown: a rollout is believed for answers, not for the lack of questions.
    if (golden.length === 0) return { ok: false, reason: 'the run has no golden rows to ask the endpoint with' };
    // Classes that the gate rows have and the model was not taught come after those it was: it does not answer them.
    const taught = (await ledger.find(runInputSchema, keys.runInput(model, run)))?.classes?.length ?? 1;
    let answer: string;
    try {
      answer = await sageMaker.invoke(endpointName, golden.map(({ line }) => line).join('\n'), `probe-${run}-${n}`);
    } catch (error) {
      // An endpoint that is in service and refuses has a model that does not work.
      if (!(error instanceof RefusedError)) throw error;
      return { ok: false, reason: `the endpoint does not answer the golden rows: ${error.message}` };
    }
    const scores = predictionsIn(answer);
    if (scores.length !== golden.length * taught) {
      const each = taught === 1 ? '' : ` of ${taught} classes each`;
      return { ok: false, reason: `the endpoint gave ${scores.length} answers to ${golden.length} golden rows${each}` };
    }
    const wrong = wrongRows(
      scores,
      golden.map(({ candidate }) => candidate),
      taught,
    );
    return wrong.length === 0
      ? { ok: true, reason: `the endpoint answered ${golden.length} golden rows as the candidate did` }
      : {
          ok: false,
          reason: `${wrong.length} of ${golden.length} golden rows were not answered as the candidate did`,
        };
  };

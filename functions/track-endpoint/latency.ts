import { policyOf } from '../../shared/definition/policy.ts';
import { publishedDefinitionSchema } from '../../shared/definition/published.ts';
import { RefusedError } from '../../shared/errors.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import type { SageMakerApi } from '../../shared/sagemaker/resources.ts';
import { goldenLines } from './golden-lines.ts';
import type { Probe } from './probe.ts';

/** Requests that are timed; the quantile of fewer says little. */
export const TIMED_REQUESTS = 200;

/** Requests before them, which find connections and code cold. */
export const COLD_REQUESTS = 10;

/** So many may take longer than the limit before the 95th percentile (the 190th of 200) does. */
const MAX_SLOW = TIMED_REQUESTS - Math.ceil(0.95 * TIMED_REQUESTS);

const shownMs = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

/**
 * Holds the endpoint against the definition's limit of latency: the 95th percentile of 200 warm requests of one golden row
 * each, one after another, as a caller in the same region sees them. It is measured here and not at the gate, because
 * before the rollout there is no endpoint, and the time of a batch job says nothing about a request. Without a limit
 * nothing is asked.
 *
 * @param elapsedMs a clock that only goes forward.
 */
export const latencyProbe =
  (ledger: Ledger, store: ObjectStore, sageMaker: Pick<SageMakerApi, 'invoke'>, elapsedMs: () => number): Probe =>
  async ({ model, run, n, endpointName, definitionDigest }) => {
    const { definition } = await ledger.read(publishedDefinitionSchema, keys.definition(model, definitionDigest));
    const limit = policyOf(definition).limits.latencyP95Ms;
    if (limit === null) return { ok: true, reason: '' };
    const golden = await goldenLines(ledger, store, { model, run });
    if (golden.length === 0) return { ok: false, reason: 'the run has no golden rows to measure the latency with' };

    const timed = async (i: number): Promise<number> => {
      const before = elapsedMs();
      await sageMaker.invoke(endpointName, golden[i % golden.length]?.line ?? '', `probe-${run}-${n}-${i}`);
      return elapsedMs() - before;
    };
    try {
      const first = await timed(0);
      for (let i = 1; i < COLD_REQUESTS; i += 1) await timed(i);
      const took: number[] = [];
      let slow = 0;
      // More slow ones than there may be cannot become fewer: the rest need not be asked.
      while (took.length < TIMED_REQUESTS && slow <= MAX_SLOW) {
        const ms = await timed(COLD_REQUESTS + took.length);
        took.push(ms);
        if (ms > limit) slow += 1;
      }
      if (slow > MAX_SLOW) {
        const reason = `${slow} of ${took.length} warm requests took longer than ${shownMs(limit)}; ${MAX_SLOW} of ${TIMED_REQUESTS} are allowed to`;
        return { ok: false, reason };
      }
      const p95 = took.sort((a, b) => a - b)[TIMED_REQUESTS - MAX_SLOW - 1] ?? Number.NaN;
      const reason = `95 % of ${TIMED_REQUESTS} warm requests took at most ${shownMs(p95)} (the first of all ${shownMs(first)}); ${shownMs(limit)} are allowed`;
      return { ok: true, reason };
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      return { ok: false, reason: `the endpoint does not answer single golden rows: ${error.message}` };
    }
  };

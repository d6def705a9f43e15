import { isDeepStrictEqual } from 'node:util';

import type { PublishMetrics } from '../../shared/aws/metrics-publisher.ts';
import { runInputSchema } from '../../shared/data/run-input.ts';
import { RefusedError } from '../../shared/errors.ts';
import { type Deployment, deploymentMismatchSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { metricDimensions } from '../../shared/monitoring/watch-alarms.ts';
import { isAnsweredBy, requestsToMeet } from '../../shared/rollout/golden-answers.ts';
import { PROBE_MISMATCH } from '../../shared/rollout/rollback-alarms.ts';
import { predictionsIn } from '../../shared/sagemaker/answers.ts';
import type { SageMakerApi } from '../../shared/sagemaker/resources.ts';
import { sharedGoldenLines } from './golden-lines.ts';

/** What was seen of a rollout that bakes. */
export interface BakeProbed {
  readonly outcome: 'baking' | 'baking_refused' | 'baking_unprobed' | 'mismatch';
}

/** Asks the endpoint of a rollout that bakes. */
export type BakeProbe = (deployment: Deployment, now: Date) => Promise<BakeProbed>;

export interface BakeProbeDeps {
  readonly ledger: Ledger;
  readonly store: ObjectStore;
  readonly sageMaker: Pick<SageMakerApi, 'invoke'>;
  /** Into the namespace of Millrace's metrics. */
  readonly publish: PublishMetrics;
  readonly stage: string;
}

/**
 * Asks an endpoint whose traffic two fleets share with golden rows, as often as it takes to meet the new one, and counts the
 * answers that are neither the old model's nor the new one's: the metric whose alarm makes SageMaker roll back. One request
 * is answered by one fleet, so its rows are all the one's or all the other's. A refusal is not counted here: SageMaker
 * counts it, of the fleet that refused, and its own alarm tells a new model that errs from an old one that does.
 *
 * Where the two models cannot be told what the other would say (another champion since, other classes, no row that both read
 * alike) nothing is asked, and that is said; the endpoint is asked once it serves the new model alone.
 */
export const bakeProbe = ({ ledger, store, sageMaker, publish, stage }: BakeProbeDeps): BakeProbe => {
  /** Numbers in an answer of either model; undefined where they were not taught the same classes. */
  const answersPerRow = async (model: string, run: string, other: string): Promise<number | undefined> => {
    const [mine, theirs] = await Promise.all(
      [run, other].map((of) => ledger.find(runInputSchema, keys.runInput(model, of))),
    );
    return isDeepStrictEqual(mine?.classes, theirs?.classes) ? (mine?.classes?.length ?? 1) : undefined;
  };

  return async (deployment, now) => {
    const { model, run, n, endpointName, replaces, rollout } = deployment;
    if (!rollout || replaces?.endpointName !== endpointName) return { outcome: 'baking_unprobed' };
    const [perRow, golden] = await Promise.all([
      answersPerRow(model, run, replaces.run),
      sharedGoldenLines(ledger, store, { model, run, champion: replaces.run }),
    ]);
    if (perRow === undefined || golden.length === 0) return { outcome: 'baking_unprobed' };

    const body = golden.map(({ line }) => line).join('\n');
    const fresh = golden.map(({ candidate }) => candidate);
    const old = golden.map(({ champion }) => champion);
    const asked = requestsToMeet(rollout.instances / rollout.of);
    let wrong = 0;
    const refusals: string[] = [];
    for (let i = 0; i < asked; i += 1) {
      try {
        const scores = predictionsIn(await sageMaker.invoke(endpointName, body, `probe-${run}-${n}-bake-${i}`));
        if (!isAnsweredBy(scores, fresh, perRow) && !isAnsweredBy(scores, old, perRow)) {
          wrong += 1;
        }
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
        refusals.push(error.message);
      }
    }
    const [refusal] = refusals;
    if (wrong > 0 || refusal !== undefined) {
      await ledger.record(deploymentMismatchSchema, keys.deploymentMismatch(model, n), {
        model,
        n,
        wrong: wrong + refusals.length,
        asked,
        reason: wrong > 0 ? 'answered neither as by the old model nor as by the new one' : `refused: ${refusal}`,
        seenAt: now.toISOString(),
      });
    }
    const dimensions = metricDimensions(stage, model);
    await publish([{ name: PROBE_MISMATCH, value: wrong, unit: 'Count', dimensions, at: now }]);
    return { outcome: wrong > 0 ? 'mismatch' : refusal === undefined ? 'baking' : 'baking_refused' };
  };
};

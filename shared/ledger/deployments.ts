import { type Deployment, deploymentSchema } from './facts.ts';
import { keys } from './keys.ts';
import type { Ledger } from './ledger.ts';

/** One rollout and how far it has come. */
export interface Rollout {
  readonly deployment: Deployment;
  readonly started: boolean;
  readonly ended: boolean;
  /** What it made on SageMaker, and nobody needs, is deleted. */
  readonly cleared: boolean;
}

/** A model's rollouts, oldest first. One listing says which have started and ended. */
export const rolloutsOf = async (ledger: Ledger, model: string): Promise<Rollout[]> => {
  const listed = new Set(await ledger.keys(keys.deployments(model)));
  const numbers = [...listed].map((key) => /\/(\d+)\.json$/.exec(key)?.[1]).filter((n) => n !== undefined);
  const rollouts = await Promise.all(
    numbers.map(async (n) => ({
      deployment: await ledger.read(deploymentSchema, keys.deployment(model, Number(n))),
      started: listed.has(keys.deploymentStarted(model, Number(n))),
      ended: listed.has(keys.deploymentEnd(model, Number(n))),
      cleared: listed.has(keys.deploymentCleared(model, Number(n))),
    })),
  );
  return rollouts.toSorted((a, b) => a.deployment.n - b.deployment.n);
};

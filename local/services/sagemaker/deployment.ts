import type { Timer } from '../../clock.ts';
import type { Context } from './context.ts';
import { type DeploymentConfig, maximumExecutionMs } from './deployment-config.ts';
import { type DeploymentStep, planRollback, planSteps } from './deployment-plan.ts';
import { type Endpoint, type EndpointStatus, type PendingDeployment, plannedCapacities } from './endpoint-state.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { HostingError } from './hosting.ts';
import type { Model } from './models.ts';
import type { RollbackAlarms } from './rollback-alarms.ts';
import { allTo, between } from './traffic.ts';

/** What a deployment needs of who keeps the endpoints. */
export interface DeploymentHost {
  /** The endpoint goes into a status, and tells. */
  enter(endpoint: Endpoint, status: EndpointStatus): void;
  /** Tells "SageMaker Endpoint Deployment State Change". */
  tell(endpoint: Endpoint): void;
  /** Gives back the instances that it holds beyond those of its one fleet. */
  occupy(endpoint: Endpoint): void;
  /** Does something that takes a while, after what is going on now. */
  background(endpoint: Endpoint, what: string, work: () => Promise<void>): void;
  closed(): boolean;
}

/** One UpdateEndpoint. */
export interface Update {
  readonly endpoint: Endpoint;
  readonly pending: PendingDeployment;
  /** The fleet that is in service now. */
  readonly old: Fleet;
  readonly models: ReadonlyMap<string, Model>;
  readonly deployment: DeploymentConfig | undefined;
  readonly alarms: RollbackAlarms;
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error)).slice(0, 1024);

const isWhole = (step: DeploymentStep, share: number) =>
  [...step.variants.values()].every((variant) => variant.share === share);

/** An endpoint's traffic, and the instances both fleets show, as a step wants them. */
const shift = (endpoint: Endpoint, old: Fleet, fresh: Fleet, step: DeploymentStep): void => {
  for (const { config, instanceCount } of old.variants) {
    const runningCount = step.variants.get(config.VariantName)?.oldInstances;
    if (instanceCount !== undefined && runningCount !== undefined) old.scale(config.VariantName, { runningCount });
  }
  for (const { config, instanceCount } of fresh.variants) {
    const runningCount = step.variants.get(config.VariantName)?.newInstances;
    if (instanceCount !== undefined && runningCount !== undefined) fresh.scale(config.VariantName, { runningCount });
  }
  // Fleets with other variants never share traffic: such an update has one step.
  if (isWhole(step, 1)) endpoint.routes = allTo(fresh);
  else if (isWhole(step, 0)) endpoint.routes = allTo(old);
  else endpoint.routes = between(old, fresh, (variant) => step.variants.get(variant)?.share ?? 0);
};

/**
 * Takes an endpoint from one configuration to the next: starts the new fleet, shifts traffic to it in the steps of the
 * DeploymentConfig, watches the alarms while it bakes, and ends with the new configuration, or goes back to the old
 * one.
 *
 * A deployment that fails ends InService on the old configuration; FailureReason is the only other sign, and vanishes
 * with the next update (hashicorp/terraform-provider-aws#48997, documented).
 */
export const startDeployment = (context: Context, host: DeploymentHost, update: Update): void => {
  const { cloud } = context;
  const { endpoint, pending, old, models, deployment, alarms } = update;
  const capacities = plannedCapacities(pending.config, pending.retained, old);
  const steps = planSteps(deployment, capacities);
  const starting = new AbortController();
  let isOver = false;
  let isBaking = false;
  let timer: Timer | undefined;
  let reached: DeploymentStep | undefined;

  const unwatch = alarms.watch((reason) => {
    // "If any of the pre-specified alarms trip during any baking period, then all endpoint traffic rolls back"
    // (deployment-guardrails-blue-green.html, documented).
    if (isBaking) rollBack(reason);
  });
  const longestMs = maximumExecutionMs(deployment);
  const limit =
    longestMs === undefined
      ? undefined
      : // "Exceeding this limit causes a timeout" (MaximumExecutionTimeoutInSeconds of API_RollingUpdatePolicy,
        // documented): that the deployment goes back then is *assumed*. The words of its FailureReason are *assumed*.
        cloud.clock.after(
          longestMs,
          () =>
            rollBack(
              `The deployment was rolled back: it exceeded MaximumExecutionTimeoutInSeconds of ${longestMs / 1000} seconds.`,
            ),
          `time limit of the update of endpoint ${endpoint.name}`,
        );
  const end = () => {
    isOver = true;
    isBaking = false;
    timer?.cancel();
    limit?.cancel();
    unwatch();
    endpoint.stop.signal.removeEventListener('abort', end);
  };
  endpoint.stop.signal.addEventListener('abort', end, { once: true });

  const enterStage = (status: PendingDeployment['stage']['status'], message: (variant: string) => string) => {
    pending.stage = { status, message, startMs: cloud.clock.ms() };
    host.tell(endpoint);
  };

  const returnToService = () => {
    for (const { config, instanceCount } of old.variants)
      old.scale(config.VariantName, { runningCount: instanceCount });
    endpoint.routes = allTo(old);
    delete endpoint.pending;
    host.occupy(endpoint);
    host.enter(endpoint, 'InService');
    host.tell(endpoint);
  };

  const rollBack = (reason: string): void => {
    if (isOver || host.closed()) return;
    end();
    starting.abort();
    endpoint.failureReason = reason;
    // API_DescribeEndpoint ties RollingBack to changes of weight and capacity; that a deployment that goes back shows
    // it, too, is *assumed* (hashicorp/terraform-provider-aws#49020 waits for it).
    pending.stage = {
      status: 'Deleting',
      message: () => 'Terminating inference resources for the production variant.',
      startMs: cloud.clock.ms(),
    };
    const fresh = pending.fleet;
    const back = fresh ? planRollback(deployment, capacities, reached) : [];
    host.enter(endpoint, 'RollingBack');
    host.tell(endpoint);
    // "Both the rolling deployment and auto-rollback failed. Your endpoint is in service with a mix of the old and new
    // endpoint configurations" (API_DescribeEndpoint, documented). That a blue/green deployment can end so, and that the
    // traffic stays as it was divided last, is *assumed*.
    if (fresh && cloud.faults.failsRollback?.({ endpoint: endpoint.name, endpointConfig: pending.config.name })) {
      host.background(endpoint, 'failure of the rollback', async () => {
        if (host.closed()) return;
        host.enter(endpoint, 'UpdateRollbackFailed');
        host.tell(endpoint);
      });
      return;
    }
    const goBack = (index: number): void => {
      if (host.closed()) return;
      const step = back[index];
      if (step && fresh) shift(endpoint, old, fresh, step);
      if (step && step.bakeSeconds > 0) {
        const waiting = new AbortController();
        const next = cloud.clock.after(
          step.bakeSeconds * 1000,
          () => {
            waiting.abort();
            goBack(index + 1);
          },
          `rollback of endpoint ${endpoint.name}`,
        );
        endpoint.stop.signal.addEventListener('abort', () => next.cancel(), { once: true, signal: waiting.signal });
        return;
      }
      host.background(endpoint, 'end of the rollback', async () => {
        if (host.closed()) return;
        returnToService();
        await fresh?.drain(endpoint.stop.signal);
      });
    };
    goBack(0);
  };

  const finish = (fresh: Fleet): void => {
    end();
    for (const { config, instanceCount } of fresh.variants) {
      fresh.scale(config.VariantName, { runningCount: instanceCount });
    }
    endpoint.config = fresh.config;
    endpoint.fleet = fresh;
    endpoint.routes = allTo(fresh);
    delete endpoint.pending;
    host.occupy(endpoint);
    host.enter(endpoint, 'InService');
    host.tell(endpoint);
    host.background(endpoint, 'termination of the old fleet', () => old.drain(endpoint.stop.signal));
  };

  const go = (index: number, fresh: Fleet): void => {
    isBaking = false;
    if (isOver || host.closed()) return;
    const step = steps[index];
    if (!step) {
      finish(fresh);
      return;
    }
    const reason = alarms.tripped();
    if (reason !== undefined) {
      rollBack(reason);
      return;
    }
    reached = step;
    shift(endpoint, old, fresh, step);
    // StatusMessage of a canary that bakes follows the sample of automating-sagemaker-with-eventbridge.md (documented).
    // The words of the other stages are *assumed*.
    enterStage('ActivatingTraffic', (variant) => `Turning on traffic on ${step.capacity(variant)}.`);
    if (step.bakeSeconds === 0) {
      go(index + 1, fresh);
      return;
    }
    enterStage(
      'Baking',
      (variant) =>
        `Baking for ${step.bakeSeconds} seconds (${step.wait}) with traffic enabled on ${step.capacity(variant)}.`,
    );
    isBaking = true;
    timer = cloud.clock.after(
      step.bakeSeconds * 1000,
      () => go(index + 1, fresh),
      `baking of endpoint ${endpoint.name}`,
    );
  };

  host.background(endpoint, 'update', async () => {
    if (isOver || host.closed()) return;
    // An alarm that is in ALARM from the start aborts the deployment (deployment-guardrails-configuration.html,
    // documented). That it does so before the new fleet is made is *assumed*.
    const reason = alarms.tripped();
    if (reason !== undefined) {
      rollBack(reason);
      return;
    }
    let fresh: Fleet;
    try {
      fresh = await startFleet(context, {
        endpoint: endpoint.name,
        config: pending.config,
        models,
        retained: pending.retained,
        signal: AbortSignal.any([endpoint.stop.signal, starting.signal]),
      });
    } catch (error) {
      if (host.closed() || isOver) return;
      if (!(error instanceof HostingError)) {
        cloud.log(`update of endpoint ${endpoint.name} failed`, { error: String(error) });
      }
      end();
      // An update whose new fleet does not come up goes from Updating to InService, without RollingBack (*assumed*: no
      // traffic was ever shifted).
      if (!(error instanceof HostingError && error.isSilent)) endpoint.failureReason = reasonOf(error);
      returnToService();
      return;
    }
    // It may have run out of time meanwhile.
    if (host.closed() || isOver) return fresh.stop();
    pending.fleet = fresh;
    for (const { config, instanceCount } of fresh.variants) {
      if (instanceCount !== undefined) fresh.scale(config.VariantName, { runningCount: 0 });
    }
    go(0, fresh);
  });
};

import { ModelRetiredV1 } from '../../events/index.ts';
import type { DashboardsApi } from '../../shared/aws/dashboards.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { CapacityError } from '../../shared/errors.ts';
import { rolloutsOf } from '../../shared/ledger/deployments.ts';
import { championSchema, slotSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { AlarmsApi } from '../../shared/monitoring/alarm.ts';
import { watchAlarmNames } from '../../shared/monitoring/watch-alarms.ts';
import { dashboardName } from '../../shared/rollout/dashboard.ts';
import { rollbackAlarmNames } from '../../shared/rollout/rollback-alarms.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { type SageMakerApi, text } from '../../shared/sagemaker/resources.ts';
import { isDeletable } from '../../shared/sagemaker/serving.ts';

export interface RetireDeps {
  readonly ledger: Ledger;
  readonly sageMaker: SageMakerApi;
  readonly alarms: AlarmsApi;
  readonly dashboards: Pick<DashboardsApi, 'remove'>;
  readonly tell: Tell;
  readonly stage: string;
  readonly patienceMs: number;
}

/** The champion that is to go, by its run, and why. */
export interface RetireRequest {
  readonly model: string;
  readonly run: string;
  readonly reason: string;
}

/**
 * Takes a model out of service: first nobody is sent to its endpoint any more, then endpoint, alarms and dashboard go. Ledger, captured
 * requests, configurations and models stay, so that the model can be put back.
 *
 * @throws CapacityError while a run or a rollout is not over, or the endpoint cannot be deleted yet.
 */
export const retire = ({ ledger, sageMaker, alarms, dashboards, tell, stage, patienceMs }: RetireDeps) => {
  /** What has to be over first; undefined when nothing has. */
  const busyWith = async (model: string): Promise<string | undefined> => {
    const rollout = (await rolloutsOf(ledger, model)).find(({ ended }) => !ended);
    if (rollout) return `rollout ${rollout.deployment.n} of ${model} is not over`;
    const flight = (await ledger.find(slotSchema, keys.slot(model)))?.flight;
    return flight ? `run ${flight.run} of ${model} is not over` : undefined;
  };

  return async ({ data: { model, run, reason }, now, waitingSince }: Woken<RetireRequest>): Promise<Outcome> => {
    const wait = (what: string): Outcome => {
      if (waitingSince && now.getTime() - waitingSince.getTime() >= patienceMs) return { outcome: 'gave_up' };
      throw new CapacityError(what);
    };
    const champion = await ledger.find(championSchema, keys.champion(model));
    if (champion?.run !== run) return { outcome: 'not_in_service' };
    const busy = champion.retired ? undefined : await busyWith(model);
    if (busy !== undefined) return wait(busy);

    const stands = await ledger.point(championSchema, keys.champion(model), (current) =>
      current?.run === run && !current.retired ? { ...current, retired: { at: now.toISOString(), reason } } : undefined,
    );
    if (stands?.run !== run || !stands.retired) return { outcome: 'not_in_service' };
    const { endpointName } = stands;
    const endpoint = await sageMaker.describe('endpoint', endpointName);
    if (endpoint && isDeletable(endpoint)) await sageMaker.deleteEndpoint(endpointName);
    else if (endpoint && text(endpoint, 'EndpointStatus') !== 'Deleting') {
      return wait(`${endpointName} is ${text(endpoint, 'EndpointStatus') ?? 'without a status'}`);
    }
    await alarms.remove([...rollbackAlarmNames(stage, model), ...watchAlarmNames(stage, model)]);
    await dashboards.remove(dashboardName(stage, model));
    await tell(
      ModelRetiredV1,
      `${model}/${stands.n}`,
      { model, run, endpointName, reason: stands.retired.reason },
      { now, correlationId: run },
    );
    return { outcome: 'retired' };
  };
};

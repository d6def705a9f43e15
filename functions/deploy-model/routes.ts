import {
  DeploymentRequestedV1,
  RetireRequestedV1,
  RollbackRequestedV1,
  SageMakerModelPackage,
} from '../../events/index.ts';
import { on, onAws, type Route } from '../../shared/runtime/route.ts';
import { type DeployModelDeps, deployModel } from './deploy-model.ts';
import { putBack } from './put-back.ts';
import { type RetireDeps, retire } from './retire.ts';

/** What wakes `deploy-model`: a version that was approved, and what somebody asks for by name. */
export const deployModelRoutes = (deps: DeployModelDeps & RetireDeps): Route[] => {
  const deploy = deployModel(deps);
  return [
    onAws(SageMakerModelPackage, (woken) => deploy({ ...woken, data: { packageArn: woken.data.arn } })),
    on(DeploymentRequestedV1, deploy),
    on(RollbackRequestedV1, putBack(deps)),
    on(RetireRequestedV1, retire(deps)),
  ];
};

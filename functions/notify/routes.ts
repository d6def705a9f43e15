import {
  CandidateHeldV1,
  CandidateRejectedV1,
  DatasetDeferredV1,
  DatasetRejectedV1,
  DatasetRepeatedV1,
  DeploymentRolledBackV1,
  DriftMeasuredV1,
  LabelsRejectedV1,
  ModelDeployedV1,
  ModelRetiredV1,
  QualityMeasuredV1,
  RetrainingDeclinedV1,
  RunDeclinedV1,
  RunEndedV1,
} from '../../events/index.ts';
import { on, type Route } from '../../shared/runtime/route.ts';
import { notices } from './notice.ts';
import { type NotifyDeps, notify } from './notify.ts';

/** What wakes `notify`: everything a person should hear of. */
export const notifyRoutes = (deps: NotifyDeps): Route[] => {
  const send = notify(deps);
  return [
    on(DatasetRejectedV1, send(notices.datasetRejected)),
    on(DatasetDeferredV1, send(notices.datasetDeferred)),
    on(DatasetRepeatedV1, send(notices.datasetRepeated)),
    on(LabelsRejectedV1, send(notices.labelsRejected)),
    on(RetrainingDeclinedV1, send(notices.retrainingDeclined)),
    on(RunDeclinedV1, send(notices.runDeclined)),
    on(RunEndedV1, send(notices.runEnded)),
    on(CandidateRejectedV1, send(notices.candidateRejected)),
    on(CandidateHeldV1, send(notices.candidateHeld)),
    on(ModelDeployedV1, send(notices.modelDeployed)),
    on(DeploymentRolledBackV1, send(notices.deploymentRolledBack)),
    on(ModelRetiredV1, send(notices.modelRetired)),
    on(DriftMeasuredV1, send(notices.driftNotMeasured)),
    on(QualityMeasuredV1, send(notices.qualityNotMeasured)),
  ];
};

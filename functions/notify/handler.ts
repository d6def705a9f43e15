import {
  CandidateHeldV1,
  CandidateRejectedV1,
  DatasetDeferredV1,
  DatasetRejectedV1,
  DatasetRepeatedV1,
  DeploymentRolledBackV1,
  ModelDeployedV1,
  RunDeclinedV1,
  RunEndedV1,
} from '../../events/index.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { topic } from '../../shared/aws/topic.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { environment } from '../../shared/runtime/environment.ts';
import { eventHandler } from '../../shared/runtime/event-handler.ts';
import { on } from '../../shared/runtime/route.ts';
import { notices } from './notice.ts';
import { notify } from './notify.ts';

const env = environment('STORE_BUCKET', 'TOPIC_ARN');
const send = notify({ ledger: ledgerOn(s3ObjectStore(env.STORE_BUCKET)), send: topic(env.TOPIC_ARN) });

export const handler = eventHandler(
  on(DatasetRejectedV1, send(notices.datasetRejected)),
  on(DatasetDeferredV1, send(notices.datasetDeferred)),
  on(DatasetRepeatedV1, send(notices.datasetRepeated)),
  on(RunDeclinedV1, send(notices.runDeclined)),
  on(RunEndedV1, send(notices.runEnded)),
  on(CandidateRejectedV1, send(notices.candidateRejected)),
  on(CandidateHeldV1, send(notices.candidateHeld)),
  on(ModelDeployedV1, send(notices.modelDeployed)),
  on(DeploymentRolledBackV1, send(notices.deploymentRolledBack)),
);

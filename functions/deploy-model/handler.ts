import { DeploymentRequestedV1, SageMakerModelPackage } from '../../events/index.ts';
import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { queue } from '../../shared/aws/queue.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { sageMakerApi } from '../../shared/aws/sagemaker-api.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { environment } from '../../shared/runtime/environment.ts';
import { queueHandler } from '../../shared/runtime/queue-handler.ts';
import { on, onAws } from '../../shared/runtime/route.ts';
import { deployModel } from './deploy-model.ts';

const env = environment('STORE_BUCKET', 'BUS_NAME', 'STAGE', 'QUEUE_URL', 'PATIENCE_HOURS');
const deploy = deployModel({
  ledger: ledgerOn(s3ObjectStore(env.STORE_BUCKET)),
  sageMaker: sageMakerApi(),
  tell: eventPublisher(env.BUS_NAME),
  stage: env.STAGE,
  storeUri: `s3://${env.STORE_BUCKET}`,
  patienceMs: Number(env.PATIENCE_HOURS) * 3_600_000,
});

export const handler = queueHandler(
  queue(env.QUEUE_URL),
  onAws(SageMakerModelPackage, (woken) => deploy({ ...woken, data: { packageArn: woken.data.arn } })),
  on(DeploymentRequestedV1, deploy),
);

import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { queue } from '../../shared/aws/queue.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { sageMakerApi } from '../../shared/aws/sagemaker-api.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { environment } from '../../shared/runtime/environment.ts';
import { queueHandler } from '../../shared/runtime/queue-handler.ts';
import { launchTrainingRoutes } from './routes.ts';

const env = environment(
  'STORE_BUCKET',
  'BUS_NAME',
  'STAGE',
  'AWS_REGION',
  'QUEUE_URL',
  'SAGEMAKER_ROLE_ARN',
  'PATIENCE_HOURS',
);

export const handler = queueHandler(
  queue(env.QUEUE_URL),
  ...launchTrainingRoutes({
    ledger: ledgerOn(s3ObjectStore(env.STORE_BUCKET)),
    sageMaker: sageMakerApi(),
    tell: eventPublisher(env.BUS_NAME),
    stage: env.STAGE,
    region: env.AWS_REGION,
    storeUri: `s3://${env.STORE_BUCKET}`,
    roleArn: env.SAGEMAKER_ROLE_ARN,
    patienceMs: Number(env.PATIENCE_HOURS) * 3_600_000,
  }),
);

import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { sageMakerApi } from '../../shared/aws/sagemaker-api.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { environment } from '../../shared/runtime/environment.ts';
import { eventHandler } from '../../shared/runtime/event-handler.ts';
import { trackTrainingRoutes } from './routes.ts';

const env = environment('STORE_BUCKET', 'BUS_NAME', 'STAGE', 'AWS_REGION', 'SAGEMAKER_ROLE_ARN');

export const handler = eventHandler(
  ...trackTrainingRoutes({
    ledger: ledgerOn(s3ObjectStore(env.STORE_BUCKET)),
    sageMaker: sageMakerApi(),
    tell: eventPublisher(env.BUS_NAME),
    stage: env.STAGE,
    region: env.AWS_REGION,
    storeUri: `s3://${env.STORE_BUCKET}`,
    roleArn: env.SAGEMAKER_ROLE_ARN,
  }),
);

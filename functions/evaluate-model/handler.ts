import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { sageMakerApi } from '../../shared/aws/sagemaker-api.ts';
import { openEngine } from '../../shared/data/engine.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { environment } from '../../shared/runtime/environment.ts';
import { eventHandler } from '../../shared/runtime/event-handler.ts';
import { evaluateModelRoutes } from './routes.ts';

const env = environment('STORE_BUCKET', 'BUS_NAME', 'STAGE');
const store = s3ObjectStore(env.STORE_BUCKET);

export const handler = eventHandler(
  ...evaluateModelRoutes({
    ledger: ledgerOn(store),
    store,
    openEngine: (tempDirectory) => openEngine({ memoryLimitMb: 1024, tempDirectory }),
    sageMaker: sageMakerApi(),
    tell: eventPublisher(env.BUS_NAME),
    stage: env.STAGE,
  }),
);

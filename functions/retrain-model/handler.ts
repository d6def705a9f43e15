import { alarmsApi } from '../../shared/aws/alarms.ts';
import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { environment } from '../../shared/runtime/environment.ts';
import { eventHandler } from '../../shared/runtime/event-handler.ts';
import { retrainModelRoutes } from './routes.ts';

const env = environment('STORE_BUCKET', 'BUS_NAME', 'STAGE');

export const handler = eventHandler(
  ...retrainModelRoutes({
    ledger: ledgerOn(s3ObjectStore(env.STORE_BUCKET)),
    alarms: alarmsApi(),
    tell: eventPublisher(env.BUS_NAME),
    stage: env.STAGE,
  }),
);

import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { queue } from '../../shared/aws/queue.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { environment } from '../../shared/runtime/environment.ts';
import { queueHandler } from '../../shared/runtime/queue-handler.ts';
import { planRunRoutes } from './routes.ts';

const env = environment('STORE_BUCKET', 'BUS_NAME', 'STAGE', 'QUEUE_URL');

export const handler = queueHandler(
  queue(env.QUEUE_URL),
  ...planRunRoutes({
    ledger: ledgerOn(s3ObjectStore(env.STORE_BUCKET)),
    tell: eventPublisher(env.BUS_NAME),
    stage: env.STAGE,
  }),
);

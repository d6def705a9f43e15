import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { metricsPublisher } from '../../shared/aws/metrics-publisher.ts';
import { queue } from '../../shared/aws/queue.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { METRIC_NAMESPACE } from '../../shared/monitoring/watch-alarms.ts';
import { environment } from '../../shared/runtime/environment.ts';
import { queueHandler } from '../../shared/runtime/queue-handler.ts';
import { detectDriftRoutes } from './routes.ts';

const env = environment('STORE_BUCKET', 'BUS_NAME', 'STAGE', 'QUEUE_URL');
const store = s3ObjectStore(env.STORE_BUCKET);

export const handler = queueHandler(
  queue(env.QUEUE_URL),
  ...detectDriftRoutes({
    ledger: ledgerOn(store),
    store,
    bucket: (name) => s3ObjectStore(name),
    publish: metricsPublisher(METRIC_NAMESPACE),
    tell: eventPublisher(env.BUS_NAME),
    stage: env.STAGE,
  }),
);

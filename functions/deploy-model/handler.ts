import { alarmsApi } from '../../shared/aws/alarms.ts';
import { dashboardsApi } from '../../shared/aws/dashboards.ts';
import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { metricReader } from '../../shared/aws/metric-reader.ts';
import { queue } from '../../shared/aws/queue.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { sageMakerApi } from '../../shared/aws/sagemaker-api.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { environment } from '../../shared/runtime/environment.ts';
import { queueHandler } from '../../shared/runtime/queue-handler.ts';
import { deployModelRoutes } from './routes.ts';

const env = environment('STORE_BUCKET', 'BUS_NAME', 'STAGE', 'QUEUE_URL', 'PATIENCE_HOURS');

export const handler = queueHandler(
  queue(env.QUEUE_URL),
  ...deployModelRoutes({
    ledger: ledgerOn(s3ObjectStore(env.STORE_BUCKET)),
    sageMaker: sageMakerApi(),
    alarms: alarmsApi(),
    dashboards: dashboardsApi(),
    readMetric: metricReader(),
    tell: eventPublisher(env.BUS_NAME),
    stage: env.STAGE,
    storeUri: `s3://${env.STORE_BUCKET}`,
    patienceMs: Number(env.PATIENCE_HOURS) * 3_600_000,
  }),
);

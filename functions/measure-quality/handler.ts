import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { metricsPublisher } from '../../shared/aws/metrics-publisher.ts';
import { queue } from '../../shared/aws/queue.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { stepQueue } from '../../shared/aws/step-queue.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { METRIC_NAMESPACE } from '../../shared/monitoring/watch-alarms.ts';
import { environment } from '../../shared/runtime/environment.ts';
import { queueHandler } from '../../shared/runtime/queue-handler.ts';
import { measureQualityRoutes } from './routes.ts';

const env = environment(
  'STORE_BUCKET',
  'DATA_BUCKET',
  'BUS_NAME',
  'STAGE',
  'QUEUE_URL',
  'MAX_LABEL_BYTES',
  'GATHER_SECONDS',
);
const store = s3ObjectStore(env.STORE_BUCKET);
const send = queue(env.QUEUE_URL);

export const handler = queueHandler(
  send,
  ...measureQualityRoutes({
    ledger: ledgerOn(store),
    store,
    bucket: (name) => s3ObjectStore(name),
    data: s3ObjectStore(env.DATA_BUCKET),
    tell: eventPublisher(env.BUS_NAME),
    ask: stepQueue((body) => send(body, Number(env.GATHER_SECONDS))),
    publish: metricsPublisher(METRIC_NAMESPACE),
    stage: env.STAGE,
    maxLabelBytes: Number(env.MAX_LABEL_BYTES),
  }),
);

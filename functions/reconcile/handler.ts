import { alarmsApi } from '../../shared/aws/alarms.ts';
import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { functionInvoker } from '../../shared/aws/function-invoker.ts';
import { metricsPublisher } from '../../shared/aws/metrics-publisher.ts';
import { queue } from '../../shared/aws/queue.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { sageMakerApi } from '../../shared/aws/sagemaker-api.ts';
import { READ_LIMITS, readLimitsOf } from '../../shared/data/read-limits.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { METRIC_NAMESPACE } from '../../shared/monitoring/watch-alarms.ts';
import { environment } from '../../shared/runtime/environment.ts';
import { scheduleHandler } from '../../shared/runtime/schedule-handler.ts';
import { reconcile } from './reconcile.ts';
import { wakeStep } from './wake-step.ts';

const env = environment(
  'STORE_BUCKET',
  'DATA_BUCKET',
  'BUS_NAME',
  'STAGE',
  'TOPIC_ARN',
  'DEPLOY_QUEUE_URL',
  'QUALITY_QUEUE_URL',
  'STUCK_HOURS',
  ...READ_LIMITS,
  'PATIENCE_HOURS',
);

export const handler = scheduleHandler(
  reconcile({
    ledger: ledgerOn(s3ObjectStore(env.STORE_BUCKET)),
    data: s3ObjectStore(env.DATA_BUCKET),
    dataBucket: env.DATA_BUCKET,
    sageMaker: sageMakerApi(),
    tell: eventPublisher(env.BUS_NAME),
    alarms: alarmsApi(),
    publish: metricsPublisher(METRIC_NAMESPACE),
    stage: env.STAGE,
    pageArns: [env.TOPIC_ARN],
    readLimits: readLimitsOf((name) => env[name]),
    stuckMs: Number(env.STUCK_HOURS) * 3_600_000,
    patienceMs: Number(env.PATIENCE_HOURS) * 3_600_000,
    wake: wakeStep({
      stage: env.STAGE,
      sendToDeploy: queue(env.DEPLOY_QUEUE_URL),
      sendToQuality: queue(env.QUALITY_QUEUE_URL),
      invoke: functionInvoker(),
    }),
  }),
);

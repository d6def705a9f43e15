import { alarmsApi } from '../../shared/aws/alarms.ts';
import { dashboardsApi } from '../../shared/aws/dashboards.ts';
import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { metricsPublisher } from '../../shared/aws/metrics-publisher.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { sageMakerApi } from '../../shared/aws/sagemaker-api.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { METRIC_NAMESPACE } from '../../shared/monitoring/watch-alarms.ts';
import { environment } from '../../shared/runtime/environment.ts';
import { eventHandler } from '../../shared/runtime/event-handler.ts';
import { trackEndpointRoutes } from './routes.ts';

const env = environment('STORE_BUCKET', 'BUS_NAME', 'STAGE', 'TOPIC_ARN', 'AWS_REGION');
const store = s3ObjectStore(env.STORE_BUCKET);

export const handler = eventHandler(
  ...trackEndpointRoutes({
    ledger: ledgerOn(store),
    store,
    sageMaker: sageMakerApi(),
    tell: eventPublisher(env.BUS_NAME),
    stage: env.STAGE,
    elapsed: () => performance.now(),
    alarms: alarmsApi(),
    dashboards: dashboardsApi(),
    region: env.AWS_REGION,
    publish: metricsPublisher(METRIC_NAMESPACE),
    pageArns: [env.TOPIC_ARN],
  }),
);

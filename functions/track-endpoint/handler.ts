import { SageMakerEndpoint } from '../../events/index.ts';
import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { sageMakerApi } from '../../shared/aws/sagemaker-api.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { environment } from '../../shared/runtime/environment.ts';
import { eventHandler } from '../../shared/runtime/event-handler.ts';
import { onAws } from '../../shared/runtime/route.ts';
import { latencyProbe } from './latency.ts';
import { goldenProbe, inTurn } from './probe.ts';
import { trackEndpoint } from './track-endpoint.ts';

const env = environment('STORE_BUCKET', 'BUS_NAME', 'STAGE');
const store = s3ObjectStore(env.STORE_BUCKET);
const ledger = ledgerOn(store);
const sageMaker = sageMakerApi();

export const handler = eventHandler(
  onAws(
    SageMakerEndpoint,
    trackEndpoint({
      ledger,
      sageMaker,
      tell: eventPublisher(env.BUS_NAME),
      stage: env.STAGE,
      probe: inTurn(
        goldenProbe(ledger, store, sageMaker),
        latencyProbe(ledger, store, sageMaker, () => performance.now()),
      ),
    }),
  ),
);

import { SageMakerTransformJob } from '../../events/index.ts';
import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { sageMakerApi } from '../../shared/aws/sagemaker-api.ts';
import { openEngine } from '../../shared/data/engine.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { environment } from '../../shared/runtime/environment.ts';
import { eventHandler } from '../../shared/runtime/event-handler.ts';
import { onAws } from '../../shared/runtime/route.ts';
import { evaluateModel } from './evaluate-model.ts';
import { gateRowsReader } from './read-gate-rows.ts';

const env = environment('STORE_BUCKET', 'BUS_NAME', 'STAGE');
const store = s3ObjectStore(env.STORE_BUCKET);

export const handler = eventHandler(
  onAws(
    SageMakerTransformJob,
    evaluateModel({
      ledger: ledgerOn(store),
      store,
      readGateRows: gateRowsReader(store, (tempDirectory) => openEngine({ memoryLimitMb: 1024, tempDirectory })),
      sageMaker: sageMakerApi(),
      tell: eventPublisher(env.BUS_NAME),
      stage: env.STAGE,
    }),
  ),
);

import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { queue } from '../../shared/aws/queue.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { stepQueue } from '../../shared/aws/step-queue.ts';
import { openEngine } from '../../shared/data/engine.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { environment } from '../../shared/runtime/environment.ts';
import { eventHandler } from '../../shared/runtime/event-handler.ts';
import { validateDataRoutes } from './routes.ts';

const env = environment(
  'STORE_BUCKET',
  'DATA_BUCKET',
  'BUS_NAME',
  'PART_QUEUE_URL',
  'MAX_DATASET_BYTES',
  'SIDE_BY_SIDE_BYTES',
  'READ_BYTES_PER_SECOND',
  'READ_SECONDS',
  'ENGINE_MEMORY_MB',
);
const store = s3ObjectStore(env.STORE_BUCKET);

export const handler = eventHandler(
  ...validateDataRoutes({
    ledger: ledgerOn(store),
    store,
    data: s3ObjectStore(env.DATA_BUCKET),
    tell: eventPublisher(env.BUS_NAME),
    openEngine: (directory) => openEngine({ memoryLimitMb: Number(env.ENGINE_MEMORY_MB), tempDirectory: directory }),
    maxDatasetBytes: Number(env.MAX_DATASET_BYTES),
    pace: { bytesPerSecond: Number(env.READ_BYTES_PER_SECOND), seconds: Number(env.READ_SECONDS) },
    sideBySide: { fromBytes: Number(env.SIDE_BY_SIDE_BYTES), ask: stepQueue(queue(env.PART_QUEUE_URL)) },
  }),
);

import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { queue } from '../../shared/aws/queue.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { openEngine } from '../../shared/data/engine.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { environment } from '../../shared/runtime/environment.ts';
import { queueHandler } from '../../shared/runtime/queue-handler.ts';
import { readPartRoutes } from './routes.ts';

const env = environment(
  'STORE_BUCKET',
  'DATA_BUCKET',
  'BUS_NAME',
  'QUEUE_URL',
  'MAX_DATASET_BYTES',
  'MAX_COLUMNS',
  'RESERVE_SECONDS',
  'ENGINE_MEMORY_MB',
);
const store = s3ObjectStore(env.STORE_BUCKET);

export const handler = queueHandler(
  queue(env.QUEUE_URL),
  ...readPartRoutes({
    ledger: ledgerOn(store),
    store,
    data: s3ObjectStore(env.DATA_BUCKET),
    tell: eventPublisher(env.BUS_NAME),
    openEngine: (directory) => openEngine({ memoryLimitMb: Number(env.ENGINE_MEMORY_MB), tempDirectory: directory }),
    limits: { maxBytes: Number(env.MAX_DATASET_BYTES), maxColumns: Number(env.MAX_COLUMNS) },
    reserveMs: Number(env.RESERVE_SECONDS) * 1000,
  }),
);

import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { openEngine } from '../../shared/data/engine.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { environment } from '../../shared/runtime/environment.ts';
import { eventHandler } from '../../shared/runtime/event-handler.ts';
import { prepareDataRoutes } from './routes.ts';

const env = environment('STORE_BUCKET', 'BUS_NAME', 'ENGINE_MEMORY_MB', 'MAX_RUN_BYTES', 'MAX_PART_BYTES');
const store = s3ObjectStore(env.STORE_BUCKET);

export const handler = eventHandler(
  ...prepareDataRoutes({
    ledger: ledgerOn(store),
    store,
    tell: eventPublisher(env.BUS_NAME),
    openEngine: (directory) => openEngine({ memoryLimitMb: Number(env.ENGINE_MEMORY_MB), tempDirectory: directory }),
    maxRunBytes: Number(env.MAX_RUN_BYTES),
    maxPartBytes: Number(env.MAX_PART_BYTES),
  }),
);

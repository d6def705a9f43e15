import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { queue } from '../../shared/aws/queue.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { stepQueue } from '../../shared/aws/step-queue.ts';
import { openEngine } from '../../shared/data/engine.ts';
import { READ_LIMITS, readLimitsOf } from '../../shared/data/read-limits.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { environment } from '../../shared/runtime/environment.ts';
import { eventHandler } from '../../shared/runtime/event-handler.ts';
import { tellFailure } from '../../shared/runtime/tell-failure.ts';
import { validateDataRoutes } from './routes.ts';

const env = environment(
  'STORE_BUCKET',
  'DATA_BUCKET',
  'BUS_NAME',
  'PART_QUEUE_URL',
  'RESERVE_SECONDS',
  ...READ_LIMITS,
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
    limits: readLimitsOf((name) => env[name]),
    reserveMs: Number(env.RESERVE_SECONDS) * 1000,
    askForPart: stepQueue(queue(env.PART_QUEUE_URL)),
    reportFailed: tellFailure('the report could not be drawn', 'ReportFailed'),
  }),
);

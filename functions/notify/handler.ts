import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { topic } from '../../shared/aws/topic.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { environment } from '../../shared/runtime/environment.ts';
import { eventHandler } from '../../shared/runtime/event-handler.ts';
import { notifyRoutes } from './routes.ts';

const env = environment('STORE_BUCKET', 'TOPIC_ARN');

export const handler = eventHandler(
  ...notifyRoutes({ ledger: ledgerOn(s3ObjectStore(env.STORE_BUCKET)), send: topic(env.TOPIC_ARN) }),
);

import { DatasetAcceptedV1, RetrainingRequestedV1, RunEndedV1, RunRequestedV1 } from '../../events/index.ts';
import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { queue } from '../../shared/aws/queue.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { environment } from '../../shared/runtime/environment.ts';
import { queueHandler } from '../../shared/runtime/queue-handler.ts';
import { on } from '../../shared/runtime/route.ts';
import { planRun } from './plan-run.ts';

const env = environment('STORE_BUCKET', 'BUS_NAME', 'STAGE', 'QUEUE_URL');
const plan = planRun({
  ledger: ledgerOn(s3ObjectStore(env.STORE_BUCKET)),
  tell: eventPublisher(env.BUS_NAME),
  stage: env.STAGE,
});

export const handler = queueHandler(
  queue(env.QUEUE_URL),
  on(DatasetAcceptedV1, (woken) =>
    plan({ ...woken, data: { model: woken.data.model, kind: 'new_data', answer: false } }),
  ),
  on(RunEndedV1, (woken) => plan({ ...woken, data: { model: woken.data.model, kind: 'new_data', answer: false } })),
  on(RunRequestedV1, (woken) => plan({ ...woken, data: { ...woken.data, kind: 'requested', answer: true } })),
  on(RetrainingRequestedV1, (woken) =>
    plan({
      ...woken,
      data: {
        model: woken.data.model,
        kind: 'retraining',
        reason: woken.data.reasons.map((reason) => reason.message).join('; '),
        causes: woken.data.reasons.map((reason) => reason.code),
        answer: true,
      },
    }),
  ),
);

import { ApprovalGivenV1, ModelEvaluatedV1 } from '../../events/index.ts';
import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { sageMakerApi } from '../../shared/aws/sagemaker-api.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { environment } from '../../shared/runtime/environment.ts';
import { eventHandler } from '../../shared/runtime/event-handler.ts';
import { on } from '../../shared/runtime/route.ts';
import { xgboostImage } from '../../shared/sagemaker/images.ts';
import { gateModel } from './gate-model.ts';
import { giveApproval } from './give-approval.ts';

const env = environment('STORE_BUCKET', 'BUS_NAME', 'STAGE', 'AWS_REGION');
const ledger = ledgerOn(s3ObjectStore(env.STORE_BUCKET));
const sageMaker = sageMakerApi();
const tell = eventPublisher(env.BUS_NAME);

export const handler = eventHandler(
  on(
    ModelEvaluatedV1,
    gateModel({
      ledger,
      sageMaker,
      tell,
      stage: env.STAGE,
      storeUri: `s3://${env.STORE_BUCKET}`,
      image: xgboostImage(env.AWS_REGION),
    }),
  ),
  on(ApprovalGivenV1, giveApproval({ ledger, sageMaker, tell })),
);

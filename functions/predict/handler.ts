import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { sageMakerApi } from '../../shared/aws/sagemaker-api.ts';
import { ledgerOn } from '../../shared/ledger/ledger.ts';
import { environment } from '../../shared/runtime/environment.ts';
import { urlHandler } from '../../shared/runtime/url-handler.ts';
import { capturer } from './capture.ts';
import { keyIndexer } from './key-index.ts';
import { predict } from './predict.ts';

const env = environment('STORE_BUCKET');

const store = s3ObjectStore(env.STORE_BUCKET);

export const handler = urlHandler(
  predict({ ledger: ledgerOn(store), sageMaker: sageMakerApi(), capture: capturer(store), index: keyIndexer(store) }),
);

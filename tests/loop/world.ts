/** The packaged stack on a local cloud whose clock stands still, as the tests of the loop use it. */
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { GetQueueAttributesCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';

import { postSigned } from '../../demo/signed-request.ts';
import { type LocalStack, startStack } from '../../demo/stack.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import {
  type Arrival,
  arrivalSchema,
  championSchema,
  type RunEndFact,
  runEndSchema,
  slotSchema,
} from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';

const MODELS = 'tests/fixtures/loop/models';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Retries and what AWS does with a delay fall due within this much of the cloud's time; the next reconcile does not. */
const SOON_MS = 5 * MINUTE_MS;

export interface World {
  readonly cloud: LocalStack['cloud'];
  readonly outputs: LocalStack['outputs'];
  readonly ledger: Ledger;
  readonly store: ObjectStore;
  readonly data: ObjectStore;
  readonly dataBucket: string;
  readonly s3: S3Client;
  readonly events: EventBridgeClient;
  readonly sqs: SQSClient;
  readonly lambda: LambdaClient;
  readonly sageMaker: SageMakerClient;
  /** Waits for quiet, and for what falls due soon. */
  settle(): Promise<void>;
  /** Uploads an object and waits for what follows. @returns Its version. */
  land(key: string, body: string | Uint8Array): Promise<string>;
  /** What became of an upload. */
  arrival(model: string, key: string, versionId: string): Promise<Arrival | undefined>;
  champion(model: string): ReturnType<typeof findChampion>;
  /** How the runs of a model ended, in the order they began; undefined for one that has not. */
  ends(model: string): Promise<(RunEndFact | undefined)[]>;
  /** Runs of a model in the order they began. */
  runs(model: string): Promise<string[]>;
  predict(model: string, body: unknown): Promise<{ status: number; body: unknown }>;
  /** Queues of dead letters that hold any, and how many. */
  deadLetters(): Promise<Readonly<Record<string, number>>>;
  close(): Promise<void>;
}

const findChampion = (ledger: Ledger, model: string) => ledger.find(championSchema, keys.champion(model));

/** Messages of a queue, whoever has them in hand. */
const messagesIn = async (sqs: SQSClient, QueueUrl: string): Promise<number> => {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  return Object.values(Attributes).reduce((sum, count) => sum + Number(count), 0);
};

/** Starts the packaged stack with models of `tests/fixtures/loop/models` published. */
export const startWorld = async (models: readonly string[], start: string): Promise<World> => {
  const { cloud, outputs, place } = await startStack({
    start: new Date(start),
    models: models.map((model) => `${MODELS}/${model}.yml`),
  });
  const { ledger } = place;
  const dataBucket = outputs.DataBucketName ?? '';
  const [s3, sqs] = [new S3Client({}), new SQSClient({})];
  const settle = () => cloud.settle({ advanceMs: SOON_MS });
  const runs = async (model: string) =>
    ((await ledger.find(slotSchema, keys.slot(model)))?.history ?? []).map(({ run }) => run);
  return {
    cloud,
    outputs,
    ledger,
    store: s3ObjectStore(outputs.StoreBucketName ?? ''),
    data: s3ObjectStore(dataBucket),
    dataBucket,
    s3,
    events: new EventBridgeClient({}),
    sqs,
    lambda: new LambdaClient({}),
    sageMaker: new SageMakerClient({}),
    settle,
    async land(Key, Body) {
      const { VersionId = 'null' } = await s3.send(new PutObjectCommand({ Bucket: dataBucket, Key, Body }));
      await settle();
      return VersionId;
    },
    arrival: (model, key, versionId) => ledger.find(arrivalSchema, keys.arrival(model, key, versionId)),
    champion: (model) => findChampion(ledger, model),
    runs,
    ends: async (model) =>
      Promise.all((await runs(model)).map((run) => ledger.find(runEndSchema, keys.end(model, run)))),
    predict: (model, body) => postSigned(`${outputs.PredictUrl}${model}`, cloud.region, body),
    async deadLetters() {
      const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({ QueueNamePrefix: 'millrace-dev-' }));
      const found: Record<string, number> = {};
      for (const url of QueueUrls.filter((each) => each.endsWith('-dlq'))) {
        const count = await messagesIn(sqs, url);
        if (count > 0) found[url.slice(url.lastIndexOf('/') + 1)] = count;
      }
      return found;
    },
    close: () => cloud.close(),
  };
};

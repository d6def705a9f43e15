/** The packaged stack on a local cloud whose clock stands still, as the tests of the loop use it. */
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  ListEndpointConfigsCommand,
  ListEndpointsCommand,
  ListModelPackageGroupsCommand,
  ListModelPackagesCommand,
  ListModelsCommand,
  ListTrainingJobsCommand,
  ListTransformJobsCommand,
  SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { SNSClient } from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';

import { STEPS } from '../../cli/local/progress.ts';
import { postSigned } from '../../cli/local/signed-request.ts';
import { type LocalStack, startStack } from '../../cli/local/stack.ts';
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

/**
 * Retries fall due within this much of the cloud's time: a message that came before the fact it needs comes again after
 * three minutes, and so do the two retries of an asynchronous function. The clock moves no further than what fires.
 */
const SOON_MS = 12 * MINUTE_MS;

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
  readonly sns: SNSClient;
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
  /** What the steps logged as errors: a test that expects none shows them. */
  errors(): string[];
  close(): Promise<void>;
}

/** What a line of a function's log tells of trouble; undefined when it tells of none. */
const troubleIn = (line: string): string | undefined => {
  // Lambda's own lines are text: START, END, REPORT, and what went wrong.
  if (!line.startsWith('{')) return /Task timed out|Runtime\.|Error:/.test(line) ? line : undefined;
  const { level, message }: Record<string, unknown> = JSON.parse(line);
  return level === 'ERROR' || level === 'CRITICAL' ? String(message) : undefined;
};

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

/** Clients of the administrator. */
export type WorldClients = Pick<World, 's3' | 'events' | 'sqs' | 'sns' | 'lambda' | 'sageMaker'>;

/** A stack that stands on a cloud, with models published. */
export const worldOn = (
  { cloud, outputs }: Pick<World, 'cloud' | 'outputs'>,
  ledger: Ledger,
  clients: WorldClients,
): World => {
  const { s3, sqs } = clients;
  const dataBucket = outputs.DataBucketName ?? '';
  const settle = () => cloud.settle({ advanceMs: SOON_MS });
  const runs = async (model: string) =>
    ((await ledger.find(slotSchema, keys.slot(model)))?.history ?? []).map(({ run }) => run);
  return {
    ...clients,
    cloud,
    outputs,
    ledger,
    store: s3ObjectStore(outputs.StoreBucketName ?? '', s3),
    data: s3ObjectStore(dataBucket, s3),
    dataBucket,
    settle,
    async land(Key, body) {
      const Body = typeof body === 'string' ? Buffer.from(body) : body;
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
    errors: () =>
      STEPS.flatMap((step) =>
        cloud.logs
          .read(`/aws/lambda/millrace-dev-${step}`)
          .map(({ message }) => troubleIn(message))
          .filter((trouble) => trouble !== undefined)
          .map((trouble) => `${step}: ${trouble}`),
      ),
    close: () => cloud.close(),
  };
};

/** Starts the packaged stack with models of `tests/fixtures/loop/models` published. */
export const startWorld = async (models: readonly string[], start: string): Promise<World> => {
  const { cloud, outputs, place } = await startStack({
    start: new Date(start),
    models: models.map((model) => `${MODELS}/${model}.yml`),
  });
  return worldOn({ cloud, outputs }, place.ledger, {
    s3: new S3Client({}),
    events: new EventBridgeClient({}),
    sqs: new SQSClient({}),
    sns: new SNSClient({}),
    lambda: new LambdaClient({}),
    sageMaker: new SageMakerClient({}),
  });
};

/** Every object of a bucket with what its bytes are known by. */
export const objectsOf = async (s3: S3Client, Bucket: string): Promise<Readonly<Record<string, string>>> => {
  const found: Record<string, string> = {};
  let ContinuationToken: string | undefined;
  do {
    const page = await s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken }));
    for (const { Key = '', ETag = '' } of page.Contents ?? []) found[Key] = ETag;
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  return found;
};

/** What there is on SageMaker: names by kind, versions of packages with what was decided about them. */
export const onSageMaker = async (sageMaker: SageMakerClient) => {
  const all = { MaxResults: 100 };
  const [training, transforms, models, configs, endpoints, groups] = await Promise.all([
    sageMaker.send(new ListTrainingJobsCommand(all)),
    sageMaker.send(new ListTransformJobsCommand(all)),
    sageMaker.send(new ListModelsCommand(all)),
    sageMaker.send(new ListEndpointConfigsCommand(all)),
    sageMaker.send(new ListEndpointsCommand(all)),
    sageMaker.send(new ListModelPackageGroupsCommand(all)),
  ]);
  const packages = await Promise.all(
    (groups.ModelPackageGroupSummaryList ?? []).map(({ ModelPackageGroupName }) =>
      sageMaker.send(new ListModelPackagesCommand({ ...all, ModelPackageGroupName })),
    ),
  );
  const sorted = (names: readonly (string | undefined)[] = []) => names.map(String).sort();
  return {
    trainingJobs: sorted(training.TrainingJobSummaries?.map((job) => job.TrainingJobName)),
    transformJobs: sorted(transforms.TransformJobSummaries?.map((job) => job.TransformJobName)),
    models: sorted(models.Models?.map((model) => model.ModelName)),
    endpointConfigs: sorted(configs.EndpointConfigs?.map((config) => config.EndpointConfigName)),
    endpoints: sorted(endpoints.Endpoints?.map((endpoint) => `${endpoint.EndpointName} ${endpoint.EndpointStatus}`)),
    packages: sorted(
      packages
        .flatMap((list) => list.ModelPackageSummaryList ?? [])
        .map((version) => `${version.ModelPackageArn} ${version.ModelApprovalStatus}`),
    ),
  };
};

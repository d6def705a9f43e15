/** Requests to SageMaker whose members contradict each other, or what is there: each is refused for its own reason. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { JsonObject } from '../../local/contracts.ts';
import { type LocalPlace, startLocalPlace } from './cases/local-place.ts';
import { sdkClient } from './cases/sdk-client.ts';

let place: LocalPlace;
let client: ReturnType<typeof sdkClient>;

const BUCKET = 'given-bucket';
const ROLE = 'arn:aws:iam::000000000000:role/given-role';
const IMAGE = '000000000000.dkr.ecr.eu-west-1.amazonaws.com/constant-model:1';
const PLAIN = 'arn:aws:sagemaker:eu-west-1:000000000000:model/plain';
const ARCHIVE = `s3://${BUCKET}/models/seven/model.tar.gz`;

const send = async (operation: string, params: JsonObject) => client.send({ service: 'sagemaker', operation, params });
const succeed = async (operation: string, params: JsonObject): Promise<void> => {
  const outcome = await send(operation, params);
  if ('refused' in outcome) throw new Error(`${operation}: ${outcome.refused.message}`);
};

const container = { Image: IMAGE, ModelDataUrl: ARCHIVE };
const model = (more: JsonObject = {}): JsonObject => ({
  ModelName: 'another',
  ExecutionRoleArn: ROLE,
  PrimaryContainer: container,
  ...more,
});
const instances = { VariantName: 'v', ModelName: 'plain', InstanceType: 'ml.m5.large', InitialInstanceCount: 2 };
const serverless = (config: JsonObject = {}, more: JsonObject = {}): JsonObject => ({
  VariantName: 'v',
  ModelName: 'plain',
  ServerlessConfig: { MemorySizeInMB: 2048, MaxConcurrency: 5, ...config },
  ...more,
});
const config = (...ProductionVariants: JsonObject[]): JsonObject => ({
  EndpointConfigName: 'another',
  ProductionVariants,
});
const blueGreen = (routing: JsonObject): JsonObject => ({
  BlueGreenUpdatePolicy: { TrafficRoutingConfiguration: { WaitIntervalInSeconds: 60, ...routing } },
});
const half = { Type: 'CAPACITY_PERCENT', Value: 50 };
const rolling = { RollingUpdatePolicy: { MaximumBatchSize: half, WaitIntervalInSeconds: 0 } };
const weights = (endpoint: string, ...DesiredWeightsAndCapacities: JsonObject[]): JsonObject => ({
  EndpointName: endpoint,
  DesiredWeightsAndCapacities,
});
const channel = (more: JsonObject = {}): JsonObject => ({
  ChannelName: 'train',
  DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: `s3://${BUCKET}/data/` } },
  ...more,
});
const algorithm = { TrainingImage: IMAGE, TrainingInputMode: 'File' };
const definition: JsonObject = {
  AlgorithmSpecification: algorithm,
  RoleArn: ROLE,
  OutputDataConfig: { S3OutputPath: `s3://${BUCKET}/out` },
  ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 1 },
  StoppingCondition: { MaxRuntimeInSeconds: 600 },
};
const training = (more: JsonObject): JsonObject => ({ TrainingJobName: 'another', ...definition, ...more });
const transform = (more: JsonObject): JsonObject => ({
  TransformJobName: 'another',
  ModelName: 'plain',
  TransformInput: {
    DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: `s3://${BUCKET}/data/` } },
    ContentType: 'text/csv',
    SplitType: 'Line',
  },
  TransformOutput: { S3OutputPath: `s3://${BUCKET}/scores`, Accept: 'text/csv' },
  TransformResources: { InstanceType: 'ml.m5.large', InstanceCount: 1 },
  ...more,
});
const tuning = (limits: JsonObject, more: JsonObject = {}, jobs: JsonObject = {}): JsonObject => ({
  HyperParameterTuningJobName: 'another',
  HyperParameterTuningJobConfig: {
    Strategy: 'Random',
    HyperParameterTuningJobObjective: { Type: 'Maximize', MetricName: 'auc' },
    ParameterRanges: { IntegerParameterRanges: [{ Name: 'depth', MinValue: '1', MaxValue: '9' }] },
    ResourceLimits: { MaxNumberOfTrainingJobs: 2, MaxParallelTrainingJobs: 1, ...limits },
    ...more,
  },
  TrainingJobDefinition: {
    ...definition,
    AlgorithmSpecification: { ...algorithm, MetricDefinitions: [{ Name: 'auc', Regex: 'auc=(\\S+)' }] },
    ...jobs,
  },
});
const packaged = (more: JsonObject = {}): JsonObject => ({
  ModelPackageGroupName: 'group',
  InferenceSpecification: {
    Containers: [container],
    SupportedContentTypes: ['text/csv'],
    SupportedResponseMIMETypes: ['text/csv'],
  },
  ...more,
});
const named = (count: number, prefix = 'n'): JsonObject =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}${index}`, 'x']));

beforeAll(async () => {
  place = await startLocalPlace();
  const { cloud } = place;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  client = sdkClient({ region: cloud.region, endpoint: cloud.url, credentials }, () => cloud.clock.now());
  await succeed('CreateModel', model({ ModelName: 'plain' }));
  await succeed('CreateModel', model({ ModelName: 'isolated', EnableNetworkIsolation: true }));
  const VpcConfig = { SecurityGroupIds: ['sg-1'], Subnets: ['subnet-1'] };
  await succeed('CreateModel', model({ ModelName: 'walled', VpcConfig }));
  await succeed('CreateEndpointConfig', { ...config(instances), EndpointConfigName: 'one' });
  await succeed('CreateEndpointConfig', { ...config(instances), EndpointConfigName: 'next' });
  const pair = [instances, { ...instances, VariantName: 'w' }];
  await succeed('CreateEndpointConfig', { ...config(...pair), EndpointConfigName: 'pair' });
  await succeed('CreateEndpointConfig', { ...config(...pair), EndpointConfigName: 'next-pair' });
  await succeed('CreateEndpointConfig', { ...config(serverless()), EndpointConfigName: 'serverless' });
  for (const name of ['one', 'pair', 'serverless'])
    await succeed('CreateEndpoint', { EndpointName: name, EndpointConfigName: name });
  await succeed('CreateModelPackageGroup', { ModelPackageGroupName: 'group' });
  await succeed('CreateModelPackage', packaged({ ClientToken: 'token', CustomerMetadataProperties: named(50) }));
  await succeed('AddTags', { ResourceArn: PLAIN, Tags: [{ Key: 'own', Value: '' }] });
  await cloud.settle();
});
afterAll(async () => {
  client.close();
  await place.close();
});

const INVALID = 'ValidationException';
const MISSING = 'NotImplemented';

describe('a request that contradicts itself', () => {
  it.each<[what: string, operation: string, params: () => JsonObject, message: string, name?: string]>([
    ['two variants of one name', 'CreateEndpointConfig', () => config(instances, instances), 'must be unique'],
    [
      'a variant without instances',
      'CreateEndpointConfig',
      () => config({ VariantName: 'v', ModelName: 'plain' }),
      'needs InstanceType and InitialInstanceCount',
    ],
    [
      'a serverless variant with instances',
      'CreateEndpointConfig',
      () => config(serverless({}, { InstanceType: 'ml.m5.large', InitialInstanceCount: 1 })),
      'takes neither InstanceType nor InitialInstanceCount',
    ],
    [
      'more concurrency provisioned than there may be',
      'CreateEndpointConfig',
      () => config(serverless({ ProvisionedConcurrency: 6 })),
      'ProvisionedConcurrency must not exceed',
    ],
    [
      'memory in other than whole gigabytes',
      'CreateEndpointConfig',
      () => config(serverless({ MemorySizeInMB: 1500 })),
      '1 GB increments',
    ],
    [
      'a serverless variant beside another',
      'CreateEndpointConfig',
      () => config(serverless(), { ...instances, VariantName: 'w' }),
      'one production variant only',
    ],
    [
      'a serverless variant in a VPC',
      'CreateEndpointConfig',
      () => config(serverless({}, { ModelName: 'walled' })),
      'VpcConfig of the model walled',
    ],
    [
      'a serverless variant without a network',
      'CreateEndpointConfig',
      () => config(serverless({}, { ModelName: 'isolated' })),
      'EnableNetworkIsolation of the model isolated',
    ],
    [
      'variants without any weight',
      'CreateEndpointConfig',
      () => config({ ...instances, InitialVariantWeight: 0 }),
      'needs a weight above 0',
    ],
    [
      'a linear step of a canary',
      'UpdateEndpoint',
      () => ({
        EndpointName: 'one',
        EndpointConfigName: 'next',
        DeploymentConfig: blueGreen({ Type: 'CANARY', CanarySize: half, LinearStepSize: half }),
      }),
      'LinearStepSize cannot be given',
    ],
    [
      'batches of several variants',
      'UpdateEndpoint',
      () => ({ EndpointName: 'pair', EndpointConfigName: 'next-pair', DeploymentConfig: rolling }),
      'not supported for endpoints with multiple variants',
    ],
    [
      'a deployment that is kept and another',
      'UpdateEndpoint',
      () => ({
        EndpointName: 'one',
        EndpointConfigName: 'next',
        RetainDeploymentConfig: true,
        DeploymentConfig: rolling,
      }),
      'cannot be given together',
    ],
    [
      'more concurrency provisioned by an update',
      'UpdateEndpointWeightsAndCapacities',
      () => weights('serverless', { VariantName: 'v', ServerlessUpdateConfig: { ProvisionedConcurrency: 6 } }),
      'ProvisionedConcurrency must not exceed',
    ],
    [
      'a variant twice',
      'UpdateEndpointWeightsAndCapacities',
      () => weights('one', { VariantName: 'v', DesiredWeight: 1 }, { VariantName: 'v', DesiredWeight: 2 }),
      'must be unique within DesiredWeightsAndCapacities',
    ],
    [
      'model data in two places',
      'CreateModel',
      () =>
        model({
          PrimaryContainer: {
            ...container,
            ModelDataSource: { S3DataSource: { S3Uri: ARCHIVE, S3DataType: 'S3Object', CompressionType: 'Gzip' } },
          },
        }),
      'Only one of ModelDataUrl and ModelDataSource',
    ],
    [
      'a folder that is an archive',
      'CreateModel',
      () =>
        model({
          PrimaryContainer: {
            Image: IMAGE,
            ModelDataSource: {
              S3DataSource: { S3Uri: `s3://${BUCKET}/models/`, S3DataType: 'S3Prefix', CompressionType: 'Gzip' },
            },
          },
        }),
      'needs S3DataType S3Object',
    ],
    [
      'a package with an image besides',
      'CreateModel',
      () => model({ PrimaryContainer: { Image: IMAGE, ModelPackageName: 'group' } }),
      'takes neither Image nor model data',
    ],
    [
      'a container without an image',
      'CreateModel',
      () => model({ PrimaryContainer: { ModelDataUrl: ARCHIVE } }),
      'needs an Image or a ModelPackageName',
    ],
    [
      'containers of both kinds',
      'CreateModel',
      () => model({ Containers: [container] }),
      'Only one of PrimaryContainer and Containers',
    ],
    [
      'a model without a container',
      'CreateModel',
      () => ({ ModelName: 'another', ExecutionRoleArn: ROLE }),
      'needs a PrimaryContainer or Containers',
    ],
    [
      'a model of several containers',
      'CreateModel',
      () => ({ ModelName: 'another', ExecutionRoleArn: ROLE, Containers: [container, container] }),
      'several containers',
      MISSING,
    ],
    [
      'a model without a role',
      'CreateModel',
      () => ({ ModelName: 'another', PrimaryContainer: container }),
      'needs an ExecutionRoleArn',
    ],
    [
      'an archive in a channel that is no pipe',
      'CreateTrainingJob',
      () => training({ InputDataConfig: [channel({ CompressionType: 'Gzip' })] }),
      'Pipe input mode only',
    ],
    [
      'wrapped records',
      'CreateTrainingJob',
      () => training({ InputDataConfig: [channel({ RecordWrapperType: 'RecordIO' })] }),
      'RecordIO',
      MISSING,
    ],
    [
      'more than 28 days',
      'CreateTrainingJob',
      () => training({ StoppingCondition: { MaxRuntimeInSeconds: 28 * 86_400 + 1 } }),
      'MaxRuntimeInSeconds must be at most',
    ],
    [
      'a metric that no expression finds',
      'CreateTrainingJob',
      () => training({ AlgorithmSpecification: { ...algorithm, MetricDefinitions: [{ Name: 'auc', Regex: '(' }] } }),
      'Invalid regular expression',
    ],
    [
      'a hyperparameter of a long name',
      'CreateTrainingJob',
      () => training({ HyperParameters: { ['h'.repeat(257)]: '1' } }),
      'length less than or equal to 256',
    ],
    [
      'columns chosen of records that are not put together again',
      'CreateTransformJob',
      () => transform({ DataProcessing: { JoinSource: 'Input' } }),
      'needs SplitType Line and AssembleWith Line',
    ],
    [
      'more hyperparameters than a job has',
      'CreateHyperParameterTuningJob',
      () => tuning({}, {}, { StaticHyperParameters: named(100) }),
      'at most 100 hyperparameters',
    ],
    [
      'more than ten jobs side by side',
      'CreateHyperParameterTuningJob',
      () => tuning({ MaxNumberOfTrainingJobs: 20, MaxParallelTrainingJobs: 11 }),
      'MaxParallelTrainingJobs must be at most 10',
    ],
    [
      'more than 750 jobs',
      'CreateHyperParameterTuningJob',
      () => tuning({ MaxNumberOfTrainingJobs: 751 }),
      'at most 750 training jobs',
    ],
    [
      'another number of jobs than a grid has',
      'CreateHyperParameterTuningJob',
      () =>
        tuning(
          { MaxNumberOfTrainingJobs: 3 },
          {
            Strategy: 'Grid',
            ParameterRanges: { CategoricalParameterRanges: [{ Name: 'booster', Values: ['a', 'b'] }] },
          },
        ),
      'the grid has 2 combinations',
    ],
    [
      'a client’s token for two packages',
      'CreateModelPackage',
      () => packaged({ ClientToken: 'token', ModelPackageDescription: 'another' }),
      'was used with another request',
      'ConflictException',
    ],
    [
      'a package outside of a group',
      'CreateModelPackage',
      () => ({ InferenceSpecification: packaged().InferenceSpecification ?? null }),
      'outside a group',
      MISSING,
    ],
    [
      'more metadata than a package has',
      'UpdateModelPackage',
      () => ({
        ModelPackageArn: 'arn:aws:sagemaker:eu-west-1:000000000000:model-package/group/1',
        CustomerMetadataProperties: { more: 'x' },
      }),
      'at most 50 CustomerMetadataProperties',
    ],
    [
      'more tags than a thing has',
      'AddTags',
      () => ({
        ResourceArn: PLAIN,
        Tags: Object.keys(named(50, 't')).map((Key) => ({ Key, Value: '' })),
      }),
      'at most 50 tags',
    ],
  ])('by %s is refused by %s', async (_what, operation, params, message, name = INVALID) => {
    const outcome = await send(operation, params());

    expect(outcome).toMatchObject({ refused: { name, message: expect.stringContaining(message) } });
  });

  it.each<[string, JsonObject, string]>([
    ['a long name', { InferenceId: 'i'.repeat(65) }, "at 'inferenceId'"],
    ['many attributes', { CustomAttributes: 'a'.repeat(1025) }, "at 'customAttributes'"],
    ['a body of more than 6 MB', { Body: { $bytes: '1'.repeat(6 * 1024 * 1024 + 1) } }, '6291456'],
  ])('by %s of an invocation is refused', async (_what, more, message) => {
    const outcome = await send('InvokeEndpoint', {
      EndpointName: 'one',
      ContentType: 'text/csv',
      Body: { $bytes: '1,2' },
      ...more,
    });

    expect(outcome).toMatchObject({ refused: { message: expect.stringContaining(message) } });
  });
});

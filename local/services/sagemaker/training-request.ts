import { findImage } from '../../containers/images.ts';
import type { Cloud, ContainerImage } from '../../contracts.ts';
import { flag, integer, list, map, oneOf, optional, type Read, structure, text } from '../parameters.ts';
import { invalid, notImplemented } from './errors.ts';
import * as shapes from './shapes.ts';

const inputMode = shapes.someOf(['Pipe', 'File', 'FastFile'], ['File', 'FastFile']);

const Channel = structure({
  ChannelName: text({ min: 1, max: 64, pattern: '[A-Za-z0-9.\\-_]+' }),
  DataSource: structure({
    S3DataSource: structure({
      S3DataType: shapes.someOf(
        ['ManifestFile', 'S3Prefix', 'AugmentedManifestFile', 'Converse'],
        ['ManifestFile', 'S3Prefix'],
      ),
      S3Uri: shapes.s3Uri,
      S3DataDistributionType: optional(oneOf('FullyReplicated', 'ShardedByS3Key')),
    }),
  }),
  ContentType: optional(shapes.mimeType),
  CompressionType: optional(oneOf('None', 'Gzip')),
  RecordWrapperType: optional(oneOf('None', 'RecordIO')),
  InputMode: optional(inputMode),
});

/** What a training job and the definition of a tuning job's training jobs have alike. */
export const definitionMembers = {
  RoleArn: shapes.roleArn,
  InputDataConfig: optional(list(Channel, { min: 1, max: 20 })),
  OutputDataConfig: structure({
    S3OutputPath: shapes.s3Uri,
    CompressionType: optional(oneOf('GZIP', 'NONE')),
  }),
  ResourceConfig: structure({
    InstanceType: shapes.instanceType,
    InstanceCount: integer({ min: 1 }),
    VolumeSizeInGB: integer({ min: 1 }),
    // Warm pools: an account's quota of them is 0 until it is raised, and then there silently is none.
    KeepAlivePeriodInSeconds: optional(integer({ min: 0, max: 21_600 })),
  }),
  VpcConfig: optional(shapes.vpcConfig),
  EnableNetworkIsolation: optional(flag()),
  EnableInterContainerTrafficEncryption: optional(flag()),
  EnableManagedSpotTraining: optional(flag()),
  CheckpointConfig: optional(structure({ S3Uri: shapes.s3Uri, LocalPath: optional(text({ max: 4096 })) })),
  RetryStrategy: optional(structure({ MaximumRetryAttempts: integer({ min: 1, max: 30 }) })),
};

/** When SageMaker ends a job by itself. */
export const stoppingCondition = structure({
  MaxRuntimeInSeconds: optional(integer({ min: 1 })),
  MaxWaitTimeInSeconds: optional(integer({ min: 1 })),
  MaxPendingTimeInSeconds: optional(integer({ min: 7200, max: 2_419_200 })),
});

/** What is run, and how its log is read. */
export const algorithmSpecification = structure({
  TrainingImage: shapes.image,
  TrainingInputMode: inputMode,
  MetricDefinitions: optional(
    list(structure({ Name: text({ min: 1, max: 255 }), Regex: text({ min: 1, max: 500 }) }), { max: 40 }),
  ),
  EnableSageMakerMetricsTimeSeries: optional(flag()),
});

export const CreateTrainingJob = structure({
  TrainingJobName: shapes.name,
  HyperParameters: optional(map(text({ max: 2500 }), { max: 100 })),
  AlgorithmSpecification: algorithmSpecification,
  ...definitionMembers,
  StoppingCondition: optional(stoppingCondition),
  Tags: optional(shapes.tags),
  // AWS SDKs switch the profiler off by sending this.
  ProfilerConfig: optional(
    structure({ DisableProfiler: shapes.checked(flag(), Boolean, 'Only DisableProfiler: true is supported') }),
  ),
  Environment: optional(shapes.environment({ entries: 100, key: 512, value: 512 })),
});
export type TrainingRequest = Read<typeof CreateTrainingJob>;

const DAY_S = 86_400;
const LONGEST_RUNTIME_S = 28 * DAY_S;
const LONGEST_WAIT_S = 3600;

/** How long a job may train, seconds: a day unless it says otherwise (API_StoppingCondition, documented). */
export const maxRuntimeSeconds = (request: Pick<TrainingRequest, 'StoppingCondition'>): number =>
  request.StoppingCondition?.MaxRuntimeInSeconds ?? DAY_S;

/** The metrics that are looked for in a job's log: the image's own, else the request's. */
export const metricDefinitions = (
  image: ContainerImage | undefined,
  request: Pick<TrainingRequest, 'AlgorithmSpecification'>,
): readonly { name: string; regex: string }[] =>
  image?.metricDefinitions ??
  (request.AlgorithmSpecification.MetricDefinitions ?? []).map(({ Name, Regex }) => ({ name: Name, regex: Regex }));

const compiles = (regex: string) => {
  try {
    new RegExp(regex);
    return true;
  } catch {
    return false;
  }
};

const checkChannels = (request: TrainingRequest) => {
  const channels = request.InputDataConfig ?? [];
  const names = channels.map(({ ChannelName }) => ChannelName);
  if (new Set(names).size < names.length) throw invalid('Channel names must be unique');
  for (const channel of channels) {
    // "CompressionType … is used only in Pipe input mode": API_Channel (documented).
    if (channel.CompressionType === 'Gzip') throw invalid('CompressionType Gzip is supported in Pipe input mode only');
    if (channel.RecordWrapperType === 'RecordIO')
      throw notImplemented('RecordWrapperType RecordIO of CreateTrainingJob');
    const mode = channel.InputMode ?? request.AlgorithmSpecification.TrainingInputMode;
    if (mode === 'FastFile' && channel.DataSource.S3DataSource.S3DataType !== 'S3Prefix') {
      throw invalid('FastFile input mode takes S3DataType S3Prefix only');
    }
  }
};

const checkTimes = (request: TrainingRequest, isBuiltIn: boolean) => {
  const { StoppingCondition: stopping, EnableManagedSpotTraining: spot } = request;
  const runtime = maxRuntimeSeconds({ StoppingCondition: stopping });
  // "The maximum value is 28 days" (API_StoppingCondition, documented).
  if (runtime > LONGEST_RUNTIME_S) throw invalid(`MaxRuntimeInSeconds must be at most ${LONGEST_RUNTIME_S}`);
  const wait = stopping?.MaxWaitTimeInSeconds;
  if (spot && wait === undefined) throw invalid('Managed spot training needs StoppingCondition.MaxWaitTimeInSeconds');
  if (!spot && wait !== undefined) throw invalid('MaxWaitTimeInSeconds is for managed spot training only');
  // "It must be equal to or greater than MaxRuntimeInSeconds" (API_StoppingCondition, documented).
  if (wait !== undefined && wait < runtime) {
    throw invalid('MaxWaitTimeInSeconds must be equal to or greater than MaxRuntimeInSeconds');
  }
  // Built-in algorithms that do not checkpoint wait for an hour at most (model-managed-spot-training.md, documented); that
  // this means jobs without a CheckpointConfig is *assumed*.
  if (isBuiltIn && wait !== undefined && wait > LONGEST_WAIT_S && !request.CheckpointConfig) {
    throw invalid(
      `MaxWaitTimeInSeconds must be at most ${LONGEST_WAIT_S} for Amazon SageMaker algorithms that do not use checkpointing`,
    );
  }
};

/**
 * What can be wrong with a request beyond its shape.
 *
 * @throws ServiceError `ValidationException`, or `NotImplemented` for what the local cloud does not do.
 */
export const checkTrainingRequest = (cloud: Pick<Cloud, 'images'>, request: TrainingRequest): void => {
  const { AlgorithmSpecification: algorithm, ResourceConfig: resources } = request;
  for (const { Regex } of algorithm.MetricDefinitions ?? []) {
    if (!compiles(Regex)) throw invalid(`Invalid regular expression in MetricDefinitions: ${Regex}`);
  }
  const isBuiltIn = findImage(cloud.images, algorithm.TrainingImage)?.metricDefinitions !== undefined;
  if (algorithm.MetricDefinitions && isBuiltIn) {
    throw invalid("You can't override the metric definitions for Amazon SageMaker algorithms.");
  }
  if (resources.InstanceCount > 1) {
    throw notImplemented('Training on several instances (ResourceConfig.InstanceCount of CreateTrainingJob)');
  }
  for (const key of Object.keys(request.HyperParameters ?? {})) {
    if (key.length > 256) throw invalid('Keys of HyperParameters must have length less than or equal to 256');
  }
  checkChannels(request);
  checkTimes(request, isBuiltIn);
};

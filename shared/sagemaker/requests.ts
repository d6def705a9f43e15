/** The requests to SageMaker, as values. What they hold is what Millrace relies on; defaults of AWS are written out. */

/** SageMaker's own spelling of tags. */
const tags = (stage: string, model: string, run: string) => [
  { Key: 'millrace:stage', Value: stage },
  { Key: 'millrace:model', Value: model },
  { Key: 'millrace:run', Value: run },
];

export interface RunPlace {
  readonly stage: string;
  readonly model: string;
  readonly run: string;
  /** `s3://bucket` of the store. */
  readonly store: string;
}

const csvChannel = (name: string, uri: string) => ({
  ChannelName: name,
  DataSource: {
    S3DataSource: { S3DataType: 'S3Prefix' as const, S3Uri: uri, S3DataDistributionType: 'FullyReplicated' as const },
  },
  // XGBoost reads libsvm unless told. Source: SageMaker developer guide, xgboost.
  ContentType: 'text/csv',
  InputMode: 'File' as const,
});

/** Managed spot may take at most this long for built-in algorithms that do not checkpoint. Source: the spot page. */
const SPOT_MAX_WAIT_SECONDS = 3600;

/** Volume for the training data; a run's input is bounded by what its functions could write. */
const VOLUME_GB = 30;

export const trainingJobRequest = (job: {
  readonly place: RunPlace;
  readonly jobName: string;
  readonly image: string;
  readonly roleArn: string;
  readonly instance: string;
  readonly hyperparameters: Readonly<Record<string, string>>;
  readonly trainKey: string;
  readonly validationKey: string | null;
  readonly outputKey: string;
  readonly maxRuntimeSeconds: number;
  readonly spot: boolean;
}) => ({
  TrainingJobName: job.jobName,
  AlgorithmSpecification: { TrainingImage: job.image, TrainingInputMode: 'File' as const },
  RoleArn: job.roleArn,
  HyperParameters: { ...job.hyperparameters },
  InputDataConfig: [
    csvChannel('train', `${job.place.store}/${job.trainKey}`),
    ...(job.validationKey ? [csvChannel('validation', `${job.place.store}/${job.validationKey}`)] : []),
  ],
  OutputDataConfig: { S3OutputPath: `${job.place.store}/${job.outputKey}` },
  ResourceConfig: { InstanceType: job.instance, InstanceCount: 1, VolumeSizeInGB: VOLUME_GB },
  StoppingCondition: {
    MaxRuntimeInSeconds: job.spot ? Math.min(job.maxRuntimeSeconds, SPOT_MAX_WAIT_SECONDS) : job.maxRuntimeSeconds,
    ...(job.spot && { MaxWaitTimeInSeconds: SPOT_MAX_WAIT_SECONDS }),
  },
  EnableManagedSpotTraining: job.spot,
  Tags: tags(job.place.stage, job.place.model, job.place.run),
});

export const modelRequest = (model: {
  readonly place: RunPlace;
  readonly modelName: string;
  readonly image: string;
  readonly artifact: string;
  readonly roleArn: string;
}) => ({
  ModelName: model.modelName,
  PrimaryContainer: { Image: model.image, ModelDataUrl: model.artifact },
  ExecutionRoleArn: model.roleArn,
  Tags: tags(model.place.stage, model.place.model, model.place.run),
});

export const transformJobRequest = (job: {
  readonly place: RunPlace;
  readonly jobName: string;
  readonly modelName: string;
  readonly inputKey: string;
  readonly outputKey: string;
  readonly instance: string;
}) => ({
  TransformJobName: job.jobName,
  ModelName: job.modelName,
  TransformInput: {
    DataSource: { S3DataSource: { S3DataType: 'S3Prefix' as const, S3Uri: `${job.place.store}/${job.inputKey}` } },
    ContentType: 'text/csv',
    SplitType: 'Line' as const,
  },
  TransformOutput: {
    S3OutputPath: `${job.place.store}/${job.outputKey}`,
    Accept: 'text/csv',
    AssembleWith: 'Line' as const,
  },
  BatchStrategy: 'MultiRecord' as const,
  MaxPayloadInMB: 6,
  TransformResources: { InstanceType: job.instance, InstanceCount: 1 },
  Tags: tags(job.place.stage, job.place.model, job.place.run),
});

/** The one variant's name: a staged update needs the same one in old and new. Source: guardrails, exclusions. */
export const VARIANT = 'main';

export const endpointConfigRequest = (config: {
  readonly place: RunPlace;
  readonly configName: string;
  readonly modelName: string;
  readonly serving:
    | {
        readonly instance: string;
        readonly count: number;
        readonly capturePercent: number;
        readonly captureKey: string;
      }
    | { readonly serverless: { readonly memoryMb: number; readonly concurrency: number } };
}) => ({
  EndpointConfigName: config.configName,
  ProductionVariants: [
    'serverless' in config.serving
      ? {
          VariantName: VARIANT,
          ModelName: config.modelName,
          ServerlessConfig: {
            MemorySizeInMB: config.serving.serverless.memoryMb,
            MaxConcurrency: config.serving.serverless.concurrency,
          },
        }
      : {
          VariantName: VARIANT,
          ModelName: config.modelName,
          InstanceType: config.serving.instance,
          InitialInstanceCount: config.serving.count,
          InitialVariantWeight: 1,
        },
  ],
  // Serverless endpoints have no data capture. Source: SageMaker developer guide, serverless endpoints.
  ...('instance' in config.serving &&
    config.serving.capturePercent > 0 && {
      DataCaptureConfig: {
        EnableCapture: true,
        InitialSamplingPercentage: config.serving.capturePercent,
        DestinationS3Uri: `${config.place.store}/${config.serving.captureKey}`,
        CaptureOptions: [{ CaptureMode: 'Input' as const }, { CaptureMode: 'Output' as const }],
        // Without the header SageMaker writes base64. Source: CaptureContentTypeHeader, API reference.
        CaptureContentTypeHeader: { CsvContentTypes: ['text/csv'] },
      },
    }),
  Tags: tags(config.place.stage, config.place.model, config.place.run),
});

export const endpointRequest = (endpoint: {
  readonly place: RunPlace;
  readonly endpointName: string;
  readonly configName: string;
}) => ({
  EndpointName: endpoint.endpointName,
  EndpointConfigName: endpoint.configName,
  Tags: tags(endpoint.place.stage, endpoint.place.model, endpoint.place.run),
});

import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { filesBelow, inside, packFolder } from '../../containers/archive.ts';
import { type Deadline, deadline } from '../../containers/deadline.ts';
import { findImage } from '../../containers/images.ts';
import { asLogged, type MetricValue, metricScraper } from '../../containers/metrics.ts';
import type { ContainerProcess } from '../../containers/process.ts';
import { download, InputError, inputObjects, parseS3Uri } from '../../containers/s3-input.ts';
import { failureReason, startTraining, trainingPaths } from '../../containers/training.ts';
import type { ContainerImage, JsonObject, Operation } from '../../contracts.ts';
import { flag, integer, list, map, oneOf, optional, type Read, structure, text } from '../parameters.ts';
import type { Context } from './context.ts';
import { invalid, notImplemented, resourceInUse, resourceNotFound } from './errors.ts';
import { type Listed, listPage } from './listing.ts';
import { parse, toJson, toSeconds } from './request.ts';
import { logUnderRole, mayPublish, OutputError, s3UnderRole } from './role-access.ts';
import * as shapes from './shapes.ts';

/** Training jobs. */
export interface TrainingJobs {
  readonly operations: Readonly<Record<string, Operation>>;
  /** Kills what runs, without a trace in the jobs. */
  close(): Promise<void>;
}

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

const CreateTrainingJob = structure({
  TrainingJobName: shapes.name,
  HyperParameters: optional(map(text({ max: 2500 }), { max: 100 })),
  AlgorithmSpecification: structure({
    TrainingImage: shapes.image,
    TrainingInputMode: inputMode,
    MetricDefinitions: optional(
      list(structure({ Name: text({ min: 1, max: 255 }), Regex: text({ min: 1, max: 500 }) }), { max: 40 }),
    ),
    EnableSageMakerMetricsTimeSeries: optional(flag()),
  }),
  RoleArn: shapes.roleArn,
  InputDataConfig: optional(list(Channel, { min: 1, max: 20 })),
  OutputDataConfig: structure({
    KmsKeyId: optional(shapes.kmsKeyId),
    S3OutputPath: shapes.s3Uri,
    CompressionType: optional(oneOf('GZIP', 'NONE')),
  }),
  ResourceConfig: structure({
    InstanceType: shapes.instanceType,
    InstanceCount: integer({ min: 1 }),
    VolumeSizeInGB: integer({ min: 1 }),
    VolumeKmsKeyId: optional(shapes.kmsKeyId),
    // Warm pools: an account's quota of them is 0 until it is raised, and then there silently is none.
    KeepAlivePeriodInSeconds: optional(integer({ min: 0, max: 21_600 })),
  }),
  VpcConfig: optional(shapes.vpcConfig),
  StoppingCondition: optional(
    structure({
      MaxRuntimeInSeconds: optional(integer({ min: 1 })),
      MaxWaitTimeInSeconds: optional(integer({ min: 1 })),
    }),
  ),
  Tags: optional(shapes.tags),
  EnableNetworkIsolation: optional(flag()),
  EnableInterContainerTrafficEncryption: optional(flag()),
  EnableManagedSpotTraining: optional(flag()),
  CheckpointConfig: optional(structure({ S3Uri: shapes.s3Uri, LocalPath: optional(text({ max: 4096 })) })),
  // AWS SDKs switch the profiler off by sending this.
  ProfilerConfig: optional(
    structure({ DisableProfiler: shapes.checked(flag(), Boolean, 'Only DisableProfiler: true is supported') }),
  ),
  Environment: optional(shapes.environment({ entries: 100, key: 512, value: 512 })),
  // Attempts are repeated after an InternalServerError only, of which the local cloud makes none.
  RetryStrategy: optional(structure({ MaximumRetryAttempts: integer({ min: 1, max: 30 }) })),
});

const ByName = structure({ TrainingJobName: shapes.name });
const STATUSES = ['InProgress', 'Completed', 'Failed', 'Stopping', 'Stopped', 'Deleting'] as const;
const ListTrainingJobs = structure({
  ...shapes.listMembers,
  ...shapes.modifiedMembers,
  StatusEquals: optional(oneOf(...STATUSES)),
  SortBy: optional(oneOf('Name', 'CreationTime', 'Status')),
});

type Status = (typeof STATUSES)[number];
type Secondary =
  | 'Starting'
  | 'Downloading'
  | 'Training'
  | 'Uploading'
  | 'Completed'
  | 'Failed'
  | 'Stopping'
  | 'Stopped'
  | 'MaxRuntimeExceeded';

interface Transition {
  readonly status: Secondary;
  readonly startMs: number;
  readonly message: string;
  endMs?: number;
}

interface TrainingJob extends Listed {
  readonly arn: string;
  readonly request: Read<typeof CreateTrainingJob>;
  readonly given: JsonObject;
  readonly transitions: Transition[];
  readonly metrics: Map<string, MetricValue>;
  status: Status;
  secondary: Secondary;
  modifiedMs: number;
  startMs?: number;
  endMs?: number;
  failureReason?: string;
  artifacts?: string;
  /** Why the job is being stopped. */
  stopping?: 'Stopped' | 'MaxRuntimeExceeded';
  container?: ContainerProcess;
  kill?: Deadline;
}

// Texts of SecondaryStatusTransitions' StatusMessage, "subject to change": API_SecondaryStatusTransition; those it does
// not list are *assumed*.
const MESSAGES: Record<Secondary, string> = {
  Starting: 'Starting the training job',
  Downloading: 'Downloading input data',
  Training: 'Training image download completed. Training in progress.',
  Uploading: 'Uploading generated training model',
  Completed: 'Training job completed',
  Failed: 'Training job failed',
  Stopping: 'Stopping the training job',
  Stopped: 'Training job stopped',
  MaxRuntimeExceeded: 'Training job runtime exceeded MaxRuntimeInSeconds provided',
};

const DAY_S = 86_400;
const LONGEST_RUNTIME_S = 28 * DAY_S;
// "SageMaker sends the algorithm the SIGTERM signal, which delays job termination for 120 seconds": API_StopTrainingJob.
const KILL_AFTER_MS = 120_000;
const CHECKPOINTS = '/opt/ml/checkpoints';
const LOG_GROUP = '/aws/sagemaker/TrainingJobs';
const METRICS = '/aws/sagemaker/TrainingJobs';

const compiles = (regex: string) => {
  try {
    new RegExp(regex);
    return true;
  } catch {
    return false;
  }
};

/** What can be wrong with a request beyond its shape. */
const check = (request: Read<typeof CreateTrainingJob>, image: ContainerImage | undefined): void => {
  const { AlgorithmSpecification: algorithm, StoppingCondition: stopping } = request;
  for (const { Regex } of algorithm.MetricDefinitions ?? []) {
    if (!compiles(Regex)) throw invalid(`Invalid regular expression in MetricDefinitions: ${Regex}`);
  }
  if (image?.metricDefinitions && algorithm.MetricDefinitions) {
    throw invalid("You can't override the metric definitions for Amazon SageMaker algorithms.");
  }
  if (request.ResourceConfig.InstanceCount > 1) {
    throw notImplemented('Training on several instances (ResourceConfig.InstanceCount of CreateTrainingJob)');
  }
  for (const [key] of Object.entries(request.HyperParameters ?? {})) {
    if (key.length > 256) throw invalid('Keys of HyperParameters must have length less than or equal to 256');
  }
  const names = (request.InputDataConfig ?? []).map(({ ChannelName }) => ChannelName);
  if (new Set(names).size < names.length) throw invalid('Channel names must be unique');
  for (const channel of request.InputDataConfig ?? []) {
    // "CompressionType … is used only in Pipe input mode": API_Channel.
    if (channel.CompressionType === 'Gzip') throw invalid('CompressionType Gzip is supported in Pipe input mode only');
    if (channel.RecordWrapperType === 'RecordIO')
      throw notImplemented('RecordWrapperType RecordIO of CreateTrainingJob');
    const mode = channel.InputMode ?? algorithm.TrainingInputMode;
    if (mode === 'FastFile' && channel.DataSource.S3DataSource.S3DataType !== 'S3Prefix') {
      throw invalid('FastFile input mode takes S3DataType S3Prefix only');
    }
  }
  const runtime = stopping?.MaxRuntimeInSeconds ?? DAY_S;
  if (runtime > LONGEST_RUNTIME_S) throw invalid(`MaxRuntimeInSeconds must be at most ${LONGEST_RUNTIME_S}`);
  const wait = stopping?.MaxWaitTimeInSeconds;
  if (request.EnableManagedSpotTraining && wait === undefined) {
    throw invalid('Managed spot training needs StoppingCondition.MaxWaitTimeInSeconds');
  }
  if (!request.EnableManagedSpotTraining && wait !== undefined) {
    throw invalid('MaxWaitTimeInSeconds is for managed spot training only');
  }
  if (wait !== undefined && wait < runtime) {
    throw invalid('MaxWaitTimeInSeconds must be equal to or greater than MaxRuntimeInSeconds');
  }
};

/** CreateTrainingJob, DescribeTrainingJob, ListTrainingJobs, StopTrainingJob, and the jobs themselves. */
export const createTrainingJobs = (context: Context): TrainingJobs => {
  const { cloud } = context;
  const jobs = new Map<string, TrainingJob>();
  const running = new Set<Promise<void>>();
  let closed = false;
  const now = () => cloud.clock.ms();

  const get = (name: string) => {
    const found = jobs.get(name.toLowerCase());
    if (!found) throw resourceNotFound('Requested resource not found.');
    return found;
  };

  // Times as numbers of epoch milliseconds, as the schema registry has them; tags as an object, as the documented
  // samples have them; absent members as null, as real events show them.
  const tell = (job: TrainingJob) =>
    context.tell('SageMaker Training Job State Change', job.arn, {
      TrainingJobName: job.name,
      TrainingJobArn: job.arn,
      TrainingJobStatus: job.status,
      SecondaryStatus: job.secondary,
      FailureReason: job.failureReason ?? null,
      HyperParameters: job.given.HyperParameters ?? {},
      AlgorithmSpecification: job.given.AlgorithmSpecification ?? null,
      RoleArn: job.request.RoleArn,
      InputDataConfig: job.given.InputDataConfig ?? [],
      OutputDataConfig: job.given.OutputDataConfig ?? null,
      ResourceConfig: job.given.ResourceConfig ?? null,
      VpcConfig: job.given.VpcConfig ?? null,
      StoppingCondition: { MaxRuntimeInSeconds: maxRuntime(job), ...object(job.given.StoppingCondition) },
      ModelArtifacts: job.artifacts === undefined ? null : { S3ModelArtifacts: job.artifacts },
      CreationTime: job.creationMs,
      TrainingStartTime: job.startMs ?? null,
      TrainingEndTime: job.endMs ?? null,
      LastModifiedTime: job.modifiedMs,
      SecondaryStatusTransitions: job.transitions.map(({ status, startMs, endMs, message }) => ({
        Status: status,
        StartTime: startMs,
        EndTime: endMs ?? null,
        StatusMessage: message,
      })),
      Tags: context.tags.asObject(job.arn),
    });

  const enter = (job: TrainingJob, status: Status, secondary: Secondary, message = MESSAGES[secondary]) => {
    const last = job.transitions.at(-1);
    if (last) last.endMs = now();
    const ended = status === 'Completed' || status === 'Failed' || status === 'Stopped';
    job.transitions.push({ status: secondary, startMs: now(), message, ...(ended ? { endMs: now() } : {}) });
    job.status = status;
    job.secondary = secondary;
    job.modifiedMs = now();
    tell(job);
  };

  const interrupt = (job: TrainingJob) => {
    if (!job.container) return;
    job.container.terminate();
    job.kill = deadline(cloud.clock, KILL_AFTER_MS, () => job.container?.kill());
  };

  const stop = (job: TrainingJob, why: 'Stopped' | 'MaxRuntimeExceeded') => {
    if (job.stopping) return;
    job.stopping = why;
    enter(job, 'Stopping', 'Stopping');
    interrupt(job);
  };

  const fetchInput = async (job: TrainingJob, root: string) => {
    const s3 = s3UnderRole(cloud, job.request.RoleArn);
    for (const channel of job.request.InputDataConfig ?? []) {
      const { S3DataType, S3Uri } = channel.DataSource.S3DataSource;
      const objects = await inputObjects(s3, { type: S3DataType, uri: S3Uri });
      await download(s3, objects, inside(trainingPaths(root).channel('.'), channel.ChannelName));
    }
    const checkpoints = job.request.CheckpointConfig;
    if (!checkpoints) return;
    const { bucket, key } = parseS3Uri(checkpoints.S3Uri);
    const folder = inside(root, checkpoints.LocalPath ?? CHECKPOINTS);
    const prefix = key === '' || key.endsWith('/') ? key : `${key}/`;
    const saved = s3.bucketExists(bucket) ? s3.list(bucket, prefix) : [];
    await download(
      s3,
      saved.map((object) => ({
        bucket,
        key: object.key,
        name: object.key.slice(prefix.length),
        sizeBytes: object.size,
      })),
      folder,
    );
  };

  const train = async (job: TrainingJob, image: ContainerImage, root: string) => {
    const { request } = job;
    const publishes = mayPublish(cloud, request.RoleArn, METRICS);
    const scrape = metricScraper(
      image.metricDefinitions ??
        (request.AlgorithmSpecification.MetricDefinitions ?? []).map(({ Name, Regex }) => ({
          name: Name,
          regex: Regex,
        })),
      (value) => {
        job.metrics.set(value.name, value);
        if (!publishes) return;
        // Namespace and dimension: monitoring-cloudwatch.md, training job metrics ("Host": job/algo-1).
        context.hooks.metric?.({
          namespace: METRICS,
          name: value.name,
          dimensions: { Host: `${job.name}/algo-1` },
          value: value.value,
          unit: 'None',
        });
      },
    );
    const stream = `${job.name}/algo-1-${Math.floor(now() / 1000)}`;
    const log = logUnderRole(cloud, request.RoleArn, LOG_GROUP, stream);
    const mode = request.AlgorithmSpecification.TrainingInputMode;
    const container = await startTraining({
      image,
      root,
      environment: {
        ...(request.EnableNetworkIsolation ? {} : context.credentials(request.RoleArn)),
        TRAINING_JOB_NAME: job.name,
        TRAINING_JOB_ARN: job.arn,
        ...request.Environment,
      },
      hyperParameters: request.HyperParameters ?? {},
      channels: Object.fromEntries(
        (request.InputDataConfig ?? []).map((channel) => [
          channel.ChannelName,
          {
            ...(channel.ContentType === undefined ? {} : { ContentType: channel.ContentType }),
            TrainingInputMode: channel.InputMode ?? mode,
            S3DistributionType: channel.DataSource.S3DataSource.S3DataDistributionType ?? 'FullyReplicated',
            RecordWrapperType: 'None',
          },
        ]),
      ),
      instanceType: request.ResourceConfig.InstanceType,
      ...(request.CheckpointConfig ? { checkpointPath: request.CheckpointConfig.LocalPath ?? CHECKPOINTS } : {}),
      onLine(line) {
        if (closed) return;
        const logged = asLogged(line);
        log([logged]);
        scrape(logged, now());
      },
    });
    job.container = container;
    if (closed) container.kill();
    // It may have been stopped while the process was started.
    if (job.stopping) interrupt(job);
    const limit = deadline(cloud.clock, maxRuntime(job) * 1000, () => stop(job, 'MaxRuntimeExceeded'));
    const exit = await container.exited;
    limit.cancel();
    job.kill?.cancel();
    return exit;
  };

  const upload = async (job: TrainingJob, root: string) => {
    const s3 = s3UnderRole(cloud, job.request.RoleArn);
    const paths = trainingPaths(root);
    const output = `${job.request.OutputDataConfig.S3OutputPath.replace(/\/+$/, '')}/${job.name}/output`;
    const { bucket, key } = parseS3Uri(output);
    const compressed = job.request.OutputDataConfig.CompressionType !== 'NONE';
    const put = async (name: string, folder: string) => {
      if (compressed) {
        await s3.write(bucket, `${key}/${name}.tar.gz`, packFolder(folder), 'application/x-tar');
        return `${output}/${name}.tar.gz`;
      }
      for (const file of await filesBelow(folder)) {
        await s3.write(bucket, `${key}/${name}/${file}`, createReadStream(join(folder, file)));
      }
      return `${output}/${name}/`;
    };
    const checkpoints = job.request.CheckpointConfig;
    if (checkpoints) {
      const place = parseS3Uri(checkpoints.S3Uri.replace(/\/+$/, ''));
      const folder = inside(root, checkpoints.LocalPath ?? CHECKPOINTS);
      for (const file of await filesBelow(folder)) {
        await s3.write(place.bucket, `${place.key}/${file}`, createReadStream(join(folder, file)));
      }
    }
    const artifacts = (await filesBelow(paths.model)).length > 0 ? await put('model', paths.model) : undefined;
    // The place of what lies in output/data is *assumed* (sagemaker-training-toolkit documents SM_OUTPUT_DATA_DIR).
    if ((await filesBelow(paths.output)).length > 0) await put('output', paths.output);
    return artifacts;
  };

  const end = (job: TrainingJob, status: 'Completed' | 'Failed' | 'Stopped', secondary: Secondary, reason?: string) => {
    job.endMs = now();
    if (reason !== undefined) job.failureReason = reason;
    enter(
      job,
      status,
      secondary,
      reason === undefined ? MESSAGES[secondary] : `${MESSAGES[secondary]}: ${reason}`.slice(0, 256),
    );
  };

  const work = async (job: TrainingJob, root: string) => {
    const image = findImage(cloud.images, job.request.AlgorithmSpecification.TrainingImage);
    if (job.stopping) return end(job, 'Stopped', job.stopping);
    job.startMs = now();
    enter(job, 'InProgress', 'Downloading');
    if (!image) {
      // *Assumed*: AWS, too, takes the request and fails the job over an image it cannot pull.
      const uri = job.request.AlgorithmSpecification.TrainingImage;
      return end(
        job,
        'Failed',
        'Failed',
        `ClientError: Cannot find image ${uri}: the local cloud has no program for it`,
      );
    }
    const { bucket } = parseS3Uri(job.request.OutputDataConfig.S3OutputPath);
    if (!cloud.s3.bucketExists(bucket)) {
      return end(
        job,
        'Failed',
        'Failed',
        `ClientError: The bucket ${bucket} of OutputDataConfig.S3OutputPath does not exist`,
      );
    }
    await fetchInput(job, root);
    if (job.stopping) return end(job, 'Stopped', job.stopping);
    enter(job, 'InProgress', 'Training');
    const exit = await train(job, image, root);
    if (closed) return;
    if (!job.stopping && exit.code !== 0) return end(job, 'Failed', 'Failed', await failureReason(root, exit));
    // A stopped job's model is kept, if it has saved one: API_StopTrainingJob.
    enter(job, job.stopping ? 'Stopping' : 'InProgress', 'Uploading');
    const artifacts = await upload(job, root);
    if (artifacts !== undefined) job.artifacts = artifacts;
    if (job.stopping) return end(job, 'Stopped', job.stopping);
    return end(job, 'Completed', 'Completed');
  };

  const run = async (job: TrainingJob) => {
    // The request is answered before the job moves.
    await new Promise((resolve) => setImmediate(resolve));
    const root = join(cloud.directory, 'sagemaker', 'training', `${job.name}-${cloud.id(8)}`);
    try {
      await work(job, root);
    } catch (error) {
      if (closed) return;
      const message = error instanceof Error ? error.message : String(error);
      if (!(error instanceof InputError || error instanceof OutputError))
        cloud.log(`training job ${job.name} failed inside the local cloud`, { error: message });
      const reason =
        error instanceof InputError
          ? `ClientError: Data download failed: ${message}`
          : error instanceof OutputError
            ? `ClientError: Artifact upload failed: ${message}`
            : `InternalServerError: ${message}`;
      end(job, 'Failed', 'Failed', reason.slice(0, 1024));
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  };

  return {
    operations: {
      CreateTrainingJob(input) {
        const { value, given } = parse('CreateTrainingJob', CreateTrainingJob, input);
        const arn = context.arn('training-job', value.TrainingJobName);
        if (jobs.has(value.TrainingJobName.toLowerCase())) {
          throw resourceInUse(
            `Training job names must be unique within an AWS account and region, and a training job with this name already exists (${arn})`,
          );
        }
        check(value, findImage(cloud.images, value.AlgorithmSpecification.TrainingImage));
        context.checkRole(value.RoleArn);
        const job: TrainingJob = {
          name: value.TrainingJobName,
          arn,
          request: value,
          given,
          transitions: [],
          metrics: new Map(),
          creationMs: now(),
          modifiedMs: now(),
          status: 'InProgress',
          secondary: 'Starting',
        };
        jobs.set(job.name.toLowerCase(), job);
        context.tags.create(arn, value.Tags);
        enter(job, 'InProgress', 'Starting');
        const done = cloud.activity.track(`training job ${job.name}`, run(job));
        running.add(done);
        done.finally(() => running.delete(done));
        return { TrainingJobArn: arn };
      },
      DescribeTrainingJob(input) {
        const job = get(parse('DescribeTrainingJob', ByName, input).value.TrainingJobName);
        const { Tags: _, ...given } = job.given;
        const seconds =
          job.startMs === undefined || job.endMs === undefined
            ? undefined
            : Math.ceil((job.endMs - job.startMs) / 1000);
        return toJson({
          ...given,
          TrainingJobArn: job.arn,
          TrainingJobStatus: job.status,
          SecondaryStatus: job.secondary,
          FailureReason: job.failureReason,
          ModelArtifacts: job.artifacts === undefined ? undefined : { S3ModelArtifacts: job.artifacts },
          StoppingCondition: { MaxRuntimeInSeconds: maxRuntime(job), ...object(given.StoppingCondition) },
          CreationTime: toSeconds(job.creationMs),
          LastModifiedTime: toSeconds(job.modifiedMs),
          TrainingStartTime: job.startMs === undefined ? undefined : toSeconds(job.startMs),
          TrainingEndTime: job.endMs === undefined ? undefined : toSeconds(job.endMs),
          TrainingTimeInSeconds: seconds,
          // No instance is ever interrupted or discounted here: what was trained is billed.
          BillableTimeInSeconds: seconds,
          SecondaryStatusTransitions: job.transitions.map(({ status, startMs, endMs, message }) => ({
            Status: status,
            StartTime: toSeconds(startMs),
            EndTime: endMs === undefined ? undefined : toSeconds(endMs),
            StatusMessage: message,
          })),
          FinalMetricDataList:
            job.metrics.size === 0
              ? undefined
              : [...job.metrics.values()].map(({ name, value, atMs }) => ({
                  MetricName: name,
                  Value: value,
                  Timestamp: toSeconds(atMs),
                })),
          EnableNetworkIsolation: job.request.EnableNetworkIsolation ?? false,
          EnableInterContainerTrafficEncryption: job.request.EnableInterContainerTrafficEncryption ?? false,
          EnableManagedSpotTraining: job.request.EnableManagedSpotTraining ?? false,
        });
      },
      ListTrainingJobs(input) {
        const { page, nextToken } = listPage(
          jobs.values(),
          parse('ListTrainingJobs', ListTrainingJobs, input).value,
          'Ascending',
        );
        return toJson({
          TrainingJobSummaries: page.map((job) => ({
            TrainingJobName: job.name,
            TrainingJobArn: job.arn,
            CreationTime: toSeconds(job.creationMs),
            TrainingEndTime: job.endMs === undefined ? undefined : toSeconds(job.endMs),
            LastModifiedTime: toSeconds(job.modifiedMs),
            TrainingJobStatus: job.status,
            SecondaryStatus: job.secondary,
          })),
          NextToken: nextToken,
        });
      },
      StopTrainingJob(input) {
        const job = get(parse('StopTrainingJob', ByName, input).value.TrainingJobName);
        // *Assumed*: words, and that stopping a job twice is refused as well.
        if (job.status !== 'InProgress') {
          throw invalid(`The request was rejected because the training job is in status ${job.status}.`);
        }
        stop(job, 'Stopped');
        return {};
      },
    },
    async close() {
      closed = true;
      for (const job of jobs.values()) {
        job.kill?.cancel();
        job.container?.kill();
      }
      await Promise.allSettled(running);
    },
  };
};

const maxRuntime = (job: TrainingJob): number => job.request.StoppingCondition?.MaxRuntimeInSeconds ?? DAY_S;

const object = (value: JsonObject[string] | undefined): JsonObject =>
  value !== undefined && value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};

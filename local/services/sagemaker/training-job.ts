import type { MetricValue } from '../../containers/metrics.ts';
import type { JsonObject } from '../../contracts.ts';
import type { Context } from './context.ts';
import { spellingOf } from './event-spelling.ts';
import type { Listed } from './listing.ts';
import { toJson, toSeconds } from './request.ts';
import { maxRuntimeSeconds, type TrainingRequest } from './training-request.ts';

export const TRAINING_STATUSES = ['InProgress', 'Completed', 'Failed', 'Stopping', 'Stopped', 'Deleting'] as const;
type Status = (typeof TRAINING_STATUSES)[number];

/**
 * `LaunchingMLInstances`, `PreparingTrainingStack` and `DownloadingTrainingImage` are no longer among a job's statuses: what
 * they told is a message of `Starting` and `Training` now (API_SecondaryStatusTransition, documented).
 */
export type Secondary =
  | 'Starting'
  | 'Pending'
  | 'Downloading'
  | 'Training'
  | 'Uploading'
  | 'Completed'
  | 'Failed'
  | 'Interrupted'
  | 'Restarting'
  | 'Stopping'
  | 'Stopped'
  | 'MaxRuntimeExceeded'
  | 'MaxWaitTimeExceeded';

/** Why a job is stopped; it is its secondary status then. */
export type StopReason = 'Stopped' | 'MaxRuntimeExceeded' | 'MaxWaitTimeExceeded';

interface Transition {
  readonly status: Secondary;
  readonly startMs: number;
  message: string;
  endMs?: number;
}

/** A training job as it stands. Times are epoch milliseconds of the cloud's clock. */
export interface TrainingJob extends Listed {
  readonly arn: string;
  readonly request: TrainingRequest;
  /** The request as it was sent. */
  readonly given: JsonObject;
  /** The tuning job that launched it. */
  readonly tuningJobArn?: string;
  readonly transitions: Transition[];
  /** The last value of each metric. */
  readonly metrics: Map<string, MetricValue>;
  status: Status;
  secondary: Secondary;
  modifiedMs: number;
  startMs?: number;
  endMs?: number;
  failureReason?: string;
  artifacts?: string;
  /** Time on instances, milliseconds, of the attempts that are over. */
  trainedMs: number;
  /** How many events have told of it. */
  told: number;
}

// Texts of SecondaryStatusTransitions' StatusMessage, "subject to change" (API_SecondaryStatusTransition); those that page
// does not list are *assumed*.
const MESSAGES: Record<Secondary, string> = {
  Starting: 'Starting the training job',
  Pending: 'Waiting for the requested ML instances',
  Downloading: 'Downloading input data',
  Training: 'Training image download completed. Training in progress.',
  Uploading: 'Uploading generated training model',
  Completed: 'Training job completed',
  Failed: 'Training job failed',
  Interrupted: 'Training job was interrupted: its spot instances were reclaimed',
  Restarting: 'Restarting the training job after an internal error',
  Stopping: 'Stopping the training job',
  Stopped: 'Training job stopped',
  MaxRuntimeExceeded: 'Training job runtime exceeded MaxRuntimeInSeconds provided',
  MaxWaitTimeExceeded: 'Training job time exceeded MaxWaitTimeInSeconds provided',
};

/** Messages of `Starting` while instances are got ready (API_SecondaryStatusTransition, documented). */
export const STARTING_MESSAGES = {
  insufficient: 'Insufficient capacity error from EC2 while launching instances, retrying!',
  preparing: 'Preparing the instances for training',
} as const;

/** A new job, which no one has heard of. */
export const newTrainingJob = (
  place: { readonly arn: string; readonly tuningJobArn?: string },
  request: TrainingRequest,
  given: JsonObject,
  nowMs: number,
): TrainingJob => ({
  name: request.TrainingJobName,
  ...place,
  request,
  given,
  transitions: [],
  metrics: new Map(),
  creationMs: nowMs,
  modifiedMs: nowMs,
  status: 'InProgress',
  secondary: 'Starting',
  trainedMs: 0,
  told: 0,
});

const object = (value: JsonObject[string] | undefined): JsonObject =>
  value !== undefined && value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};

const stoppingConditionOf = (job: TrainingJob) => ({
  MaxRuntimeInSeconds: maxRuntimeSeconds(job.request),
  ...object(job.given.StoppingCondition),
});

/**
 * Tells of a job as it stands, in one of the two spellings that AWS has. Absent members are null (*assumed* from real
 * events).
 */
export const tellOfTraining = (context: Context, job: TrainingJob): void => {
  const { time, tags } = spellingOf(job.told++);
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
    StoppingCondition: stoppingConditionOf(job),
    ModelArtifacts: job.artifacts === undefined ? null : { S3ModelArtifacts: job.artifacts },
    CreationTime: time(job.creationMs),
    TrainingStartTime: time(job.startMs),
    TrainingEndTime: time(job.endMs),
    LastModifiedTime: time(job.modifiedMs),
    SecondaryStatusTransitions: job.transitions.map(({ status, startMs, endMs, message }) => ({
      Status: status,
      StartTime: time(startMs),
      EndTime: time(endMs),
      StatusMessage: message,
    })),
    Tags: tags(context.tags.asObject(job.arn)),
  });
};

/** Takes a job into a status, and tells of it. */
export const enterStatus = (
  context: Context,
  job: TrainingJob,
  status: Status,
  secondary: Secondary,
  message = MESSAGES[secondary],
): void => {
  const nowMs = context.cloud.clock.ms();
  const last = job.transitions.at(-1);
  if (last) last.endMs = nowMs;
  const ended = status === 'Completed' || status === 'Failed' || status === 'Stopped';
  job.transitions.push({ status: secondary, startMs: nowMs, message, ...(ended ? { endMs: nowMs } : {}) });
  job.status = status;
  job.secondary = secondary;
  job.modifiedMs = nowMs;
  tellOfTraining(context, job);
};

const LONGEST_REASON = 1024;
const LONGEST_MESSAGE = 256;

/** Ends a job. @param reason Its FailureReason, at most 1024 characters of it. */
export const endTraining = (
  context: Context,
  job: TrainingJob,
  status: 'Completed' | 'Failed' | 'Stopped',
  secondary: Secondary,
  reason?: string,
): void => {
  job.endMs = context.cloud.clock.ms();
  if (reason !== undefined) job.failureReason = reason.slice(0, LONGEST_REASON);
  const message =
    reason === undefined ? MESSAGES[secondary] : `${MESSAGES[secondary]}: ${reason}`.slice(0, LONGEST_MESSAGE);
  enterStatus(context, job, status, secondary, message);
};

// What a second on a spot instance is billed as: "savings = (1 - BillableTimeInSeconds / TrainingTimeInSeconds) * 100"
// (API_DescribeTrainingJob, documented). A saving of 70 % is *assumed*; AWS promises up to 90 %.
const SPOT_SHARE = 0.3;

/** DescribeTrainingJob's answer. Training time is the time on instances, in all attempts (*assumed*: not the waits between). */
export const describeTraining = (job: TrainingJob): JsonObject => {
  const { Tags: _, ...given } = job.given;
  const seconds = job.startMs === undefined || job.endMs === undefined ? undefined : Math.ceil(job.trainedMs / 1000);
  const isSpot = job.request.EnableManagedSpotTraining ?? false;
  const time = (ms: number | undefined) => (ms === undefined ? undefined : toSeconds(ms));
  return toJson({
    ...given,
    TrainingJobArn: job.arn,
    TuningJobArn: job.tuningJobArn,
    TrainingJobStatus: job.status,
    SecondaryStatus: job.secondary,
    FailureReason: job.failureReason,
    ModelArtifacts: job.artifacts === undefined ? undefined : { S3ModelArtifacts: job.artifacts },
    StoppingCondition: stoppingConditionOf(job),
    CreationTime: time(job.creationMs),
    LastModifiedTime: time(job.modifiedMs),
    TrainingStartTime: time(job.startMs),
    TrainingEndTime: time(job.endMs),
    TrainingTimeInSeconds: seconds,
    BillableTimeInSeconds: seconds === undefined || !isSpot ? seconds : Math.ceil(seconds * SPOT_SHARE),
    SecondaryStatusTransitions: job.transitions.map(({ status, startMs, endMs, message }) => ({
      Status: status,
      StartTime: time(startMs),
      EndTime: time(endMs),
      StatusMessage: message,
    })),
    FinalMetricDataList:
      job.metrics.size === 0
        ? undefined
        : [...job.metrics.values()].map(({ name, value, atMs }) => ({
            MetricName: name,
            Value: value,
            Timestamp: time(atMs),
          })),
    EnableNetworkIsolation: job.request.EnableNetworkIsolation ?? false,
    EnableInterContainerTrafficEncryption: job.request.EnableInterContainerTrafficEncryption ?? false,
    EnableManagedSpotTraining: isSpot,
  });
};

/** A job as ListTrainingJobs has it. */
export const summarizeTraining = (job: TrainingJob) => ({
  TrainingJobName: job.name,
  TrainingJobArn: job.arn,
  CreationTime: toSeconds(job.creationMs),
  TrainingEndTime: job.endMs === undefined ? undefined : toSeconds(job.endMs),
  LastModifiedTime: toSeconds(job.modifiedMs),
  TrainingJobStatus: job.status,
  SecondaryStatus: job.secondary,
});

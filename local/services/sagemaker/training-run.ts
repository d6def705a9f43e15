import { join } from 'node:path';

import type { Timer } from '../../clock.ts';
import { deadline } from '../../containers/deadline.ts';
import { filesIn, filesInMemory } from '../../containers/files.ts';
import { findImage } from '../../containers/images.ts';
import { InputError, parseS3Uri } from '../../containers/s3-input.ts';
import { failureReason } from '../../containers/training.ts';
import type { ContainerFiles, ContainerImage, TrainingFault } from '../../contracts.ts';
import { keepCheckpoints } from './checkpoints.ts';
import type { Context } from './context.ts';
import { CAPACITY_REASON, INTERNAL_REASON } from './failure-reasons.ts';
import { OutputError, s3UnderRole } from './role-access.ts';
import { fetchInput, startContainer, type TrainingContainer, uploadOutput } from './training-attempt.ts';
import {
  endTraining,
  enterStatus,
  type Secondary,
  STARTING_MESSAGES,
  type StopReason,
  type TrainingJob,
} from './training-job.ts';
import { maxRuntimeSeconds } from './training-request.ts';

/** One training job on its way, from its creation to its end. */
export interface TrainingRun {
  /** Gets it instances and goes on from there. */
  start(): void;
  /** Stops it; once it is being stopped nothing happens. */
  stop(why: StopReason): void;
  /** Takes its spot instance back. @returns False when it has none. */
  reclaim(): boolean;
  /** Ends it without a trace. */
  abandon(): void;
}

/** What a run is in. */
export interface Surroundings {
  readonly context: Context;
  /** Runs a part of the job's work, which the cloud waits for; it must not reject. */
  readonly work: (part: () => Promise<void>) => void;
  readonly isClosed: () => boolean;
  /** The job has come to its end. */
  readonly ended: () => void;
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

const reasonOf = (error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof InputError) return `ClientError: Data download failed: ${message}`;
  if (error instanceof OutputError) return `ClientError: Artifact upload failed: ${message}`;
  return `InternalServerError: ${message}`;
};

export const createTrainingRun = (job: TrainingJob, surroundings: Surroundings): TrainingRun => {
  const { context, work, isClosed } = surroundings;
  const { cloud } = context;
  const { request } = job;
  const stopping = request.StoppingCondition;
  const isSpot = request.EnableManagedSpotTraining ?? false;
  const now = () => cloud.clock.ms();
  let attempt = 0;
  let retries = 0;
  let stopped: StopReason | undefined;
  let isReclaimed = false;
  /** When the attempt got its instances; undefined without. */
  let onInstancesMs: number | undefined;
  let container: TrainingContainer | undefined;
  /** What wakes a job that waits for instances. */
  let waiting: Timer[] = [];
  let limit: Timer | undefined;

  const leaveInstances = () => {
    if (onInstancesMs !== undefined) job.trainedMs += now() - onInstancesMs;
    onInstancesMs = undefined;
  };

  const end = (status: 'Completed' | 'Failed' | 'Stopped', secondary: Secondary, reason?: string) => {
    leaveInstances();
    limit?.cancel();
    endTraining(context, job, status, secondary, reason);
    surroundings.ended();
  };

  const wake = () => {
    for (const timer of waiting) timer.cancel();
    waiting = [];
  };

  const stop = (why: StopReason) => {
    if (stopped || job.endMs !== undefined) return;
    stopped = why;
    enterStatus(context, job, 'Stopping', 'Stopping');
    container?.stop();
    if (waiting.length === 0) return;
    wake();
    work(async () => end('Stopped', why));
  };

  /** The job waits for instances; meanwhile the cloud is at rest. */
  const waitForInstances = (fault: TrainingFault) => {
    const pendingSeconds = stopping?.MaxPendingTimeInSeconds;
    // "Pending - The training job is waiting for compute capacity" (API_DescribeTrainingJob, documented); that it is shown
    // where MaxPendingTimeInSeconds is set, and elsewhere a message of Starting, is *assumed*.
    if (pendingSeconds !== undefined) enterStatus(context, job, 'InProgress', 'Pending');
    else enterStatus(context, job, 'InProgress', 'Starting', STARTING_MESSAGES.insufficient);
    waiting.push(
      cloud.clock.after(fault.unavailableMs ?? 0, () => {
        wake();
        work(() => runAttempt(fault));
      }),
    );
    // A job that waited longer is stopped (API_StoppingCondition, documented); its secondary status is *assumed*.
    if (pendingSeconds !== undefined) waiting.push(cloud.clock.after(pendingSeconds * 1000, () => stop('Stopped')));
  };

  const begin = async () => {
    attempt++;
    isReclaimed = false;
    const { InstanceType: instanceType } = request.ResourceConfig;
    const fault = cloud.faults.training?.({ name: job.name, attempt, instanceType, spot: isSpot }) ?? {};
    if (stopped) return end('Stopped', stopped);
    if (fault.failure === 'capacity') return end('Failed', 'Failed', CAPACITY_REASON);
    if ((fault.unavailableMs ?? 0) > 0) return waitForInstances(fault);
    await runAttempt(fault);
  };

  /** A job is tried again after an internal error, as often as it asked for: RetryStrategy (API_RetryStrategy, documented). */
  const retry = async () => {
    if (stopped) return end('Stopped', stopped);
    if (retries >= (request.RetryStrategy?.MaximumRetryAttempts ?? 0)) return end('Failed', 'Failed', INTERNAL_REASON);
    retries++;
    leaveInstances();
    // The status between two attempts is *assumed*.
    enterStatus(context, job, 'InProgress', 'Restarting');
    await begin();
  };

  /**
   * A spot job whose instance was taken goes to Interrupted and starts again, from its checkpoints
   * (model-managed-spot-training.md, documented).
   */
  const startAgain = async () => {
    leaveInstances();
    enterStatus(context, job, 'InProgress', 'Interrupted');
    enterStatus(context, job, 'InProgress', 'Starting');
    await begin();
  };

  const train = async (fault: TrainingFault, image: ContainerImage | undefined, files: ContainerFiles) => {
    if (!image) {
      // *Assumed*: AWS, too, takes the request and fails the job over an image it cannot pull.
      const uri = request.AlgorithmSpecification.TrainingImage;
      return end('Failed', 'Failed', `ClientError: Cannot find image ${uri}: the local cloud has no program for it`);
    }
    const { bucket } = parseS3Uri(request.OutputDataConfig.S3OutputPath);
    if (!cloud.s3.bucketExists(bucket)) {
      return end(
        'Failed',
        'Failed',
        `ClientError: The bucket ${bucket} of OutputDataConfig.S3OutputPath does not exist`,
      );
    }
    await fetchInput(context, job, files);
    if (stopped) return end('Stopped', stopped);
    if (isReclaimed) return startAgain();
    if (fault.failure === 'internal') return retry();
    enterStatus(context, job, 'InProgress', 'Training');
    container = await startContainer(context, job, image, files, isClosed);
    const { exited } = container;
    if (isClosed() || fault.failure === 'killed') container.kill();
    // It may have been stopped while the process was started.
    if (stopped || isReclaimed) container.stop();
    // Attempts share MaxRuntimeInSeconds (API_StoppingCondition, documented for RetryStrategy, *assumed* for spot).
    const leftMs = Math.max(0, maxRuntimeSeconds(request) * 1000 - job.trainedMs);
    const runtime = deadline(cloud.clock, leftMs, () => stop('MaxRuntimeExceeded'));
    const reclaiming =
      fault.reclaimAfterMs === undefined ? undefined : cloud.clock.after(fault.reclaimAfterMs, () => reclaim());
    const exit = await exited;
    container = undefined;
    runtime.cancel();
    reclaiming?.cancel();
    if (isClosed()) return;
    if (request.CheckpointConfig)
      await keepCheckpoints(s3UnderRole(cloud, request.RoleArn), request.CheckpointConfig, files);
    if (isReclaimed && !stopped) return startAgain();
    if (!stopped && exit.code !== 0) return end('Failed', 'Failed', await failureReason(files, exit));
    // A stopped job's model is kept, if it has saved one (API_StopTrainingJob, documented).
    enterStatus(context, job, stopped ? 'Stopping' : 'InProgress', 'Uploading');
    const artifacts = await uploadOutput(context, job, files);
    if (artifacts !== undefined) job.artifacts = artifacts;
    if (stopped) return end('Stopped', stopped);
    return end('Completed', 'Completed');
  };

  const runAttempt = async (fault: TrainingFault) => {
    const image = findImage(cloud.images, request.AlgorithmSpecification.TrainingImage);
    const files = image?.program
      ? filesInMemory()
      : filesIn(join(cloud.directory, 'sagemaker', 'training', `${job.name}-${cloud.id(8)}`));
    const last = job.transitions.at(-1);
    if (last?.status === 'Starting' && last.message !== STARTING_MESSAGES.insufficient)
      last.message = STARTING_MESSAGES.preparing;
    onInstancesMs = now();
    job.startMs ??= now();
    enterStatus(context, job, 'InProgress', 'Downloading');
    try {
      await train(fault, image, files);
    } catch (error) {
      if (isClosed()) return;
      if (!(error instanceof InputError || error instanceof OutputError)) {
        const message = error instanceof Error ? error.message : String(error);
        cloud.log(`training job ${job.name} failed inside the local cloud`, { error: message });
      }
      end('Failed', 'Failed', reasonOf(error));
    } finally {
      await files.remove();
    }
  };

  // The container hears of it as of a stop (*assumed*: SIGTERM, and an end two minutes later, as spot instances are told).
  const reclaim = (): boolean => {
    if (!isSpot || stopped || onInstancesMs === undefined) return false;
    if (job.secondary !== 'Downloading' && job.secondary !== 'Training') return false;
    isReclaimed = true;
    container?.stop();
    return true;
  };

  return {
    start() {
      enterStatus(context, job, 'InProgress', 'Starting');
      // MaxWaitTimeInSeconds is waiting and training together (API_StoppingCondition, documented).
      const waitSeconds = stopping?.MaxWaitTimeInSeconds;
      if (waitSeconds !== undefined) limit = cloud.clock.after(waitSeconds * 1000, () => stop('MaxWaitTimeExceeded'));
      work(async () => {
        // The request is answered before the job moves.
        await nextTurn();
        await begin();
      });
    },
    stop,
    reclaim,
    abandon() {
      wake();
      limit?.cancel();
      container?.kill();
    },
  };
};

import { inside } from '../../containers/archive.ts';
import { type Deadline, deadline } from '../../containers/deadline.ts';
import { asLogged, metricScraper } from '../../containers/metrics.ts';
import type { ContainerProcess, Exit } from '../../containers/process.ts';
import { download, inputObjects, parseS3Uri } from '../../containers/s3-input.ts';
import { startTraining, TRAINING_PATHS } from '../../containers/training.ts';
import type { ContainerFiles, ContainerImage } from '../../contracts.ts';
import { checkpointPath, fetchCheckpoints } from './checkpoints.ts';
import type { Context } from './context.ts';
import { logUnderRole, mayPublish, s3UnderRole } from './role-access.ts';
import type { TrainingJob } from './training-job.ts';
import { metricDefinitions } from './training-request.ts';

const LOG_GROUP = '/aws/sagemaker/TrainingJobs';
const METRICS = '/aws/sagemaker/TrainingJobs';
// "SageMaker sends the algorithm the SIGTERM signal, which delays job termination for 120 seconds" (API_StopTrainingJob,
// documented).
const KILL_AFTER_MS = 120_000;

/** A training container that has been started. */
export interface TrainingContainer {
  readonly exited: Promise<Exit>;
  /** SIGTERM, and SIGKILL 120 seconds later. */
  stop(): void;
  /** SIGKILL. */
  kill(): void;
}

type Channel = NonNullable<TrainingJob['request']['InputDataConfig']>[number];
const inputModeOf = ({ request }: TrainingJob, channel: Channel) =>
  channel.InputMode ?? request.AlgorithmSpecification.TrainingInputMode;

/** @throws InputError when a channel has no data, or the role may not read it. */
export const fetchInput = async (context: Context, job: TrainingJob, files: ContainerFiles): Promise<void> => {
  const s3 = s3UnderRole(context.cloud, job.request.RoleArn);
  for (const channel of job.request.InputDataConfig ?? []) {
    const { S3DataType, S3Uri } = channel.DataSource.S3DataSource;
    const wholeFolder = inputModeOf(job, channel) === 'FastFile';
    const objects = await inputObjects(s3, { type: S3DataType, uri: S3Uri, wholeFolder });
    await download(s3, objects, files, inside(TRAINING_PATHS.channels, channel.ChannelName));
  }
  const checkpoints = job.request.CheckpointConfig;
  if (checkpoints) await fetchCheckpoints(s3, checkpoints, files);
};

const channelConfigs = (job: TrainingJob) =>
  Object.fromEntries(
    (job.request.InputDataConfig ?? []).map((channel) => [
      channel.ChannelName,
      {
        ...(channel.ContentType === undefined ? {} : { ContentType: channel.ContentType }),
        TrainingInputMode: inputModeOf(job, channel),
        S3DistributionType: channel.DataSource.S3DataSource.S3DataDistributionType ?? 'FullyReplicated',
        RecordWrapperType: 'None',
      },
    ]),
  );

/** Starts a job's container; its log is kept and searched for metrics. */
export const startContainer = async (
  context: Context,
  job: TrainingJob,
  image: ContainerImage,
  files: ContainerFiles,
  isClosed: () => boolean,
): Promise<TrainingContainer> => {
  const { cloud } = context;
  const { request } = job;
  const publishes = mayPublish(cloud, request.RoleArn, METRICS);
  const scrape = metricScraper(metricDefinitions(image, request), (value) => {
    job.metrics.set(value.name, value);
    if (!publishes) return;
    // A job's metrics have the namespace /aws/sagemaker/TrainingJobs and the dimension Host, `<job>/algo-1`
    // (monitoring-cloudwatch.md, documented).
    context.hooks.metric?.({
      namespace: METRICS,
      name: value.name,
      dimensions: { Host: `${job.name}/algo-1` },
      value: value.value,
      unit: 'None',
    });
  });
  const stream = `${job.name}/algo-1-${Math.floor(cloud.clock.ms() / 1000)}`;
  const log = logUnderRole(cloud, request.RoleArn, LOG_GROUP, stream);
  const container: ContainerProcess = await startTraining({
    image,
    files,
    environment: {
      ...(request.EnableNetworkIsolation ? {} : context.credentials(request.RoleArn)),
      TRAINING_JOB_NAME: job.name,
      TRAINING_JOB_ARN: job.arn,
      ...request.Environment,
    },
    hyperParameters: request.HyperParameters ?? {},
    channels: channelConfigs(job),
    instanceType: request.ResourceConfig.InstanceType,
    ...(request.CheckpointConfig ? { checkpointPath: checkpointPath(request.CheckpointConfig) } : {}),
    onLine(line) {
      if (isClosed()) return;
      const logged = asLogged(line);
      log([logged]);
      scrape(logged, cloud.clock.ms());
    },
  });
  let kill: Deadline | undefined;
  void container.exited.then(() => kill?.cancel());
  return {
    exited: container.exited,
    stop() {
      if (!container.running()) return;
      container.terminate();
      kill ??= deadline(cloud.clock, KILL_AFTER_MS, () => container.kill());
    },
    kill: () => container.kill(),
  };
};

/**
 * Puts what the container left into S3. Whether the output path ends with a slash makes no difference (*assumed*).
 *
 * @returns Where the model lies; undefined when there is none.
 * @throws OutputError when the role may not write it.
 */
export const uploadOutput = async (
  context: Context,
  job: TrainingJob,
  files: ContainerFiles,
): Promise<string | undefined> => {
  const s3 = s3UnderRole(context.cloud, job.request.RoleArn);
  const output = `${job.request.OutputDataConfig.S3OutputPath.replace(/\/+$/, '')}/${job.name}/output`;
  const { bucket, key } = parseS3Uri(output);
  const compressed = job.request.OutputDataConfig.CompressionType !== 'NONE';
  const put = async (name: string, folder: string) => {
    if (compressed) {
      await s3.write(bucket, `${key}/${name}.tar.gz`, await files.pack(folder), 'application/x-tar');
      return `${output}/${name}.tar.gz`;
    }
    for (const file of await files.list(folder)) {
      await s3.write(bucket, `${key}/${name}/${file}`, files.open(`${folder}/${file}`));
    }
    return `${output}/${name}/`;
  };
  const artifacts =
    (await files.list(TRAINING_PATHS.model)).length > 0 ? await put('model', TRAINING_PATHS.model) : undefined;
  // The place of what lies in output/data is *assumed* (sagemaker-training-toolkit documents SM_OUTPUT_DATA_DIR).
  if ((await files.list(TRAINING_PATHS.output)).length > 0) await put('output', TRAINING_PATHS.output);
  return artifacts;
};

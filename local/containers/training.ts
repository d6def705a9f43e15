import { constants } from 'node:os';

import type { ContainerFiles, ContainerImage } from '../contracts.ts';
import { type ContainerProcess, type Exit, startContainer } from './process.ts';

/** How a channel looks to the container. */
interface ChannelConfig {
  readonly ContentType?: string;
  readonly TrainingInputMode: string;
  readonly S3DistributionType: string;
  readonly RecordWrapperType: string;
}

/** What a training container is run with; its channels' data already lie in `opt/ml/input/data`. */
export interface TrainingRun {
  readonly image: ContainerImage;
  readonly files: ContainerFiles;
  readonly environment: Readonly<Record<string, string>>;
  readonly hyperParameters: Readonly<Record<string, string>>;
  readonly channels: Readonly<Record<string, ChannelConfig>>;
  readonly instanceType: string;
  readonly checkpointPath?: string;
  readonly onLine?: (line: string) => void;
}

/** Where things lie in a training container. Source: your-algorithms-training-algo-running-container.md (documented). */
export const TRAINING_PATHS = {
  channels: 'opt/ml/input/data',
  configs: 'opt/ml/input/config',
  model: 'opt/ml/model',
  output: 'opt/ml/output/data',
  failure: 'opt/ml/output/failure',
} as const;

// The one instance of a job. Names as resourceconfig.json shows them: your-algorithms-training-algo-running-container.md (documented).
const resources = (instanceType: string) => ({
  current_host: 'algo-1',
  current_instance_type: instanceType,
  current_group_name: 'homogeneousCluster',
  hosts: ['algo-1'],
  instance_groups: [{ instance_group_name: 'homogeneousCluster', instance_type: instanceType, hosts: ['algo-1'] }],
  network_interface_name: 'eth0',
});

/** Writes the container's configuration and runs it with `train`. */
export const startTraining = async (run: TrainingRun): Promise<ContainerProcess> => {
  const configs = {
    hyperparameters: run.hyperParameters,
    inputdataconfig: run.channels,
    resourceconfig: resources(run.instanceType),
    ...(run.checkpointPath === undefined ? {} : { checkpointconfig: { LocalPath: run.checkpointPath } }),
  };
  const { files } = run;
  await files.makeFolder(TRAINING_PATHS.model);
  await files.makeFolder(TRAINING_PATHS.output);
  for (const [name, content] of Object.entries(configs)) {
    await files.write(`${TRAINING_PATHS.configs}/${name}.json`, JSON.stringify(content));
  }
  return startContainer({
    image: run.image,
    files,
    verb: 'train',
    environment: run.environment,
    ...(run.onLine ? { onLine: run.onLine } : {}),
  });
};

const FAILURE_LENGTH = 1024;

/** A process that a signal ended has the exit code that a container's runtime reports: 137 for SIGKILL. */
const codeOf = ({ code, signal }: Exit): number | string => {
  const found = Object.entries(constants.signals).find(([name]) => name === signal);
  return code ?? (found === undefined ? (signal ?? 'unknown') : 128 + found[1]);
};

/**
 * Why a training failed, in SageMaker's form: `AlgorithmError: <what the container wrote to /opt/ml/output/failure>,
 * exit code: 1`, at most 1024 characters.
 *
 * That the file's first 1024 characters become the reason is documented (your-algorithms-training-algo-running-
 * container.md); the words around them are *assumed* from public issues.
 */
export const failureReason = async (files: ContainerFiles, exit: Exit): Promise<string> => {
  if (exit.error !== undefined) return `InternalServerError: ${exit.error}`.slice(0, FAILURE_LENGTH);
  const written = (await files.read(TRAINING_PATHS.failure).catch(() => undefined))?.toString() ?? '';
  const ending = `, exit code: ${codeOf(exit)}`;
  const start = 'AlgorithmError: ';
  return `${start}${written.trim().slice(0, FAILURE_LENGTH - start.length - ending.length)}${ending}`;
};

import { download, parseS3Uri } from '../../containers/s3-input.ts';
import type { ContainerFiles, S3Api } from '../../contracts.ts';

/** Where a job's checkpoints lie, in the container and in S3. */
export interface CheckpointConfig {
  readonly S3Uri: string;
  readonly LocalPath?: string | undefined;
}

/** The default of CheckpointConfig.LocalPath (docs.aws.amazon.com/sagemaker/latest/APIReference/API_CheckpointConfig.html, documented). */
const CHECKPOINTS = '/opt/ml/checkpoints';

/** The folder in the container. */
export const checkpointPath = (config: CheckpointConfig): string => config.LocalPath ?? CHECKPOINTS;

const placeOf = ({ S3Uri }: CheckpointConfig) => {
  const { bucket, key } = parseS3Uri(S3Uri.replace(/\/+$/, ''));
  return { bucket, prefix: key === '' ? '' : `${key}/` };
};

/**
 * Puts what an earlier attempt or job saved into the container: what lies in S3 is there when training starts
 * (docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html, documented).
 *
 * @throws InputError when the role may not read it.
 */
export const fetchCheckpoints = async (s3: S3Api, config: CheckpointConfig, files: ContainerFiles): Promise<void> => {
  const { bucket, prefix } = placeOf(config);
  const saved = s3.bucketExists(bucket) ? s3.list(bucket, prefix) : [];
  await download(
    s3,
    saved
      .filter(({ key }) => !key.endsWith('/'))
      .map(({ key, size }) => ({ bucket, key, name: key.slice(prefix.length), sizeBytes: size })),
    files,
    checkpointPath(config),
  );
};

/**
 * Keeps what the container saved. AWS copies checkpoints while they are written; that they are copied when the container
 * has ended, however it did, is *assumed* to come to the same.
 *
 * @throws OutputError when the role may not write it.
 */
export const keepCheckpoints = async (s3: S3Api, config: CheckpointConfig, files: ContainerFiles): Promise<void> => {
  const { bucket, prefix } = placeOf(config);
  const folder = checkpointPath(config);
  for (const file of await files.list(folder)) {
    await s3.write(bucket, `${prefix}${file}`, files.open(`${folder}/${file}`));
  }
};

import { join } from 'node:path';

import { filesIn, filesInMemory } from '../../containers/files.ts';
import { findImage } from '../../containers/images.ts';
import { asLogged } from '../../containers/metrics.ts';
import { download, InputError, inputObjects, openObject, parseS3Uri } from '../../containers/s3-input.ts';
import { type ServingContainer, startServing, UnhealthyError } from '../../containers/serving.ts';
import type { ContainerFiles } from '../../contracts.ts';
import type { Context } from './context.ts';
import type { Model } from './models.ts';
import { logUnderRole, s3UnderRole } from './role-access.ts';

/** A model that could not be brought up, in words for a FailureReason. */
export class HostingError extends Error {
  override readonly name = 'HostingError';
  /** An update that fails so shows no FailureReason. */
  readonly isSilent: boolean;
  constructor(message: string, options: ErrorOptions & { isSilent?: boolean } = {}) {
    super(message, options);
    this.isSilent = options.isSilent ?? false;
  }
}

/** What a model's container is started for. */
export interface Hosting {
  readonly model: Model;
  /** Variables beyond the model's own. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Who is told in the reason: `The primary container for production variant AllTraffic`. */
  readonly subject: string;
  readonly logGroup: string;
  readonly logStream: string;
  readonly startupMs: number;
  readonly signal?: AbortSignal;
}

/** A model's container that is up. */
export interface HostedModel {
  readonly container: ServingContainer;
  /** Stops the container and removes its files. */
  stop(): Promise<void>;
}

/** The model's files lie here in a container: your-algorithms-inference-code.md (documented). */
const MODEL = 'opt/ml/model';

const fetchModel = async (context: Context, model: Model, files: ContainerFiles): Promise<void> => {
  const { data } = model;
  if (!data) return;
  const s3 = s3UnderRole(context.cloud, model.roleArn);
  if (data.form === 'archive') {
    await files.unpack(MODEL, await openObject(s3, parseS3Uri(data.uri)));
    return;
  }
  await download(s3, await inputObjects(s3, { type: 'S3Prefix', uri: data.uri }), files, MODEL);
};

/**
 * Fetches a model's files, runs its container with `serve` and waits until it is healthy.
 *
 * @throws HostingError when there is no program for the image, no such files, or no healthy container in time.
 */
export const hostModel = async (context: Context, hosting: Hosting): Promise<HostedModel> => {
  const { cloud } = context;
  const { model } = hosting;
  const image = findImage(cloud.images, model.imageUri);
  // That AWS takes the request and fails later, over an image it cannot pull, is *assumed*.
  if (!image)
    throw new HostingError(`The image ${model.imageUri} does not exist: the local cloud has no program for it.`);
  const files = image.program
    ? filesInMemory()
    : filesIn(join(cloud.directory, 'sagemaker', 'hosting', `${model.name}-${cloud.id(8)}`));
  const log = logUnderRole(cloud, model.roleArn, hosting.logGroup, hosting.logStream);
  try {
    await fetchModel(context, model, files);
    const container = await startServing({
      image,
      files,
      environment: {
        ...(model.networkIsolation ? {} : context.credentials(model.roleArn)),
        ...model.environment,
        ...hosting.environment,
      },
      onLine: (line) => log([asLogged(line)]),
      clock: cloud.clock,
      startupMs: hosting.startupMs,
      ...(hosting.signal ? { signal: hosting.signal } : {}),
    });
    return {
      container,
      async stop() {
        await container.stop();
        await files.remove();
      },
    };
  } catch (error) {
    await files.remove();
    if (error instanceof UnhealthyError) {
      // The words are those public issues quote; *assumed*. What really happened is added: there is no console to look
      // in.
      throw new HostingError(
        `${hosting.subject} did not pass the ping health check (${error.message}). Please check CloudWatch logs ${hosting.logGroup}.`,
        { cause: error },
      );
    }
    if (error instanceof InputError)
      throw new HostingError(`Failed to download model data: ${error.message}`, { cause: error });
    throw new HostingError(
      `Failed to extract model data archive ${model.data?.uri ?? ''}: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
};

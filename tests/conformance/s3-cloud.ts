/** A cloud with an S3 client on it, for the conformance tests of S3. */
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

import { type CloudOptions, createCloud, type LocalCloud } from '../../local/cloud.ts';

export const ADMINISTRATOR = { accessKeyId: 'test', secretAccessKey: 'test' };
export const START = new Date('2001-01-25T10:15:00Z');

export interface S3Cloud {
  readonly cloud: LocalCloud;
  readonly s3: S3Client;
  close(): Promise<void>;
}

export const startS3 = async (options: CloudOptions = {}, client: S3ClientConfig = {}): Promise<S3Cloud> => {
  const cloud = await createCloud({ start: START, ...options });
  const s3 = new S3Client({
    endpoint: cloud.url,
    region: cloud.region,
    credentials: ADMINISTRATOR,
    // A repeat would hide an error that should not have been.
    maxAttempts: 1,
    ...client,
  });
  return {
    cloud,
    s3,
    close: async () => {
      s3.destroy();
      await cloud.close();
    },
  };
};

/** What a refused call is refused with. */
export const refusal = async (
  call: Promise<unknown>,
): Promise<{ name: string; status: number | undefined; message: string }> => {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const metadata: unknown = '$metadata' in error ? error.$metadata : undefined;
    const status =
      typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
        ? Number(metadata.httpStatusCode)
        : undefined;
    return { name: error.name, status, message: error.message };
  }
  throw new Error('the call was expected to be refused and was answered');
};

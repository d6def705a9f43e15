import { InputError } from '../../containers/s3-input.ts';
import { type Actor, type Cloud, type S3Api, ServiceError } from '../../contracts.ts';
import { openRoleLog, type RoleLog } from '../../role-log.ts';

/** Something that could not be written for a job, in words for its FailureReason. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
}

/** SageMaker's own session of a role. */
const SESSION = 'SageMaker';

const inWords = (error: unknown): string => (error instanceof ServiceError ? `${error.code}: ${error.message}` : '');

/**
 * S3 as SageMaker sees it under an execution role
 * (docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html, documented: which calls it makes).
 *
 * @returns Its functions throw InputError when the role may not read, OutputError when it may not write.
 */
export const s3UnderRole = (cloud: Cloud, role: string): S3Api => {
  const by: Actor = { role, session: SESSION };
  const refused = (action: string, cause: unknown): unknown => {
    if (!(cause instanceof ServiceError)) return cause;
    return action === 'PutObject'
      ? new OutputError(inWords(cause), { cause })
      : new InputError(inWords(cause), { cause });
  };
  const authorize = (action: string, resource: string, context: Record<string, string> = {}) => {
    try {
      cloud.iam.authorize({ by, action: `s3:${action}`, resource: `arn:aws:s3:::${resource}`, context });
    } catch (cause) {
      throw refused(action, cause);
    }
  };
  const { s3 } = cloud;
  // Objects of a bucket that encrypts are read and written under the role with kms:Decrypt and kms:GenerateDataKey, too
  // (sagemaker-roles.html, documented).
  return {
    async read(bucket, key, versionId) {
      const action = versionId === undefined ? 'GetObject' : 'GetObjectVersion';
      authorize(action, `${bucket}/${key}`);
      return s3.read(bucket, key, versionId, by).catch((cause: unknown) => {
        throw refused(action, cause);
      });
    },
    async write(bucket, key, body, contentType) {
      authorize('PutObject', `${bucket}/${key}`);
      return s3.write(bucket, key, body, contentType, by).catch((cause: unknown) => {
        throw refused('PutObject', cause);
      });
    },
    list(bucket, prefix) {
      authorize('ListBucket', bucket, { 's3:prefix': prefix });
      return s3.list(bucket, prefix);
    },
    bucketExists: (bucket) => s3.bucketExists(bucket),
  };
};

/** A container's log stream, written under its role. */
export const logUnderRole = (cloud: Cloud, role: string, group: string, stream: string): RoleLog =>
  openRoleLog(cloud, { role, session: SESSION }, group, stream);

/** May SageMaker publish the metrics of a role's job? */
export const mayPublish = (cloud: Cloud, role: string, namespace: string): boolean =>
  cloud.iam.allows({
    by: { role, session: SESSION },
    action: 'cloudwatch:PutMetricData',
    resource: '*',
    context: { 'cloudwatch:namespace': namespace },
  });

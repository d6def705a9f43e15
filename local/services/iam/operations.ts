/** The operations of IAM and STS. */
import { type Cloud, type JsonObject, type Operation, ServiceError } from '../../contracts.ts';
import { DEFAULT_SESSION_SECONDS } from './resources.ts';
import type { Roles } from './roles.ts';

const SESSION_NAME = /^[\w+=,.@-]{2,64}$/;
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (documented)
const SESSION_SECONDS = { least: 900, most: 43_200 };

const known = (input: JsonObject, operation: string, names: readonly string[]) => {
  for (const name of Object.keys(input)) {
    if (!names.includes(name))
      throw new ServiceError('ValidationError', `${name} of ${operation} is not implemented in this cloud`);
  }
};
const required = (input: JsonObject, name: string): string => {
  const value = input[name];
  if (typeof value !== 'string' || value === '') {
    throw new ServiceError(
      'ValidationError',
      `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
    );
  }
  return value;
};

export const iamOperations = ({ roles }: Roles): Readonly<Record<string, Operation>> => {
  const getRole: Operation = (input) => {
    known(input, 'GetRole', ['RoleName']);
    const name = required(input, 'RoleName');
    const found = roles.get(name);
    if (!found) throw new ServiceError('NoSuchEntity', `The role with name ${name} cannot be found.`, 404);
    const { record } = found;
    return {
      Role: {
        Path: record.path,
        RoleName: record.name,
        RoleId: record.id,
        Arn: record.arn,
        CreateDate: record.createdAt.toISOString(),
        // IAM gives documents URL-encoded; the AWS CLI and boto3 decode them (documented).
        AssumeRolePolicyDocument: encodeURIComponent(JSON.stringify(record.trust)),
        MaxSessionDuration: record.maxSessionSeconds,
        ...(record.description !== undefined && { Description: record.description }),
        ...(record.tags.length > 0 && { Tags: [...record.tags] }),
      },
    };
  };

  return { GetRole: getRole };
};

export const stsOperations = (cloud: Cloud, { byArn, open, sessionOf }: Roles): Readonly<Record<string, Operation>> => {
  const getCallerIdentity: Operation = (input, call) => {
    known(input, 'GetCallerIdentity', []);
    const session = sessionOf(call.principal.accessKeyId);
    const sessionName = call.principal.arn.slice(call.principal.arn.lastIndexOf('/') + 1);
    return {
      UserId: session ? `${session.roleId}:${sessionName}` : cloud.account,
      Account: cloud.account,
      Arn: call.principal.arn,
    };
  };

  const assumeRole: Operation = (input, call) => {
    known(input, 'AssumeRole', ['RoleArn', 'RoleSessionName', 'DurationSeconds']);
    const roleArn = required(input, 'RoleArn');
    const sessionName = required(input, 'RoleSessionName');
    const seconds = input.DurationSeconds === undefined ? DEFAULT_SESSION_SECONDS : Number(input.DurationSeconds);
    // The form has only strings; the model has a number.
    if (input.DurationSeconds !== undefined) call.note('AssumeRole', { ...input, DurationSeconds: seconds });
    if (!SESSION_NAME.test(sessionName)) {
      throw new ServiceError(
        'ValidationError',
        `1 validation error detected: Value '${sessionName}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*`,
      );
    }
    const found = byArn(roleArn);
    // STS does not tell a role that is not there from one that may not be assumed.
    if (!found) {
      throw new ServiceError(
        'AccessDenied',
        `User: ${call.principal.arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
        403,
      );
    }
    if (!Number.isInteger(seconds) || seconds < SESSION_SECONDS.least || seconds > SESSION_SECONDS.most) {
      throw new ServiceError(
        'ValidationError',
        `DurationSeconds must be from ${SESSION_SECONDS.least} to ${SESSION_SECONDS.most}, not ${input.DurationSeconds}`,
      );
    }
    if (seconds > found.record.maxSessionSeconds) {
      throw new ServiceError(
        'ValidationError',
        'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
      );
    }
    const session = open(roleArn, sessionName);
    return {
      Credentials: {
        AccessKeyId: session.principal.accessKeyId,
        SecretAccessKey: session.secretAccessKey,
        SessionToken: session.sessionToken,
        Expiration: new Date(cloud.clock.ms() + seconds * 1000).toISOString(),
      },
      AssumedRoleUser: { AssumedRoleId: `${session.roleId}:${sessionName}`, Arn: session.principal.arn },
    };
  };

  return { GetCallerIdentity: getCallerIdentity, AssumeRole: assumeRole };
};

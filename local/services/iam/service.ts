/** IAM and STS: the roles of the deployed stack, kept whole, and credentials of their sessions. */
import { createHash } from 'node:crypto';

import {
  type Call,
  type Cloud,
  type IamApi,
  type Json,
  type JsonObject,
  type Operation,
  type Principal,
  type Provisioner,
  type ResourceDeclaration,
  type Service,
  ServiceError,
} from '../../contracts.ts';

/** The administrator signs with this key, and the same word as its secret. */
export const ADMINISTRATOR_KEY = 'test';

/** A role as its template declares it, with every policy that says something about it. */
export interface RoleRecord {
  readonly arn: string;
  readonly name: string;
  readonly id: string;
  readonly path: string;
  readonly createdAt: Date;
  readonly description?: string;
  readonly maxSessionSeconds: number;
  /** The trust policy: who may assume it. */
  readonly trust: JsonObject;
  readonly permissionsBoundary?: string;
  readonly tags: readonly JsonObject[];
  /** Inline policies, of the role itself and of AWS::IAM::Policy resources. */
  readonly inline: readonly { readonly name: string; readonly document: JsonObject }[];
  /** Managed policies by ARN; the document is known for the stack's own, not for AWS's. */
  readonly managed: readonly { readonly arn: string; readonly document?: JsonObject }[];
}

/** IAM as other services and the permission checks see it. */
export interface IamStore extends IamApi {
  /** Every role, its policies attached. */
  roles(): readonly RoleRecord[];
}

interface Session {
  readonly principal: Principal;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly roleId: string;
}

interface Role {
  readonly record: Omit<RoleRecord, 'inline' | 'managed'>;
  readonly inline: { name: string; document: JsonObject }[];
  readonly managedArns: string[];
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html (documented): AROA roles, ASIA temporary keys.
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

const base32Of = (seed: string, length: number): string => {
  const bytes = createHash('sha256').update(seed).digest();
  return Array.from({ length }, (_, index) => BASE32[(bytes[index % bytes.length] ?? 0) % 32]).join('');
};

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const text = (resource: ResourceDeclaration, name: string): string | undefined => {
  const value = resource.properties[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new ServiceError('ValidationError', `${resource.logicalId}: ${name} must be a string`);
};

const texts = (resource: ResourceDeclaration, name: string): string[] => {
  const value = resource.properties[name] ?? [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw new ServiceError('ValidationError', `${resource.logicalId}: ${name} must be a list of strings`);
};

const documentOf = (resource: ResourceDeclaration, value: Json | undefined, name: string): JsonObject => {
  if (!isObject(value) || value.Statement === undefined) {
    throw new ServiceError(
      'MalformedPolicyDocument',
      `${resource.logicalId}: ${name} must be a policy document with a Statement`,
    );
  }
  return value;
};

const SESSION_NAME = /^[\w+=,.@-]{2,64}$/;
const SESSION_SECONDS = { least: 900, default: 3600, most: 43_200 };

/**
 * IAM and STS of one cloud.
 * @returns Both services, and what the rest of the cloud asks them.
 */
export const createIam = (cloud: Cloud): { services: Service[]; api: IamStore } => {
  const roles = new Map<string, Role>();
  const managed = new Map<string, JsonObject>();
  const sessions = new Map<string, Session>();
  const administrator: Principal = { arn: `arn:aws:iam::${cloud.account}:root`, accessKeyId: ADMINISTRATOR_KEY };
  // What credentials are derived from: another cloud of another seed gives others.
  const seed = cloud.id(32);

  const nameOf = (roleArn: string) => roleArn.slice(roleArn.lastIndexOf('/') + 1);
  const roleByArn = (roleArn: string) => {
    const role = roles.get(nameOf(roleArn));
    return role?.record.arn === roleArn ? role : undefined;
  };
  const roleByName = (name: string, owner: string) => {
    const role = roles.get(name);
    if (!role) throw new ServiceError('ValidationError', `${owner}: there is no role ${name} in this stack`);
    return role;
  };

  const open = (roleArn: string, sessionName: string): { accessKeyId: string; session: Session } => {
    const role = roleByArn(roleArn);
    if (!role) throw new ServiceError('NoSuchEntity', `The role with ARN ${roleArn} cannot be found.`, 404);
    const id = `${seed}/${roleArn}/${sessionName}`;
    const accessKeyId = `ASIA${base32Of(id, 16)}`;
    const known = sessions.get(accessKeyId);
    if (known) return { accessKeyId, session: known };
    const session: Session = {
      principal: {
        arn: `arn:aws:sts::${cloud.account}:assumed-role/${role.record.name}/${sessionName}`,
        accessKeyId,
        roleArn,
      },
      roleId: role.record.id,
      secretAccessKey: createHash('sha256').update(`secret/${id}`).digest('base64').slice(0, 40),
      sessionToken: createHash('sha512').update(`token/${id}`).digest('base64'),
    };
    sessions.set(accessKeyId, session);
    return { accessKeyId, session };
  };

  const api: IamStore = {
    credentialsFor(roleArn, sessionName) {
      const { accessKeyId, session } = open(roleArn, sessionName);
      return { accessKeyId, secretAccessKey: session.secretAccessKey, sessionToken: session.sessionToken };
    },
    principalOf: (accessKeyId) =>
      accessKeyId === ADMINISTRATOR_KEY ? administrator : sessions.get(accessKeyId)?.principal,
    secretOf: (accessKeyId) =>
      accessKeyId === ADMINISTRATOR_KEY ? ADMINISTRATOR_KEY : sessions.get(accessKeyId)?.secretAccessKey,
    roleExists: (roleArn) => roleByArn(roleArn) !== undefined,
    roles: () =>
      [...roles.values()].map(({ record, inline, managedArns }) => ({
        ...record,
        inline: structuredClone(inline),
        managed: managedArns.map((arn) => {
          const document = managed.get(arn);
          return document ? { arn, document: structuredClone(document) } : { arn };
        }),
      })),
  };

  // CloudFormation's form of a generated name: stack, logical id, twelve letters; cut in front of those to fit.
  const generatedName = (stack: string, logicalId: string, limit: number) =>
    `${`${stack}-${logicalId}`.slice(0, limit - 13)}-${base32Of(`${seed}/${stack}/${logicalId}`, 12)}`;

  const role: Provisioner = {
    properties: [
      'AssumeRolePolicyDocument',
      'Description',
      'ManagedPolicyArns',
      'MaxSessionDuration',
      'Path',
      'PermissionsBoundary',
      'Policies',
      'RoleName',
      'Tags',
    ],
    create(resource, { stack }) {
      const name = text(resource, 'RoleName') ?? generatedName(stack, resource.logicalId, 64);
      if (roles.has(name)) throw new ServiceError('EntityAlreadyExists', `Role with name ${name} already exists.`, 409);
      const path = text(resource, 'Path') ?? '/';
      const arn = `arn:aws:iam::${cloud.account}:role${path}${name}`;
      const policies = resource.properties.Policies ?? [];
      if (!Array.isArray(policies))
        throw new ServiceError('ValidationError', `${resource.logicalId}: Policies must be a list`);
      const description = text(resource, 'Description');
      const boundary = text(resource, 'PermissionsBoundary');
      const tags = resource.properties.Tags ?? [];
      const id = `AROA${base32Of(`${seed}/role/${name}`, 17)}`;
      roles.set(name, {
        record: {
          arn,
          name,
          id,
          path,
          createdAt: cloud.clock.now(),
          maxSessionSeconds: Number(resource.properties.MaxSessionDuration ?? SESSION_SECONDS.default),
          trust: documentOf(resource, resource.properties.AssumeRolePolicyDocument, 'AssumeRolePolicyDocument'),
          tags: Array.isArray(tags) ? tags.filter(isObject) : [],
          ...(description !== undefined && { description }),
          ...(boundary !== undefined && { permissionsBoundary: boundary }),
        },
        inline: policies.map((policy) => {
          if (!isObject(policy) || typeof policy.PolicyName !== 'string') {
            throw new ServiceError('ValidationError', `${resource.logicalId}: each of Policies needs a PolicyName`);
          }
          return { name: policy.PolicyName, document: documentOf(resource, policy.PolicyDocument, policy.PolicyName) };
        }),
        managedArns: texts(resource, 'ManagedPolicyArns'),
      });
      return { ref: name, attributes: { Arn: arn, RoleId: id } };
    },
  };

  const policy: Provisioner = {
    properties: ['PolicyDocument', 'PolicyName', 'Roles'],
    create(resource) {
      const name = text(resource, 'PolicyName');
      if (!name) throw new ServiceError('ValidationError', `${resource.logicalId}: PolicyName is required`);
      const document = documentOf(resource, resource.properties.PolicyDocument, 'PolicyDocument');
      const names = texts(resource, 'Roles');
      if (names.length === 0)
        throw new ServiceError(
          'ValidationError',
          `${resource.logicalId}: Roles must name a role (users and groups are not there)`,
        );
      for (const roleName of names) {
        const { inline } = roleByName(roleName, resource.logicalId);
        const at = inline.findIndex((known) => known.name === name);
        // PutRolePolicy replaces an inline policy of the same name.
        inline.splice(at < 0 ? inline.length : at, at < 0 ? 0 : 1, { name, document });
      }
      return { ref: name, attributes: { Id: name } };
    },
  };

  const managedPolicy: Provisioner = {
    properties: ['Description', 'ManagedPolicyName', 'Path', 'PolicyDocument', 'Roles'],
    create(resource, { stack }) {
      const name = text(resource, 'ManagedPolicyName') ?? generatedName(stack, resource.logicalId, 128);
      const arn = `arn:aws:iam::${cloud.account}:policy${text(resource, 'Path') ?? '/'}${name}`;
      managed.set(arn, documentOf(resource, resource.properties.PolicyDocument, 'PolicyDocument'));
      for (const roleName of texts(resource, 'Roles')) {
        const { managedArns } = roleByName(roleName, resource.logicalId);
        if (!managedArns.includes(arn)) managedArns.push(arn);
      }
      return { ref: arn, attributes: { PolicyArn: arn, PolicyId: `ANPA${base32Of(`${seed}/policy/${name}`, 17)}` } };
    },
  };

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

  const getCallerIdentity: Operation = (input, call: Call) => {
    known(input, 'GetCallerIdentity', []);
    const session = sessions.get(call.principal.accessKeyId);
    const sessionName = nameOf(call.principal.arn);
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
    const seconds = input.DurationSeconds === undefined ? SESSION_SECONDS.default : Number(input.DurationSeconds);
    // The form has only strings; the model has a number.
    if (input.DurationSeconds !== undefined) call.note('AssumeRole', { ...input, DurationSeconds: seconds });
    if (!SESSION_NAME.test(sessionName)) {
      throw new ServiceError(
        'ValidationError',
        `1 validation error detected: Value '${sessionName}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*`,
      );
    }
    const found = roleByArn(roleArn);
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
    const { accessKeyId, session } = open(roleArn, sessionName);
    return {
      Credentials: {
        AccessKeyId: accessKeyId,
        SecretAccessKey: session.secretAccessKey,
        SessionToken: session.sessionToken,
        Expiration: new Date(cloud.clock.ms() + seconds * 1000).toISOString(),
      },
      AssumedRoleUser: { AssumedRoleId: `${session.roleId}:${sessionName}`, Arn: session.principal.arn },
    };
  };

  return {
    api,
    services: [
      {
        scope: 'iam',
        api: {
          protocol: 'query',
          target: 'https://iam.amazonaws.com/doc/2010-05-08/',
          operations: { GetRole: getRole },
        },
        resources: { 'AWS::IAM::Role': role, 'AWS::IAM::Policy': policy, 'AWS::IAM::ManagedPolicy': managedPolicy },
      },
      {
        scope: 'sts',
        api: {
          protocol: 'query',
          target: 'https://sts.amazonaws.com/doc/2011-06-15/',
          operations: { GetCallerIdentity: getCallerIdentity, AssumeRole: assumeRole },
        },
      },
    ],
  };
};

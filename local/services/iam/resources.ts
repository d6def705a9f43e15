/** Roles and policies of a CloudFormation template. */
import {
  type Cloud,
  type Json,
  type JsonObject,
  type Provisioner,
  type ResourceDeclaration,
  ServiceError,
} from '../../contracts.ts';
import { type PolicyKind, readPolicy } from './policy.ts';
import { base32Of, type Roles } from './roles.ts';

/** A session's length where the role or the request says none, in seconds (documented). */
export const DEFAULT_SESSION_SECONDS = 3600;

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

/** A document, read once so that what cannot be evaluated is refused when it is deployed. */
const documentOf = (
  resource: ResourceDeclaration,
  value: Json | undefined,
  name: string,
  kind: PolicyKind = 'identity',
): JsonObject => {
  if (!isObject(value) || value.Statement === undefined) {
    throw new ServiceError(
      'MalformedPolicyDocument',
      `${resource.logicalId}: ${name} must be a policy document with a Statement`,
    );
  }
  readPolicy(value, kind, `${resource.logicalId}: ${name}`);
  return value;
};

/** The template's types, by name. */
export const iamResources = (
  cloud: Cloud,
  { roles, managed, seed, changed }: Roles,
): Readonly<Record<string, Provisioner>> => {
  // CloudFormation's form of a generated name: stack, logical id, twelve letters; cut in front of those to fit.
  const generatedName = (stack: string, logicalId: string, limit: number) =>
    `${`${stack}-${logicalId}`.slice(0, limit - 13)}-${base32Of(`${seed}/${stack}/${logicalId}`, 12)}`;

  const roleByName = (name: string, owner: string) => {
    const found = roles.get(name);
    if (!found) throw new ServiceError('ValidationError', `${owner}: there is no role ${name} in this stack`);
    return found;
  };

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
          logicalId: resource.logicalId,
          id,
          path,
          createdAt: cloud.clock.now(),
          maxSessionSeconds: Number(resource.properties.MaxSessionDuration ?? DEFAULT_SESSION_SECONDS),
          trust: documentOf(
            resource,
            resource.properties.AssumeRolePolicyDocument,
            'AssumeRolePolicyDocument',
            'trust',
          ),
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
      changed();
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
      changed();
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
      changed();
      return { ref: arn, attributes: { PolicyArn: arn, PolicyId: `ANPA${base32Of(`${seed}/policy/${name}`, 17)}` } };
    },
  };

  return { 'AWS::IAM::Role': role, 'AWS::IAM::Policy': policy, 'AWS::IAM::ManagedPolicy': managedPolicy };
};

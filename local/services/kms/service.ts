/**
 * KMS as far as other services use its keys: keys and aliases of a template, and who may use them. Nothing is encrypted on
 * a laptop's disk, and no operation of KMS's own API is there.
 */
import {
  type Cloud,
  type JsonObject,
  type KmsApi,
  type Provisioner,
  type Service,
  ServiceError,
} from '../../contracts.ts';
import { anything, flag, integer, list, object, oneOf, optional, readInput, structure, text } from '../parameters.ts';
import { canBeChanged } from './lockout.ts';

interface Key {
  readonly id: string;
  readonly arn: string;
  readonly policy: JsonObject;
  readonly isEnabled: boolean;
}

const KEY = structure({
  BypassPolicyLockoutSafetyCheck: optional(flag()),
  Description: optional(text({ max: 8192 })),
  Enabled: optional(flag()),
  EnableKeyRotation: optional(flag()),
  KeyPolicy: optional(object()),
  // Others cannot encrypt objects, queues and topics (SSE-KMS takes symmetric keys only, documented).
  KeySpec: optional(oneOf('SYMMETRIC_DEFAULT')),
  KeyUsage: optional(oneOf('ENCRYPT_DECRYPT')),
  PendingWindowInDays: optional(integer({ min: 7, max: 30 })),
  RotationPeriodInDays: optional(integer({ min: 90, max: 2560 })),
  Tags: optional(list(anything())),
});
const ALIAS = structure({
  AliasName: text({ min: 1, max: 256, pattern: 'alias/[a-zA-Z0-9/_-]+' }),
  TargetKeyId: text({ min: 1, max: 256 }),
});

/** docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html (documented) */
const defaultPolicy = (account: string): JsonObject => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*' }],
});

/** Keys that AWS keeps for the account, one for each service. */
const AWS_MANAGED = /^alias\/aws\/(.+)$/;

/**
 * Whoever of the account may use the service may use its key through it, and so may no service in its own name: its key's
 * policy cannot be changed. docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
 * (documented); the conditions as github.com/aws-solutions/quota-monitor-for-aws/issues/38 quotes them.
 */
const managedPolicy = (account: string, region: string, service: string): JsonObject => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: '*' },
      Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
      Resource: '*',
      Condition: {
        StringEquals: { 'kms:CallerAccount': account, 'kms:ViaService': `${service}.${region}.amazonaws.com` },
      },
    },
  ],
});

/** KMS of one cloud. */
export const createKms = (cloud: Cloud): { service: Service; api: KmsApi } => {
  /** By id. */
  const keys = new Map<string, Key>();
  /** Ids of keys by alias. */
  const aliases = new Map<string, string>();
  /** Ids of the keys that AWS keeps. */
  const managed = new Set<string>();
  const arn = (resource: string) => `arn:aws:kms:${cloud.region}:${cloud.account}:${resource}`;
  /** What a reference has after the account: `key/…` or `alias/…`. */
  const nameOf = (reference: string) => reference.replace(/^arn:aws:kms:[^:]*:\d{12}:/, '').replace(/^key\//, '');

  const add = (policy: JsonObject, isEnabled = true): Key => {
    const id = cloud.id('uuid');
    const made: Key = { id, arn: arn(`key/${id}`), policy, isEnabled };
    keys.set(id, made);
    return made;
  };
  const find = (reference: string): Key | undefined => {
    const name = nameOf(reference);
    const known = keys.get(aliases.get(name) ?? name);
    const service = AWS_MANAGED.exec(name)?.[1];
    if (known || service === undefined) return known;
    // AWS makes its key when it is first used (documented). *Assumed*: there is one of whatever service is named.
    const made = add(managedPolicy(cloud.account, cloud.region, service));
    aliases.set(name, made.id);
    managed.add(made.id);
    return made;
  };

  const key: Provisioner = {
    properties: [
      'BypassPolicyLockoutSafetyCheck',
      'Description',
      'Enabled',
      'EnableKeyRotation',
      'KeyPolicy',
      'KeySpec',
      'KeyUsage',
      'PendingWindowInDays',
      'RotationPeriodInDays',
      'Tags',
    ],
    create({ logicalId, properties }) {
      const where = `AWS::KMS::Key ${logicalId}`;
      const given = readInput(where, KEY, properties);
      const { KeyPolicy: policy = defaultPolicy(cloud.account), Enabled = true } = given;
      cloud.iam.checkPolicy(policy, 'resource', `${where}: KeyPolicy`);
      // The words are those of github.com/terraform-aws-modules/terraform-aws-eks/issues/1950 and of public issues.
      if (!given.BypassPolicyLockoutSafetyCheck && !canBeChanged(policy, cloud.account))
        throw new ServiceError(
          'MalformedPolicyDocumentException',
          `The new key policy will not allow you to update the key policy in the future.`,
        );
      const made = add(structuredClone(policy), Enabled);
      return { ref: made.id, attributes: { Arn: made.arn, KeyId: made.id } };
    },
  };
  const alias: Provisioner = {
    properties: ['AliasName', 'TargetKeyId'],
    create({ logicalId, properties }) {
      const { AliasName: name, TargetKeyId } = readInput(`AWS::KMS::Alias ${logicalId}`, ALIAS, properties);
      if (AWS_MANAGED.test(name)) throw new ServiceError('NotAuthorizedException', `${name} is a name of AWS's own.`);
      const target = find(TargetKeyId);
      if (!target) throw new ServiceError('NotFoundException', `Key '${TargetKeyId}' does not exist`);
      if (aliases.has(name))
        throw new ServiceError('AlreadyExistsException', `An alias with the name ${arn(name)} already exists`);
      aliases.set(name, target.id);
      return { ref: name, attributes: {} };
    },
  };

  return {
    api: {
      authorize({ by, action, key: reference, via, context }) {
        const found = find(reference);
        // The codes are those S3's clients see (documented: repost.aws knowledge center, s3-kms errors; *assumed* in detail).
        if (!found) throw new ServiceError('KMS.NotFoundException', `Key '${reference}' does not exist`);
        if (!found.isEnabled) throw new ServiceError('KMS.DisabledException', `${found.arn} is disabled.`);
        const encryptionContext = Object.entries(context).map(([name, value]) => [
          `kms:encryptioncontext:${name.toLowerCase()}`,
          value,
        ]);
        cloud.iam.authorize({
          by,
          action,
          resource: found.arn,
          context: {
            'kms:viaservice': `${via}.${cloud.region}.amazonaws.com`,
            // A service that acts in its own name has no account (quota-monitor-for-aws/issues/38).
            ...('service' in by ? {} : { 'kms:calleraccount': cloud.account }),
            ...Object.fromEntries(encryptionContext),
          },
        });
        return found.arn;
      },
    },
    service: {
      scope: 'kms',
      api: { protocol: 'json-1.1', target: 'TrentService', operations: {} },
      policies: {
        has: (keyArn) => keys.has(nameOf(keyArn)),
        of: (keyArn) => keys.get(nameOf(keyArn))?.policy,
        // The policy AWS gives its own keys is nobody's grant.
        all: () => [...keys.values()].flatMap((one) => (managed.has(one.id) ? [] : [one.arn])),
      },
      resources: { 'AWS::KMS::Key': key, 'AWS::KMS::Alias': alias },
    },
  };
};

/** Buckets and bucket policies of a CloudFormation template. */
import type { Json, JsonObject, Provisioner, ResourceDeclaration } from '../../contracts.ts';
import { ServiceError } from '../../contracts.ts';
import { checkBucketName } from './bucket-operations.ts';
import { type Context, wholeSeconds } from './exchange.ts';
import { readLifecycle } from './lifecycle.ts';
import type { Bucket } from './store.ts';

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const invalid = ({ logicalId }: ResourceDeclaration, message: string) =>
  new ServiceError('ValidationError', `${logicalId}: ${message}`);

const objectOf = (resource: ResourceDeclaration, name: string, known: readonly string[]): JsonObject | undefined => {
  const value = resource.properties[name];
  if (value === undefined) return undefined;
  if (!isObject(value)) throw invalid(resource, `${name} must be an object`);
  for (const member of Object.keys(value)) {
    if (!known.includes(member)) throw invalid(resource, `${name}.${member} is not implemented in this cloud`);
  }
  return value;
};

const isTrue = (value: Json | undefined): boolean => value === true || value === 'true';

const defaultEncryption = (resource: ResourceDeclaration): Bucket['encryption'] | undefined => {
  const encryption = objectOf(resource, 'BucketEncryption', ['ServerSideEncryptionConfiguration']);
  if (!encryption) return undefined;
  const rules = encryption.ServerSideEncryptionConfiguration;
  const [rule] = Array.isArray(rules) ? rules : [];
  const byDefault = isObject(rule) ? rule.ServerSideEncryptionByDefault : undefined;
  if (!isObject(byDefault) || typeof byDefault.SSEAlgorithm !== 'string') {
    throw invalid(resource, 'BucketEncryption needs a rule with ServerSideEncryptionByDefault.SSEAlgorithm');
  }
  const { SSEAlgorithm: algorithm, KMSMasterKeyID: keyId } = byDefault;
  return { algorithm, ...(typeof keyId === 'string' && { keyId }) };
};

/** Kept and told, acted on by nothing: nobody but the account's own roles can ask. */
const KEPT = ['PublicAccessBlockConfiguration', 'OwnershipControls', 'Tags'];

export const bucketResource = ({ cloud, store }: Context, keepLifecycle: (bucket: Bucket) => void): Provisioner => ({
  properties: [
    'BucketName',
    'VersioningConfiguration',
    'NotificationConfiguration',
    'BucketEncryption',
    'LifecycleConfiguration',
    ...KEPT,
  ],
  create(resource, { stack }) {
    const { properties, logicalId } = resource;
    const given = properties.BucketName;
    if (given !== undefined && typeof given !== 'string') throw invalid(resource, 'BucketName must be a string');
    const id = cloud.id(12);
    const name =
      given ??
      `${`${stack}-${logicalId}`
        .toLowerCase()
        .replace(/[^a-z0-9-]/g, '-')
        .slice(0, 50)}-${id}`;
    checkBucketName(name);
    if (store.buckets.has(name))
      throw new ServiceError('BucketAlreadyOwnedByYou', `${logicalId}: the bucket ${name} exists`, 409);
    const versioning = objectOf(resource, 'VersioningConfiguration', ['Status'])?.Status;
    if (versioning !== undefined && versioning !== 'Enabled' && versioning !== 'Suspended') {
      throw invalid(resource, `VersioningConfiguration.Status must be Enabled or Suspended`);
    }
    const notification = objectOf(resource, 'NotificationConfiguration', ['EventBridgeConfiguration']);
    const bridge = notification?.EventBridgeConfiguration;
    if (bridge !== undefined && !isObject(bridge))
      throw invalid(resource, 'EventBridgeConfiguration must be an object');
    const encryption = defaultEncryption(resource);
    const configuration = objectOf(resource, 'LifecycleConfiguration', ['Rules']);
    const lifecycle = configuration ? readLifecycle(logicalId, configuration, () => cloud.id('uuid')) : [];

    const bucket = store.addBucket(name, wholeSeconds(cloud.clock.ms()));
    if (versioning) bucket.versioning = versioning;
    // EventBridgeEnabled is true unless it is set to false (documented).
    bucket.eventBridge =
      bridge !== undefined && (bridge.EventBridgeEnabled === undefined || isTrue(bridge.EventBridgeEnabled));
    if (encryption) bucket.encryption = encryption;
    bucket.lifecycle = lifecycle;
    keepLifecycle(bucket);
    for (const property of KEPT) {
      const value = properties[property];
      if (value !== undefined) bucket.kept[property] = structuredClone(value);
    }
    const regional = `${name}.s3.${cloud.region}.amazonaws.com`;
    return {
      ref: name,
      attributes: {
        Arn: `arn:aws:s3:::${name}`,
        DomainName: `${name}.s3.amazonaws.com`,
        DualStackDomainName: `${name}.s3.dualstack.${cloud.region}.amazonaws.com`,
        RegionalDomainName: regional,
      },
    };
  },
});

export const bucketPolicyResource = ({ cloud, store }: Context): Provisioner => ({
  properties: ['Bucket', 'PolicyDocument'],
  create(resource) {
    const { Bucket: name, PolicyDocument: document } = resource.properties;
    if (typeof name !== 'string') throw invalid(resource, 'Bucket must name a bucket');
    if (!isObject(document) || document.Statement === undefined)
      throw invalid(resource, 'PolicyDocument must have a Statement');
    cloud.iam.checkPolicy(document, 'resource', resource.logicalId);
    store.bucket(name).policy = structuredClone(document);
    return { ref: `${name}-policy`, attributes: {} };
  },
});

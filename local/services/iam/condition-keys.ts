/**
 * The condition keys a policy may use here. A key that nothing in this cloud fills in would be absent from every
 * request, and a policy that relies on it would mean something else than on AWS: such a policy is refused by name.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html and the Service
 * Authorization Reference's page of each service (documented)
 */
import { ServiceError } from '../../contracts.ts';

const KEYS: readonly string[] = [
  'aws:CurrentTime',
  'aws:EpochTime',
  'aws:PrincipalAccount',
  'aws:PrincipalArn',
  'aws:PrincipalIsAWSService',
  'aws:PrincipalServiceName',
  'aws:PrincipalType',
  'aws:RequestedRegion',
  'aws:ResourceAccount',
  'aws:SecureTransport',
  'aws:SourceAccount',
  'aws:SourceArn',
  'aws:SourceIp',
  // Not on the list of global keys, but in the policy SNS gives every topic.
  'aws:SourceOwner',
  'aws:TagKeys',
  'cloudwatch:namespace',
  'events:detail-type',
  'events:source',
  'iam:PassedToService',
  'kms:CallerAccount',
  'kms:ViaService',
  'lambda:FunctionUrlAuthType',
  'lambda:InvokedViaFunctionUrl',
  's3:delimiter',
  's3:if-match',
  's3:if-none-match',
  's3:max-keys',
  's3:prefix',
  's3:versionid',
  's3:x-amz-acl',
  's3:x-amz-server-side-encryption',
  's3:x-amz-storage-class',
  'sns:Endpoint',
  'sns:Protocol',
  'sts:RoleSessionName',
];
/** Keys that go on with a name of the user's own. */
const FAMILIES: readonly string[] = ['aws:RequestTag/', 'kms:EncryptionContext:'];

const known = new Set(KEYS.map((key) => key.toLowerCase()));
const families = FAMILIES.map((family) => family.toLowerCase());

/**
 * @returns The key in lower case: keys are compared without regard to case.
 * @throws ServiceError MalformedPolicyDocument for a key that no request of this cloud carries.
 */
export const conditionKey = (key: string, where: string): string => {
  const lower = key.toLowerCase();
  if (known.has(lower) || families.some((family) => lower.startsWith(family) && lower.length > family.length))
    return lower;
  throw new ServiceError(
    'MalformedPolicyDocument',
    `${where}: the condition key ${key} is not implemented in this cloud`,
  );
};

import type { Json, JsonObject } from '../../../local/contracts.ts';
import { isObject } from './expectation.ts';

/** What is told of whom, and must not be. */
export interface Secrets {
  readonly account: string;
  readonly region: string;
  /** Begins the names of what a story made. */
  readonly prefix: string;
  /** Further texts, by what stands for them: names of roles, buckets, images that were given. */
  readonly others: Readonly<Record<string, string>>;
}

// Members whose values are made up anew each time, or name a person.
const OPAQUE = new Set([
  'ReceiptHandle',
  'NextToken',
  'nextToken',
  'nextForwardToken',
  'nextBackwardToken',
  'NextContinuationToken',
  'ContinuationToken',
  'NextMarker',
  'UploadId',
  'VersionId',
  'VersionIdMarker',
  'NextVersionIdMarker',
  'MessageId',
  // Drawn at random.
  'TunedHyperParameters',
  // Of a notification, whose text holds its time.
  'MD5OfBody',
  'SequenceNumber',
  'EventId',
  'RequestId',
  'HostId',
  'UserId',
  'UserName',
  'RoleId',
  'AccessKeyId',
  'SecretAccessKey',
  'SessionToken',
  'AssumedRoleId',
  'UUID',
  'TaskHandle',
  'ClientToken',
  'CreatedBy',
  'LastModifiedBy',
  'uploadSequenceToken',
]);

const replaceAll = (text: string, part: string, by: string) => (part === '' ? text : text.replaceAll(part, by));

/** Numbers that are times: seconds or milliseconds of this century. */
const isTime = (name: string, value: number) => /time|date|stamp/i.test(name) && value > 946_684_800;

const sanitisedText = (text: string, secrets: Secrets): string => {
  let made = text;
  for (const [name, value] of Object.entries(secrets.others)) made = replaceAll(made, value, `<${name}>`);
  made = replaceAll(made, secrets.prefix, '<prefix>');
  made = replaceAll(made, secrets.account, '<account>');
  return (
    made
      .replaceAll(
        /arn:aws[\w-]*:(?:iam|sts)::<account>:(?:user|assumed-role|root|federated-user)[\w+=,.@/:-]*/g,
        '<caller>',
      )
      .replaceAll(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})/g, '<time>')
      .replaceAll(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi, '<uuid>')
      // The end of the name of a tuning job's training job.
      .replaceAll(/-(\d{3})-[0-9a-f]{8}\b/g, '-$1-<hex>')
      .replaceAll(/\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}/g, '<key>')
      .replaceAll(/https?:\/\/[^/\s"]+/g, '<host>')
      // Other accounts, too.
      .replaceAll(/\b\d{12}\b/g, '<account>')
      .replaceAll(secrets.region, '<region>')
  );
};

/**
 * A value without anything that tells of an account or differs from one run to the next: ids of accounts, requests and
 * resources, names of the caller, times, hosts, tokens.
 */
export const sanitised = (value: Json, secrets: Secrets, name = ''): Json => {
  if (OPAQUE.has(name) && value !== null) return `<${name}>`;
  if (typeof value === 'string') return sanitisedText(value, secrets);
  if (typeof value === 'number') return isTime(name, value) ? '<time>' : value;
  if (Array.isArray(value)) return value.map((each) => sanitised(each, secrets, name));
  if (!isObject(value)) return value;
  // Owners of buckets and uploads: the account by another id, and perhaps a person's name.
  if (name === 'Owner' || name === 'Initiator') return `<${name}>`;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [sanitisedText(key, secrets), sanitised(inner, secrets, key)] as const),
  );
};

/** Members that list what an account has, whoever made it. */
const isListing = (operation: string) => /^List|^Describe\w+s$/.test(operation);

/**
 * An answer without what others have made: of a request that does not name what the story made, the elements of its lists
 * that are not the story's own.
 */
export const withoutOthers = (operation: string, params: JsonObject, answer: Json, prefix: string): Json => {
  if (!isListing(operation) || JSON.stringify(params).includes(prefix) || !isObject(answer)) return answer;
  return Object.fromEntries(
    Object.entries(answer).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.filter((each) => JSON.stringify(each).includes(prefix)) : value,
    ]),
  );
};

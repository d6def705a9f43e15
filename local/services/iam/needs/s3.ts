/**
 * What S3's operations need. Actions and resources: the Service Authorization Reference, "Actions, resources, and
 * condition keys for Amazon S3", and the Permissions section of each operation's API page (documented).
 */
import type { Json, JsonObject } from '../../../contracts.ts';
import { anywhere, type Need, type Needs, type NeedsTable, textOf } from './need.ts';

const bucketArn = (input: JsonObject) => `arn:aws:s3:::${textOf(input.Bucket)}`;
const objectArn = (input: JsonObject) => `${bucketArn(input)}/${textOf(input.Key)}`;

/** Condition keys by the member that fills each. */
const CONTEXT: Readonly<Record<string, string>> = {
  Prefix: 's3:prefix',
  Delimiter: 's3:delimiter',
  MaxKeys: 's3:max-keys',
  VersionId: 's3:versionid',
  IfMatch: 's3:if-match',
  IfNoneMatch: 's3:if-none-match',
  ACL: 's3:x-amz-acl',
  ServerSideEncryption: 's3:x-amz-server-side-encryption',
  StorageClass: 's3:x-amz-storage-class',
};

const CONTEXT_ENTRIES = Object.entries(CONTEXT);

const contextOf = (input: JsonObject): Record<string, string> => {
  const context: Record<string, string> = {};
  for (const [member, key] of CONTEXT_ENTRIES) {
    const value = input[member];
    if (typeof value === 'string' || typeof value === 'number') context[key] = String(value);
  }
  return context;
};

/** A need whose context is put together when a policy looks at it, which most do not. */
class ObjectNeed implements Need {
  readonly action: string;
  readonly resource: string;
  readonly input: JsonObject;

  constructor(action: string, resource: string, input: JsonObject) {
    this.action = action;
    this.resource = resource;
    this.input = input;
  }

  get context(): Record<string, string> {
    return contextOf(this.input);
  }
}

const needOf = (action: string, resource: string, input: JsonObject): Need => new ObjectNeed(action, resource, input);

const onBucket =
  (action: string): Needs =>
  (input) => [needOf(action, bucketArn(input), input)];

const onObject =
  (action: string): Needs =>
  (input) => [needOf(action, objectArn(input), input)];

/** With a version the right to read versions is needed, and the other is not (API_GetObject, documented). */
const onVersion =
  (action: string, versionAction: string): Needs =>
  (input) => [needOf(input.VersionId === undefined ? action : versionAction, objectArn(input), input)];

const writing = (input: JsonObject): readonly Need[] => {
  const resource = objectArn(input);
  const needs = [needOf('s3:PutObject', resource, input)];
  // API_PutObject, "Permissions" (documented).
  if (input.ACL !== undefined) needs.push(needOf('s3:PutObjectAcl', resource, input));
  if (input.Tagging !== undefined) needs.push(needOf('s3:PutObjectTagging', resource, input));
  // A write with If-Match reads the object's ETag: docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
  // (documented).
  if (input.IfMatch !== undefined) needs.push(needOf('s3:GetObject', resource, input));
  return needs;
};

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    // S3 refuses it by itself.
    return text;
  }
};

/** `[/]bucket/key[?versionId=…]` */
const readingSource = (source: Json | undefined): readonly Need[] => {
  const text = textOf(source);
  const at = text.lastIndexOf('?versionId=');
  const path = decoded((at < 0 ? text : text.slice(0, at)).replace(/^\//, ''));
  return [{ action: at < 0 ? 's3:GetObject' : 's3:GetObjectVersion', resource: `arn:aws:s3:::${path}` }];
};

const copying: Needs = (input) => [...readingSource(input.CopySource), ...writing(input)];

export const S3_NEEDS = {
  ListBuckets: anywhere('s3:ListAllMyBuckets'),
  CreateBucket: onBucket('s3:CreateBucket'),
  HeadBucket: onBucket('s3:ListBucket'),
  DeleteBucket: onBucket('s3:DeleteBucket'),
  GetBucketLocation: onBucket('s3:GetBucketLocation'),
  GetBucketVersioning: onBucket('s3:GetBucketVersioning'),
  PutBucketVersioning: onBucket('s3:PutBucketVersioning'),
  GetBucketNotificationConfiguration: onBucket('s3:GetBucketNotification'),
  PutBucketNotificationConfiguration: onBucket('s3:PutBucketNotification'),
  ListObjects: onBucket('s3:ListBucket'),
  ListObjectsV2: onBucket('s3:ListBucket'),
  ListObjectVersions: onBucket('s3:ListBucketVersions'),
  ListMultipartUploads: onBucket('s3:ListBucketMultipartUploads'),
  // Each object by itself: the body names them, see DeleteObject.
  DeleteObjects: () => [],
  PutObject: writing,
  CopyObject: copying,
  GetObject: onVersion('s3:GetObject', 's3:GetObjectVersion'),
  HeadObject: onVersion('s3:GetObject', 's3:GetObjectVersion'),
  DeleteObject: onVersion('s3:DeleteObject', 's3:DeleteObjectVersion'),
  GetObjectTagging: onVersion('s3:GetObjectTagging', 's3:GetObjectVersionTagging'),
  PutObjectTagging: onVersion('s3:PutObjectTagging', 's3:PutObjectVersionTagging'),
  DeleteObjectTagging: onVersion('s3:DeleteObjectTagging', 's3:DeleteObjectVersionTagging'),
  // docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html, "Multipart upload API and permissions" (documented).
  CreateMultipartUpload: writing,
  UploadPart: onObject('s3:PutObject'),
  UploadPartCopy: (input) => [...readingSource(input.CopySource), needOf('s3:PutObject', objectArn(input), input)],
  CompleteMultipartUpload: writing,
  AbortMultipartUpload: onObject('s3:AbortMultipartUpload'),
  ListParts: onObject('s3:ListMultipartUploadParts'),
} as const satisfies NeedsTable;

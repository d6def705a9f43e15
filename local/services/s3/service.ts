/** Amazon S3. */
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { goOn } from '../../at-once.ts';
import {
  type Call,
  type Cloud,
  type Json,
  type RestRequest,
  type RestResponse,
  type S3Api,
  type Service,
  ServiceError,
} from '../../contracts.ts';
import { splitUrl } from '../../http/route.ts';
import { type Blobs, createBlobs } from './blobs.ts';
import * as buckets from './bucket-operations.ts';
import { DEFAULT_ALGORITHM, runningChecksum } from './checksums.ts';
import { copyObject, uploadPartCopy } from './copy-operations.ts';
import { defaultChecksum } from './default-checksum.ts';
import { authorizeKey } from './encryption-keys.ts';
import { accessDenied, checkVersionId } from './errors.ts';
import { type Context, type Exchange, type S3Operation, wholeSeconds } from './exchange.ts';
import { checkPathStyle } from './host-style.ts';
import { createLifecycle } from './lifecycle.ts';
import { listObjects, listObjectsV2, listObjectVersions } from './listing-operations.ts';
import * as multipart from './multipart-operations.ts';
import { createNotifications } from './notifications.ts';
import * as objects from './object-operations.ts';
import { type OperationName, readRequest, type S3Request } from './operations.ts';
import { bucketPolicyResource, bucketResource } from './resources.ts';
import { createStore, type StoredObject } from './store.ts';
import { plainTraits } from './traits.ts';

const OPERATIONS: Readonly<Record<OperationName, S3Operation>> = {
  ListBuckets: buckets.listBuckets,
  CreateBucket: buckets.createBucket,
  HeadBucket: buckets.headBucket,
  DeleteBucket: buckets.deleteBucket,
  GetBucketLocation: buckets.getBucketLocation,
  GetBucketVersioning: buckets.getBucketVersioning,
  PutBucketVersioning: buckets.putBucketVersioning,
  GetBucketNotificationConfiguration: buckets.getBucketNotification,
  PutBucketNotificationConfiguration: buckets.putBucketNotification,
  ListObjects: listObjects,
  ListObjectsV2: listObjectsV2,
  ListObjectVersions: listObjectVersions,
  ListMultipartUploads: multipart.listMultipartUploads,
  DeleteObjects: objects.deleteObjects,
  PutObject: objects.putObject,
  CopyObject: copyObject,
  GetObject: objects.getObject,
  HeadObject: objects.headObject,
  DeleteObject: objects.deleteObject,
  GetObjectTagging: objects.getObjectTagging,
  PutObjectTagging: objects.putObjectTagging,
  DeleteObjectTagging: objects.deleteObjectTagging,
  CreateMultipartUpload: multipart.createMultipartUpload,
  UploadPart: multipart.uploadPart,
  UploadPartCopy: uploadPartCopy,
  CompleteMultipartUpload: multipart.completeMultipartUpload,
  AbortMultipartUpload: multipart.abortMultipartUpload,
  ListParts: multipart.listParts,
};

const VERSION_ID_LENGTH = 32;
/** For versions *assumed* to be as for keys. */
const MISSING: ReadonlySet<string> = new Set(['NoSuchKey', 'NoSuchVersion']);
const BUCKET_ARN = 'arn:aws:s3:::';

/** S3 as the other services see it, and what permission checks will ask. */
export interface S3Store extends S3Api {
  /** The policy a template gave a bucket, undefined if none. */
  policyOf(bucket: string): Json | undefined;
}

const bytesOf = (body: Readable | Uint8Array | string): AsyncIterable<Uint8Array> => {
  if (typeof body === 'string') return Readable.from([Buffer.from(body)]);
  if (body instanceof Uint8Array) return Readable.from([body]);
  return body;
};

/**
 * S3 of one cloud.
 * @param blobs Where the bytes of its objects lie: in the cloud's directory under `s3/` by default.
 */
export const createS3 = (
  cloud: Cloud,
  blobs: Blobs = createBlobs(join(cloud.directory, 's3')),
): { service: Service; api: S3Store } => {
  const store = createStore(blobs, () => cloud.id(VERSION_ID_LENGTH));
  const notifications = createNotifications(cloud);
  const context: Context = { cloud, store, blobs, notifications };

  const handle = (request: RestRequest, response: RestResponse, call: Call): Promise<void> | void => {
    response.setHeader('x-amz-request-id', call.requestId);
    response.setHeader('x-amz-id-2', call.requestId);
    checkPathStyle(request.headers.host);
    const url = request.url ?? '/';
    const { path, query } = url.includes('?') ? splitUrl(url) : { path: url, query: undefined };
    const understood = readRequest({ method: request.method ?? 'GET', path, query, headers: request.headers });
    const { ExpectedBucketOwner: owner } = understood.input;
    if (owner !== undefined && owner !== cloud.account) throw accessDenied();
    return goOn(call.admit(understood.operation, understood.params), () =>
      work({ ...understood, request, response, call }),
    );
  };

  const work = (exchange: Exchange): Promise<void> | void => {
    checkVersionId(exchange.input.VersionId);
    // Whatever body an operation had no use for is read away, so that the connection can go on.
    const end = (): void => void exchange.request.resume();
    const fail = (error: unknown): never => {
      throw withoutListing(error, exchange, exchange.call);
    };
    let working: Promise<void> | void;
    try {
      working = OPERATIONS[exchange.operation](context, exchange);
    } catch (error) {
      return fail(error);
    }
    return working ? working.then(end, fail) : end();
  };

  /**
   * Who may not list a bucket does not learn that a key is missing: 403, not 404 (API_GetObject and API_HeadObject,
   * "Permissions", documented).
   */
  const withoutListing = (error: unknown, { bucket }: S3Request, { principal }: Call): unknown => {
    if (!(error instanceof ServiceError) || !MISSING.has(error.code)) return error;
    const listing = { by: { principal }, action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}` };
    return cloud.iam.allows(listing) ? error : accessDenied();
  };

  /** Takes the bytes of an object that nobody sent a checksum of. */
  const take = async (
    body: Readable | Uint8Array | string,
  ): Promise<Pick<StoredObject, 'content' | 'etag' | 'checksum'>> => {
    const { keep } = blobs;
    if (keep && !(body instanceof Readable)) {
      const bytes = typeof body === 'string' ? Buffer.from(body) : body;
      const content = keep(bytes);
      return { content, etag: hash('md5', bytes), checksum: defaultChecksum(blobs, content) };
    }
    const md5 = runningChecksum('MD5');
    const running = runningChecksum(DEFAULT_ALGORITHM);
    const content = await blobs.write(bytesOf(body), (chunk) => {
      md5.update(chunk);
      running.update(chunk);
    });
    const value = running.digest().toString('base64');
    return {
      content,
      etag: md5.digest().toString('hex'),
      checksum: { algorithm: DEFAULT_ALGORITHM, value, type: 'FULL_OBJECT' },
    };
  };

  const api: S3Store = {
    async read(bucket, key, versionId, by) {
      const known = store.buckets.get(bucket);
      const version =
        versionId === undefined
          ? known && store.current(known, key)
          : known?.versions.get(key)?.find((candidate) => candidate.versionId === versionId);
      if (version?.kind !== 'object') return undefined;
      if (by) authorizeKey({ cloud }, by, { bucket, key }, version.traits.encryption, 'kms:Decrypt');
      return { body: blobs.read(version.content), size: version.content.size, etag: version.etag };
    },
    async write(bucketName, key, body, contentType, by) {
      const bucket = store.bucket(bucketName);
      const traits = plainTraits(contentType, bucket);
      const { encryption } = traits;
      const keyId = by && authorizeKey({ cloud }, by, { bucket: bucketName, key }, encryption, 'kms:GenerateDataKey');
      const { content, etag, checksum } = await take(body);
      const object = store.put(
        bucket,
        key,
        {
          lastModified: wholeSeconds(cloud.clock.ms()),
          content,
          etag,
          checksum,
          traits: keyId === undefined ? traits : { ...traits, encryption: { ...encryption, keyId } },
        },
        {},
      );
      notifications.created(bucket, key, object, 'PutObject', { requestId: cloud.id('uuid'), sourceIp: '127.0.0.1' });
    },
    list(bucketName, prefix) {
      const bucket = store.bucket(bucketName);
      const { keys } = bucket.order;
      const found: { key: string; size: number }[] = [];
      for (let at = bucket.order.from(prefix); keys[at]?.startsWith(prefix); at++) {
        const key = keys[at] ?? '';
        const object = store.current(bucket, key);
        if (object) found.push({ key, size: object.content.size });
      }
      return found;
    },
    bucketExists: (bucket) => store.buckets.has(bucket),
    policyOf: (bucket) => store.buckets.get(bucket)?.policy,
  };

  return {
    api,
    service: {
      scope: 's3',
      api: { protocol: 'rest', errors: 'xml', handle },
      policies: {
        has: (arn) => store.buckets.has(arn.slice(BUCKET_ARN.length)),
        of: (arn) => store.buckets.get(arn.slice(BUCKET_ARN.length))?.policy,
        all: () =>
          [...store.buckets].flatMap(([name, { policy }]) => (policy === undefined ? [] : [`${BUCKET_ARN}${name}`])),
      },
      resources: {
        'AWS::S3::Bucket': bucketResource(context, createLifecycle(cloud, context)),
        'AWS::S3::BucketPolicy': bucketPolicyResource(context),
      },
      close: () => blobs.settled(),
    },
  };
};

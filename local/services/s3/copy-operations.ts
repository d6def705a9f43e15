/** Copying: of whole objects, and of stretches of them into parts of an upload. */
import { ServiceError } from '../../contracts.ts';
import { type Content, stretch } from './blobs.ts';
import {
  algorithmNamed,
  type Checksum,
  type ChecksumAlgorithm,
  DEFAULT_ALGORITHM,
  runningChecksum,
} from './checksums.ts';
import { type FailedCondition, failedCondition } from './conditions.ts';
import { authorizeDecryption, authorizeEncryption } from './encryption-keys.ts';
import {
  invalidArgument,
  invalidRequest,
  methodNotAllowed,
  noSuchKey,
  notImplemented,
  preconditionFailed,
} from './errors.ts';
import {
  answerXml,
  type Context,
  type Exchange,
  encryptionHeaders,
  isoTime,
  newVersionHeader,
  quoted,
  type S3Operation,
  versionHeader,
  wholeSeconds,
} from './exchange.ts';
import { checkPartNumber } from './multipart-operations.ts';
import { parseRange } from './range.ts';
import type { Bucket, ObjectTraits, StoredObject, UploadedPart } from './store.ts';
import { tagsOfHeader, traitsOf } from './traits.ts';

// Recorded: a copy names its conditions like this.
const CONDITION_NAMES: Readonly<Record<FailedCondition, string>> = {
  'If-Match': 'x-amz-copy-source-If-Match',
  'If-None-Match': 'x-amz-copy-source-If-None-Match',
  'If-Modified-Since': 'x-amz-copy-source-If-Modified-Since',
  'If-Unmodified-Since': 'x-amz-copy-source-If-Unmodified-Since',
};

const MAX_COPY_BYTES = 5 * 1024 ** 3;

/** @returns Bucket, key and version of `[/]bucket/key[?versionId=…]`, the key URL-encoded. */
const parseSource = (header: string): { bucket: string; key: string; versionId: string | undefined } => {
  if (header.startsWith('arn:')) throw notImplemented('a copy source by ARN');
  const at = header.lastIndexOf('?versionId=');
  const path = (at < 0 ? header : header.slice(0, at)).replace(/^\//, '');
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    throw invalidArgument('x-amz-copy-source', header, 'Copy Source must be URL-encoded');
  }
  const slash = decoded.indexOf('/');
  if (slash < 1 || slash === decoded.length - 1) {
    throw invalidArgument(
      'x-amz-copy-source',
      header,
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    );
  }
  return {
    bucket: decoded.slice(0, slash),
    key: decoded.slice(slash + 1),
    versionId: at < 0 ? undefined : header.slice(at + '?versionId='.length),
  };
};

interface Source {
  readonly bucket: Bucket;
  readonly key: string;
  readonly object: StoredObject;
  readonly isVersioned: boolean;
}

const findSource = ({ cloud, store }: Context, { input }: Exchange): Source => {
  const { bucket: name, key, versionId } = parseSource(input.CopySource ?? '');
  if (input.ExpectedSourceBucketOwner !== undefined && input.ExpectedSourceBucketOwner !== cloud.account) {
    throw new ServiceError('AccessDenied', 'Access Denied', 403);
  }
  const bucket = store.bucket(name);
  const version = store.version(bucket, key, versionId);
  if (version.kind === 'marker') {
    if (versionId === undefined) throw noSuchKey(key);
    throw methodNotAllowed('GET');
  }
  const time = (member: string) => {
    const value = input[member];
    return value === undefined ? undefined : Date.parse(value);
  };
  const failed = failedCondition(
    version,
    {
      ifMatch: input.CopySourceIfMatch,
      ifNoneMatch: input.CopySourceIfNoneMatch,
      ifModifiedSince: time('CopySourceIfModifiedSince'),
      ifUnmodifiedSince: time('CopySourceIfUnmodifiedSince'),
    },
    cloud.clock.ms(),
  );
  if (failed) throw preconditionFailed(CONDITION_NAMES[failed]);
  return { bucket, key, object: version, isVersioned: versionId !== undefined };
};

/** Reads a content through, for its MD5 in hex and its checksum. */
const digest = async ({ blobs }: Context, content: Content, algorithm: ChecksumAlgorithm) => {
  const md5 = runningChecksum('MD5');
  const running = runningChecksum(algorithm);
  for await (const chunk of blobs.read(content)) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('a blob is read as bytes');
    md5.update(chunk);
    running.update(chunk);
  }
  return { etag: md5.digest().toString('hex'), checksum: running.digest().toString('base64') };
};

const directive = (input: Readonly<Record<string, string>>, member: string): 'COPY' | 'REPLACE' => {
  const value = input[member] ?? 'COPY';
  if (value !== 'COPY' && value !== 'REPLACE') throw invalidArgument(member, value, `Unknown ${member}.`);
  return value;
};

const copiedTraits = ({ input, metadata }: Exchange, source: ObjectTraits, target: Bucket): ObjectTraits => {
  const own = traitsOf(input, metadata, target);
  const base =
    directive(input, 'MetadataDirective') === 'COPY'
      ? { ...source, encryption: own.encryption, storageClass: own.storageClass }
      : own;
  return { ...base, tags: directive(input, 'TaggingDirective') === 'COPY' ? source.tags : tagsOfHeader(input.Tagging) };
};

const isUnchanged = ({ input }: Exchange): boolean =>
  directive(input, 'MetadataDirective') === 'COPY' &&
  directive(input, 'TaggingDirective') === 'COPY' &&
  ['StorageClass', 'ServerSideEncryption', 'SSEKMSKeyId'].every((member) => input[member] === undefined);

export const copyObject: S3Operation = async (context, exchange) => {
  const { cloud, store, blobs, notifications } = context;
  const { input, key, call } = exchange;
  const bucket = store.bucket(exchange.bucket);
  const source = findSource(context, exchange);
  const { object } = source;
  authorizeDecryption(context, { bucket: source.bucket.name, key: source.key, call }, object.traits);
  if (source.bucket === bucket && source.key === key && !source.isVersioned && isUnchanged(exchange)) {
    throw invalidRequest(
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );
  }
  if (object.content.size > MAX_COPY_BYTES) {
    throw invalidRequest(
      `The specified copy source is larger than the maximum allowable size for a copy source: ${MAX_COPY_BYTES}`,
    );
  }
  const named = input.ChecksumAlgorithm;
  const asked = named === undefined ? undefined : algorithmNamed(named);
  if (named !== undefined && !asked) throw notImplemented(`the checksum algorithm ${named}`);
  const traits = authorizeEncryption(context, exchange, copiedTraits(exchange, object.traits, bucket));
  const conditions = { ifMatch: input.IfMatch, ifNoneMatch: input.IfNoneMatch };

  // Held before anything is awaited: the source may go away meanwhile.
  blobs.hold(object.content);
  let copy: StoredObject;
  try {
    const algorithm = asked ?? (object.checksum.type === 'FULL_OBJECT' ? object.checksum.algorithm : DEFAULT_ALGORITHM);
    // A copy is one part, however many its source was uploaded in: its ETag is an MD5 again.
    const isSame =
      !object.etag.includes('-') && object.checksum.type === 'FULL_OBJECT' && object.checksum.algorithm === algorithm;
    let { etag } = object;
    let checksum: Checksum = object.checksum;
    if (!isSame) {
      const digests = await digest(context, object.content, algorithm);
      etag = digests.etag;
      checksum = { algorithm, value: digests.checksum, type: 'FULL_OBJECT' };
    }
    copy = store.put(
      bucket,
      key,
      { lastModified: wholeSeconds(cloud.clock.ms()), content: object.content, etag, checksum, traits },
      conditions,
    );
  } catch (error) {
    blobs.release(object.content);
    throw error;
  }
  notifications.created(bucket, key, copy, 'CopyObject', call);
  const { response } = exchange;
  const headers = { ...encryptionHeaders(copy.traits.encryption), ...newVersionHeader(copy.versionId) };
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  const sourceVersion = versionHeader(source.bucket, object.versionId)['x-amz-version-id'];
  if (sourceVersion !== undefined) response.setHeader('x-amz-copy-source-version-id', sourceVersion);
  answerXml(exchange, 'CopyObjectResult', {
    ETag: quoted(copy.etag),
    LastModified: isoTime(copy.lastModified),
    ChecksumType: copy.checksum.type,
    [`Checksum${copy.checksum.algorithm}`]: copy.checksum.value,
  });
};

export const uploadPartCopy: S3Operation = async (context, exchange) => {
  const { cloud, store, blobs } = context;
  const { input, key } = exchange;
  const bucket = store.bucket(exchange.bucket);
  const number = checkPartNumber(input.PartNumber);
  const upload = store.upload(bucket, key, input.UploadId ?? '');
  const source = findSource(context, exchange);
  authorizeDecryption(
    context,
    { bucket: source.bucket.name, key: source.key, call: exchange.call },
    source.object.traits,
  );
  const { content } = source.object;
  const { CopySourceRange: header } = input;
  let part = content;
  if (header !== undefined) {
    const range = /^bytes=\d+-\d+$/.test(header) ? parseRange(header, content.size) : undefined;
    if (!range || range === 'unsatisfiable' || Number(header.slice(header.indexOf('-') + 1)) >= content.size) {
      throw invalidArgument(
        'x-amz-copy-source-range',
        header,
        `Range specified is not valid for source object of size: ${content.size}`,
      );
    }
    part = stretch(content, range.from, range.to - range.from + 1);
  }
  blobs.hold(part);
  let uploaded: UploadedPart;
  try {
    const { etag, checksum } = await digest(context, part, upload.algorithm);
    uploaded = { content: part, etag, checksum, lastModified: wholeSeconds(cloud.clock.ms()) };
    // It may have been completed or aborted while the part was read.
    store.upload(bucket, key, upload.id);
  } catch (error) {
    blobs.release(part);
    throw error;
  }
  const before = upload.parts.get(number);
  upload.parts.set(number, uploaded);
  if (before) blobs.release(before.content);
  answerXml(exchange, 'CopyPartResult', {
    ETag: quoted(uploaded.etag),
    LastModified: isoTime(uploaded.lastModified),
    ...(upload.declared && { [`Checksum${upload.algorithm}`]: uploaded.checksum }),
  });
};

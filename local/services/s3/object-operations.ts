/** Operations on objects: put, get, head, delete, and their tags. */
import { type Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

import type { Json, JsonObject, RestResponse } from '../../contracts.ts';
import { ServiceError } from '../../contracts.ts';
import { listOf, parseXml } from '../../http/xml.ts';
import type { Content } from './blobs.ts';
import { DEFAULT_ALGORITHM } from './checksums.ts';
import { failedCondition } from './conditions.ts';
import { defaultChecksum } from './default-checksum.ts';
import { authorizeDecryption, authorizeEncryption } from './encryption-keys.ts';
import { invalidRequest, malformedXml, methodNotAllowed, noSuchKey, preconditionFailed } from './errors.ts';
import {
  answerEmpty,
  answerXml,
  type Context,
  checksumHeaders,
  type Exchange,
  encryptionHeaders,
  httpTime,
  newVersionHeader,
  note,
  noteDocument,
  quoted,
  type S3Operation,
  versionHeader,
  wholeSeconds,
} from './exchange.ts';
import { expirationHeader } from './lifecycle.ts';
import { openPayload, readText } from './payload.ts';
import { type ByteRange, parseRange } from './range.ts';
import type { Bucket, Deleted, StoredObject } from './store.ts';
import { tagsOfDocument, traitsOf } from './traits.ts';

const DELETE_LIMIT_BYTES = 4 * 1024 * 1024;
const MAX_DELETES = 1000;
const TAGGING_LIMIT_BYTES = 64 * 1024;

export const putObject: S3Operation = (context, exchange) => {
  const { cloud, store, blobs, notifications } = context;
  const { request, input, metadata, key, call } = exchange;
  const bucket = store.bucket(exchange.bucket);
  const traits = authorizeEncryption(context, exchange, traitsOf(input, metadata, bucket));
  const isForEveryReader = call.leavesChecksums !== true || !blobs.inMemory;
  const payload = openPayload(
    request,
    call,
    exchange.integrity,
    isForEveryReader ? { otherwise: DEFAULT_ALGORITHM } : {},
  );
  const algorithm = payload.declared ?? DEFAULT_ALGORITHM;
  const isComputed = isForEveryReader || payload.declared !== undefined;
  const whole = blobs.keep && payload.whole();
  const put = (content: Content): void => {
    note(exchange, { Body: { bytes: content.size } });
    let object: StoredObject;
    try {
      object = store.put(
        bucket,
        key,
        {
          lastModified: wholeSeconds(cloud.clock.ms()),
          content,
          etag: payload.md5(),
          checksum: isComputed
            ? { algorithm, value: payload.checksum(algorithm), type: 'FULL_OBJECT' }
            : defaultChecksum(blobs, content),
          traits,
        },
        { ifMatch: input.IfMatch, ifNoneMatch: input.IfNoneMatch },
      );
    } catch (error) {
      blobs.release(content);
      throw error;
    }
    notifications.created(bucket, key, object, 'PutObject', call);
    answerEmpty(exchange, 200, {
      etag: quoted(object.etag),
      ...(isComputed && checksumHeaders(object.checksum)),
      ...encryptionHeaders(object.traits.encryption),
      ...newVersionHeader(object.versionId),
      ...(bucket.lifecycle.length > 0 && expirationHeader(bucket, key, object.lastModified)),
    });
  };
  return whole && blobs.keep ? put(blobs.keep(whole)) : blobs.write(payload.bytes(), () => undefined).then(put);
};

const timeOf = (input: Readonly<Record<string, string>>, member: string): number | undefined => {
  const text = input[member];
  if (text === undefined) return undefined;
  const time = Date.parse(text);
  // A date that cannot be read is no condition (RFC 9110 13.1.3).
  return Number.isNaN(time) ? undefined : time;
};

const OVERRIDES = {
  'cache-control': 'ResponseCacheControl',
  'content-disposition': 'ResponseContentDisposition',
  'content-encoding': 'ResponseContentEncoding',
  'content-language': 'ResponseContentLanguage',
  'content-type': 'ResponseContentType',
  expires: 'ResponseExpires',
} as const;
const OVERRIDE_HEADERS = Object.entries(OVERRIDES);

const objectHeaders = (
  bucket: Bucket,
  object: StoredObject,
  input: Readonly<Record<string, string>>,
): Record<string, string> => {
  const { traits } = object;
  const headers: Record<string, string> = {
    'accept-ranges': 'bytes',
    'content-type': traits.contentType,
    etag: quoted(object.etag),
    'last-modified': httpTime(object.lastModified),
    ...traits.headers,
    ...encryptionHeaders(traits.encryption),
    ...versionHeader(bucket, object.versionId),
  };
  for (const name in traits.metadata) headers[`x-amz-meta-${name}`] = traits.metadata[name] ?? '';
  if (traits.tags.size > 0) headers['x-amz-tagging-count'] = String(traits.tags.size);
  if (traits.storageClass !== 'STANDARD') headers['x-amz-storage-class'] = traits.storageClass;
  for (const [header, member] of OVERRIDE_HEADERS) {
    const value = input[member];
    if (value !== undefined) headers[header] = value;
  }
  return headers;
};

/** Finds what a read asks for. @throws ServiceError NoSuchKey, NoSuchVersion, MethodNotAllowed for delete markers. */
const found = ({ store }: Context, { response, request, input, key }: Exchange, bucket: Bucket): StoredObject => {
  const version = store.version(bucket, key, input.VersionId);
  if (version.kind === 'object') return version;
  response.setHeader('x-amz-delete-marker', 'true');
  response.setHeader('x-amz-version-id', version.versionId);
  if (input.VersionId === undefined) throw noSuchKey(key);
  response.setHeader('last-modified', httpTime(version.lastModified));
  throw methodNotAllowed(request.method ?? 'GET');
};

const read: S3Operation = (context, exchange) => {
  const { cloud, store, blobs } = context;
  const { request, response, input } = exchange;
  const bucket = store.bucket(exchange.bucket);
  const object = found(context, exchange, bucket);
  const failed = failedCondition(
    object,
    {
      ifMatch: input.IfMatch,
      ifNoneMatch: input.IfNoneMatch,
      ifModifiedSince: timeOf(input, 'IfModifiedSince'),
      ifUnmodifiedSince: timeOf(input, 'IfUnmodifiedSince'),
    },
    cloud.clock.ms(),
  );
  const headers = objectHeaders(bucket, object, input);
  if (bucket.lifecycle.length > 0 && store.current(bucket, exchange.key) === object)
    Object.assign(headers, expirationHeader(bucket, exchange.key, object.lastModified));
  if (failed === 'If-None-Match' || failed === 'If-Modified-Since') {
    response.writeHead(304, {
      etag: quoted(object.etag),
      'last-modified': httpTime(object.lastModified),
      ...versionHeader(bucket, object.versionId),
    });
    response.end();
    return;
  }
  if (failed) throw preconditionFailed(failed);
  if (request.method !== 'HEAD') authorizeDecryption(context, exchange, object.traits);

  const { size } = object.content;
  const range: ByteRange | undefined = input.Range === undefined ? undefined : parseRange(input.Range, size);
  if (range === 'unsatisfiable') {
    response.setHeader('content-range', `bytes */${size}`);
    throw new ServiceError('InvalidRange', 'The requested range is not satisfiable', 416, {
      RangeRequested: input.Range ?? '',
      ActualObjectSize: size,
    });
  }
  if (range) headers['content-range'] = `bytes ${range.from}-${range.to}/${size}`;
  // The checksum of the whole says nothing of a part.
  else if (input.ChecksumMode?.toUpperCase() === 'ENABLED') Object.assign(headers, checksumHeaders(object.checksum));
  const [offset, length] = range ? [range.from, range.to - range.from + 1] : [0, size];
  headers['content-length'] = String(length);
  response.writeHead(range ? 206 : 200, headers);
  if (request.method === 'HEAD' || length === 0) {
    response.end();
    return;
  }
  const atOnce = blobs.inMemory?.(object.content, offset, length);
  if (atOnce) {
    response.end(atOnce);
    return;
  }
  return send(blobs.read(object.content, offset, length), response);
};

const send = async (bytes: Readable, response: RestResponse): Promise<void> => {
  if (!(response instanceof Writable)) {
    response.end(await buffer(bytes));
    return;
  }
  try {
    await pipeline(bytes, response);
  } catch (error) {
    // A client that has read enough hangs up; that is no failure.
    if (!response.destroyed) throw error;
  }
};

export const getObject: S3Operation = read;
export const headObject: S3Operation = read;

const hasChecksum = (input: Readonly<Record<string, string>>): boolean =>
  Object.keys(input).some((member) => member.startsWith('Checksum') && member !== 'ChecksumAlgorithm');

const deletedHeaders = ({ change, versionId }: Deleted): Record<string, string> => ({
  ...(versionId !== undefined && { 'x-amz-version-id': versionId }),
  ...((change === 'marker-created' || change === 'marker-removed') && { 'x-amz-delete-marker': 'true' }),
});

export const deleteObject: S3Operation = ({ cloud, store, notifications }, exchange) => {
  const { input, key, call } = exchange;
  const bucket = store.bucket(exchange.bucket);
  const deleted = store.remove(bucket, key, input.VersionId, wholeSeconds(cloud.clock.ms()), {
    ifMatch: input.IfMatch,
  });
  notifications.deleted(bucket, key, deleted, call);
  answerEmpty(exchange, 204, deletedHeaders(deleted));
};

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isOptionalText = (value: Json | undefined): value is string | undefined =>
  value === undefined || typeof value === 'string';

interface Deletion {
  readonly key: string;
  readonly versionId: string | undefined;
  readonly etag: string | undefined;
}

const deletionOf = (value: Json): Deletion => {
  if (!isObject(value) || typeof value.Key !== 'string' || value.Key === '') throw malformedXml('an Object has a Key');
  for (const name of Object.keys(value)) {
    if (!['Key', 'VersionId', 'ETag'].includes(name))
      throw malformedXml(`${name} of an Object to delete is not implemented`);
  }
  const { Key: key, VersionId: versionId, ETag: etag } = value;
  if (!isOptionalText(versionId) || !isOptionalText(etag)) throw malformedXml('VersionId and ETag are text');
  return { key, versionId, etag };
};

export const deleteObjects: S3Operation = async ({ cloud, store, notifications }, exchange) => {
  const { request, call, integrity } = exchange;
  if (integrity.ContentMD5 === undefined && !hasChecksum(integrity)) {
    throw invalidRequest('Missing required header for this request: Content-MD5 OR x-amz-checksum-*');
  }
  const document = parseXml(await readText(request, call, integrity, DELETE_LIMIT_BYTES), 'Delete');
  if (!document) throw malformedXml('a Delete is expected');
  for (const name of Object.keys(document))
    if (name !== 'Object' && name !== 'Quiet') throw malformedXml(`${name} is not part of a Delete`);
  const deletions = listOf(document.Object).map(deletionOf);
  if (deletions.length === 0 || deletions.length > MAX_DELETES) throw malformedXml(`from 1 to ${MAX_DELETES} objects`);
  const isQuiet = document.Quiet === 'true';
  noteDocument(exchange, {
    Delete: {
      Objects: deletions.map(({ key, versionId, etag }) => ({
        Key: key,
        ...(versionId !== undefined && { VersionId: versionId }),
        ...(etag !== undefined && { ETag: etag }),
      })),
      ...(document.Quiet !== undefined && { Quiet: isQuiet }),
    },
  });
  const bucket = store.bucket(exchange.bucket);
  const done: Record<string, string | boolean | undefined>[] = [];
  const failed: Record<string, string | undefined>[] = [];
  for (const { key, versionId, etag } of deletions) {
    try {
      cloud.iam.authorizeRequest(
        's3',
        'DeleteObject',
        { Bucket: exchange.bucket, Key: key, ...(versionId !== undefined && { VersionId: versionId }) },
        call,
      );
      const deleted = store.remove(bucket, key, versionId, wholeSeconds(cloud.clock.ms()), { ifMatch: etag });
      notifications.deleted(bucket, key, deleted, call);
      const isMarker = deleted.change === 'marker-created' || deleted.change === 'marker-removed';
      done.push({
        Key: key,
        VersionId: versionId,
        DeleteMarker: isMarker ? true : undefined,
        DeleteMarkerVersionId: isMarker ? deleted.versionId : undefined,
      });
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      failed.push({ Key: key, VersionId: versionId, Code: error.code, Message: error.message });
    }
  }
  answerXml(exchange, 'DeleteResult', { Deleted: isQuiet ? [] : done, Error: failed });
};

export const getObjectTagging: S3Operation = (context, exchange) => {
  const bucket = context.store.bucket(exchange.bucket);
  const object = found(context, exchange, bucket);
  for (const [name, value] of Object.entries(versionHeader(bucket, object.versionId)))
    exchange.response.setHeader(name, value);
  answerXml(exchange, 'Tagging', { TagSet: { Tag: [...object.traits.tags].map(([Key, Value]) => ({ Key, Value })) } });
};

export const putObjectTagging: S3Operation = async (context, exchange) => {
  const tags = tagsOfDocument(await readText(exchange.request, exchange.call, exchange.integrity, TAGGING_LIMIT_BYTES));
  noteDocument(exchange, { Tagging: { TagSet: [...tags].map(([Key, Value]) => ({ Key, Value })) } });
  const bucket = context.store.bucket(exchange.bucket);
  const object = found(context, exchange, bucket);
  context.store.amend(bucket, exchange.key, object, { ...object.traits, tags });
  context.notifications.tagged(bucket, exchange.key, object, 'Added', exchange.call);
  answerEmpty(exchange, 200, versionHeader(bucket, object.versionId));
};

export const deleteObjectTagging: S3Operation = (context, exchange) => {
  const bucket = context.store.bucket(exchange.bucket);
  const object = found(context, exchange, bucket);
  context.store.amend(bucket, exchange.key, object, { ...object.traits, tags: new Map() });
  context.notifications.tagged(bucket, exchange.key, object, 'Deleted', exchange.call);
  answerEmpty(exchange, 204, versionHeader(bucket, object.versionId));
};

import { createReadStream, createWriteStream, readFileSync, statSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import {
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';

import { DependencyError, NotFoundError } from '../errors.ts';
import type { ObjectStore } from '../ledger/object-store.ts';
import { translated } from './translate.ts';

/**
 * A file of so many bytes moves in one piece: the SDK sends again what failed on the way, which it cannot do with a stream
 * that has been read (github.com/smithy-lang/smithy-typescript, middleware-retry, isStreamingPayload). It is read and
 * written at once: that takes less than waking another thread for each call to the file system.
 */
const WHOLE_BYTES = 8 * 2 ** 20;

/** @throws NotFoundError */
const openObject = async (s3: S3Client, bucket: string, key: string, versionId?: string) => {
  try {
    const { Body, ContentLength = 0 } = await s3.send(
      new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }),
    );
    if (!(Body instanceof Readable)) throw new DependencyError(`S3 answered ${key} without a body`);
    return { body: Body, sizeBytes: ContentLength };
  } catch (cause) {
    if (cause instanceof S3ServiceException && (cause.name === 'NoSuchKey' || cause.name === 'NoSuchVersion')) {
      throw new NotFoundError(`no object ${key}${versionId ? ` version ${versionId}` : ''} in ${bucket}`, { cause });
    }
    throw translated(cause, `open ${key}`);
  }
};

/** The objects of one bucket. */
export const s3ObjectStore = (bucket: string, s3 = new S3Client({})): ObjectStore => ({
  async get(key) {
    try {
      const { Body, ETag } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      if (!Body || !ETag) throw new DependencyError(`S3 answered ${key} without a body or an ETag`);
      return { body: await Body.transformToByteArray(), etag: ETag };
    } catch (cause) {
      if (cause instanceof S3ServiceException && cause.name === 'NoSuchKey') return undefined;
      throw translated(cause, `get ${key}`);
    }
  },

  async put(key, body, condition) {
    try {
      await s3.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: body,
          ContentType: key.endsWith('.html') ? 'text/html; charset=utf-8' : 'application/json',
          ...(condition === 'absent' && { IfNoneMatch: '*' }),
          ...(typeof condition === 'object' && { IfMatch: condition.etag }),
        }),
      );
      return 'written';
    } catch (cause) {
      if (cause instanceof S3ServiceException) {
        // Perhaps our own: the SDK repeats a PUT that timed out after it had succeeded.
        if (cause.name === 'PreconditionFailed') return 'conflict';
        // If-Match on a key that is gone. Source: S3 user guide, "Conditional writes".
        if (cause.name === 'NoSuchKey') return 'conflict';
        if (cause.name === 'ConditionalRequestConflict') {
          throw new DependencyError(`${key} is being written by another`, { cause });
        }
      }
      throw translated(cause, `put ${key}`);
    }
  },

  async *list(prefix) {
    let token: string | undefined;
    do {
      const page = await s3
        .send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }))
        .catch((cause) => {
          throw translated(cause, `list ${prefix}`);
        });
      for (const { Key, Size } of page.Contents ?? []) if (Key) yield { key: Key, sizeBytes: Size ?? 0 };
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token);
  },

  async *folders(prefix) {
    let token: string | undefined;
    do {
      const page = await s3
        .send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, Delimiter: '/', ContinuationToken: token }))
        .catch((cause) => {
          throw translated(cause, `list folders of ${prefix}`);
        });
      for (const { Prefix } of page.CommonPrefixes ?? []) if (Prefix) yield Prefix;
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token);
  },

  async *currentVersions(prefix) {
    let [keyMarker, versionMarker]: [string | undefined, string | undefined] = [undefined, undefined];
    do {
      const page: ListObjectVersionsCommandOutput = await s3
        .send(
          new ListObjectVersionsCommand({
            Bucket: bucket,
            Prefix: prefix,
            KeyMarker: keyMarker,
            VersionIdMarker: versionMarker,
          }),
        )
        .catch((cause) => {
          throw translated(cause, `list versions of ${prefix}`);
        });
      for (const { Key, VersionId, Size, LastModified, IsLatest } of page.Versions ?? []) {
        if (Key && VersionId && LastModified && IsLatest) {
          yield { key: Key, versionId: VersionId, sizeBytes: Size ?? 0, writtenAt: LastModified };
        }
      }
      [keyMarker, versionMarker] = page.IsTruncated
        ? [page.NextKeyMarker, page.NextVersionIdMarker]
        : [undefined, undefined];
    } while (keyMarker !== undefined);
  },

  open: (key, versionId) => openObject(s3, bucket, key, versionId),

  async download(key, file) {
    const { body, sizeBytes } = await openObject(s3, bucket, key);
    if (sizeBytes <= WHOLE_BYTES) writeFileSync(file, await body.transformToByteArray());
    else await pipeline(body, createWriteStream(file));
  },

  async upload(key, file, contentType) {
    const { size } = statSync(file);
    try {
      await s3.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: size <= WHOLE_BYTES ? readFileSync(file) : createReadStream(file),
          ContentLength: size,
          ContentType: contentType,
        }),
      );
    } catch (cause) {
      throw translated(cause, `upload ${key}`);
    }
  },
});

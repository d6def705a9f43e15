/** Buckets and the versions in them. Every change is one synchronous step, so that conditions and writes are atomic. */
import type { Json, JsonObject } from '../../contracts.ts';
import type { Blobs, Content } from './blobs.ts';
import type { Checksum, ChecksumAlgorithm, ChecksumType } from './checksums.ts';
import { checkWrite, type WriteConditions } from './conditions.ts';
import { noSuchBucket, noSuchKey, noSuchUpload, noSuchVersion } from './errors.ts';
import { createKeyOrder, type KeyOrder } from './key-order.ts';
import type { LifecycleRule } from './lifecycle.ts';

/** The version id of an object written while versioning was off. */
export const NULL_VERSION = 'null';

/** What an object carries besides its bytes. */
export interface ObjectTraits {
  readonly contentType: string;
  /** Cache-Control, Content-Disposition, Content-Encoding, Content-Language, Expires: by name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** User metadata, without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: ReadonlyMap<string, string>;
  readonly storageClass: string;
  readonly encryption: { readonly algorithm: string; readonly keyId?: string };
}

export interface StoredObject {
  readonly kind: 'object';
  readonly versionId: string;
  /** Epoch milliseconds, whole seconds. */
  readonly lastModified: number;
  readonly content: Content;
  /** Without quotes. */
  readonly etag: string;
  readonly checksum: Checksum;
  readonly traits: ObjectTraits;
}

export interface DeleteMarker {
  readonly kind: 'marker';
  readonly versionId: string;
  readonly lastModified: number;
}

export type Version = StoredObject | DeleteMarker;

export interface UploadedPart {
  readonly content: Content;
  readonly etag: string;
  readonly lastModified: number;
  /** In the upload's algorithm. */
  readonly checksum: string;
}

export interface Upload {
  readonly id: string;
  readonly key: string;
  readonly initiated: number;
  readonly traits: ObjectTraits;
  readonly algorithm: ChecksumAlgorithm;
  readonly checksumType: ChecksumType;
  /** False when the client named no algorithm: its own answers then carry none. */
  readonly declared: boolean;
  readonly parts: Map<number, UploadedPart>;
}

export type Versioning = 'Disabled' | 'Enabled' | 'Suspended';

export interface Bucket {
  readonly name: string;
  readonly created: number;
  versioning: Versioning;
  /** Whether its events go to EventBridge. */
  eventBridge: boolean;
  encryption: ObjectTraits['encryption'];
  lifecycle: readonly LifecycleRule[];
  /** What a template sets that nothing here acts on: public access block, ownership, tags. */
  readonly kept: JsonObject;
  policy: Json | undefined;
  /** Newest first, never empty. */
  readonly versions: Map<string, Version[]>;
  readonly order: KeyOrder;
  readonly uploads: Map<string, Upload>;
}

export interface Deleted {
  /** Undefined when there was nothing to delete and no marker was made. */
  readonly change: 'marker-created' | 'object-removed' | 'marker-removed' | undefined;
  /** Version removed, or of the marker made; undefined for objects that never had one. */
  readonly versionId: string | undefined;
}

export interface Store {
  readonly buckets: ReadonlyMap<string, Bucket>;
  /** @throws ServiceError NoSuchBucket */
  bucket(name: string): Bucket;
  addBucket(name: string, created: number): Bucket;
  removeBucket(name: string): void;
  /** The current object, undefined if there is none or it is deleted. */
  current(bucket: Bucket, key: string): StoredObject | undefined;
  /** @throws ServiceError NoSuchKey, NoSuchVersion. A marker is returned, not thrown. */
  version(bucket: Bucket, key: string, versionId: string | undefined): Version;
  /**
   * Makes an object the current one, if the conditions hold at this very moment. Takes over the hold on its content.
   * @throws ServiceError PreconditionFailed, NoSuchKey; the caller still holds the content then.
   */
  put(
    bucket: Bucket,
    key: string,
    object: Omit<StoredObject, 'kind' | 'versionId'>,
    conditions: WriteConditions,
  ): StoredObject;
  /** Replaces an object's traits (its tags) where it stands. */
  amend(bucket: Bucket, key: string, object: StoredObject, traits: ObjectTraits): void;
  /** @throws ServiceError PreconditionFailed, NoSuchKey for a condition that does not hold. */
  remove(
    bucket: Bucket,
    key: string,
    versionId: string | undefined,
    lastModified: number,
    conditions: WriteConditions,
  ): Deleted;
  /** @throws ServiceError NoSuchUpload */
  upload(bucket: Bucket, key: string, uploadId: string): Upload;
}

/** @param newVersionId Makes the id of a version. */
export const createStore = (blobs: Blobs, newVersionId: () => string): Store => {
  const buckets = new Map<string, Bucket>();

  const currentOf = (bucket: Bucket, key: string): StoredObject | undefined => {
    const newest = bucket.versions.get(key)?.[0];
    return newest?.kind === 'object' ? newest : undefined;
  };
  const add = (bucket: Bucket, key: string, version: Version) => {
    const known = bucket.versions.get(key);
    if (known) known.unshift(version);
    else {
      bucket.versions.set(key, [version]);
      bucket.order.add(key);
    }
  };
  const take = (bucket: Bucket, key: string, versionId: string): Version | undefined => {
    const known = bucket.versions.get(key);
    const at = known?.findIndex((version) => version.versionId === versionId) ?? -1;
    if (!known || at < 0) return undefined;
    const [taken] = known.splice(at, 1);
    if (known.length === 0) {
      bucket.versions.delete(key);
      bucket.order.remove(key);
    }
    if (taken?.kind === 'object') blobs.release(taken.content);
    return taken;
  };

  return {
    buckets,
    bucket(name) {
      const bucket = buckets.get(name);
      if (!bucket) throw noSuchBucket(name);
      return bucket;
    },
    addBucket(name, created) {
      const bucket: Bucket = {
        name,
        created,
        versioning: 'Disabled',
        eventBridge: false,
        // Every new object is encrypted with SSE-S3 unless it says otherwise, since January 2023 (documented).
        encryption: { algorithm: 'AES256' },
        lifecycle: [],
        kept: {},
        policy: undefined,
        versions: new Map(),
        order: createKeyOrder(),
        uploads: new Map(),
      };
      buckets.set(name, bucket);
      return bucket;
    },
    removeBucket: (name) => void buckets.delete(name),
    current: currentOf,
    version(bucket, key, versionId) {
      const versions = bucket.versions.get(key);
      if (versionId === undefined) {
        const newest = versions?.[0];
        if (!newest) throw noSuchKey(key);
        return newest;
      }
      const found = versions?.find((version) => version.versionId === versionId);
      if (!found) throw noSuchVersion(key, versionId);
      return found;
    },
    put(bucket, key, object, conditions) {
      checkWrite(currentOf(bucket, key)?.etag, key, conditions);
      const versionId = bucket.versioning === 'Enabled' ? newVersionId() : NULL_VERSION;
      if (versionId === NULL_VERSION) take(bucket, key, NULL_VERSION);
      const stored: StoredObject = { ...object, kind: 'object', versionId };
      add(bucket, key, stored);
      return stored;
    },
    amend(bucket, key, object, traits) {
      const versions = bucket.versions.get(key) ?? [];
      const at = versions.indexOf(object);
      if (at < 0) throw noSuchKey(key);
      versions[at] = { ...object, traits };
    },
    remove(bucket, key, versionId, lastModified, conditions) {
      if (conditions.ifMatch !== undefined || conditions.ifNoneMatch !== undefined) {
        checkWrite(currentOf(bucket, key)?.etag, key, conditions);
      }
      if (versionId !== undefined) {
        const taken = take(bucket, key, versionId);
        const change = taken && (taken.kind === 'marker' ? 'marker-removed' : 'object-removed');
        return { change, versionId };
      }
      if (bucket.versioning === 'Disabled') {
        const taken = take(bucket, key, NULL_VERSION);
        return { change: taken && 'object-removed', versionId: undefined };
      }
      const markerId = bucket.versioning === 'Enabled' ? newVersionId() : NULL_VERSION;
      if (markerId === NULL_VERSION) take(bucket, key, NULL_VERSION);
      add(bucket, key, { kind: 'marker', versionId: markerId, lastModified });
      return { change: 'marker-created', versionId: markerId };
    },
    upload(bucket, key, uploadId) {
      const upload = bucket.uploads.get(uploadId);
      if (!upload || upload.key !== key) throw noSuchUpload(uploadId);
      return upload;
    },
  };
};

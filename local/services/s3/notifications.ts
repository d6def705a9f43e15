/**
 * What S3 tells EventBridge.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html (documented; puts and deletes recorded)
 */
import type { Call, Cloud, JsonObject } from '../../contracts.ts';
import { type Bucket, type Deleted, NULL_VERSION, type StoredObject } from './store.ts';

/** Why an object was created, in S3's words. */
export type CreationReason = 'PutObject' | 'CopyObject' | 'CompleteMultipartUpload';

/** Who asked: S3's requester is the account, not the identity, or S3 itself, which has no address. */
export type Requester = Pick<Call, 'requestId'> & { readonly sourceIp: string | undefined };

export interface Notifications {
  created(bucket: Bucket, key: string, object: StoredObject, reason: CreationReason, by: Requester): void;
  deleted(
    bucket: Bucket,
    key: string,
    deleted: Deleted,
    by: Requester,
    reason?: 'DeleteObject' | 'Lifecycle Expiration',
  ): void;
  tagged(bucket: Bucket, key: string, object: StoredObject, change: 'Added' | 'Deleted', by: Requester): void;
}

/** The MD5 of nothing: the ETag S3 gives a delete marker's event. */
const EMPTY_ETAG = 'd41d8cd98f00b204e9800998ecf8427e';
const SEQUENCE_BITS = 20n;

export const createNotifications = (cloud: Cloud): Notifications => {
  let latest = 0n;
  /** Later events of a key have a higher one, also where the clock stands or was set back. */
  const sequencer = (): string => {
    const byTime = BigInt(Math.max(cloud.clock.ms(), 0)) << SEQUENCE_BITS;
    latest = byTime > latest ? byTime : latest + 1n;
    return latest.toString(16).toUpperCase().padStart(18, '0');
  };
  const emit = (bucket: Bucket, detailType: string, object: JsonObject, rest: JsonObject, by: Requester) => {
    if (!bucket.eventBridge) return;
    cloud.events.emit({
      source: 'aws.s3',
      detailType,
      resources: [`arn:aws:s3:::${bucket.name}`],
      detail: {
        version: '0',
        bucket: { name: bucket.name },
        object,
        'request-id': by.requestId,
        requester: by.sourceIp === undefined ? 's3.amazonaws.com' : cloud.account,
        ...(by.sourceIp === undefined ? {} : { 'source-ip-address': by.sourceIp }),
        ...rest,
      },
    });
  };
  // Recorded: an object without a version of its own has no version-id in its event.
  const version = (versionId: string | undefined): JsonObject =>
    versionId === undefined || versionId === NULL_VERSION ? {} : { 'version-id': versionId };

  return {
    created(bucket, key, object, reason, by) {
      if (!bucket.eventBridge) return;
      emit(
        bucket,
        'Object Created',
        { key, size: object.content.size, etag: object.etag, ...version(object.versionId), sequencer: sequencer() },
        { reason },
        by,
      );
    },
    deleted(bucket, key, { change, versionId }, by, reason = 'DeleteObject') {
      // Where nothing was there nothing is told (assumed).
      if (change === undefined) return;
      const isMarker = change === 'marker-created';
      emit(
        bucket,
        'Object Deleted',
        { key, ...(isMarker && { etag: EMPTY_ETAG }), ...version(versionId), sequencer: sequencer() },
        { reason, 'deletion-type': isMarker ? 'Delete Marker Created' : 'Permanently Deleted' },
        by,
      );
    },
    tagged(bucket, key, object, change, by) {
      // The form is that of the ACL event, which AWS was seen to send; that this one is alike is *assumed*.
      emit(bucket, `Object Tags ${change}`, { key, etag: object.etag, ...version(object.versionId) }, {}, by);
    },
  };
};

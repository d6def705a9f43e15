import * as z from 'zod';

import { defineAwsEvent } from '../define-event.ts';

/**
 * S3's "Object Created". Keys are raw here, not URL-encoded as in the older notifications; `version-id` is there on
 * versioned buckets. Source: S3 user guide, "EventBridge event message structure".
 */
export const S3ObjectCreated = defineAwsEvent(
  'aws.s3',
  'Object Created',
  z
    .object({
      bucket: z.object({ name: z.string() }),
      object: z.object({
        key: z.string(),
        size: z.number(),
        etag: z.string(),
        'version-id': z.string().optional(),
        sequencer: z.string().optional(),
      }),
    })
    .transform(({ bucket, object }) => ({
      bucket: bucket.name,
      key: object.key,
      sizeBytes: object.size,
      versionId: object['version-id'],
    })),
);

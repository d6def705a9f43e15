import { createHash } from 'node:crypto';

import {
  S3ObjectCreated,
  SageMakerEndpoint,
  SageMakerModelPackage,
  SageMakerTrainingJob,
  SageMakerTransformJob,
} from '../../events/index.ts';
import type { Upload } from '../../shared/ledger/facts.ts';

/** The steps that AWS's own events wake. */
export type WokenByAws = 'validate-data' | 'track-training' | 'evaluate-model' | 'deploy-model' | 'track-endpoint';

/** Hands a step the event it should have been woken with. */
export type Wake = (step: WokenByAws, event: object) => Promise<void>;

/** An event in the form EventBridge would have had it; its id says what it is about. */
const envelope = (contract: { source: string; detailType: string }, about: string, now: Date, detail: object) => ({
  version: '0',
  id: createHash('sha256').update(`${contract.detailType}\n${about}`).digest('hex').slice(0, 32),
  source: contract.source,
  'detail-type': contract.detailType,
  time: now.toISOString(),
  resources: [],
  detail,
});

/**
 * The events of AWS that a step may not have heard, in the form AWS sends them. They are hints, as AWS's are: the step
 * asks for itself how things stand.
 */
export const lostEvents = (wake: Wake) => ({
  objectCreated: ({ bucket, key, versionId }: Upload, sizeBytes: number, now: Date) =>
    wake(
      'validate-data',
      envelope(S3ObjectCreated, `${key}\n${versionId}`, now, {
        bucket: { name: bucket },
        object: { key, size: sizeBytes, etag: '', 'version-id': versionId },
      }),
    ),
  trainingJobEnded: (name: string, now: Date) =>
    wake(
      'track-training',
      envelope(SageMakerTrainingJob, name, now, { TrainingJobName: name, TrainingJobStatus: 'Completed' }),
    ),
  transformJobEnded: (name: string, now: Date) =>
    wake(
      'evaluate-model',
      envelope(SageMakerTransformJob, name, now, { TransformJobName: name, TransformJobStatus: 'Completed' }),
    ),
  /** @param since Since when the message that is lost had waited: the new one goes on, so that patience ends once. */
  packageApproved: (arn: string, now: Date, since?: Date) =>
    wake('deploy-model', {
      ...envelope(SageMakerModelPackage, arn, now, { ModelPackageArn: arn }),
      ...(since && { waitingSince: since.toISOString() }),
    }),
  endpointInService: (name: string, now: Date) =>
    wake(
      'track-endpoint',
      envelope(SageMakerEndpoint, name, now, { EndpointName: name, EndpointStatus: 'IN_SERVICE' }),
    ),
});

export type LostEvents = ReturnType<typeof lostEvents>;

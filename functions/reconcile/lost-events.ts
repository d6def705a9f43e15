import { createHash } from 'node:crypto';

import {
  LabelsLandedV1,
  RollbackRequestedV1,
  S3ObjectCreated,
  SageMakerEndpoint,
  SageMakerModelPackage,
  SageMakerTrainingJob,
  SageMakerTransformJob,
} from '../../events/index.ts';
import { eventDetail } from '../../shared/aws/event-publisher.ts';
import type { Deployment, Upload } from '../../shared/ledger/facts.ts';
import { type Window, windowName, windowText } from '../../shared/monitoring/windows.ts';

/** The steps that AWS's own events wake. */
export type WokenByAws =
  | 'validate-data'
  | 'measure-quality'
  | 'track-training'
  | 'evaluate-model'
  | 'deploy-model'
  | 'track-endpoint';

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
 * The events of AWS that a step may not have heard, in the form AWS sends them, and one of our own that no event brings. They are hints, as AWS's are: the step
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
  /** @param writtenAt When the labels came: of several for one prediction the last counts. */
  labelsUploaded: ({ bucket, key, versionId }: Upload, sizeBytes: number, writtenAt: Date) =>
    wake(
      'measure-quality',
      envelope(S3ObjectCreated, `${key}\n${versionId}`, writtenAt, {
        bucket: { name: bucket },
        object: { key, size: sizeBytes, etag: '', 'version-id': versionId },
      }),
    ),
  /** A window whose labels have had their time. */
  labelsDue: (model: string, window: Window, now: Date) => {
    const about = `${model}/${windowName(window)}`;
    const detail = eventDetail(
      LabelsLandedV1,
      about,
      { model, window: windowText(window) },
      { now, correlationId: about },
    );
    return wake('measure-quality', envelope(LabelsLandedV1, about, now, detail));
  },
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
  /** A rollback that was decided and not sent; under the event's own id, so that it is the same rollback. */
  rollbackRequested: ({ model, run, replaces, trigger, rollback }: Deployment, now: Date, since?: Date) =>
    wake('deploy-model', {
      ...envelope(RollbackRequestedV1, trigger, now, {
        metadata: { eventId: trigger, correlationId: run, occurredAt: now.toISOString() },
        data: { model, run: replaces?.run ?? run, reason: rollback?.reason ?? '' },
      }),
      ...(since && { waitingSince: since.toISOString() }),
    }),
  endpointInService: (name: string, now: Date) =>
    wake(
      'track-endpoint',
      envelope(SageMakerEndpoint, name, now, { EndpointName: name, EndpointStatus: 'IN_SERVICE' }),
    ),
});

export type LostEvents = ReturnType<typeof lostEvents>;

import * as z from 'zod';

import { defineAwsEvent } from '../define-event.ts';

/**
 * A version in the model registry was created or changed in any way, its metadata included: only a reason to ask.
 * Source: "Events that Amazon SageMaker AI sends to Amazon EventBridge"; the schema registry omits the approval status.
 */
export const SageMakerModelPackage = defineAwsEvent(
  'aws.sagemaker',
  'SageMaker Model Package State Change',
  z
    .object({ ModelPackageArn: z.string(), ModelApprovalStatus: z.string().nullish() })
    .transform((detail) => ({ arn: detail.ModelPackageArn, approval: detail.ModelApprovalStatus ?? undefined })),
);

import * as z from 'zod';

import { defineAwsEvent } from '../define-event.ts';

/**
 * A transform job changed its status, in the spelling of the API. Sent once for every secondary status, best effort, perhaps
 * twice: only a reason to ask SageMaker. Source: "Events that Amazon SageMaker AI sends to Amazon EventBridge".
 */
export const SageMakerTransformJob = defineAwsEvent(
  'aws.sagemaker',
  'SageMaker Transform Job State Change',
  z
    .object({ TransformJobName: z.string(), TransformJobStatus: z.string() })
    .transform((detail) => ({ name: detail.TransformJobName, status: detail.TransformJobStatus })),
);

import * as z from 'zod';

import { defineAwsEvent } from '../define-event.ts';

/**
 * A training job changed its status, in the spelling of the API. Sent once for every secondary status, best effort, perhaps
 * twice: only a reason to ask SageMaker. Source: "Events that Amazon SageMaker AI sends to Amazon EventBridge".
 */
export const SageMakerTrainingJob = defineAwsEvent(
  'aws.sagemaker',
  'SageMaker Training Job State Change',
  z
    .object({ TrainingJobName: z.string(), TrainingJobStatus: z.string() })
    .transform((detail) => ({ name: detail.TrainingJobName, status: detail.TrainingJobStatus })),
);

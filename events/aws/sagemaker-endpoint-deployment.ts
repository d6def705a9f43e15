import * as z from 'zod';

import { defineAwsEvent } from '../define-event.ts';

/**
 * A rollout to an endpoint has come to another stage: traffic is being shifted, or the new fleet bakes. Only a reason to
 * ask how it stands. Source: "Events that Amazon SageMaker AI sends to Amazon EventBridge".
 */
export const SageMakerEndpointDeployment = defineAwsEvent(
  'aws.sagemaker',
  'SageMaker Endpoint Deployment State Change',
  z.object({ EndpointName: z.string() }).transform(({ EndpointName: name }) => ({ name })),
);

import * as z from 'zod';

import { defineAwsEvent } from '../define-event.ts';

const detail = z.object({ EndpointName: z.string(), EndpointStatus: z.string().nullish() }).transform((endpoint) => ({
  name: endpoint.EndpointName,
  // Events spell IN_SERVICE where the API says InService; some say it as the API does.
  status: endpoint.EndpointStatus?.replaceAll('_', '').toLowerCase(),
}));

/**
 * An endpoint changed its status. A failed update ends in service too, on the old configuration: only a reason to ask.
 * Source: "Events that Amazon SageMaker AI sends to Amazon EventBridge".
 */
export const SageMakerEndpoint = defineAwsEvent('aws.sagemaker', 'SageMaker Endpoint State Change', detail);

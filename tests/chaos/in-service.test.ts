/** What may happen to a model in service. */
import { endTheSame } from './each-story.ts';
import { SERVICE_STORIES } from './service-stories.ts';

// Each begins with a model that is trained and promoted, and most have a run of their own: fewer of them do by default.
endTheSame(Object.values(SERVICE_STORIES), {
  oneIn: 11,
  wakes: [
    'CloudWatch Alarm State Change to retrain-model',
    'Object Created to measure-quality',
    'RetireRequested.v1 to deploy-model',
    'RetrainingRequested.v1 to plan-run',
    'RollbackRequested.v1 to deploy-model',
    'SageMaker Endpoint Deployment State Change to track-endpoint',
    'WindowClosed.v1 to detect-drift',
  ],
});

import { SageMakerTrainingJob } from '../../events/index.ts';
import { onAws, type Route } from '../../shared/runtime/route.ts';
import { type TrackTrainingDeps, trackTraining } from './track-training.ts';

/** What wakes `track-training`: a training job that ended. */
export const trackTrainingRoutes = (deps: TrackTrainingDeps): Route[] => [
  onAws(SageMakerTrainingJob, trackTraining(deps)),
];

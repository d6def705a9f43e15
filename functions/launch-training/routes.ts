import { AttemptRequestedV1, RunPreparedV1 } from '../../events/index.ts';
import { on, type Route } from '../../shared/runtime/route.ts';
import { type LaunchTrainingDeps, launchTraining } from './launch-training.ts';

/** What wakes `launch-training`: a run whose data is prepared, and a further attempt. */
export const launchTrainingRoutes = (deps: LaunchTrainingDeps): Route[] => {
  const launch = launchTraining(deps);
  return [
    on(RunPreparedV1, (woken) => launch({ ...woken, data: { ...woken.data, attempt: 1 } })),
    on(AttemptRequestedV1, launch),
  ];
};

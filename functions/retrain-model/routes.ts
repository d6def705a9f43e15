import { CloudWatchAlarm, ScheduledEvent } from '../../events/index.ts';
import { onAws, type Route } from '../../shared/runtime/route.ts';
import { type RetrainModelDeps, retrainModel } from './retrain-model.ts';

/** What wakes `retrain-model`: an alarm that spoke, and a schedule for what goes on. */
export const retrainModelRoutes = (deps: RetrainModelDeps): Route[] => {
  const { hear, lookOver } = retrainModel(deps);
  return [onAws(CloudWatchAlarm, hear), onAws(ScheduledEvent, lookOver)];
};

/** Uploads and runs that lead to no rollout, or take a turn before it. */
import { endTheSame } from './each-story.ts';
import { STORIES } from './stories.ts';

endTheSame([
  STORIES.damaged,
  STORIES.repeated,
  STORIES.folder,
  STORIES.secondAttempt,
  STORIES.failed,
  STORIES.unscored,
  STORIES.refused,
]);

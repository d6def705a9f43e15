/** Runs that lead to a rollout. */
import { endTheSame } from './each-story.ts';
import { STORIES } from './stories.ts';

endTheSame([STORIES.first, STORIES.challenger, STORIES.rolledBack, STORIES.approved, STORIES.reconciled]);

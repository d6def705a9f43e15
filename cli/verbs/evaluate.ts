import { OFFLINE_OPTIONS, offlineAnswer } from '../offline/answer.ts';
import { onlyArgument, type Verb } from '../verb.ts';

export const evaluate: Verb = {
  options: [...OFFLINE_OPTIONS],
  run: ({ args, options, now }) =>
    offlineAnswer({ candidate: onlyArgument(args, 'file of scores'), champion: null, anchor: null }, { options, now }),
};

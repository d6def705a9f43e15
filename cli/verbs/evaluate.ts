import { OFFLINE_OPTIONS, offlineAnswer } from '../offline/answer.ts';
import { onlyArgument, type Verb } from '../verb.ts';

export const evaluate: Verb = {
  usage: 'evaluate SCORES --rows FILE --definition YML',
  about: "judges one model by its scores in a file, on the definition's own terms",
  options: [...OFFLINE_OPTIONS],
  run: ({ args, options, now }) =>
    offlineAnswer({ candidate: onlyArgument(args, 'file of scores'), champion: null, anchor: null }, { options, now }),
};

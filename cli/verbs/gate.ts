import { needed, OFFLINE_OPTIONS, offlineAnswer } from '../offline/answer.ts';
import { UsageError, type Verb } from '../verb.ts';

export const gate: Verb = {
  options: ['candidate', 'champion', 'anchor', ...OFFLINE_OPTIONS],
  async run({ args, options, now }) {
    if (args.length > 0) throw new UsageError(`no arguments are taken, found ${args.join(' ')}`);
    const scores = {
      candidate: needed(options, 'candidate'),
      champion: options.champion ?? null,
      anchor: options.anchor ?? null,
    };
    return offlineAnswer(scores, { options, now });
  },
};

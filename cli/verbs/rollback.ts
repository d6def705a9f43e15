import { randomUUID } from 'node:crypto';

import { RollbackRequestedV1 } from '../../events/index.ts';
import { rolloutsOf } from '../../shared/ledger/deployments.ts';
import { previousChampion } from '../../shared/rollout/previous-champion.ts';
import { championOf } from '../serving.ts';
import { onlyArgument, type Verb } from '../verb.ts';

export const rollback: Verb = {
  options: ['reason'],
  async run({ place: find, args, options, now }) {
    const model = onlyArgument(args, 'model');
    const place = await find();
    const found = await championOf(place, model);
    if ('answer' in found) return found.answer;
    const { champion } = found;
    const rollouts = await rolloutsOf(place.ledger, model);
    // What the registry says of it, deploy-model asks: a command needs no more than the store and the bus.
    const back = await previousChampion(place.ledger, champion, rollouts, async () => false);
    if (!back) {
      const text = `${model} has had no champion before run ${champion.run} that could be put back; npx millrace retire ${model} takes it out of service`;
      return { exit: 1, text, data: { error: 'nothing_to_put_back', model, champion: champion.run } };
    }
    const request = randomUUID();
    const data = { model, run: champion.run, reason: options.reason ?? `asked for by ${place.caller}` };
    await place.tell(RollbackRequestedV1, request, data, { now, correlationId: request });
    const busy = rollouts.find(({ ended }) => !ended);
    const instead = champion.retired ? '' : ` in place of ${champion.run}`;
    const text = [
      `Run ${back.run} of ${model} is to be put back${instead}.`,
      ...(busy ? [`Rollout ${busy.deployment.n} is not over: it waits for that.`] : []),
      `\`npx millrace status ${model}\` shows what becomes of it.`,
    ].join(' ');
    return { exit: 0, text, data: { request, ...data, back: back.run } };
  },
};

import { randomUUID } from 'node:crypto';

import { RollbackRequestedV1 } from '../../events/index.ts';
import { rolloutsOf } from '../../shared/ledger/deployments.ts';
import { championSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { previousChampion } from '../../shared/rollout/previous-champion.ts';
import { publishedModels } from '../place.ts';
import { onlyArgument, type Verb } from '../verb.ts';

export const rollback: Verb = {
  usage: 'rollback MODEL [--reason TEXT]',
  about: 'puts the champion before the present one back',
  options: ['reason'],
  async run({ place: find, args, options, now }) {
    const model = onlyArgument(args, 'model');
    const place = await find();
    if (!(await publishedModels(place.ledger)).includes(model)) {
      return { exit: 1, text: `no model ${model} is published`, data: { error: 'unknown_model', model } };
    }
    const champion = await place.ledger.find(championSchema, keys.champion(model));
    if (!champion) {
      return { exit: 1, text: `nothing of ${model} is in service`, data: { error: 'nothing_in_service', model } };
    }
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

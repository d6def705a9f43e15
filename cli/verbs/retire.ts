import { randomUUID } from 'node:crypto';

import { RetireRequestedV1 } from '../../events/index.ts';
import { rolloutsOf } from '../../shared/ledger/deployments.ts';
import { championSchema, slotSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { publishedModels } from '../place.ts';
import { onlyArgument, type Verb } from '../verb.ts';

export const retire: Verb = {
  usage: 'retire MODEL [--reason TEXT]',
  about: 'takes a model out of service, its endpoint and its alarms away',
  options: ['reason'],
  async run({ place: find, args, options, now }) {
    const model = onlyArgument(args, 'model');
    const place = await find();
    if (!(await publishedModels(place.ledger)).includes(model)) {
      return { exit: 1, text: `no model ${model} is published`, data: { error: 'unknown_model', model } };
    }
    const champion = await place.ledger.find(championSchema, keys.champion(model));
    if (!champion || champion.retired) {
      return { exit: 1, text: `nothing of ${model} is in service`, data: { error: 'nothing_in_service', model } };
    }
    const [rollouts, slot] = await Promise.all([
      rolloutsOf(place.ledger, model),
      place.ledger.find(slotSchema, keys.slot(model)),
    ]);
    const rollout = rollouts.find(({ ended }) => !ended);
    if (rollout || slot?.flight) {
      const what = rollout ? `rollout ${rollout.deployment.n}` : `run ${slot?.flight?.run}`;
      const text = `${what} of ${model} is not over; npx millrace status ${model} shows when it is`;
      return { exit: 1, text, data: { error: 'busy', model, rollout: rollout?.deployment.n ?? null } };
    }
    const request = randomUUID();
    const data = { model, run: champion.run, reason: options.reason ?? `asked for by ${place.caller}` };
    await place.tell(RetireRequestedV1, request, data, { now, correlationId: request });
    const text = `${model} is to go out of service: its endpoint and alarms are taken away, its records stay. npx millrace rollback ${model} brings run ${champion.run} back.`;
    return { exit: 0, text, data: { request, ...data } };
  },
};

import { randomUUID } from 'node:crypto';

import { RetireRequestedV1 } from '../../events/index.ts';
import { rolloutsOf } from '../../shared/ledger/deployments.ts';
import { slotSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { championOf, nothingInService } from '../serving.ts';
import { onlyArgument, type Verb } from '../verb.ts';

export const retire: Verb = {
  options: ['reason'],
  async run({ place: find, args, options, now }) {
    const model = onlyArgument(args, 'model');
    const place = await find();
    const found = await championOf(place, model);
    if ('answer' in found) return found.answer;
    const { champion } = found;
    if (champion.retired) return nothingInService(model);
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

import { randomUUID } from 'node:crypto';

import { RunRequestedV1 } from '../../events/index.ts';
import { publishedModels } from '../place.ts';
import { onlyArgument, UsageError, type Verb } from '../verb.ts';

const OVERRIDES = ['cooldown', 'budget'] as const;

export const run: Verb = {
  options: ['reason', 'override'],
  async run({ place: find, args, options, now }) {
    const model = onlyArgument(args, 'model');
    const override = (options.override ?? '').split(',').filter((name) => name !== '');
    const unknown = override.find((name) => !OVERRIDES.some((known) => known === name));
    if (unknown) throw new UsageError(`--override takes ${OVERRIDES.join(', ')}; found ${unknown}`);
    const place = await find();
    const models = await publishedModels(place.ledger);
    if (!models.includes(model)) {
      const text = `no model ${model} is published; there is ${models.join(', ') || 'none'}`;
      return { exit: 1, text, data: { error: 'unknown_model', model, models } };
    }
    const request = randomUUID();
    const data = {
      model,
      reason: options.reason ?? `asked for by ${place.caller}`,
      override: OVERRIDES.filter((name) => override.includes(name)),
    };
    await place.tell(RunRequestedV1, request, data, { now, correlationId: request });
    const text = `A run of ${model} is asked for. \`npx millrace status ${model}\` shows what becomes of it.`;
    return { exit: 0, text, data: { request, ...data } };
  },
};

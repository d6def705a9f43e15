import { type Champion, championSchema } from '../shared/ledger/facts.ts';
import { keys } from '../shared/ledger/keys.ts';
import { type Place, publishedModels } from './place.ts';
import type { Answer } from './verb.ts';

/** A published model's champion, in service or retired; or the answer that there is none. */
export const championOf = async (place: Place, model: string): Promise<{ champion: Champion } | { answer: Answer }> => {
  if (!(await publishedModels(place.ledger)).includes(model)) {
    return {
      answer: { exit: 1, text: `no model ${model} is published`, data: { error: 'unknown_model', model } },
    };
  }
  const champion = await place.ledger.find(championSchema, keys.champion(model));
  return champion ? { champion } : { answer: nothingInService(model) };
};

/** There is nothing to take out of service. */
export const nothingInService = (model: string): Answer => ({
  exit: 1,
  text: `nothing of ${model} is in service`,
  data: { error: 'nothing_in_service', model },
});

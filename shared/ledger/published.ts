import { type PublishedDefinition, publishedDefinitionSchema } from '../definition/published.ts';
import { definitionPointerSchema } from './facts.ts';
import { keys } from './keys.ts';
import type { Ledger } from './ledger.ts';

/** The definition of a model that is in force; undefined when none is published. */
export const readPublished = async (ledger: Ledger, model: string): Promise<PublishedDefinition | undefined> => {
  const pointer = await ledger.find(definitionPointerSchema, keys.definitionPointer(model));
  return pointer && ledger.read(publishedDefinitionSchema, keys.definition(model, pointer.digest));
};

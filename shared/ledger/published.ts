import { type PublishedDefinition, publishedDefinitionSchema } from '../definition/published.ts';
import { definitionPointerSchema } from './facts.ts';
import { keys } from './keys.ts';
import type { Ledger } from './ledger.ts';

/** A definition as it was published, whether it is in force or not. */
export const definitionAt = (ledger: Ledger, model: string, digest: string): Promise<PublishedDefinition> =>
  ledger.read(publishedDefinitionSchema, keys.definition(model, digest));

/** The definition of a model that is in force; undefined when none is published. */
export const readPublished = async (ledger: Ledger, model: string): Promise<PublishedDefinition | undefined> => {
  const pointer = await ledger.find(definitionPointerSchema, keys.definitionPointer(model));
  return pointer && definitionAt(ledger, model, pointer.digest);
};

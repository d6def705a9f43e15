import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { publish } from '../../shared/definition/publish.ts';
import type { PublishedDefinition } from '../../shared/definition/published.ts';
import { DefinitionError, type ReadDefinition, readDefinition } from '../../shared/definition/read.ts';
import { InputProblem } from './input-problem.ts';

/** Where the definition of a model lies: a path to a YAML file is one already, a name means `models/<name>.yml`. */
export const definitionPath = (model: string): string =>
  /\.ya?ml$/.test(model) ? model : join('models', `${model}.yml`);

/**
 * Reads a definition's file.
 *
 * @throws InputProblem where there is none, or it cannot be taken
 */
export async function readDefinitionFile(file: string): Promise<ReadDefinition> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause;
    throw new InputProblem('no_such_file', file, 'there is no such file', 'name the YAML file that defines the model');
  });
  try {
    return readDefinition(text, file);
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error;
    const toDo = 'correct it; docs/definition.md lists every setting';
    throw new InputProblem('wrong_definition', file, `it cannot be used:\n${error.message}`, toDo);
  }
}

/** The same, as it would be published. */
export async function publishedFrom(file: string): Promise<PublishedDefinition> {
  const { model, definition } = await readDefinitionFile(file);
  return publish(model, definition);
}

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { unhonoured } from '../../shared/definition/honoured.ts';
import { publish as publishDefinition } from '../../shared/definition/publish.ts';
import { type PublishedDefinition, publishedDefinitionSchema } from '../../shared/definition/published.ts';
import { DefinitionError, readDefinition } from '../../shared/definition/read.ts';
import { definitionPointerSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { type PlatformLimits, readPlatform } from '../platform.ts';
import type { Verb } from '../verb.ts';

/** One definition, read and checked, and what of it no step honours yet. */
export interface Publication {
  readonly published: PublishedDefinition;
  readonly notHonoured: readonly string[];
}

const filesOf = async (paths: readonly string[]): Promise<string[]> => {
  const found = await Promise.all(
    paths.map(async (path) => {
      if (!(await stat(path)).isDirectory()) return [path];
      return (await readdir(path))
        .filter((name) => /\.ya?ml$/.test(name))
        .sort()
        .map((name) => join(path, name));
    }),
  );
  return found.flat();
};

/**
 * Reads definitions from files and folders.
 * @param platform What they are held against besides; undefined where it is not known.
 * @throws DefinitionError with every problem of every file, by line.
 */
export const readPublications = async (paths: readonly string[], platform?: PlatformLimits): Promise<Publication[]> => {
  const problems: DefinitionError['problems'][number][] = [];
  const publications: Publication[] = [];
  for (const file of await filesOf(paths)) {
    try {
      const { model, definition } = readDefinition(await readFile(file, 'utf8'), file, platform);
      publications.push({ published: publishDefinition(model, definition), notHonoured: unhonoured(definition) });
    } catch (error) {
      if (!(error instanceof DefinitionError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new DefinitionError(problems);
  return publications;
};

/** Writes a definition by its digest and points at it. Publishing the same again changes nothing. */
export const putInForce = async (
  ledger: Ledger,
  published: PublishedDefinition,
  now: Date,
): Promise<'published' | 'unchanged'> => {
  const { model, digest } = published;
  await ledger.record(publishedDefinitionSchema, keys.definition(model, digest), published);
  let outcome: 'published' | 'unchanged' = 'published';
  await ledger.point(definitionPointerSchema, keys.definitionPointer(model), (current) => {
    outcome = current?.digest === digest ? 'unchanged' : 'published';
    return outcome === 'unchanged' ? undefined : { model, digest, publishedAt: now.toISOString() };
  });
  return outcome;
};

export const publish: Verb = {
  options: [],
  async run({ place: find, args, now }) {
    try {
      const platform = await readPlatform();
      const publications = await readPublications(args.length > 0 ? args : ['models'], platform);
      const place = await find();
      const done = [];
      for (const { published, notHonoured } of publications) {
        const outcome = await putInForce(place.ledger, published, now);
        done.push({ model: published.model, digest: published.digest, outcome, notHonoured });
      }
      const text = done.flatMap(({ model, digest, outcome, notHonoured }) => [
        `${model}  ${digest.slice(0, 12)}  ${outcome}`,
        ...notHonoured.map((setting) => `  not honoured yet: ${setting}`),
      ]);
      if (!platform && done.length > 0)
        text.push(
          'not checked, for there is no platform.yml here: whether predictions are kept until their labels come',
        );
      return { exit: 0, text: text.join('\n') || 'no definitions to publish', data: { models: done } };
    } catch (error) {
      if (!(error instanceof DefinitionError)) throw error;
      return { exit: 1, text: error.message, data: { problems: error.problems } };
    }
  },
};

/** Another definition of a model, in place of the one in force. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { putInForce, readPublications } from '../../cli/verbs/publish.ts';
import type { World } from '../loop/world.ts';

/** The text of a model's definition among the fixtures. */
export const fixtureText = (model: string): Promise<string> =>
  readFile(`tests/fixtures/loop/models/${model}.yml`, 'utf8');

/** Publishes a definition of a model in place of the one in force. */
export const publishAs = async (world: World, model: string, yaml: string): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'published-'));
  const file = join(folder, `${model}.yml`);
  await writeFile(file, yaml);
  const [publication] = await readPublications([file]);
  await rm(folder, { recursive: true, force: true });
  if (!publication) throw new Error('nothing to publish');
  await putInForce(world.ledger, publication.published, world.cloud.clock.now());
};

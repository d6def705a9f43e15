/** A few of the single faults of tests/chaos with the packaged functions in processes of their own: they end the same there. */
import { beforeAll, describe, expect, it } from 'vitest';

import { judge } from '../chaos/judgement.ts';
import { type CleanTelling, casesOf, tellCleanly, tellWith } from '../chaos/single-fault.ts';
import { STORIES } from '../chaos/stories.ts';
import { startWorld } from './world.ts';

const STORY = STORIES.first;

/** By the end of their names in tests/chaos: one of each kind that a process of its own could change. */
const SAMPLE = [
  /prepare-data crashes after .* events PutEvents$/,
  /deploy-model crashes after .* CreateEndpoint$/,
  /^SageMaker Training Job State Change .* is lost$/,
];

describe('a first model of the packaged functions', () => {
  let clean: CleanTelling;
  beforeAll(async () => {
    clean = await tellCleanly(STORY, startWorld);
  }, 300_000);

  it.each(SAMPLE)(
    'ends the same with a fault like %s',
    async (name) => {
      const found = casesOf(clean, false).find((one) => name.test(one.name));
      if (!found) throw new Error(`there is no fault like ${name}`);

      const told = await tellWith(STORY, found.fault, clean.told, startWorld);

      expect(clean.told.state.ends).toEqual(STORY.ends);
      expect(judge(found.fault, clean.told, told)).toEqual([]);
    },
    300_000,
  );
});

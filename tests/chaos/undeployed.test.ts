/**
 * Uploads and runs that lead to no rollout, or take a turn before it: each waking event lost, doubled and late, and a
 * crash at each request boundary, one at a time.
 */
import { afterAll, describe, expect, it } from 'vitest';

import { STORIES, type Story } from './stories.ts';
import { tellAll } from './tell-all.ts';

const TOLD: readonly Story[] = [
  STORIES.damaged,
  STORIES.repeated,
  STORIES.folder,
  STORIES.secondAttempt,
  STORIES.failed,
  STORIES.unscored,
  STORIES.refused,
];
/** So many there are at least: a story in which nothing can go wrong proves nothing. */
const LEAST = 600;

describe('whatever goes wrong once', () => {
  let cases = 0;
  let of = 0;
  afterAll(() => console.info(`${cases} of ${of} single faults`));

  it.each(TOLD)(
    '$name ends the same',
    async (story) => {
      const verdict = await tellAll(story);
      cases += verdict.cases;
      of += verdict.of;

      expect(verdict.ends).toEqual(story.ends);
      expect(verdict.wrong).toEqual({});
    },
    1_800_000,
  );

  it('is looked for at every place', () => {
    expect(of).toBeGreaterThanOrEqual(LEAST);
  });
});

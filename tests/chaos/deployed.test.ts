/**
 * Runs that lead to a rollout: each step's waking events lost, doubled and late, and a crash at each request
 * boundary, one at a time.
 */
import { afterAll, describe, expect, it } from 'vitest';

import { STORIES, type Story } from './stories.ts';
import { tellAll } from './tell-all.ts';

const TOLD: readonly Story[] = [
  STORIES.first,
  STORIES.challenger,
  STORIES.rolledBack,
  STORIES.approved,
  STORIES.reconciled,
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

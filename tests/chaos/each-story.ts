/** The test of what one fault may change, for each of some stories. */
import { afterAll, describe, expect, it } from 'vitest';

import type { Story } from './stories.ts';
import { tellAll } from './tell-all.ts';

/** So many there are at least in each half: a story in which nothing can go wrong proves nothing. */
const LEAST = 600;

/** Each waking event lost, doubled and late, and a crash at each request boundary, one at a time: the end is the same. */
export const endTheSame = (stories: readonly Story[]) =>
  describe('whatever goes wrong once', () => {
    let cases = 0;
    let of = 0;
    afterAll(() => console.info(`${cases} of ${of} single faults`));

    it.each(stories)(
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

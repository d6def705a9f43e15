/** The test of what one fault may change, for each of some stories. */
import { afterAll, describe, expect, it } from 'vitest';

import type { Story } from './stories.ts';
import { tellAll } from './tell-all.ts';

/**
 * Each waking event lost, doubled and late, and a crash at each request boundary, one at a time: the end is the same.
 *
 * @param least So many there are at least: a story in which nothing can go wrong proves nothing.
 * @param oneIn Every so-manieth of each story is told where not all are; a prime above five, for each delivery has five
 *   faults in a row, and each kind is to have its turn.
 * @param wakes Events that are among those that may be lost, each as `type to step`.
 */
export const endTheSame = (
  stories: readonly Story[],
  { least = 600, oneIn = 7, wakes = [] as readonly string[] } = {},
) =>
  describe('whatever goes wrong once', () => {
    let cases = 0;
    let of = 0;
    const events = new Set<string>();
    afterAll(() => console.info(`${cases} of ${of} single faults`));

    it.each(stories)(
      '$name ends the same',
      async (story) => {
        const verdict = await tellAll(story, oneIn);
        cases += verdict.cases;
        of += verdict.of;
        for (const event of verdict.events) events.add(event);

        expect(verdict.ends).toEqual(story.ends);
        expect(verdict.wrong).toEqual({});
      },
      1_800_000,
    );

    it('is looked for at every place', () => {
      expect(of).toBeGreaterThanOrEqual(least);
      expect([...events]).toEqual(expect.arrayContaining([...wakes]));
    });
  });

import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Folders and files whose tests take longest, the longest first. A fresh checkout knows no durations, and the size of a
 * file, by which vitest would go, says little of them: without this a long file begins last and ends by itself.
 */
const LONGEST = [
  'tests/mutations/',
  'tests/loop/story',
  'tests/loop/faults',
  'tests/loop/',
  'tests/oracle/',
  'tests/chaos/',
  'tests/in-process/',
  'tests/hostile/',
];

/** Files in the order of their projects, and in a project those that take longest first. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rankOf = ({ moduleId }: TestSpecification): number => {
      const file = relative(import.meta.dirname, moduleId);
      const rank = LONGEST.findIndex((start) => `tests/${file}`.startsWith(start));
      return rank < 0 ? LONGEST.length : rank;
    };
    return sorted
      .map((spec, place) => ({ spec, place, rank: rankOf(spec) }))
      .toSorted((a, b) => (a.spec.project === b.spec.project ? a.rank - b.rank : 0) || a.place - b.place)
      .map(({ spec }) => spec);
  }
}

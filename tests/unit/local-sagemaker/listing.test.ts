import { describe, expect, it } from 'vitest';
import { listPage } from '../../../local/services/sagemaker/listing.ts';
import fc from '../../fast-check.ts';

const items = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/), { maxLength: 25 }).chain((names) =>
  fc.tuple(
    ...names.map((name) =>
      fc.record({
        name: fc.constant(name),
        creationMs: fc.integer({ min: 0, max: 5 }),
        status: fc.constantFrom('A', 'B'),
      }),
    ),
  ),
);

describe('pages of a list', () => {
  it('hold every item once and in order, whatever their size', () => {
    fc.assert(
      fc.property(
        items,
        fc.integer({ min: 1, max: 7 }),
        fc.constantFrom('Name', 'CreationTime', 'Status'),
        fc.constantFrom('Ascending' as const, 'Descending' as const),
        (all, MaxResults, SortBy, SortOrder) => {
          const seen: string[] = [];
          let NextToken: string | undefined;
          do {
            const { page, nextToken } = listPage(all, { MaxResults, SortBy, SortOrder, NextToken }, 'Ascending');
            seen.push(...page.map(({ name }) => name));
            NextToken = nextToken;
          } while (NextToken !== undefined);

          expect(seen).toEqual(
            listPage(all, { MaxResults: 100, SortBy, SortOrder }, 'Ascending').page.map(({ name }) => name),
          );
          expect([...seen].sort()).toEqual(all.map(({ name }) => name).sort());
        },
      ),
    );
  });

  it('hold what lies between two times, the first included', () => {
    const all = [1, 2, 3].map((creationMs) => ({ name: `n${creationMs}`, creationMs }));

    const { page } = listPage(all, { CreationTimeAfter: 2, CreationTimeBefore: 3 }, 'Ascending');

    expect(page.map(({ name }) => name)).toEqual(['n2']);
  });
});

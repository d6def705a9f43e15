import { describe, expect, it } from 'vitest';

import { estimateHistory, estimateShown } from '../../../shared/monitoring/estimate-guard.ts';

const outcomes = (right: number, wrong: number) => [
  ...Array.from({ length: right }, () => true),
  ...Array.from({ length: wrong }, () => false),
];

describe('an estimate without labels', () => {
  it.each([
    [9, 0, false],
    [10, 0, true],
    [9, 1, true],
    [17, 2, false],
    [18, 2, true],
    [0, 0, false],
  ])('that came true in %i windows and did not in %i is shown: %s', (right, wrong, shown) => {
    expect(estimateShown(estimateHistory(outcomes(right, wrong)))).toBe(shown);
  });

  it('is not held against windows of which nothing is known', () => {
    expect(estimateHistory([...outcomes(9, 1), null, null])).toEqual({ windows: 10, covered: 9 });
  });
});

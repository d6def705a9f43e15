import { describe, expect, it } from 'vitest';

import { isAnsweredBy, requestsToMeet, wrongRows } from '../../../shared/rollout/golden-answers.ts';

describe('answers to golden rows', () => {
  it('are a model’s own where they differ by what float32 and decimal text lose', () => {
    expect(isAnsweredBy([0.2500001, 0.75], [[0.25], [0.75]], 1)).toBe(true);
    expect(isAnsweredBy([0.2501, 0.75], [[0.25], [0.75]], 1)).toBe(false);
  });

  it('are nobody’s where rows are missing, or too many', () => {
    expect(isAnsweredBy([0.25], [[0.25], [0.75]], 1)).toBe(false);
    expect(isAnsweredBy([0.25, 0.75, 1], [[0.25], [0.75]], 1)).toBe(false);
    expect(isAnsweredBy([Number.NaN, 0.75], [[0.25], [0.75]], 1)).toBe(false);
  });

  it('are held against the classes a model was taught', () => {
    const wanted = [
      [0.2, 0.8, 0],
      [0.5, 0.5, 0],
    ];
    expect(isAnsweredBy([0.2, 0.8, 0.5, 0.5], wanted, 2)).toBe(true);
    expect(wrongRows([0.2, 0.8, 0.6, 0.4], wanted, 2)).toEqual([1]);
  });

  it.each([
    [1, 1],
    [0.5, 7],
    [0.1, 44],
    [0.01, 459],
  ])('of a fleet with a share of %s are met, nearly surely, in %s requests', (share, requests) => {
    expect(requestsToMeet(share)).toBe(requests);
    expect(1 - (1 - share) ** requests).toBeGreaterThanOrEqual(0.99);
  });

  it('are not asked for of a fleet without traffic', () => {
    expect(() => requestsToMeet(0)).toThrow(RangeError);
  });
});

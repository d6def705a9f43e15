import { describe, expect, it } from 'vitest';
import { chooseGolden, goldenSchema } from '../../../shared/evaluation/golden.ts';
import fc from '../../fast-check.ts';

describe('golden rows', () => {
  it('are spread over the scores from the lowest to the highest', () => {
    const candidate = Float64Array.from({ length: 1000 }, (_, row) => ((row * 7) % 1000) / 1000);

    const rows = chooseGolden({ parts: [400, 0, 600], candidate: [candidate], champion: null });

    const scores = rows.map((row) => Number(row.candidate)).sort((a, b) => a - b);
    expect(scores).toHaveLength(20);
    expect([scores[0], scores[19]]).toEqual([0, 0.999]);
    const gaps = scores.slice(1).map((score, at) => score - (scores[at] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(0.06);
  });

  it('name each row by part and place, with the scores of both models', () => {
    const candidate = Float64Array.of(0.9, 0.1, 0.5, 0.2);
    const champion = Float64Array.of(0.8, 0.3, 0.4, 0.1);

    const rows = chooseGolden({ parts: [1, 3], candidate: [candidate], champion: [champion] }, 2);

    expect(rows).toEqual([
      { part: 0, ordinal: 0, candidate: 0.9, champion: 0.8 },
      { part: 1, ordinal: 0, candidate: 0.1, champion: 0.3 },
    ]);
    expect(goldenSchema.safeParse({ model: 'm', run: 'r', championRun: 'c', rows }).success).toBe(true);
  });

  it('have the probability of each class where there are several', () => {
    const candidate = [Float64Array.of(0.9, 0.1), Float64Array.of(0.1, 0.9)];

    const rows = chooseGolden({ parts: [2], candidate, champion: null });

    expect(rows.map((row) => row.candidate)).toEqual([
      [0.9, 0.1],
      [0.1, 0.9],
    ]);
    expect(goldenSchema.safeParse({ model: 'm', run: 'r', championRun: null, rows }).success).toBe(true);
  });

  it('are all rows where there are few, each once', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.constantFrom(0, 0.5, 1), { maxLength: 9 }), { maxLength: 4 }), (parts) => {
        const candidate = Float64Array.from(parts.flat());

        const rows = chooseGolden({ parts: parts.map(({ length }) => length), candidate: [candidate], champion: null });

        const names = rows.map(({ part, ordinal }) => `${part}/${ordinal}`);
        expect(new Set(names).size).toBe(rows.length);
        expect(rows.length).toBe(Math.min(20, candidate.length));
        expect(rows.every(({ part, ordinal, candidate: score }) => parts[part]?.[ordinal] === score)).toBe(true);
      }),
    );
  });
});

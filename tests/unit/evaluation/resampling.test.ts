import { describe, expect, it } from 'vitest';

import { measure } from '../../../shared/evaluation/metrics.ts';
import { drawFigures, spreadOf } from '../../../shared/evaluation/resampling.ts';
import type { Answers, Sample } from '../../../shared/evaluation/sample.ts';
import { byDay, population } from './gate-input.ts';

const PEOPLE = population(1_500, 30, 3, 0.5);

const binary: Sample = {
  problem: 'binary',
  labels: PEOPLE.labels,
  classes: 0,
  weights: null,
  clusters: null,
  operatingPoint: 0.4,
};
const regression: Sample = { ...binary, problem: 'regression', labels: PEOPLE.better.map((score) => 10 * score) };

function errorOf(sample: Sample, models: readonly Answers[], figure: string, binned: boolean): number {
  const drawn = drawFigures(sample, models, { seed: 5, draws: 1_500, binned });
  const [a, b] = [drawn.of(0, figure), drawn.of(1, figure)];
  if (a === undefined || b === undefined) throw new Error(`no draws of ${figure}`);
  const differences = a.draws.map((value, at) => value - (b.draws[at] ?? 0));
  const spread = spreadOf(0, { draws: differences, centre: 0, without: null }, drawn.clusters);
  if ('undefinedBecause' in spread) throw new Error(spread.undefinedBecause);
  return spread.estimate.standardError;
}

describe('drawing rows again', () => {
  it.each([
    ['average_precision', binary],
    ['f1', binary],
    ['mcc', binary],
    ['balanced_accuracy', binary],
    ['rmse', regression],
    ['r2', regression],
    ['wape', regression],
  ] as const)('tells the same spread of %s row by row and by Poisson counts of pools', (figure, sample) => {
    const models = sample === binary ? [[PEOPLE.better], [PEOPLE.worse]] : [[PEOPLE.worse], [PEOPLE.better]];

    const [rowLevel, pooled] = [false, true].map((binned) => errorOf(sample, models, figure, binned));

    // Of 1,500 draws a standard error is itself known to 2 %, of 1,000 pools to another 2 %; so four of their errors.
    expect((pooled ?? 0) / (rowLevel ?? 1)).toBeGreaterThan(0.88);
    expect((pooled ?? 0) / (rowLevel ?? 1)).toBeLessThan(1.12);
  });

  it('tells the same spread of clusters either way', () => {
    const clustered = { ...binary, clusters: byDay(PEOPLE).clusters };
    const models = [[PEOPLE.better], [PEOPLE.worse]];

    const [rowLevel, pooled] = [false, true].map((binned) => errorOf(clustered, models, 'f1', binned));

    expect((pooled ?? 0) / (rowLevel ?? 1)).toBeGreaterThan(0.88);
    expect((pooled ?? 0) / (rowLevel ?? 1)).toBeLessThan(1.12);
  });

  it.each([
    ['binary', binary, [PEOPLE.better]],
    ['regression', regression, [PEOPLE.worse]],
    [
      'multiclass',
      { ...binary, problem: 'multiclass', classes: 2 },
      [PEOPLE.better.map((score) => 1 - score), PEOPLE.better],
    ],
  ] satisfies [string, Sample, Answers][])(
    'works out every figure of %s as it is measured',
    (_problem, sample, answers) => {
      const { figures } = measure({ ...sample, answers, weights: undefined });

      const drawn = drawFigures(sample, [answers], { seed: 1, draws: 2 });

      const names = Object.keys(figures).filter((name) => drawn.of(0, name) !== undefined);
      expect(names.length).toBeGreaterThan(4);
      for (const name of names) {
        // Average precision and the median error are of groups of scores, so near and not equal.
        const grouped = ['average_precision', 'medae'].includes(name);
        expect(Math.abs((drawn.of(0, name)?.centre ?? 0) - (figures[name] ?? 0)), name).toBeLessThan(
          grouped ? 0.01 : 1e-9,
        );
      }
    },
  );

  it('is the same with the same seed and another with another', () => {
    const drawn = (seed: number) => [
      ...(drawFigures(binary, [[PEOPLE.better]], { seed, draws: 5 }).of(0, 'f1')?.draws ?? []),
    ];

    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(1)).not.toEqual(drawn(2));
  });

  it('has no spread where a draw has none of the figure', () => {
    const draws = Float64Array.of(0.1, Number.NaN, 0.3);

    expect(spreadOf(0.2, { draws, centre: 0.2, without: null }, null)).toEqual({
      undefinedBecause: 'the figure is undefined in 1 of 3 draws of the rows',
    });
  });
});

import { describe, expect, it } from 'vitest';
import { type LabelKind, trainingSample } from '../../../shared/data/strongest-features.ts';
import fc from '../../fast-check.ts';
import { uniformNumbers } from './uniform-numbers.ts';

const BINARY: LabelKind = { problem: 'binary', classes: 0 };

/** How strong features of these values are, by name. */
const strengths = (
  features: Readonly<Record<string, readonly number[]>>,
  labels: readonly number[],
  label: LabelKind = BINARY,
  kind: 'number' | 'category' = 'number',
  maxRows = 1000,
) => {
  const sample = trainingSample(
    Object.keys(features).map((name) => ({ name, kind })),
    label,
    maxRows,
  );
  const chosen = Uint32Array.from(labels.keys());
  sample.add(
    Object.values(features).map((values) => Float64Array.from(values)),
    Float64Array.from(labels),
    chosen,
  );
  return sample.strongest();
};

const noise = (rows: number, seed: number) => uniformNumbers(seed, rows);

describe('how much a single feature tells of the label', () => {
  const labels = noise(800, 1).map((each) => (each < 0.3 ? 1 : 0));

  it('is everything for the label itself, and little for chance', () => {
    const [first, second] = strengths({ chance: noise(800, 2), itself: labels }, labels);

    expect(first).toEqual({ feature: 'itself', strength: 1 });
    expect(second?.feature).toBe('chance');
    expect(second?.strength).toBeLessThan(0.75);
  });

  it('does not need the label to rise with the feature', () => {
    const twoEnds = labels.map((label, row) => (label === 1 ? (row % 2 === 0 ? -5 : 5) : 0));

    expect(strengths({ twoEnds }, labels)[0]?.strength).toBe(1);
    expect(strengths({ upsideDown: labels.map((label) => -label) }, labels)[0]?.strength).toBe(1);
  });

  it('is everything where the value is missing just where the label is true', () => {
    const missing = labels.map((label, row) => (label === 1 ? Number.NaN : row));

    expect(strengths({ missing }, labels)[0]?.strength).toBe(1);
  });

  it('is told of categories without their order', () => {
    const codes = labels.map((label, row) => (label === 1 ? (row % 2) * 4 : 2));

    expect(strengths({ codes }, labels, BINARY, 'category')[0]?.strength).toBe(1);
  });

  it('is the variance explained of a number, and all classes together of a class', () => {
    const numbers = noise(900, 3).map((each) => Math.floor(each * 3));
    const regression = strengths(
      { same: numbers, chance: noise(900, 4) },
      numbers.map((each) => each * 10),
      {
        problem: 'regression',
        classes: 0,
      },
    );
    const multiclass = strengths({ same: numbers, one: numbers.map((each) => (each === 2 ? 1 : 0)) }, numbers, {
      problem: 'multiclass',
      classes: 3,
    });

    expect(regression[0]).toEqual({ feature: 'same', strength: 1 });
    expect(regression[1]?.strength).toBeLessThan(0.2);
    expect(multiclass[0]).toEqual({ feature: 'same', strength: 1 });
    // One of three classes given away is not the label given away.
    expect(multiclass[1]?.strength).toBeLessThan(0.95);
  });

  it('is unknown where there is nothing to tell apart', () => {
    expect(strengths({ load: [1, 2, 3] }, [1, 1, 1])).toEqual([{ feature: 'load', strength: null }]);
    expect(strengths({ load: [1, 2, 3] }, [4, 4, 4], { problem: 'regression', classes: 0 })).toEqual([
      { feature: 'load', strength: null },
    ]);
    expect(strengths({ load: [] }, [])).toEqual([{ feature: 'load', strength: null }]);
  });

  it('lies between a half and one, for a feature scores its own bins', () => {
    const rows = fc.array(fc.tuple(fc.double({ noNaN: true, min: -9, max: 9 }), fc.integer({ min: 0, max: 1 })), {
      minLength: 2,
      maxLength: 60,
    });
    fc.assert(
      fc.property(rows, (given) => {
        const [found] = strengths(
          { any: given.map(([value]) => value) },
          given.map(([, label]) => label),
        );
        const strength = found?.strength ?? 0.5;
        expect(strength).toBeGreaterThanOrEqual(0.5);
        expect(strength).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('the sample of training rows', () => {
  it('stays within its size, is spread over all rows, and is the same however the rows come', () => {
    const values = Array.from({ length: 10_000 }, (_, row) => row);
    // Only the last tenth is true: a sample of the first rows alone would have one class.
    const labels = values.map((row) => (row >= 9000 ? 1 : 0));
    const inOne = strengths({ values }, labels, BINARY, 'number', 64);
    const sample = trainingSample([{ name: 'values', kind: 'number' }], BINARY, 64);
    for (let from = 0; from < 10_000; from += 333) {
      const rows = values.slice(from, from + 333);
      sample.add(
        [Float64Array.from(rows)],
        Float64Array.from(labels.slice(from, from + 333)),
        Uint32Array.from(rows.keys()),
      );
    }

    expect(inOne[0]?.strength).toBeGreaterThan(0.7);
    expect(sample.strongest()).toEqual(inOne);
  });
});

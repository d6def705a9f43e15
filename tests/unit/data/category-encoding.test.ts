import { describe, expect, it } from 'vitest';
import {
  codeNumbers,
  ENCODING_FOLDS,
  encodingLearner,
  learnedEncodingSchema,
  numbersOfCodes,
  numbersOfFolds,
} from '../../../shared/data/category-encoding.ts';
import { hashFolds, hashSplit, SIDES, timeFolds } from '../../../shared/data/split.ts';
import type { Column } from '../../../shared/features/columns.ts';
import fc from '../../fast-check.ts';

const CATEGORIES = 3;

/** Rows to learn from: their codes, labels and folds. */
interface Rows {
  readonly codes: Float64Array;
  readonly labels: Float64Array;
  readonly folds: Uint8Array;
}

const row = fc.record({
  code: fc.constantFrom(Number.NaN, 0, 1, 2, 3),
  label: fc.constantFrom(0, 1),
  fold: fc.integer({ min: 0, max: ENCODING_FOLDS - 1 }),
});
const someRows = fc.array(row, { minLength: 1, maxLength: 60 }).map(
  (rows): Rows => ({
    codes: Float64Array.from(rows, ({ code }) => code),
    labels: Float64Array.from(rows, ({ label }) => label),
    folds: Uint8Array.from(rows, ({ fold }) => fold),
  }),
);

const all = (rows: number): Uint32Array => Uint32Array.from({ length: rows }, (_, i) => i);

function learnedFrom(encoding: 'frequency' | 'target', { codes, labels, folds }: Rows) {
  const learner = encodingLearner(encoding, CATEGORIES);
  learner.add(codes, labels, folds, all(codes.length));
  return learner.learned();
}

/** The numbers the rows are trained with. */
function trained(rows: Rows): number[] {
  const { training } = codeNumbers(learnedFrom('target', rows));
  return [...numbersOfFolds(rows.codes, training ?? [], rows.folds)];
}

describe('target encoding', () => {
  it('draws the average label of a category towards that of all', () => {
    // Category 1: ten rows, all true. Category 2: 30 rows, none true. The average of all is a quarter.
    const rows: Rows = {
      codes: Float64Array.from({ length: 40 }, (_, i) => (i < 10 ? 1 : 2)),
      labels: Float64Array.from({ length: 40 }, (_, i) => (i < 10 ? 1 : 0)),
      folds: Uint8Array.from({ length: 40 }, (_, i) => i % ENCODING_FOLDS),
    };

    const { serving } = codeNumbers(learnedFrom('target', rows));

    expect([...serving]).toEqual([0.25, (10 + 5) / 30, 5 / 50, 0.25]);
  });

  it('gives a row that is trained on no sign of its own label, nor of any in its fold', () => {
    fc.assert(
      fc.property(someRows, fc.nat(), (rows, at) => {
        const changed = at % rows.codes.length;
        const flipped = { ...rows, labels: rows.labels.map((label, i) => (i === changed ? 1 - label : label)) };

        const [before, after] = [trained(rows), trained(flipped)];

        const fold = rows.folds[changed];
        const own = [...all(rows.codes.length)].filter((i) => rows.folds[i] === fold);
        expect(own.map((i) => after[i])).toEqual(own.map((i) => before[i]));
      }),
      { numRuns: 2000, seed: 5 },
    );
  });

  it('does tell the labels of other folds', () => {
    const rows: Rows = {
      codes: Float64Array.of(1, 1),
      labels: Float64Array.of(1, 0),
      folds: Uint8Array.of(0, 1),
    };

    expect(trained(rows)).toEqual([0, 1]);
  });

  it('gives what the labels of the other folds average to, whatever the rows', () => {
    fc.assert(
      fc.property(someRows, (rows) => {
        const expected = [...all(rows.codes.length)].map((i) => {
          const others = [...all(rows.codes.length)].filter(
            (j) => rows.folds[j] !== rows.folds[i] && !Number.isNaN(rows.codes[j]),
          );
          const sum = (some: number[]): number => some.reduce((total, j) => total + (rows.labels[j] ?? 0), 0);
          const alike = others.filter((j) => rows.codes[j] === rows.codes[i]);
          const prior = sum(others) / others.length;
          return Number.isNaN(rows.codes[i]) ? Number.NaN : (sum(alike) + 20 * prior) / (alike.length + 20);
        });

        const found = trained(rows);

        const rounded = (value: number): string => value.toFixed(12);
        expect(found.map(rounded)).toEqual(expected.map(rounded));
      }),
      { numRuns: 300, seed: 6 },
    );
  });

  it('leaves what is missing missing, and survives being written and read', () => {
    const rows: Rows = {
      codes: Float64Array.of(1, Number.NaN, 2),
      labels: Float64Array.of(1, 1, 0),
      folds: Uint8Array.of(0, 1, 2),
    };
    const learned = learnedFrom('target', rows);

    const again = learnedEncodingSchema.parse(JSON.parse(JSON.stringify(learned)));

    expect(again).toEqual(learned);
    expect(numbersOfCodes(rows.codes, codeNumbers(again).serving)[1]).toBeNaN();
  });

  it('refuses a row without a fold', () => {
    expect(() =>
      encodingLearner('target', 1).add(Float64Array.of(1), Float64Array.of(1), null, Uint32Array.of(0)),
    ).toThrow('no fold');
  });
});

describe('frequency encoding', () => {
  it('is the share of all rows to train on, 0 for the rare and the unknown', () => {
    const rows: Rows = {
      codes: Float64Array.of(1, 1, 2, 0, Number.NaN),
      labels: new Float64Array(5),
      folds: new Uint8Array(5),
    };

    const { serving, training } = codeNumbers(learnedFrom('frequency', rows));

    expect([...serving]).toEqual([0, 0.4, 0.2, 0]);
    expect(training).toBeNull();
    expect([...numbersOfCodes(rows.codes, serving)]).toEqual([0.4, 0.4, 0.2, 0, Number.NaN]);
  });
});

describe('folds', () => {
  const ids = Array.from({ length: 5000 }, (_, i) => `id-${i % 1000}`);
  const key: Column = { type: 'string', values: ids };

  it('keep the rows of a key together, and spread those of a side evenly', () => {
    const folds = hashFolds([key], ids.length, ENCODING_FOLDS);
    const sides = hashSplit([key], ids.length, { gate: 0.2, validation: 0.1 });

    expect(ids.every((_, i) => folds[i] === folds[i % 1000])).toBe(true);
    for (let fold = 0; fold < ENCODING_FOLDS; fold += 1) {
      const train = ids.filter((_, i) => sides[i] === SIDES.train);
      const share = ids.filter((_, i) => sides[i] === SIDES.train && folds[i] === fold).length / train.length;
      expect(share).toBeGreaterThan(0.15);
      expect(share).toBeLessThan(0.25);
    }
  });

  it('keep the rows of a day together, before 1970 too', () => {
    const hour = 3_600_000_000;
    const times: Column = {
      type: 'timestamp',
      values: Float64Array.of(-25 * hour, -24 * hour, -1 * hour, 0, 23 * hour, 24 * hour),
    };

    expect([...timeFolds(times, 24 * hour, 5)]).toEqual([3, 4, 4, 0, 0, 1]);
    expect([...timeFolds({ type: 'date', values: Float64Array.of(-1, 0, 6) }, 24 * hour, 5)]).toEqual([4, 0, 1]);
    expect(() => timeFolds(key, hour, 5)).toThrow('string');
  });
});

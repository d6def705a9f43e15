import { describe, expect, it } from 'vitest';

import {
  betaQuantile,
  chiSquareCritical,
  chiSquareTail,
  logGamma,
  normalCritical,
  normalTail,
  studentTwoSided,
} from '../../../shared/evaluation/distributions.ts';
import {
  clarifyMetrics,
  differenceParity,
  groupRates,
  ratesByGroup,
  ratioParity,
} from '../../../shared/evaluation/fairness.ts';
import { clopperPearson, newcombe, ratioInterval, wald, wilson } from '../../../shared/evaluation/intervals.ts';
import { benjaminiHochberg, bonferroni, holm } from '../../../shared/evaluation/multiple-testing.ts';

describe('the distributions', () => {
  it('have the tails and quantiles of the tables', () => {
    expect(normalCritical(0.025)).toBeCloseTo(1.959963984540054, 13);
    expect(normalCritical(0.95)).toBeCloseTo(-1.6448536269514722, 13);
    expect(normalTail(6) / 9.865876450376946e-10).toBeCloseTo(1, 10);
    expect(chiSquareCritical(0.05, 1)).toBeCloseTo(3.841458820694124, 11);
    expect(chiSquareTail(11.0705, 5)).toBeCloseTo(0.05, 5);
    expect(studentTwoSided(2.228138851964939, 10)).toBeCloseTo(0.05, 10);
    expect(betaQuantile(0.5, 1, 2)).toBeCloseTo(1 - Math.SQRT1_2, 12);
    expect(logGamma(11)).toBeCloseTo(Math.log(3_628_800), 12);
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.PI) / 2, 12);
  });
});

describe('intervals of shares', () => {
  it('are undefined without rows', () => {
    const none = { hits: 0, rows: 0 };

    expect([wilson(none), clopperPearson(none), wald(none), newcombe(none, { hits: 1, rows: 2 })]).toEqual([
      null,
      null,
      null,
      null,
    ]);
    expect(ratioInterval({ hits: 0, rows: 5 }, { hits: 2, rows: 5 })).toBeNull();
  });

  it('refuse what is no share and no confidence', () => {
    expect(() => wilson({ hits: 3, rows: 2 })).toThrow('3 of 2');
    expect(() => wilson({ hits: Number.NaN, rows: 2 })).toThrow('NaN of 2');
    expect(() => wilson({ hits: 1, rows: 2 }, 1)).toThrow('confidence');
  });

  it('of a difference are those of Newcombe’s table II, method 10', () => {
    const [lower, upper] = newcombe({ hits: 56, rows: 70 }, { hits: 48, rows: 80 }) ?? [];

    expect(lower).toBeCloseTo(0.0524, 4);
    expect(upper).toBeCloseTo(0.3339, 4);
  });

  it('of a ratio lie symmetrically on the logarithm', () => {
    const [lower = 0, upper = 0] = ratioInterval({ hits: 40, rows: 100 }, { hits: 50, rows: 100 }) ?? [];

    expect(Math.sqrt(lower * upper)).toBeCloseTo(0.8, 12);
    expect(Math.log(upper / 0.8) / 1.959963984540054).toBeCloseTo(Math.sqrt(1 / 40 - 1 / 100 + 1 / 50 - 1 / 100), 12);
  });
});

describe('families of p-values', () => {
  it.each([bonferroni, holm, benjaminiHochberg])('refuse what is no probability: %o', (adjust) => {
    expect(() => adjust([0.1, Number.NaN], 0.05)).toThrow('NaN is not a probability');
    expect(() => adjust([0.1], 1.5)).toThrow('1.5 is not a probability');
    expect(adjust([], 0.05)).toEqual({ adjusted: [], reject: [] });
  });
});

describe('parity between two groups', () => {
  const group = (selected: number, n: number) => groupRates({ tp: selected, fp: 0, fn: 0, tn: n - selected });

  it('is kept at exactly four fifths, whichever group comes first', () => {
    expect(ratioParity(group(5, 10), group(4, 10)).parity).toBe('kept');
    expect(ratioParity(group(4, 10), group(5, 10))).toMatchObject({ parity: 'kept', ratio: 0.8 });
  });

  it('is broken where the interval excludes it, or there are rows enough to believe the figure', () => {
    expect(ratioParity(group(10, 100), group(60, 100)).parity).toBe('broken');
    expect(ratioParity(group(150, 400), group(200, 400)).parity).toBe('broken');
    expect(ratioParity(group(3, 10), group(5, 10)).parity).toBe('insufficient');
  });

  it('is for a person to decide where nobody is selected, or a group is empty', () => {
    expect(ratioParity(group(0, 10), group(0, 10))).toEqual({ parity: 'insufficient', ratio: null, interval: null });
    expect(ratioParity(group(0, 0), group(1, 10)).parity).toBe('insufficient');
    expect(differenceParity({ hits: 0, rows: 0 }, { hits: 1, rows: 2 }, 0.1).parity).toBe('insufficient');
  });

  it('of a difference follows the same rule', () => {
    expect(differenceParity({ hits: 50, rows: 100 }, { hits: 45, rows: 100 }, 0.1).parity).toBe('kept');
    expect(differenceParity({ hits: 90, rows: 100 }, { hits: 40, rows: 100 }, 0.1).parity).toBe('broken');
    expect(differenceParity({ hits: 6, rows: 10 }, { hits: 4, rows: 10 }, 0.1).parity).toBe('insufficient');
  });

  it('refuses answers that are neither yes nor no, and leaves Clarify’s infinities null', () => {
    const columns = { labels: Float64Array.of(0, 1), answers: Float64Array.of(1, 0.5), groups: ['a', 'b'] };

    expect(() => ratesByGroup(columns)).toThrow('row 1');
    expect(clarifyMetrics(group(0, 4), group(2, 4)).DI).toBeNull();
  });
});

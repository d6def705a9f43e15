import { describe, expect, it } from 'vitest';
import { createMetrics, summarize } from '../../../local/services/monitoring/metrics.ts';
import { findStatistic, samplesNeeded } from '../../../local/services/monitoring/statistics.ts';
import fc from '../../fast-check.ts';

const of = (...values: number[]) =>
  summarize(
    0,
    'None',
    values.map((value) => ({ value, count: 1 })),
  );
const hundred = of(...Array.from({ length: 100 }, (_, index) => index + 1));

describe('a statistic', () => {
  it.each([
    ['SampleCount', 100],
    ['Sum', 5050],
    ['Average', 50.5],
    ['Minimum', 1],
    ['Maximum', 100],
    ['p50', 50],
    ['p99', 99],
    ['p99.5', 100],
    ['p0', 1],
    ['p100', 100],
    ['tm90', 45.5],
    ['TM(10%:90%)', 50.5],
    ['TM(:20)', 10.5],
    ['tc90', 90],
    ['TC(80:90)', 10],
    ['ts90', 4095],
    ['TS(98:)', 199],
    ['wm90', (4095 + 10 * 90) / 100],
    ['PR(:25)', 25],
    ['PR(20:30)', 10],
    ['IQM', 50.5],
  ])('%s is exact on the values that are kept', (name, expected) => {
    expect(findStatistic(name)?.(hundred)).toBeCloseTo(expected, 9);
  });

  it.each(['p101', 'q50', 'tm', 'TM(1%:5)', 'PR(1%:2%)', 'TM(:)', 'p-1'])('there is none called %s', (name) => {
    expect(findStatistic(name)).toBeUndefined();
  });

  it('needs values: a published summary gives percentiles only if all were equal', () => {
    const p90 = findStatistic('p90');
    const summary = { sampleCount: 3, sum: 12, minimum: 1, maximum: 9, values: undefined };

    expect(p90?.(summary)).toBeUndefined();
    expect(p90?.({ ...summary, minimum: 4, maximum: 4 })).toBe(4);
  });

  it('needs more samples the further out a percentile lies', () => {
    expect(samplesNeeded('p99')).toBeCloseTo(1000);
    expect(samplesNeeded('p50')).toBe(20);
    expect(samplesNeeded('p10')).toBe(100);
    expect(samplesNeeded('Average')).toBeUndefined();
  });

  it('puts a percentile between the least and the largest value, and never lower for a higher one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1 }),
        fc.integer({ min: 0, max: 100 }),
        fc.integer({ min: 0, max: 100 }),
        (values, one, other) => {
          const [low, high] = [Math.min(one, other), Math.max(one, other)];
          const at = (percent: number) => findStatistic(`p${percent}`)?.(of(...values)) ?? Number.NaN;
          expect(at(low)).toBeLessThanOrEqual(at(high));
          expect(at(0)).toBeGreaterThanOrEqual(Math.min(...values));
          expect(at(100)).toBe(Math.max(...values));
        },
      ),
    );
  });
});

describe('what is kept of metrics', () => {
  const metric = { namespace: 'Depot', name: 'Weight', dimensions: {} };
  const DAY = 86_400_000;

  it('is bounded: old data is rolled up, and gone after 455 days', () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    const start = now;
    const metrics = createMetrics(() => now);
    for (let day = 0; day < 500; day++) {
      for (let hour = 0; hour < 24; hour++) {
        for (const minute of [0, 7, 31]) {
          const at = start + day * DAY + hour * 3_600_000 + minute * 60_000;
          now = at;
          metrics.put(metric, summarize(at, 'None', [{ value: 1, count: 1 }]));
        }
      }
    }

    const query = { metric, periodMs: DAY, origin: start };
    const all = metrics.buckets({ ...query, start, end: now + DAY });
    expect(metrics.size()).toBeLessThan(30_000);
    expect(all.at(-1)?.sampleCount).toBe(72);
    expect(all.at(-40)?.sampleCount).toBe(72);
    expect(all.at(-450)?.sampleCount).toBe(72);
    expect(all.length).toBeLessThan(500);
  });

  it('keeps a bounded number of different values, and percentiles near', () => {
    const metrics = createMetrics(() => 0);
    for (let index = 1; index <= 5000; index++)
      metrics.put(metric, summarize(0, 'None', [{ value: index + 0.25, count: 1 }]));

    const [bucket] = metrics.buckets({ metric, start: 0, end: 60_000, periodMs: 60_000, origin: 0 });
    expect(bucket?.sampleCount).toBe(5000);
    expect(bucket?.values?.size ?? 0).toBeLessThan(4000);
    expect(bucket && findStatistic('p50')?.(bucket)).toBeCloseTo(2500, -2);
  });

  it('goes to the minute, of high resolution to the second', () => {
    const metrics = createMetrics(() => 0);
    const one = [{ value: 1, count: 1 }];
    metrics.put(metric, summarize(61_500, 'None', one, 60));
    metrics.put({ ...metric, name: 'Fine' }, summarize(61_500, 'None', one, 1));

    const at = (name: string) =>
      metrics
        .buckets({ metric: { ...metric, name }, start: 0, end: 120_000, periodMs: 1000, origin: 0 })
        .map((bucket) => bucket.at);
    expect([at('Weight'), at('Fine')]).toEqual([[60_000], [61_000]]);
  });
});

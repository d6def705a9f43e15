import { describe, expect, it } from 'vitest';
import { detectability } from '../../../shared/rollout/detectability.ts';
import fc from '../../fast-check.ts';

const TEN_MINUTES_MS = 600_000;
const QUIET = { requestsPerHour: 1000, canaryShare: 0.1, bakeMs: TEN_MINUTES_MS, errorRate: 0.05 };

const canaries = fc.record({
  requestsPerHour: fc.double({ min: 0, max: 1e6, noNaN: true }),
  canaryShare: fc.double({ min: 0, max: 1, noNaN: true }),
  bakeMs: fc.integer({ min: 0, max: 3_600_000 }),
  errorRate: fc.double({ min: 0, max: 1, noNaN: true }),
});

describe('what a canary can see', () => {
  it('is, of few requests, the probability that one of them fails', () => {
    // 17 requests: 1 - 0.95^17.
    expect(detectability(QUIET)).toBeCloseTo(0.5819, 4);
    expect(Math.round(100 * detectability(QUIET))).toBe(58);
  });

  it('is, of many requests a minute, that more than one in a hundred of a minute fail', () => {
    // 1,000 requests a minute to the canary for one minute: more than 10 failures of a mean of 10, as the binomial has it.
    const busy = { requestsPerHour: 600_000, canaryShare: 0.1, bakeMs: 60_000, errorRate: 0.01 };

    expect(detectability(busy)).toBeCloseTo(0.417, 3);
    expect(detectability({ ...busy, errorRate: 0.05 })).toBeGreaterThan(0.999999);
    expect(detectability({ ...busy, errorRate: 0.001 })).toBeLessThan(1e-6);
  });

  it.each([
    ['no request', { ...QUIET, requestsPerHour: 0 }],
    ['no wait', { ...QUIET, bakeMs: 0 }],
    ['no error', { ...QUIET, errorRate: 0 }],
    ['too few requests for one to come', { ...QUIET, requestsPerHour: 20 }],
  ])('is nothing where there is %s', (_what, canary) => {
    expect(detectability(canary)).toBe(0);
  });

  it('is a probability, and grows with the errors', () => {
    fc.assert(
      fc.property(canaries, fc.double({ min: 0, max: 1, noNaN: true }), (canary, other) => {
        const [low, high] = [Math.min(canary.errorRate, other), Math.max(canary.errorRate, other)];
        const [less, more] = [low, high].map((errorRate) => detectability({ ...canary, errorRate }));

        expect(less).toBeGreaterThanOrEqual(0);
        expect(more).toBeLessThanOrEqual(1);
        expect(Number(more)).toBeGreaterThanOrEqual(Number(less) - 1e-9);
      }),
      { numRuns: 200 },
    );
  });

  it('grows with whole minutes of waiting', () => {
    fc.assert(
      fc.property(canaries, fc.integer({ min: 1, max: 30 }), (canary, minutes) => {
        const waited = (count: number) => detectability({ ...canary, bakeMs: count * 60_000 });

        // Requests are counted whole: half a request more or less is what rounding costs.
        expect(waited(minutes * 2)).toBeGreaterThanOrEqual(waited(minutes) - 1e-9);
      }),
      { numRuns: 200 },
    );
  });

  it('is asked with shares between 0 and 1 only', () => {
    expect(() => detectability({ ...QUIET, canaryShare: 10 })).toThrow(RangeError);
    expect(() => detectability({ ...QUIET, requestsPerHour: Number.NaN })).toThrow(RangeError);
  });
});

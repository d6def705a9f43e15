import { describe, expect, it } from 'vitest';
import {
  type DriftSeen,
  decideRetraining,
  type QualitySeen,
  type RetrainingEvidence,
} from '../../../shared/monitoring/retraining-decision.ts';
import fc from '../../fast-check.ts';

const DAY_MS = 86_400_000;

const drifted = (score: number): DriftSeen => ({
  end: '2001-02-01T00:00:00.000Z',
  score,
  drifted: score >= 1 ? ['load'] : [],
});

const measured = (degraded: boolean): QualitySeen => ({
  end: '2001-02-01T00:00:00.000Z',
  metric: 'roc_auc',
  value: degraded ? 0.6 : 0.7,
  drop: degraded ? { value: 0.1, low: 0.05 } : { value: 0, low: -0.05 },
  margin: 0.01,
  degraded,
});

/** Two of three windows drifted, and there is enough to learn from. */
const evidence = (some: Partial<RetrainingEvidence> = {}): RetrainingEvidence => ({
  trigger: 'drift',
  on: ['new_data', 'drift', 'quality', 'age'],
  drift: [drifted(1.4), drifted(0.5), drifted(1.1)],
  quality: [],
  unreadable: null,
  windowsNeeded: 2,
  ageMs: 10 * DAY_MS,
  maxAgeMs: 30 * DAY_MS,
  newLabels: 5000,
  minNewLabels: 1000,
  rejectedDataset: null,
  rejections: 0,
  ...some,
});

const codes = (some: Partial<RetrainingEvidence> = {}) => {
  const { proposal, reasons } = decideRetraining(evidence(some));
  return [proposal, ...reasons.map(({ code }) => code)];
};

describe('monitoring proposes a run', () => {
  it('when enough windows drifted and there is something new to learn from', () => {
    const { proposal, reasons } = decideRetraining(evidence());

    expect(proposal).toBe('retrain');
    expect(reasons).toEqual([
      {
        code: 'drift',
        message: '2 of the last 3 windows drifted (load), at most 1.40 times the limit',
        value: 1.4,
        limit: 1,
      },
    ]);
  });

  it('not when one window alone drifted, however far', () => {
    expect(codes({ drift: [drifted(9), drifted(0.1)] })).toEqual(['decline', 'not_confirmed']);
    expect(codes({ drift: [drifted(1), drifted(1)] })).toEqual(['retrain', 'drift']);
  });

  it('when enough windows with labels show a loss, which is named before drift', () => {
    const quality = [measured(true), measured(true), measured(false)];

    expect(codes({ trigger: 'quality', quality })).toEqual(['retrain', 'quality', 'drift']);
    expect(codes({ quality })).toEqual(['retrain', 'quality', 'drift']);
  });

  it('when the model is too old', () => {
    expect(codes({ trigger: 'age', drift: [], ageMs: 30 * DAY_MS })).toEqual(['retrain', 'max_age']);
    expect(codes({ trigger: 'age', drift: [], ageMs: 30 * DAY_MS - 1 })).toEqual(['decline', 'not_confirmed']);
  });
});

describe('monitoring proposes none', () => {
  it('for an alarm that no window of the model in service bears out', () => {
    expect(codes({ drift: [] })).toEqual(['decline', 'not_confirmed']);
    expect(codes({ trigger: 'quality' })).toEqual(['decline', 'not_confirmed']);
  });

  it('and has somebody look, where something is wrong that the same data cannot mend', () => {
    expect(codes({ newLabels: 0 })).toEqual(['investigate', 'drift', 'no_new_data']);
    expect(codes({ newLabels: 999 })).toEqual(['investigate', 'drift', 'too_few_new_labels']);
  });

  it('for age alone on the same data, which is no reason to look', () => {
    expect(codes({ trigger: 'age', drift: [], ageMs: 40 * DAY_MS, newLabels: 0 })).toEqual([
      'decline',
      'max_age',
      'no_new_data',
    ]);
  });

  it('while data upstream is broken: that must not be learned', () => {
    expect(codes({ rejectedDataset: 'abc' })).toEqual(['investigate', 'drift', 'data_rejected']);
    expect(codes({ unreadable: '2001-02-02T00:00:00.000Z' })).toEqual(['investigate', 'drift', 'window_error']);
    expect(codes({ trigger: 'age', drift: [], ageMs: 40 * DAY_MS, rejectedDataset: 'abc' })[0]).toBe('investigate');
  });

  it('after two rejections in a row', () => {
    expect(codes({ rejections: 1 })[0]).toBe('retrain');
    expect(codes({ rejections: 2 })).toEqual(['investigate', 'drift', 'paused']);
  });

  it('for what the definition does not let start one', () => {
    expect(codes({ on: ['new_data'] })).toEqual(['investigate', 'drift', 'not_wanted']);
  });
});

const score = fc.oneof(fc.constant(null), fc.double({ min: 0, max: 4, noNaN: true }));
const anyEvidence: fc.Arbitrary<RetrainingEvidence> = fc.record({
  trigger: fc.constantFrom('drift', 'quality', 'age'),
  on: fc.subarray(['new_data', 'drift', 'quality', 'age']),
  drift: fc.array(
    fc.record({
      end: fc.constant('2001-02-01T00:00:00.000Z'),
      score,
      drifted: fc.constant<string[]>([]),
    }),
    { maxLength: 3 },
  ),
  quality: fc.array(fc.boolean().map(measured), { maxLength: 3 }),
  unreadable: fc.constantFrom(null, '2001-02-02T00:00:00.000Z'),
  windowsNeeded: fc.constantFrom(1, 2),
  ageMs: fc.nat({ max: 60 * DAY_MS }),
  maxAgeMs: fc.constant(30 * DAY_MS),
  newLabels: fc.nat({ max: 3000 }),
  minNewLabels: fc.integer({ min: 1, max: 2000 }),
  rejectedDataset: fc.constantFrom(null, 'abc'),
  rejections: fc.nat({ max: 2 }),
});

describe('whatever the evidence', () => {
  it('every answer has its reasons, and a proposal names causes alone', () => {
    fc.assert(
      fc.property(anyEvidence, (some) => {
        const { proposal, reasons } = decideRetraining(some);
        const isCause = reasons.map(({ code }) => ['quality', 'max_age', 'drift'].includes(code));
        expect(reasons.length).toBeGreaterThan(0);
        expect(isCause.every(Boolean)).toBe(proposal === 'retrain');
      }),
    );
  });

  it('the same data is never learned from again', () => {
    fc.assert(
      fc.property(anyEvidence, (some) => {
        expect(decideRetraining({ ...some, newLabels: 0 }).proposal).not.toBe('retrain');
      }),
      // Drawn evidence seldom lacks labels alone.
      { examples: [[evidence()]] },
    );
  });

  it('more labels never keep a run from being proposed, and more rejections or broken data never bring one about', () => {
    fc.assert(
      fc.property(anyEvidence, fc.nat({ max: 1000 }), (some, more) => {
        const proposes = (one: RetrainingEvidence) => decideRetraining(one).proposal === 'retrain';
        if (proposes(some)) expect(proposes({ ...some, newLabels: some.newLabels + more })).toBe(true);
        else {
          expect(proposes({ ...some, rejections: some.rejections + 1 })).toBe(false);
          expect(proposes({ ...some, rejectedDataset: 'abc' })).toBe(false);
        }
      }),
    );
  });
});

import { describe, expect, it } from 'vitest';

import type { Circumstances } from '../../../shared/evaluation/circumstances.ts';
import { decide, type Policy } from '../../../shared/evaluation/decision.ts';
import { beside, codes, evidence, scored } from './decision-evidence.ts';

const known = (circumstances: Partial<Circumstances>, asked: Partial<Policy> = {}) =>
  decide(evidence(beside(0.7), asked, circumstances));

describe('limits', () => {
  const limits = { limits: { modelBytes: 1_000_000, latencyP95Ms: 50 } };

  it('rejects a model that is too large, or too slow', () => {
    expect(known({ modelBytes: 1_000_001 }, limits).reasons[0]).toMatchObject({ code: 'model_size_exceeded' });
    expect(known({ latencyP95Ms: 51 }, limits).reasons[0]?.message).toBe(
      'the time within which 95 of 100 requests are answered is 51 ms; at most 50 ms is asked for',
    );
    expect(known({ modelBytes: Number.NaN }, limits).outcome).toBe('reject');
    expect(known({ modelBytes: 1_000_000, latencyP95Ms: 50 }, limits).outcome).toBe('promote');
  });

  it('holds a size nobody knows, and says that latency is measured on the endpoint', () => {
    expect(codes(known({ modelBytes: null }, limits))).toContain('model_size_unknown');
    expect(codes(known({}, limits)).at(-1)).toBe('latency_not_measured');
  });
});

describe('gate rows', () => {
  it('judge so many candidates and no more', () => {
    expect(known({ gateUses: 20 }).outcome).toBe('promote');
    expect(codes(known({ gateUses: 21 }))[1]).toBe('gate_rows_used_up');
  });

  it('that equal rows trained on are told, where they are so few as to be allowed', () => {
    const decision = known({ sharedRows: 3 });
    expect(decision.outcome).toBe('promote');
    expect(decision.reasons.find(({ code }) => code === 'shared_gate_rows')).toMatchObject({ value: 3 });
    expect(codes(known({}))).not.toContain('shared_gate_rows');
  });
});

describe('what is too good to be believed', () => {
  it('is a jump over the champion', () => {
    expect(decide(evidence(beside(0.61))).outcome).toBe('promote');
    expect(codes(decide(evidence(beside(0.59))))[1]).toBe('suspicious_jump');
    expect(
      decide(evidence(beside(0.59), { suspicion: { jump: null, perfect: 0.99, flips: 0.1, giveaway: 0.98 } })).outcome,
    ).toBe('promote');
  });

  it('is a first model that is all but perfect, and none whose champion is too', () => {
    const candidate = scored('r', { roc_auc: 0.996 });

    expect(codes(decide(evidence({ candidate })))[1]).toBe('too_good');
    expect(decide(evidence({ candidate: scored('r', { roc_auc: 0.994 }) })).outcome).toBe('promote');
    expect(decide(evidence({ ...beside(0.996, { gain: 0, lower: -0.001 }), candidate })).outcome).toBe('promote');
  });

  it('is a single feature that tells the label', () => {
    const features = [
      { feature: 'arrival', strength: 0.99 },
      { feature: 'constant', strength: null },
      { feature: 'hour', strength: 0.6 },
    ];

    const decision = known({ strongestFeatures: features });

    expect(codes(decision).filter((code) => code === 'giveaway_feature')).toHaveLength(1);
    expect(decision.reasons[0]?.message).toContain('the feature arrival alone');
  });
});

describe('labels', () => {
  it('that contradict the champion much more often than at its promotion go to a person', () => {
    expect(decide(evidence({ ...beside(0.7), championContradicts: 0.27 })).outcome).toBe('promote');
    const decision = decide(evidence({ ...beside(0.7), championContradicts: 0.29 }));

    expect(codes(decision)[1]).toBe('label_flips');
    expect(decision.reasons[0]?.message).toContain('in 29% of the gate rows, and did in 18% at its promotion');
  });

  it('of which that is not known do too', () => {
    const { champion } = evidence().circumstances;

    expect(codes(decide(evidence({ ...beside(0.7), championContradicts: null })))[1]).toBe('label_flips_unknown');
    expect(codes(known({ champion: champion && { ...champion, contradictedAtPromotion: null } }))[1]).toBe(
      'label_flips_unknown',
    );
  });
});

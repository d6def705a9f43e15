import { describe, expect, it } from 'vitest';

import { decide, type Policy } from '../../../shared/evaluation/decision.ts';
import type { SliceEvidence } from '../../../shared/evaluation/evaluation.ts';
import { beside, codes, evidence, fairness, slice, slicePolicy } from './decision-evidence.ts';

const sliced = (slices: SliceEvidence[], asked: Partial<Policy['slices'][number]> = {}) =>
  decide(evidence({ ...beside(0.7), slices }, { slices: [slicePolicy(asked)] }));

const worse = { candidate: 0.5, champion: 0.6, gain: -0.1 };

describe('the decision by slices', () => {
  it('promotes where none falls behind, and says so', () => {
    const { outcome, reasons } = sliced([slice('ORD'), slice('DFW')]);

    expect(outcome).toBe('promote');
    expect(reasons.at(-1)?.message).toBe('none of the 2 slices by origin that were judged falls behind');
  });

  it('rejects where one is worse and it is no chance, whatever the whole says', () => {
    const decision = sliced([slice('DFW'), slice('ORD', { ...worse, pHolm: 0.001 })]);

    expect(codes(decision)).toEqual(['reject', 'slice_worse']);
    expect(decision.reasons[0]?.message).toBe(
      "where origin is ORD, ROC AUC is 0.5, the champion's 0.6 on the same 1,200 rows: worse by 0.1, which is more than the 0.01 allowed and no chance",
    );
  });

  it('goes by p after Holm, at the confidence that is asked for', () => {
    expect(sliced([slice('ORD', { ...worse, pValue: 0.001, pHolm: 0.0501 })]).outcome).toBe('promote');
    expect(sliced([slice('ORD', { ...worse, pHolm: 0.0499 })]).outcome).toBe('reject');
  });

  it('rejects a required slice that is three margins worse, whatever chance', () => {
    const far = slice('ORD', { ...worse, candidate: 0.57, gain: -0.03, pHolm: 0.6 });

    expect(codes(sliced([far], { required: true }))).toEqual(['reject', 'slice_far_below']);
    expect(sliced([far]).outcome).toBe('promote');
  });

  it('lists what is too small to judge, and holds where it is required', () => {
    const small = slice('XYZ', { outcome: 'insufficient', candidate: null, champion: null, gain: null, pHolm: null });

    const optional = sliced([slice('ORD'), small]);

    expect(optional.outcome).toBe('promote');
    expect(optional.reasons.at(-1)).toEqual({
      code: 'slice_insufficient',
      message:
        'too few rows to judge the slice where origin is XYZ: at least 100 rows and 20 of the rarer answer are asked for',
    });
    expect(codes(sliced([slice('ORD'), small], { required: true }))).toContain('slice_insufficient');
    expect(sliced([slice('ORD'), small], { required: true }).outcome).toBe('hold');
  });

  it('skips no slice in silence: none judged holds', () => {
    expect(codes(sliced([]))).toContain('slices_not_judged');
    expect(sliced([slice('ORD', { column: 'destination' })]).outcome).toBe('hold');
  });

  it.each([
    ['its figure', { candidate: null }],
    ["the champion's", { champion: null }],
    ['the difference', { gain: null }],
    ['the chance of it', { pHolm: null }],
  ])('holds where of a slice that was judged %s is undefined, and rejects where it is required', (_what, some) => {
    expect(codes(sliced([slice('ORD', some)]))).toContain('slice_undefined');
    expect(sliced([slice('ORD', some)]).outcome).toBe('hold');
    expect(sliced([slice('ORD', some)], { required: true }).outcome).toBe('reject');
  });

  it('rejects a floor that even the better end of its interval misses, and no other', () => {
    const floor = { metric: 'recall', value: 0.4, limit: 0.5, bound: 0.45, broken: true };
    const asked = { floors: { recall: 0.5 } };

    expect(codes(sliced([slice('ORD', { floors: [floor] })], asked))).toEqual(['reject', 'slice_below_floor']);
    expect(sliced([slice('ORD', { floors: [{ ...floor, bound: 0.55, broken: false }] })], asked).outcome).toBe(
      'promote',
    );
    expect(codes(sliced([slice('ORD', { floors: [{ ...floor, value: null }] })], asked))).toContain('slice_undefined');
    expect(codes(sliced([slice('ORD')], asked))).toContain('slice_undefined');
    expect(codes(sliced([slice('ORD')], { floors: { recal: 0.5 } }))).toContain('unknown_metric');
  });

  it('asks for floors alone where there is no champion', () => {
    const first = slice('ORD', { champion: null, gain: null, pValue: null, pHolm: null });

    expect(decide(evidence({ slices: [first] }, { slices: [slicePolicy()] })).outcome).toBe('promote');
  });
});

describe('the decision by fairness', () => {
  const fair = (some: Parameters<typeof fairness>[0], required = false) =>
    decide(
      evidence(
        { fairness: [fairness(some)] },
        { fairness: [{ column: 'sex', limits: { demographic_parity_ratio: 0.8 }, required }] },
      ),
    );

  it('promotes what keeps its limits', () => {
    expect(codes(fair({}))).toContain('fairness_kept');
    expect(fair({}).outcome).toBe('promote');
  });

  it('holds what breaks one, names the groups, and rejects where it is required', () => {
    const broken = { value: 0.5, verdict: 'broken' } as const;

    expect(fair(broken)).toMatchObject({
      outcome: 'hold',
      reasons: [{ code: 'unfair', value: 0.5, limit: 0.8 }, {}, {}],
    });
    expect(fair(broken).reasons[0]?.message).toBe(
      'by sex, the share answered yes, of the smallest group by the largest (80% rule), is 0.5 between f and m; at least 0.8 is asked for',
    );
    expect(fair(broken, true).outcome).toBe('reject');
  });

  it('notes groups too small to tell, and holds where it is required', () => {
    const small = { value: 0.5, verdict: 'insufficient' } as const;

    expect(codes(fair(small)).at(-1)).toBe('fairness_insufficient');
    expect(fair(small).outcome).toBe('promote');
    expect(fair(small, true).outcome).toBe('hold');
  });

  it.each([
    ['is undefined', { verdict: 'undefined' as const }],
    ['is no number though it is said to be kept', { value: null }],
    ['was judged by another limit', { limit: 0.5 }],
    ['was not judged', { metric: 'accuracy_difference' }],
  ])('holds where a figure %s, and rejects where it is required', (_what, some) => {
    expect(codes(fair(some))[1]).toBe('fairness_undefined');
    expect(fair(some).outcome).toBe('hold');
    expect(fair(some, true).outcome).toBe('reject');
  });
});

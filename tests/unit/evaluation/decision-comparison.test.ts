import { describe, expect, it } from 'vitest';

import { decide } from '../../../shared/evaluation/decision.ts';
import { beside, codes, compared, evidence, scored } from './decision-evidence.ts';

const superior = { champion: { mode: 'superior', margin: 0.01 } } as const;

describe('the decision against the champion', () => {
  it.each([
    ['shown to be better', 0.006, 'promote', 'better_than_champion'],
    ['as good', 0, 'promote', 'no_worse_than_champion'],
    ['worse by less than the margin, whatever the rows', -0.004, 'promote', 'no_worse_than_champion'],
    ['worse by less than the margin, but perhaps by more', -0.006, 'hold', 'inconclusive'],
    ['worse by the margin', -0.0101, 'reject', 'worse_than_champion'],
  ])('of a candidate that is %s', (_what, gain, outcome, code) => {
    const decision = decide(evidence(beside(0.7 - gain)));

    expect(decision.outcome).toBe(outcome);
    expect(decision.reasons).toContainEqual(expect.objectContaining({ code, metric: 'roc_auc', value: 0.7 }));
  });

  it('says it in words of rows, days and sureness', () => {
    const { reasons } = decide(evidence(beside(0.704)));

    expect(reasons.find(({ code }) => code === 'no_worse_than_champion')?.message).toBe(
      "ROC AUC is 0.7, the champion's 0.704 on the same 98,321 rows of 30 days; with 95% confidence it is at most 0.009 worse, and less than 0.01 worse is allowed",
    );
  });

  it('says of too little data how much would be enough', () => {
    const { reasons } = decide(evidence(beside(0.706)));

    expect(reasons[0]?.message).toBe(
      "ROC AUC is 0.7, the champion's 0.706 on the same 98,321 rows of 30 days: worse by 0.006, but it may be up to 0.011 worse, and less than 0.01 worse is allowed: too little data to be 95% sure; about 12 days would be enough",
    );
  });

  it('names rows where they stand for themselves, and the column where they move together by one', () => {
    const needed = { unit: 'rows', count: 6_200 } as const;
    const alone = decide(evidence({ ...beside(0.706, { clusters: null, needed }), cluster: null }));
    const byColumn = decide(evidence({ ...beside(0.706), cluster: { by: 'customer', clusters: 412, largest: 90 } }));

    expect(alone.reasons[0]?.message).toMatch(/on the same 98,321 rows: worse.*; about 6,200 rows would be enough$/);
    expect(byColumn.reasons[0]?.message).toContain('rows of 412 values of customer');
    expect(byColumn.reasons[0]?.message).toContain('about 12 values of customer would be enough');
  });

  it('believes the interval and never the figures alone', () => {
    const wide = decide(evidence(beside(0.69, { lower: -0.03, upper: 0.05 })));

    expect(codes(wide)).toEqual(['hold', 'inconclusive', 'better_than_trivial']);
  });

  it.each([
    ['there is none', null, 'the difference was not tested'],
    ['it is of another metric', compared(0.01, { metric: 'log_loss' }), 'the difference was not tested'],
    ['it could not be made', compared(null, { undefinedBecause: 'one cluster' }), 'one cluster'],
    ['its bound is no number', compared(0.01, { lower: Number.NaN }), 'too little data'],
  ])('holds where there is a champion but of the comparison %s', (_what, againstChampion, words) => {
    const decision = decide(evidence({ ...beside(0.69), againstChampion }));

    expect(decision.outcome).toBe('hold');
    expect(decision.reasons[0]).toMatchObject({ code: 'inconclusive', message: expect.stringContaining(words) });
  });

  it('holds what was told apart on fewer than five clusters', () => {
    expect(codes(decide(evidence(beside(0.69, { clusters: 4 }))))).toContain('inconclusive');
    expect(decide(evidence(beside(0.69, { clusters: 5 }))).outcome).toBe('promote');
  });

  it('holds where rows move together and the test did not know it', () => {
    expect(codes(decide(evidence(beside(0.69, { clusters: null }))))).toContain('inconclusive');
    expect(decide(evidence({ ...beside(0.69, { clusters: null }), cluster: null })).outcome).toBe('promote');
  });

  it('turns the margin round where lower is better, and reads it as a share where it is one', () => {
    const champion = scored('c', { log_loss: 0.38 });
    const of = (relativeMargins: boolean, margin: number) =>
      decide(
        evidence(
          {
            champion,
            againstChampion: compared(-0.02, { metric: 'log_loss', lower: -0.03 }),
            championContradicts: 0.2,
          },
          {
            metric: 'log_loss',
            relativeMargins,
            champion: { mode: 'non_inferior', margin },
            suspicion: { jump: null, perfect: null, flips: null, giveaway: null },
          },
        ),
      );

    expect(codes(of(false, 0.02))).toContain('worse_than_champion');
    expect(of(false, 0.02).reasons[0]?.limit).toBeCloseTo(0.4, 12);
    expect(of(true, 0.05)).toMatchObject({ outcome: 'reject', reasons: [{ limit: 0.38 * 1.05 }] });
    expect(of(true, 0.08)).toMatchObject({ outcome: 'promote' });
  });

  it('lets the very same model pass where no margin is given, and no other that is not better', () => {
    const strict = { champion: { mode: 'non_inferior', margin: 0 } } as const;

    expect(decide(evidence(beside(0.7, { lower: 0, upper: 0 }), strict)).outcome).toBe('promote');
    expect(codes(decide(evidence(beside(0.7), strict)))).toContain('inconclusive');
    expect(codes(decide(evidence(beside(0.701), strict)))).toContain('worse_than_champion');
  });

  it('asks for a gain that is shown where the definition says superior', () => {
    expect(codes(decide(evidence(beside(0.7), superior)))).toEqual(['reject', 'not_better_than_champion']);
    expect(codes(decide(evidence(beside(0.696), superior)))).toContain('inconclusive');
    expect(codes(decide(evidence(beside(0.694), superior)))).toContain('better_than_champion');
  });

  it('does not compare where the definition says threshold', () => {
    const decision = decide(evidence(beside(0.79), { champion: { mode: 'threshold', margin: 0 }, anchor: null }));

    expect(codes(decision)).toEqual(['promote', 'better_than_trivial', 'champion_not_compared']);
  });
});

describe('a candidate that is no gain', () => {
  const known = evidence(beside(0.7)).circumstances;
  const asGood = (some: Partial<typeof known>, refresh: 'reason' | 'always' = 'reason') =>
    decide(evidence(beside(0.7), { refresh }, { trigger: 'new_data', ...some }));
  const champion = (some: object) => ({ champion: known.champion && { ...known.champion, ...some } });

  it('is held where nothing asks for a change', () => {
    const decision = asGood({});

    expect(codes(decision)).toEqual(['hold', 'no_reason_to_change', 'better_than_trivial', 'no_worse_than_champion']);
    expect(decision.reasons[0]?.message).toContain('the champion has served 5 days of 30 days');
  });

  it.each([
    ['the data has drifted', { trigger: 'drift' as const }],
    ['the live quality has dropped', { trigger: 'quality' as const }],
    ['the champion has grown old', { trigger: 'age' as const }],
    ['a person asked for it', { trigger: 'requested' as const }],
    ['the champion has reached its age', champion({ ageMs: 30 * 86_400_000 })],
    ['the definition has changed', champion({ sameDefinition: false })],
  ])('is promoted where %s', (_what, some) => {
    expect(codes(asGood(some))).toEqual([
      'promote',
      'better_than_trivial',
      'no_worse_than_champion',
      'reason_to_change',
    ]);
  });

  it('is held where nothing is known of the champion', () => {
    expect(codes(asGood({ champion: null }))).toContain('no_reason_to_change');
  });

  it('is promoted where the definition says always', () => {
    expect(asGood({}, 'always').outcome).toBe('promote');
  });

  it('needs no reason where a gain is shown', () => {
    expect(decide(evidence(beside(0.69), {}, { trigger: 'new_data' })).outcome).toBe('promote');
  });
});

describe('the decision against the best champion of the past', () => {
  const creeping = (gain: number, some = {}) =>
    evidence(
      {
        ...beside(0.7),
        anchor: scored('20010101-0000000000', { roc_auc: 0.7 - gain }),
        againstAnchor: compared(gain),
        ...some,
      },
      {},
    );

  it('promotes what stays within the cumulative margin', () => {
    expect(codes(decide(creeping(-0.014)))).toContain('no_worse_than_anchor');
  });

  it('rejects what is no worse than the champion and has crept too far', () => {
    const decision = decide(creeping(-0.021));

    expect(codes(decision)).toEqual(['reject', 'worse_than_anchor']);
    expect(decision.reasons[0]?.message).toContain("the best past champion's 0.721");
  });

  it('holds what may have crept too far', () => {
    expect(codes(decide(creeping(-0.016)))).toContain('anchor_inconclusive');
    expect(codes(decide(creeping(-0.014, { againstAnchor: null })))).toContain('anchor_inconclusive');
  });

  it('holds where the anchor should have been scored and was not; notes it where it cannot be', () => {
    const refused = { outcome: 'refused', run: 'a', code: 'missing_rows', message: 'one row is missing' } as const;
    const other = { outcome: 'not_comparable', run: 'a', message: 'the label means something else' } as const;

    expect(codes(decide(creeping(0, { anchor: refused })))).toContain('anchor_not_scored');
    expect(decide(creeping(0, { anchor: other }))).toMatchObject({ outcome: 'promote' });
    expect(codes(decide(creeping(0, { anchor: other }))).at(-1)).toBe('anchor_not_comparable');
  });

  it('is not made where the definition asks for none', () => {
    const { evaluation, circumstances, policy } = creeping(-0.5);

    expect(decide({ evaluation, circumstances, policy: { ...policy, anchor: null } }).outcome).toBe('promote');
  });
});

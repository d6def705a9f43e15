import { describe, expect, it } from 'vitest';
import { decide, type Evidence, type Policy } from '../../../shared/evaluation/decision.ts';
import { type Evaluation, evaluationSchema } from '../../../shared/evaluation/evaluation.ts';
import { metricsOf } from '../../../shared/evaluation/metrics.ts';
import { policySchema } from '../../../shared/evaluation/policy.ts';
import { reasonSchema } from '../../../shared/evaluation/reason.ts';
import fc from '../../fast-check.ts';
import { beside, compared, evidence, fairness, scored, slice, slicePolicy } from './decision-evidence.ts';

/** Everything that can be asked is asked, and everything is kept. */
const full = (): Evidence =>
  evidence(
    {
      ...beside(0.69),
      anchor: scored('20010101-0000000000', { roc_auc: 0.71 }),
      againstAnchor: compared(-0.01),
      slices: [
        slice('ORD', { floors: [{ metric: 'recall', value: 0.6, limit: 0.5, bound: 0.7, broken: false }] }),
        slice('DFW', { floors: [{ metric: 'recall', value: 0.6, limit: 0.5, bound: 0.7, broken: false }] }),
      ],
      fairness: [fairness()],
    },
    {
      thresholds: { log_loss: 0.45, recall: 0.2 },
      slices: [slicePolicy({ floors: { recall: 0.5 } })],
      fairness: [{ column: 'sex', limits: { demographic_parity_ratio: 0.8 }, required: false }],
      limits: { modelBytes: 1_000_000, latencyP95Ms: null },
    },
    { trigger: 'new_data' },
  );

type Path = readonly (string | number)[];

/** Every place of a value where a number stands, or nothing does. */
const leaves = (value: unknown, at: Path = []): Path[] => {
  if (typeof value === 'number') return [at];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    leaves(inner, [...at, Array.isArray(value) ? Number(key) : key]),
  );
};

const without = <T>(value: T, [first, ...rest]: Path): T => {
  if (first === undefined || typeof value !== 'object' || value === null) throw new RangeError('no such place');
  const inner: unknown = Reflect.get(value, first);
  const copy = structuredClone(value);
  Reflect.set(copy, first, rest.length === 0 ? null : without(inner, rest));
  return copy;
};

/** Shown to people and read by no rule, because another member of the evidence says the same or more. */
const ONLY_SHOWN = [
  /^(candidate|champion|anchor)\.(confusion|intervals)\./,
  /^candidate\.figures\.(?!roc_auc|log_loss|recall)/,
  /^(champion|anchor)\.figures\.(?!roc_auc)/,
  /^trivial\.(?!roc_auc)/,
  /^against(Champion|Anchor)\.(standardError|interval|upper|pValue|rows|degreesOfFreedom|effectiveRows|needed|mcNemar)/,
  /^slices\.\d+\.(rows|positives|pValue|margin)$/,
  /^slices\.\d+\.floors\.\d+\.limit$/,
  /^fairness\.\d+\.(groups|metrics|clarify)/,
  /^fairness\.\d+\.limits\.\d+\.(interval|limit)/,
  /^(operatingPoint|confidence|cluster|rows)/,
];

const places = leaves(full().evaluation)
  .map((path) => [path.join('.'), path] as const)
  .filter(([name]) => !ONLY_SHOWN.some((shown) => shown.test(name)));

describe('the decision', () => {
  it('promotes when everything that is asked is kept, so that what follows can fail', () => {
    expect(decide(full()).outcome).toBe('promote');
    expect(places.map(([name]) => name)).toEqual(
      expect.arrayContaining([
        'candidate.figures.roc_auc',
        'againstAnchor.lower',
        'slices.1.pHolm',
        'championContradicts',
      ]),
    );
  });

  it.each(places)('does not promote where %s is null', (_name, path) => {
    const { evaluation, policy, circumstances } = full();

    const decision = decide({ evaluation: without(evaluation, path), policy, circumstances });

    expect(decision.outcome).not.toBe('promote');
    expect(decision.reasons.length).toBeGreaterThan(0);
  });

  const figure = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null });
  const figures = fc.record(Object.fromEntries(metricsOf('binary').map(({ name }) => [name, figure])));
  const difference = fc.option(fc.double({ min: -1, max: 1, noNaN: true }), { nil: null });
  const comparisons = fc.option(fc.record({ gain: difference, lower: difference, clusters: fc.option(fc.nat(40)) }), {
    nil: null,
  });
  const policies = fc.record({
    metric: fc.constantFrom(...metricsOf('binary').map(({ name }) => name), 'unheard-of'),
    thresholds: fc.dictionary(fc.constantFrom('roc_auc', 'log_loss', 'f1'), fc.double({ min: 0, max: 1, noNaN: true })),
    champion: fc.record({
      mode: fc.constantFrom('non_inferior' as const, 'superior' as const, 'threshold' as const),
      margin: fc.double({ min: 0, max: 0.1, noNaN: true }),
    }),
    refresh: fc.constantFrom('reason' as const, 'always' as const),
    approval: fc.constantFrom('automatic' as const, 'manual' as const),
  }) satisfies fc.Arbitrary<Partial<Policy>>;
  const slices = fc.array(
    fc.record({
      value: fc.constantFrom('a', 'b', 'c', 'd'),
      candidate: figure,
      champion: figure,
      gain: difference,
      pHolm: figure,
    }),
    { maxLength: 4 },
  );

  const evidences = fc
    .record({
      candidate: figures,
      champion: figures,
      trivial: figures,
      comparison: comparisons,
      slices,
      policy: policies,
    })
    .map(({ candidate, champion, trivial, comparison, slices: given, policy }): Evidence => {
      const ofRows: Partial<Evaluation> = {
        candidate: scored('r', candidate),
        champion: scored('c', champion),
        againstChampion:
          comparison &&
          compared(comparison.gain, { metric: policy.metric, lower: comparison.lower, clusters: comparison.clusters }),
        championContradicts: 0.2,
        trivial,
        slices: given.map(({ value, ...some }, n) => slice(`${value}${n}`, some)),
      };
      return evidence(ofRows, { ...policy, slices: given.length > 0 ? [slicePolicy()] : [] });
    });

  it('is the same for the same evidence, gives reasons, and promotes on no undefined figure that was asked for', () => {
    fc.assert(
      fc.property(evidences, (given) => {
        expect(evaluationSchema.safeParse(given.evaluation).success).toBe(true);
        expect(policySchema.safeParse(given.policy).success).toBe(true);

        const decision = decide(given);

        expect(decision).toEqual(decide(structuredClone(given)));
        expect(decision.reasons.every((reason) => reasonSchema.safeParse(reason).success)).toBe(true);
        expect(decision.reasons.length).toBeGreaterThan(0);
        if (decision.outcome !== 'promote') return;
        const { candidate } = given.evaluation;
        const have = candidate.outcome === 'scored' ? candidate.figures : {};
        expect(Object.keys(given.policy.thresholds).filter((name) => have[name] === null)).toEqual([]);
        expect(decision.reasons.every(({ value }) => value !== null)).toBe(true);
      }),
    );
  });

  it('does not depend on the order in which slices, thresholds or fairness limits stand', () => {
    fc.assert(
      fc.property(evidences, (given) => {
        const reversed = (limits: Readonly<Record<string, number>>) =>
          Object.fromEntries(Object.entries(limits).reverse());
        const other: Evidence = {
          ...given,
          evaluation: { ...given.evaluation, slices: [...given.evaluation.slices].reverse() },
          policy: { ...given.policy, thresholds: reversed(given.policy.thresholds) },
        };

        expect(decide(other)).toEqual(decide(given));
      }),
    );
  });
});

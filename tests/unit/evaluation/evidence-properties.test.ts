import { describe, expect, it } from 'vitest';
import { clustersOf } from '../../../shared/evaluation/clusters.ts';
import { evaluateGate, type GateInput } from '../../../shared/evaluation/evaluate-gate.ts';
import fc from '../../fast-check.ts';
import { gateRows, input, policy, read } from './gate-input.ts';

/** Rows of both classes with two models' scores, on a grid so that scores tie. */
const rows = fc
  .array(
    fc.record({
      label: fc.constantFrom(0, 1),
      ours: fc.integer({ min: 0, max: 20 }),
      theirs: fc.integer({ min: 0, max: 20 }),
    }),
    { minLength: 12, maxLength: 30 },
  )
  .filter((all) => {
    const positives = all.filter(({ label }) => label === 1).length;
    const varied = (of: (row: (typeof all)[number]) => number) => new Set(all.map(of)).size > 1;
    return positives > 2 && positives < all.length - 2 && varied(({ ours }) => ours) && varied(({ theirs }) => theirs);
  });
type Rows = typeof rows extends fc.Arbitrary<infer T> ? T : never;

const gate = (all: Rows, some: Partial<GateInput['rows']> = {}, through = (score: number) => score / 20): GateInput =>
  input({
    policy: policy(),
    rows: gateRows(
      all.map(({ label }) => label),
      some,
    ),
    candidate: read(...all.map(({ ours }) => through(ours))),
    champion: { run: 'c', scores: read(...all.map(({ theirs }) => through(theirs))) },
  });

const compared = (given: GateInput) => evaluateGate(given).evaluation.againstChampion;
/** Enough for the property, few enough that drawn rows cost no minute. */
const RUNS = { numRuns: 15 };

describe('the evidence', () => {
  it('of a ranking is the same, to the bit, for any scores in the same order', () => {
    fc.assert(
      fc.property(rows, (all) => {
        expect(compared(gate(all, {}, (score) => (score / 20) ** 3))).toEqual(compared(gate(all)));
      }),
      RUNS,
    );
  });

  it('does not depend on the order of the rows, but for the rounding of sums', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 11 }), (all, turn) => {
        const turned = [...all.slice(turn), ...all.slice(0, turn)];
        const [a, b] = [evaluateGate(gate(all)).evaluation, evaluateGate(gate(turned)).evaluation];

        expect(b.againstChampion?.gain).toBeCloseTo(a.againstChampion?.gain ?? Number.NaN, 12);
        expect(b.againstChampion?.lower).toBeCloseTo(a.againstChampion?.lower ?? Number.NaN, 12);
        if (a.candidate.outcome !== 'scored' || b.candidate.outcome !== 'scored') throw new Error('refused');
        for (const [name, value] of Object.entries(a.candidate.figures)) {
          if (value === null) expect(b.candidate.figures[name], name).toBeNull();
          else expect(b.candidate.figures[name], name).toBeCloseTo(value, 12);
        }
      }),
      RUNS,
    );
  });

  it('with a cluster for each row has the error it has without clusters', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const clusters = clustersOf(all.map((_, row) => row));

        const clustered = compared(gate(all, { cluster: { by: 'row', clusters } }));

        expect(clustered?.standardError).toBeCloseTo(compared(gate(all))?.standardError ?? Number.NaN, 9);
      }),
      RUNS,
    );
  });

  it('of rows that come several times is no surer, where the copies are one cluster', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const copies = [...all, ...all, ...all];
        const once = compared(gate(all, { cluster: { by: 'id', clusters: clustersOf(all.map((_, row) => row)) } }));
        const clusters = clustersOf(copies.map((_, at) => at % all.length));

        const often = compared(gate(copies, { cluster: { by: 'id', clusters } }));

        expect(often?.gain).toBeCloseTo(once?.gain ?? Number.NaN, 12);
        expect(often?.standardError).toBeCloseTo(once?.standardError ?? Number.NaN, 9);
        expect(often?.lower).toBeCloseTo(once?.lower ?? Number.NaN, 9);
      }),
      RUNS,
    );
  });

  it('of whole weights has the figures of as many rows', () => {
    fc.assert(
      fc.property(rows, fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 30, maxLength: 30 }), (all, times) => {
        const repeated = all.flatMap((row, at) => Array.from({ length: times[at] ?? 1 }, () => row));
        const weights = Float64Array.from(all, (_, at) => times[at] ?? 1);

        const [weighted, plain] = [evaluateGate(gate(all, { weights })), evaluateGate(gate(repeated))];

        const [a, b] = [weighted.evaluation.againstChampion, plain.evaluation.againstChampion];
        expect(a?.gain).toBeCloseTo(b?.gain ?? Number.NaN, 12);
        if (weighted.evaluation.candidate.outcome !== 'scored' || plain.evaluation.candidate.outcome !== 'scored') {
          throw new Error('refused');
        }
        expect(weighted.evaluation.candidate.figures.log_loss).toBeCloseTo(
          plain.evaluation.candidate.figures.log_loss ?? Number.NaN,
          12,
        );
      }),
      RUNS,
    );
  });
});

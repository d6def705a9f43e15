/** Evidence for the tests of the decision: a candidate that is promoted, of which each test changes what it is about. */
import type { Circumstances } from '../../../shared/evaluation/circumstances.ts';
import type { decide, Evidence, Policy } from '../../../shared/evaluation/decision.ts';
import type {
  Comparison,
  Evaluation,
  FairnessEvidence,
  Scored,
  SliceEvidence,
} from '../../../shared/evaluation/evaluation.ts';
import type { Reason } from '../../../shared/evaluation/reason.ts';

export const RUN = '20010125-0000000001';

export const scored = (run: string, figures: Scored['figures']): Scored => ({
  outcome: 'scored',
  run,
  figures,
  intervals: {},
  confusion: { tn: 70_000, fp: 8_321, fn: 10_000, tp: 10_000 },
  classes: null,
  roc: null,
  calibration: null,
  operatingPoints: null,
});

/** A comparison with a standard error of a tenth of what the bounds leave on either side of the gain. */
export const compared = (gain: number | null, some: Partial<Comparison> = {}): Comparison => ({
  metric: 'roc_auc',
  test: 'clustered_delong',
  gain,
  standardError: 0.001,
  interval: gain === null ? null : [gain - 0.006, gain + 0.006],
  lower: gain === null ? null : gain - 0.005,
  upper: gain === null ? null : gain + 0.005,
  pValue: 0.5,
  mcNemar: null,
  rows: 98_321,
  clusters: 30,
  degreesOfFreedom: 29,
  effectiveRows: 4_000,
  needed: { unit: 'clusters', count: 12 },
  undefinedBecause: null,
  ...some,
});

export const evaluation = (some: Partial<Evaluation> = {}): Evaluation => ({
  model: 'flight-delay',
  run: RUN,
  problem: 'binary',
  rows: 98_321,
  operatingPoint: 0.5,
  confidence: 0.95,
  cluster: { by: 'day', clusters: 30, largest: 4_000 },
  candidate: scored(RUN, { roc_auc: 0.7, log_loss: 0.4, recall: 0.3, balanced_accuracy: 0.6 }),
  champion: null,
  anchor: null,
  againstChampion: null,
  againstAnchor: null,
  championContradicts: null,
  slices: [],
  fairness: [],
  trivial: { roc_auc: 0.5, log_loss: 0.5, balanced_accuracy: 0.5 },
  evaluatedAt: '2001-01-25T12:00:00.000Z',
  ...some,
});

/** A champion of this ROC AUC, compared with; the gain is what the figures say unless told otherwise. */
export const beside = (auc: number, some: Partial<Comparison> = {}): Partial<Evaluation> => ({
  champion: scored('20010120-0000000000', { roc_auc: auc, log_loss: 0.4 }),
  againstChampion: compared(0.7 - auc, some),
  championContradicts: 0.2,
});

export const slice = (value: string, some: Partial<SliceEvidence> = {}): SliceEvidence => ({
  column: 'origin',
  value,
  required: false,
  rows: 1_200,
  positives: 300,
  outcome: 'tested',
  candidate: 0.7,
  champion: 0.69,
  gain: 0.01,
  pValue: 0.9,
  pHolm: 1,
  margin: 0.01,
  floors: [],
  ...some,
});

export const fairness = (some: Partial<FairnessEvidence['limits'][number]> = {}): FairnessEvidence => ({
  column: 'sex',
  required: false,
  groups: [
    { value: 'f', rows: 5_000, rates: { selection_rate: 0.4 } },
    { value: 'm', rows: 5_000, rates: { selection_rate: 0.45 } },
  ],
  metrics: {},
  clarify: [],
  limits: [
    {
      metric: 'demographic_parity_ratio',
      limit: 0.8,
      value: 0.89,
      interval: [0.85, 0.93],
      between: ['f', 'm'],
      verdict: 'kept',
      ...some,
    },
  ],
});

export const policy = (some: Partial<Policy> = {}): Policy => ({
  metric: 'roc_auc',
  thresholds: {},
  operatingPoint: 0.5,
  confidence: 0.95,
  champion: { mode: 'non_inferior', margin: 0.01 },
  anchor: { margin: 0.02, pastMs: 365 * 86_400_000 },
  refresh: 'reason',
  slices: [],
  fairness: [],
  limits: { modelBytes: null, latencyP95Ms: null },
  gateUses: 20,
  suspicion: { jump: 0.1, perfect: 0.99, flips: 0.1, giveaway: 0.98 },
  approval: 'automatic',
  ...some,
});

export const slicePolicy = (some: Partial<Policy['slices'][number]> = {}): Policy['slices'][number] => ({
  column: 'origin',
  required: false,
  margin: 0.01,
  floors: {},
  minRows: 100,
  minPositives: 20,
  ...some,
});

const DAY_MS = 86_400_000;

export const circumstances = (some: Partial<Circumstances> = {}): Circumstances => ({
  model: 'flight-delay',
  run: RUN,
  trigger: 'drift',
  champion: {
    run: '20010120-0000000000',
    since: '2001-01-20T00:00:00.000Z',
    ageMs: 5 * DAY_MS,
    maxAgeMs: 30 * DAY_MS,
    sameDefinition: true,
    contradictedAtPromotion: 0.18,
  },
  gateUses: 1,
  modelBytes: 100_000,
  latencyP95Ms: null,
  strongestFeatures: [{ feature: 'distance', strength: 0.6 }],
  ...some,
});

/** The evidence of a candidate, with what a test says otherwise. */
export const evidence = (
  ofRows: Partial<Evaluation> = {},
  asked: Partial<Policy> = {},
  known: Partial<Circumstances> = {},
): Evidence => ({ evaluation: evaluation(ofRows), policy: policy(asked), circumstances: circumstances(known) });

/** The outcome and the codes of its reasons, in their order. */
export const codes = ({ outcome, reasons }: ReturnType<typeof decide>): string[] => [
  outcome,
  ...reasons.map(({ code }: Reason) => code),
];
